/* What the room shares: a set of prepared vectors, S, sums of S, classes, results.
 *
 * A *key* orders distances and is cheaper than they are: the squared distance (Euclidean, squared, cosine) or the sum of
 * absolute differences (Manhattan). Keys in double from differences are exact in the sense that equal vectors are at 0. */
#ifndef FV_FRIS_SET_H
#define FV_FRIS_SET_H
#include "base/error.h"
#include "base/memory.h"
#include "fovea/fris.h"
#include "kernels/kernels.h"
#include "run/pool.h"
#include <math.h>

struct fv_fris {
    fv_host host;
    const fv_kernels *kernels;
    fv_pool *pool;
    fv_fris_metric metric;
    fv_fris_norm norm;
    bool wide; /* rows are doubles */
    size_t count, dims, zeros;
    size_t product_dims; /* from so many dimensions on, distances of floats come from a matrix product */
    double tie;          /* relative for distances, absolute for values of S */
    void *rows;          /* [count, dims] */
    double *squares;     /* [count] squared lengths of the rows */
    double largest;      /* of squares */
    double *centre;      /* [dims] or NULL */
};

static inline const float *fv_fris_floats(const fv_fris *set, size_t i)
{
    return (const float *)set->rows + i * set->dims;
}
static inline const double *fv_fris_doubles(const fv_fris *set, size_t i)
{
    return (const double *)set->rows + i * set->dims;
}

double fv_fris_key(const fv_fris *a, size_t i, const fv_fris *b, size_t j);

static inline double fv_fris_of_key(fv_fris_metric metric, double key)
{
    return metric == FV_FRIS_EUCLIDEAN ? sqrt(key) : metric == FV_FRIS_COSINE ? key / 2 : key;
}

/* The largest key whose distance is at most d, give or take rounding. */
static inline double fv_fris_to_key(fv_fris_metric metric, double d)
{
    return metric == FV_FRIS_EUCLIDEAN ? d * d : metric == FV_FRIS_COSINE ? 2 * d : d;
}

/* S of distances that are numbers >= 0. */
static inline double fv_fris_s(double own, double rival)
{
    if (own == rival)
        return 0;
    if (isinf(rival))
        return 1;
    if (isinf(own))
        return -1;
    if (isinf(own + rival)) { /* the sum overflows; halving is exact */
        own /= 2;
        rival /= 2;
    }
    return (rival - own) / (rival + own);
}

/* The distance of a virtual rival; 0 stands for none. */
static inline double fv_fris_limit(double r_star)
{
    return r_star > 0 ? r_star : (double)INFINITY;
}

/* Sums of S are of whole numbers: exact, so they do not depend on the order of their terms, and a term can be taken away
 * again. 2^44 for one, as long as 62 bits hold `terms` of them. */
static inline double fv_fris_unit(size_t terms)
{
    int bits = 44;

    for (size_t room = (size_t)1 << 18; room < terms; room *= 2)
        bits--;
    return ldexp(1, bits);
}
static inline int64_t fv_fris_whole(double s, double unit)
{
    const double x = s * unit;

    return (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
}

/* ---- classes */

/* Objects that have a label, by class (labels ascending) and then by number. */
typedef struct fv_fris_classes {
    size_t count, objects, all; /* classes, objects with a label, all objects */
    uint32_t *label;            /* [count] */
    uint32_t *first;            /* [count + 1] where a class begins in order */
    uint32_t *order;            /* [objects] */
    uint32_t *of;               /* [all] class of an object, or FV_FRIS_NONE */
} fv_fris_classes;

static inline uint32_t fv_fris_size(const fv_fris_classes *c, size_t k)
{
    return c->first[k + 1] - c->first[k];
}

/* In memory of the arena. Errors as fv_fris_measure. */
fv_status fv_fris_classify_labels(const fv_fris *set, const uint32_t *labels, size_t n_labels, fv_arena *arena,
                                  fv_fris_classes *out, fv_error *err);

/* Means of whole sums a class. */
fv_status fv_fris_compact(const fv_fris_classes *classes, const int64_t *sums, double unit, fv_arena *arena,
                          fv_fris_compactness *out, fv_error *err);

/* ---- results: a struct that owns an arena */

/* `size` zeroed bytes for the caller's struct; *arena is where its arrays go. fv_fris_release frees both. */
void *fv_fris_result(const fv_host *host, size_t size, fv_arena **arena);

/* The host's block for n elements of an array, or a failure that says what for. */
#define FV_FRIS_ALLOC(arena, pointer, n, what, err)                                                                    \
    (((pointer) = fv_arena_alloc((arena), (n), sizeof *(pointer)))                                                     \
         ? FV_OK                                                                                                       \
         : fv_fail_memory((err), (n) * sizeof *(pointer), (what)))

#endif
