/* Activations with a parameter or a gradient that reads x (curve.h), elementwise; bound by memory. */
#include "kernels/curve.h"

#include "kernels/act.h"

FV_INLINE vec ramp(vec x)
{
    return vec_min(vec_all(6), vec_max(vec_all(0), x + vec_all(3)));
}
FV_INLINE vec sigmoid(vec x)
{
    return vec_all(1) / (vec_exp(-x) + vec_all(1));
}
FV_INLINE vec where(vec a, vec b, vec yes, vec no)
{
    return vec_select(vec_greater(a, b), yes, no);
}

/* 1 / 6 as a factor; a division costs more than the rest. */
#define SIXTH ((real)(1.0 / 6))

FV_INLINE vec value(fv_curve curve, vec x, vec slope)
{
    switch (curve) {
    case FV_CURVE_LEAKY_RELU:
        return where(x, vec_all(0), x, slope * x);
    case FV_CURVE_HARD_SIGMOID:
        return ramp(x) * SIXTH;
    case FV_CURVE_HARD_SWISH:
        return x * ramp(x) * SIXTH;
    case FV_CURVE_SILU:
        return x * sigmoid(x);
    }
    return x;
}

FV_INLINE vec derivative(fv_curve curve, vec x, vec slope)
{
    const vec zero = vec_all(0), one = vec_all(1), three = vec_all(3);

    switch (curve) {
    case FV_CURVE_LEAKY_RELU:
        return where(x, zero, one, slope);
    case FV_CURVE_HARD_SIGMOID:
        return where(x, -three, where(three, x, vec_all(SIXTH), zero), zero);
    case FV_CURVE_HARD_SWISH:
        return where(x, -three, where(three, x, (x + x + three) * SIXTH, one), zero);
    case FV_CURVE_SILU: {
        const vec s = sigmoid(x);

        return s + x * s * (one - s);
    }
    }
    return one;
}

FV_INLINE vec result(fv_curve curve, vec x, vec dy, vec slope, bool backward)
{
    return backward ? dy * derivative(curve, x, slope) : value(curve, x, slope);
}

FV_INLINE void loop(fv_curve curve, const fv_curve_args *a, size_t begin, size_t end, bool backward)
{
    const vec slope = vec_all((real)a->slope);
    const real *x = a->x, *dy = a->dy;
    real *out = a->out;
    size_t i = begin;

    for (; i + FV_LANES <= end; i += FV_LANES)
        vec_store(out + i, result(curve, vec_load(x + i), backward ? vec_load(dy + i) : slope, slope, backward));
    if (i < end) {
        const vmask m = vec_mask(end - i);

        vec_store_m(out + i,
                    result(curve, vec_load_m(x + i, m), backward ? vec_load_m(dy + i, m) : slope, slope, backward), m);
    }
}

/* One loop for each curve. */
FV_INLINE void run(const fv_curve_args *a, size_t begin, size_t end, bool backward)
{
    switch (a->curve) {
    case FV_CURVE_LEAKY_RELU:
        loop(FV_CURVE_LEAKY_RELU, a, begin, end, backward);
        break;
    case FV_CURVE_HARD_SIGMOID:
        loop(FV_CURVE_HARD_SIGMOID, a, begin, end, backward);
        break;
    case FV_CURVE_HARD_SWISH:
        loop(FV_CURVE_HARD_SWISH, a, begin, end, backward);
        break;
    case FV_CURVE_SILU:
        loop(FV_CURVE_SILU, a, begin, end, backward);
        break;
    }
}

void FV_FN(curve_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    run(args, begin, end, false);
}

void FV_FN(curve_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    run(args, begin, end, true);
}
