/* subsample: the trainable pooling of LeNet-5's layers S2 and S4 (LeCun et al. 1998, section II.B).
 *
 *     y[n,i,j,c] = w[c] * (sum of the k x k cells of window i,j) + b[c]         x: [N,H,W,C]  w, b: [C]  y: [N,H/k,W/k,C]
 *
 * Windows do not overlap. Gradients: dx = dy w[c] to each cell, dw[c] = sum of dy * window sum, db[c] = sum of dy. */
#include "ops/common.h"

typedef struct subsample_attrs {
    size_t kernel[2];
    int act;
} subsample_attrs;

typedef struct subsample_backward_attrs {
    fv_shape x; /* first: fv_shape_of_input */
    subsample_attrs pool;
} subsample_backward_attrs;

static const fv_attr attrs[] = {
    {"kernel", FV_ATTR_SIZE, offsetof(subsample_attrs, kernel), 2, 1, 64, "rows x columns, also the stride", true,
     NULL},
    {0},
};

/* The fan-in that appendix A's rule uses is the number of cells that a unit adds up. */
static int params(const void *attrs_, const fv_shape *x, fv_param list[FV_MAX_PARAMS], fv_error *err)
{
    const subsample_attrs *a = attrs_;
    const fv_shape c = fv_shape1(x->dim[3]);
    const double cells = (double)(a->kernel[0] * a->kernel[1]);

    (void)err;
    list[0] = (fv_param){.suffix = "weight",
                         .shape = c,
                         .file_rank = 1,
                         .fan_in = cells,
                         .fan_out = 1,
                         .init = FV_INIT_LECUN98,
                         .decay = true};
    list[1] = list[0];
    list[1].suffix = "bias";
    list[1].decay = false;
    return 2;
}

static fv_subsample_args describe(const subsample_attrs *a, const fv_shape *x)
{
    return (fv_subsample_args){.n = x->dim[0],
                               .in_h = x->dim[1],
                               .in_w = x->dim[2],
                               .c = x->dim[3],
                               .out_h = x->dim[1] / a->kernel[0],
                               .out_w = x->dim[2] / a->kernel[1],
                               .kernel_h = a->kernel[0],
                               .kernel_w = a->kernel[1],
                               .act = (fv_act)a->act};
}

static fv_cost cost_of(const fv_subsample_args *p, double real)
{
    const double in = (double)(p->n * p->in_h * p->in_w * p->c);

    return (fv_cost){in, real * in * 1.25};
}

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const fv_subsample_args p = describe(node->attrs, &in[0]);

    (void)dtype;
    if (!p.out_h || !p.out_w)
        return fv_fail(err, FV_E_SHAPE, "subsample %zux%zu: input is %zux%zu, nothing left to pool", p.kernel_h,
                       p.kernel_w, p.in_h, p.in_w);
    out[0] = fv_shape4(p.n, p.out_h, p.out_w, p.c);
    return FV_OK;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    const subsample_backward_attrs back = {*fv_shape_of(graph, node->in[0]), *(const subsample_attrs *)node->attrs};

    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_subsample_backward_x, &back, (fv_value[]){dy[0], node->in[1]}, 2);
    if (need[1]) {
        const fv_node *dw =
            fv_emit_node(graph, &fv_op_subsample_backward_w, &back, (fv_value[]){node->in[0], dy[0]}, 2);

        if (!dw)
            return;
        dx[1] = dw->out[0];
        dx[2] = dw->out[1];
    }
}

static void lower(fv_lower *l, const fv_node *node)
{
    fv_subsample_args args = describe(node->attrs, fv_lower_shape(l, node->in[0]));
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_bind binds[] = {
        FV_BIND_SAMPLES(fv_subsample_args, x, node->in[0]), FV_BIND(fv_subsample_args, weight, node->in[1]),
        FV_BIND(fv_subsample_args, bias, node->in[2]), FV_BIND_SAMPLES(fv_subsample_args, out, node->out[0])};
    fv_work work = fv_work_subsample(k, &args);

    work.items = args.n;
    fv_lower_step(l, FV_K_subsample_forward, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  cost_of(&args, (double)k->real_bytes));
}

