/* Plain pooling and subsampling. */
#include "plain.h"

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

void plain_maxpool_forward(const void *args, size_t begin, size_t end, size_t slice)
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
void plain_maxpool_backward(const void *args, size_t begin, size_t end, size_t slice)
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

void plain_avgpool_forward(const void *args, size_t begin, size_t end, size_t slice)
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
void plain_avgpool_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    clear_dx(args, begin, end);
    each_pixel(args, begin, end, average_back);
}

/* Sum of the window of output (oh, ow) in one channel; x is the image. */
static real cells(const fv_subsample_args *a, const real *x, size_t oh, size_t ow, size_t c)
{
    real sum = 0;

    for (size_t h = oh * a->kernel_h; h < (oh + 1) * a->kernel_h; h++)
        for (size_t w = ow * a->kernel_w; w < (ow + 1) * a->kernel_w; w++)
            sum += x[(h * a->in_w + w) * a->c + c];
    return sum;
}

/* Items are images. */
void plain_subsample_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_subsample_args *a = args;
    const size_t outs = a->out_h * a->out_w;
    const real *weight = a->weight, *bias = a->bias;

    (void)slice;
    for (size_t p = begin * outs; p < end * outs; p++) {
        const real *x = (const real *)a->x + p / outs * a->in_h * a->in_w * a->c;

        for (size_t c = 0; c < a->c; c++)
            ((real *)a->out)[p * a->c + c] =
                act_value(a->act, weight[c] * cells(a, x, p % outs / a->out_w, p % a->out_w, c) + bias[c]);
    }
}

/* Items are images. */
void plain_subsample_backward_x(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_subsample_args *a = args;
    const real *weight = a->weight, *y = a->y, *dy = a->dy;
    const size_t in = a->in_h * a->in_w;

    (void)slice;
    for (size_t p = begin * in; p < end * in; p++) {
        const size_t oh = p % in / a->in_w / a->kernel_h, ow = p % a->in_w / a->kernel_w;
        const size_t at = ((p / in * a->out_h + oh) * a->out_w + ow) * a->c;

        for (size_t c = 0; c < a->c; c++)
            ((real *)a->dx)[p * a->c + c] =
                oh >= a->out_h || ow >= a->out_w ? 0 : dy[at + c] * act_gradient(a->act, y[at + c]) * weight[c];
    }
}

/* Items are parts, each a run of images. */
void plain_subsample_backward_w(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_subsample_args *a = args;
    const size_t outs = a->out_h * a->out_w;
    const real *y = a->y, *dy = a->dy;

    (void)slice;
    for (size_t part = begin; part < end; part++)
        for (size_t c = 0; c < a->c; c++) {
            real dweight = 0, dbias = 0;

            for (size_t p = part * a->n / a->parts * outs; p < (part + 1) * a->n / a->parts * outs; p++) {
                const real *x = (const real *)a->x + p / outs * a->in_h * a->in_w * a->c;
                const real dz = dy[p * a->c + c] * act_gradient(a->act, y[p * a->c + c]);

                dweight += dz * cells(a, x, p % outs / a->out_w, p % a->out_w, c);
                dbias += dz;
            }
            ((real *)a->dweight_parts)[part * a->c + c] = dweight;
            ((real *)a->dbias_parts)[part * a->c + c] = dbias;
        }
}
