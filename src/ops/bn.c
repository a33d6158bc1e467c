/* bn: batch normalisation (Ioffe, Szegedy 2015, algorithms 1 and 2).
 *
 *     y = (x - mean[c]) / sqrt(var[c] + eps) * gamma[c] + beta[c]                    x, y: [N,H,W,C]   the others: [C]
 *
 * In training, mean and variance are the batch's (second and third output; the variance divided by m = N H W), and
 * after each step running = (1 - momentum) running + momentum batch's, with the variance that is divided by m - 1, as
 * PyTorch does. At inference, and in training with `frozen`, they are the running averages, which stay as they are.
 *
 * Gradients, with r = 1 / sqrt(var + eps):
 *     dbeta = sum of dy,  dgamma = r * sum of dy (x - mean)
 *     dx    = gamma r (dy - dbeta / m - (x - mean) r dgamma / m); frozen: gamma r dy
 * Frozen, and nobody trains gamma and beta: the sums are not made, for dx needs none of them. */
#include "ops/bn.h"

#include "kernels/norm.h"

typedef struct bn_backward_attrs {
    double eps;
    bool frozen;
    int gate_act;
} bn_backward_attrs;

static const fv_attr attrs[] = {
    {"eps", FV_ATTR_REAL, offsetof(fv_bn_attrs, eps), 1e-5, 0, 1, "added to the variance", false, NULL},
    {"momentum", FV_ATTR_REAL, offsetof(fv_bn_attrs, momentum), .1, 0, 1, "share of the batch in the running averages",
     false, NULL},
    {"frozen", FV_ATTR_FLAG, offsetof(fv_bn_attrs, frozen), 0, 0, 1,
     "running averages are used in training too, and kept", false, NULL},
    {0},
};

static int params(const void *attrs_, const fv_shape *x, fv_param list[FV_MAX_PARAMS], fv_error *err)
{
    static const struct {
        const char *suffix;
        double first;
        bool state;
    } all[] = {{"weight", 1, false}, {"bias", 0, false}, {"running_mean", 0, true}, {"running_var", 1, true}};

    (void)attrs_;
    (void)err;
    for (size_t i = 0; i < FV_COUNT(all); i++)
        list[i] = (fv_param){.suffix = all[i].suffix,
                             .shape = fv_shape1(fv_channels(x)),
                             .file_rank = 1,
                             .init = FV_INIT_VALUE,
                             .init_value = all[i].first,
                             .state = all[i].state};
    return FV_COUNT(all);
}

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    (void)node;
    (void)dtype;
    (void)err;
    out[0] = in[0];
    out[1] = out[2] = fv_shape1(fv_channels(&in[0]));
    return FV_OK;
}

/* dx = (dy - 0) gamma r + 0 */
static fv_value grad_of_constants(fv_graph *graph, const fv_node *node, fv_value dy)
{
    const fv_bn_attrs plain = {.eps = ((const fv_bn_attrs *)node->attrs)->eps};
    const fv_shape shape = *fv_shape_of(graph, node->in[FV_BN_GAMMA]);
    const double *zeros = fv_arena_alloc(&graph->arena, fv_elements(&shape), sizeof *zeros);
    fv_value scale, zero;

    if (!zeros) {
        fv_fail_memory(&graph->error, fv_elements(&shape) * sizeof *zeros, "batch normalisation");
        return 0;
    }
    scale = fv_emit(graph, &fv_op_bn_scale, &plain, (fv_value[]){node->in[FV_BN_GAMMA], node->in[FV_BN_VAR]}, 2);
    zero = fv_graph_constant(graph, shape, zeros, "zero");
    return fv_emit(graph, &fv_op_bn_apply, &plain, (fv_value[]){dy, zero, scale, zero}, 4);
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const fv_bn_attrs *a = node->attrs;
    const bool frozen = a->frozen || !graph->training;
    const bn_backward_attrs back = {a->eps, frozen, 0};
    const fv_value mean = frozen ? node->in[FV_BN_MEAN] : node->out[1];
    const fv_value var = frozen ? node->in[FV_BN_VAR] : node->out[2], x = node->in[FV_BN_X];
    const fv_node *sums;

    if (frozen && !need[FV_BN_GAMMA] && !need[FV_BN_BETA]) {
        dx[FV_BN_X] = grad_of_constants(graph, node, dy[0]);
        return;
    }
    sums =
        fv_emit_node(graph, &fv_op_bn_backward_w, &back, (fv_value[]){x, dy[0], node->in[FV_BN_GAMMA], mean, var}, 5);
    if (!sums)
        return;
    dx[FV_BN_GAMMA] = sums->out[0];
    dx[FV_BN_BETA] = sums->out[1];
    if (need[FV_BN_X])
        dx[FV_BN_X] = fv_emit(graph, &fv_op_bn_backward_x, &back, (fv_value[]){dy[0], x, mean, sums->out[2]}, 4);
}

