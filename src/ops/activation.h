/* Activations differ in their function alone. */
#ifndef FV_OPS_ACTIVATION_H
#define FV_OPS_ACTIVATION_H
#include "ops/common.h"

typedef struct fv_act_attrs {
    int act;
} fv_act_attrs;

void fv_act_grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx);
void fv_act_lower(fv_lower *lower, const fv_node *node);

/* The record of one activation, in its own file with its formula. */
#define FV_ACTIVATION(symbol, word, act_, help_)                                                                       \
    const fv_op fv_op_##symbol = {                                                                                     \
        .name = word,                                                                                                  \
        .help = help_,                                                                                                 \
        .inputs = 1,                                                                                                   \
        .outputs = 1,                                                                                                  \
        .flags = FV_OP_INPLACE,                                                                                        \
        .activation = act_,                                                                                            \
        .shape = fv_shape_like_first,                                                                                  \
        .grad = fv_act_grad,                                                                                           \
        .lower = fv_act_lower,                                                                                         \
    }

#endif
