/* flatten: says that maps become a vector. `dense` reads H*W*C values in any case, in C,H,W order as papers count them,
 * so there is nothing to compute. */
#include "ops/common.h"

const fv_op fv_op_flatten = {
    .name = "flatten",
    .help = "maps become a vector; nothing is computed, dense flattens by itself",
    .inputs = 1,
    .outputs = 1,
    .flags = FV_OP_WORD,
    .shape = fv_shape_like_first,
};
