/* concat: values side by side along the channels, the end of a branch (Szegedy et al. 2014, figure 2).
 *
 *     y[n,h,w, C1 + .. + C(i-1) + c] = xi[n,h,w,c]                             xi: [N,H,W,Ci]   y: [N,H,W,C1 + .. + Cm]
 *
 * Gradient of xi: its run of the channels of dy, cut out by `slice`. */
#include "ops/common.h"

#include "kernels/copy.h"

typedef struct slice_attrs {
    size_t at, count; /* channels */
} slice_attrs;

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    char here[96], first[96];

    (void)dtype;
    out[0] = in[0];
    for (int i = 1; i < node->n_in; i++) {
        if (in[i].dim[1] != in[0].dim[1] || in[i].dim[2] != in[0].dim[2])
            return fv_fail(err, FV_E_SHAPE,
                           "concat: value %d is %s and the first %s (samples x rows x columns x "
                           "channels); rows and columns must be equal",
                           i + 1, fv_shape_text(&in[i], here), fv_shape_text(&in[0], first));
        out[0].dim[3] += in[i].dim[3];
    }
    return FV_OK;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    slice_attrs part = {0};

    for (int i = 0; i < node->n_in; i++) {
        part.count = fv_channels(fv_shape_of(graph, node->in[i]));
        if (need[i])
            dx[i] = fv_emit(graph, &fv_op_slice, &part, &dy[0], 1);
        part.at += part.count;
    }
}

/* Copy `count` channels from x, beginning with channel x_at, to out, beginning with out_at. */
static void copy(fv_lower *l, fv_value x, size_t x_at, fv_value out, size_t out_at, size_t count)
{
    const fv_shape *from = fv_lower_shape(l, x);
    const fv_target to = fv_lower_target(l, out);
    const size_t real = fv_lower_kernels(l)->real_bytes;
    const fv_copy_args args = {
        .pixels = fv_pixels(from), .channels = count, .x_step = fv_channels(from), .out_step = to.pixel};
    const fv_bind binds[] = {{offsetof(fv_copy_args, x), x, x_at * real, FV_SAMPLES},
                             {offsetof(fv_copy_args, out), to.value, to.shift + out_at * real, FV_SAMPLES}};

    fv_lower_step(l, FV_K_copy_channels, &args, sizeof args, fv_work_items(args.pixels, 2 * count * real), binds,
                  FV_COUNT(binds), 0, (fv_cost){0, 2 * (double)(args.pixels * count * real)});
}

/* What its producer wrote to its place (the pass `join`) is not copied. */
static void lower(fv_lower *l, const fv_node *node)
{
    const fv_value whole = fv_lower_target(l, node->out[0]).value;
    size_t at = 0;

    for (int i = 0; i < node->n_in; i++) {
        const size_t count = fv_channels(fv_lower_shape(l, node->in[i]));

        if (fv_lower_target(l, node->in[i]).value != whole)
            copy(l, node->in[i], 0, node->out[0], at, count);
        at += count;
    }
}

static bool joins(const fv_node *node)
{
    (void)node;
    return true;
}

const fv_op fv_op_concat = {
    .name = "concat",
    .help = "values side by side along the channels",
    .inputs = -1,
    .outputs = 1,
    .shape = shape,
    .grad = grad,
    .lower = lower,
    .joins = joins,
};

static fv_status shape_slice(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const slice_attrs *a = node->attrs;

    (void)dtype;
    (void)err;
    out[0] = in[0];
    out[0].dim[3] = a->count;
    return FV_OK;
}

static void lower_slice(fv_lower *l, const fv_node *node)
{
    const slice_attrs *a = node->attrs;

    copy(l, node->in[0], a->at, node->out[0], 0, a->count);
}

const fv_op fv_op_slice = {
    .name = "slice",
    .help = "a run of the channels",
    .attr_bytes = sizeof(slice_attrs),
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = shape_slice,
    .lower = lower_slice,
};
