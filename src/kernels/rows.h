/* Rows of a matrix reduced to one number: maximum, sum of exponentials. */
#ifndef FV_KERNELS_ROWS_H
#define FV_KERNELS_ROWS_H
#include "kernels/act.h"

FV_INLINE real row_max(const real *x, size_t n)
{
    vec top = vec_all(x[0]);
    real most = x[0];

    for (size_t i = 0; i < n; i += FV_LANES) {
        const size_t lanes = vec_lanes(i, n);

        top = vec_max(top, vec_fill_tail(vec_load_m(x + i, vec_mask(lanes)), lanes, x[0]));
    }
#if FV_LANES == 1
    most = top;
#else
    for (int i = 0; i < FV_LANES; i++)
        most = most > top[i] ? most : top[i];
#endif
    return most;
}

/* Sum of exp(x - top); the terms are written to out if it is not NULL. */
FV_INLINE real row_exp(const real *x, real top, size_t n, real *out)
{
    vec sum = vec_all(0);

    for (size_t i = 0; i < n; i += FV_LANES) {
        const size_t lanes = vec_lanes(i, n);
        const vec e = vec_exp(vec_load_m(x + i, vec_mask(lanes)) - vec_all(top));

        sum += vec_fill_tail(e, lanes, 0);
        if (out)
            vec_store_m(out + i, e, vec_mask(lanes));
    }
    return vec_sum(sum);
}

FV_INLINE void row_scale(real *x, real factor, size_t n)
{
    for (size_t i = 0; i < n; i += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(i, n));

        vec_store_m(x + i, vec_load_m(x + i, m) * vec_all(factor), m);
    }
}

#endif
