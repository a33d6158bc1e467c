/* Plain convolution and its gradients. */
#include "kernels/winograd_weights.h"
#include "plain.h"

/* Where output (oh, ow) meets cell (kh, kw) of the kernel: its index among the image's pixels, or false outside. */
static bool input_pixel(const fv_conv_geometry *g, size_t oh, size_t ow, size_t kh, size_t kw, size_t *pixel)
{
    const size_t h = oh * g->stride_h + kh * g->dilation_h, w = ow * g->stride_w + kw * g->dilation_w;

    if (h < g->pad_top || w < g->pad_left || h - g->pad_top >= g->in_h || w - g->pad_left >= g->in_w)
        return false;
    *pixel = (h - g->pad_top) * g->in_w + (w - g->pad_left);
    return true;
}

/* w[kh][kw][c][o] as packed for the forward pass, one group after another. */
static real weight(const fv_conv_args *a, size_t tap, size_t c, size_t o)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, out_c = g->out_c / g->groups, taps = g->kernel_h * g->kernel_w;

    return ((const real *)a->w)[((o / out_c * taps + tap) * in_c + c) * out_c + o % out_c];
}

/* The same, as packed for the gradient: [groups][kernel_h][out_c/groups, kernel_w in_c/groups]. */
static real turned_weight(const fv_conv_args *a, size_t tap, size_t c, size_t o)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, out_c = g->out_c / g->groups, cols = g->kernel_w * in_c;
    const size_t row = o / out_c * g->kernel_h + tap / g->kernel_w;

    return ((const real *)a->w)[(row * out_c + o % out_c) * cols + tap % g->kernel_w * in_c + c];
}

/* Without a summand and activation. */
static real output(const fv_conv_args *a, const real *x, size_t oh, size_t ow, size_t o)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, out_c = g->out_c / g->groups, group = o / out_c;
    real sum = a->bias ? ((const real *)a->bias)[o] : 0;
    size_t pixel = 0;

    for (size_t kh = 0; kh < g->kernel_h; kh++)
        for (size_t kw = 0; kw < g->kernel_w; kw++) {
            if (!input_pixel(g, oh, ow, kh, kw, &pixel))
                continue;
            for (size_t c = 0; c < in_c; c++)
                sum += x[pixel * g->in_c + group * in_c + c] * weight(a, kh * g->kernel_w + kw, c, o);
        }
    return sum;
}

/* Items are images x row blocks. */
void plain_conv_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t image = item / a->blocks, block = item % a->blocks;
        const real *x = (const real *)a->x + image * g->in_h * g->in_w * g->in_c;
        const size_t step = a->y_step ? a->y_step : g->out_c, first = image * g->out_h * g->out_w * step;

        for (size_t oh = block * g->out_h / a->blocks; oh < (block + 1) * g->out_h / a->blocks; oh++)
            for (size_t ow = 0; ow < g->out_w; ow++)
                for (size_t o = 0; o < g->out_c; o++) {
                    const size_t at = first + (oh * g->out_w + ow) * step + o;
                    const real add = a->add ? ((const real *)a->add)[at] : 0;

                    ((real *)a->y)[at] = act_value(a->act, output(a, x, oh, ow, o) + add);
                }
    }
}

/* Add what output pixel (oh, ow) sends back to its window. */
static void scatter(const fv_conv_args *a, const real *dy, real *dx, size_t oh, size_t ow)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, out_c = g->out_c / g->groups;
    size_t pixel = 0;

    for (size_t tap = 0; tap < g->kernel_h * g->kernel_w; tap++) {
        if (!input_pixel(g, oh, ow, tap / g->kernel_w, tap % g->kernel_w, &pixel))
            continue;
        for (size_t c = 0; c < g->in_c; c++) {
            const size_t group = c / in_c;
            real sum = 0;

            for (size_t o = 0; o < out_c; o++)
                sum += dy[group * out_c + o] * turned_weight(a, tap, c % in_c, group * out_c + o);
            dx[pixel * g->in_c + c] += sum;
        }
    }
}

/* Items are images. */
void plain_conv_backward_x(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const size_t in = g->in_h * g->in_w * g->in_c, out = g->out_h * g->out_w;

    (void)slice;
    for (size_t image = begin; image < end; image++) {
        const real *dy = (const real *)a->dy + image * out * g->out_c;
        const real *add = a->add ? (const real *)a->add + image * in : NULL;
        const real *gate = a->gate ? (const real *)a->gate + image * in : NULL;
        real *dx = (real *)a->dx + image * in;

        for (size_t i = 0; i < in; i++)
            dx[i] = 0;
        for (size_t p = 0; p < out; p++)
            scatter(a, dy + p * g->out_c, dx, p / g->out_w, p % g->out_w);
        for (size_t i = 0; add && i < in; i++)
            dx[i] += add[i];
        for (size_t i = 0; gate && i < in; i++)
            dx[i] *= act_gradient(a->gate_act, gate[i]);
    }
}

/* One entry of the weight's gradient over images [first, last). */
static real weight_entry(const fv_conv_args *a, size_t first, size_t last, size_t k, size_t o)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, tap = k / in_c, kh = tap / g->kernel_w, kw = tap % g->kernel_w;
    const size_t c = o / (g->out_c / g->groups) * in_c + k % in_c, outs = g->out_h * g->out_w;
    real sum = 0;
    size_t pixel = 0;

    if (a->table && !a->table[c * g->out_c + o])
        return 0;
    for (size_t p = first * outs; p < last * outs; p++) {
        const size_t image = p / outs, oh = p % outs / g->out_w, ow = p % g->out_w;

        if (input_pixel(g, oh, ow, kh, kw, &pixel))
            sum += ((const real *)a->x)[(image * g->in_h * g->in_w + pixel) * g->in_c + c] *
                   ((const real *)a->dy)[p * g->out_c + o];
    }
    return sum;
}

/* Items are parts x blocks of weight rows. */
void plain_conv_backward_w(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const size_t depth = g->kernel_h * g->kernel_w * (g->in_c / g->groups), outs = g->out_h * g->out_w;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t part = item / a->blocks, block = item % a->blocks;
        const size_t first = part * g->n / a->parts, last = (part + 1) * g->n / a->parts;
        real *dw = (real *)a->dw_parts + part * depth * g->out_c;

        for (size_t k = block * depth / a->blocks; k < (block + 1) * depth / a->blocks; k++)
            for (size_t o = 0; o < g->out_c; o++)
                dw[k * g->out_c + o] = weight_entry(a, first, last, k, o);
        for (size_t o = 0; a->db_parts && block == 0 && o < g->out_c; o++) {
            real sum = 0;

            for (size_t p = first * outs; p < last * outs; p++)
                sum += ((const real *)a->dy)[p * g->out_c + o];
            ((real *)a->db_parts)[part * g->out_c + o] = sum;
        }
    }
}

/* All rounds at once. */
void plain_winograd_weights(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_winograd_weights_args *a = args;
    const fv_conv_args direct = {
        .g = a->g, .x = a->x, .dy = a->dy, .dw_parts = a->dw, .db_parts = a->db, .blocks = 1, .parts = 1};

    (void)begin;
    (void)end;
    plain_conv_backward_w(&direct, 0, 1, slice);
}