static void update(fv_graph *graph, const fv_node *node)
{
    const fv_bn_attrs *a = node->attrs;
    const fv_value in[] = {node->in[FV_BN_MEAN], node->in[FV_BN_VAR], node->out[1], node->out[2], node->in[FV_BN_X]};

    if (!a->frozen)
        fv_emit(graph, &fv_op_bn_update, a, in, FV_COUNT(in));
}

/* ---------------------------------------------------------------------------------------------- steps */

static fv_work channel_work(const fv_lower *l, size_t channels, size_t rows)
{
    return fv_work_items(channels, (2 * rows + 4) * fv_lower_kernels(l)->real_bytes);
}

static fv_cost cost_of(const fv_lower *l, size_t elements, double flops, double values)
{
    return (fv_cost){flops * (double)elements, values * (double)elements * (double)fv_lower_kernels(l)->real_bytes};
}

/* first and second [parts, C] from x, or from x and dy around the mean. */
static size_t lower_sums(fv_lower *l, fv_value x, fv_value dy, fv_value mean, fv_value *first, fv_value *second)
{
    const fv_shape *s = fv_lower_shape(l, x);
    const size_t n = s->dim[0], c = s->dim[3], parts = fv_bn_parts(n), blocks = fv_bn_blocks(n, c);
    const fv_bn_sum_args args = {
        .n = n, .pixels = s->dim[1] * s->dim[2], .channels = c, .parts = parts, .blocks = blocks};
    const size_t elements = fv_elements(s);
    fv_work work = fv_work_items(parts * blocks, elements / (parts * blocks) * fv_lower_kernels(l)->real_bytes);

    *first = fv_lower_temp(l, parts * c);
    *second = fv_lower_temp(l, parts * c);
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_bn_sum_args, x, x), FV_BIND_SAMPLES(fv_bn_sum_args, dy, dy),
                             FV_BIND(fv_bn_sum_args, mean, mean), FV_BIND_PARTS(fv_bn_sum_args, first, *first),
                             FV_BIND_PARTS(fv_bn_sum_args, second, *second)};

    work.parts = parts;
    fv_lower_step(l, dy ? FV_K_bn_sums : FV_K_bn_stats, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  cost_of(l, elements, 4, dy ? 2 : 1));
    return parts;
}

void fv_lower_bn_scale(fv_lower *l, fv_value gamma, fv_value var, double eps, fv_value scale)
{
    const size_t c = fv_channels(fv_lower_shape(l, gamma));
    const fv_bn_channel_args args = {.channels = c, .eps = eps};
    const fv_bind binds[] = {FV_BIND(fv_bn_channel_args, gamma, gamma), FV_BIND(fv_bn_channel_args, var_in, var),
                             FV_BIND(fv_bn_channel_args, scale, scale)};

    fv_lower_step(l, FV_K_bn_scale, &args, sizeof args, channel_work(l, c, 1), binds, FV_COUNT(binds), 0,
                  cost_of(l, c, 4, 3));
}

void fv_lower_bn_apply(fv_lower *l, const fv_bn_apply *apply)
{
    const fv_shape *x = fv_lower_shape(l, apply->x);
    const fv_target out = fv_lower_target(l, apply->out);
    const fv_bn_apply_args args = {
        .rows = fv_pixels(x), .channels = fv_channels(x), .out_step = out.pixel, .act = (fv_act)apply->act};
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_bn_apply_args, x, apply->x),
                             FV_BIND(fv_bn_apply_args, mean, apply->mean),
                             FV_BIND(fv_bn_apply_args, scale, apply->scale),
                             FV_BIND(fv_bn_apply_args, beta, apply->beta),
                             {offsetof(fv_bn_apply_args, out), out.value, out.shift, FV_SAMPLES}};

    fv_lower_step(l, FV_K_bn_apply, &args, sizeof args,
                  fv_work_items(args.rows, 2 * args.channels * fv_lower_kernels(l)->real_bytes), binds, FV_COUNT(binds),
                  0, cost_of(l, fv_elements(x), 3, 2));
}

static void lower(fv_lower *l, const fv_node *node)
{
    const fv_bn_attrs *a = node->attrs;
    const fv_shape *x = fv_lower_shape(l, node->in[FV_BN_X]);
    const size_t c = fv_channels(x);
    const fv_value gamma = node->in[FV_BN_GAMMA], beta = node->in[FV_BN_BETA], scale = fv_lower_temp(l, c);
    fv_bn_channel_args args = {.n = x->dim[0], .pixels = x->dim[1] * x->dim[2], .channels = c, .eps = a->eps};
    fv_value first, second;

    if (!fv_lower_training(l) || a->frozen) {
        fv_lower_bn_scale(l, gamma, node->in[FV_BN_VAR], a->eps, scale);
        fv_lower_bn_apply(l,
                          &(fv_bn_apply){node->in[FV_BN_X], node->in[FV_BN_MEAN], scale, beta, node->out[0], a->act});
        return;
    }
    args.parts = lower_sums(l, node->in[FV_BN_X], 0, 0, &first, &second);
    const fv_bind binds[] = {
        FV_BIND(fv_bn_channel_args, first, first),      FV_BIND(fv_bn_channel_args, second, second),
        FV_BIND(fv_bn_channel_args, gamma, gamma),      FV_BIND(fv_bn_channel_args, mean, node->out[1]),
        FV_BIND(fv_bn_channel_args, var, node->out[2]), FV_BIND(fv_bn_channel_args, scale, scale)};

    fv_lower_step(l, FV_K_bn_combine, &args, sizeof args, channel_work(l, c, args.parts), binds, FV_COUNT(binds), 0,
                  cost_of(l, c * args.parts, 8, 2));
    fv_lower_bn_apply(l, &(fv_bn_apply){node->in[FV_BN_X], node->out[1], scale, beta, node->out[0], a->act});
}

