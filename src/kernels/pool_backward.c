/* Gradients of max and average pooling: what an output got goes back to the cells under it. Where windows of a maximum
 * overlap, a cell gathers what it gets: adding to each cell of each window would store as many times as a window has
 * cells. Items are images; sums are in rising order of outputs; lanes are channels. Bound by memory. */
#include "kernels/pool.h"

#include "kernels/act.h"

/* dy act'(y) of `lanes` channels. */
FV_INLINE vec gradient(const fv_pool_args *a, size_t at, vmask m)
{
    const vec d = vec_load_m((const real *)a->dy + at, m);

    return a->act == FV_ACT_NONE ? d : vec_act_back(a->act, vec_load_m((const real *)a->y + at, m), d);
}

/* Store what each cell of a window gets, where windows tile the picture. */
FV_INLINE void max_back(const fv_pool_args *a, const fv_pool_window *r, size_t rows, size_t cols, real *dx, size_t at,
                        size_t lanes)
{
    const vmask m = vec_mask(lanes);
    const vec d = gradient(a, at, m);
    const ivec arg = ivec_load_bytes(a->argmax + at, lanes);

    for (size_t h = 0; h < rows; h++)
        for (size_t w = 0; w < cols; w++) {
            const ivec index = ivec_all((int32_t)((r->kh0 + h) * a->kernel_w + r->kw0 + w));

            vec_store_m(dx + (h * a->in_w + w) * a->c, vec_select(ivec_equal(arg, index), d, vec_all(0)), m);
        }
}

/* Outputs [begin, end) of row oh of an image, whose first output is `at`, as in pool.c. */
FV_INLINE void max_row_inside(const fv_pool_args *a, real *dx, size_t at, size_t begin, size_t end, size_t rows,
                              size_t cols)
{
    const fv_pool_window whole = {0};
    const size_t channels = a->c, rest = channels % FV_LANES;

    for (size_t i = begin; i < end; i++) {
        real *cell = dx + i * a->stride_w * channels;
        size_t c = 0;

        for (; c + FV_LANES <= channels; c += FV_LANES)
            max_back(a, &whole, rows, cols, cell + c, at + i * channels + c, FV_LANES);
        if (rest)
            max_back(a, &whole, rows, cols, cell + c, at + i * channels + c, rest);
    }
}

/* Row oh of windows that tile the picture; `at` is its first output. */
static void max_row(const fv_pool_args *a, real *dx, size_t at, size_t oh)
{
    size_t begin, end, top, bottom;

    fv_pool_inside(a->out_w, a->kernel_w, a->stride_w, 0, a->in_w, &begin, &end);
    fv_pool_inside(a->out_h, a->kernel_h, a->stride_h, 0, a->in_h, &top, &bottom);
    end = oh < bottom ? end : 0;
    if (a->kernel_h == 2 && a->kernel_w == 2)
        max_row_inside(a, dx + oh * a->stride_h * a->in_w * a->c, at, 0, end, 2, 2);
    else
        max_row_inside(a, dx + oh * a->stride_h * a->in_w * a->c, at, 0, end, a->kernel_h, a->kernel_w);
    for (size_t ow = end; ow < a->out_w; ow++) {
        const fv_pool_window r = fv_pool_at(a, oh, ow);
        real *cell = dx + (r.h0 * a->in_w + r.w0) * a->c;

        for (size_t c = 0; c < a->c; c += FV_LANES)
            max_back(a, &r, r.h1 - r.h0, r.w1 - r.w0, cell + c, at + ow * a->c + c, vec_lanes(c, a->c));
    }
}

/* An output whose window holds a cell: where it is, and the cell's number in its window. */
typedef struct {
    size_t at;
    int32_t index;
} window_over;

/* Outputs along one axis whose windows hold cell i: [first, last), moved on from those of cell i - 1. */
FV_INLINE void move_on(size_t i, size_t kernel, size_t stride, size_t pad, size_t outs, size_t *first, size_t *last)
{
    while (*first * stride + kernel <= i + pad)
        ++*first;
    while (*last < outs && *last * stride <= i + pad)
        ++*last;
}

/* One cell gathers from the outputs over it, in rising order. */
FV_INLINE vec gather(const fv_pool_args *a, const window_over *over, size_t count, size_t c, size_t lanes)
{
    const vmask m = vec_mask(lanes);
    vec sum = vec_all(0);

    for (size_t i = 0; i < count; i++) {
        const vbool mine = ivec_equal(ivec_load_bytes(a->argmax + over[i].at + c, lanes), ivec_all(over[i].index));

        sum += vec_select(mine, gradient(a, over[i].at + c, m), vec_all(0));
    }
    return sum;
}

/* All channels of a cell; `count` is a constant where it is a usual one. */
FV_INLINE void gather_channels(const fv_pool_args *a, const window_over *over, size_t count, real *dx)
{
    const size_t whole = a->c - a->c % FV_LANES;

    for (size_t c = 0; c < whole; c += FV_LANES)
        vec_store(dx + c, gather(a, over, count, c, FV_LANES));
    if (whole < a->c)
        vec_store_m(dx + whole, gather(a, over, count, whole, a->c - whole), vec_mask(a->c - whole));
}

static void gather_pixel(const fv_pool_args *a, const window_over *over, size_t count, real *dx)
{
    if (count == 1)
        gather_channels(a, over, 1, dx);
    else if (count == 2)
        gather_channels(a, over, 2, dx);
    else if (count == 4)
        gather_channels(a, over, 4, dx);
    else if (count == 9)
        gather_channels(a, over, 9, dx);
    else
        gather_channels(a, over, count, dx);
}

