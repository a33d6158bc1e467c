/* dropout: y = x / (1 - rate) with probability 1 - rate, else 0; the identity at inference (Srivastava et al. 2014).
 * What is kept is a function of (seed, node, step, element), so the backward node draws the same mask again instead of
 * reading a stored one. */
#include "ops/common.h"

typedef struct dropout_attrs {
    double rate;
    uint32_t stream;
} dropout_attrs;

static const fv_attr attrs[] = {
    {"rate", FV_ATTR_REAL, offsetof(dropout_attrs, rate), .5, 0, .999, "share of the values that become 0", true, NULL},
    {0},
};

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_dropout, node->attrs, &dy[0], 1);
}

static void lower(fv_lower *l, const fv_node *node)
{
    const dropout_attrs *a = node->attrs;
    const fv_elementwise_args args = {
        .rate = a->rate, .seed = fv_lower_seed(l), .stream = a->stream, .step = fv_lower_step_counter(l)};
    const fv_bind binds[] = {FV_BIND(fv_elementwise_args, x, node->in[0]),
                             FV_BIND(fv_elementwise_args, out, node->out[0])};

    fv_lower_elementwise(l, node, FV_K_dropout, args, binds, FV_COUNT(binds), 1);
}

const fv_op fv_op_dropout = {
    .name = "dropout",
    .help = "zero a share of the values while training",
    .attrs = attrs,
    .attr_bytes = sizeof(dropout_attrs),
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_INPLACE | FV_OP_TRAINING,
    .stream_offset = offsetof(dropout_attrs, stream),
    .shape = fv_shape_like_first,
    .grad = grad,
    .lower = lower,
};
