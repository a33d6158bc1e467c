/* Groups of columns by macro compactness: add a few of the best, drop the worst, and so on (AdDel, as in FRiS-GRAD).
 * Squared distances add over groups, so a set of groups is judged by the vectors of its columns. */
#include "fris/set.h"
#include <string.h>

typedef struct groups {
    const fv_fris *set;
    const uint32_t *labels, *group_of;
    size_t n_labels, count;
    uint8_t *in;     /* [count] */
    double *columns; /* [objects, dims] of the groups that are in */
    double best;
    uint32_t *best_group, *path;
    size_t n_best, *path_end;
    double *path_macro;
    size_t n_path;
} groups;

static fv_status score(groups *g, double *macro, fv_error *err)
{
    fv_fris_options options = FV_FRIS_OPTIONS;
    fv_fris_vectors v = {.doubles = g->columns, .count = g->set->count};
    fv_fris *part;
    fv_fris_objects *o;
    size_t at = 0;
    fv_status status;

    for (size_t i = 0; i < g->set->count; i++)
        for (size_t k = 0; k < g->set->dims; k++)
            if (g->in[g->group_of[k]])
                g->columns[at++] = fv_fris_value(g->set, i, k);
    v.dims = v.count ? at / v.count : 0;
    options.norm = FV_FRIS_AS_IS;
    options.precision = g->set->wide ? FV_FRIS_DOUBLE : FV_FRIS_FLOAT;
    options.threads = fv_pool_threads(g->set->pool);
    options.isa = g->set->kernels->isa;
    if ((status = fv_fris_create(&g->set->host, &v, &options, &part, err)))
        return status;
    part->product_dims = g->set->product_dims;
    if (!(status = fv_fris_measure(part, g->labels, g->n_labels, 1, 0, &o, err))) {
        *macro = o->compactness.macro;
        fv_fris_release(o);
    }
    fv_fris_free(part);
    return status;
}

static size_t size_of(const groups *g)
{
    size_t n = 0;

    for (size_t i = 0; i < g->count; i++)
        n += g->in[i];
    return n;
}

/* The set as it is now joins the path. */
static fv_status note(groups *g, fv_error *err)
{
    const size_t from = g->n_path ? g->path_end[g->n_path - 1] : 0;
    size_t at = from;
    double macro;
    const fv_status status = score(g, &macro, err);

    if (status)
        return status;
    for (uint32_t i = 0; i < g->count; i++)
        if (g->in[i])
            g->path[at++] = i;
    g->path_end[g->n_path] = at;
    g->path_macro[g->n_path++] = macro;
    if (macro > g->best + g->set->tie) {
        g->best = macro;
        g->n_best = at - from;
        memcpy(g->best_group, g->path + from, g->n_best * sizeof *g->best_group);
    }
    return FV_OK;
}

/* Turn over the group whose turning leaves the best set, the lowest of equals. */
static fv_status turn(groups *g, bool in, double *macro, fv_error *err)
{
    double most = -INFINITY;
    size_t best = 0;

    for (size_t i = 0; i < g->count; i++) {
        macro[i] = -INFINITY;
        if (g->in[i] == in)
            continue;
        g->in[i] = in;
        const fv_status status = score(g, &macro[i], err);
        g->in[i] = !in;
        if (status)
            return status;
        most = fmax(most, macro[i]);
    }
    while (macro[best] < most - g->set->tie)
        best++;
    g->in[best] = in;
    return note(g, err);
}

/* A round leaves add - drop more groups than it found. */
static fv_status run(groups *g, size_t most, size_t add, size_t drop, double *macro, fv_error *err)
{
    fv_status status = FV_OK;

    while (!status && size_of(g) < most) {
        for (size_t i = 0; !status && i < add && size_of(g) < most; i++)
            status = turn(g, true, macro, err);
        if (size_of(g) >= most)
            break;
        for (size_t i = 0; !status && i < drop && size_of(g) > 1; i++)
            status = turn(g, false, macro, err);
    }
    return status;
}

static fv_status check(const fv_fris *set, const uint32_t *group_of, size_t count, size_t most, size_t add, size_t drop,
                       fv_error *err)
{
    fv_arena arena;
    uint8_t *used;
    size_t n = 0;

    if (!count || most > count || add <= drop)
        return fv_fail(err, FV_E_RANGE, "groups: %zu, at most %zu of them, add %zu, drop %zu: add more than is dropped",
                       count, most, add, drop);
    for (size_t k = 0; k < set->dims; k++)
        if (group_of[k] >= count)
            return fv_fail(err, FV_E_RANGE, "column %zu: group %u of %zu", k, group_of[k], count);
    fv_arena_init(&arena, &set->host);
    if (!(used = fv_arena_alloc(&arena, count, 1)))
        return fv_fail_memory(err, count, "groups");
    for (size_t k = 0; k < set->dims; k++)
        if (!used[group_of[k]]) {
            used[group_of[k]] = 1;
            n++;
        }
    fv_arena_free(&arena);
    return n == count ? FV_OK : fv_fail(err, FV_E_RANGE, "groups: %zu of %zu have no column", count - n, count);
}

fv_status fv_fris_select(const fv_fris *set, const uint32_t *labels, size_t n_labels, const uint32_t *group_of,
                         size_t count, size_t most, size_t add, size_t drop, fv_fris_groups **out, fv_error *err)
{
    groups g = {
        .set = set, .labels = labels, .n_labels = n_labels, .group_of = group_of, .count = count, .best = -INFINITY};
    const size_t steps = (most ? most : count) * (add + drop) + add; /* a round gains at least one group */
    fv_arena *arena;
    fv_fris_groups *result;
    double *macro = NULL;
    fv_status status = check(set, group_of, count, most, add, drop, err);

    *out = NULL;
    if (status)
        return status;
    if (!(result = fv_fris_result(&set->host, sizeof *result, &arena)))
        return fv_fail_memory(err, sizeof *result, "groups");
    (void)((status = FV_FRIS_ALLOC(arena, g.in, count, "groups", err)) ||
           (status = FV_FRIS_ALLOC(arena, g.best_group, count, "groups", err)) ||
           (status = FV_FRIS_ALLOC(arena, macro, count, "groups", err)) ||
           (status = FV_FRIS_ALLOC(arena, g.path, steps * count, "groups", err)) ||
           (status = FV_FRIS_ALLOC(arena, g.path_end, steps, "groups", err)) ||
           (status = FV_FRIS_ALLOC(arena, g.path_macro, steps, "groups", err)));
    if (!status && !(g.columns = fv_alloc(&set->host, set->count * set->dims, sizeof *g.columns)))
        status = fv_fail_memory(err, set->count * set->dims * sizeof *g.columns, "groups");
    if (!status)
        status = run(&g, most ? most : count, add, drop, macro, err);
    fv_release(&set->host, g.columns);
    if (status) {
        fv_fris_release(result);
        return status;
    }
    *result = (fv_fris_groups){g.n_best, g.best_group, g.best, g.n_path, g.path, g.path_end, g.path_macro};
    *out = result;
    return FV_OK;
}
