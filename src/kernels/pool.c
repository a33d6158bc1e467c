/* Max and average pooling over [n,h,w,c], forward; cells outside the picture are not there. Lanes are channels. Bound by
 * memory. */
#include "kernels/pool.h"

#include "kernels/act.h"

/* Maxima of `lanes` channels under one output. The first of equal cells wins; a NaN wins only if it is the first. */
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

            best = vec_select(more, v, best);
            arg = ivec_select(more, ivec_all(first + (int32_t)h * width + (int32_t)w), arg);
        }
    vec_store_m(y, best, m);
    if (argmax)
        ivec_store_bytes(argmax, arg, lanes);
}

static void max_pixel(const fv_pool_args *a, const real *x, size_t oh, size_t ow, real *y, uint8_t *argmax)
{
    const fv_pool_window r = fv_pool_at(a, oh, ow);
    const size_t rows = r.h1 - r.h0, cols = r.w1 - r.w0;

    x += (r.h0 * a->in_w + r.w0) * a->c;
    for (size_t c = 0; c < a->c; c += FV_LANES) {
        const size_t lanes = vec_lanes(c, a->c);

        if (rows == 2 && cols == 2) /* constants: the loops unroll */
            max_lanes(x + c, a, &r, 2, 2, y + c, argmax ? argmax + c : NULL, lanes);
        else
            max_lanes(x + c, a, &r, rows, cols, y + c, argmax ? argmax + c : NULL, lanes);
    }
}

/* Items are images x row blocks. */
void FV_FN(maxpool_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pool_args *a = args;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t image = item / a->blocks, block = item % a->blocks;
        const size_t top = block * a->out_h / a->blocks, bottom = (block + 1) * a->out_h / a->blocks;
        const size_t first = (image * a->out_h + top) * a->out_w, pixels = (bottom - top) * a->out_w;
        const real *x = (const real *)a->x + image * a->in_h * a->in_w * a->c;
        real *y = (real *)a->out + first * a->c;

        for (size_t p = 0; p < pixels; p++)
            max_pixel(a, x, top + p / a->out_w, p % a->out_w, y + p * a->c,
                      a->argmax ? a->argmax + (first + p) * a->c : NULL);
        FV_FN(act_run)(a->act, y, y, pixels * a->c);
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
