/* pack: bring a weight into the column panels that the matrix kernels read. A node like any other, so nothing hides a
 * cache: an inference session runs it once, training after each update.
 *
 * A weight w [.., in, out] is a matrix [everything but out, out]; a group owns a run of its columns. Turned (for the
 * gradient to the data), a group's matrix is [out/groups, everything but out], or cut in parts of neighbouring columns:
 * one for each row of a convolution's kernel. */
#include "ops/pack.h"

/* Depth and columns of one packed matrix, of which a group of the weight has `parts`. */
static void matrix_of(const fv_shape *w, const fv_pack_attrs *a, size_t *depth, size_t *cols)
{
    const size_t taps = fv_pixels(w), out = fv_channels(w) / a->groups;

    *depth = a->transposed ? out : fv_pack_depth(&(fv_pack_args){.depth = taps, .run = a->run});
    *cols = a->transposed ? taps / a->parts : out;
}

size_t fv_pack_elements(const fv_kernels *kernels, const fv_shape *w, const fv_pack_attrs *a)
{
    const size_t in = w->dim[2], out = fv_channels(w) / a->groups, kernel = w->dim[0];
    size_t depth, cols;

    if (a->side)
        return a->groups * fv_winograd_panel(kernels->panel, a->side + kernel - 1, a->transposed ? out : in,
                                             a->transposed ? in : out, SIZE_MAX);
    matrix_of(w, a, &depth, &cols);
    return a->groups * a->parts * fv_packed_elements(kernels, depth, cols);
}

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const fv_pack_attrs *a = node->attrs;

    (void)in;
    (void)dtype;
    (void)err;
    out[0] = fv_shape1(a->elements);
    return FV_OK;
}

/* Filters of Winograd's convolution. */
static void lower_filters(fv_lower *l, const fv_node *node)
{
    const fv_pack_attrs *a = node->attrs;
    const fv_shape *w = fv_lower_shape(l, node->in[0]);
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_winograd_filter_args args = {.kernel = w->dim[0],
                                          .side = a->side,
                                          .in_c = w->dim[2] * a->groups,
                                          .out_c = w->dim[3],
                                          .groups = a->groups,
                                          .turned = a->transposed};
    const fv_bind binds[] = {FV_BIND(fv_winograd_filter_args, w, node->in[0]),
                             FV_BIND(fv_winograd_filter_args, u, node->out[0])};

    fv_lower_step(l, FV_K_winograd_filters, &args, sizeof args, fv_work_winograd_filters(k, &args), binds,
                  FV_COUNT(binds), 0, (fv_cost){0, (double)((fv_elements(w) + a->elements) * k->real_bytes)});
}

static void lower(fv_lower *l, const fv_node *node)
{
    const fv_pack_attrs *a = node->attrs;
    const fv_shape *w = fv_lower_shape(l, node->in[0]);
    const fv_kernels *k = fv_lower_kernels(l);
    const size_t out = fv_channels(w), elements = fv_elements(w);
    fv_pack_args args = {.groups = a->groups,
                         .parts = a->parts,
                         .ld = out,
                         .group_stride = out / a->groups,
                         .run = a->run,
                         .transposed = a->transposed};
    const fv_bind binds[] = {FV_BIND(fv_pack_args, b, node->in[0]), FV_BIND(fv_pack_args, panels, node->out[0])};
    size_t panels;

    if (a->side) {
        lower_filters(l, node);
        return;
    }
    matrix_of(w, a, &args.depth, &args.cols);
    if (a->run)
        args.depth = elements / out;
    args.part_stride = args.cols * out;
    panels = a->groups * a->parts * fv_packed_panels(k, args.cols);
    fv_lower_step(l, a->run ? FV_K_half_pack : FV_K_pack, &args, sizeof args,
                  fv_work_items(panels, 2 * k->real_bytes * elements / (panels ? panels : 1)), binds, FV_COUNT(binds),
                  0, (fv_cost){0, 2 * (double)(elements * k->real_bytes)});
}

const fv_op fv_op_pack = {
    .name = "pack",
    .help = "weights into the layout of the matrix kernels",
    .attr_bytes = sizeof(fv_pack_attrs),
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = shape,
    .lower = lower,
};
