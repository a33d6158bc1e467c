/* How kernels cut their work, as functions of shapes and the table of kernels alone. */
#include "kernels/work.h"

#include "kernels/conv.h"
#include "kernels/pack.h"

/* Below these a thread is not worth waking: a wake-up costs about 5 us, in which a core does 500 kFLOP or moves 100 KB. */
static const size_t LEAST_FLOPS = 400000, LEAST_BYTES = 65536;

enum { BLOCK_ROWS = 28 };

static size_t at_least_one(size_t n)
{
    return n ? n : 1;
}
static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Work of `items` items of `cost` each where `least` is worth a thread. */
static fv_work cut(size_t items, size_t cost, size_t least)
{
    return (fv_work){.items = items, .least_items = 1 + least / at_least_one(cost), .parts = 1};
}

static fv_work work_of(size_t items, size_t flops, size_t parts, size_t scratch_bytes)
{
    fv_work work = cut(items, flops, LEAST_FLOPS);

    work.parts = parts;
    work.scratch_bytes = scratch_bytes;
    return work;
}

/* How many runs of at least `least` of `count` things. */
static size_t blocks_of(size_t count, size_t least)
{
    return at_least_one(count / least);
}

/* Whole cache lines, so that slices of scratch memory share none. */
static size_t lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

size_t fv_packed_elements(const fv_kernels *k, size_t depth, size_t cols)
{
    return depth * fv_panel_columns(k->panel, cols);
}

size_t fv_packed_panels(const fv_kernels *k, size_t cols)
{
    return fv_panel_count(k->panel, cols);
}

/* A block of b that stays in the second level while all rows pass over it. */
static const size_t GEMM_BLOCK_BYTES = 262144;

/* Rows go in blocks of about 28 (one or two register tiles). Few rows read a large b: then columns are shared out, in
 * runs of panels of at least 64 KiB; many rows read it block by block. */
