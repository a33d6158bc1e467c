/* softmax over rows: out = exp(x - max) / sum of exp(x - max). Items are rows. */
#include "kernels/rows.h"

void FV_FN(softmax)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_softmax_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        real *y = (real *)a->out + n * a->classes;

        row_scale(y, 1 / row_exp(x, row_max(x, a->classes), a->classes, y), a->classes);
    }
}
