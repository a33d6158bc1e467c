/* Plain activations that have a parameter or whose gradient reads x. */
#include "kernels/curve.h"
#include "plain.h"

static real value(const fv_curve_args *a, real x)
{
    const real ramp = fmin(fmax(x + 3, 0), 6);

    switch (a->curve) {
    case FV_CURVE_LEAKY_RELU:
        return x > 0 ? x : a->slope * x;
    case FV_CURVE_HARD_SIGMOID:
        return ramp / 6;
    case FV_CURVE_HARD_SWISH:
        return x * ramp / 6;
    case FV_CURVE_SILU:
        return x / (1 + exp(-x));
    }
    return 0;
}

static real derivative(const fv_curve_args *a, real x)
{
    switch (a->curve) {
    case FV_CURVE_LEAKY_RELU:
        return x > 0 ? 1 : a->slope;
    case FV_CURVE_HARD_SIGMOID:
        return x > -3 && x < 3 ? 1.0 / 6 : 0;
    case FV_CURVE_HARD_SWISH:
        return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6;
    case FV_CURVE_SILU:
        return (1 + exp(-x) + x * exp(-x)) / ((1 + exp(-x)) * (1 + exp(-x)));
    }
    return 0;
}

void plain_curve_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_curve_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = value(a, ((const real *)a->x)[i]);
}

void plain_curve_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_curve_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = ((const real *)a->dy)[i] * derivative(a, ((const real *)a->x)[i]);
}
