/* lrn: local response normalisation over neighbouring channels (Krizhevsky, Sutskever, Hinton 2012, section 3.3).
 *
 *     y[c] = x[c] / s[c]^beta,   s[c] = k + alpha * sum of x[j]^2 over |j - c| <= (n - 1) / 2        x, y: [N,H,W,C]
 *
 * `lrn` is the paper's: n 5, k 2, alpha 1e-4, beta 3/4. `lrn caffe` divides alpha by n and has k 1, as Caffe, ONNX and
 * PyTorch do. Gradient: dx[c] = dy[c] s[c]^-beta - 2 alpha beta x[c] * sum over j of dy[j] x[j] s[j]^(-beta-1). */
#include "ops/common.h"

#include "kernels/lrn.h"

typedef enum lrn_form { PAPER, CAFFE } lrn_form;
static const char *const form_words[] = {"paper", "caffe", NULL};

typedef struct lrn_attrs {
    int form;
    size_t n;
    double k, alpha, beta;
} lrn_attrs;

static const fv_attr attrs[] = {
    {"form", FV_ATTR_WORD, offsetof(lrn_attrs, form), PAPER, 0, 0,
     "paper: alpha times the sum; caffe: alpha / n times it", true, form_words},
    {"n", FV_ATTR_INT, offsetof(lrn_attrs, n), 5, 1, 1023, "channels in a sum, an odd number", false, NULL},
    {"k", FV_ATTR_REAL, offsetof(lrn_attrs, k), 0, 0, 1e6, "added to the sum; 0: the form's own, 2 or caffe's 1", false,
     NULL},
    {"alpha", FV_ATTR_REAL, offsetof(lrn_attrs, alpha), 1e-4, 0, 1e6, "factor of the sum of squares", false, NULL},
    {"beta", FV_ATTR_REAL, offsetof(lrn_attrs, beta), .75, 0, 16, "exponent", false, NULL},
    {0},
};

_Static_assert(offsetof(fv_lrn_args, scratch_bytes) == offsetof(fv_lrn_args, scratch) + sizeof(void *),
               "fv_lower_step sets both");

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const lrn_attrs *a = node->attrs;

    (void)dtype;
    if (a->n % 2 == 0)
        return fv_fail(err, FV_E_RANGE, "lrn: n is %zu, but must be odd: as many channels before as behind", a->n);
    out[0] = in[0];
    return FV_OK;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_lrn_backward, node->attrs, (fv_value[]){dy[0], node->in[0]}, 2);
}

static void step(fv_lower *l, const fv_node *node, fv_value x, fv_kernel_id kernel, const fv_bind *binds,
                 size_t n_binds)
{
    const lrn_attrs *a = node->attrs;
    const fv_shape *s = fv_lower_shape(l, x);
    const size_t real = fv_lower_kernels(l)->real_bytes;
    const double form_k = a->form == CAFFE ? 1 : 2, elements = (double)fv_elements(s);
    const fv_lrn_args args = {.pixels = fv_pixels(s),
                              .channels = fv_channels(s),
                              .n = a->n,
                              .k = a->k > 0 ? a->k : form_k,
                              .beta = a->beta,
                              .alpha = a->form == CAFFE ? a->alpha / (double)a->n : a->alpha};
    fv_work work = fv_work_items(args.pixels, 4 * args.channels * real);

    work.scratch_bytes = fv_lrn_scratch(&args, kernel == FV_K_lrn_backward, real);
    fv_lower_step(l, kernel, &args, sizeof args, work, binds, n_binds, offsetof(fv_lrn_args, scratch),
                  (fv_cost){elements * (double)(a->n + 8), (double)n_binds * elements * (double)real});
}

static void lower(fv_lower *l, const fv_node *node)
{
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_lrn_args, x, node->in[0]),
                             FV_BIND_SAMPLES(fv_lrn_args, y, node->out[0])};

    step(l, node, node->in[0], FV_K_lrn_forward, binds, FV_COUNT(binds));
}

const fv_op fv_op_lrn = {
    .name = "lrn",
    .help = "local response normalisation over neighbouring channels",
    .attrs = attrs,
    .attr_bytes = sizeof(lrn_attrs),
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_INPLACE,
    .shape = shape,
    .grad = grad,
    .lower = lower,
};

static void lower_back(fv_lower *l, const fv_node *node)
{
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_lrn_args, dy, node->in[0]),
                             FV_BIND_SAMPLES(fv_lrn_args, x, node->in[1]),
                             FV_BIND_SAMPLES(fv_lrn_args, dx, node->out[0])};

    step(l, node, node->in[1], FV_K_lrn_backward, binds, FV_COUNT(binds));
}

const fv_op fv_op_lrn_backward = {
    .name = "lrn_backward",
    .help = "gradient of local response normalisation",
    .attr_bytes = sizeof(lrn_attrs),
    .inputs = 2,
    .outputs = 1,
    .flags = FV_OP_HIDDEN | FV_OP_INPLACE,
    .shape = fv_shape_like_first,
    .lower = lower_back,
};
