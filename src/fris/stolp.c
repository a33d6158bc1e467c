/* FRiS-Stolp: prototypes that protect their own and do not disturb others (Zagoruiko et al. 2008; doc/fris.md).
 *
 * For a candidate x of a class, u of the same class, v of the others:
 *     q(u)    = distance to the nearest rival of u: a foreign object (round 1), a foreign stolp (later), at most r*
 *     keep(v) = distance from v to the nearest of its own: another object (round 1), a stolp (later)
 *     D(x) = sum over u left of S(d(u,x), q(u)) where that is >= F*, / how many are left      defence
 *     T(x) = mean over v of S(keep(v), d(v,x))                                                tolerance
 * The x with the largest lambda D + (1 - lambda) T becomes a stolp, what it covers (S >= F*) leaves, and so on.
 *
 * All pairs are visited once a round for D and T; when objects leave, their terms are subtracted from D, exactly. */
#include "fris/stolp.h"
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------- rivals of objects */

static void found(void *user, const fv_fris_search *s, size_t query, const void *near)
{
    fv_fris_round *r = user;
    const uint32_t i = s->queries[query], own = r->classes->of[i];

    r->own[i] = fv_fris_least(fv_fris_class_near(s, near, own));
    r->rival[i] = INFINITY;
    for (size_t c = 0; c < s->classes; c++)
        if (c != own)
            r->rival[i] = fmin(r->rival[i], fv_fris_least(fv_fris_class_near(s, near, c)));
    r->rival[i] = fmin(r->rival[i], fv_fris_limit(r->options->r_star));
}

static fv_status find_rivals(fv_fris_round *r, fv_error *err)
{
    const fv_fris_classes *c = r->classes;
    uint32_t *refs = NULL;
    fv_fris_search search = {.from = r->set,
                             .to = r->set,
                             .queries = c->order,
                             .n_queries = c->objects,
                             .refs = c->order,
                             .first = c->first,
                             .classes = c->count,
                             .keep = 1,
                             .leave_out = !r->chosen,
                             .found = found,
                             .user = r};
    fv_status status;

    if (r->chosen) {
        if (!(refs = fv_alloc(&r->set->host, c->objects, sizeof *refs)))
            return fv_fail_memory(err, c->objects * sizeof *refs, "stolps");
        fv_fris_list_sorted(r->chosen, c, refs);
        search.refs = refs;
        search.first = r->chosen->first;
    }
    status = fv_fris_search_run(&search, err);
    fv_release(&r->set->host, refs);
    return status;
}

/* ------------------------------------------------------------------------------------- defence and tolerance */

typedef struct sums {
    int64_t defence, tolerance;
} sums;

typedef struct pass {
    fv_fris_round *round;
    const uint32_t *queries, *refs;
} pass;

/* What x does for u: S against u's rival where that covers u. */
static double served(const fv_fris_round *r, uint32_t u, double distance)
{
    const double s = fv_fris_s(distance, r->rival[u]);

    return s >= r->options->f_star - r->set->tie ? s : 0;
}

static void begin(void *user, void *state, size_t query)
{
    (void)user;
    (void)query;
    *(sums *)state = (sums){0};
}

static void row(void *user, void *state, size_t query, const double *key, size_t first, size_t n, double slack)
{
    const pass *p = user;
    fv_fris_round *r = p->round;
    const uint32_t own = r->classes->of[p->queries[query]];
    sums *sum = state;

    (void)slack;
    for (size_t j = 0; j < n; j++) {
        const uint32_t u = p->refs[first + j];
        const double d = fv_fris_of_key(r->set->metric, key[j]);

        if (r->classes->of[u] == own)
            sum->defence += fv_fris_whole(served(r, u, d), r->unit);
        else
            sum->tolerance += fv_fris_whole(fv_fris_s(r->own[u], d), r->unit);
    }
}

static void add(void *user, void *state, size_t query)
{
    const pass *p = user;
    const uint32_t x = p->queries[query];
    const sums *sum = state;

    p->round->defence[x] = sum->defence;
    p->round->tolerance[x] = sum->tolerance;
}

static void renew(void *user, void *state, size_t query)
{
    const pass *p = user;
    const sums *sum = state;

    p->round->defence[p->queries[query]] = sum->defence;
}

static void subtract(void *user, void *state, size_t query)
{
    const pass *p = user;
    const sums *sum = state;

    p->round->defence[p->queries[query]] -= sum->defence;
}

static fv_status run_pass(fv_fris_round *r, const uint32_t *queries, size_t n_queries, const uint32_t *refs,
                          size_t n_refs, void (*end)(void *user, void *state, size_t query), fv_error *err)
{
    pass p = {r, queries, refs};
    const fv_fris_scan scan = {.from = r->set,
                               .to = r->set,
                               .queries = queries,
                               .refs = refs,
                               .n_queries = n_queries,
                               .n_refs = n_refs,
                               .state_bytes = sizeof(sums),
                               .sharp = true,
                               .begin = begin,
                               .row = row,
                               .end = end,
                               .user = &p};

    return fv_fris_scan_run(&scan, err);
}

