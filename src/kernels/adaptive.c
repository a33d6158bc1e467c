/* Adaptive average pooling where the windows are of several sizes (adaptive.h). Lanes are channels; bound by memory. */
#include "kernels/adaptive.h"

#include "kernels/vec.h"

static void average(const fv_adaptive_args *a, const real *x, size_t oh, size_t ow, real *y)
{
    const size_t h0 = fv_adaptive_begin(oh, a->in_h, a->out_h), h1 = fv_adaptive_end(oh, a->in_h, a->out_h);
    const size_t w0 = fv_adaptive_begin(ow, a->in_w, a->out_w), w1 = fv_adaptive_end(ow, a->in_w, a->out_w);
    const vec factor = vec_all(1 / (real)((h1 - h0) * (w1 - w0)));

    for (size_t c = 0; c < a->c; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, a->c));
        vec sum = vec_all(0);

        for (size_t h = h0; h < h1; h++)
            for (size_t w = w0; w < w1; w++)
                sum += vec_load_m(x + (h * a->in_w + w) * a->c + c, m);
        vec_store_m(y + c, sum * factor, m);
    }
}

/* Items are rows of the result. */
void FV_FN(adaptive_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_adaptive_args *a = args;

    (void)slice;
    for (size_t row = begin; row < end; row++) {
        const real *x = (const real *)a->x + row / a->out_h * a->in_h * a->in_w * a->c;

        for (size_t ow = 0; ow < a->out_w; ow++)
            average(a, x, row % a->out_h, ow, (real *)a->out + (row * a->out_w + ow) * a->c);
    }
}

/* Share of an output's gradient that each cell of its window gets. */
static real share_of(const fv_adaptive_args *a, size_t oh, size_t ow)
{
    const size_t rows = fv_adaptive_end(oh, a->in_h, a->out_h) - fv_adaptive_begin(oh, a->in_h, a->out_h);
    const size_t cols = fv_adaptive_end(ow, a->in_w, a->out_w) - fv_adaptive_begin(ow, a->in_w, a->out_w);

    return 1 / (real)(rows * cols);
}

/* dx of one cell: what the windows that hold it give back. */
static void gather(const fv_adaptive_args *a, const real *dy, size_t h, size_t w, real *dx)
{
    const size_t oh0 = fv_adaptive_first(h, a->in_h, a->out_h), oh1 = fv_adaptive_last(h, a->in_h, a->out_h);
    const size_t ow0 = fv_adaptive_first(w, a->in_w, a->out_w), ow1 = fv_adaptive_last(w, a->in_w, a->out_w);

    for (size_t oh = oh0; oh < oh1; oh++)
        for (size_t ow = ow0; ow < ow1; ow++) {
            const real *d = dy + (oh * a->out_w + ow) * a->c;
            const vec share = vec_all(share_of(a, oh, ow));
            const bool first = oh == oh0 && ow == ow0;

            for (size_t c = 0; c < a->c; c += FV_LANES) {
                const vmask m = vec_mask(vec_lanes(c, a->c));
                const vec part = vec_load_m(d + c, m) * share;

                vec_store_m(dx + c, first ? part : vec_load_m(dx + c, m) + part, m);
            }
        }
}

/* Items are rows of dx. */
void FV_FN(adaptive_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_adaptive_args *a = args;

    (void)slice;
    for (size_t row = begin; row < end; row++) {
        const real *dy = (const real *)a->dy + row / a->in_h * a->out_h * a->out_w * a->c;

        for (size_t w = 0; w < a->in_w; w++)
            gather(a, dy, row % a->in_h, w, (real *)a->dx + (row * a->in_w + w) * a->c);
    }
}