static bool joins(const fv_node *node)
{
    (void)node;
    return true;
}

const fv_op fv_op_bn = {
    .name = "bn",
    .help = "batch normalisation",
    .attrs = attrs,
    .attr_bytes = sizeof(fv_bn_attrs),
    .inputs = FV_BN_INPUTS,
    .outputs = 3,
    .params = params,
    .shape = shape,
    .grad = grad,
    .update = update,
    .lower = lower,
    .joins = joins,
    .act_offset = offsetof(fv_bn_attrs, act),
};

/* ---------------------------------------------------------------------------------------------- gradients */

/* x, dy, gamma, mean, var -> dgamma, dbeta, and what dx needs a channel. */
static fv_status shape_w(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const size_t c = fv_channels(&in[0]);

    (void)node;
    (void)dtype;
    (void)err;
    out[0] = out[1] = fv_shape1(c);
    out[2] = fv_shape1(3 * c);
    return FV_OK;
}

static void lower_w(fv_lower *l, const fv_node *node)
{
    const bn_backward_attrs *a = node->attrs;
    const fv_shape *x = fv_lower_shape(l, node->in[0]);
    fv_bn_channel_args args = {
        .n = x->dim[0], .pixels = x->dim[1] * x->dim[2], .channels = x->dim[3], .eps = a->eps, .frozen = a->frozen};
    fv_value first, second;

    args.parts = lower_sums(l, node->in[0], node->in[1], node->in[3], &first, &second);
    const fv_bind binds[] = {FV_BIND(fv_bn_channel_args, first, first),
                             FV_BIND(fv_bn_channel_args, second, second),
                             FV_BIND(fv_bn_channel_args, gamma, node->in[2]),
                             FV_BIND(fv_bn_channel_args, var_in, node->in[4]),
                             FV_BIND(fv_bn_channel_args, dgamma, node->out[0]),
                             FV_BIND(fv_bn_channel_args, dbeta, node->out[1]),
                             FV_BIND(fv_bn_channel_args, coefficients, node->out[2])};

    fv_lower_step(l, FV_K_bn_combine_backward, &args, sizeof args, channel_work(l, args.channels, args.parts), binds,
                  FV_COUNT(binds), 0, cost_of(l, args.channels * args.parts, 4, 2));
}

const fv_op fv_op_bn_backward_w = {
    .name = "bn_backward_w",
    .help = "gradient of batch normalisation to its factors and biases",
    .attr_bytes = sizeof(bn_backward_attrs),
    .inputs = 5,
    .outputs = 3,
    .flags = FV_OP_HIDDEN,
    .shape = shape_w,
    .lower = lower_w,
};

/* dy, x, mean, coefficients -> dx; with a folded gate also y of the activation that made x, which is x itself. */
static void lower_x(fv_lower *l, const fv_node *node)
{
    const bn_backward_attrs *a = node->attrs;
    const fv_shape *x = fv_lower_shape(l, node->in[1]);
    const fv_bn_apply_args args = {
        .rows = fv_pixels(x), .channels = fv_channels(x), .out_step = fv_channels(x), .gate_act = (fv_act)a->gate_act};
    const fv_bind binds[] = {
        FV_BIND_SAMPLES(fv_bn_apply_args, dy, node->in[0]), FV_BIND_SAMPLES(fv_bn_apply_args, x, node->in[1]),
        FV_BIND(fv_bn_apply_args, mean, node->in[2]), FV_BIND(fv_bn_apply_args, coefficients, node->in[3]),
        FV_BIND_SAMPLES(fv_bn_apply_args, out, node->out[0])};

    fv_lower_step(l, FV_K_bn_backward_x, &args, sizeof args,
                  fv_work_items(args.rows, 3 * args.channels * fv_lower_kernels(l)->real_bytes), binds, FV_COUNT(binds),
                  0, cost_of(l, fv_elements(x), 5, 3));
}

const fv_op fv_op_bn_backward_x = {
    .name = "bn_backward_x",
    .help = "gradient of batch normalisation to its input",
    .attr_bytes = sizeof(bn_backward_attrs),
    .inputs = 4,
    .outputs = 1,
    .flags = FV_OP_HIDDEN | FV_OP_INPLACE,
    .shape = fv_shape_like_first,
    .lower = lower_x,
    .gate_offset = offsetof(bn_backward_attrs, gate_act),
};
