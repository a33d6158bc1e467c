/* Kernels that move values without computing any (copy.h): runs of channels into and out of wider values, and the
 * shortcuts of residual nets that subsample and pad with zero channels. Bound by memory. */
#include "kernels/copy.h"

#include "kernels/vec.h"

FV_INLINE void copy_run(real *to, const real *from, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(to + i, vec_load(from + i));
    if (i < n) {
        const vmask m = vec_mask(n - i);

        vec_store_m(to + i, vec_load_m(from + i, m), m);
    }
}

FV_INLINE void zero_run(real *to, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(to + i, vec_all(0));
    if (i < n)
        vec_store_m(to + i, vec_all(0), vec_mask(n - i));
}

/* Items are pixels. */
void FV_FN(copy_channels)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_copy_args *a = args;
    const real *x = a->x;
    real *out = a->out;

    (void)slice;
    for (size_t p = begin; p < end; p++)
        copy_run(out + p * a->out_step, x + p * a->x_step, a->channels);
}

/* Items are rows of y. */
void FV_FN(pad_shortcut_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_shortcut_args *a = args;
    const size_t behind = a->before + a->in_c;

    (void)slice;
    for (size_t row = begin; row < end; row++) {
        const size_t image = row / a->out_h, h = row % a->out_h * a->stride;
        const real *x = (const real *)a->x + (image * a->in_h + h) * a->in_w * a->in_c;
        real *y = (real *)a->y + row * a->out_w * a->out_c;

        for (size_t w = 0; w < a->out_w; w++, x += a->stride * a->in_c, y += a->out_c) {
            zero_run(y, a->before);
            copy_run(y + a->before, x, a->in_c);
            zero_run(y + behind, a->out_c - behind);
        }
    }
}

/* Items are rows of dx. */
void FV_FN(pad_shortcut_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_shortcut_args *a = args;
    const size_t width = a->in_w * a->in_c, step = a->stride * a->in_c;

    (void)slice;
    for (size_t row = begin; row < end; row++) {
        const size_t image = row / a->in_h, h = row % a->in_h;
        const real *dy = (const real *)a->dy + (image * a->out_h + h / a->stride) * a->out_w * a->out_c + a->before;
        real *dx = (real *)a->dx + row * width;

        if (a->stride > 1)
            zero_run(dx, width);
        for (size_t w = 0; w < a->out_w && h % a->stride == 0; w++)
            copy_run(dx + w * step, dy + w * a->out_c, a->in_c);
    }
}
