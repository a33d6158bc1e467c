/* The chain of FRiS-Cluster (Borisova 2007): each next stolp is the one that, with those before it, stands best against a
 * virtual rival at distance r*.
 *
 *     x* = argmax of mean over u of S(min(near(u), d(u,x)), r*)
 *
 * The score is submodular: what a candidate adds never grows. So most candidates need no evaluation. */
#include "fris/chain.h"
#include "fris/spread.h"
#include <string.h>

enum { FIRST_BATCH = 64 };

/* Sum over u of one of two functions of d(u, x). */
typedef struct scoring {
    const fv_fris_chain *c;
    double (*term)(const fv_fris_chain *c, size_t u, double distance);
} scoring;

static double chain_term(const fv_fris_chain *c, size_t u, double distance)
{
    return fv_fris_s(fmin(c->near[u], distance), c->r_star);
}

static void begin(void *user, void *state, size_t query)
{
    (void)user;
    (void)query;
    *(int64_t *)state = 0;
}

static void row(void *user, void *state, size_t query, const double *key, size_t first, size_t n, double slack)
{
    const scoring *s = user;

    (void)query;
    (void)slack;
    for (size_t j = 0; j < n; j++)
        *(int64_t *)state +=
            fv_fris_whole(s->term(s->c, first + j, fv_fris_of_key(s->c->set->metric, key[j])), s->c->unit);
}

static void end(void *user, void *state, size_t query)
{
    const scoring *s = user;

    s->c->score[query] = *(int64_t *)state;
}

fv_status fv_fris_chain_score(fv_fris_chain *c, double (*term)(const fv_fris_chain *c, size_t u, double distance),
                              fv_error *err)
{
    scoring s = {c, term};
    const fv_fris_scan scan = {.from = c->set,
                               .to = c->set,
                               .queries = c->batch_row,
                               .refs = c->rows,
                               .n_queries = c->n_batch,
                               .n_refs = c->n,
                               .state_bytes = sizeof(int64_t),
                               .sharp = true,
                               .begin = begin,
                               .row = row,
                               .end = end,
                               .user = &s};

    for (size_t i = 0; i < c->n_batch; i++)
        c->batch_row[i] = c->rows[c->batch[i]];
    return fv_fris_scan_run(&scan, err);
}

static double hair(const fv_fris_chain *c)
{
    return c->set->tie * c->unit * (double)c->n;
}

uint32_t fv_fris_chain_best(const fv_fris_chain *c)
{
    int64_t best = INT64_MIN;

    for (size_t i = 0; i < c->n_batch; i++)
        best = c->score[i] > best ? c->score[i] : best;
    for (size_t i = 0; i < c->n_batch; i++)
        if ((double)c->score[i] >= (double)best - hair(c))
            return c->batch[i];
    return c->batch[0];
}

/* Candidates that may add at least `least`; at most `most`, those with the largest bounds. */
static void choose_batch(fv_fris_chain *c, double least, size_t most)
{
    c->n_batch = 0;
    for (uint32_t x = 0; x < c->n; x++) {
        size_t at = c->n_batch;

        if (c->fresh[x] || (double)c->gain[x] < least || (at == most && c->gain[c->batch[at - 1]] >= c->gain[x]))
            continue;
        if (c->n_batch < most)
            c->n_batch++;
        else
            at--;
        for (; most < c->n && at && c->gain[c->batch[at - 1]] < c->gain[x]; at--)
            c->batch[at] = c->batch[at - 1];
        c->batch[at] = x;
    }
}

/* The next of the chain: the bounds that look best first, then all that could still be better. */
static fv_status next(fv_fris_chain *c, uint32_t *out, fv_error *err)
{
    int64_t base = 0, best = INT64_MIN;
    fv_status status;

    memset(c->fresh, 0, c->n);
    for (size_t u = 0; u < c->n; u++)
        base += fv_fris_whole(fv_fris_s(c->near[u], c->r_star), c->unit);
    for (size_t i = 0; i < c->n_chain; i++)
        c->fresh[c->chain[i]] = 2; /* not to be chosen again */
    for (choose_batch(c, -INFINITY, c->n_chain ? FIRST_BATCH : c->n); c->n_batch;
         choose_batch(c, (double)best - hair(c), c->n)) {
        if ((status = fv_fris_chain_score(c, chain_term, err)))
            return status;
        for (size_t i = 0; i < c->n_batch; i++) {
            const uint32_t x = c->batch[i];

            c->gain[x] = c->score[i] - base;
            c->fresh[x] = 1;
            best = c->gain[x] > best ? c->gain[x] : best;
        }
    }
    for (uint32_t x = 0; x < c->n; x++)
        if (c->fresh[x] == 1 && (double)c->gain[x] >= (double)best - hair(c)) {
            *out = x;
            break;
        }
    return FV_OK;
}

fv_status fv_fris_chain_extend(fv_fris_chain *c, fv_error *err)
{
    double *column = c->column + c->n_chain * c->n;
    uint32_t x = 0;
    fv_status status;

    if ((status = next(c, &x, err)) || (status = fv_fris_column(c->set, c->rows, c->n, c->rows[x], column, err)))
        return status;
    c->chain[c->n_chain++] = x;
    for (size_t u = 0; u < c->n; u++)
        c->near[u] = fmin(c->near[u], column[u]);
    return FV_OK;
}
