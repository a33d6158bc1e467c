/* Max and average pooling over [n,h,w,c], forward; cells outside the picture are not there. Lanes are channels. Bound by
 * memory. */
#include "kernels/pool.h"

#include "kernels/act.h"

/* Maxima of `lanes` channels under one output. The first of equal cells wins; a NaN wins only if it is the first. Where
 * nobody asks which cell it was (`argmax` is a constant NULL), a cell takes one instruction in place of four. */
FV_INLINE void max_lanes(const real *x, const fv_pool_args *a, const fv_pool_window *r, size_t rows, size_t cols,
                         real *y, uint8_t *argmax, size_t lanes)
{
    const vmask m = vec_mask(lanes);
    const int32_t first = (int32_t)(r->kh0 * a->kernel_w + r->kw0), width = (int32_t)a->kernel_w;
    vec best = vec_load_m(x, m);
    ivec arg = ivec_all(first);

    for (size_t h = 0; h < rows; h++)
        for (size_t w = h == 0; w < cols; w++) {
            const vec v = vec_load_m(x + (h * a->in_w + w) * a->c, m);
            const vbool more = vec_greater(v, best);

            if (!argmax) {
                best = vec_max(v, best);
                continue;
            }
            best = vec_select(more, v, best);
            arg = ivec_select(more, ivec_all(first + (int32_t)h * width + (int32_t)w), arg);
        }
    vec_store_m(y, best, m);
    if (argmax)
        ivec_store_bytes(argmax, arg, lanes);
}

/* All channels of one output. */
static void max_pixel(const fv_pool_args *a, const real *x, size_t oh, size_t ow, real *y, uint8_t *argmax)
{
    const fv_pool_window r = fv_pool_at(a, oh, ow);

    x += (r.h0 * a->in_w + r.w0) * a->c;
    for (size_t c = 0; c < a->c; c += FV_LANES) {
        if (argmax)
            max_lanes(x + c, a, &r, r.h1 - r.h0, r.w1 - r.w0, y + c, argmax + c, vec_lanes(c, a->c));
        else
            max_lanes(x + c, a, &r, r.h1 - r.h0, r.w1 - r.w0, y + c, NULL, vec_lanes(c, a->c));
    }
}

/* Outputs [begin, end) of a row, all of whose windows lie inside the picture; rows and cols are the kernel, and constants
 * where it is a usual one. */
FV_INLINE void max_inside(const fv_pool_args *a, const real *x, size_t begin, size_t end, size_t rows, size_t cols,
                          real *y, uint8_t *argmax)
{
    const fv_pool_window whole = {0};
    const size_t channels = a->c, rest = channels % FV_LANES;

    for (size_t i = begin; i < end; i++) {
        const real *cell = x + (i * a->stride_w - a->pad_left) * channels;
        size_t at = i * channels;

        for (; at + FV_LANES <= (i + 1) * channels; at += FV_LANES, cell += FV_LANES)
            max_lanes(cell, a, &whole, rows, cols, y + at, argmax ? argmax + at : NULL, FV_LANES);
        if (rest)
            max_lanes(cell, a, &whole, rows, cols, y + at, argmax ? argmax + at : NULL, rest);
    }
}

/* Outputs [begin, end) of a row inside the picture; x is the first row of cells. */
FV_INLINE void max_inside_usual(const fv_pool_args *a, const real *x, size_t begin, size_t end, real *y,
                                uint8_t *argmax)
{
    if (a->kernel_h == 2 && a->kernel_w == 2)
        max_inside(a, x, begin, end, 2, 2, y, argmax);
    else if (a->kernel_h == 3 && a->kernel_w == 3)
        max_inside(a, x, begin, end, 3, 3, y, argmax);
    else
        max_inside(a, x, begin, end, a->kernel_h, a->kernel_w, y, argmax);
}

static void max_row(const fv_pool_args *a, const real *x, size_t oh, real *y, uint8_t *argmax)
{
    size_t begin, end, top, bottom;

    fv_pool_inside(a->out_w, a->kernel_w, a->stride_w, a->pad_left, a->in_w, &begin, &end);
    fv_pool_inside(a->out_h, a->kernel_h, a->stride_h, a->pad_top, a->in_h, &top, &bottom);
    if (oh < top || oh >= bottom)
        begin = end = a->out_w;
    for (size_t ow = 0; ow < begin; ow++)
        max_pixel(a, x, oh, ow, y + ow * a->c, argmax ? argmax + ow * a->c : NULL);
    for (size_t ow = end; ow < a->out_w; ow++)
        max_pixel(a, x, oh, ow, y + ow * a->c, argmax ? argmax + ow * a->c : NULL);
    if (begin == end)
        return;
    x += (oh * a->stride_h - a->pad_top) * a->in_w * a->c;
    if (argmax)
        max_inside_usual(a, x, begin, end, y, argmax);
    else
        max_inside_usual(a, x, begin, end, y, NULL);
}

/* Items are images x row blocks. */
void FV_FN(maxpool_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pool_args *a = args;
    const size_t row = a->out_w * a->c;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t image = item / a->blocks, block = item % a->blocks;
        const size_t top = block * a->out_h / a->blocks, bottom = (block + 1) * a->out_h / a->blocks;
        const real *x = (const real *)a->x + image * a->in_h * a->in_w * a->c;

        for (size_t oh = top; oh < bottom; oh++) {
            const size_t at = (image * a->out_h + oh) * row;
            real *y = (real *)a->out + at;

            max_row(a, x, oh, y, a->argmax ? a->argmax + at : NULL);
            FV_FN(act_run)(a->act, y, y, row);
        }
    }
}

static void average_pixel(const fv_pool_args *a, const real *x, size_t oh, size_t ow, real *y)
{
    const fv_pool_window r = fv_pool_at(a, oh, ow);
    const vec factor = vec_all(fv_pool_factor(a, &r));

    x += (r.h0 * a->in_w + r.w0) * a->c;
    for (size_t c = 0; c < a->c; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, a->c));
        vec sum = vec_all(0);

        for (size_t h = 0; h < r.h1 - r.h0; h++)
            for (size_t w = 0; w < r.w1 - r.w0; w++)
                sum += vec_load_m(x + (h * a->in_w + w) * a->c + c, m);
        vec_store_m(y + c, sum * factor, m);
    }
}

/* Items are images x row blocks. */
void FV_FN(avgpool_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pool_args *a = args;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t image = item / a->blocks, block = item % a->blocks;
        const size_t top = block * a->out_h / a->blocks, bottom = (block + 1) * a->out_h / a->blocks;
        const size_t pixels = (bottom - top) * a->out_w;
        const real *x = (const real *)a->x + image * a->in_h * a->in_w * a->c;
        real *y = (real *)a->out + (image * a->out_h + top) * a->out_w * a->c;

        for (size_t p = 0; p < pixels; p++)
            average_pixel(a, x, top + p / a->out_w, p % a->out_w, y + p * a->c);
        FV_FN(act_run)(a->act, y, y, pixels * a->c);
    }
}
