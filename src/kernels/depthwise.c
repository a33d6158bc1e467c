/* Depthwise convolution (fv_conv_args with groups = channels), forward and back to the input: each channel has a filter
 * of its own. Lanes are channels.
 *
 *     y[oh,ow,c] = act(bias[c] + sum over kh,kw of x[oh s + kh d - p, ow s + kw d - p, c] w[kh,kw,c])
 *     dx[h,w,c]  = sum over the kh,kw, oh,ow that reach it of dy[oh,ow,c] w[kh,kw,c]
 *
 * Both gather: a destination reads a grid of source cells and weights, described by a run of taps down and one across.
 * Bound by loads: up to 3x3 weights stay in registers along a row. */
#include "kernels/act.h"
#include "kernels/depthwise_axis.h"

/* Taps of one destination row or column: weight k + i k_step meets source at + i move, i < count. */
typedef struct fv_taps {
    size_t count, k, k_step, at;
    ptrdiff_t move;
} fv_taps;

/* Output o reads these inputs. */
static fv_taps forward_taps(const fv_axis *a, size_t o)
{
    const size_t first = o * a->stride, begin = a->pad > first ? up(a->pad - first, a->dilation) : 0;
    const size_t end = a->in + a->pad > first ? smaller(a->kernel, up(a->in + a->pad - first, a->dilation)) : 0;

    return (fv_taps){.count = end > begin ? end - begin : 0,
                     .k = begin,
                     .k_step = 1,
                     .at = first + begin * a->dilation - a->pad,
                     .move = (ptrdiff_t)a->dilation};
}

/* Input i was read by these outputs: o stride + k dilation = i + pad. */
static fv_taps backward_taps(const fv_axis *a, size_t i)
{
    const size_t top = i + a->pad;
    fv_taps t = {.k_step = 1};

    for (size_t k = 0; k < a->kernel && k * a->dilation <= top; k++) {
        const size_t rest = top - k * a->dilation;

        if (rest % a->stride || rest / a->stride >= a->out)
            continue;
        if (t.count == 0) {
            t.k = k;
            t.at = rest / a->stride;
        } else if (t.count == 1) {
            t.k_step = k - t.k;
            t.move = (ptrdiff_t)(rest / a->stride) - (ptrdiff_t)t.at;
        }
        t.count++;
    }
    return t;
}

/* Of the inputs rest, rest + stride, .., which meet the same weights. */
static fv_run backward_run(const fv_axis *a, size_t rest)
{
    const size_t from = rest + a->pad, whole = a->stride * a->kernel * a->dilation;
    size_t least = a->kernel, most = 0, begin, end, limit;

    for (size_t k = 0; k < a->kernel; k++)
        if ((from + whole - k * a->dilation) % a->stride == 0) {
            least = smaller(least, k);
            most = k;
        }
    limit = (a->out - 1) * a->stride + least * a->dilation;
    if (least == a->kernel || limit < from)
        return (fv_run){.apart = a->stride, .step = 1};
    begin = most * a->dilation > from ? up(most * a->dilation - from, a->stride) : 0;
    end = smaller((limit - from) / a->stride + 1, up(a->in - rest, a->stride));
    return (fv_run){
        .begin = rest + begin * a->stride, .count = end > begin ? end - begin : 0, .apart = a->stride, .step = 1};
}

/* What a row of destinations is gathered from. */
typedef struct fv_gather {
    const real *from, *w, *bias; /* source image, weights, [channels] or NULL */
    size_t channels, from_w, kernel_w;
    fv_taps rows;
    vec least, most; /* results are clamped to these: ReLU and ReLU6 for nothing */
} fv_gather;

FV_INLINE vec clamp(const fv_gather *g, vec v)
{
    return vec_min(g->most, vec_max(g->least, v));
}

/* One destination, any taps. */
static void gather_pixel(const fv_gather *g, const fv_taps *cols, real *to)
{
    const ptrdiff_t down = g->rows.move * (ptrdiff_t)(g->from_w * g->channels),
                    across = cols->move * (ptrdiff_t)g->channels;
    const real *from = g->from + (g->rows.at * g->from_w + cols->at) * g->channels;
    const real *weights = g->w + (g->rows.k * g->kernel_w + cols->k) * g->channels;

    for (size_t c = 0; c < g->channels; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, g->channels));
        vec sum = g->bias ? vec_load_m(g->bias + c, m) : vec_all(0);

        for (size_t i = 0; i < g->rows.count; i++)
            for (size_t j = 0; j < cols->count; j++)
                sum += vec_load_m(from + c + (ptrdiff_t)i * down + (ptrdiff_t)j * across, m) *
                       vec_load_m(weights + c + (i * g->rows.k_step * g->kernel_w + j * cols->k_step) * g->channels, m);
        vec_store_m(to + c, clamp(g, sum), m);
    }
}

