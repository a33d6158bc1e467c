/* Gradients of max and average pooling: what an output got goes back to the cells under it. Items are images, walked in
 * rising order of outputs; lanes are channels. Bound by memory. */
#include "kernels/pool.h"

#include "kernels/act.h"

/* dy act'(y) of `lanes` channels. */
FV_INLINE vec gradient(const fv_pool_args *a, size_t at, vmask m)
{
    const vec d = vec_load_m((const real *)a->dy + at, m);

    return a->act == FV_ACT_NONE ? d : vec_act_back(a->act, vec_load_m((const real *)a->y + at, m), d);
}

/* Add d to the cell of the window that was the maximum, or store it where windows tile the picture. */
FV_INLINE void max_back(const fv_pool_args *a, const fv_pool_window *r, size_t rows, size_t cols, real *dx, size_t at,
                        size_t lanes, bool tiles)
{
    const vmask m = vec_mask(lanes);
    const vec d = gradient(a, at, m);
    const ivec arg = ivec_load_bytes(a->argmax + at, lanes);

    for (size_t h = 0; h < rows; h++)
        for (size_t w = 0; w < cols; w++) {
            real *cell = dx + (h * a->in_w + w) * a->c;
            const ivec index = ivec_all((int32_t)((r->kh0 + h) * a->kernel_w + r->kw0 + w));
            const vec v = vec_select(ivec_equal(arg, index), d, vec_all(0));

            vec_store_m(cell, tiles ? v : vec_load_m(cell, m) + v, m);
        }
}

/* Outputs [begin, end) of row oh of an image, whose first output is `at`, as in pool.c. */
FV_INLINE void max_row_inside(const fv_pool_args *a, real *dx, size_t at, size_t begin, size_t end, size_t rows,
                              size_t cols, bool tiles)
{
    const fv_pool_window whole = {0};
    const size_t channels = a->c, rest = channels % FV_LANES;

    for (size_t i = begin; i < end; i++) {
        real *cell = dx + (i * a->stride_w - a->pad_left) * channels;
        size_t c = 0;

        for (; c + FV_LANES <= channels; c += FV_LANES)
            max_back(a, &whole, rows, cols, cell + c, at + i * channels + c, FV_LANES, tiles);
        if (rest)
            max_back(a, &whole, rows, cols, cell + c, at + i * channels + c, rest, tiles);
    }
}

static void max_pixel(const fv_pool_args *a, real *dx, size_t at, size_t oh, size_t ow, bool tiles)
{
    const fv_pool_window r = fv_pool_at(a, oh, ow);

    dx += (r.h0 * a->in_w + r.w0) * a->c;
    for (size_t c = 0; c < a->c; c += FV_LANES)
        max_back(a, &r, r.h1 - r.h0, r.w1 - r.w0, dx + c, at + ow * a->c + c, vec_lanes(c, a->c), tiles);
}

static void max_row(const fv_pool_args *a, real *dx, size_t at, size_t oh, bool tiles)
{
    size_t begin, end, top, bottom;

    fv_pool_inside(a->out_w, a->kernel_w, a->stride_w, a->pad_left, a->in_w, &begin, &end);
    fv_pool_inside(a->out_h, a->kernel_h, a->stride_h, a->pad_top, a->in_h, &top, &bottom);
    if (oh < top || oh >= bottom)
        begin = end = a->out_w;
    for (size_t ow = 0; ow < begin; ow++)
        max_pixel(a, dx, at, oh, ow, tiles);
    if (begin < end) {
        real *row = dx + (oh * a->stride_h - a->pad_top) * a->in_w * a->c;

        if (tiles && a->kernel_h == 2 && a->kernel_w == 2)
            max_row_inside(a, row, at, begin, end, 2, 2, true);
        else
            max_row_inside(a, row, at, begin, end, a->kernel_h, a->kernel_w, tiles);
    }
    for (size_t ow = end; ow < a->out_w; ow++)
        max_pixel(a, dx, at, oh, ow, tiles);
}

void FV_FN(maxpool_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pool_args *a = args;
    const size_t in = a->in_h * a->in_w * a->c, row = a->out_w * a->c;
    const bool tiles = fv_pool_tiles(a);

    (void)slice;
    if (!tiles)
        FV_FN(clear)((real *)a->dx + begin * in, (end - begin) * in);
    for (size_t image = begin; image < end; image++)
        for (size_t oh = 0; oh < a->out_h; oh++)
            max_row(a, (real *)a->dx + image * in, (image * a->out_h + oh) * row, oh, tiles);
}

void FV_FN(avgpool_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pool_args *a = args;
    const size_t in = a->in_h * a->in_w * a->c, outs = a->out_h * a->out_w;
    const bool tiles = fv_pool_tiles(a);

    (void)slice;
    if (!tiles)
        FV_FN(clear)((real *)a->dx + begin * in, (end - begin) * in);
    for (size_t p = begin * outs; p < end * outs; p++) {
        const fv_pool_window r = fv_pool_at(a, p % outs / a->out_w, p % a->out_w);
        const vec factor = vec_all(fv_pool_factor(a, &r));

        for (size_t c = 0; c < a->c; c += FV_LANES) {
            const vmask m = vec_mask(vec_lanes(c, a->c));
            const vec d = gradient(a, p * a->c + c, m) * factor;

            for (size_t h = r.h0; h < r.h1; h++)
                for (size_t w = r.w0; w < r.w1; w++) {
                    real *cell = (real *)a->dx + p / outs * in + (h * a->in_w + w) * a->c + c;

                    vec_store_m(cell, tiles ? d : vec_load_m(cell, m) + d, m);
                }
        }
    }
}
