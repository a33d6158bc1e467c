/* LeNet-5's subsampling layers S2 and S4 (LeCun, Bottou, Bengio, Haffner 1998, section II.B):
 *
 *     y[n,h,w,c] = act(weight[c] * sum of the kernel x kernel cells + bias[c])
 *
 * Lanes are channels; bound by memory. */
#include "kernels/pool.h"

#include "kernels/act.h"

/* Where the window of output pixel p begins in x. */
static size_t window_begin(const fv_subsample_args *a, size_t p)
{
    const size_t outs = a->out_h * a->out_w, oh = p % outs / a->out_w, ow = p % a->out_w;

    return ((p / outs * a->in_h + oh * a->kernel_h) * a->in_w + ow * a->kernel_w) * a->c;
}

FV_INLINE vec cells(const fv_subsample_args *a, size_t at, vmask m)
{
    vec sum = vec_all(0);

    for (size_t h = 0; h < a->kernel_h; h++)
        for (size_t w = 0; w < a->kernel_w; w++)
            sum += vec_load_m((const real *)a->x + at + (h * a->in_w + w) * a->c, m);
    return sum;
}

FV_INLINE vec gradient(const fv_subsample_args *a, size_t at, vmask m)
{
    const vec dy = vec_load_m((const real *)a->dy + at, m);

    return a->act == FV_ACT_NONE ? dy : vec_act_back(a->act, vec_load_m((const real *)a->y + at, m), dy);
}

/* Items are images. */
void FV_FN(subsample_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_subsample_args *a = args;
    const size_t outs = a->out_h * a->out_w;
    const real *weight = a->weight, *bias = a->bias;
    real *y = a->out;

    (void)slice;
    for (size_t p = begin * outs; p < end * outs; p++)
        for (size_t c = 0; c < a->c; c += FV_LANES) {
            const vmask m = vec_mask(vec_lanes(c, a->c));
            const vec sum = cells(a, window_begin(a, p) + c, m);

            vec_store_m(y + p * a->c + c, vec_load_m(weight + c, m) * sum + vec_load_m(bias + c, m), m);
        }
    FV_FN(act_run)(a->act, y + begin * outs * a->c, y + begin * outs * a->c, (end - begin) * outs * a->c);
}

/* Items are images. */
void FV_FN(subsample_backward_x)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_subsample_args *a = args;
    const size_t outs = a->out_h * a->out_w, in = a->in_h * a->in_w * a->c;
    const real *weight = a->weight;

    (void)slice;
    if (a->out_h * a->kernel_h != a->in_h || a->out_w * a->kernel_w != a->in_w) /* the rest has no output */
        FV_FN(clear)((real *)a->dx + begin * in, (end - begin) * in);
    for (size_t p = begin * outs; p < end * outs; p++)
        for (size_t c = 0; c < a->c; c += FV_LANES) {
            const vmask m = vec_mask(vec_lanes(c, a->c));
            const vec d = gradient(a, p * a->c + c, m) * vec_load_m(weight + c, m);
            real *dx = (real *)a->dx + window_begin(a, p) + c;

            for (size_t h = 0; h < a->kernel_h; h++)
                for (size_t w = 0; w < a->kernel_w; w++)
                    vec_store_m(dx + (h * a->in_w + w) * a->c, d, m);
        }
}

/* Items are parts, each a run of images, summed in rising order. */
void FV_FN(subsample_backward_w)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_subsample_args *a = args;
    const size_t outs = a->out_h * a->out_w;

    (void)slice;
    for (size_t part = begin; part < end; part++)
        for (size_t c = 0; c < a->c; c += FV_LANES) {
            const vmask m = vec_mask(vec_lanes(c, a->c));
            const size_t first = part * a->n / a->parts * outs, last = (part + 1) * a->n / a->parts * outs;
            vec dweight = vec_all(0), dbias = vec_all(0);

            for (size_t p = first; p < last; p++) {
                const vec d = gradient(a, p * a->c + c, m);

                dweight += d * cells(a, window_begin(a, p) + c, m);
                dbias += d;
            }
            vec_store_m((real *)a->dweight_parts + part * a->c + c, dweight, m);
            vec_store_m((real *)a->dbias_parts + part * a->c + c, dbias, m);
        }
}
