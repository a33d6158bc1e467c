/* cross-entropy of soft-max against labels, with label smoothing e (Szegedy et al. 2015, section 7):
 *
 *     loss[n] = -sum over i of t[i] log p[n,i],   p = softmax(x),   t = (1 - e) onehot(label) + e / classes
 *
 * Gradient of the mean over the batch: dx = (p - t) / N. Of mixed samples (mixup, cutmix) onehot has two parts. A last
 * input, which training may add, has a weight of each class: a sample's loss and gradient are taken times its label's. */
#include "ops/loss.h"

typedef struct cross_entropy_attrs {
    double smoothing;
} cross_entropy_attrs;

static const fv_attr attrs[] = {
    {"smoothing", FV_ATTR_REAL, offsetof(cross_entropy_attrs, smoothing), 0, 0, 1, "share given to all classes alike",
     false, NULL},
    {0},
};

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    fv_loss_grad(graph, node, &fv_op_cross_entropy_backward, dy, need, dx);
}

static void lower(fv_lower *l, const fv_node *node)
{
    const cross_entropy_attrs *a = node->attrs;

    fv_loss_lower(l, node, FV_K_cross_entropy_forward, (fv_loss_args){.smoothing = a->smoothing});
}

static void lower_back(fv_lower *l, const fv_node *node)
{
    const cross_entropy_attrs *a = node->attrs;

    fv_loss_lower_backward(l, node, FV_K_cross_entropy_backward, (fv_loss_args){.smoothing = a->smoothing});
}

const fv_op fv_op_cross_entropy = {
    .name = "cross-entropy",
    .help = "loss: negative log of the right class's soft-max",
    .attrs = attrs,
    .attr_bytes = sizeof(cross_entropy_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_LOSS,
    .shape = fv_loss_shape,
    .grad = grad,
    .lower = lower,
};

const fv_op fv_op_cross_entropy_backward = {
    .name = "cross_entropy_backward",
    .help = "gradient of cross-entropy",
    .attr_bytes = sizeof(cross_entropy_attrs),
    .inputs = -1,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_like_first,
    .lower = lower_back,
};
