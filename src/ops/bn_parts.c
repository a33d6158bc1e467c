/* What else batch normalisation is made of (bn.c): running averages after a training step, and, for inference, the
 * factors that depend on weights alone.
 *
 * bn_update (running mean, running var, batch's mean, batch's var, x): running = (1 - momentum) running + momentum
 * batch's;
 *   the variance is taken times m / (m - 1), m = N H W values of x a channel (m = 1: times 1).
 * bn_scale (gamma, var):                 scale = gamma / sqrt(var + eps)
 * bn_apply (x, mean, scale, beta):       y = act((x - mean) scale + beta)
 * bn_fold (w, scale, mean, beta, bias):  a convolution or dense layer with batch norm behind it is one with the weights
 *   w[..,f] scale[f] and the biases (bias[f] - mean[f]) scale[f] + beta[f]; bias may be missing. */
#include "ops/bn.h"

#include "kernels/norm.h"

static fv_status no_shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    (void)node;
    (void)in;
    (void)out;
    (void)dtype;
    (void)err;
    return FV_OK;
}

static void lower_update(fv_lower *l, const fv_node *node)
{
    const fv_bn_attrs *a = node->attrs;
    const size_t c = fv_channels(fv_lower_shape(l, node->in[0])), real = fv_lower_kernels(l)->real_bytes;
    const double count = (double)fv_pixels(fv_lower_shape(l, node->in[4]));
    const fv_bn_update_args args = {
        .channels = c, .momentum = a->momentum, .unbiased = count > 1 ? count / (count - 1) : 1};
    const fv_bind binds[] = {
        FV_BIND(fv_bn_update_args, running_mean, node->in[0]), FV_BIND(fv_bn_update_args, running_var, node->in[1]),
        FV_BIND(fv_bn_update_args, mean, node->in[2]), FV_BIND(fv_bn_update_args, var, node->in[3])};

    fv_lower_step(l, FV_K_bn_update, &args, sizeof args, fv_work_items(c, 6 * real), binds, FV_COUNT(binds), 0,
                  (fv_cost){6 * (double)c, 6 * (double)(c * real)});
}

const fv_op fv_op_bn_update = {
    .name = "bn_update",
    .help = "running averages of batch normalisation",
    .attr_bytes = sizeof(fv_bn_attrs),
    .inputs = 5,
    .outputs = 0,
    .flags = FV_OP_HIDDEN | FV_OP_EFFECT,
    .shape = no_shape,
    .lower = lower_update,
};

/* ---------------------------------------------------------------------------------------------- inference */

static fv_status shape_scale(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    (void)node;
    (void)dtype;
    (void)err;
    out[0] = in[0];
    return FV_OK;
}

static void lower_scale(fv_lower *l, const fv_node *node)
{
    const fv_bn_attrs *a = node->attrs;

    fv_lower_bn_scale(l, node->in[0], node->in[1], a->eps, node->out[0]);
}

const fv_op fv_op_bn_scale = {
    .name = "bn_scale",
    .help = "factors of batch normalisation at inference",
    .attr_bytes = sizeof(fv_bn_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = shape_scale,
    .lower = lower_scale,
};

static void lower_apply(fv_lower *l, const fv_node *node)
{
    const fv_bn_attrs *a = node->attrs;

    fv_lower_bn_apply(l, &(fv_bn_apply){node->in[0], node->in[1], node->in[2], node->in[3], node->out[0], a->act});
}

const fv_op fv_op_bn_apply = {
    .name = "bn_apply",
    .help = "batch normalisation at inference",
    .attr_bytes = sizeof(fv_bn_attrs),
    .inputs = 4,
    .outputs = 1,
    .flags = FV_OP_HIDDEN | FV_OP_INPLACE,
    .shape = fv_shape_like_first,
    .lower = lower_apply,
    .act_offset = offsetof(fv_bn_attrs, act),
};

static fv_status shape_fold(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    (void)node;
    (void)dtype;
    (void)err;
    out[0] = in[0];
    out[1] = in[1];
    return FV_OK;
}

static void lower_fold(fv_lower *l, const fv_node *node)
{
    const fv_shape *w = fv_lower_shape(l, node->in[0]);
    const size_t real = fv_lower_kernels(l)->real_bytes, elements = fv_elements(w);
    const fv_bn_fold_args args = {.rows = fv_pixels(w), .channels = fv_channels(w)};
    const fv_bind binds[] = {FV_BIND(fv_bn_fold_args, w, node->in[0]),
                             FV_BIND(fv_bn_fold_args, scale, node->in[1]),
                             FV_BIND(fv_bn_fold_args, mean, node->in[2]),
                             FV_BIND(fv_bn_fold_args, beta, node->in[3]),
                             FV_BIND(fv_bn_fold_args, bias, node->n_in > 4 ? node->in[4] : 0),
                             FV_BIND(fv_bn_fold_args, w_out, node->out[0]),
                             FV_BIND(fv_bn_fold_args, bias_out, node->out[1])};

    fv_lower_step(l, FV_K_bn_fold, &args, sizeof args, fv_work_items(args.rows + 1, 2 * args.channels * real), binds,
                  FV_COUNT(binds), 0, (fv_cost){(double)elements, 2 * (double)(elements * real)});
}

const fv_op fv_op_bn_fold = {
    .name = "bn_fold",
    .help = "weights and biases with batch normalisation folded in",
    .inputs = 5,
    .outputs = 2,
    .flags = FV_OP_HIDDEN,
    .shape = shape_fold,
    .lower = lower_fold,
};
