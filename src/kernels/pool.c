/* Max and average pooling over [n,h,w,c]; cells outside the picture are not there. */
#include "kernels/vec.h"

/* Rows and columns of the picture under one output; first = index in the window of the first that is inside. */
typedef struct {
    size_t h0, h1, w0, w1, kh0, kw0;
} window;

static window window_at(const fv_pool_args *a, size_t oh, size_t ow)
{
    const size_t h = oh * a->stride_h, w = ow * a->stride_w;
    window r = {.kh0 = h < a->pad_top ? a->pad_top - h : 0, .kw0 = w < a->pad_left ? a->pad_left - w : 0};

    r.h0 = h + r.kh0 - a->pad_top;
    r.w0 = w + r.kw0 - a->pad_left;
    r.h1 = h + a->kernel_h - a->pad_top < a->in_h ? h + a->kernel_h - a->pad_top : a->in_h;
    r.w1 = w + a->kernel_w - a->pad_left < a->in_w ? w + a->kernel_w - a->pad_left : a->in_w;
    return r;
}

/* Items are images x row blocks: call `f` on each output pixel of the item. */
typedef void pixel_fn(const fv_pool_args *a, size_t image, size_t oh, size_t ow);

static void each_pixel(const fv_pool_args *a, size_t begin, size_t end, pixel_fn *f)
{
    for (size_t item = begin; item < end; item++) {
        const size_t image = item / a->blocks, block = item % a->blocks;

        for (size_t oh = block * a->out_h / a->blocks; oh < (block + 1) * a->out_h / a->blocks; oh++)
            for (size_t ow = 0; ow < a->out_w; ow++)
                f(a, image, oh, ow);
    }
}

static void max_pixel(const fv_pool_args *a, size_t image, size_t oh, size_t ow)
{
    const window r = window_at(a, oh, ow);
    const real *x = (const real *)a->x + image * a->in_h * a->in_w * a->c;
    const size_t at = ((image * a->out_h + oh) * a->out_w + ow) * a->c;

    for (size_t c = 0; c < a->c; c++) {
        real best = x[(r.h0 * a->in_w + r.w0) * a->c + c];
        size_t arg = r.kh0 * a->kernel_w + r.kw0;

        for (size_t h = r.h0; h < r.h1; h++)
            for (size_t w = r.w0; w < r.w1; w++) {
                const real v = x[(h * a->in_w + w) * a->c + c];

                if (v > best) {
                    best = v;
                    arg = (h - r.h0 + r.kh0) * a->kernel_w + (w - r.w0 + r.kw0);
                }
            }
        ((real *)a->out)[at + c] = act_value(a->act, best);
        if (a->argmax)
            a->argmax[at + c] = (uint8_t)arg;
    }
}

void FV_FN(maxpool_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    each_pixel(args, begin, end, max_pixel);
}

static void clear_dx(const fv_pool_args *a, size_t begin, size_t end)
{
    const size_t in = a->in_h * a->in_w * a->c;

    for (size_t i = begin / a->blocks * in; i < end / a->blocks * in; i++)
        ((real *)a->dx)[i] = 0;
}

static void max_back(const fv_pool_args *a, size_t image, size_t oh, size_t ow)
{
    const size_t at = ((image * a->out_h + oh) * a->out_w + ow) * a->c;
    const real *dy = (const real *)a->dy + at, *y = a->y ? (const real *)a->y + at : NULL;

    for (size_t c = 0; c < a->c; c++) {
        const size_t arg = a->argmax[at + c];
        const size_t h = oh * a->stride_h + arg / a->kernel_w - a->pad_top;
        const size_t w = ow * a->stride_w + arg % a->kernel_w - a->pad_left;

        ((real *)a->dx)[((image * a->in_h + h) * a->in_w + w) * a->c + c] +=
            a->act == FV_ACT_NONE ? dy[c] : dy[c] * act_gradient(a->act, y[c]);
    }
}

/* Items are images. */
void FV_FN(maxpool_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    clear_dx(args, begin, end);
    each_pixel(args, begin, end, max_back);
}

static real average_factor(const fv_pool_args *a, const window *r)
{
    if (a->sum)
        return 1;
    return (real)1 / (real)(a->count_pad ? a->kernel_h * a->kernel_w : (r->h1 - r->h0) * (r->w1 - r->w0));
}

static void average_pixel(const fv_pool_args *a, size_t image, size_t oh, size_t ow)
{
    const window r = window_at(a, oh, ow);
    const real *x = (const real *)a->x + image * a->in_h * a->in_w * a->c, factor = average_factor(a, &r);
    real *y = (real *)a->out + ((image * a->out_h + oh) * a->out_w + ow) * a->c;

    for (size_t c = 0; c < a->c; c++) {
        real sum = 0;

        for (size_t h = r.h0; h < r.h1; h++)
            for (size_t w = r.w0; w < r.w1; w++)
                sum += x[(h * a->in_w + w) * a->c + c];
        y[c] = act_value(a->act, sum * factor);
    }
}

void FV_FN(avgpool_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    each_pixel(args, begin, end, average_pixel);
}

static void average_back(const fv_pool_args *a, size_t image, size_t oh, size_t ow)
{
    const window r = window_at(a, oh, ow);
    const size_t at = ((image * a->out_h + oh) * a->out_w + ow) * a->c;
    const real *dy = (const real *)a->dy + at, *y = a->y ? (const real *)a->y + at : NULL;
    const real factor = average_factor(a, &r);
    real *dx = (real *)a->dx + image * a->in_h * a->in_w * a->c;

    for (size_t c = 0; c < a->c; c++) {
        const real d = (a->act == FV_ACT_NONE ? dy[c] : dy[c] * act_gradient(a->act, y[c])) * factor;

        for (size_t h = r.h0; h < r.h1; h++)
            for (size_t w = r.w0; w < r.w1; w++)
                dx[(h * a->in_w + w) * a->c + c] += d;
    }
}

/* Items are images. */
void FV_FN(avgpool_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    clear_dx(args, begin, end);
    each_pixel(args, begin, end, average_back);
}
