/* softmax over the channels of each sample: y[n,i] = e^x[n,i] / sum over k of e^x[n,k]. As a net's last word it marks
 * probabilities: sessions apply it behind the logits, and training uses cross-entropy, which contains it. */
#include "ops/common.h"

static void lower(fv_lower *l, const fv_node *node)
{
    const fv_shape *x = fv_lower_shape(l, node->in[0]);
    const size_t real = fv_lower_kernels(l)->real_bytes;
    const fv_softmax_args args = {.n = fv_pixels(x), .classes = fv_channels(x)};
    const double elements = (double)fv_elements(x);
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_softmax_args, x, node->in[0]),
                             FV_BIND_SAMPLES(fv_softmax_args, out, node->out[0])};

    fv_lower_step(l, FV_K_softmax, &args, sizeof args, fv_work_items(args.n, 2 * args.classes * real), binds,
                  FV_COUNT(binds), 0, (fv_cost){8 * elements, 2 * elements * (double)real});
}

const fv_op fv_op_softmax = {
    .name = "softmax",
    .help = "probabilities from logits",
    .inputs = 1,
    .outputs = 1,
    .shape = fv_shape_like_first,
    .lower = lower,
};
