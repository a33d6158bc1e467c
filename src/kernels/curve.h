/* Activations with a parameter or a gradient that reads x: their argument block. */
#ifndef FV_KERNELS_CURVE_H
#define FV_KERNELS_CURVE_H
#include "kernels/args.h"

/* f(x), and f'(x) at its kinks (PyTorch's choices, but for hard-swish, which is flat from -3 down):
 *   leaky relu    x > 0 ? x : slope x          slope at 0
 *   hard sigmoid  min(max(x + 3, 0), 6) / 6    0 at -3 and 3
 *   hard swish    x min(max(x + 3, 0), 6) / 6  0 at -3, 1 at 3
 *   silu          x / (1 + e^-x) */
typedef enum fv_curve { FV_CURVE_LEAKY_RELU, FV_CURVE_HARD_SIGMOID, FV_CURVE_HARD_SWISH, FV_CURVE_SILU } fv_curve;

/* ---- curve_forward: out = f(x). curve_backward: out = dy f'(x). Items are elements; x or dy and out may be the same
 * memory. */
typedef struct fv_curve_args {
    const void *x, *dy;
    void *out;
    size_t count;
    fv_curve curve;
    double slope;
} fv_curve_args;

#endif
