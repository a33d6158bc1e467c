/* squared error against one-hot labels: loss[n] = 1/2 sum over i of (x[n,i] - onehot[i])^2; dx = (x - onehot) / N. */
#include "ops/loss.h"

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    fv_loss_grad(graph, node, &fv_op_squared_backward, dy, need, dx);
}

static void lower(fv_lower *l, const fv_node *node)
{
    fv_loss_lower(l, node, FV_K_squared_forward, (fv_loss_args){0});
}

static void lower_back(fv_lower *l, const fv_node *node)
{
    fv_loss_lower_backward(l, node, FV_K_squared_backward, (fv_loss_args){0});
}

const fv_op fv_op_squared = {
    .name = "squared",
    .help = "loss: half the squared distance to the one-hot label",
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_LOSS,
    .shape = fv_loss_shape,
    .grad = grad,
    .lower = lower,
};

const fv_op fv_op_squared_backward = {
    .name = "squared_backward",
    .help = "gradient of squared error",
    .inputs = 3,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_like_first,
    .lower = lower_back,
};
