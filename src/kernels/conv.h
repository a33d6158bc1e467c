/* What the kernels of convolution and fv_work share: how a window lies in memory, and how work is cut. */
#ifndef FV_KERNELS_CONV_H
#define FV_KERNELS_CONV_H
#include "kernels/args.h"

/* Columns of w^T that the gradient of x multiplies at once (28 rows of them are 56 KiB), and room for zeros around them. */
enum { FV_COLUMNS = 512, FV_COLUMN_MARGIN = 32 };

/* Rows of weights [kernel_h kernel_w in_c/groups, out_c] that one step of the weight's gradient sums at once. */
enum { FV_WEIGHT_ROWS = 28 };

/* The values of one window, in the order of the weight's rows, are `segments` runs of `run` neighbours in memory: whole
 * rows of the kernel where channels and columns follow one another without gaps, single cells otherwise. */
typedef struct fv_window_runs {
    size_t outer, inner, run; /* segments = outer * inner */
    size_t outer_step, inner_step;
} fv_window_runs;

/* `pitch` is the distance of two rows of the picture, in elements. */
static inline fv_window_runs fv_conv_runs(const fv_conv_geometry *g, size_t pitch)
{
    const size_t in_c = g->in_c / g->groups;
    fv_window_runs r = {g->kernel_h, 1, g->kernel_w * in_c, g->dilation_h * pitch, 0};

    if (g->groups > 1 || (g->dilation_w > 1 && g->kernel_w > 1)) {
        r.inner = g->kernel_w;
        r.inner_step = g->dilation_w * g->in_c;
        r.run = in_c;
    }
    return r;
}

static inline bool fv_conv_padded(const fv_conv_geometry *g)
{
    return g->pad_top || g->pad_left || g->pad_bottom || g->pad_right;
}

static inline size_t fv_conv_depth(const fv_conv_geometry *g)
{
    return g->kernel_h * g->kernel_w * (g->in_c / g->groups);
}

static inline size_t fv_conv_y_step(const fv_conv_args *a)
{
    return a->y_step ? a->y_step : a->g.out_c;
}

/* Columns of the picture with its padding; rows of it that `rows` output rows read. */
static inline size_t fv_conv_padded_w(const fv_conv_geometry *g)
{
    return g->pad_left + g->in_w + g->pad_right;
}
static inline size_t fv_conv_rows_read(const fv_conv_geometry *g, size_t rows)
{
    return (rows - 1) * g->stride_h + g->dilation_h * (g->kernel_h - 1) + 1;
}

/* The rows of weights in chunks of at most FV_WEIGHT_ROWS; chunks do not cross segments unless those are very short. */
static inline bool fv_conv_short_segments(const fv_conv_geometry *g)
{
    return fv_conv_runs(g, 0).run < 8;
}
static inline size_t fv_conv_segment_chunks(const fv_conv_geometry *g)
{
    const size_t rows = fv_conv_short_segments(g) ? fv_conv_depth(g) : fv_conv_runs(g, 0).run;

    return (rows + FV_WEIGHT_ROWS - 1) / FV_WEIGHT_ROWS;
}
static inline size_t fv_conv_chunks(const fv_conv_geometry *g)
{
    const fv_window_runs r = fv_conv_runs(g, 0);

    return fv_conv_segment_chunks(g) * (fv_conv_short_segments(g) ? 1 : r.outer * r.inner);
}

/* Output rows that the weight's gradient takes at once: pictures and gradients of about 256 KiB, so that they stay in
 * the second level while all rows of weights pass over them. */
static inline size_t fv_conv_strip(const fv_conv_geometry *g)
{
    const size_t row = g->stride_h * fv_conv_padded_w(g) * g->in_c + g->out_w * g->out_c, strip = 65536 / row;

    return strip < 1 ? 1 : strip > g->out_h ? g->out_h : strip;
}

#endif
