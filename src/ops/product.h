/* Lowering to matrix products: dense layers, and convolutions that are one. */
#ifndef FV_OPS_PRODUCT_H
#define FV_OPS_PRODUCT_H
#include "graph/lower.h"

/* c [rows, cols] = act(a [rows, depth] b + bias + add) * act_gradient(gate), b packed; or, as _tn,
 * c [rows, cols] = a^T [rows, depth] b [depth, cols] with the column sums of b in `sums`. */
typedef struct fv_product {
    fv_value a, b, bias, add, gate, c, sums;
    size_t rows, depth, cols;
    bool half; /* b is packed in words of two bf16, a is rounded to them first */
    fv_act act, gate_act;
} fv_product;

void fv_lower_product(fv_lower *lower, const fv_product *product);
void fv_lower_product_tn(fv_lower *lower, const fv_product *product);

#endif
