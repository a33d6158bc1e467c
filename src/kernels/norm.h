/* Batch normalisation (Ioffe, Szegedy 2015): argument blocks and how the work is cut.
 *
 * x [n, pixels, channels] with N = n pixels values a channel. In training, over the batch:
 *     mean[c] = 1/N sum x[c],  var[c] = 1/N sum (x[c] - mean[c])^2,  scale[c] = gamma[c] / sqrt(var[c] + eps)
 *     y = act((x - mean) scale + beta)
 * backward, with r = 1 / sqrt(var + eps):
 *     dbeta = sum dy,  dgamma = r sum dy (x - mean),  dx = gamma r (dy - dbeta / N - (x - mean) r dgamma / N)
 * Sums are made in `parts` runs of images, then put together in their order: of the shape alone. */
#ifndef FV_KERNELS_NORM_H
#define FV_KERNELS_NORM_H
#include "kernels/args.h"

/* ---- bn_stats: first = mean, second = sum of (x - mean)^2 of a part. bn_sums: first = sum of dy, second = sum of
 * dy (x - mean). Both [parts][channels]. Items are parts x blocks, a block a run of channels. */
typedef struct fv_bn_sum_args {
    const void *x, *dy, *mean;
    void *first, *second;
    size_t n, pixels, channels, parts, blocks;
} fv_bn_sum_args;

/* ---- what is worked out once a channel; items are channels.
 * bn_combine: parts of bn_stats -> mean, var, scale.
 * bn_scale: scale from var (running averages).
 * bn_combine_backward: parts of bn_sums -> dgamma, dbeta and coefficients [3][channels] of
 *   dx = coefficients[0] dy - (x - mean) coefficients[1] - coefficients[2]; the last two are 0 if frozen. */
typedef struct fv_bn_channel_args {
    const void *first, *second, *gamma, *var_in;
    void *mean, *var, *scale, *dgamma, *dbeta, *coefficients;
    size_t n, pixels, channels, parts;
    double eps;
    bool frozen;
} fv_bn_channel_args;

/* ---- bn_apply: out = act((x - mean) scale + beta). bn_backward_x: out = dx, times act_gradient(x) of the activation
 * that made x (gate_act). Items are pixels, `rows` = n pixels. */
typedef struct fv_bn_apply_args {
    const void *x, *dy, *mean, *scale, *beta, *coefficients;
    void *out;
    size_t rows, channels, out_step; /* out_step: elements from one pixel of out to the next */
    fv_act act, gate_act;
} fv_bn_apply_args;

/* ---- bn_update: running += momentum (value - running), with the batch's variance times N / (N - 1). Items are
 * channels. */
typedef struct fv_bn_update_args {
    const void *mean, *var;
    void *running_mean, *running_var;
    size_t channels;
    double momentum, unbiased;
} fv_bn_update_args;

/* ---- bn_fold: w_out = w scale, bias_out = (bias - mean) scale + beta; w [rows, channels], bias NULL = 0.
 * Items are the rows of w, then one more for the bias. */
typedef struct fv_bn_fold_args {
    const void *w, *bias, *mean, *scale, *beta;
    void *w_out, *bias_out;
    size_t rows, channels;
} fv_bn_fold_args;

/* As many parts as the planner has units of samples, so that each is summed while its images lie in a cache. Few
 * images: the channels are shared out too. */
static inline size_t fv_bn_parts(size_t n)
{
    return n < 16 ? n : 16;
}
static inline size_t fv_bn_blocks(size_t n, size_t channels)
{
    const size_t most = 16 / fv_bn_parts(n), blocks = channels / 64;

    return blocks < 1 ? 1 : blocks < most ? blocks : most;
}

#endif
