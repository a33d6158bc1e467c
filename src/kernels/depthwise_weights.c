/* The gradient of a depthwise convolution to its weights and biases (depthwise.c). Lanes are channels.
 *
 *     dw[kh,kw,c] = sum over oh,ow of dy[oh,ow,c] x[oh s + kh d - p, ow s + kw d - p, c],  db[c] = sum of dy[oh,ow,c]
 *
 * Several weights are summed at once, so that a dy is read for all of them. Sums of a row are added to those of an
 * image: float would lose digits in one long sum. Bound by loads. */
#include "kernels/depthwise_axis.h"
#include "kernels/tile.h"

enum { MOST = 9 }; /* sums at once */

/* Outputs [*begin, *end) that read a cell of the picture with weight k. */
static void outputs_of(const fv_axis *a, size_t k, size_t *begin, size_t *end)
{
    const size_t shift = k * a->dilation;

    *begin = a->pad > shift ? up(a->pad - shift, a->stride) : 0;
    *end = a->in + a->pad > shift ? smaller(a->out, (a->in + a->pad - shift - 1) / a->stride + 1) : 0;
    *end = larger(*begin, *end);
}

/* Sums of n_rows x n_cols weights, of rows from kh on, over outputs [begin, end) of a row; `inside` = no cell lies
 * outside the picture. */
FV_INLINE void add_outputs(const fv_conv_args *a, const real *x, const real *dy, size_t oh, size_t begin, size_t end,
                           bool inside, size_t kh, size_t n_rows, size_t n_cols, vmask m, bool whole, vec *s)
{
    const fv_axis rows = rows_of(&a->g), columns = columns_of(&a->g);
    const size_t channels = a->g.in_c;

    for (size_t ow = begin; ow < end; ow++) {
        const vec d = load_lanes(dy + (oh * columns.out + ow) * channels, m, whole);

        FV_UNROLL for (size_t i = 0; i < n_rows; i++)
        {
            const size_t h = oh * rows.stride + (kh + i) * rows.dilation - rows.pad; /* wraps round above the picture */
            const real *row = x + h * columns.in * channels;

            FV_UNROLL for (size_t j = 0; j < n_cols; j++)
            {
                const size_t w = ow * columns.stride + j * columns.dilation - columns.pad;

                if (inside || (h < rows.in && w < columns.in))
                    s[i * n_cols + j] += d * load_lanes(row + w * channels, m, whole);
            }
        }
    }
}

/* n_rows x n_cols neighbouring weights (at most 9, n_cols the kernel's) in registers over an image, a row's sums at a
 * time. */
FV_INLINE void grid_sums(const fv_conv_args *a, const real *x, const real *dy, size_t kh, size_t n_rows, size_t n_cols,
                         vmask m, bool whole, vec *total)
{
    const fv_axis rows = rows_of(&a->g), columns = columns_of(&a->g);
    const fv_run run = forward_run(&columns);
    size_t top, bottom, oh0, oh1;
    vec s[MOST];

    outputs_of(&rows, kh, &top, &oh1);
    outputs_of(&rows, kh + n_rows - 1, &oh0, &bottom);
    for (size_t oh = oh0; oh < oh1; oh++) {
        const bool full = oh >= top && oh < bottom && run.count;
        const size_t begin = full ? run.begin : columns.out, end = full ? begin + run.count : columns.out;

        FV_UNROLL for (size_t k = 0; k < MOST; k++) s[k] = vec_all(0);
        add_outputs(a, x, dy, oh, 0, begin, false, kh, n_rows, n_cols, m, whole, s);
        add_outputs(a, x, dy, oh, begin, end, true, kh, n_rows, n_cols, m, whole, s);
        add_outputs(a, x, dy, oh, end, columns.out, false, kh, n_rows, n_cols, m, whole, s);
        FV_UNROLL for (size_t k = 0; k < n_rows * n_cols; k++) total[k] += s[k];
    }
}

