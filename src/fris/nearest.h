/* The nearest references of each query, class by class. Ties by the rule of the whole room: of all distances within a
 * hair of the least, the lowest number. */
#ifndef FV_FRIS_NEAREST_H
#define FV_FRIS_NEAREST_H
#include "fris/scan.h"

typedef struct fv_fris_hit {
    double distance;
    uint32_t index;
} fv_fris_hit;

/* References of one class, as far as they matter. `steps` are those that a later, lower distance may still leave as the
 * lowest number: numbers rise, distances fall, all within a hair of the last. More than a few do not occur, as they
 * differ by rounding alone. */
enum { FV_FRIS_STEPS = 6 };
typedef struct fv_fris_near {
    double cut; /* keys from here on change nothing */
    uint32_t have, steps;
    fv_fris_hit step[FV_FRIS_STEPS];
    fv_fris_hit kept[]; /* the `keep` least, ascending */
} fv_fris_near;

typedef struct fv_fris_search {
    const fv_fris *from, *to;
    const uint32_t *queries; /* rows of from */
    size_t n_queries;
    const uint32_t *refs;  /* rows of to, by class, numbers rising inside each */
    const uint32_t *first; /* [classes + 1] where a class begins in refs */
    size_t classes;
    uint32_t keep;     /* so many nearest of each class */
    bool leave_out;    /* a query is no reference of its own */
    size_t near_bytes; /* of one fv_fris_near: set by fv_fris_search_run */

    /* Called by one thread at a time a query; near holds the classes, fv_fris_class_near finds one. */
    void (*found)(void *user, const struct fv_fris_search *search, size_t query, const void *near);
    void *user;
} fv_fris_search;

fv_status fv_fris_search_run(fv_fris_search *search, fv_error *err);

static inline const fv_fris_near *fv_fris_class_near(const fv_fris_search *search, const void *near, size_t c)
{
    return (const fv_fris_near *)(const void *)((const char *)near + c * search->near_bytes);
}

/* Distance of the nearest, INFINITY if there is none. */
static inline double fv_fris_least(const fv_fris_near *near)
{
    return near->steps ? near->step[near->steps - 1].distance : (double)INFINITY;
}

/* The lowest number at a distance of at most `bound`, which is at least the least distance. */
static inline uint32_t fv_fris_lowest(const fv_fris_near *near, double bound)
{
    for (uint32_t s = 0; s < near->steps; s++)
        if (near->step[s].distance <= bound)
            return near->step[s].index;
    return FV_FRIS_NONE;
}

/* Mean of the k least distances, or of all if there are fewer; INFINITY without any. */
static inline double fv_fris_mean(const fv_fris_near *near, uint32_t k)
{
    const uint32_t n = near->have < k ? near->have : k;
    double sum = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += near->kept[i].distance;
    return n ? sum / n : (double)INFINITY;
}

#endif
