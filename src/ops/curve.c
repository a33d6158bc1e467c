/* Activations y = f(x) that no other kernel computes: they have a parameter, or their gradient is no function of y.
 *
 *     leaky-relu    x > 0 ? x : slope x                 Maas, Hannun, Ng 2013
 *     hard-sigmoid  relu6(x + 3) / 6                    Howard et al. 2019 (MobileNetV3), section 5.2
 *     hard-swish    x relu6(x + 3) / 6                  the same
 *     silu          x / (1 + e^-x), also called swish   Hendrycks, Gimpel 2016; Ramachandran et al. 2017
 *
 * Gradients dy f'(x) read x; leaky-relu's reads y, which has x's sign, so that y may lie in x's place. */
#include "ops/common.h"

#include "kernels/curve.h"

typedef struct curve_attrs {
    double slope;
} curve_attrs;

typedef struct curve_backward_attrs {
    double slope;
    int curve;
} curve_backward_attrs;

static const fv_attr attrs[] = {
    {"slope", FV_ATTR_REAL, offsetof(curve_attrs, slope), .01, 0, 1, "factor of negative values", true, NULL},
    {0},
};

static fv_curve curve_of(const fv_op *op)
{
    static const struct {
        const fv_op *op;
        fv_curve curve;
    } all[] = {{&fv_op_hard_sigmoid, FV_CURVE_HARD_SIGMOID},
               {&fv_op_hard_swish, FV_CURVE_HARD_SWISH},
               {&fv_op_silu, FV_CURVE_SILU}};

    for (size_t i = 0; i < FV_COUNT(all); i++)
        if (all[i].op == op)
            return all[i].curve;
    return FV_CURVE_LEAKY_RELU;
}

static double slope_of(const fv_node *node)
{
    return node->op == &fv_op_leaky_relu ? ((const curve_attrs *)node->attrs)->slope : 0;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const curve_backward_attrs back = {slope_of(node), (int)curve_of(node->op)};
    const fv_value read = node->op == &fv_op_leaky_relu ? node->out[0] : node->in[0];

    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_curve_backward, &back, (fv_value[]){dy[0], read}, 2);
}

static void step(fv_lower *l, const fv_node *node, fv_kernel_id kernel, fv_curve_args args, const fv_bind *binds,
                 size_t n_binds)
{
    const size_t real = fv_lower_kernels(l)->real_bytes;
    const double count = (double)(args.count = fv_elements(fv_lower_shape(l, node->out[0])));

    fv_lower_step(l, kernel, &args, sizeof args, fv_work_items(args.count, n_binds * real), binds, n_binds, 0,
                  (fv_cost){4 * count, (double)n_binds * count * (double)real});
}

static void lower(fv_lower *l, const fv_node *node)
{
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_curve_args, x, node->in[0]),
                             FV_BIND_SAMPLES(fv_curve_args, out, node->out[0])};

    step(l, node, FV_K_curve_forward, (fv_curve_args){.curve = curve_of(node->op), .slope = slope_of(node)}, binds,
         FV_COUNT(binds));
}

const fv_op fv_op_leaky_relu = {
    .name = "leaky-relu",
    .help = "x where positive, else slope x",
    .activation = FV_OP_OWN_ACTIVATION,
    .attrs = attrs,
    .attr_bytes = sizeof(curve_attrs),
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_INPLACE,
    .shape = fv_shape_like_first,
    .grad = grad,
    .lower = lower,
};

const fv_op fv_op_hard_sigmoid = {
    .name = "hard-sigmoid",
    .help = "relu6(x + 3) / 6",
    .activation = FV_OP_OWN_ACTIVATION,
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_INPLACE,
    .shape = fv_shape_like_first,
    .grad = grad,
    .lower = lower,
};

const fv_op fv_op_hard_swish = {
    .name = "hard-swish",
    .help = "x relu6(x + 3) / 6",
    .activation = FV_OP_OWN_ACTIVATION,
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_INPLACE,
    .shape = fv_shape_like_first,
    .grad = grad,
    .lower = lower,
};

const fv_op fv_op_silu = {
    .name = "silu",
    .help = "x / (1 + exp(-x))",
    .activation = FV_OP_OWN_ACTIVATION,
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_INPLACE,
    .shape = fv_shape_like_first,
    .grad = grad,
    .lower = lower,
};

/* dy, and x or y. */
static void lower_back(fv_lower *l, const fv_node *node)
{
    const curve_backward_attrs *a = node->attrs;
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_curve_args, dy, node->in[0]),
                             FV_BIND_SAMPLES(fv_curve_args, x, node->in[1]),
                             FV_BIND_SAMPLES(fv_curve_args, out, node->out[0])};

    step(l, node, FV_K_curve_backward, (fv_curve_args){.curve = (fv_curve)a->curve, .slope = a->slope}, binds,
         FV_COUNT(binds));
}

const fv_op fv_op_curve_backward = {
    .name = "curve_backward",
    .help = "gradient of an activation, from its input",
    .attr_bytes = sizeof(curve_backward_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_HIDDEN | FV_OP_INPLACE,
    .shape = fv_shape_like_first,
    .lower = lower_back,
};
