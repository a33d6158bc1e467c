/* LeNet-5's subsampling layers S2 and S4 (LeCun, Bottou, Bengio, Haffner 1998, section II.B):
 *
 *     y[n,h,w,c] = act(weight[c] * sum of the kernel x kernel cells + bias[c])
 */
#include "kernels/vec.h"

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
void FV_FN(subsample_forward)(const void *args, size_t begin, size_t end, size_t slice)
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
void FV_FN(subsample_backward_x)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_subsample_args *a = args;
    const real *weight = a->weight, *y = a->y, *dy = a->dy;
    const size_t in = a->in_h * a->in_w;

    (void)slice;
    for (size_t p = begin * in; p < end * in; p++) {
        const size_t oh = p % in / a->in_w / a->kernel_h, ow = p % a->in_w / a->kernel_w;
        const size_t at = ((p / in * a->out_h + oh) * a->out_w + ow) * a->c;

        for (size_t c = 0; c < a->c; c++)
            ((real *)a->dx)[p * a->c + c] = oh >= a->out_h || ow >= a->out_w
                                                ? 0
                                                : dy[at + c] * act_gradient(a->act, y[at + c]) * weight[c];
    }
}

/* Items are parts, each a run of images. */
void FV_FN(subsample_backward_w)(const void *args, size_t begin, size_t end, size_t slice)
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
