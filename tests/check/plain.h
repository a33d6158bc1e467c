/* The plain kernels: every kernel's definition in double, written for reading only. They judge all others, share no code
 * with them, and keep packed matrices as they are. */
#ifndef CHECK_PLAIN_H
#define CHECK_PLAIN_H
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/args.h"
#include "kernels/kernels.h"

typedef double real;

extern const fv_kernels plain_kernels;

/* What `pack` writes: a plain matrix [depth, cols] where this is 0, else panels of the table whose `panel` it is. */
extern size_t plain_panel;

#define K(name) fv_kernel plain_##name;
#include "kernels/kernels.def"
#undef K

static inline real act_value(fv_act act, real x)
{
    switch (act) {
    case FV_ACT_RELU:
        return x <= 0 ? 0 : x; /* NaN stays */
    case FV_ACT_TANH:
        return tanh(x);
    case FV_ACT_LECUN_TANH:
        return 1.7159 * tanh(2.0 / 3 * x);
    case FV_ACT_SIGMOID:
        return 1 / (1 + exp(-x));
    case FV_ACT_RELU6:
        return x <= 0 ? 0 : x >= 6 ? 6 : x;
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
        return 2.0 / 3 * (1.7159 - y * y / 1.7159);
    case FV_ACT_SIGMOID:
        return y * (1 - y);
    case FV_ACT_RELU6:
        return y > 0 && y < 6 ? 1 : 0;
    case FV_ACT_NONE:
        break;
    }
    return 1;
}

#endif
