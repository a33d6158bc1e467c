#include "ops/loss.h"

fv_status fv_loss_shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    char text[96];

    (void)dtype;
    if (in[0].rank != 4 || in[0].dim[1] != 1 || in[0].dim[2] != 1)
        return fv_fail(err, FV_E_SHAPE,
                       "%s: needs one value a class (Nx1x1xclasses), its input is %s; add a dense "
                       "layer",
                       node->op->name, fv_shape_text(&in[0], text));
    out[0] = fv_shape1(in[0].dim[0]);
    return FV_OK;
}

void fv_loss_grad(fv_graph *graph, const fv_node *node, const fv_op *backward, const fv_value *dy, const bool *need,
                  fv_value *dx)
{
    if (need[0]) {
        const fv_value in[] = {node->in[0],
                               node->in[1],
                               dy[0],
                               node->n_in > 2 ? node->in[2] : 0,
                               node->n_in > 3 ? node->in[3] : 0,
                               node->n_in > 4 ? node->in[4] : 0};

        dx[0] = fv_emit(graph, backward, node->attrs, in, 1 + node->n_in);
    }
}

/* Inputs are x, labels, of mixed samples other and share, and perhaps weights of classes behind them. */
static bool weighted(int inputs)
{
    return inputs % 2 == 1;
}

static void step(fv_lower *l, const fv_node *node, fv_kernel_id kernel, fv_loss_args args, const fv_bind *binds,
                 size_t n_binds)
{
    const fv_shape *x = fv_lower_shape(l, node->in[0]);
    const size_t real = fv_lower_kernels(l)->real_bytes;
    const double elements = (double)fv_elements(x);

    args.n = x->dim[0];
    args.classes = x->dim[3];
    fv_lower_step(l, kernel, &args, sizeof args, fv_work_items(args.n, 2 * args.classes * real), binds, n_binds, 0,
                  (fv_cost){8 * elements, 2 * elements * (double)real});
}

void fv_loss_lower(fv_lower *l, const fv_node *node, fv_kernel_id kernel, fv_loss_args args)
{
    const bool mixed = node->n_in > 3;
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_loss_args, x, node->in[0]),
                             FV_BIND_SAMPLES(fv_loss_args, labels, node->in[1]),
                             FV_BIND_SAMPLES(fv_loss_args, other, mixed ? node->in[2] : 0),
                             FV_BIND_SAMPLES(fv_loss_args, share, mixed ? node->in[3] : 0),
                             FV_BIND(fv_loss_args, weights, weighted(node->n_in) ? node->in[node->n_in - 1] : 0),
                             FV_BIND_SAMPLES(fv_loss_args, loss, node->out[0])};

    step(l, node, kernel, args, binds, FV_COUNT(binds));
}

void fv_loss_lower_backward(fv_lower *l, const fv_node *node, fv_kernel_id kernel, fv_loss_args args)
{
    const bool mixed = node->n_in > 4;
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_loss_args, x, node->in[0]),
                             FV_BIND_SAMPLES(fv_loss_args, labels, node->in[1]),
                             FV_BIND(fv_loss_args, scale, node->in[2]),
                             FV_BIND_SAMPLES(fv_loss_args, other, mixed ? node->in[3] : 0),
                             FV_BIND_SAMPLES(fv_loss_args, share, mixed ? node->in[4] : 0),
                             FV_BIND(fv_loss_args, weights, weighted(node->n_in - 1) ? node->in[node->n_in - 1] : 0),
                             FV_BIND_SAMPLES(fv_loss_args, dx, node->out[0])};

    step(l, node, kernel, args, binds, FV_COUNT(binds));
}
