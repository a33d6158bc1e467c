/* Winograd's convolution (winograd.h), also as the gradient to the data: blocks of tiles are transformed, multiplied plane
 * by plane on the register tile, 64 output channels at a time, and transformed back into pixels while the products are
 * in the cache, with everything that is done to an output in the same breath. Bound by arithmetic, but for few channels,
 * where the transforms are bound by the cache.
 *
 * Each product is one chain over the input channels, so results do not depend on how tiles and columns are gathered. */
#include "kernels/act.h"
#include "kernels/conv_rows.h"
#include "kernels/winograd_lines.h"

/* What happens to the outputs of one tile: pointers are to its first pixel, bias to its first channel. */
typedef struct outputs {
    const real *bias, *add, *gate;
    real *y;
    size_t row, pixel;   /* distances in y, add and gate */
    size_t down, across; /* pixels that exist, of y */
    bool relu, relu_gate;
} outputs;

/* A row of `side` pixels of a tile's outputs begins at `at`: the channels of `m`, whose bias this is. */
FV_INLINE void put_row(size_t side, bool whole, const outputs *o, size_t at, size_t pixel, vec *r, vec bias, vmask m)
{
    FV_UNROLL for (size_t j = 0; j < side; j++, at += pixel)
    {
        if (!whole && j >= o->across)
            continue;
        r[j] += bias;
        if (o->add)
            r[j] += whole ? vec_load(o->add + at) : vec_load_m(o->add + at, m);
        if (o->relu)
            r[j] = vec_max(vec_all(0), r[j]);
        if (o->relu_gate)
            r[j] = vec_act_back(FV_ACT_RELU, whole ? vec_load(o->gate + at) : vec_load_m(o->gate + at, m), r[j]);
        if (whole)
            vec_store(o->y + at, r[j]);
        else
            vec_store_m(o->y + at, r[j], m);
    }
}

/* The largest of each 2x2 of two rows of `side`. The cells' order is that of max-pooling: it says which of -0 and 0, or of a
 * NaN and a number, stays. Rounding keeps the order, so a bias may be added afterwards. */
FV_INLINE void pool_rows(size_t side, const vec *above, const vec *below, vec *out)
{
    FV_EACH (j, side / 2)
        out[j] = vec_max(below[2 * j + 1], vec_max(below[2 * j], vec_max(above[2 * j + 1], above[2 * j])));
}

/* The channels of `m` from c on. A tile that is not `whole` stores what exists. */
FV_INLINE void transform(size_t side, size_t points, bool pool, bool whole, const outputs *o, const real *from,
                         size_t plane, size_t c, vmask m)
{
    const vec bias = o->bias ? vec_load_m(o->bias + c, m) : vec_all(0);
    vec t[4][FV_WINOGRAD_POINTS], above[4];
    size_t down = points * plane, row = c, pixel = o->pixel; /* addresses are stepped along: there are many */

    FV_OPAQUE(down);
    FV_OPAQUE(pixel);
    from += c;
    FV_EACH (j, points) {
        vec d[FV_WINOGRAD_POINTS], r[4];
        const real *at = from;

        FV_EACH (i, points) {
            d[i] = vec_load(at);
            at += down;
        }
        from += plane;
        winograd_output_line(side, points, d, r);
        FV_EACH (i, side)
            t[i][j] = r[i];
    }
    FV_EACH (i, side) {
        const size_t height = pool ? 2 : 1;
        vec r[4], largest[2];

        winograd_output_line(side, points, t[i], i % height + 1 < height ? above : r);
        if (i % height + 1 < height)
            continue;
        if (pool)
            pool_rows(side, above, r, largest);
        if (whole || i / height < o->down)
            put_row(side / height, whole, o, row, pixel, pool ? largest : r, bias, m);
        row += o->row;
    }
}

