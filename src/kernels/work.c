/* How kernels cut their work, as functions of shapes and the table of kernels alone. */
#include "kernels/work.h"

#include "kernels/pack.h"

/* Below these a thread is not worth waking: a wake-up costs about 5 us, in which a core does 500 kFLOP or moves 100 KB. */
static const size_t LEAST_FLOPS = 400000, LEAST_BYTES = 65536;

static size_t at_least_one(size_t n) { return n ? n : 1; }
static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Work of `items` items of `cost` each where `least` is worth a thread. */
static fv_work cut(size_t items, size_t cost, size_t least)
{
    return (fv_work){.items = items, .least_items = 1 + least / at_least_one(cost), .parts = 1};
}

size_t fv_packed_elements(const fv_kernels *k, size_t depth, size_t cols)
{
    return depth * fv_panel_columns(k->panel, cols);
}

size_t fv_packed_panels(const fv_kernels *k, size_t cols)
{
    size_t panels = 0;

    for (size_t begin = 0; begin < cols; begin += fv_panel_width(k->panel, cols - begin))
        panels++;
    return panels;
}

fv_work fv_work_gemm(const fv_kernels *k, fv_gemm_args *args)
{
    (void)k;
    args->row_blocks = (args->rows + 31) / 32;
    args->col_blocks = 1;
    return cut(args->row_blocks, 2 * 32 * args->depth * args->cols, LEAST_FLOPS);
}

fv_work fv_work_gemm_tn(const fv_kernels *k, fv_gemm_tn_args *args)
{
    (void)k;
    args->row_blocks = (args->rows + 27) / 28;
    return cut(args->row_blocks, 2 * 28 * args->depth * args->cols, LEAST_FLOPS);
}

static size_t conv_depth(const fv_conv_geometry *g) { return g->kernel_h * g->kernel_w * (g->in_c / g->groups); }
static size_t conv_flops(const fv_conv_geometry *g) { return 2 * g->out_h * g->out_w * g->out_c * conv_depth(g); }

fv_work fv_work_conv_forward(const fv_kernels *k, fv_conv_args *args)
{
    const fv_conv_geometry *g = &args->g;

    (void)k;
    args->blocks = smaller(g->out_h, 1 + conv_flops(g) / (4 * LEAST_FLOPS));
    args->scratch_bytes = 0;
    return cut(g->n * args->blocks, conv_flops(g) / args->blocks, LEAST_FLOPS);
}

fv_work fv_work_conv_backward_x(const fv_kernels *k, fv_conv_args *args)
{
    (void)k;
    args->blocks = 1;
    args->scratch_bytes = 0;
    return cut(args->g.n, conv_flops(&args->g), LEAST_FLOPS);
}

/* A weight's gradient sums over all images. Small weights are summed in up to 16 parts, large ones have rows enough to
 * share and are not split. */
fv_work fv_work_conv_backward_w(const fv_kernels *k, fv_conv_args *args)
{
    const fv_conv_geometry *g = &args->g;
    fv_work work;

    (void)k;
    args->parts = conv_depth(g) * g->out_c <= 16384 ? smaller(g->n, 16) : 1;
    args->blocks = (conv_depth(g) + 27) / 28;
    args->scratch_bytes = 0;
    work = cut(args->parts * args->blocks, conv_flops(g) * g->n / (args->parts * args->blocks), LEAST_FLOPS);
    work.parts = args->parts;
    return work;
}

static fv_work pool_work(fv_pool_args *args, size_t blocks)
{
    const size_t bytes = 4 * (args->in_h * args->in_w + args->out_h * args->out_w) * args->c;

    args->blocks = blocks;
    return cut(args->n * blocks, bytes / blocks, LEAST_BYTES);
}

fv_work fv_work_maxpool_forward(const fv_kernels *k, fv_pool_args *args)
{
    const size_t bytes = 4 * args->in_h * args->in_w * args->c;

    (void)k;
    return pool_work(args, smaller(at_least_one(args->out_h), 1 + bytes / (2 * LEAST_BYTES)));
}

fv_work fv_work_avgpool_forward(const fv_kernels *k, fv_pool_args *args) { return fv_work_maxpool_forward(k, args); }

fv_work fv_work_pool_backward(const fv_kernels *k, fv_pool_args *args)
{
    (void)k;
    return pool_work(args, 1);
}

fv_work fv_work_subsample(const fv_kernels *k, fv_subsample_args *args)
{
    fv_work work = cut(args->n, 4 * (args->in_h * args->in_w + args->out_h * args->out_w) * args->c, LEAST_BYTES);

    (void)k;
    args->parts = smaller(args->n, 16);
    work.parts = args->parts;
    return work;
}

size_t fv_square_parts(size_t count) { return smaller(1 + count / 16384, 256); }

fv_work fv_work_items(size_t items, size_t bytes) { return cut(items, bytes, LEAST_BYTES); }
