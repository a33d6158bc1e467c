/* add: y = act(a + b), elementwise, shapes equal (He et al. 2015, equation 1). Gradient: dy to both, without a copy. */
#include "ops/common.h"

typedef struct add_attrs {
    bool unused; /* offset 0 would say that no activation can be folded in */
    int act;     /* fv_act that the planner folded in */
} add_attrs;

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    char a[96], b[96];

    (void)node;
    (void)dtype;
    if (!fv_shape_equal(&in[0], &in[1]))
        return fv_fail(err, FV_E_SHAPE, "add: the two sides are %s and %s; they must be equal",
                       fv_shape_text(&in[0], a), fv_shape_text(&in[1], b));
    out[0] = in[0];
    return FV_OK;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    (void)graph;
    (void)node;
    for (int i = 0; i < 2; i++)
        if (need[i])
            dx[i] = dy[0];
}

static void lower(fv_lower *l, const fv_node *node)
{
    const add_attrs *a = node->attrs;
    const fv_elementwise_args args = {.act = (fv_act)a->act};
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_elementwise_args, x, node->in[0]),
                             FV_BIND_SAMPLES(fv_elementwise_args, b, node->in[1]),
                             FV_BIND_SAMPLES(fv_elementwise_args, out, node->out[0])};

    fv_lower_elementwise(l, node, FV_K_add, args, binds, FV_COUNT(binds), 2);
}

const fv_op fv_op_add = {
    .name = "add",
    .help = "sum of two values",
    .attr_bytes = sizeof(add_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_INPLACE,
    .shape = shape,
    .grad = grad,
    .lower = lower,
    .act_offset = offsetof(add_attrs, act),
};
