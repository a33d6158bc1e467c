/* Plain adaptive average pooling: each cell of a window adds its share. */
#include "kernels/adaptive.h"
#include "plain.h"

/* Window o of `outs` over `in` cells, as PyTorch defines it. */
static void window(size_t o, size_t in, size_t outs, size_t *begin, size_t *end)
{
    *begin = (size_t)floor((double)(o * in) / (double)outs);
    *end = (size_t)ceil((double)((o + 1) * in) / (double)outs);
}

/* Call on each window [h0, h1) x [w0, w1) of output (oh, ow) of every image. */
typedef void visit(const fv_adaptive_args *a, size_t out_at, size_t in_at, real share, void *to);

static void each(const fv_adaptive_args *a, size_t n, size_t oh, visit *f, void *to)
{
    size_t h0, h1, w0, w1;

    window(oh, a->in_h, a->out_h, &h0, &h1);
    for (size_t ow = 0; ow < a->out_w; ow++) {
        window(ow, a->in_w, a->out_w, &w0, &w1);
        for (size_t h = h0; h < h1; h++)
            for (size_t w = w0; w < w1; w++)
                f(a, ((n * a->out_h + oh) * a->out_w + ow) * a->c, ((n * a->in_h + h) * a->in_w + w) * a->c,
                  1 / (real)((h1 - h0) * (w1 - w0)), to);
    }
}

static void add_forward(const fv_adaptive_args *a, size_t out_at, size_t in_at, real share, void *to)
{
    for (size_t c = 0; c < a->c; c++)
        ((real *)to)[out_at + c] += share * ((const real *)a->x)[in_at + c];
}

static void add_backward(const fv_adaptive_args *a, size_t out_at, size_t in_at, real share, void *to)
{
    for (size_t c = 0; c < a->c; c++)
        ((real *)to)[in_at + c] += share * ((const real *)a->dy)[out_at + c];
}

void plain_adaptive_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_adaptive_args *a = args;

    (void)slice;
    for (size_t row = begin; row < end; row++) {
        for (size_t i = 0; i < a->out_w * a->c; i++)
            ((real *)a->out)[row * a->out_w * a->c + i] = 0;
        each(a, row / a->out_h, row % a->out_h, add_forward, a->out);
    }
}

/* All at once: the harness runs the plain kernel over all items. */
void plain_adaptive_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_adaptive_args *a = args;

    (void)slice;
    for (size_t i = begin * a->in_w * a->c; i < end * a->in_w * a->c; i++)
        ((real *)a->dx)[i] = 0;
    for (size_t n = 0; n < a->n; n++)
        for (size_t oh = 0; oh < a->out_h; oh++)
            each(a, n, oh, add_backward, a->dx);
}
