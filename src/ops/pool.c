#include "ops/pool.h"

/* Rows and columns of the windows, with `global` and the stride's default worked out. */
static void windows(const fv_pool_attrs *a, const fv_shape *x, fv_window w[2])
{
    size_t kernel[2] = {a->kernel[0], a->kernel[1]}, stride[2];

    for (int i = 0; i < 2; i++) {
        if (a->global)
            kernel[i] = x->dim[1 + i];
        stride[i] = a->stride[i] && !a->global ? a->stride[i] : kernel[i];
    }
    fv_windows(kernel, stride, (size_t[]){1, 1}, &a->pad, w);
}

fv_pool_args fv_pool_describe(const fv_pool_attrs *a, const fv_shape *x)
{
    fv_window w[2];

    windows(a, x, w);
    return (fv_pool_args){
        .n = x->dim[0],
        .in_h = x->dim[1],
        .in_w = x->dim[2],
        .c = x->dim[3],
        .out_h = fv_window_count(&w[0], x->dim[1], a->ceil),
        .out_w = fv_window_count(&w[1], x->dim[2], a->ceil),
        .kernel_h = w[0].kernel,
        .kernel_w = w[1].kernel,
        .stride_h = w[0].stride,
        .stride_w = w[1].stride,
        .pad_top = w[0].begin,
        .pad_left = w[1].begin,
        .act = (fv_act)a->act,
        .count_pad = a->count_pad,
    };
}

bool fv_pool_halves(const fv_pool_attrs *a, const fv_shape *x)
{
    const fv_pool_args p = fv_pool_describe(a, x);

    return p.kernel_h == 2 && p.kernel_w == 2 && p.stride_h == 2 && p.stride_w == 2 && !p.pad_top && !p.pad_left &&
           2 * p.out_h == p.in_h && 2 * p.out_w == p.in_w;
}

fv_status fv_pool_shape(const char *name, const fv_pool_attrs *a, const fv_shape *x, fv_shape *out, fv_error *err)
{
    const fv_pool_args p = fv_pool_describe(a, x);
    fv_window w[2];

    windows(a, x, w);
    for (int i = 0; i < 2; i++)
        if (w[i].begin >= w[i].kernel || w[i].end >= w[i].kernel)
            return fv_fail(err, FV_E_SHAPE,
                           "%s %zux%zu: padding %zu is not smaller than the window, which would hold "
                           "padding alone",
                           name, p.kernel_h, p.kernel_w, w[i].begin > w[i].end ? w[i].begin : w[i].end);
    if (!p.out_h || !p.out_w)
        return fv_fail(err, FV_E_SHAPE, "%s %zux%zu: input is %zux%zu, nothing left to pool", name, p.kernel_h,
                       p.kernel_w, p.in_h, p.in_w);
    out[0] = fv_shape4(p.n, p.out_h, p.out_w, p.c);
    return FV_OK;
}

void fv_pool_facts(const fv_node *node, const fv_shape *in, const fv_shape *out, fv_facts *facts)
{
    const fv_pool_attrs *a = node->attrs;
    fv_window w[2];

    (void)out;
    windows(a, in, w);
    fv_window_facts(w, facts);
    facts->global = a->global;
}

fv_cost fv_pool_cost(const fv_pool_args *p, double real)
{
    const double in = (double)(p->n * p->in_h * p->in_w * p->c), out = (double)(p->n * p->out_h * p->out_w * p->c);

    return (fv_cost){out * (double)(p->kernel_h * p->kernel_w), real * (in + out)};
}