/* A rectangle of cells. */
typedef struct {
    size_t top, bottom, left, right;
} cells;

/* Cells of an image, whose first output is `at`. */
static void gather_cells(const fv_pool_args *a, const cells *of, real *image, size_t at)
{
    const size_t channels = a->c;
    window_over over[256];

    for (size_t h = of->top, top = 0, bottom = 0; h < of->bottom; h++) {
        real *dx = image + (h * a->in_w + of->left) * channels;

        move_on(h, a->kernel_h, a->stride_h, a->pad_top, a->out_h, &top, &bottom);
        for (size_t w = of->left, left = 0, right = 0; w < of->right; w++, dx += channels) {
            size_t count = 0;

            move_on(w, a->kernel_w, a->stride_w, a->pad_left, a->out_w, &left, &right);
            for (size_t oh = top; oh < bottom; oh++)
                for (size_t ow = left; ow < right; ow++)
                    over[count++] = (window_over){at + (oh * a->out_w + ow) * channels,
                                                  (int32_t)((h + a->pad_top - oh * a->stride_h) * a->kernel_w + w +
                                                            a->pad_left - ow * a->stride_w)};
            gather_pixel(a, over, count, dx);
        }
    }
}

/* Windows of 3x3 cells, two apart: the cells 2g + 1 and 2g + 2 of an axis, pads counted, lie under the outputs g and g + 1.
 * So four cells in a square gather from four outputs, nine times in all, and each output is read once for them. */
static bool in_squares(const fv_pool_args *a)
{
    return a->kernel_h == 3 && a->kernel_w == 3 && a->stride_h == 2 && a->stride_w == 2;
}

/* Where `index` is the maximum of the window. */
FV_INLINE vec won(ivec arg, int32_t index, vec d)
{
    return vec_select(ivec_equal(arg, ivec_all(index)), d, vec_all(0));
}

/* `lanes` channels of a square: dx is its first cell, `at` its first output. */
FV_INLINE void square(const fv_pool_args *a, real *dx, size_t at, size_t lanes)
{
    const size_t outs[4] = {at, at + a->c, at + a->out_w * a->c, at + (a->out_w + 1) * a->c};
    const vmask m = vec_mask(lanes);
    real *below = dx + a->in_w * a->c;
    ivec arg[4];
    vec d[4];

    FV_EACH (i, 4) {
        arg[i] = ivec_load_bytes(a->argmax + outs[i], lanes);
        d[i] = gradient(a, outs[i], m);
    }
    vec_store_m(dx, won(arg[0], 4, d[0]), m);
    vec_store_m(dx + a->c, won(arg[0], 5, d[0]) + won(arg[1], 3, d[1]), m);
    vec_store_m(below, won(arg[0], 7, d[0]) + won(arg[2], 1, d[2]), m);
    vec_store_m(below + a->c, won(arg[0], 8, d[0]) + won(arg[1], 6, d[1]) + won(arg[2], 2, d[2]) + won(arg[3], 0, d[3]),
                m);
}

/* The squares of an axis whose cells and outputs all exist: [*first, *last). */
static void squares_of(size_t in, size_t out, size_t pad, size_t *first, size_t *last)
{
    const size_t end = (in + pad - 1) / 2;

    *first = pad / 2;
    *last = end < out - 1 ? end : out - 1;
    *last = *last > *first ? *last : *first;
}

/* All cells of an image: squares, and what is left around them. */
static void gather_image(const fv_pool_args *a, real *dx, size_t at)
{
    const cells all = {0, a->in_h, 0, a->in_w};
    const size_t whole = a->c - a->c % FV_LANES;
    cells in;
    size_t first, last, left, right;

    if (!in_squares(a)) {
        gather_cells(a, &all, dx, at);
        return;
    }
    squares_of(a->in_h, a->out_h, a->pad_top, &first, &last);
    squares_of(a->in_w, a->out_w, a->pad_left, &left, &right);
    in = (cells){2 * first + 1 - a->pad_top, 2 * last + 1 - a->pad_top, 2 * left + 1 - a->pad_left,
                 2 * right + 1 - a->pad_left};
    for (size_t g = first; g < last; g++)
        for (size_t k = left; k < right; k++) {
            real *cell = dx + ((2 * g + 1 - a->pad_top) * a->in_w + 2 * k + 1 - a->pad_left) * a->c;
            const size_t out = at + (g * a->out_w + k) * a->c;

            for (size_t c = 0; c < whole; c += FV_LANES)
                square(a, cell + c, out + c, FV_LANES);
            if (whole < a->c)
                square(a, cell + whole, out + whole, a->c - whole);
        }
    gather_cells(a, &(cells){0, in.top, 0, a->in_w}, dx, at);
    gather_cells(a, &(cells){in.top, in.bottom, 0, in.left}, dx, at);
    gather_cells(a, &(cells){in.top, in.bottom, in.right, a->in_w}, dx, at);
    gather_cells(a, &(cells){in.bottom, a->in_h, 0, a->in_w}, dx, at);
}

void FV_FN(maxpool_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pool_args *a = args;
    const size_t in = a->in_h * a->in_w * a->c, row = a->out_w * a->c;

    (void)slice;
    for (size_t image = begin; image < end; image++) {
        real *dx = (real *)a->dx + image * in;

        if (fv_pool_tiles(a))
            for (size_t oh = 0; oh < a->out_h; oh++)
                max_row(a, dx, (image * a->out_h + oh) * row, oh);
        else
            gather_image(a, dx, image * a->out_h * row);
    }
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
