/* avgpool: the mean of each window.
 *
 *     y[n,i,j,c] = 1/m * sum over r, s of x[n, i*stride + r - top, j*stride + s - left, c]  x: [N,H,W,C] y: [N,H',W',C]
 *
 * m counts the cells of the window that lie in the picture, or all of them with count-pad. Gradient: dy/m to each cell.
 *
 * `avgpool to 6x6` has 6x6 results whatever the input: window i of H' covers rows floor(i H / H') to before
 * ceil((i + 1) H / H') (PyTorch's AdaptiveAvgPool2d). Where H' divides H and W' divides W these are windows as
 * above. */
#include "ops/pool.h"

#include "kernels/adaptive.h"

static const fv_attr attrs[] = {
    FV_POOL_ATTRS,
    {"count-pad", FV_ATTR_FLAG, offsetof(fv_pool_attrs, count_pad), 0, 0, 1, "padding counts as zeros", false, NULL},
    {"to", FV_ATTR_SIZE, offsetof(fv_pool_attrs, to), 0, 0, 1 << 16,
     "rows x columns of the result; 0 = as the windows give", false, NULL},
    {0},
};

static bool adapts(const fv_pool_attrs *a)
{
    return a->to[0] && a->to[1];
}

/* Windows of one size, as a pooling without `to` has them. */
static bool divides(const fv_pool_attrs *a, const fv_shape *x)
{
    return x->dim[1] % a->to[0] == 0 && x->dim[2] % a->to[1] == 0;
}

/* The same pooling without `to`, where that divides the input. */
static fv_pool_attrs settled(const fv_pool_attrs *a, const fv_shape *x)
{
    fv_pool_attrs plain = *a;

    if (adapts(a))
        for (int i = 0; i < 2; i++)
            plain.kernel[i] = plain.stride[i] = x->dim[1 + i] / a->to[i];
    return plain;
}

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const fv_pool_attrs *a = node->attrs;

    (void)dtype;
    if (!adapts(a))
        return fv_pool_shape("avgpool", a, &in[0], out, err);
    if (a->global || a->ceil || a->stride[0] || a->stride[1] || a->pad.same || a->pad.top || a->pad.left ||
        a->pad.bottom || a->pad.right)
        return fv_fail(err, FV_E_ARGUMENT,
                       "avgpool to %zux%zu: its windows follow from the input; stride, pad, ceil and "
                       "global cannot be said too",
                       a->to[0], a->to[1]);
    out[0] = fv_shape4(in[0].dim[0], a->to[0], a->to[1], in[0].dim[3]);
    return FV_OK;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const fv_pool_backward_attrs back = {*fv_shape_of(graph, node->in[0]), *(const fv_pool_attrs *)node->attrs};

    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_avgpool_backward, &back, &dy[0], 1);
}

static void lower_windows(fv_lower *l, const fv_pool_attrs *attrs_, const fv_shape *x, fv_kernel_id kernel,
                          const fv_bind binds[2])
{
    fv_pool_args args = fv_pool_describe(attrs_, x);
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_work work =
        kernel == FV_K_avgpool_forward ? fv_work_avgpool_forward(k, &args) : fv_work_pool_backward(k, &args);

    fv_lower_step(l, kernel, &args, sizeof args, work, binds, 2, 0, fv_pool_cost(&args, (double)k->real_bytes));
}

static void lower_adaptive(fv_lower *l, const fv_pool_attrs *a, const fv_shape *x, fv_kernel_id kernel,
                           const fv_bind binds[2])
{
    const fv_adaptive_args args = {
        .n = x->dim[0], .in_h = x->dim[1], .in_w = x->dim[2], .c = x->dim[3], .out_h = a->to[0], .out_w = a->to[1]};
    const size_t rows = args.n * (kernel == FV_K_adaptive_forward ? args.out_h : args.in_h), count = fv_elements(x);
    const size_t real = fv_lower_kernels(l)->real_bytes;

    fv_lower_step(l, kernel, &args, sizeof args, fv_work_items(rows, count / rows * real), binds, 2, 0,
                  (fv_cost){2 * (double)count, 2 * (double)(count * real)});
}

static void lower(fv_lower *l, const fv_node *node)
{
    const fv_pool_attrs *a = node->attrs;
    const fv_shape *x = fv_lower_shape(l, node->in[0]);

    if (adapts(a) && !divides(a, x)) {
        lower_adaptive(l, a, x, FV_K_adaptive_forward,
                       (const fv_bind[2]){FV_BIND_SAMPLES(fv_adaptive_args, x, node->in[0]),
                                          FV_BIND_SAMPLES(fv_adaptive_args, out, node->out[0])});
        return;
    }
    const fv_pool_attrs plain = settled(a, x);

    lower_windows(l, &plain, x, FV_K_avgpool_forward,
                  (const fv_bind[2]){FV_BIND_SAMPLES(fv_pool_args, x, node->in[0]),
                                     FV_BIND_SAMPLES(fv_pool_args, out, node->out[0])});
}

/* Of windows of several sizes, the largest. */
static void facts(const fv_node *node, const fv_shape *in, const fv_shape *out, fv_facts *f)
{
    const fv_pool_attrs *a = node->attrs;

    if (!adapts(a)) {
        fv_pool_facts(node, in, out, f);
        return;
    }
    for (int i = 0; i < 2; i++) {
        const size_t cells = in->dim[1 + i], outs = a->to[i];

        for (size_t o = 0; o < outs; o++) {
            const size_t window = fv_adaptive_end(o, cells, outs) - fv_adaptive_begin(o, cells, outs);

            f->kernel[i] = window > f->kernel[i] ? window : f->kernel[i];
        }
        f->stride[i] = cells / outs;
        f->dilation[i] = 1;
    }
    f->global = a->to[0] == 1 && a->to[1] == 1;
}

const fv_op fv_op_avgpool = {
    .name = "avgpool",
    .help = "mean of each window",
    .attrs = attrs,
    .attr_bytes = sizeof(fv_pool_attrs),
    .inputs = 1,
    .outputs = 1,
    .shape = shape,
    .grad = grad,
    .lower = lower,
    .facts = facts,
};

static void lower_back(fv_lower *l, const fv_node *node)
{
    const fv_pool_backward_attrs *a = node->attrs;

    if (adapts(&a->pool) && !divides(&a->pool, &a->x)) {
        lower_adaptive(l, &a->pool, &a->x, FV_K_adaptive_backward,
                       (const fv_bind[2]){FV_BIND_SAMPLES(fv_adaptive_args, dy, node->in[0]),
                                          FV_BIND_SAMPLES(fv_adaptive_args, dx, node->out[0])});
        return;
    }
    const fv_pool_attrs plain = settled(&a->pool, &a->x);

    lower_windows(l, &plain, &a->x, FV_K_avgpool_backward,
                  (const fv_bind[2]){FV_BIND_SAMPLES(fv_pool_args, dy, node->in[0]),
                                     FV_BIND_SAMPLES(fv_pool_args, dx, node->out[0])});
}

const fv_op fv_op_avgpool_backward = {
    .name = "avgpool_backward",
    .help = "gradient of average pooling",
    .attr_bytes = sizeof(fv_pool_backward_attrs),
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_of_input,
    .lower = lower_back,
};