static void facts(const fv_node *node, const fv_shape *in, const fv_shape *out, fv_facts *f)
{
    const subsample_attrs *a = node->attrs;
    const size_t units = out->dim[1] * out->dim[2] * out->dim[3];
    const fv_window w[2] = {{a->kernel[0], a->kernel[0], 1, 0, 0}, {a->kernel[1], a->kernel[1], 1, 0, 0}};

    (void)in;
    fv_window_facts(w, f);
    f->macs = units;
    f->connections = units * (a->kernel[0] * a->kernel[1] + 1);
}

const fv_op fv_op_subsample = {
    .name = "subsample",
    .help = "sum of each window times a trained factor plus a trained bias a map (LeNet 1998)",
    .attrs = attrs,
    .attr_bytes = sizeof(subsample_attrs),
    .inputs = 3,
    .outputs = 1,
    .params = params,
    .shape = shape,
    .grad = grad,
    .lower = lower,
    .facts = facts,
    .act_offset = offsetof(subsample_attrs, act),
};

static void lower_x(fv_lower *l, const fv_node *node)
{
    const subsample_backward_attrs *a = node->attrs;
    fv_subsample_args args = describe(&a->pool, &a->x);
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_subsample_args, dy, node->in[0]),
                             FV_BIND(fv_subsample_args, weight, node->in[1]),
                             FV_BIND_SAMPLES(fv_subsample_args, dx, node->out[0])};
    fv_work work = fv_work_subsample(k, &args);

    args.act = FV_ACT_NONE; /* dy is already the gradient before the activation */
    work.items = args.n;
    fv_lower_step(l, FV_K_subsample_backward_x, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  cost_of(&args, (double)k->real_bytes));
}

const fv_op fv_op_subsample_backward_x = {
    .name = "subsample_backward_x",
    .help = "gradient of subsample to its input",
    .attr_bytes = sizeof(subsample_backward_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_of_input,
    .lower = lower_x,
};

static fv_status shape_w(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    (void)node;
    (void)dtype;
    (void)err;
    out[0] = out[1] = fv_shape1(in[0].dim[3]);
    return FV_OK;
}

static void lower_w(fv_lower *l, const fv_node *node)
{
    const subsample_backward_attrs *a = node->attrs;
    fv_subsample_args args = describe(&a->pool, &a->x);
    const fv_kernels *k = fv_lower_kernels(l);
    fv_work work = fv_work_subsample(k, &args);
    const fv_value dw = fv_lower_temp(l, args.parts * args.c), db = fv_lower_temp(l, args.parts * args.c);
    const fv_bind binds[] = {
        FV_BIND_SAMPLES(fv_subsample_args, x, node->in[0]), FV_BIND_SAMPLES(fv_subsample_args, dy, node->in[1]),
        FV_BIND_PARTS(fv_subsample_args, dweight_parts, dw), FV_BIND_PARTS(fv_subsample_args, dbias_parts, db)};

    args.act = FV_ACT_NONE;
    work.items = args.parts;
    fv_lower_step(l, FV_K_subsample_backward_w, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  cost_of(&args, (double)k->real_bytes));
    fv_lower_sum(l, dw, args.parts, node->out[0], args.c);
    fv_lower_sum(l, db, args.parts, node->out[1], args.c);
}

const fv_op fv_op_subsample_backward_w = {
    .name = "subsample_backward_w",
    .help = "gradient of subsample to its factors and biases",
    .attr_bytes = sizeof(subsample_backward_attrs),
    .inputs = 2,
    .outputs = 2,
    .flags = FV_OP_HIDDEN,
    .shape = shape_w,
    .lower = lower_w,
};
