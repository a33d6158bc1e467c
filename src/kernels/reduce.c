/* sum_parts: the last step of every sum that was split, in the order of the parts. */
#include "kernels/vec.h"

/* Items are elements. */
void FV_FN(sum_parts)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_sum_args *a = args;
    const real *parts = a->parts;

    (void)slice;
    for (size_t i = begin; i < end; i++) {
        real sum = parts[i];

        for (size_t p = 1; p < a->n_parts; p++)
            sum += parts[p * a->count + i];
        ((real *)a->out)[i] = sum;
    }
}
