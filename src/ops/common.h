/* What several operators share: windows, activations, initialisers, elementwise lowering. */
#ifndef FV_OPS_COMMON_H
#define FV_OPS_COMMON_H
#include "graph/lower.h"
#include "graph/op.h"
#include "ops/ops.h"

/* ---- windows over rows or columns: convolution and pooling */
typedef struct fv_window {
    size_t kernel, stride, dilation, begin, end; /* begin, end: padding */
} fv_window;

/* Windows that fit: floor((in + begin + end - dilation (kernel - 1) - 1) / stride) + 1, or ceil of it where the last one
 * may hang over the edge (then it must still begin inside the picture or its padding). 0 if none fits. */
size_t fv_window_count(const fv_window *window, size_t in, bool ceil);

/* Rows [0] and columns [1] of kernel, stride, dilation and padding; `same` padding is worked out here. */
void fv_windows(const size_t kernel[2], const size_t stride[2], const size_t dilation[2], const fv_pad *pad,
                fv_window out[2]);

/* The facts of a windowed operator. */
void fv_window_facts(const fv_window window[2], fv_facts *facts);

/* ---- initialiser attributes of weights, in one place for conv and dense */
typedef struct fv_init_attrs {
    int init; /* fv_init */
    double std, bias;
    bool nobias;
} fv_init_attrs;
extern const char *const fv_init_words[];

#define FV_INIT_ATTRS(type)                                                                                             \
    {"init", FV_ATTR_WORD, offsetof(type, init.init), FV_INIT_HE, 0, 0, "how weights begin", false, fv_init_words},     \
        {"std", FV_ATTR_REAL, offsetof(type, init.std), .01, 0, 1e3, "standard deviation of init normal", false, NULL}, \
        {"bias", FV_ATTR_REAL, offsetof(type, init.bias), 0, -1e3, 1e3, "first value of biases", false, NULL},          \
    {                                                                                                                   \
        "nobias", FV_ATTR_FLAG, offsetof(type, init.nobias), 0, 0, 1, "no bias (batch norm follows)", false, NULL       \
    }

/* Weight and bias parameters of `shape` [.., out]; returns how many. */
int fv_weight_params(const fv_init_attrs *init, fv_param list[FV_MAX_PARAMS], fv_shape shape, int file_rank,
                     double fan_in, double fan_out);

/* ---- shapes */
fv_status fv_shape_like_first(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err);

/* The shape of a gradient to an input, whose node's attributes begin with the input's shape. */
fv_status fv_shape_of_input(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err);

/* ---- one elementwise step over the output */
void fv_lower_elementwise(fv_lower *lower, const fv_node *node, fv_kernel_id kernel, fv_elementwise_args args,
                          const fv_bind *binds, size_t n_binds, double reads);

/* sum_parts of `count` elements from a temporary to an output. */
void fv_lower_sum(fv_lower *lower, fv_value parts, size_t n_parts, fv_value out, size_t count);

#endif