/* ---------------------------------------------------------------------------------------------------- one class */

/* Objects of the class under way. */
typedef struct remaining {
    uint32_t *left, *leaving; /* numbers rising */
    size_t n, n_leaving, foreign;
    size_t fresh; /* objects that were left when defences were summed */
} remaining;

/* Of all candidates within a hair of the best, the first. */
static uint32_t best(const fv_fris_round *r, const remaining *rest, double *efficiency)
{
    const double lambda = r->options->lambda;
    uint32_t at = 0;

    *efficiency = -INFINITY;
    for (int again = 0; again < 2; again++) /* the maximum first, then who is near it */
        for (size_t i = 0; i < rest->n; i++) {
            const uint32_t x = rest->left[i];
            const double d = (double)r->defence[x] / r->unit / (double)rest->n;
            const double t = rest->foreign ? (double)r->tolerance[x] / r->unit / (double)rest->foreign : 0;
            const double e = lambda * d + (1 - lambda) * t;

            if (!again) {
                *efficiency = fmax(*efficiency, e);
            } else if (e >= *efficiency - r->set->tie) {
                *efficiency = e;
                at = x;
                break;
            }
        }
    return at;
}

/* Distances of what is left from one object, into r->distance. */
static void one_row(void *user, void *state, size_t query, const double *key, size_t first, size_t n, double slack)
{
    const pass *p = user;

    (void)state;
    (void)first;
    (void)n;
    (void)slack;
    p->round->distance[p->queries[query]] = fv_fris_of_key(p->round->set->metric, key[0]);
}

/* Objects that x covers leave; a stolp always covers itself, or this would not end. */
static fv_status cover(fv_fris_round *r, remaining *rest, uint32_t x, fv_error *err)
{
    pass p = {r, rest->left, &x};
    const fv_fris_scan scan = {.from = r->set,
                               .to = r->set,
                               .queries = rest->left,
                               .refs = &x,
                               .n_queries = rest->n,
                               .n_refs = 1,
                               .row = one_row,
                               .user = &p};
    const fv_status status = fv_fris_scan_run(&scan, err);
    size_t stay = 0;

    rest->n_leaving = 0;
    for (size_t i = 0; !status && i < rest->n; i++) {
        const uint32_t u = rest->left[i];

        if (u == x || fv_fris_s(r->distance[u], r->rival[u]) >= r->options->f_star - r->set->tie)
            rest->leaving[rest->n_leaving++] = u;
        else
            rest->left[stay++] = u;
    }
    rest->n = stay;
    return status;
}

/* Take what x and the others that leave were to those that stay from their defence. The distances of x are known; most
 * stolps of a noisy set cover nothing else. Where products and differences give one pair two roundings, sums are made
 * anew each time half of them is left: what is wrong in them stays below a term's own error. */
static fv_status leave(fv_fris_round *r, remaining *rest, uint32_t x, fv_error *err)
{
    if (!r->set->wide && rest->n < rest->fresh / 2) {
        rest->fresh = rest->n;
        return run_pass(r, rest->left, rest->n, rest->left, rest->n, renew, err);
    }
    for (size_t i = 0; i < rest->n; i++)
        r->defence[rest->left[i]] -= fv_fris_whole(served(r, x, r->distance[rest->left[i]]), r->unit);
    for (size_t i = 0, n = 0; i < rest->n_leaving; i++)
        if (rest->leaving[i] != x)
            rest->leaving[n++] = rest->leaving[i];
    return rest->n_leaving == 1 ? FV_OK
                                : run_pass(r, rest->left, rest->n, rest->leaving, rest->n_leaving - 1, subtract, err);
}

static void uncover(fv_fris_list *list, const uint32_t *objects, size_t n)
{
    for (size_t i = 0; i < n; i++)
        list->uncovered[list->n_uncovered++] = objects[i];
}

/* Stolps of class c that cover too few are dropped, but never the largest. `by` holds for each object of the class which
 * of its stolps covers it. */
static void prune(const fv_fris_round *r, fv_fris_list *list, size_t c, const uint32_t *by)
{
    const fv_fris_classes *classes = r->classes;
    const size_t begin = list->first[c];
    size_t largest = begin, kept = begin;

    for (size_t s = begin; s < list->count; s++)
        if (list->covers[s] > list->covers[largest])
            largest = s;
    for (size_t s = begin; s < list->count; s++) {
        if (list->covers[s] >= r->options->min_cluster || s == largest) {
            list->stolp[kept] = list->stolp[s];
            list->covers[kept] = list->covers[s];
            list->efficiency[kept++] = list->efficiency[s];
            continue;
        }
        for (size_t i = classes->first[c]; i < classes->first[c + 1]; i++)
            if (by[classes->order[i]] == s)
                uncover(list, &classes->order[i], 1);
    }
    list->count = kept;
}

