#include "fris/nearest.h"

enum { MOST_LIMITED = 32 };

static void begin(void *user, void *state, size_t query)
{
    const fv_fris_search *s = user;

    (void)query;
    for (size_t c = 0; c < s->classes; c++) {
        fv_fris_near *near = (fv_fris_near *)(void *)((char *)state + c * s->near_bytes);

        near->cut = INFINITY;
        near->have = near->steps = 0;
    }
}

static void keep(fv_fris_near *near, uint32_t most, fv_fris_hit hit)
{
    uint32_t at = near->have < most ? near->have++ : most - 1;

    for (; at && near->kept[at - 1].distance > hit.distance; at--)
        near->kept[at] = near->kept[at - 1];
    near->kept[at] = hit;
}

/* Numbers come in rising order, so a distance that is not lower than the last step's can not become the answer. */
static void step(fv_fris_near *near, double tie, fv_fris_hit hit)
{
    uint32_t drop = 0;

    while (drop < near->steps && near->step[drop].distance > hit.distance * (1 + tie))
        drop++;
    near->steps -= drop;
    for (uint32_t s = 0; drop && s < near->steps; s++)
        near->step[s] = near->step[s + drop];
    if (near->steps == FV_FRIS_STEPS)
        near->steps--;
    near->step[near->steps++] = hit;
}

static void offer(const fv_fris_search *s, fv_fris_near *near, fv_fris_hit hit)
{
    if (!(hit.distance < fv_fris_least(near)) && near->have == s->keep &&
        !(hit.distance < near->kept[s->keep - 1].distance))
        return;
    if (hit.distance < fv_fris_least(near) || !near->steps)
        step(near, s->to->tie, hit);
    if (near->have < s->keep || hit.distance < near->kept[s->keep - 1].distance)
        keep(near, s->keep, hit);
    /* The least distance is always among the kept, so what is not below the last kept changes nothing. */
    if (near->have == s->keep)
        near->cut = fv_fris_to_key(s->to->metric, near->kept[s->keep - 1].distance) * (1 + 1e-15);
}

/* A key above which none of these n can be among the nearest: where keys are off by up to `slack`, most need not be
 * computed exactly. The (keep + 1)-th least bears the query itself among them. */
static double limit(const fv_fris_search *s, const double *key, size_t n, double slack)
{
    double least[MOST_LIMITED + 1];
    const size_t want = (size_t)s->keep + 1;

    if (want > MOST_LIMITED || n <= want)
        return INFINITY;
    for (size_t i = 0; i < want; i++)
        least[i] = INFINITY;
    for (size_t j = 0; j < n; j++) {
        size_t at = want - 1;

        if (key[j] >= least[at])
            continue;
        for (; at && least[at - 1] > key[j]; at--)
            least[at] = least[at - 1];
        least[at] = key[j];
    }
    return (least[want - 1] + 2 * slack) * (1 + 4 * s->to->tie);
}

static void row(void *user, void *state, size_t query, const double *key, size_t first, size_t n, double slack)
{
    const fv_fris_search *s = user;
    const uint32_t own = s->queries[query];
    const bool same = s->leave_out && s->from == s->to;
    size_t c = 0;

    while (s->first[c + 1] <= first)
        c++;
    for (size_t j = 0; j < n; c++) {
        fv_fris_near *near = (fv_fris_near *)(void *)((char *)state + c * s->near_bytes);
        const size_t end = s->first[c + 1] - first < n ? s->first[c + 1] - first : n;
        const double most = slack > 0 ? limit(s, key + j, end - j, slack) : (double)INFINITY;

        for (; j < end; j++) {
            const uint32_t ref = s->refs[first + j];

            if (key[j] > most || key[j] - slack > near->cut || (same && ref == own))
                continue;
            offer(s, near,
                  (fv_fris_hit){
                      fv_fris_of_key(s->to->metric, slack > 0 ? fv_fris_key(s->from, own, s->to, ref) : key[j]), ref});
        }
    }
}

static void end(void *user, void *state, size_t query)
{
    const fv_fris_search *s = user;

    s->found(s->user, s, query, state);
}

fv_status fv_fris_search_run(fv_fris_search *s, fv_error *err)
{
    const size_t head = sizeof(fv_fris_near);
    size_t bytes;

    if (!fv_mul(s->keep, sizeof(fv_fris_hit), &bytes) || !fv_add(bytes, head, &s->near_bytes) ||
        !fv_mul(s->near_bytes, s->classes, &bytes))
        return fv_fail(err, FV_E_RANGE, "%u nearest of each of %zu classes are too many", s->keep, s->classes);

    const fv_fris_scan scan = {.from = s->from,
                               .to = s->to,
                               .queries = s->queries,
                               .refs = s->refs,
                               .n_queries = s->n_queries,
                               .n_refs = s->first[s->classes],
                               .state_bytes = bytes,
                               .begin = begin,
                               .row = row,
                               .end = end,
                               .user = s};
    return fv_fris_scan_run(&scan, err);
}
