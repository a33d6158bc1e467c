/* The weight gradient by Winograd's method: how its work is cut, and when it is less than the direct method's.
 *
 *     dW = A'^T [ sum over tiles (G' dY G'^T) . (B^T d B) ] A'
 *
 * The roles of output and kernel change places: tiles of side x side gradients, the same points x points inputs and
 * B^T as forward, and kernel x kernel results; F(3x3,4x4) for 3x3 kernels, F(5x5,2x2) for 5x5. Each of the 36 points is
 * a matrix product dU[e] = V[e]^T Z[e] summed over tiles.
 *
 * Tiles go in chunks, so that V and Z stay in a cache. A chunk's transforms must be done before its products begin: rounds.
 * Each entry of dU is summed by one thread in the order of tiles; the chunks are part of that order and of the shape. */
#ifndef FV_KERNELS_WINOGRAD_WEIGHTS_H
#define FV_KERNELS_WINOGRAD_WEIGHTS_H
#include "kernels/winograd.h"
#include "kernels/work.h"

/* dw [kernel,kernel,in_c/groups,out_c], db [out_c] or NULL. v, z, du: memory for the planes of one chunk and of the sums;
 * fv_winograd_weights_layout says how large. Rounds: transforms and products of each chunk in turn, then dw from du; items
 * are `shares` equal shares of each. */
typedef struct fv_winograd_weights_args {
    fv_conv_geometry g;
    const void *x, *dy;
    void *dw, *db, *v, *z, *du;
    size_t chunks, shares;
    void *scratch;
    size_t scratch_bytes;
} fv_winograd_weights_args;

/* Tiles in their planes, in reals. */
typedef struct fv_winograd_weights_layout {
    fv_winograd_grid tiles;
    size_t v_row, v_plane, z_row, z_plane, du_plane;
} fv_winograd_weights_layout;

static inline fv_winograd_grid fv_winograd_weights_tiles(const fv_conv_geometry *g)
{
    return fv_winograd_tiles(g, FV_WINOGRAD_POINTS + 1 - g->kernel_h);
}

static inline fv_winograd_weights_layout fv_winograd_weights_planes(const fv_winograd_weights_args *a)
{
    const fv_conv_geometry *g = &a->g;
    fv_winograd_weights_layout l = {.tiles = fv_winograd_weights_tiles(g)};
    const size_t most = (l.tiles.count + a->chunks - 1) / a->chunks;

    l.v_row = fv_winograd_row(g->in_c);
    l.z_row = fv_winograd_row(g->out_c);
    l.v_plane = fv_winograd_plane(most * l.v_row);
    l.z_plane = fv_winograd_plane(most * l.z_row);
    l.du_plane = fv_winograd_plane(g->in_c / g->groups * g->out_c);
    return l;
}

/* Can it be computed so? */
static inline bool fv_winograd_weights_fits(const fv_conv_geometry *g)
{
    return g->kernel_h == g->kernel_w && (g->kernel_h == 3 || g->kernel_h == 5) && g->stride_h == 1 &&
           g->stride_w == 1 && g->dilation_h == 1 && g->dilation_w == 1;
}

/* Is it less than the direct method? Counted in multiplications for a weight: transforms cost as much as products at 64
 * channels, passing once over dU as much as the products of 20 tiles. Few channels fill vectors badly. */
static inline bool fv_winograd_weights_wins(const fv_conv_geometry *g)
{
    const size_t in = g->in_c / g->groups, out = g->out_c / g->groups, planes = FV_WINOGRAD_PLANES;
    size_t tiles, direct;

    if (!fv_winograd_weights_fits(g) || in < 32 || out < 32)
        return false;
    tiles = fv_winograd_weights_tiles(g).count;
    direct = g->kernel_h * g->kernel_w * g->n * g->out_h * g->out_w;
    return planes * (20 + tiles + 32 * tiles / in + 32 * tiles / out) < direct / 5 * 4;
}

/* Chunks of about 128 tiles, fewer where 64 channels leave the planes small. */
static inline fv_work fv_work_winograd_weights(const fv_kernels *k, fv_winograd_weights_args *args)
{
    const fv_conv_geometry *g = &args->g;
    const fv_winograd_grid tiles = fv_winograd_weights_tiles(g);
    const size_t most = g->in_c + g->out_c <= 256 ? 64 : 128;
    const size_t flops = 2 * FV_WINOGRAD_PLANES * most * (g->in_c / g->groups) * g->out_c;

    args->chunks = (tiles.count + most - 1) / most;
    args->shares = 72;
    return (fv_work){.items = args->shares,
                     .least_items = 1 + args->shares * 400000 / flops,
                     .parts = 1,
                     .rounds = 2 * args->chunks + 1,
                     .scratch_bytes = (fv_winograd_row(g->in_c > g->out_c ? g->in_c : g->out_c)) * k->real_bytes};
}

#endif