FV_INLINE void all_channels(size_t side, size_t points, bool pool, const outputs *o, const real *from, size_t plane,
                            size_t n)
{
    const size_t most = pool ? side / 2 : side;
    size_t c = 0;

    if (o->down == most && o->across == most)
        for (; c + FV_LANES <= n; c += FV_LANES)
            transform(side, points, pool, true, o, from, plane, c, vec_mask(FV_LANES));
    for (; c < n; c += FV_LANES)
        transform(side, points, pool, false, o, from, plane, c, vec_mask(vec_lanes(c, n)));
}

FV_INLINE void tile_outputs(const fv_winograd_grid *grid, bool pool, const outputs *o, const real *from, size_t plane,
                            size_t n)
{
    if (grid->side == 4)
        all_channels(4, 6, pool, o, from, plane, n);
    else if (grid->points == 6)
        all_channels(2, 6, pool, o, from, plane, n);
    else
        all_channels(2, 4, pool, o, from, plane, n);
}

/* Activations that take more than a comparison, over n channels of a tile that are still in the cache. */
static void finish(const fv_winograd_args *a, const outputs *o, size_t n)
{
    for (size_t i = 0; i < o->down; i++)
        for (size_t j = 0; j < o->across; j++) {
            const size_t at = i * o->row + j * o->pixel;

            if (!o->relu)
                FV_FN(act_run)(a->act, o->y + at, o->y + at, n);
            if (o->gate && !o->relu_gate)
                FV_FN(act_back_run)(a->gate_act, o->gate + at, o->y + at, o->y + at, n);
        }
}

/* What one call works on: a group's share of tiles [first, first + tiles), and its columns. */
typedef struct block {
    fv_winograd_grid grid;
    size_t group, first, tiles;
    const real *v; /* of tile `first` */
    size_t v_row, v_plane;
    real *m;
    size_t m_row, m_plane;
} block;

/* Output channels [begin, begin + n) of the group from the products. */
static void outputs_of(const fv_winograd_args *a, const block *b, size_t begin, size_t n)
{
    const fv_conv_geometry *g = &a->g;
    const size_t step = a->y_step ? a->y_step : g->out_c;
    const size_t channel = b->group * (g->out_c / g->groups) + begin, cell = a->pool ? 2 : 1;
    const size_t side = b->grid.side / cell, out_h = g->out_h / cell, out_w = g->out_w / cell;

    for (size_t i = 0; i < b->tiles; i++) {
        const fv_winograd_place at = fv_winograd_at(&b->grid, b->first + i);
        const size_t top = at.top / cell, left = at.left / cell;
        const size_t pixel = ((at.image * out_h + top) * out_w + left) * step + channel;
        const outputs o = {.bias = a->bias ? (const real *)a->bias + channel : NULL,
                           .add = a->add ? (const real *)a->add + pixel : NULL,
                           .gate = a->gate ? (const real *)a->gate + pixel : NULL,
                           .y = (real *)a->y + pixel,
                           .row = out_w * step,
                           .pixel = step,
                           .down = out_h - top < side ? out_h - top : side,
                           .across = out_w - left < side ? out_w - left : side,
                           .relu = a->act == FV_ACT_RELU,
                           .relu_gate = a->gate && a->gate_act == FV_ACT_RELU};
        const real *from = b->m + i * b->m_row;

        if (a->pool)
            tile_outputs(&b->grid, true, &o, from, b->m_plane, n);
        else
            tile_outputs(&b->grid, false, &o, from, b->m_plane, n);
        if ((a->act != FV_ACT_NONE && !o.relu) || (a->gate && !o.relu_gate))
            finish(a, &o, n);
    }
}

