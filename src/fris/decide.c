/* Decisions by prototypes, with a second class and a distance r* to compare with, and where to draw the line.
 *
 *     d1 to the nearest prototype, d2 to the nearest of another class:    s = S(d1, d2)    s* = S(d1, min(d2, r*)) */
#include "fris/nearest.h"
#include <stdlib.h>

typedef struct decide {
    const fv_fris_classes *classes;
    double r_star, theta, *own, *other, *s, *s_star;
    uint32_t *label, *rival, *own_stolp, *rival_stolp;
    uint8_t *verdict;
} decide;

/* The nearest class but `but`, the lowest within a hair; FV_FRIS_NONE if there is none. */
static size_t nearest_class(const fv_fris_search *s, const void *near, size_t but, double *distance)
{
    size_t best = FV_FRIS_NONE;

    *distance = INFINITY;
    for (size_t c = 0; c < s->classes; c++)
        if (c != but)
            *distance = fmin(*distance, fv_fris_least(fv_fris_class_near(s, near, c)));
    for (size_t c = s->classes; c-- > 0;)
        if (c != but && fv_fris_least(fv_fris_class_near(s, near, c)) <= *distance * (1 + s->to->tie))
            best = c;
    return best;
}

static uint32_t lowest(const fv_fris_search *s, const void *near, size_t c)
{
    const fv_fris_near *n = fv_fris_class_near(s, near, c);

    return fv_fris_lowest(n, fv_fris_least(n) * (1 + s->to->tie));
}

static void found(void *user, const fv_fris_search *s, size_t query, const void *near)
{
    decide *d = user;
    double unused;
    const size_t a = nearest_class(s, near, FV_FRIS_NONE, &unused), b = nearest_class(s, near, a, &d->other[query]);

    d->own[query] = fv_fris_least(fv_fris_class_near(s, near, a));
    d->label[query] = d->classes->label[a];
    d->own_stolp[query] = lowest(s, near, a);
    d->rival[query] = b == FV_FRIS_NONE ? FV_FRIS_NONE : d->classes->label[b];
    d->rival_stolp[query] = b == FV_FRIS_NONE ? FV_FRIS_NONE : lowest(s, near, b);
    d->s[query] = fv_fris_s(d->own[query], d->other[query]);
    d->s_star[query] = fv_fris_s(d->own[query], fmin(d->other[query], d->r_star));

    const double line = d->theta - s->to->tie;

    d->verdict[query] = d->s_star[query] >= line ? FV_FRIS_ACCEPTED
                        : d->s[query] >= line    ? FV_FRIS_FAR
                                                 : FV_FRIS_BETWEEN;
}

static fv_status arrays(decide *d, size_t n, fv_arena *arena, fv_error *err)
{
    fv_status status;

    (void)((status = FV_FRIS_ALLOC(arena, d->own, n, "decisions", err)) ||
           (status = FV_FRIS_ALLOC(arena, d->other, n, "decisions", err)) ||
           (status = FV_FRIS_ALLOC(arena, d->s, n, "decisions", err)) ||
           (status = FV_FRIS_ALLOC(arena, d->s_star, n, "decisions", err)) ||
           (status = FV_FRIS_ALLOC(arena, d->label, n, "decisions", err)) ||
           (status = FV_FRIS_ALLOC(arena, d->rival, n, "decisions", err)) ||
           (status = FV_FRIS_ALLOC(arena, d->own_stolp, n, "decisions", err)) ||
           (status = FV_FRIS_ALLOC(arena, d->rival_stolp, n, "decisions", err)) ||
           (status = FV_FRIS_ALLOC(arena, d->verdict, n, "decisions", err)));
    return status;
}

static fv_status run(decide *d, const fv_fris *prototypes, const fv_fris *vectors, fv_arena *arena,
                     fv_fris_decisions *out, fv_error *err)
{
    uint32_t *all;
    fv_status status;

    if ((status = FV_FRIS_ALLOC(arena, all, vectors->count, "decisions", err)) ||
        (status = arrays(d, vectors->count, arena, err)))
        return status;
    for (uint32_t i = 0; i < vectors->count; i++)
        all[i] = i;

    fv_fris_search search = {.from = vectors,
                             .to = prototypes,
                             .queries = all,
                             .n_queries = vectors->count,
                             .refs = d->classes->order,
                             .first = d->classes->first,
                             .classes = d->classes->count,
                             .keep = 1,
                             .found = found,
                             .user = d};

    *out = (fv_fris_decisions){vectors->count, d->label, d->rival, d->own_stolp, d->rival_stolp,
                               d->own,         d->other, d->s,     d->s_star,    d->verdict};
    return fv_fris_search_run(&search, err);
}

fv_status fv_fris_decide(const fv_fris *prototypes, const uint32_t *labels, size_t n_labels, const fv_fris *vectors,
                         double r_star, double theta, fv_fris_decisions **out, fv_error *err)
{
    fv_fris_classes classes;
    decide d = {.classes = &classes, .r_star = fv_fris_limit(r_star), .theta = theta};
    fv_arena *arena;
    fv_fris_decisions *result;
    fv_status status;

    *out = NULL;
    if (!(r_star >= 0) || isnan(theta))
        return fv_fail(err, FV_E_RANGE, "r* %g is a distance, theta %g a number", r_star, theta);
    if (vectors->dims != prototypes->dims)
        return fv_fail(err, FV_E_SHAPE, "vectors have %zu columns, prototypes %zu", vectors->dims, prototypes->dims);
    if (vectors->wide != prototypes->wide || vectors->metric != prototypes->metric)
        return fv_fail(err, FV_E_ARGUMENT, "vectors are not prepared as the prototypes are: use fv_fris_create_like");
    if (!(result = fv_fris_result(&prototypes->host, sizeof *result, &arena)))
        return fv_fail_memory(err, sizeof *result, "decisions");
    if ((status = fv_fris_classify_labels(prototypes, labels, n_labels, arena, &classes, err)) ||
        (status = run(&d, prototypes, vectors, arena, result, err))) {
        fv_fris_release(result);
        return status;
    }
    *out = result;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------------- calibration */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* An element of the list: no interpolation. The hair keeps 0.9 of 10 from becoming 8.999. */
static double quantile(double *values, size_t n, double p)
{
    qsort(values, n, sizeof *values, by_value);
    return values[(size_t)floor(p * (double)(n - 1) + 1e-9)];
}

fv_status fv_fris_calibrate(const double *own, const double *other, size_t n, double accept, double r_scale,
                            double *r_star, double *theta, fv_error *err)
{
    const fv_host host = fv_host_or_default(NULL);
    double *values;

    if (!n || !(accept >= 0 && accept <= 1) || !(r_scale > 0))
        return fv_fail(err, FV_E_RANGE, "calibration: %zu vectors, share %g, scale %g", n, accept, r_scale);
    for (size_t i = 0; i < n; i++)
        if (!(own[i] >= 0 && other[i] >= 0) || isinf(other[i]))
            return fv_fail(err, FV_E_RANGE, "calibration, vector %zu: distances %g and %g; is there a second class?", i,
                           own[i], other[i]);
    if (!(values = fv_alloc(&host, n, sizeof *values)))
        return fv_fail_memory(err, n * sizeof *values, "calibration");
    for (size_t i = 0; i < n; i++)
        values[i] = other[i];
    *r_star = r_scale * quantile(values, n, 0.5);
    for (size_t i = 0; i < n; i++)
        values[i] = fv_fris_s(own[i], fmin(other[i], fv_fris_limit(*r_star)));
    *theta = quantile(values, n, 1 - accept);
    fv_release(&host, values);
    return FV_OK;
}
