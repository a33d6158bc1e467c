/* The gradient of a convolution to its input (args.h; forward in conv.c), a row of dx at a time:
 *
 *     columns[ow][kw,c] = sum over kh,o of dy[oh,ow,o] w[kh,kw,c,o]         oh stride_h + kh dilation_h = row + pad_top
 *     dx[row][ow stride_w + kw dilation_w][c] += columns[ow][kw,c]          ow in rising order
 *
 * The first is a matrix product on the register tile, kh falling and o rising; it leaves only the sum over kw for
 * additions in memory. Bound by arithmetic. */
#include "kernels/act.h"
#include "kernels/conv_rows.h"

/* Add columns [first, last) of one output pixel to the cells of its window in this row, cell by cell. */
static void add_cells(const fv_window_runs *r, const real *columns, size_t first, size_t last, real *dx)
{
    for (size_t i = 0, begin = 0; i < r->inner; i++, begin += r->run) {
        const size_t from = begin > first ? begin : first, to = begin + r->run < last ? begin + r->run : last;

        if (from < to)
            FV_FN(add_run)(dx + i * r->inner_step + (from - begin), columns + (from - first), to - from);
    }
}

/* The same for `count` pixels whose windows are runs of `run` neighbours, `step` apart, and overlap. Each vector of dx
 * gathers what reaches it, rather than each window being added: a load right behind a store of half its bytes waits.
 * Zeros lie around the rows of columns. */
static void gather_cells(const real *columns, size_t ld, size_t count, size_t run, size_t step, real *dx)
{
    const size_t n = (count - 1) * step + run;

    for (size_t f = 0, low = 0, high = 0; f < n; f += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(f, n));
        vec sum = vec_all(0);

        while (low * step + run <= f)
            low++;
        while (high < count && high * step < f + FV_LANES)
            high++;
        for (size_t i = low; i < high; i++)
            sum += vec_load(columns + (ptrdiff_t)(i * ld + f) - (ptrdiff_t)(i * step));
        vec_store_m(dx + f, vec_load_m(dx + f, m) + sum, m);
    }
}

/* The rows of the kernel that meet a row of the picture: kh = last, last - step, .. with oh = first, first + up, .. */
typedef struct {
    size_t count, last, step, first, up;
} meeting;

static meeting rows_met(const fv_conv_geometry *g, size_t row)
{
    meeting m = {0};

    for (size_t kh = g->kernel_h; kh-- > 0;) {
        const size_t top = row + g->pad_top, at = kh * g->dilation_h;

        if (at > top || (top - at) % g->stride_h || (top - at) / g->stride_h >= g->out_h)
            continue;
        if (m.count == 0) {
            m.last = kh;
            m.first = (top - at) / g->stride_h;
        } else if (m.count == 1) {
            m.step = m.last - kh;
            m.up = (top - at) / g->stride_h - m.first;
        }
        m.count++;
    }
    return m;
}

/* One group's share of a row of dx. dy and dx begin at the group's first channel, w with its first matrix. */
static void group_row(const fv_conv_args *a, const real *dy, const real *w, const meeting *m, real *columns, real *dx)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, out_c = g->out_c / g->groups, cols = g->kernel_w * in_c;
    const size_t panels = fv_panel_count(FV_PANEL, cols), at_once = FV_COLUMNS / FV_PANEL;
    const size_t part = out_c * fv_panel_columns(FV_PANEL, cols), step = g->stride_w * g->in_c;
    const fv_window_runs r = fv_conv_runs(g, 0);
    fv_row_product p = {
        .tile = {.outer = m->count, .inner = 1, .run = out_c, .outer_step = m->up * g->out_w * g->out_c, .run_step = 1},
        .b = w + m->last * part,
        .part = -(ptrdiff_t)(m->step * part),
        .depth = out_c,
        .cols = cols};
    const real *rows[FV_CHUNK];
    size_t count = 0;

    p.tile.a = rows;
    for (size_t ow = 0; ow < g->out_w; ow += count) {
        count = fv_next_rows(g->out_w - ow);
        for (size_t i = 0; i < count; i++)
            rows[i] = dy + (m->first * g->out_w + ow + i) * g->out_c;
        for (p.first = 0; p.first < panels; p.first = p.last) {
            p.last = panels - p.first > at_once ? p.first + at_once : panels;

            const size_t first = fv_panel_begin(FV_PANEL, cols, p.first);
            const size_t padded_last = fv_panel_begin(FV_PANEL, cols, p.last);

            const size_t last = padded_last < cols ? padded_last : cols;

            p.tile.ldc = padded_last - first + FV_LANES;
            p.c = columns;
            FV_FN(multiply_rows)(&p, count);
            if (r.inner == 1) {
                for (size_t i = 0; i <= count; i++)
                    FV_FN(clear)(columns + i * p.tile.ldc - FV_LANES, FV_LANES);
                for (size_t i = 0; i < count; i++)
                    FV_FN(clear)(columns + i * p.tile.ldc + (last - first), padded_last - last);
                gather_cells(columns, p.tile.ldc, count, last - first, step, dx + ow * step + first);
            }
            for (size_t i = 0; r.inner > 1 && i < count; i++)
                add_cells(&r, columns + i * p.tile.ldc, first, last, dx + (ow + i) * step);
        }
    }
}

/* Row `row` of dx of one image, and `add` (NULL = nothing), which may lie where dx does. */
static void image_row(const fv_conv_args *a, const real *dy, size_t row, const real *add, real *columns, real *dx)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, out_c = g->out_c / g->groups, width = g->in_w * g->in_c;
    const size_t weights = g->kernel_h * out_c * fv_panel_columns(FV_PANEL, g->kernel_w * in_c);
    const bool pad = g->pad_left || g->pad_right;
    const meeting m = rows_met(g, row);
    real *to = pad ? columns + FV_CHUNK * (FV_COLUMNS + FV_COLUMN_MARGIN) : dx;

    if (pad || add != dx)
        FV_FN(clear)(to, pad ? fv_conv_padded_w(g) * g->in_c : width);
    if (!pad && add && add != dx)
        FV_FN(add_run)(dx, add, width);
    for (size_t group = 0; m.count && group < g->groups; group++)
        group_row(a, dy + group * out_c, (const real *)a->w + group * weights, &m, columns, to + group * in_c);
    for (size_t i = 0; pad && i < width; i += FV_LANES) {
        const vmask mask = vec_mask(vec_lanes(i, width));
        const vec sum = vec_load_m(to + g->pad_left * g->in_c + i, mask);

        vec_store_m(dx + i, add ? sum + vec_load_m(add + i, mask) : sum, mask);
    }
}

/* Items are images. */
void FV_FN(conv_backward_x)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const size_t width = g->in_w * g->in_c;
    real *columns = (real *)(void *)((char *)a->scratch + slice * a->scratch_bytes) + FV_LANES;

    for (size_t image = begin; image < end; image++) {
        const real *dy = (const real *)a->dy + image * g->out_h * g->out_w * g->out_c;

        for (size_t row = 0; row < g->in_h; row++) {
            const size_t at = (image * g->in_h + row) * width;
            real *dx = (real *)a->dx + at;

            image_row(a, dy, row, a->add ? (const real *)a->add + at : NULL, columns, dx);
            if (a->gate)
                FV_FN(act_back_run)(a->gate_act, (const real *)a->gate + at, dx, dx, width);
        }
    }
}
