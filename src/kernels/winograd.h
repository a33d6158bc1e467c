/* Winograd's convolution (Winograd 1980; Lavin, Gray 2015): what its kernels and fv_work share, tiles and layouts.
 *
 *     Y = A^T [ (G g G^T) . (B^T d B) ] A
 *
 * A tile of side x side outputs reads points x points inputs, points = side + kernel - 1, and takes points^2
 * multiplications for each pair of channels instead of (side kernel)^2: 36 for 144 with F(4x4,3x3). Each of the
 * points^2 products is a matrix product of its own, tiles by channels, so transformed tiles V, filters U and products M
 * are kept as `planes`, plane e = i points + j holding point (i, j) of all tiles:
 *
 *     V[e][tile][channel]      rows of fv_winograd_row reals, planes fv_winograd_plane apart
 *     U[panel][e][channel][width]      panels of output channels (pack.h)
 *     M[e][tile][output channel] */
#ifndef FV_KERNELS_WINOGRAD_H
#define FV_KERNELS_WINOGRAD_H
#include "kernels/args.h"
#include "kernels/pack.h"

enum {
    FV_WINOGRAD_POINTS = 6, /* at most */
    FV_WINOGRAD_PLANES = FV_WINOGRAD_POINTS * FV_WINOGRAD_POINTS,
    FV_WINOGRAD_COLUMNS = 64 /* output channels whose products M are in the cache at once; whole panels */
};

/* The tiles of a convolution's output, row by row, picture by picture. The last of a row or column may be partial. */
typedef struct fv_winograd_grid {
    size_t side, points, down, across, count;
} fv_winograd_grid;

static inline fv_winograd_grid fv_winograd_tiles(const fv_conv_geometry *g, size_t side)
{
    const size_t down = (g->out_h + side - 1) / side, across = (g->out_w + side - 1) / side;

    return (fv_winograd_grid){side, side + g->kernel_h - 1, down, across, g->n * down * across};
}

/* Picture and first output pixel of a tile. */
typedef struct fv_winograd_place {
    size_t image, top, left;
} fv_winograd_place;

static inline fv_winograd_place fv_winograd_at(const fv_winograd_grid *t, size_t tile)
{
    const size_t row = tile / t->across;

    return (fv_winograd_place){row / t->down, row % t->down * t->side, tile % t->across * t->side};
}

/* Distance of two rows of V or M, in reals: a line more than whole lines, so that rows of a register tile do not meet in
 * a set of the cache. */
static inline size_t fv_winograd_row(size_t channels)
{
    return (channels + 15) / 16 * 16 + 16;
}

/* Distance of planes of at least `reals` reals: an odd number of lines, or the stores of a tile to all planes fall into
 * one set of the cache and take twice as long. */
static inline size_t fv_winograd_plane(size_t reals)
{
    const size_t lines = (reals + 15) / 16;

    return (lines + (lines % 2 == 0)) * 16;
}

/* Where panel i of the filters of one group begins, in reals; or their number if i is past the last. */
static inline size_t fv_winograd_panel(size_t panel, size_t points, size_t depth, size_t cols, size_t i)
{
    const size_t whole = i < cols / panel ? i : cols / panel, planes = points * points;
    size_t at = whole * planes * fv_winograd_plane(depth * panel), width;

    for (size_t c = whole * panel; i > whole && c < cols; i--, c += width) {
        width = fv_panel_width(panel, cols - c);
        at += planes * fv_winograd_plane(depth * width);
    }
    return at;
}

/* ---- winograd_filters: u of w [kernel,kernel,in_c/groups,out_c], group after group. `turned`: for the gradient to the
 * data, kernels turned by 180 degrees, and inputs and outputs exchanged. Items are groups x panels. */
typedef struct fv_winograd_filter_args {
    const void *w;
    void *u;
    size_t kernel, side, in_c, out_c, groups; /* channels of all groups */
    bool turned;
} fv_winograd_filter_args;

/* ---- winograd_forward: y = act(conv(x, w) + bias + add) * act_gradient(gate), with `pool` (then out_h and out_w are
 * even, and there is neither add nor gate) y = act(the largest of each 2x2 of conv(x, w) + bias); stride and dilation are 1, padding is less
 * than the kernel. bias [out_c], add and gate of y's shape, each NULL if there is none; add may be y's memory. The gradient to the data is
 * this too, from dy to dx with turned filters and the padding kernel - 1 - pad. Items are tile_blocks x col_blocks (runs
 * of panels), the columns fastest; with more than one column block v holds the tiles already.
 * ---- winograd_input: v [groups][planes][tiles][row] of x. Items are tiles. */
typedef struct fv_winograd_args {
    fv_conv_geometry g;
    const void *x, *u, *bias, *add, *gate;
    void *y, *v; /* v: NULL = tiles are transformed where they are multiplied */
    size_t side, tile_blocks, col_blocks;
    size_t y_step; /* elements from one pixel of y (and of add and gate) to the next, 0 = out_c */
    fv_act act, gate_act;
    bool pool;
    void *scratch; /* slice s begins at scratch + s * scratch_bytes */
    size_t scratch_bytes;
} fv_winograd_args;

/* Reals of v. */
static inline size_t fv_winograd_tiles_size(const fv_conv_geometry *g, size_t side)
{
    const fv_winograd_grid t = fv_winograd_tiles(g, side);

    return g->groups * t.points * t.points * fv_winograd_plane(t.count * fv_winograd_row(g->in_c / g->groups));
}

#endif
