/* Argument blocks of kernels that move values without computing any. */
#ifndef FV_KERNELS_COPY_H
#define FV_KERNELS_COPY_H
#include "kernels/args.h"

/* ---- copy_channels: out[p * out_step + c] = x[p * x_step + c] for c < channels: a run of the channels of each pixel,
 * into or out of a wider value. x and out point to the run's first channel. Items are pixels. */
typedef struct fv_copy_args {
    const void *x;
    void *out;
    size_t pixels, channels, x_step, out_step;
} fv_copy_args;

/* ---- pad_shortcut: y[n,i,j,before + c] = x[n, i stride, j stride, c], 0 in all other channels.
 *   x [n,in_h,in_w,in_c], y [n,out_h,out_w,out_c], out_h = (in_h - 1) / stride + 1. Items are rows of y, n out_h.
 * pad_shortcut_backward: dx of dy; pixels between the strides get 0. Items are rows of dx, n in_h. */
typedef struct fv_shortcut_args {
    const void *x, *dy;
    void *y, *dx;
    size_t n, in_h, in_w, in_c, out_h, out_w, out_c, stride, before;
} fv_shortcut_args;

#endif
