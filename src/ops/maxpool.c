/* maxpool: the largest value of each window.
 *
 *     y[n,i,j,c] = max over r, s of x[n, i*stride + r - top, j*stride + s - left, c]      x: [N,H,W,C]  y: [N,H',W',C]
 *
 * Gradient: the whole of dy goes to the maximum, the first one in row-major order where several are equal. Which one it
 * was is kept as one byte a window (argmax = r * kernel columns + s), a second output of the node. */
#include "ops/pool.h"

static const fv_attr attrs[] = {FV_POOL_ATTRS, {0}};

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const fv_pool_attrs *a = node->attrs;

    if (fv_pool_shape("maxpool", a, &in[0], out, err))
        return FV_E_SHAPE;
    const fv_pool_args p = fv_pool_describe(a, &in[0]);

    if (p.kernel_h * p.kernel_w > 256)
        return fv_fail(err, FV_E_RANGE, "maxpool %zux%zu: windows have at most 256 cells, this one %zu", p.kernel_h,
                       p.kernel_w, p.kernel_h * p.kernel_w);
    out[1] = out[0];
    dtype[1] = FV_U8;
    return FV_OK;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const fv_pool_backward_attrs back = {*fv_shape_of(graph, node->in[0]), *(const fv_pool_attrs *)node->attrs};

    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_maxpool_backward, &back, (fv_value[]){dy[0], node->out[1]}, 2);
}

static void lower(fv_lower *l, const fv_node *node)
{
    fv_pool_args args = fv_pool_describe(node->attrs, fv_lower_shape(l, node->in[0]));
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_pool_args, x, node->in[0]),
                             FV_BIND_SAMPLES(fv_pool_args, out, node->out[0]),
                             FV_BIND_SAMPLES(fv_pool_args, argmax, fv_lower_gradients(l) ? node->out[1] : 0)};
    const fv_work work = fv_work_maxpool_forward(k, &args);

    fv_lower_step(l, FV_K_maxpool_forward, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  fv_pool_cost(&args, (double)k->real_bytes));
}

const fv_op fv_op_maxpool = {
    .name = "maxpool",
    .help = "largest value of each window",
    .attrs = attrs,
    .attr_bytes = sizeof(fv_pool_attrs),
    .inputs = 1,
    .outputs = 2,
    .shape = shape,
    .grad = grad,
    .lower = lower,
    .facts = fv_pool_facts,
    .act_offset = offsetof(fv_pool_attrs, act),
};

/* dx from dy and argmax; with a folded activation also from y, the pool's output (third input). */
static void lower_back(fv_lower *l, const fv_node *node)
{
    const fv_pool_backward_attrs *a = node->attrs;
    fv_pool_args args = fv_pool_describe(&a->pool, &a->x);
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_pool_args, dy, node->in[0]),
                             FV_BIND_SAMPLES(fv_pool_args, argmax, node->in[1]),
                             FV_BIND_SAMPLES(fv_pool_args, y, node->n_in > 2 ? node->in[2] : 0),
                             FV_BIND_SAMPLES(fv_pool_args, dx, node->out[0])};
    const fv_work work = fv_work_pool_backward(k, &args);

    fv_lower_step(l, FV_K_maxpool_backward, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  fv_pool_cost(&args, (double)k->real_bytes));
}

const fv_op fv_op_maxpool_backward = {
    .name = "maxpool_backward",
    .help = "gradient of max-pooling: all of it to the maximum",
    .attr_bytes = sizeof(fv_pool_backward_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_of_input,
    .lower = lower_back,
};
