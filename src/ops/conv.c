/* conv: a convolution layer, [H x W x C] -> [H' x W' x F].
 *
 *     y[n,i,j,f] = bias[f] + sum over r, s, c of x[n, i*stride + r*dilation - top, j*stride + s*dilation - left, c] * w[r,s,c,f]
 *
 * x: [N,H,W,C]   w: [kh,kw,C/groups,F]   bias: [F]   y: [N,H',W',F]; kernels are not flipped (cross-correlation).
 * With groups, output channel f of group g reads the input channels of group g alone (Krizhevsky et al. 2012, section 3.5).
 * With a connection table, f reads the channels that the table lists (LeCun et al. 1998, table I).
 *
 * A convolution of one window or of 1x1 kernels is a matrix product and is lowered to one; one with a filter a channel
 * (groups = channels = features) has kernels of its own. */
#include "ops/conv.h"
#include "ops/half.h"
#include "ops/product.h"
#include "ops/winograd.h"

#include "kernels/depthwise.h"

/* LeCun et al. 1998, table I: column f lists the S2 maps that C3's map f reads; here [in][out]. */
static const uint8_t lenet_table[6 * 16] = {
    1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, /* map 0 */
    1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, /* map 1 */
    1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1, /* map 2 */
    0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, /* map 3 */
    0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 0, 1, /* map 4 */
    0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, /* map 5 */
};
static const char *const table_words[] = {"full", "lenet", NULL};
static const struct {
    const uint8_t *connected;
    size_t in, out;
} tables[] = {{NULL, 0, 0}, {lenet_table, 6, 16}};

const uint8_t *fv_conv_table(int table)
{
    return tables[table].connected;
}

static const fv_attr attrs[] = {
    {"kernel", FV_ATTR_SIZE, offsetof(fv_conv_attrs, kernel), FV_REQUIRED, 1, 1024, "rows x columns", true, NULL},
    {"features", FV_ATTR_CLASSES, offsetof(fv_conv_attrs, features), FV_REQUIRED, 1, 1 << 20, "output channels", true,
     NULL},
    {"stride", FV_ATTR_SIZE, offsetof(fv_conv_attrs, stride), 1, 1, 1024, "step of the window", false, NULL},
    {"pad", FV_ATTR_PAD, offsetof(fv_conv_attrs, pad), 0, 0, 1024, "zeros around the input", false, NULL},
    {"groups", FV_ATTR_INT, offsetof(fv_conv_attrs, groups), 1, 1, 1 << 20, "independent parts", false, NULL},
    {"dilation", FV_ATTR_SIZE, offsetof(fv_conv_attrs, dilation), 1, 1, 1024, "step inside the window", false, NULL},
    {"table", FV_ATTR_WORD, offsetof(fv_conv_attrs, table), 0, 0, 0, "which inputs each output reads", false,
     table_words},
    FV_INIT_ATTRS(fv_conv_attrs),
    {0},
};

/* ---------------------------------------------------------------------------------------------- geometry */

fv_conv_geometry fv_conv_shape(const fv_conv_attrs *a, const fv_shape *x)
{
    fv_window w[2];
    fv_conv_geometry g = {.n = x->dim[0],
                          .in_h = x->dim[1],
                          .in_w = x->dim[2],
                          .in_c = x->dim[3],
                          .out_c = a->features,
                          .groups = a->groups};

    fv_windows(a->kernel, a->stride, a->dilation, &a->pad, w);
    g.kernel_h = w[0].kernel, g.kernel_w = w[1].kernel;
    g.stride_h = w[0].stride, g.stride_w = w[1].stride;
    g.dilation_h = w[0].dilation, g.dilation_w = w[1].dilation;
    g.pad_top = w[0].begin, g.pad_bottom = w[0].end;
    g.pad_left = w[1].begin, g.pad_right = w[1].end;
    g.out_h = fv_window_count(&w[0], g.in_h, false);
    g.out_w = fv_window_count(&w[1], g.in_w, false);
    return g;
}

bool fv_conv_as_product(const fv_conv_attrs *a, const fv_conv_geometry *g, size_t *rows, size_t *depth)
{
    const bool padded = g->pad_top || g->pad_left || g->pad_bottom || g->pad_right;
    const bool whole = g->kernel_h == g->in_h && g->kernel_w == g->in_w && g->dilation_h == 1 && g->dilation_w == 1;
    const bool pointwise = g->kernel_h == 1 && g->kernel_w == 1 && g->stride_h == 1 && g->stride_w == 1;

    if (g->groups != 1 || a->table || padded || !(whole || pointwise))
        return false;
    *rows = whole ? g->n : g->n * g->in_h * g->in_w;
    *depth = whole ? g->in_h * g->in_w * g->in_c : g->in_c;
    return true;
}