static fv_status run_class(fv_fris_round *r, fv_fris_list *list, size_t c, remaining *rest, uint32_t *by, fv_error *err)
{
    const fv_fris_classes *classes = r->classes;
    const size_t begin = list->count;
    fv_status status = FV_OK;

    rest->n = rest->fresh = fv_fris_size(classes, c);
    rest->foreign = classes->objects - rest->n;
    memcpy(rest->left, classes->order + classes->first[c], rest->n * sizeof *rest->left);
    while (!status && rest->n && !(r->options->max_stolps && list->count - begin == r->options->max_stolps)) {
        const uint32_t x = best(r, rest, &list->efficiency[list->count]);

        if ((status = cover(r, rest, x, err)))
            break;
        for (size_t i = 0; i < rest->n_leaving; i++)
            by[rest->leaving[i]] = (uint32_t)list->count;
        list->stolp[list->count] = x;
        list->covers[list->count++] = (uint32_t)rest->n_leaving;
        if (rest->n)
            status = leave(r, rest, x, err);
    }
    uncover(list, rest->left, rest->n);
    prune(r, list, c, by);
    return status;
}

/* ---------------------------------------------------------------------------------------------------- a round */

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

fv_status fv_fris_round_run(fv_fris_round *r, fv_fris_list *list, fv_error *err)
{
    const fv_fris_classes *c = r->classes;
    const size_t from = r->only == FV_FRIS_NONE ? 0 : r->only, to = r->only == FV_FRIS_NONE ? c->count : from + 1;
    remaining rest = {.left = fv_alloc(&r->set->host, c->objects, sizeof *rest.left),
                      .leaving = fv_alloc(&r->set->host, c->objects, sizeof *rest.leaving)};
    uint32_t *by = fv_alloc(&r->set->host, c->all, sizeof *by);
    const bool enough = rest.left && rest.leaving && by;
    fv_status status = enough ? FV_OK : fv_fail_memory(err, c->objects * sizeof *by, "choosing stolps");

    list->count = list->n_uncovered = 0;
    memset(list->first, 0, (c->count + 1) * sizeof *list->first);
    if (enough && !(status = find_rivals(r, err)))
        status = run_pass(r, c->order + c->first[from], c->first[to] - c->first[from], c->order, c->objects, add, err);
    for (size_t k = from; enough && !status && k < to; k++) {
        list->first[k] = (uint32_t)list->count;
        status = run_class(r, list, k, &rest, by, err);
        for (size_t later = k; later < c->count; later++)
            list->first[later + 1] = (uint32_t)list->count;
    }
    qsort(list->uncovered, list->n_uncovered, sizeof *list->uncovered, by_number);
    fv_release(&r->set->host, rest.left);
    fv_release(&r->set->host, rest.leaving);
    fv_release(&r->set->host, by);
    return status;
}

fv_status fv_fris_round_prepare(fv_fris_round *r, fv_arena *arena, fv_error *err)
{
    const size_t n = r->set->count;
    fv_status status;

    r->unit = fv_fris_unit(n);
    (void)((status = FV_FRIS_ALLOC(arena, r->own, n, "stolps", err)) ||
           (status = FV_FRIS_ALLOC(arena, r->rival, n, "stolps", err)) ||
           (status = FV_FRIS_ALLOC(arena, r->distance, n, "stolps", err)) ||
           (status = FV_FRIS_ALLOC(arena, r->defence, n, "stolps", err)) ||
           (status = FV_FRIS_ALLOC(arena, r->tolerance, n, "stolps", err)));
    return status;
}

fv_status fv_fris_list_prepare(fv_fris_list *list, const fv_fris_classes *c, fv_arena *arena, fv_error *err)
{
    fv_status status;

    *list = (fv_fris_list){0};
    (void)((status = FV_FRIS_ALLOC(arena, list->stolp, c->objects, "stolps", err)) ||
           (status = FV_FRIS_ALLOC(arena, list->covers, c->objects, "stolps", err)) ||
           (status = FV_FRIS_ALLOC(arena, list->efficiency, c->objects, "stolps", err)) ||
           (status = FV_FRIS_ALLOC(arena, list->first, c->count + 1, "stolps", err)) ||
           (status = FV_FRIS_ALLOC(arena, list->uncovered, c->objects, "stolps", err)));
    return status;
}

void fv_fris_list_sorted(const fv_fris_list *list, const fv_fris_classes *c, uint32_t *refs)
{
    memcpy(refs, list->stolp, list->count * sizeof *refs);
    for (size_t k = 0; k < c->count; k++)
        qsort(refs + list->first[k], list->first[k + 1] - list->first[k], sizeof *refs, by_number);
}
