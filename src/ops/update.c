/* The optimizer's nodes. They write parameters and momenta in place and stand behind everything that reads them.
 *
 * sgd (w, g, hyper, factor, m):       torch.optim.SGD;   Sutskever et al. 2013 for Nesterov's form
 * adam (w, g, hyper, factor, m, v):   torch.optim.Adam, AdamW if decoupled; Kingma, Ba 2015; Loshchilov, Hutter 2019
 *
 * hyper holds the step's learning rate and number; factor is clip_factor's. Formulas: kernels/args.h. */
#include "ops/update.h"

static fv_status no_shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    (void)node;
    (void)in;
    (void)out;
    (void)dtype;
    (void)err;
    return FV_OK;
}

static void lower(fv_lower *l, const fv_node *node, fv_kernel_id kernel, double traffic)
{
    const fv_update_attrs *a = node->attrs;
    const size_t count = fv_elements(fv_lower_shape(l, node->in[0])), real = fv_lower_kernels(l)->real_bytes;
    const fv_update_args args = {.count = count,
                                 .rate = a->rate,
                                 .momentum = a->momentum,
                                 .decay = a->decay,
                                 .beta1 = a->beta1,
                                 .beta2 = a->beta2,
                                 .eps = a->eps,
                                 .nesterov = a->nesterov,
                                 .decoupled = a->decoupled};
    const fv_bind binds[] = {FV_BIND(fv_update_args, w, node->in[0]),
                             FV_BIND(fv_update_args, g, node->in[1]),
                             FV_BIND(fv_update_args, hyper, node->in[2]),
                             FV_BIND(fv_update_args, factor, node->in[3]),
                             FV_BIND(fv_update_args, m, node->n_in > 4 ? node->in[4] : 0),
                             FV_BIND(fv_update_args, v, node->n_in > 5 ? node->in[5] : 0)};

    fv_lower_step(l, kernel, &args, sizeof args, fv_work_items(count, (size_t)traffic * real), binds, FV_COUNT(binds),
                  0, (fv_cost){(double)count * 2 * traffic, (double)count * traffic * (double)real});
}

static void lower_sgd(fv_lower *l, const fv_node *node)
{
    lower(l, node, FV_K_sgd, 5);
}
static void lower_adam(fv_lower *l, const fv_node *node)
{
    lower(l, node, FV_K_adam, 7);
}

const fv_op fv_op_sgd = {
    .name = "sgd",
    .help = "stochastic gradient descent with momentum",
    .attr_bytes = sizeof(fv_update_attrs),
    .inputs = -1,
    .outputs = 0,
    .flags = FV_OP_HIDDEN | FV_OP_EFFECT,
    .shape = no_shape,
    .lower = lower_sgd,
};

const fv_op fv_op_adam = {
    .name = "adam",
    .help = "Adam and AdamW",
    .attr_bytes = sizeof(fv_update_attrs),
    .inputs = -1,
    .outputs = 0,
    .flags = FV_OP_HIDDEN | FV_OP_EFFECT,
    .shape = no_shape,
    .lower = lower_adam,
};
