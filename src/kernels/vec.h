/* One vector of reals. The build compiles each kernel file once an instruction set with FV_ISA (the suffix), FV_REAL
 * (float or double) and FV_LANES set; kernels differ in nothing else. */
#ifndef FV_KERNELS_VEC_H
#define FV_KERNELS_VEC_H
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/args.h"
#include "kernels/kernels.h"

#define FV_PASTE_(a, b) a##_##b
#define FV_PASTE(a, b) FV_PASTE_(a, b)
#define FV_FN(name) FV_PASTE(fv_##name, FV_ISA)

typedef FV_REAL real;

/* Every kernel of this instruction set, declared as table.c collects them. */
#define K(name) fv_kernel FV_FN(name);
#include "kernels/kernels.def"
#undef K

static inline real act_value(fv_act act, real x)
{
    switch (act) {
    case FV_ACT_RELU:
        return x > 0 ? x : 0;
    case FV_ACT_TANH:
        return (real)tanh((double)x);
    case FV_ACT_LECUN_TANH:
        return (real)(1.7159 * tanh(2.0 / 3 * (double)x));
    case FV_ACT_SIGMOID:
        return (real)(1 / (1 + exp(-(double)x)));
    case FV_ACT_NONE:
        break;
    }
    return x;
}

/* act'(x) as a function of y = act(x). */
static inline real act_gradient(fv_act act, real y)
{
    switch (act) {
    case FV_ACT_RELU:
        return y > 0 ? 1 : 0;
    case FV_ACT_TANH:
        return 1 - y * y;
    case FV_ACT_LECUN_TANH:
        return (real)(2.0 / 3 * 1.7159) - (real)(2.0 / 3 / 1.7159) * y * y;
    case FV_ACT_SIGMOID:
        return y * (1 - y);
    case FV_ACT_NONE:
        break;
    }
    return 1;
}

#endif