fv_work fv_work_gemm(const fv_kernels *k, fv_gemm_args *args)
{
    const size_t panel_bytes = args->depth * k->panel * k->real_bytes;
    const size_t block = args->rows > 4 * BLOCK_ROWS ? GEMM_BLOCK_BYTES : LEAST_BYTES;
    const size_t least = args->rows > 1 ? 1 + block / at_least_one(panel_bytes) : 4; /* gemm.c streams four */

    args->row_blocks = (args->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    args->col_blocks = blocks_of(fv_panel_count(k->panel, args->cols), least);
    return cut(args->row_blocks * args->col_blocks,
               2 * args->rows * args->depth * args->cols / at_least_one(args->row_blocks * args->col_blocks),
               LEAST_FLOPS);
}

fv_work fv_work_gemm_tn(const fv_kernels *k, fv_gemm_tn_args *args)
{
    const size_t parts = at_least_one(args->parts);

    (void)k;
    args->row_blocks = (args->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    return work_of(parts * args->row_blocks, 2 * BLOCK_ROWS * args->depth / parts * args->cols, parts, 0);
}

static size_t conv_flops(const fv_conv_geometry *g)
{
    return 2 * g->out_h * g->out_w * g->out_c * fv_conv_depth(g);
}

fv_work fv_work_conv_forward(const fv_kernels *k, fv_conv_args *args)
{
    const fv_conv_geometry *g = &args->g;

    args->blocks = smaller(g->out_h, 1 + conv_flops(g) / (4 * LEAST_FLOPS));
    args->scratch_bytes = !fv_conv_padded(g)
                              ? 0
                              : lines(fv_conv_rows_read(g, (g->out_h + args->blocks - 1) / args->blocks) *
                                      fv_conv_padded_w(g) * g->in_c * k->real_bytes);
    return work_of(g->n * args->blocks, conv_flops(g) / args->blocks, 1, args->scratch_bytes);
}

fv_work fv_work_conv_backward_x(const fv_kernels *k, fv_conv_args *args)
{
    const fv_conv_geometry *g = &args->g;
    const size_t row = g->pad_left || g->pad_right ? fv_conv_padded_w(g) * g->in_c : 0;

    args->blocks = 1;
    args->scratch_bytes =
        lines((FV_WEIGHT_ROWS * (FV_COLUMNS + FV_COLUMN_MARGIN) + FV_COLUMN_MARGIN + row) * k->real_bytes);
    return work_of(g->n, conv_flops(g), 1, args->scratch_bytes);
}

/* A weight's gradient sums over all images. Small weights are summed in up to 16 parts; large ones have rows enough to
 * share, in up to 16 blocks, and are not split. */
fv_work fv_work_conv_backward_w(const fv_kernels *k, fv_conv_args *args)
{
    const fv_conv_geometry *g = &args->g;
    const size_t rows = fv_conv_rows_read(g, fv_conv_strip(g));

    args->parts = fv_conv_depth(g) * g->out_c <= 16384 ? smaller(g->n, 16) : 1;
    args->blocks = args->parts > 1 ? 1 : smaller(fv_conv_chunks(g), 16);
    args->scratch_bytes = !fv_conv_padded(g) ? 0 : lines(rows * fv_conv_padded_w(g) * g->in_c * k->real_bytes);
    return work_of(args->parts * args->blocks, conv_flops(g) * g->n / (args->parts * args->blocks), args->parts,
                   args->scratch_bytes);
}

/* Blocks of about so many tiles: filters are read once a block, so fewer wait for the third level, and more do not fit in
 * the second. */
static const size_t WINOGRAD_TILES = 56, WINOGRAD_MOST_TILES = 64;

/* Filters that are read again for each sample without loss: small ones, and those that many tiles of a sample share. Then no
 * block reaches into two samples, and units run through this and its neighbours (SqueezeNet, batch 16: a sixth less time). */
static bool read_by_samples(size_t filter_bytes, size_t tiles)
{
    return filter_bytes <= (size_t)3 << 19 || (filter_bytes <= (size_t)4 << 20 && tiles >= 40);
}

static size_t tile_blocks_of(size_t n, size_t tiles, size_t filter_bytes)
{
    const size_t runs = read_by_samples(filter_bytes, tiles / n) ? n : 1, run = tiles / runs;
    size_t blocks = (run + WINOGRAD_TILES - 1) / WINOGRAD_TILES;

    if (runs == 1 && blocks > 1 && blocks < 16 && blocks % 2) /* five would leave one of two threads waiting */
        blocks = run <= (blocks - 1) * WINOGRAD_MOST_TILES ? blocks - 1 : blocks + 1;
    return runs * blocks;
}

fv_work fv_work_winograd(const fv_kernels *k, fv_winograd_args *args, bool *apart)
{
    const fv_conv_geometry *g = &args->g;
    const fv_winograd_grid t = fv_winograd_tiles(g, args->side);
    const size_t planes = t.points * t.points, depth = g->in_c / g->groups, cols = g->out_c / g->groups;
    const size_t panels = fv_panel_count(k->panel, cols), flops = 2 * planes * t.count * depth * g->out_c;
    const size_t row = fv_winograd_row(depth), m_row = fv_winograd_row(FV_WINOGRAD_COLUMNS);
    size_t most;
    fv_work work;

    *apart = t.count < 2 * WINOGRAD_TILES && panels > 1 && flops > 8 * LEAST_FLOPS;
    args->tile_blocks = tile_blocks_of(*apart ? 1 : g->n, t.count, planes * depth * g->out_c * k->real_bytes);
    args->col_blocks = *apart ? smaller(panels, 1 + flops / args->tile_blocks / (4 * LEAST_FLOPS)) : 1;
    most = (t.count + args->tile_blocks - 1) / args->tile_blocks;
    args->scratch_bytes = lines(
        planes * (fv_winograd_plane(most * m_row) + (*apart ? 0 : fv_winograd_plane(most * row))) * k->real_bytes);
    work = work_of(args->tile_blocks * args->col_blocks, flops / (args->tile_blocks * args->col_blocks), 1,
                   args->scratch_bytes);
    work.together = *apart || args->tile_blocks % g->n != 0;
    return work;
}

fv_work fv_work_winograd_input(const fv_kernels *k, const fv_winograd_args *args)
{
    const fv_winograd_grid t = fv_winograd_tiles(&args->g, args->side);

    return cut(t.count, 2 * t.points * t.points * args->g.in_c * k->real_bytes, LEAST_BYTES);
}

fv_work fv_work_winograd_filters(const fv_kernels *k, const fv_winograd_filter_args *args)
{
    const size_t in_c = args->in_c / args->groups, out_c = args->out_c / args->groups;
    const size_t points = args->side + args->kernel - 1, depth = args->turned ? out_c : in_c;

    return cut(args->groups * fv_panel_count(k->panel, args->turned ? in_c : out_c),
               (points * points + args->kernel * args->kernel) * depth * k->panel * k->real_bytes, LEAST_BYTES);
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

fv_work fv_work_avgpool_forward(const fv_kernels *k, fv_pool_args *args)
{
    return fv_work_maxpool_forward(k, args);
}

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

size_t fv_square_parts(size_t count)
{
    return smaller(1 + count / 16384, 256);
}

fv_work fv_work_items(size_t items, size_t bytes)
{
    return cut(items, bytes, LEAST_BYTES);
}
