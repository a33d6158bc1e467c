/* What the depthwise kernels share: one axis of the convolution, and which of its outputs lie well inside. */
#ifndef FV_KERNELS_DEPTHWISE_AXIS_H
#define FV_KERNELS_DEPTHWISE_AXIS_H
#include "kernels/depthwise.h"
#include "kernels/vec.h"

/* One axis of a convolution. */
typedef struct fv_axis {
    size_t in, out, kernel, stride, dilation, pad;
} fv_axis;

FV_INLINE fv_axis rows_of(const fv_conv_geometry *g)
{
    return (fv_axis){g->in_h, g->out_h, g->kernel_h, g->stride_h, g->dilation_h, g->pad_top};
}

FV_INLINE fv_axis columns_of(const fv_conv_geometry *g)
{
    return (fv_axis){g->in_w, g->out_w, g->kernel_w, g->stride_w, g->dilation_w, g->pad_left};
}

FV_INLINE size_t up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}
FV_INLINE size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}
FV_INLINE size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Destinations begin, begin + apart, .. that have the same full taps, whose source moves `step` from one to the
 * next. */
typedef struct fv_run {
    size_t begin, count, apart, step;
} fv_run;

FV_INLINE fv_run forward_run(const fv_axis *a)
{
    const size_t reach = (a->kernel - 1) * a->dilation, begin = up(a->pad, a->stride);
    const size_t end = a->in + a->pad > reach ? smaller(a->out, (a->in + a->pad - reach - 1) / a->stride + 1) : 0;

    return (fv_run){.begin = begin, .count = end > begin ? end - begin : 0, .apart = 1, .step = a->stride};
}

FV_INLINE vec load_lanes(const real *p, vmask m, bool whole)
{
    return whole ? vec_load(p) : vec_load_m(p, m);
}

#endif