fv_cost fv_conv_cost(const fv_conv_geometry *g, double real)
{
    const size_t depth = g->kernel_h * g->kernel_w * (g->in_c / g->groups);
    const double taps = (double)depth, outputs = (double)(g->out_h * g->out_w);
    const double in = (double)(g->in_h * g->in_w * g->in_c), out = outputs * (double)g->out_c;

    return (fv_cost){2 * (double)g->n * out * taps, real * ((double)g->n * (in + out) + taps * (double)g->out_c)};
}

/* ---------------------------------------------------------------------------------------------- forward */

static fv_status check_channels(const fv_conv_attrs *a, const fv_shape *x, fv_error *err)
{
    const size_t channels = x->dim[3];

    if (channels % a->groups || a->features % a->groups)
        return fv_fail(err, FV_E_SHAPE, "conv: %zu input and %zu output channels do not divide into %zu groups",
                       channels, a->features, a->groups);
    if (a->table && (channels != tables[a->table].in || a->features != tables[a->table].out || a->groups != 1))
        return fv_fail(err, FV_E_SHAPE, "conv: table %s connects %zu maps to %zu, not %zu to %zu",
                       table_words[a->table], tables[a->table].in, tables[a->table].out, channels, a->features);
    return FV_OK;
}

static int params(const void *attrs_, const fv_shape *x, fv_param list[FV_MAX_PARAMS], fv_error *err)
{
    const fv_conv_attrs *a = attrs_;
    const size_t in = x->dim[3] / a->groups, taps = a->kernel[0] * a->kernel[1];
    const size_t fan_out = taps * a->features / a->groups;
    const fv_shape w = {4, {a->kernel[0], a->kernel[1], in, a->features}};
    size_t pairs = 0;
    int n;

    if (check_channels(a, x, err))
        return -1;
    n = fv_weight_params(&a->init, list, w, 4, (double)(taps * in), (double)fan_out);
    if (a->table) {
        list[0].mask = tables[a->table].connected;
        for (size_t i = 0; i < tables[a->table].in * tables[a->table].out; i++)
            pairs += list[0].mask[i];
        list[0].trainable = taps * pairs;
    }
    return n;
}

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const fv_conv_attrs *a = node->attrs;
    const fv_conv_geometry g = fv_conv_shape(a, &in[0]);

    (void)dtype;
    if (check_channels(a, &in[0], err))
        return FV_E_SHAPE;
    if (!g.out_h || !g.out_w)
        return fv_fail(err, FV_E_SHAPE,
                       "conv %zux%zu: input is %zux%zu and padding %zu,%zu,%zu,%zu (top, left, bottom, "
                       "right): the kernel does not fit in it",
                       g.kernel_h, g.kernel_w, g.in_h, g.in_w, g.pad_top, g.pad_left, g.pad_bottom, g.pad_right);
    out[0] = fv_shape4(g.n, g.out_h, g.out_w, g.out_c);
    return FV_OK;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const fv_conv_attrs *a = node->attrs;
    const fv_conv_backward_attrs back = {*fv_shape_of(graph, node->in[0]), *a, node->n_in > 2, 0};

    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_conv_backward_x, &back, (fv_value[]){dy[0], node->in[1]}, 2);
    if (need[1]) {
        const fv_node *dw = fv_emit_node(graph, &fv_op_conv_backward_w, &back, (fv_value[]){node->in[0], dy[0]}, 2);

        if (!dw)
            return;
        dx[1] = dw->out[0];
        dx[2] = dw->out[1];
    }
}

static void lower(fv_lower *l, const fv_node *node)
{
    const fv_conv_attrs *a = node->attrs;
    const fv_conv_geometry g = fv_conv_shape(a, fv_lower_shape(l, node->in[0]));
    const fv_cost cost = fv_conv_cost(&g, (double)fv_lower_kernels(l)->real_bytes);
    const fv_value add = fv_node_summand(node), bias = fv_conv_input(node, add ? FV_SUMMAND + 1 : 2);
    size_t rows, depth;

    if (fv_conv_as_product(a, &g, &rows, &depth)) {
        fv_lower_product(l, &(fv_product){.a = node->in[0],
                                          .b = node->in[1],
                                          .bias = bias,
                                          .add = add,
                                          .c = node->out[0],
                                          .rows = rows,
                                          .depth = depth,
                                          .cols = g.out_c,
                                          .half = a->run != 0,
                                          .act = (fv_act)a->act});
        return;
    }
    if (a->side) {
        fv_lower_winograd(l, &(fv_winograd){.x = node->in[0],
                                            .u = node->in[1],
                                            .bias = bias,
                                            .add = add,
                                            .y = node->out[0],
                                            .g = g,
                                            .side = a->side,
                                            .act = (fv_act)a->act,
                                            .pool = a->pool != 0});
        return;
    }
    const fv_target y = fv_lower_target(l, node->out[0]);
    const fv_value x = a->run ? fv_lower_round(l, node->in[0], g.n * g.in_h * g.in_w * g.groups, a->run) : node->in[0];
    fv_conv_args args = {.g = g, .act = (fv_act)a->act, .y_step = y.pixel};
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_conv_args, x, x),
                             FV_BIND(fv_conv_args, w, node->in[1]),
                             FV_BIND(fv_conv_args, bias, bias),
                             FV_BIND_SAMPLES(fv_conv_args, add, add),
                             {offsetof(fv_conv_args, y), y.value, y.shift, FV_SAMPLES}};
    const bool own = fv_is_depthwise(&g);
    const fv_kernel_id kernel = own ? FV_K_depthwise_forward : a->run ? FV_K_half_conv_forward : FV_K_conv_forward;

    if (a->run)
        args.g.in_c = g.groups * fv_half_words(a->run);

    const fv_work work =
        own ? fv_work_depthwise(&args, g.out_h, g.out_w) : fv_work_conv_forward(fv_lower_kernels(l), &args);

    fv_lower_step(l, kernel, &args, sizeof args, work, binds, FV_COUNT(binds), offsetof(fv_conv_args, scratch), cost);
}