/* One vector of channels of a run: where its sources and weights lie. */
typedef struct fv_lanes {
    const real *from, *weights;
    ptrdiff_t down, across; /* of sources, in elements */
    size_t w_down, w_across, channels;
    vmask m;
} fv_lanes;

FV_INLINE vec weight_at(const fv_lanes *l, size_t i, size_t j, bool whole)
{
    return load_lanes(l->weights + i * l->w_down + j * l->w_across, l->m, whole);
}

/* Destinations side by side whose sources are side by side too. */
enum { BESIDE = FV_LANES == 8 ? 2 : 4, MOST_COLS = 5 };

/* What source row i adds to them: each source is loaded once for all of them. With `rising` a later tap meets a source
 * further right, as forward, else further left. */
FV_INLINE void add_row(const fv_lanes *l, size_t i, const vec *kept, size_t n_cols, bool rising, bool whole,
                       vec sum[BESIDE])
{
    const real *from = l->from + (ptrdiff_t)i * l->down - (rising ? 0 : (n_cols - 1) * l->channels);
    vec v[BESIDE + MOST_COLS - 1];

    FV_EACH (k, BESIDE + n_cols - 1)
        v[k] = load_lanes(from + k * l->channels, l->m, whole);
    FV_EACH (j, n_cols) {
        const vec w = kept ? kept[j] : weight_at(l, i, j, whole);

        FV_EACH (n, BESIDE)
            sum[n] += v[n + (rising ? j : n_cols - 1 - j)] * w;
    }
}

FV_INLINE void store_lanes(const fv_gather *g, real *to, vec v, vmask m, bool whole)
{
    if (whole)
        vec_store(to, clamp(g, v));
    else
        vec_store_m(to, clamp(g, v), m);
}

/* Up to 3x3 taps are constants and their weights stay in registers. `beside`, `rising`: add_row. */
FV_INLINE void gather_lanes(const fv_gather *g, fv_lanes l, const fv_run *run, vec bias, size_t n_rows, size_t n_cols,
                            bool beside, bool rising, bool whole, real *to)
{
    const bool kept = n_rows <= 3 && n_cols <= 3;
    const size_t apart = run->apart * l.channels;
    size_t n = 0;
    vec w[3][3];

    FV_UNROLL for (size_t i = 0; kept && i < n_rows; i++) FV_EACH (j, n_cols) w[i][j] = weight_at(&l, i, j, whole);
    for (; beside && n + BESIDE <= run->count; n += BESIDE, l.from += BESIDE * l.channels, to += BESIDE * apart) {
        vec sum[BESIDE];

        FV_EACH (k, BESIDE)
            sum[k] = bias;
        FV_UNROLL for (size_t i = 0; kept && i < n_rows; i++) add_row(&l, i, w[i], n_cols, rising, whole, sum);
        for (size_t i = 0; !kept && i < n_rows; i++)
            add_row(&l, i, NULL, n_cols, rising, whole, sum);
        FV_EACH (k, BESIDE)
            store_lanes(g, to + k * apart, sum[k], l.m, whole);
    }
    for (; n < run->count; n++, l.from += run->step * l.channels, to += apart) {
        vec sum = bias;

        FV_UNROLL for (size_t i = 0; kept && i < n_rows; i++) FV_EACH (j, n_cols) sum +=
            load_lanes(l.from + (ptrdiff_t)i * l.down + (ptrdiff_t)j * l.across, l.m, whole) * w[i][j];
        for (size_t i = 0; !kept && i < n_rows; i++)
            FV_EACH (j, n_cols)
                sum += load_lanes(l.from + (ptrdiff_t)i * l.down + (ptrdiff_t)j * l.across, l.m, whole) *
                       weight_at(&l, i, j, whole);
        store_lanes(g, to, sum, l.m, whole);
    }
}

FV_INLINE void gather_vector(const fv_gather *g, const fv_taps *cols, const fv_run *run, size_t c, size_t n_rows,
                             size_t n_cols, vmask m, bool whole, real *to)
{
    const fv_lanes l = {.from = g->from + (g->rows.at * g->from_w + cols->at) * g->channels + c,
                        .weights = g->w + (g->rows.k * g->kernel_w + cols->k) * g->channels + c,
                        .down = g->rows.move * (ptrdiff_t)(g->from_w * g->channels),
                        .across = cols->move * (ptrdiff_t)g->channels,
                        .w_down = g->rows.k_step * g->kernel_w * g->channels,
                        .w_across = cols->k_step * g->channels,
                        .channels = g->channels,
                        .m = m};
    const vec bias = g->bias ? load_lanes(g->bias + c, m, whole) : vec_all(0);

    if (n_cols > 1 && run->step == 1 && cols->move == 1)
        gather_lanes(g, l, run, bias, n_rows, n_cols, true, true, whole, to);
    else if (n_cols > 1 && run->step == 1 && cols->move == -1)
        gather_lanes(g, l, run, bias, n_rows, n_cols, true, false, whole, to);
    else
        gather_lanes(g, l, run, bias, n_rows, n_cols, false, true, whole, to);
}

