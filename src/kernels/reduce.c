/* Sums: the last step of every sum that was split, and sums over the rows of a matrix (biases). Bound by memory. */
#include "kernels/tile.h"

/* Items are elements; the parts are added in their order. */
void FV_FN(sum_parts)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_sum_args *a = args;
    const real *parts = a->parts;
    real *out = a->out;

    (void)slice;
    for (size_t i = begin; i < end; i += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(i, end));
        vec sum = vec_load_m(parts + i, m);

        for (size_t p = 1; p < a->n_parts; p++)
            sum += vec_load_m(parts + p * a->count + i, m);
        vec_store_m(out + i, sum, m);
    }
}

/* Four chains (rows 0, 4, 8 ..; 1, 5, ..) hide the latency of an addition; they are added as (0 + 1) + (2 + 3). */
void FV_FN(column_sums)(const real *b, size_t rows, size_t cols, size_t ld, real *sums, bool more)
{
    for (size_t j = 0; j < cols; j += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(j, cols));
        vec s[4] = {vec_all(0), vec_all(0), vec_all(0), vec_all(0)};
        const real *p = b + j;
        size_t i = 0;

        for (; i + 4 <= rows; i += 4)
            FV_UNROLL for (int k = 0; k < 4; k++, p += ld)
                s[k] += vec_load_m(p, m);
        for (; i < rows; i++, p += ld)
            s[i % 4] += vec_load_m(p, m);

        const vec sum = (s[0] + s[1]) + (s[2] + s[3]);

        vec_store_m(sums + j, more ? vec_load_m(sums + j, m) + sum : sum, m);
    }
}