static void facts(const fv_node *node, const fv_shape *in, const fv_shape *out, fv_facts *f)
{
    const fv_conv_attrs *a = node->attrs;
    const size_t pixels = out->dim[1] * out->dim[2], taps = a->kernel[0] * a->kernel[1];
    uint64_t pairs = (uint64_t)(in->dim[3] / a->groups) * a->features;
    fv_window w[2];

    fv_windows(a->kernel, a->stride, a->dilation, &a->pad, w);
    fv_window_facts(w, f);
    f->groups = a->groups;
    if (a->table) {
        pairs = 0;
        for (size_t i = 0; i < tables[a->table].in * tables[a->table].out; i++)
            pairs += tables[a->table].connected[i];
    }
    f->macs = pixels * taps * pairs;
    f->connections = pixels * (taps * pairs + (a->init.nobias ? 0 : a->features));
}

bool fv_conv_one_filter(const fv_conv_attrs *a, const fv_shape *w)
{
    return a->groups > 1 && a->groups == a->features && w->dim[2] == 1;
}

static bool unpacked(const fv_node *node, const fv_shape *w)
{
    return fv_conv_one_filter(node->attrs, w);
}

/* All kernels but that of one filter a channel; what is added would have to lie as the result does. */
static bool joins(const fv_node *node)
{
    const fv_conv_attrs *a = node->attrs;

    return (a->groups == 1 || a->groups != a->features) && !fv_node_summand(node);
}

static void choose(void *attrs_, const fv_shape *in, const fv_chooser *chooser)
{
    fv_conv_attrs *a = attrs_;
    const fv_conv_geometry g = fv_conv_shape(a, &in[0]);

    size_t rows, depth;

    if (fv_conv_as_product(a, &g, &rows, &depth)) {
        a->run = fv_half_wins(chooser, rows, depth, g.out_c) ? depth : 0;
        return;
    }
    a->side = fv_winograd_side(&g, chooser);
    if (!a->side && chooser->kernels->bf16 && !fv_is_depthwise(&g) && !a->table &&
        fv_half_wins(chooser, g.n * g.out_h * g.out_w, g.in_c / g.groups * g.kernel_h * g.kernel_w, g.out_c / g.groups))
        a->run = g.in_c / g.groups;
}

bool fv_conv_has_choice(const fv_graph *graph, const fv_node *node, fv_conv_geometry *g)
{
    size_t rows, depth;

    if (node->op != &fv_op_conv)
        return false;
    *g = fv_conv_shape(node->attrs, fv_shape_of(graph, node->in[0]));
    return !fv_conv_as_product(node->attrs, g, &rows, &depth) && fv_winograd_fits(g);
}

const fv_op fv_op_conv = {
    .name = "conv",
    .help = "convolution: kernel rows x columns, output channels",
    .attrs = attrs,
    .attr_bytes = sizeof(fv_conv_attrs),
    .inputs = 3,
    .outputs = 1,
    .params = params,
    .shape = shape,
    .grad = grad,
    .lower = lower,
    .facts = facts,
    .choose = choose,
    .packing = {.input = 1,
                .groups_offset = offsetof(fv_conv_attrs, groups),
                .side_offset = offsetof(fv_conv_attrs, side),
                .unpacked = unpacked,
                .run_offset = offsetof(fv_conv_attrs, run)},
    .act_offset = offsetof(fv_conv_attrs, act),
    .add_offset = offsetof(fv_conv_attrs, add),
    .pool_offset = offsetof(fv_conv_attrs, pool),
    .joins = joins,
};
