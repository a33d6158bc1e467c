/* The kernels of one instruction set, in the order of kernels.def. */
#include "kernels/vec.h"

extern const fv_kernels FV_FN(kernels);

#define FV_TEXT_(x) #x
#define FV_TEXT(x) FV_TEXT_(x)

const fv_kernels FV_FN(kernels) = {
    .isa = FV_TEXT(FV_ISA),
    .real_bytes = sizeof(real),
    .panel = 2 * FV_LANES,
    .run =
        {
#define K(name) [FV_K_##name] = FV_FN(name),
#include "kernels/kernels.def"
#undef K
        },
};
