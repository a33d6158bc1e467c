/* The kernels of one instruction set, in the order of kernels.def. Those of words may be another set's: FV_HALF_ISA. */
#include "kernels/vec.h"

#define FV_TEXT_(x) #x
#define FV_TEXT(x) FV_TEXT_(x)
#ifndef FV_TABLE
#define FV_TABLE FV_ISA
#define FV_HALF_ISA FV_ISA
#define FV_BF16 false
#endif
#define FV_NAME FV_PASTE(fv_kernels, FV_TABLE)
#define FV_HALF_FN(name) FV_PASTE(fv_##name, FV_HALF_ISA)

extern const fv_kernels FV_NAME;

#define K(name)
#ifdef FV_NO_HALF
#define H(name)
#else
#define H(name) fv_kernel FV_HALF_FN(name);
#endif
#include "kernels/kernels.def"
#undef K

const fv_kernels FV_NAME = {
    .isa = FV_TEXT(FV_ISA),
    .real_bytes = sizeof(real),
    .panel = 2 * FV_LANES,
    .bf16 = FV_BF16,
    .run =
        {
#define K(name) [FV_K_##name] = FV_FN(name),
#ifdef FV_NO_HALF
#define H(name)
#else
#define H(name) [FV_K_##name] = FV_HALF_FN(name),
#endif
#include "kernels/kernels.def"
#undef K
        },
};
