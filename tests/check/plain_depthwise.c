/* Plain depthwise convolution. */
#include "plain.h"

/* The element of x that weight (kh, kw) meets for output (n, oh, ow) of channel c, or SIZE_MAX outside the picture. */
static size_t cell(const fv_conv_geometry *g, size_t n, size_t oh, size_t ow, size_t kh, size_t kw, size_t c)
{
    const size_t h = oh * g->stride_h + kh * g->dilation_h, w = ow * g->stride_w + kw * g->dilation_w;

    if (h < g->pad_top || h >= g->pad_top + g->in_h || w < g->pad_left || w >= g->pad_left + g->in_w)
        return SIZE_MAX;
    return ((n * g->in_h + h - g->pad_top) * g->in_w + w - g->pad_left) * g->in_c + c;
}

/* Rows [begin, end) of all images counted through, from items that are images x blocks of `rows` rows. */
static void rows_of(const fv_conv_args *a, size_t item, size_t rows, size_t *begin, size_t *end)
{
    const size_t image = item / a->blocks, block = item % a->blocks;

    *begin = image * rows + block * rows / a->blocks;
    *end = image * rows + (block + 1) * rows / a->blocks;
}

void plain_depthwise_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const real *x = a->x, *w = a->w, *bias = a->bias;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        size_t from, to;

        rows_of(a, item, g->out_h, &from, &to);
        for (size_t i = from * g->out_w * g->out_c; i < to * g->out_w * g->out_c; i++) {
            const size_t c = i % g->out_c, ow = i / g->out_c % g->out_w, row = i / g->out_c / g->out_w;
            real sum = bias ? bias[c] : 0;

            for (size_t k = 0; k < g->kernel_h * g->kernel_w; k++) {
                const size_t at = cell(g, row / g->out_h, row % g->out_h, ow, k / g->kernel_w, k % g->kernel_w, c);

                sum += at == SIZE_MAX ? 0 : x[at] * w[k * g->in_c + c];
            }
            ((real *)a->y)[i] = act_value(a->act, sum);
        }
    }
}

/* Scatters; the harness runs it over all items. */
void plain_depthwise_backward_x(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const size_t in = g->n * g->in_h * g->in_w * g->in_c;
    const real *dy = a->dy, *w = a->w, *gate = a->gate;
    real *dx = a->dx;

    (void)begin;
    (void)end;
    (void)slice;
    for (size_t i = 0; i < in; i++)
        dx[i] = 0;
    for (size_t i = 0; i < g->n * g->out_h * g->out_w * g->out_c; i++) {
        const size_t c = i % g->out_c, ow = i / g->out_c % g->out_w, row = i / g->out_c / g->out_w;

        for (size_t k = 0; k < g->kernel_h * g->kernel_w; k++) {
            const size_t at = cell(g, row / g->out_h, row % g->out_h, ow, k / g->kernel_w, k % g->kernel_w, c);

            if (at != SIZE_MAX)
                dx[at] += dy[i] * w[k * g->in_c + c];
        }
    }
    for (size_t i = 0; gate && i < in; i++)
        dx[i] *= act_gradient(a->gate_act, gate[i]);
}

void plain_depthwise_backward_w(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const size_t taps = g->kernel_h * g->kernel_w, c0 = g->in_c;
    const real *dy = a->dy, *x = a->x;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t part = item / a->blocks, block = item % a->blocks;
        const size_t first = part * g->n / a->parts, last = (part + 1) * g->n / a->parts;

        for (size_t c = block * c0 / a->blocks; c < (block + 1) * c0 / a->blocks; c++) {
            for (size_t k = 0; k < taps; k++) {
                long double sum = 0;

                for (size_t i = first * g->out_h * g->out_w; i < last * g->out_h * g->out_w; i++) {
                    const size_t row = i / g->out_w;
                    const size_t at =
                        cell(g, row / g->out_h, row % g->out_h, i % g->out_w, k / g->kernel_w, k % g->kernel_w, c);

                    sum += at == SIZE_MAX ? 0 : (long double)(dy[i * c0 + c] * x[at]);
                }
                ((real *)a->dw_parts)[(part * taps + k) * c0 + c] = (real)sum;
            }
            if (a->db_parts) {
                long double sum = 0;

                for (size_t i = first * g->out_h * g->out_w; i < last * g->out_h * g->out_w; i++)
                    sum += (long double)dy[i * c0 + c];
                ((real *)a->db_parts)[part * c0 + c] = (real)sum;
            }
        }
    }
}
