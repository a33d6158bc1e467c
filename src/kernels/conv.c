/* Convolution forward over [n,h,w,c] with weights [kernel_h,kernel_w,in_c/groups,out_c], as a matrix product without the
 * matrix: a row of the tile is an output pixel, and what it reads of the picture is a few runs of neighbours.
 *
 *     y[n,oh,ow,o] = act(bias[o] + sum over kh,kw,c of x[n, oh stride_h + kh dilation_h - pad_top, ..., c] w[kh,kw,c,o]
 *                        + add[n,oh,ow,o])
 *
 * Where there is padding, the rows that an item reads are first copied between zeros. Bound by arithmetic. */
#include "kernels/conv.h"

#include "kernels/act.h"
#include "kernels/conv_rows.h"
#include "kernels/tile.h"

/* Output pixels [first, last) of one group; x is padded row 0 of the item, which begins at output row `top`. */
static void group_rows(const fv_conv_args *a, const real *x, size_t pitch, size_t group, size_t top, size_t bottom,
                       const real *add, real *y)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, out_c = g->out_c / g->groups, depth = fv_conv_depth(g);
    const size_t step = g->stride_w * g->in_c, panels = fv_panel_count(FV_PANEL, out_c);
    const fv_window_runs r = fv_conv_runs(g, pitch);
    fv_row_product p = {.tile = {.outer = r.outer,
                                 .inner = r.inner,
                                 .run = r.run,
                                 .outer_step = r.outer_step,
                                 .inner_step = r.inner_step,
                                 .run_step = 1,
                                 .ldc = fv_conv_y_step(a)},
                        .b = (const real *)a->w + group * depth * fv_panel_columns(FV_PANEL, out_c),
                        .bias = a->bias ? (const real *)a->bias + group * out_c : NULL,
                        .depth = depth,
                        .cols = out_c,
                        .last = panels};
    const size_t pixels = (bottom - top) * g->out_w;
    const real *rows[FV_CHUNK];
    size_t count = 0;

    x += group * in_c;
    y += group * out_c;
    add = add ? add + group * out_c : NULL;
    p.tile.a = rows;
    p.tile.fetch = fv_tile_fetches(g->n * g->out_h * g->out_w * p.tile.ldc);
    fv_tile_act(&p.tile, a->act);
    /* Pixels of one channel are neighbours themselves: no pointers are needed, as long as tiles end with the row. */
    p.neighbours = step == 1;
    for (size_t first = 0, oh = 0, ow = 0; first < pixels; first += count) {
        count = fv_next_rows(p.neighbours ? g->out_w - ow : pixels - first);
        if (p.neighbours) {
            p.tile.base = x + oh * g->stride_h * pitch + ow;
            ow += count;
            oh += ow == g->out_w;
            ow = ow == g->out_w ? 0 : ow;
        }
        for (size_t i = 0; i < count && !p.neighbours; i++) {
            rows[i] = x + oh * g->stride_h * pitch + ow * step;
            if (++ow == g->out_w) {
                ow = 0;
                oh++;
            }
        }
        p.c = y + first * p.tile.ldc;
        p.add = add ? add + first * p.tile.ldc : NULL;
        FV_FN(multiply_rows)(&p, count);
    }
}

/* Activations that the tile does not do, over pixels that are still in the cache. */
static void activate(const fv_conv_args *a, real *y, size_t pixels)
{
    const size_t step = fv_conv_y_step(a), runs = step == a->g.out_c ? 1 : pixels;

    for (size_t i = 0; i < runs; i++, y += step)
        FV_FN(act_run)(a->act, y, y, pixels / runs * a->g.out_c);
}

/* Items are images x row blocks. */
void FV_FN(conv_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;
    real *padded = (real *)(void *)((char *)a->scratch + slice * a->scratch_bytes);
    const size_t pitch = (fv_conv_padded(g) ? fv_conv_padded_w(g) : g->in_w) * g->in_c;

    for (size_t item = begin; item < end; item++) {
        const size_t image = item / a->blocks, block = item % a->blocks;
        const size_t top = block * g->out_h / a->blocks, bottom = (block + 1) * g->out_h / a->blocks;
        const real *x = (const real *)a->x + image * g->in_h * g->in_w * g->in_c;
        const size_t at = (image * g->out_h + top) * g->out_w * fv_conv_y_step(a);
        const real *add = a->add ? (const real *)a->add + at : NULL;
        real *y = (real *)a->y + at;

        if (fv_conv_padded(g)) {
            FV_FN(pad_rows)(g, x, top * g->stride_h, fv_conv_rows_read(g, bottom - top), padded);
            x = padded;
        } else {
            x += top * g->stride_h * pitch;
        }
        for (size_t group = 0; group < g->groups; group++)
            group_rows(a, x, pitch, group, top, bottom, add, y);
        if (a->act != FV_ACT_RELU && a->act != FV_ACT_RELU6)
            activate(a, y, (bottom - top) * g->out_w);
    }
}

void FV_FN(pad_rows)(const fv_conv_geometry *g, const real *x, size_t first, size_t rows, real *out)
{
    const size_t left = g->pad_left * g->in_c, width = g->in_w * g->in_c, pitch = fv_conv_padded_w(g) * g->in_c;

    FV_FN(clear)(out, rows * pitch);
    for (size_t h = first; h < first + rows; h++, out += pitch) {
        const real *row;
        size_t i = 0;

        if (h < g->pad_top || h - g->pad_top >= g->in_h)
            continue;
        row = x + (h - g->pad_top) * width;
        for (; i + FV_LANES <= width; i += FV_LANES)
            vec_store(out + left + i, vec_load(row + i));
        if (i < width)
            vec_store_m(out + left + i, vec_load_m(row + i, vec_mask(width - i)), vec_mask(width - i));
    }
}

void FV_FN(add_run)(real *to, const real *from, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(to + i, vec_load(to + i) + vec_load(from + i));
    if (i < n) {
        const vmask m = vec_mask(n - i);

        vec_store_m(to + i, vec_load_m(to + i, m) + vec_load_m(from + i, m), m);
    }
}
