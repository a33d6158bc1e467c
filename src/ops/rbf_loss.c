/* rbf-loss on the distances x of an RBF layer (LeCun et al. 1998, section II.C):
 *
 *     equation 8   loss[n] = x[n, label]
 *     equation 9   loss[n] = x[n, label] + log(e^-j + sum over i of e^-x[n,i])             with `map`
 *
 * The second keeps wrong classes away (maximum a posteriori); j > 0 bounds how far that pushes. */
#include "ops/loss.h"

typedef struct rbf_loss_attrs {
    bool map;
    double j;
} rbf_loss_attrs;

static const fv_attr attrs[] = {
    {"map", FV_ATTR_FLAG, offsetof(rbf_loss_attrs, map), 0, 0, 1, "equation 9 instead of 8", false, NULL},
    {"j", FV_ATTR_REAL, offsetof(rbf_loss_attrs, j), 150, 0, 1e6, "the constant of equation 9", false, NULL},
    {0},
};

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    fv_loss_grad(graph, node, &fv_op_rbf_loss_backward, dy, need, dx);
}

static fv_loss_args describe(const fv_node *node)
{
    const rbf_loss_attrs *a = node->attrs;

    return (fv_loss_args){.map = a->map, .j = a->j};
}

static void lower(fv_lower *l, const fv_node *node)
{
    fv_loss_lower(l, node, FV_K_rbf_loss_forward, describe(node));
}

static void lower_back(fv_lower *l, const fv_node *node)
{
    fv_loss_lower_backward(l, node, FV_K_rbf_loss_backward, describe(node));
}

const fv_op fv_op_rbf_loss = {
    .name = "rbf-loss",
    .help = "loss of LeNet 1998 on RBF distances",
    .attrs = attrs,
    .attr_bytes = sizeof(rbf_loss_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_LOSS,
    .shape = fv_loss_shape,
    .grad = grad,
    .lower = lower,
};

const fv_op fv_op_rbf_loss_backward = {
    .name = "rbf_loss_backward",
    .help = "gradient of rbf-loss",
    .attr_bytes = sizeof(rbf_loss_attrs),
    .inputs = 3,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_like_first,
    .lower = lower_back,
};
