/* Adaptive average pooling: its argument block. */
#ifndef FV_KERNELS_ADAPTIVE_H
#define FV_KERNELS_ADAPTIVE_H
#include "kernels/args.h"

/* ---- window o of `outs` over `in` cells is [floor(o in / outs), ceil((o + 1) in / outs)), so that windows cover all
 * cells and may share some; out = mean of the window of its row and column. Items are rows: n out_h forward, n in_h
 * backward. */
typedef struct fv_adaptive_args {
    const void *x, *dy;
    void *out, *dx;
    size_t n, in_h, in_w, c, out_h, out_w;
} fv_adaptive_args;

static inline size_t fv_adaptive_begin(size_t o, size_t in, size_t outs)
{
    return o * in / outs;
}
static inline size_t fv_adaptive_end(size_t o, size_t in, size_t outs)
{
    return ((o + 1) * in + outs - 1) / outs;
}

/* Windows [begin, end) hold cell i: begin(o) <= i < end(o) solved for o. */
static inline size_t fv_adaptive_first(size_t i, size_t in, size_t outs)
{
    return i * outs / in;
}
static inline size_t fv_adaptive_last(size_t i, size_t in, size_t outs)
{
    return ((i + 1) * outs - 1) / in + 1;
}

#endif
