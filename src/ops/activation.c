/* Activations y = f(x), elementwise; their gradients are functions of y, so that x need not be kept:
 *
 *     relu        max(x, 0)             dy where y > 0
 *     tanh        tanh x                dy (1 - y^2)
 *     lecun-tanh  A tanh(2x/3)          dy (2/3) (A - y^2/A), A = 1.7159        (LeCun et al. 1998, appendix A)
 *     sigmoid     1 / (1 + e^-x)        dy y (1 - y)
 *     relu6       min(max(x, 0), 6)     dy where 0 < y < 6                      (Howard et al. 2017, MobileNets)
 */
#include "ops/activation.h"

FV_ACTIVATION(relu, "relu", FV_ACT_RELU, "max(x, 0)");
FV_ACTIVATION(tanh, "tanh", FV_ACT_TANH, "hyperbolic tangent");
FV_ACTIVATION(lecun_tanh, "lecun-tanh", FV_ACT_LECUN_TANH, "1.7159 tanh(2x/3), LeCun 1998");
FV_ACTIVATION(sigmoid, "sigmoid", FV_ACT_SIGMOID, "1 / (1 + exp(-x))");
FV_ACTIVATION(relu6, "relu6", FV_ACT_RELU6, "min(max(x, 0), 6)");

void fv_act_grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const fv_act_attrs attrs = {node->op->activation};

    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_act_backward, &attrs, (fv_value[]){dy[0], node->out[0]}, 2);
}

void fv_act_lower(fv_lower *l, const fv_node *node)
{
    const fv_elementwise_args args = {.act = (fv_act)node->op->activation};
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_elementwise_args, x, node->in[0]),
                             FV_BIND_SAMPLES(fv_elementwise_args, out, node->out[0])};

    fv_lower_elementwise(l, node, FV_K_act_forward, args, binds, FV_COUNT(binds), 1);
}

static void lower_back(fv_lower *l, const fv_node *node)
{
    const fv_act_attrs *a = node->attrs;
    const fv_elementwise_args args = {.act = (fv_act)a->act};
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_elementwise_args, dy, node->in[0]),
                             FV_BIND_SAMPLES(fv_elementwise_args, y, node->in[1]),
                             FV_BIND_SAMPLES(fv_elementwise_args, out, node->out[0])};

    fv_lower_elementwise(l, node, FV_K_act_backward, args, binds, FV_COUNT(binds), 2);
}

const fv_op fv_op_act_backward = {
    .name = "act_backward",
    .help = "gradient of an activation, from its output",
    .attr_bytes = sizeof(fv_act_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_HIDDEN | FV_OP_INPLACE,
    .shape = fv_shape_like_first,
    .lower = lower_back,
};
