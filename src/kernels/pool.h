/* What the pooling kernels share: which cells of the picture lie under an output. */
#ifndef FV_KERNELS_POOL_H
#define FV_KERNELS_POOL_H
#include "kernels/vec.h"

/* Rows [h0, h1) and columns [w0, w1) of the picture under one output; (kh0, kw0) is the window's cell at (h0, w0). */
typedef struct fv_pool_window {
    size_t h0, h1, w0, w1, kh0, kw0;
} fv_pool_window;

FV_INLINE size_t fv_pool_end(size_t begin, size_t kernel, size_t pad, size_t in)
{
    return begin + kernel < in + pad ? begin + kernel - pad : in;
}

FV_INLINE fv_pool_window fv_pool_at(const fv_pool_args *a, size_t oh, size_t ow)
{
    const size_t h = oh * a->stride_h, w = ow * a->stride_w;
    fv_pool_window r = {.kh0 = h < a->pad_top ? a->pad_top - h : 0, .kw0 = w < a->pad_left ? a->pad_left - w : 0};

    r.h0 = h + r.kh0 - a->pad_top;
    r.w0 = w + r.kw0 - a->pad_left;
    r.h1 = fv_pool_end(h, a->kernel_h, a->pad_top, a->in_h);
    r.w1 = fv_pool_end(w, a->kernel_w, a->pad_left, a->in_w);
    return r;
}

/* Windows tile the picture: every cell lies under exactly one output. */
FV_INLINE bool fv_pool_tiles(const fv_pool_args *a)
{
    return a->stride_h == a->kernel_h && a->stride_w == a->kernel_w && !a->pad_top && !a->pad_left &&
           a->out_h * a->kernel_h >= a->in_h && a->out_w * a->kernel_w >= a->in_w;
}

/* Outputs [*begin, *end) of a row or column of `outs` whose windows lie inside the picture: no edge cuts them. */
FV_INLINE void fv_pool_inside(size_t outs, size_t kernel, size_t stride, size_t pad, size_t in, size_t *begin,
                              size_t *end)
{
    const size_t last = in + pad >= kernel ? (in + pad - kernel) / stride + 1 : 0;

    *begin = (pad + stride - 1) / stride;
    *begin = *begin < outs ? *begin : outs;
    *end = last < outs ? last : outs;
    *end = *end > *begin ? *end : *begin;
}

/* 1 / divisor of an average. */
FV_INLINE real fv_pool_factor(const fv_pool_args *a, const fv_pool_window *r)
{
    if (a->sum)
        return 1;
    return 1 / (real)(a->count_pad ? a->kernel_h * a->kernel_w : (r->h1 - r->h0) * (r->w1 - r->w0));
}

#endif
