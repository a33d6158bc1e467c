/* softmax over rows: out = exp(x - max) / sum of exp(x - max). Items are rows. */
#include "kernels/vec.h"

void FV_FN(softmax)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_softmax_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        real *y = (real *)a->out + n * a->classes, top = x[0], sum = 0;

        for (size_t i = 1; i < a->classes; i++)
            top = x[i] > top ? x[i] : top;
        for (size_t i = 0; i < a->classes; i++) {
            y[i] = (real)exp((double)(x[i] - top));
            sum += y[i];
        }
        for (size_t i = 0; i < a->classes; i++)
            y[i] /= sum;
    }
}
