/* Kernels over single elements: activations, addition, dropout, fill. Bound by memory. Items are elements. */
#include "base/random.h"
#include "kernels/vec.h"

void FV_FN(act_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = act_value(a->act, ((const real *)a->x)[i]);
}

void FV_FN(act_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = ((const real *)a->dy)[i] * act_gradient(a->act, ((const real *)a->y)[i]);
}

void FV_FN(add)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = act_value(a->act, ((const real *)a->x)[i] + ((const real *)a->b)[i]);
}

void FV_FN(dropout)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;
    const double threshold = a->rate * 4294967296.0;
    const real scale = (real)(1 / (1 - a->rate));
    uint32_t words[4] = {0};

    (void)slice;
    for (size_t i = begin; i < end; i++) {
        if (i == begin || i % 4 == 0)
            fv_philox(a->seed, a->stream, (uint32_t)*a->step, i / 4, words);
        ((real *)a->out)[i] = (double)words[i % 4] >= threshold ? ((const real *)a->x)[i] * scale : 0;
    }
}

void FV_FN(fill)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_fill_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = (real)a->value;
}