FV_INLINE void gather_run(const fv_gather *g, const fv_taps *cols, const fv_run *run, size_t n_rows, size_t n_cols,
                          real *to)
{
    size_t c = 0;

    for (; c + FV_LANES <= g->channels; c += FV_LANES)
        gather_vector(g, cols, run, c, n_rows, n_cols, vec_mask(FV_LANES), true, to + c);
    if (c < g->channels)
        gather_vector(g, cols, run, c, n_rows, n_cols, vec_mask(g->channels - c), false, to + c);
}

FV_INLINE bool gather_columns(const fv_gather *g, const fv_taps *cols, const fv_run *run, size_t n_cols, real *to)
{
    if (g->rows.count == 1)
        gather_run(g, cols, run, 1, n_cols, to);
    else if (g->rows.count == 2)
        gather_run(g, cols, run, 2, n_cols, to);
    else if (g->rows.count == 3)
        gather_run(g, cols, run, 3, n_cols, to);
    return g->rows.count >= 1 && g->rows.count <= 3;
}

/* The run, whose first destination is `to`, if there is a loop for its taps. */
static bool gather_usual(const fv_gather *g, const fv_taps *cols, const fv_run *run, real *to)
{
    switch (cols->count) {
    case 1:
        return gather_columns(g, cols, run, 1, to);
    case 2:
        return gather_columns(g, cols, run, 2, to);
    case 3:
        return gather_columns(g, cols, run, 3, to);
    case 5:
        gather_run(g, cols, run, g->rows.count, 5, to);
        return true;
    default:
        return false;
    }
}

/* A row of destinations: runs of those with full taps (with a stride, backward, one for each remainder), and the others
 * one by one. */
static void gather_row(const fv_gather *g, const fv_axis *columns, bool backward, real *to)
{
    const size_t count = backward ? columns->in : columns->out, apart = backward ? columns->stride : 1;

    for (size_t rest = 0; rest < apart && rest < count; rest++) {
        const fv_run run = backward ? backward_run(columns, rest) : forward_run(columns);

        for (size_t i = rest; i < count; i += apart) {
            const fv_taps cols = backward ? backward_taps(columns, i) : forward_taps(columns, i);

            if (run.count && i == run.begin && gather_usual(g, &cols, &run, to + i * g->channels))
                i += (run.count - 1) * apart;
            else
                gather_pixel(g, &cols, to + i * g->channels);
        }
    }
}

/* Items are images x blocks of rows of y. */
void FV_FN(depthwise_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_axis rows = rows_of(&a->g), columns = columns_of(&a->g);
    const size_t width = a->g.out_w * a->g.out_c;
    const bool positive = a->act == FV_ACT_RELU || a->act == FV_ACT_RELU6;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t image = item / a->blocks, block = item % a->blocks;
        const size_t top = block * rows.out / a->blocks, bottom = (block + 1) * rows.out / a->blocks;
        real *y = (real *)a->y + (image * rows.out + top) * width;
        fv_gather g = {.from = (const real *)a->x + image * rows.in * columns.in * a->g.in_c,
                       .w = a->w,
                       .bias = a->bias,
                       .channels = a->g.in_c,
                       .from_w = columns.in,
                       .kernel_w = columns.kernel,
                       .least = vec_all(positive ? 0 : -INFINITY),
                       .most = vec_all(a->act == FV_ACT_RELU6 ? 6 : INFINITY)};

        for (size_t oh = top; oh < bottom; oh++) {
            g.rows = forward_taps(&rows, oh);
            gather_row(&g, &columns, false, y + (oh - top) * width);
        }
        if (!positive)
            FV_FN(act_run)(a->act, y, y, (bottom - top) * width);
    }
}

/* Items are images x blocks of rows of dx. */
void FV_FN(depthwise_backward_x)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_axis rows = rows_of(&a->g), columns = columns_of(&a->g);
    const size_t width = a->g.in_w * a->g.in_c;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t image = item / a->blocks, block = item % a->blocks;
        const size_t top = block * rows.in / a->blocks, bottom = (block + 1) * rows.in / a->blocks;
        const size_t at = (image * rows.in + top) * width;
        real *dx = (real *)a->dx + at;
        fv_gather g = {.from = (const real *)a->dy + image * rows.out * columns.out * a->g.out_c,
                       .w = a->w,
                       .channels = a->g.in_c,
                       .from_w = columns.out,
                       .kernel_w = columns.kernel,
                       .least = vec_all(-INFINITY),
                       .most = vec_all(INFINITY)};

        for (size_t h = top; h < bottom; h++) {
            g.rows = backward_taps(&rows, h);
            gather_row(&g, &columns, true, dx + (h - top) * width);
        }
        if (a->gate)
            FV_FN(act_back_run)(a->gate_act, (const real *)a->gate + at, dx, dx, (bottom - top) * width);
    }
}
