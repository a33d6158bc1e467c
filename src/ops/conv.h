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
    int pool;    /* 1: and with a max-pooling of 2x2 in front of the activation */
    size_t run;  /* not 0: in words of two bf16, made of runs of so many channels */
    size_t side; /* of Winograd's tiles if the planner chose them, else 0 */
} fv_conv_attrs;

typedef struct fv_conv_backward_attrs {
    fv_shape x; /* first: fv_shape_of_input */
    fv_conv_attrs conv;
    bool bias;
    int gate_act;
} fv_conv_backward_attrs;

/* ---- what conv.c and conv_backward.c share */
fv_conv_geometry fv_conv_shape(const fv_conv_attrs *attrs, const fv_shape *x);
/* Rows and depth of the matrix product that this convolution is, if it is one. */
bool fv_conv_as_product(const fv_conv_attrs *attrs, const fv_conv_geometry *g, size_t *rows, size_t *depth);
/* Does the kernel read one filter a channel? Attributes of both nodes that read weights begin with the convolution's. */
bool fv_conv_one_filter(const fv_conv_attrs *attrs, const fv_shape *weight);
fv_cost fv_conv_cost(const fv_conv_geometry *g, double real);
/* [in_c, out_c] bytes of a connection table, NULL = all are connected. */
const uint8_t *fv_conv_table(int table);
static inline fv_value fv_conv_input(const fv_node *node, int i)
{
    return i < node->n_in ? node->in[i] : 0;
}

/* Is this a convolution for which the planner may choose among algorithms? Then its geometry is *g. */
bool fv_conv_has_choice(const fv_graph *graph, const fv_node *node, fv_conv_geometry *g);

#endif