/* One panel of filters times all tiles of the block, plane by plane: column `column` of M on. */
static void products(const block *b, const real *u, size_t depth, size_t width, size_t column)
{
    const size_t planes = b->grid.points * b->grid.points, u_plane = fv_winograd_plane(depth * width);
    const real *rows[FV_CHUNK];
    fv_tile t = {.a = rows,
                 .b_step = width,
                 .outer = 1,
                 .inner = 1,
                 .run = depth,
                 .run_step = 1,
                 .init = FV_FN(zeros),
                 .ldc = b->m_row,
                 .cols = width};
    size_t count = 0;

    for (size_t e = 0; e < planes; e++)
        for (size_t i = 0; i < b->tiles; i += count) {
            count = fv_next_rows(b->tiles - i);
            for (size_t r = 0; r < count; r++)
                rows[r] = b->v + e * b->v_plane + (i + r) * b->v_row;
            t.b = u + e * u_plane;
            t.c = b->m + e * b->m_plane + i * b->m_row + column;
            FV_FN(tile_pointers)(&t, count, width);
        }
}

/* Panels [first, last) of the block's columns. */
static void columns(const fv_winograd_args *a, const block *b, size_t first, size_t last)
{
    const fv_conv_geometry *g = &a->g;
    const size_t depth = g->in_c / g->groups, cols = g->out_c / g->groups, panels = fv_panel_count(FV_PANEL, cols);
    const size_t size = fv_winograd_panel(FV_PANEL, b->grid.points, depth, cols, panels);
    const real *u = (const real *)a->u + b->group * size;

    for (size_t panel = first, next; panel < last; panel = next) {
        const size_t begin = fv_panel_begin(FV_PANEL, cols, panel);
        size_t column = 0;

        next = panel + FV_WINOGRAD_COLUMNS / FV_PANEL < last ? panel + FV_WINOGRAD_COLUMNS / FV_PANEL : last;
        for (size_t p = panel; p < next; p++) {
            const size_t width = fv_panel_width(FV_PANEL, cols - begin - column);

            products(b, u + fv_winograd_panel(FV_PANEL, b->grid.points, depth, cols, p), depth, width, column);
            column += width;
        }
        outputs_of(a, b, begin, cols - begin < column ? cols - begin : column);
    }
}

/* Items are tile_blocks x col_blocks, the columns fastest. */
void FV_FN(winograd_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_winograd_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const fv_winograd_grid grid = fv_winograd_tiles(g, a->side);
    const size_t channels = g->in_c / g->groups, row = fv_winograd_row(channels), planes = grid.points * grid.points;
    const size_t most = (grid.count + a->tile_blocks - 1) / a->tile_blocks;
    const size_t panels = fv_panel_count(FV_PANEL, g->out_c / g->groups);
    block b = {.grid = grid, .v_row = row, .m_row = fv_winograd_row(FV_WINOGRAD_COLUMNS)};

    b.m = (real *)(void *)((char *)a->scratch + slice * a->scratch_bytes);
    b.m_plane = fv_winograd_plane(most * b.m_row);
    b.v_plane = fv_winograd_plane((a->v ? grid.count : most) * row);
    for (size_t item = begin; item < end; item++) {
        const size_t tb = item / a->col_blocks, cb = item % a->col_blocks;

        b.first = tb * grid.count / a->tile_blocks;
        b.tiles = (tb + 1) * grid.count / a->tile_blocks - b.first;
        for (b.group = 0; b.group < g->groups; b.group++) {
            real *v = b.m + planes * b.m_plane;

            b.v = a->v ? (const real *)a->v + b.group * planes * b.v_plane + b.first * row : v;
            for (size_t i = 0; !a->v && i < b.tiles; i++) {
                const fv_winograd_place at = fv_winograd_at(&grid, b.first + i);
                const size_t image = at.image * g->in_h * g->in_w * g->in_c;

                FV_FN(winograd_tile)
                (g, grid.points, (const real *)a->x + image + b.group * channels, at.top, at.left, channels,
                 v + i * row, b.v_plane);
            }
            columns(a, &b, cb * panels / a->col_blocks, (cb + 1) * panels / a->col_blocks);
        }
    }
}
