/* Attributes of the convolution; importers and tests fill them too. */
#ifndef FV_OPS_CONV_H
#define FV_OPS_CONV_H
#include "ops/common.h"

typedef struct fv_conv_attrs {
    size_t kernel[2], features, stride[2];
    fv_pad pad;
    size_t groups, dilation[2];
    int table;
    fv_init_attrs init;
    int act;     /* fv_act that the planner folded in */
    int add;     /* 1: so did it with a sum (fv_node_summand) */
    size_t run;  /* not 0: in words of two bf16, made of runs of so many channels */
    size_t side; /* of Winograd's tiles if the planner chose them, else 0 */
} fv_conv_attrs;

typedef struct fv_conv_backward_attrs {
    fv_shape x; /* first: fv_shape_of_input */
    fv_conv_attrs conv;
    bool bias;
    int gate_act;
} fv_conv_backward_attrs;

/* Is this a convolution for which the planner may choose among algorithms? Then its geometry is *g. */
bool fv_conv_has_choice(const fv_graph *graph, const fv_node *node, fv_conv_geometry *g);

#endif