/* One weight over an image: four chains of columns, a row's sum at a time. */
FV_INLINE vec weight_sum(const fv_conv_args *a, const real *x, const real *dy, size_t kh, size_t kw, vmask m,
                         bool whole)
{
    const fv_axis rows = rows_of(&a->g), columns = columns_of(&a->g);
    const size_t channels = a->g.in_c, step = columns.stride * channels;
    size_t oh0, oh1, ow0, ow1;
    vec total = vec_all(0);

    outputs_of(&rows, kh, &oh0, &oh1);
    outputs_of(&columns, kw, &ow0, &ow1);
    for (size_t oh = oh0; oh < oh1; oh++) {
        const size_t row = oh * rows.stride + kh * rows.dilation - rows.pad;
        const real *d = dy + (oh * columns.out + ow0) * channels;
        const real *p = x + (row * columns.in + ow0 * columns.stride + kw * columns.dilation - columns.pad) * channels;
        vec s[4] = {vec_all(0), vec_all(0), vec_all(0), vec_all(0)};
        size_t i = ow0;

        for (; i + 4 <= ow1; i += 4)
            FV_UNROLL for (int k = 0; k < 4; k++, d += channels, p += step) s[k] +=
                load_lanes(d, m, whole) * load_lanes(p, m, whole);
        for (; i < ow1; i++, d += channels, p += step)
            s[0] += load_lanes(d, m, whole) * load_lanes(p, m, whole);
        total += (s[0] + s[1]) + (s[2] + s[3]);
    }
    return total;
}

/* Where the images of a part lie, for one vector of channels. */
typedef struct fv_images {
    const real *x, *dy;
    size_t begin, end, in, out;
} fv_images;

FV_INLINE void grid_lanes(const fv_conv_args *a, const fv_images *g, size_t kh, size_t n_rows, size_t n_cols, vmask m,
                          bool whole, real *dw)
{
    vec total[MOST];

    FV_UNROLL for (size_t k = 0; k < MOST; k++) total[k] = vec_all(0);
    for (size_t n = g->begin; n < g->end; n++)
        grid_sums(a, g->x + n * g->in, g->dy + n * g->out, kh, n_rows, n_cols, m, whole, total);
    FV_UNROLL for (size_t k = 0; k < n_rows * n_cols; k++) vec_store_m(dw + (kh * n_cols + k) * a->g.in_c, total[k], m);
}

/* One vector of channels of dw over the images [begin, end). */
FV_INLINE void weight_lanes(const fv_conv_args *a, size_t begin, size_t end, size_t c, vmask m, bool whole, real *dw)
{
    const fv_conv_geometry *g = &a->g;
    const fv_images images = {(const real *)a->x + c,      (const real *)a->dy + c,       begin, end,
                              g->in_h * g->in_w * g->in_c, g->out_h * g->out_w * g->out_c};

    dw += c;
    if (g->kernel_h == 3 && g->kernel_w == 3) {
        grid_lanes(a, &images, 0, 3, 3, m, whole, dw);
        return;
    }
    for (size_t k = 0; g->kernel_w == 5 && k < g->kernel_h; k++)
        grid_lanes(a, &images, k, 1, 5, m, whole, dw);
    for (size_t k = 0; g->kernel_w != 5 && k < g->kernel_h * g->kernel_w; k++) {
        vec total = vec_all(0);

        for (size_t n = begin; n < end; n++)
            total += weight_sum(a, images.x + n * images.in, images.dy + n * images.out, k / g->kernel_w,
                                k % g->kernel_w, m, whole);
        vec_store_m(dw + k * g->in_c, total, m);
    }
}

/* Items are parts x blocks of channels. */
void FV_FN(depthwise_backward_w)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const size_t channels = a->g.in_c, pixels = a->g.out_h * a->g.out_w;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t part = item / a->blocks, block = item % a->blocks;
        const size_t first = part * a->g.n / a->parts, last = (part + 1) * a->g.n / a->parts;
        const size_t from = block * channels / a->blocks, to = (block + 1) * channels / a->blocks;
        real *dw = (real *)a->dw_parts + part * a->g.kernel_h * a->g.kernel_w * channels;
        real *db = a->db_parts ? (real *)a->db_parts + part * channels + from : NULL;
        size_t c = from;

        for (; c + FV_LANES <= to; c += FV_LANES)
            weight_lanes(a, first, last, c, vec_mask(FV_LANES), true, dw);
        if (c < to)
            weight_lanes(a, first, last, c, vec_mask(to - c), false, dw);
        for (size_t n = first; db && n < last; n++)
            FV_FN(column_sums)
        ((const real *)a->dy + n * pixels * channels + from, pixels, to - from, channels, db, n > first);
    }
}
