/* The global norm of the gradients, and the factor that clips it (Pascanu et al. 2013).
 *
 * square_sum (g1, g2, ...): sums of squares of fixed parts of each gradient, one double a part, in one array.
 * clip_factor (parts): norm = sqrt(sum of parts); factor = min(1, max_norm / (norm + 1e-6)). */
#include "ops/update.h"

/* Parts are doubles whatever the session's real is: the array is sized in bytes. */
static fv_status square_shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    size_t parts = 0;

    (void)err;
    for (int i = 0; i < node->n_in; i++)
        parts += fv_square_parts(fv_elements(&in[i]));
    out[0] = fv_shape1(parts * sizeof(double));
    dtype[0] = FV_U8;
    return FV_OK;
}

static void square_lower(fv_lower *l, const fv_node *node)
{
    const size_t real = fv_lower_kernels(l)->real_bytes;
    size_t at = 0;

    for (int i = 0; i < node->n_in; i++) {
        const size_t count = fv_elements(fv_lower_shape(l, node->in[i])), parts = fv_square_parts(count);
        const fv_square_args args = {.count = count};
        const fv_bind binds[] = {FV_BIND(fv_square_args, x, node->in[i]),
                                 {offsetof(fv_square_args, out), node->out[0], at * sizeof(double), FV_WHOLE}};

        fv_lower_step(l, FV_K_square_sum, &args, sizeof args, fv_work_items(parts, count / parts * real), binds,
                      FV_COUNT(binds), 0, (fv_cost){2 * (double)count, (double)(count * real)});
        at += parts;
    }
}

const fv_op fv_op_square_sum = {
    .name = "square_sum",
    .help = "sums of squares of gradients",
    .inputs = -1,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = square_shape,
    .lower = square_lower,
};

static fv_status clip_shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    (void)node;
    (void)in;
    (void)dtype;
    (void)err;
    out[0] = out[1] = fv_shape1(1);
    return FV_OK;
}

static void clip_lower(fv_lower *l, const fv_node *node)
{
    const fv_clip_attrs *a = node->attrs;
    const size_t n_parts = fv_lower_shape(l, node->in[0])->dim[0] / sizeof(double);
    const fv_clip_args args = {.n_parts = n_parts, .max_norm = a->max_norm};
    const fv_bind binds[] = {FV_BIND(fv_clip_args, parts, node->in[0]), FV_BIND(fv_clip_args, norm, node->out[0]),
                             FV_BIND(fv_clip_args, factor, node->out[1])};

    fv_lower_step(l, FV_K_clip_factor, &args, sizeof args, (fv_work){.items = 1, .least_items = 1, .parts = 1}, binds,
                  FV_COUNT(binds), 0, (fv_cost){(double)n_parts, 8 * (double)n_parts});
}

const fv_op fv_op_clip_factor = {
    .name = "clip_factor",
    .help = "norm of all gradients and the factor that clips it",
    .attr_bytes = sizeof(fv_clip_attrs),
    .inputs = 1,
    .outputs = 2,
    .flags = FV_OP_HIDDEN,
    .shape = clip_shape,
    .lower = clip_lower,
};
