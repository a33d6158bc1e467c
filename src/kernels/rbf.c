/* Euclidean radial basis functions of LeNet-5's output layer (LeCun et al. 1998, equation 7). Items are rows.
 *
 *     y[n,i] = sum_j (x[n,j] - w[i,j])^2          dx[n,j] = sum_i 2 dy[n,i] (x[n,j] - w[i,j]) */
#include "kernels/rows.h"

void FV_FN(rbf_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_rbf_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++)
        for (size_t i = 0; i < a->classes; i++) {
            const real *x = (const real *)a->x + n * a->depth, *w = (const real *)a->w + i * a->depth;
            vec sum = vec_all(0);

            for (size_t j = 0; j < a->depth; j += FV_LANES) {
                const vmask m = vec_mask(vec_lanes(j, a->depth));
                const vec d = vec_load_m(x + j, m) - vec_load_m(w + j, m);

                sum += d * d;
            }
            ((real *)a->y)[n * a->classes + i] = vec_sum(sum);
        }
}

void FV_FN(rbf_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_rbf_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++)
        for (size_t j = 0; j < a->depth; j += FV_LANES) {
            const vmask m = vec_mask(vec_lanes(j, a->depth));
            const real *dy = (const real *)a->dy + n * a->classes, *w = (const real *)a->w + j;
            const vec x = vec_load_m((const real *)a->x + n * a->depth + j, m);
            vec sum = vec_all(0);

            for (size_t i = 0; i < a->classes; i++)
                sum += vec_all(2 * dy[i]) * (x - vec_load_m(w + i * a->depth, m));
            vec_store_m((real *)a->dx + n * a->depth + j, sum, m);
        }
}
