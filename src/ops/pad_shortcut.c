/* pad-shortcut: what a residual block adds where it halves the picture and widens the channels, without parameters (He
 * et al. 2015, section 3.3, option A).
 *
 *     y[n,i,j, before + c] = x[n, i*stride, j*stride, c], 0 in the other channels          x: [N,H,W,C]  y: [N,H',W',F]
 *
 * The paper appends the zero channels (before = 0); with `both`, as many CIFAR-10 ports do, half of them, rounded down,
 * stand before. Gradient: dy's channels go back to the pixels that were read, others get 0. */
#include "ops/common.h"

#include "kernels/copy.h"

typedef struct shortcut_attrs {
    size_t features, stride;
    bool both;
} shortcut_attrs;

typedef struct shortcut_backward_attrs {
    fv_shape x; /* first: fv_shape_of_input */
    shortcut_attrs pad;
} shortcut_backward_attrs;

static const fv_attr attrs[] = {
    {"features", FV_ATTR_INT, offsetof(shortcut_attrs, features), FV_REQUIRED, 1, 1 << 20, "output channels", true,
     NULL},
    {"stride", FV_ATTR_INT, offsetof(shortcut_attrs, stride), 1, 1, 1024, "every so many-th row and column is kept",
     false, NULL},
    {"both", FV_ATTR_FLAG, offsetof(shortcut_attrs, both), 0, 0, 1, "half of the zero channels stand before", false,
     NULL},
    {0},
};

static fv_shortcut_args describe(const shortcut_attrs *a, const fv_shape *x)
{
    return (fv_shortcut_args){.n = x->dim[0],
                              .in_h = x->dim[1],
                              .in_w = x->dim[2],
                              .in_c = x->dim[3],
                              .out_h = (x->dim[1] - 1) / a->stride + 1,
                              .out_w = (x->dim[2] - 1) / a->stride + 1,
                              .out_c = a->features,
                              .stride = a->stride,
                              .before = a->both ? (a->features - x->dim[3]) / 2 : 0};
}

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const shortcut_attrs *a = node->attrs;
    const fv_shortcut_args p = describe(a, &in[0]);

    (void)dtype;
    if (a->features < in[0].dim[3])
        return fv_fail(err, FV_E_SHAPE, "pad-shortcut: %zu channels cannot be padded to %zu, which is fewer",
                       in[0].dim[3], a->features);
    out[0] = fv_shape4(p.n, p.out_h, p.out_w, p.out_c);
    return FV_OK;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const shortcut_backward_attrs back = {*fv_shape_of(graph, node->in[0]), *(const shortcut_attrs *)node->attrs};

    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_pad_shortcut_backward, &back, &dy[0], 1);
}

static void step(fv_lower *l, fv_kernel_id kernel, const fv_shortcut_args *args, size_t items, size_t width,
                 const fv_bind binds[2])
{
    const size_t bytes = 2 * width * fv_lower_kernels(l)->real_bytes;

    fv_lower_step(l, kernel, args, sizeof *args, fv_work_items(items, bytes), binds, 2, 0,
                  (fv_cost){0, (double)items * (double)bytes});
}

static void lower(fv_lower *l, const fv_node *node)
{
    const fv_shortcut_args args = describe(node->attrs, fv_lower_shape(l, node->in[0]));
    const fv_bind binds[2] = {FV_BIND_SAMPLES(fv_shortcut_args, x, node->in[0]),
                              FV_BIND_SAMPLES(fv_shortcut_args, y, node->out[0])};

    step(l, FV_K_pad_shortcut_forward, &args, args.n * args.out_h, args.out_w * args.out_c, binds);
}

static void facts(const fv_node *node, const fv_shape *in, const fv_shape *out, fv_facts *f)
{
    const shortcut_attrs *a = node->attrs;
    const fv_window w = {1, a->stride, 1, 0, 0};

    (void)in;
    (void)out;
    fv_window_facts((fv_window[2]){w, w}, f);
}

const fv_op fv_op_pad_shortcut = {
    .name = "pad-shortcut",
    .help = "every stride-th pixel with zero channels around (ResNet's option A)",
    .attrs = attrs,
    .attr_bytes = sizeof(shortcut_attrs),
    .inputs = 1,
    .outputs = 1,
    .shape = shape,
    .grad = grad,
    .lower = lower,
    .facts = facts,
};

static void lower_x(fv_lower *l, const fv_node *node)
{
    const shortcut_backward_attrs *a = node->attrs;
    const fv_shortcut_args args = describe(&a->pad, &a->x);
    const fv_bind binds[2] = {FV_BIND_SAMPLES(fv_shortcut_args, dy, node->in[0]),
                              FV_BIND_SAMPLES(fv_shortcut_args, dx, node->out[0])};

    step(l, FV_K_pad_shortcut_backward, &args, args.n * args.in_h, args.in_w * args.in_c, binds);
}

const fv_op fv_op_pad_shortcut_backward = {
    .name = "pad_shortcut_backward",
    .help = "gradient of pad-shortcut",
    .attr_bytes = sizeof(shortcut_backward_attrs),
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_of_input,
    .lower = lower_x,
};
