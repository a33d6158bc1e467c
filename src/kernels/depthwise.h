/* Depthwise convolution: how its work is cut. Its argument block is fv_conv_args with groups = in_c = out_c; w is
 * [kernel_h, kernel_w, channels] as it is, not packed. */
#ifndef FV_KERNELS_DEPTHWISE_H
#define FV_KERNELS_DEPTHWISE_H
#include "kernels/work.h"

/* One filter a channel. (A single channel is a convolution like any other.) */
static inline bool fv_is_depthwise(const fv_conv_geometry *g)
{
    return g->groups > 1 && g->groups == g->in_c && g->groups == g->out_c;
}

/* Bytes moved in the time of the arithmetic of `outputs`: these kernels do two or three values a load. */
static inline size_t fv_depthwise_bytes(const fv_conv_geometry *g, size_t outputs)
{
    return outputs * g->out_c * (8 + g->kernel_h * g->kernel_w);
}

/* Items are images x blocks of `rows` rows (of y, or of dx). */
static inline fv_work fv_work_depthwise(fv_conv_args *args, size_t rows, size_t columns)
{
    const size_t bytes = fv_depthwise_bytes(&args->g, rows * columns), most = 1 + bytes / 131072;
    const size_t blocks = most < rows ? most : rows;

    args->blocks = blocks ? blocks : 1;
    return fv_work_items(args->g.n * args->blocks, bytes / args->blocks);
}

/* Items are parts, runs of images, x blocks, runs of channels: as many parts as units of samples; few images share out
 * their channels. */
static inline fv_work fv_work_depthwise_w(fv_conv_args *args)
{
    const fv_conv_geometry *g = &args->g;
    size_t most;
    fv_work work;

    args->parts = g->n < 16 ? g->n : 16;
    most = 16 / args->parts;
    args->blocks = g->out_c / 64 < 1 ? 1 : g->out_c / 64 < most ? g->out_c / 64 : most;
    work = fv_work_items(args->parts * args->blocks,
                         fv_depthwise_bytes(g, g->n * g->out_h * g->out_w) / (args->parts * args->blocks));
    work.parts = args->parts;
    return work;
}

#endif
