/* avgpool: the mean of each window.
 *
 *     y[n,i,j,c] = 1/m * sum over r, s of x[n, i*stride + r - top, j*stride + s - left, c]  x: [N,H,W,C]  y: [N,H',W',C]
 *
 * m counts the cells of the window that lie in the picture, or all of them with count-pad. Gradient: dy/m to each cell. */
#include "ops/pool.h"

static const fv_attr attrs[] = {
    FV_POOL_ATTRS,
    {"count-pad", FV_ATTR_FLAG, offsetof(fv_pool_attrs, count_pad), 0, 0, 1, "padding counts as zeros", false, NULL},
    {0},
};

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    (void)dtype;
    return fv_pool_shape("avgpool", node->attrs, &in[0], out, err);
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const fv_pool_backward_attrs back = {*(const fv_pool_attrs *)node->attrs, *fv_shape_of(graph, node->in[0])};

    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_avgpool_backward, &back, &dy[0], 1);
}

static void lower(fv_lower *l, const fv_node *node)
{
    fv_pool_args args = fv_pool_describe(node->attrs, fv_lower_shape(l, node->in[0]));
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_bind binds[] = {FV_BIND(fv_pool_args, x, node->in[0]), FV_BIND(fv_pool_args, out, node->out[0])};
    const fv_work work = fv_work_avgpool_forward(k, &args);

    fv_lower_step(l, FV_K_avgpool_forward, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  fv_pool_cost(&args, (double)k->real_bytes));
}

const fv_op fv_op_avgpool = {
    .name = "avgpool", .help = "mean of each window",
    .attrs = attrs, .attr_bytes = sizeof(fv_pool_attrs), .inputs = 1, .outputs = 1,
    .shape = shape, .grad = grad, .lower = lower, .facts = fv_pool_facts,
};

static void lower_back(fv_lower *l, const fv_node *node)
{
    const fv_pool_backward_attrs *a = node->attrs;
    fv_pool_args args = fv_pool_describe(&a->pool, &a->x);
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_bind binds[] = {FV_BIND(fv_pool_args, dy, node->in[0]), FV_BIND(fv_pool_args, dx, node->out[0])};
    const fv_work work = fv_work_pool_backward(k, &args);

    fv_lower_step(l, FV_K_avgpool_backward, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  fv_pool_cost(&args, (double)k->real_bytes));
}

const fv_op fv_op_avgpool_backward = {
    .name = "avgpool_backward", .help = "gradient of average pooling",
    .attr_bytes = sizeof(fv_pool_backward_attrs), .inputs = 1, .outputs = 1, .flags = FV_OP_HIDDEN,
    .shape = fv_pool_shape_x, .lower = lower_back,
};
