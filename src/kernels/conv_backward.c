/* Gradients of a convolution (args.h; forward in conv.c). Both are matrix products on the register tile:
 *
 *   backward_x  columns[pixel][kh,kw,c] = dy[pixel] w^T, a chunk of pixels at a time, then each pixel's row of it is added
 *               to the window it came from, pixels in rising order
 *   backward_w  dw[kh,kw,c][o] = sum over pixels of x[window of pixel][kh,kw,c] dy[pixel][o], pixels in rising order
 *
 * Bound by arithmetic, and backward_x with few channels by the additions. */
#include "kernels/act.h"
#include "kernels/conv_rows.h"

void FV_FN(clear)(real *p, size_t n)
{
    for (size_t i = 0; i < n; i += FV_LANES)
        vec_store_m(p + i, vec_all(0), vec_mask(vec_lanes(i, n)));
}

static void add_run(real *to, const real *from, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(to + i, vec_load(to + i) + vec_load(from + i));
    if (i < n) {
        const vmask m = vec_mask(n - i);

        vec_store_m(to + i, vec_load_m(to + i, m) + vec_load_m(from + i, m), m);
    }
}

/* Add columns [first, last) of one pixel's row to its window, which begins at dx. */
static void add_window(const fv_window_runs *r, const real *columns, size_t first, size_t last, real *dx)
{
    for (size_t o = 0, begin = 0; o < r->outer; o++)
        for (size_t i = 0; i < r->inner; i++, begin += r->run) {
            const size_t from = begin > first ? begin : first, to = begin + r->run < last ? begin + r->run : last;

            if (from < to)
                add_run(dx + o * r->outer_step + i * r->inner_step + (from - begin), columns + (from - first), to - from);
        }
}

/* One group of an image: dy and dx begin at the group's first channel; dx is padded if the convolution is. */
static void group_backward_x(const fv_conv_args *a, const real *dy, real *dx, size_t pitch, size_t group, real *columns)
{
    const fv_conv_geometry *g = &a->g;
    const size_t out_c = g->out_c / g->groups, cols = fv_conv_depth(g), pixels = g->out_h * g->out_w;
    const size_t panels = fv_panel_count(FV_PANEL, cols), at_once = FV_COLUMNS / FV_PANEL;
    const fv_window_runs r = fv_conv_runs(g, pitch);
    fv_row_product p = {
        .tile = {.outer = 1, .inner = 1, .run = out_c, .run_step = 1},
        .b = (const real *)a->w + group * out_c * fv_panel_columns(FV_PANEL, cols),
        .depth = out_c, .cols = cols,
    };
    const real *rows[FV_CHUNK];
    size_t count = 0;

    p.tile.a = rows;
    for (size_t pixel = 0; pixel < pixels; pixel += count) {
        count = fv_next_rows(pixels - pixel);
        for (size_t i = 0; i < count; i++)
            rows[i] = dy + (pixel + i) * g->out_c;
        for (p.first = 0; p.first < panels; p.first = p.last) {
            p.last = panels - p.first > at_once ? p.first + at_once : panels;

            const size_t first = fv_panel_begin(FV_PANEL, cols, p.first);
            const size_t padded_last = fv_panel_begin(FV_PANEL, cols, p.last);
            const size_t last = padded_last < cols ? padded_last : cols;

            p.tile.ldc = padded_last - first;
            p.c = columns;
            FV_FN(multiply_rows)(&p, count);
            for (size_t i = 0; i < count; i++) {
                const size_t oh = (pixel + i) / g->out_w, ow = (pixel + i) % g->out_w;

                add_window(&r, columns + i * p.tile.ldc, first, last,
                           dx + oh * g->stride_h * pitch + ow * g->stride_w * g->in_c);
            }
        }
    }
}

/* Copy the inside of the padded dx out. */
static void take_inside(const fv_conv_geometry *g, const real *padded, size_t pitch, real *dx)
{
    const size_t width = g->in_w * g->in_c;

    padded += g->pad_top * pitch + g->pad_left * g->in_c;
    for (size_t h = 0; h < g->in_h; h++, padded += pitch, dx += width)
        for (size_t i = 0; i < width; i += FV_LANES) {
            const vmask m = vec_mask(vec_lanes(i, width));

            vec_store_m(dx + i, vec_load_m(padded + i, m), m);
        }
}

/* Items are images. */
void FV_FN(conv_backward_x)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const bool pad = fv_conv_padded(g);
    const size_t in = g->in_h * g->in_w * g->in_c, in_c = g->in_c / g->groups, out_c = g->out_c / g->groups;
    const size_t pitch = (pad ? fv_conv_padded_w(g) : g->in_w) * g->in_c;
    const size_t work = (pad ? fv_conv_padded_h(g) : g->in_h) * pitch;
    real *columns = (real *)(void *)((char *)a->scratch + slice * a->scratch_bytes);
    real *padded = columns + FV_CHUNK * FV_COLUMNS;

    for (size_t image = begin; image < end; image++) {
        const real *dy = (const real *)a->dy + image * g->out_h * g->out_w * g->out_c;
        real *dx = (real *)a->dx + image * in, *to = pad ? padded : dx;

        FV_FN(clear)(to, work);
        for (size_t group = 0; group < g->groups; group++)
            group_backward_x(a, dy + group * out_c, to + group * in_c, pitch, group, columns);
        if (pad)
            take_inside(g, padded, pitch, dx);
        if (a->gate)
            FV_FN(act_back_run)(a->gate_act, (const real *)a->gate + image * in, dx, dx, in);
    }
}
