/* Gradients of the convolution (conv.c), with dy = dL/dy: dx is dy run backwards through the same windows, dw and dbias are sums
 * over all pixels of all pictures. */
#include "kernels/depthwise.h"
#include "kernels/winograd_weights.h"
#include "ops/conv.h"
#include "ops/product.h"
#include "ops/winograd.h"

_Static_assert(offsetof(fv_conv_args, scratch_bytes) == offsetof(fv_conv_args, scratch) + sizeof(void *) &&
                   offsetof(fv_winograd_weights_args, scratch_bytes) ==
                       offsetof(fv_winograd_weights_args, scratch) + sizeof(void *),
               "fv_lower_step sets both");

/* ---------------------------------------------------------------------------------------------- to the data */

/* The gradient to the data as a convolution of dy with turned kernels; stride 1, padding less than the kernel. */
static fv_conv_geometry turned(const fv_conv_geometry *g)
{
    fv_conv_geometry t = *g;

    t.in_h = g->out_h, t.in_w = g->out_w, t.in_c = g->out_c;
    t.out_h = g->in_h, t.out_w = g->in_w, t.out_c = g->in_c;
    t.pad_top = g->kernel_h - 1 - g->pad_top, t.pad_bottom = g->kernel_h - 1 - g->pad_bottom;
    t.pad_left = g->kernel_w - 1 - g->pad_left, t.pad_right = g->kernel_w - 1 - g->pad_right;
    return t;
}

static void choose_x(void *attrs_, const fv_shape *in, const fv_chooser *chooser)
{
    fv_conv_backward_attrs *a = attrs_;
    const fv_conv_geometry g = fv_conv_shape(&a->conv, &a->x), t = turned(&g);
    size_t rows, depth;

    (void)in;
    if (!fv_conv_as_product(&a->conv, &g, &rows, &depth))
        a->conv.side = fv_winograd_side(&t, chooser);
}

/* dx from dy and w, times the gradient of the activation that made x if its output is given as last input. */
static void lower_x(fv_lower *l, const fv_node *node)
{
    const fv_conv_backward_attrs *a = node->attrs;
    const fv_conv_geometry g = fv_conv_shape(&a->conv, &a->x);
    const fv_cost cost = fv_conv_cost(&g, (double)fv_lower_kernels(l)->real_bytes);
    const fv_value add = fv_node_summand(node), gate = fv_conv_input(node, add ? FV_SUMMAND + 1 : 2);
    size_t rows, depth;

    if (fv_conv_as_product(&a->conv, &g, &rows, &depth)) {
        fv_lower_product(l, &(fv_product){.a = node->in[0],
                                          .b = node->in[1],
                                          .add = add,
                                          .gate = gate,
                                          .c = node->out[0],
                                          .rows = rows,
                                          .depth = g.out_c,
                                          .cols = depth,
                                          .gate_act = (fv_act)a->gate_act});
        return;
    }
    if (a->conv.side) {
        fv_lower_winograd(l, &(fv_winograd){.x = node->in[0],
                                            .u = node->in[1],
                                            .add = add,
                                            .gate = gate,
                                            .y = node->out[0],
                                            .g = turned(&g),
                                            .side = a->conv.side,
                                            .gate_act = (fv_act)a->gate_act});
        return;
    }
    fv_conv_args args = {.g = g, .gate_act = (fv_act)a->gate_act};
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_conv_args, dy, node->in[0]), FV_BIND(fv_conv_args, w, node->in[1]),
                             FV_BIND_SAMPLES(fv_conv_args, add, add), FV_BIND_SAMPLES(fv_conv_args, gate, gate),
                             FV_BIND_SAMPLES(fv_conv_args, dx, node->out[0])};
    const bool own = fv_is_depthwise(&g);
    const fv_work work =
        own ? fv_work_depthwise(&args, g.in_h, g.in_w) : fv_work_conv_backward_x(fv_lower_kernels(l), &args);

    fv_lower_step(l, own ? FV_K_depthwise_backward_x : FV_K_conv_backward_x, &args, sizeof args, work, binds,
                  FV_COUNT(binds), offsetof(fv_conv_args, scratch), cost);
}

