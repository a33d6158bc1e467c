/* Kernels over single elements: activations, addition, dropout, fill. Bound by memory, but for tanh and the sigmoid.
 * Items are elements; each result depends on its own element alone, so any cut gives the same bits. */
#include "base/random.h"
#include "kernels/act.h"

FV_INLINE void forward_loop(fv_act act, const real *x, real *out, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(out + i, vec_act(act, vec_load(x + i)));
    if (i < n) {
        const vmask m = vec_mask(n - i);

        vec_store_m(out + i, vec_act(act, vec_load_m(x + i, m)), m);
    }
}

void FV_FN(act_run)(fv_act act, const real *x, real *out, size_t n)
{
    if (act == FV_ACT_NONE && x == out)
        return;
    FV_ACT_SWITCH(act, forward_loop, x, out, n);
}

FV_INLINE void backward_loop(fv_act act, const real *y, const real *dy, real *out, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(out + i, vec_act_back(act, vec_load(y + i), vec_load(dy + i)));
    if (i < n) {
        const vmask m = vec_mask(n - i);

        vec_store_m(out + i, vec_act_back(act, vec_load_m(y + i, m), vec_load_m(dy + i, m)), m);
    }
}

void FV_FN(act_back_run)(fv_act act, const real *y, const real *dy, real *out, size_t n)
{
    if (act == FV_ACT_NONE && dy == out)
        return;
    FV_ACT_SWITCH(act, backward_loop, y, dy, out, n);
}

void FV_FN(act_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    FV_FN(act_run)(a->act, (const real *)a->x + begin, (real *)a->out + begin, end - begin);
}

void FV_FN(act_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    FV_FN(act_back_run)
    (a->act, (const real *)a->y + begin, (const real *)a->dy + begin, (real *)a->out + begin, end - begin);
}

FV_INLINE void add_loop(fv_act act, const real *x, const real *b, real *out, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(out + i, vec_act(act, vec_load(x + i) + vec_load(b + i)));
    if (i < n) {
        const vmask m = vec_mask(n - i);

        vec_store_m(out + i, vec_act(act, vec_load_m(x + i, m) + vec_load_m(b + i, m)), m);
    }
}

void FV_FN(add)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;
    const real *x = (const real *)a->x + begin, *b = (const real *)a->b + begin;
    real *out = (real *)a->out + begin;

    (void)slice;
    FV_ACT_SWITCH(a->act, add_loop, x, b, out, end - begin);
}

/* Four elements share the four words of one Philox counter. */
void FV_FN(dropout)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;
    const double threshold = a->rate * 4294967296.0;
    const uint64_t least = (uint64_t)ceil(threshold); /* word >= threshold, in integers */
    const real scale = (real)(1 / (1 - a->rate));
    const real *x = a->x;
    real *out = a->out;

    (void)slice;
    for (size_t i = begin; i < end;) {
        const size_t last = i - i % 4 + 4 < end ? i - i % 4 + 4 : end;
        uint32_t words[4];

        fv_philox(a->seed, a->stream, (uint32_t)*a->step, i / 4, words);
        for (; i < last; i++)
            out[i] = words[i % 4] >= least ? x[i] * scale : 0;
    }
}

void FV_FN(fill)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_fill_args *a = args;
    const vec v = vec_all((real)a->value);
    real *out = a->out;

    (void)slice;
    for (size_t i = begin; i < end; i += FV_LANES)
        vec_store_m(out + i, v, vec_mask(vec_lanes(i, end)));
}
