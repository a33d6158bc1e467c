/* Euclidean radial basis functions of LeNet-5's output layer (LeCun et al. 1998, equation 7). Items are rows.
 *
 *     y[n,i] = sum_j (x[n,j] - w[i,j])^2          dx[n,j] = sum_i 2 dy[n,i] (x[n,j] - w[i,j]) */
#include "kernels/vec.h"

void FV_FN(rbf_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_rbf_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++)
        for (size_t i = 0; i < a->classes; i++) {
            const real *x = (const real *)a->x + n * a->depth, *w = (const real *)a->w + i * a->depth;
            real sum = 0;

            for (size_t j = 0; j < a->depth; j++)
                sum += (x[j] - w[j]) * (x[j] - w[j]);
            ((real *)a->y)[n * a->classes + i] = sum;
        }
}

void FV_FN(rbf_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_rbf_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++)
        for (size_t j = 0; j < a->depth; j++) {
            const real x = ((const real *)a->x)[n * a->depth + j];
            real sum = 0;

            for (size_t i = 0; i < a->classes; i++)
                sum += 2 * ((const real *)a->dy)[n * a->classes + i] * (x - ((const real *)a->w)[i * a->depth + j]);
            ((real *)a->dx)[n * a->depth + j] = sum;
        }
}