/* The kernel of convolution reads a row of w after another, a plain product all of it. */
static size_t parts_x(const fv_node *node)
{
    const fv_conv_backward_attrs *a = node->attrs;
    const fv_conv_geometry g = fv_conv_shape(&a->conv, &a->x);
    size_t rows, depth;

    return fv_conv_as_product(&a->conv, &g, &rows, &depth) ? 1 : g.kernel_h;
}

static bool unpacked_x(const fv_node *node, const fv_shape *w)
{
    const fv_conv_backward_attrs *a = node->attrs;

    return fv_conv_one_filter(&a->conv, w);
}

const fv_op fv_op_conv_backward_x = {
    .name = "conv_backward_x",
    .help = "gradient of a convolution to its input",
    .attr_bytes = sizeof(fv_conv_backward_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_of_input,
    .lower = lower_x,
    .choose = choose_x,
    .packing = {.input = 1,
                .transposed = true,
                .groups_offset = offsetof(fv_conv_backward_attrs, conv.groups),
                .side_offset = offsetof(fv_conv_backward_attrs, conv.side),
                .parts = parts_x,
                .unpacked = unpacked_x},
    .gate_offset = offsetof(fv_conv_backward_attrs, gate_act),
    .add_offset = offsetof(fv_conv_backward_attrs, conv.add),
};

/* ---------------------------------------------------------------------------------------------- to the weights */

static fv_status shape_w(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const fv_conv_backward_attrs *a = node->attrs;

    (void)in;
    (void)dtype;
    (void)err;
    out[0] = (fv_shape){4, {a->conv.kernel[0], a->conv.kernel[1], a->x.dim[3] / a->conv.groups, a->conv.features}};
    out[1] = fv_shape1(a->conv.features);
    return FV_OK;
}

/* dw and dbias with fewer multiplications. */
static void lower_w_winograd(fv_lower *l, const fv_node *node, const fv_conv_geometry *g, fv_value dbias)
{
    fv_winograd_weights_args args = {.g = *g};
    const fv_work work = fv_work_winograd_weights(fv_lower_kernels(l), &args);
    const fv_winograd_weights_layout planes = fv_winograd_weights_planes(&args);
    const fv_bind binds[] = {
        FV_BIND(fv_winograd_weights_args, x, node->in[0]),
        FV_BIND(fv_winograd_weights_args, dy, node->in[1]),
        FV_BIND(fv_winograd_weights_args, dw, node->out[0]),
        FV_BIND(fv_winograd_weights_args, db, dbias),
        FV_BIND(fv_winograd_weights_args, v, fv_lower_temp(l, FV_WINOGRAD_PLANES * planes.v_plane)),
        FV_BIND(fv_winograd_weights_args, z, fv_lower_temp(l, FV_WINOGRAD_PLANES * planes.z_plane)),
        FV_BIND(fv_winograd_weights_args, du, fv_lower_temp(l, FV_WINOGRAD_PLANES * planes.du_plane))};

    fv_lower_step(l, FV_K_winograd_weights, &args, sizeof args, work, binds, FV_COUNT(binds),
                  offsetof(fv_winograd_weights_args, scratch),
                  fv_conv_cost(g, (double)fv_lower_kernels(l)->real_bytes));
}

static void choose_w(void *attrs_, const fv_shape *in, const fv_chooser *chooser)
{
    fv_conv_backward_attrs *a = attrs_;
    const fv_conv_geometry g = fv_conv_shape(&a->conv, &a->x);
    size_t rows, depth;

    (void)in;
    (void)chooser;
    if (!fv_conv_as_product(&a->conv, &g, &rows, &depth) && !a->conv.table && fv_winograd_weights_wins(&g))
        a->conv.side = FV_WINOGRAD_POINTS + 1 - g.kernel_h;
}

/* dw and dbias as a product of `rows` pixels, depth values and outputs each. A unit of samples sums its own part while its
 * maps are in the cache, and they need not be kept for later, where that moves less than the parts do. */
static void lower_w_product(fv_lower *l, const fv_node *node, const fv_conv_geometry *g, size_t rows, size_t depth,
                            fv_value dbias)
{
    const fv_kernels *k = fv_lower_kernels(l);
    const size_t units = g->n < 16 ? g->n : 16, count = depth * g->out_c;
    fv_gemm_tn_args args = {
        .rows = depth, .depth = rows, .cols = g->out_c, .lda = depth, .ldb = g->out_c, .parts = units, .samples = g->n};

    if (units < 2 || g->n != fv_lower_batch(l) || 2 * count > rows / units * (depth + g->out_c)) {
        fv_lower_product_tn(l, &(fv_product){.a = node->in[0],
                                             .b = node->in[1],
                                             .c = node->out[0],
                                             .sums = dbias,
                                             .rows = depth,
                                             .depth = rows,
                                             .cols = g->out_c});
        return;
    }
    const fv_value dw_parts = fv_lower_temp(l, units * count);
    const fv_value db_parts = dbias ? fv_lower_temp(l, units * g->out_c) : 0;
    const fv_bind binds[] = {
        FV_BIND_SAMPLES(fv_gemm_tn_args, a, node->in[0]), FV_BIND_SAMPLES(fv_gemm_tn_args, b, node->in[1]),
        FV_BIND_PARTS(fv_gemm_tn_args, c, dw_parts), FV_BIND_PARTS(fv_gemm_tn_args, sums, db_parts)};

    fv_lower_step(l, FV_K_gemm_tn, &args, sizeof args, fv_work_gemm_tn(k, &args), binds, FV_COUNT(binds), 0,
                  fv_conv_cost(g, (double)k->real_bytes));
    fv_lower_sum(l, dw_parts, units, node->out[0], count);
    if (dbias)
        fv_lower_sum(l, db_parts, units, dbias, g->out_c);
}

/* dw and dbias from x and dy. Partial sums of runs of pictures, then their sum: the parts depend on the shape alone. */
static void lower_w(fv_lower *l, const fv_node *node)
{
    const fv_conv_backward_attrs *a = node->attrs;
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_conv_geometry g = fv_conv_shape(&a->conv, &a->x);
    const size_t taps = g.kernel_h * g.kernel_w * (g.in_c / g.groups);
    const fv_value dbias = a->bias ? node->out[1] : 0;
    fv_conv_args args = {.g = g, .table = fv_conv_table(a->conv.table)};
    size_t rows, depth;

    if (fv_conv_as_product(&a->conv, &g, &rows, &depth)) {
        lower_w_product(l, node, &g, rows, depth, dbias);
        return;
    }
    if (a->conv.side) {
        lower_w_winograd(l, node, &g, dbias);
        return;
    }
    const bool own = fv_is_depthwise(&g);
    const fv_work work = own ? fv_work_depthwise_w(&args) : fv_work_conv_backward_w(k, &args);
    const bool split = work.parts > 1;
    const fv_value dw_parts = split ? fv_lower_temp(l, work.parts * taps * g.out_c) : node->out[0];
    const fv_value db_parts = !dbias ? 0 : split ? fv_lower_temp(l, work.parts * g.out_c) : dbias;
    const fv_bind binds[] = {
        FV_BIND_SAMPLES(fv_conv_args, x, node->in[0]), FV_BIND_SAMPLES(fv_conv_args, dy, node->in[1]),
        FV_BIND_PARTS(fv_conv_args, dw_parts, dw_parts), FV_BIND_PARTS(fv_conv_args, db_parts, db_parts)};

    fv_lower_step(l, own ? FV_K_depthwise_backward_w : FV_K_conv_backward_w, &args, sizeof args, work, binds,
                  FV_COUNT(binds), offsetof(fv_conv_args, scratch), fv_conv_cost(&g, (double)k->real_bytes));
    if (split) {
        fv_lower_sum(l, dw_parts, work.parts, node->out[0], taps * g.out_c);
        if (dbias)
            fv_lower_sum(l, db_parts, work.parts, dbias, g.out_c);
    }
}

const fv_op fv_op_conv_backward_w = {
    .name = "conv_backward_w",
    .help = "gradient of a convolution to its weights and biases",
    .attr_bytes = sizeof(fv_conv_backward_attrs),
    .inputs = 2,
    .outputs = 2,
    .flags = FV_OP_HIDDEN,
    .shape = shape_w,
    .lower = lower_w,
    .choose = choose_w,
};
