/* Local values: every object against its own class and the nearest other one, itself left out.
 *
 *     own = mean of the k least distances to others of its class     rival = least such mean over the other classes
 *     s = S(own, rival)     compactness of a class = mean s     P[a][b] = mean of S(nearest own, nearest of b) over a */
#include "fris/nearest.h"
#include <stdatomic.h>

typedef struct measure {
    const fv_fris_classes *classes;
    uint32_t k;
    double r_star, unit;
    double *own, *rival, *s;
    uint32_t *own_index, *rival_index, *rival_class;
    _Atomic int64_t *sums, *pairs; /* [classes], [classes, classes] */
    atomic_size_t positive, conflicts;
} measure;

/* The class of the least mean, the lowest within a hair; FV_FRIS_NONE if there is no other class. */
static size_t rival_class(const measure *m, const fv_fris_search *s, const void *near, size_t own, double *rival)
{
    double least = INFINITY;
    size_t best = FV_FRIS_NONE;

    for (size_t c = 0; c < s->classes; c++)
        if (c != own)
            least = fmin(least, fv_fris_mean(fv_fris_class_near(s, near, c), m->k));
    for (size_t c = s->classes; c-- > 0;)
        if (c != own && fv_fris_mean(fv_fris_class_near(s, near, c), m->k) <= least * (1 + s->to->tie))
            best = c;
    *rival = least;
    return best;
}

static uint32_t nearest(const fv_fris_near *near, double tie)
{
    return fv_fris_lowest(near, fv_fris_least(near) * (1 + tie));
}

static void found(void *user, const fv_fris_search *s, size_t query, const void *near)
{
    measure *m = user;
    const uint32_t i = s->queries[query];
    const size_t a = m->classes->of[i], n = m->classes->count;
    const fv_fris_near *mine = fv_fris_class_near(s, near, a);
    const size_t b = rival_class(m, s, near, a, &m->rival[i]);
    bool conflict = false;

    m->own[i] = fv_fris_mean(mine, m->k);
    m->own_index[i] = nearest(mine, s->to->tie);
    if (m->r_star < m->rival[i]) {
        m->rival[i] = m->r_star;
    } else if (b != FV_FRIS_NONE) {
        m->rival_class[i] = m->classes->label[b];
        m->rival_index[i] = nearest(fv_fris_class_near(s, near, b), s->to->tie);
    }
    m->s[i] = fv_fris_s(m->own[i], m->rival[i]);
    atomic_fetch_add(&m->sums[a], fv_fris_whole(m->s[i], m->unit));
    for (size_t c = 0; c < n; c++) {
        const double least = fv_fris_least(fv_fris_class_near(s, near, c));

        if (c == a)
            continue;
        conflict |= least == 0;
        atomic_fetch_add(&m->pairs[a * n + c], fv_fris_whole(fv_fris_s(fv_fris_least(mine), least), m->unit));
    }
    atomic_fetch_add(&m->positive, m->s[i] > 0);
    atomic_fetch_add(&m->conflicts, conflict);
}

static fv_status arrays(measure *m, size_t count, fv_arena *arena, fv_error *err)
{
    const size_t n = m->classes->count;
    fv_status status;

    if ((status = FV_FRIS_ALLOC(arena, m->own, count, "local values", err)) ||
        (status = FV_FRIS_ALLOC(arena, m->rival, count, "local values", err)) ||
        (status = FV_FRIS_ALLOC(arena, m->s, count, "local values", err)) ||
        (status = FV_FRIS_ALLOC(arena, m->own_index, count, "local values", err)) ||
        (status = FV_FRIS_ALLOC(arena, m->rival_index, count, "local values", err)) ||
        (status = FV_FRIS_ALLOC(arena, m->rival_class, count, "local values", err)) ||
        (status = FV_FRIS_ALLOC(arena, m->sums, n, "local values", err)) ||
        (status = FV_FRIS_ALLOC(arena, m->pairs, n * n, "pairs of classes", err)))
        return status;
    for (size_t i = 0; i < count; i++) {
        m->own[i] = m->rival[i] = m->s[i] = NAN;
        m->own_index[i] = m->rival_index[i] = m->rival_class[i] = FV_FRIS_NONE;
    }
    return FV_OK;
}

/* Sums over classes to means. */
static fv_status finish(const measure *m, fv_arena *arena, fv_fris_objects *out, fv_error *err)
{
    const size_t n = m->classes->count;
    double *pairs;
    int64_t *sums;
    fv_status status;

    if ((status = FV_FRIS_ALLOC(arena, pairs, n * n, "pairs of classes", err)) ||
        (status = FV_FRIS_ALLOC(arena, sums, n, "local values", err)))
        return status;
    for (size_t a = 0; a < n; a++) {
        sums[a] = atomic_load(&m->sums[a]);
        out->singletons += fv_fris_size(m->classes, a) == 1;
        for (size_t b = 0; b < n; b++)
            pairs[a * n + b] = (double)atomic_load(&m->pairs[a * n + b]) / m->unit / fv_fris_size(m->classes, a);
    }
    out->own = m->own;
    out->rival = m->rival;
    out->s = m->s;
    out->own_index = m->own_index;
    out->rival_index = m->rival_index;
    out->rival_class = m->rival_class;
    out->pairs = pairs;
    out->positive = atomic_load(&m->positive);
    out->conflicts = atomic_load(&m->conflicts);
    return fv_fris_compact(m->classes, sums, m->unit, arena, &out->compactness, err);
}

fv_status fv_fris_measure(const fv_fris *set, const uint32_t *labels, size_t n_labels, uint32_t k, double r_star,
                          fv_fris_objects **out, fv_error *err)
{
    fv_fris_classes classes;
    fv_arena *arena;
    fv_fris_objects *result;
    measure m = {.classes = &classes, .k = k, .r_star = fv_fris_limit(r_star), .unit = fv_fris_unit(set->count)};
    fv_status status;

    *out = NULL;
    if (!k || isnan(r_star) || r_star < 0)
        return fv_fail(err, FV_E_RANGE, "k %u, r* %g: k is at least 1 and r* a distance", k, r_star);
    if (!(result = fv_fris_result(&set->host, sizeof *result, &arena)))
        return fv_fail_memory(err, sizeof *result, "local values");
    if (!(status = fv_fris_classify_labels(set, labels, n_labels, arena, &classes, err)) &&
        !(status = arrays(&m, set->count, arena, err))) {
        fv_fris_search search = {.from = set,
                                 .to = set,
                                 .queries = classes.order,
                                 .n_queries = classes.objects,
                                 .refs = classes.order,
                                 .first = classes.first,
                                 .classes = classes.count,
                                 .keep = k < classes.objects ? k : (uint32_t)classes.objects,
                                 .leave_out = true,
                                 .found = found,
                                 .user = &m};

        if (!(status = fv_fris_search_run(&search, err)))
            status = finish(&m, arena, result, err);
    }
    if (status) {
        fv_fris_release(result);
        return status;
    }
    result->count = set->count;
    *out = result;
    return FV_OK;
}
