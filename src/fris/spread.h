/* What clustering and the spreading of labels share. */
#ifndef FV_FRIS_SPREAD_H
#define FV_FRIS_SPREAD_H
#include "fris/nearest.h"

/* Half the mean distance between different rows: the virtual rival where none is given. 1 for a single row. */
fv_status fv_fris_half_mean(const fv_fris *set, const uint32_t *rows, size_t n, double *out, fv_error *err);

/* Distances of rows from row x, into out[n]. */
fv_status fv_fris_column(const fv_fris *set, const uint32_t *rows, size_t n, uint32_t x, double *out, fv_error *err);

/* A clustering of rows: stolp c is row stolp[c], at distance column[c * n + u] of row rows[u]. */
typedef struct fv_fris_parts {
    const fv_fris *set;
    const uint32_t *rows;
    size_t n, k;
    uint32_t *stolp, *label; /* [k], [n] */
    double *column;          /* [k, n] */
} fv_fris_parts;

/* FRiS-Class: label[c] of cluster c becomes the number of the class it belongs to, the lowest cluster of each. */
fv_status fv_fris_join(const fv_fris_parts *parts, double f_star, double alpha, uint32_t *label, fv_error *err);

#endif
