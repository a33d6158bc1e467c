/* dense: a fully connected layer. All H*W*C values of a sample go to each of F outputs.
 *
 *     y[n,f] = bias[f] + sum over i of x[n,i] * w[i,f]           x: [N,H,W,C]   w: [H,W,C,F]   y: [N,1,1,F]
 *
 * Files hold w as [F, C*H*W] (elements in C,H,W order, as papers and other tools flatten); the order is changed once,
 * when weights are loaded. Gradients: dx = dy w^T, dw = x^T dy, dbias = column sums of dy. */
#include "ops/common.h"
#include "ops/half.h"
#include "ops/product.h"

typedef struct dense_attrs {
    size_t features;
    fv_init_attrs init;
    size_t run; /* not 0: in words of two bf16, all inputs a run */
    int act;
} dense_attrs;

typedef struct dense_backward_attrs {
    fv_shape x;
    size_t features;
    bool bias;
    int gate_act;
} dense_backward_attrs;

static const fv_attr attrs[] = {
    {"features", FV_ATTR_CLASSES, offsetof(dense_attrs, features), FV_REQUIRED, 1, 1 << 24, "outputs", true, NULL},
    FV_INIT_ATTRS(dense_attrs),
    {0},
};

static size_t inputs_of(const fv_shape *x)
{
    return fv_elements(x) / x->dim[0];
}

static int params(const void *attrs_, const fv_shape *x, fv_param list[FV_MAX_PARAMS], fv_error *err)
{
    const dense_attrs *a = attrs_;
    const fv_shape w = {4, {x->dim[1], x->dim[2], x->dim[3], a->features}};

    (void)err;
    return fv_weight_params(&a->init, list, w, 2, (double)inputs_of(x), (double)a->features);
}

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const dense_attrs *a = node->attrs;

    (void)dtype;
    (void)err;
    out[0] = fv_shape4(in[0].dim[0], 1, 1, a->features);
    return FV_OK;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const dense_attrs *a = node->attrs;
    const dense_backward_attrs back = {*fv_shape_of(graph, node->in[0]), a->features, node->n_in > 2, 0};

    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_dense_backward_x, &back, (fv_value[]){dy[0], node->in[1]}, 2);
    if (need[1]) {
        const fv_node *dw = fv_emit_node(graph, &fv_op_dense_backward_w, &back, (fv_value[]){node->in[0], dy[0]}, 2);

        if (!dw)
            return;
        dx[1] = dw->out[0];
        dx[2] = dw->out[1];
    }
}

static void choose(void *attrs_, const fv_shape *in, const fv_chooser *chooser)
{
    dense_attrs *a = attrs_;

    a->run = fv_half_wins(chooser, in[0].dim[0], inputs_of(in), a->features) ? inputs_of(in) : 0;
}

static void lower(fv_lower *l, const fv_node *node)
{
    const dense_attrs *a = node->attrs;
    const fv_shape *x = fv_lower_shape(l, node->in[0]);

    fv_lower_product(l, &(fv_product){.a = node->in[0],
                                      .b = node->in[1],
                                      .bias = node->n_in > 2 ? node->in[2] : 0,
                                      .c = node->out[0],
                                      .rows = x->dim[0],
                                      .depth = inputs_of(x),
                                      .cols = a->features,
                                      .half = a->run != 0,
                                      .act = (fv_act)a->act});
}

static void facts(const fv_node *node, const fv_shape *in, const fv_shape *out, fv_facts *f)
{
    const dense_attrs *a = node->attrs;

    (void)out;
    f->global = true;
    f->macs = inputs_of(in) * a->features;
    f->connections = f->macs + (a->init.nobias ? 0 : a->features);
}

const fv_op fv_op_dense = {
    .name = "dense",
    .help = "fully connected layer",
    .attrs = attrs,
    .attr_bytes = sizeof(dense_attrs),
    .inputs = 3,
    .outputs = 1,
    .params = params,
    .shape = shape,
    .grad = grad,
    .lower = lower,
    .facts = facts,
    .choose = choose,
    .packing = {.input = 1, .run_offset = offsetof(dense_attrs, run)},
    .act_offset = offsetof(dense_attrs, act),
};

static void lower_x(fv_lower *l, const fv_node *node)
{
    const dense_backward_attrs *a = node->attrs;

    fv_lower_product(l, &(fv_product){.a = node->in[0],
                                      .b = node->in[1],
                                      .gate = node->n_in > 2 ? node->in[2] : 0,
                                      .c = node->out[0],
                                      .rows = a->x.dim[0],
                                      .depth = a->features,
                                      .cols = inputs_of(&a->x),
                                      .gate_act = (fv_act)a->gate_act});
}

const fv_op fv_op_dense_backward_x = {
    .name = "dense_backward_x",
    .help = "gradient of a dense layer to its input",
    .attr_bytes = sizeof(dense_backward_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_of_input,
    .lower = lower_x,
    .packing = {.input = 1, .transposed = true},
    .gate_offset = offsetof(dense_backward_attrs, gate_act),
};

static fv_status shape_w(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const dense_backward_attrs *a = node->attrs;

    (void)in;
    (void)dtype;
    (void)err;
    out[0] = (fv_shape){4, {a->x.dim[1], a->x.dim[2], a->x.dim[3], a->features}};
    out[1] = fv_shape1(a->features);
    return FV_OK;
}

static void lower_w(fv_lower *l, const fv_node *node)
{
    const dense_backward_attrs *a = node->attrs;

    fv_lower_product_tn(l, &(fv_product){.a = node->in[0],
                                         .b = node->in[1],
                                         .c = node->out[0],
                                         .sums = a->bias ? node->out[1] : 0,
                                         .rows = inputs_of(&a->x),
                                         .depth = a->x.dim[0],
                                         .cols = a->features});
}

const fv_op fv_op_dense_backward_w = {
    .name = "dense_backward_w",
    .help = "gradient of a dense layer to its weights and biases",
    .attr_bytes = sizeof(dense_backward_attrs),
    .inputs = 2,
    .outputs = 2,
    .flags = FV_OP_HIDDEN,
    .shape = shape_w,
    .lower = lower_w,
};
