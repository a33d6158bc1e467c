/* Activations and their gradients, which are functions of y = act(x) alone, and the exponential below them.
 *
 * exp: x = n ln 2 + r, |r| <= ln 2 / 2; e^r = 1 + r + r^2 p(r) with the polynomial of Cephes' expf (S. Moshier); 2^n is
 * multiplied in two halves so that results below 2^-126 come out right. tanh |x| = e / (e + 2) with e = exp(2 |x|) - 1
 * taken from the same polynomial without the 1, so that nothing cancels near 0. Errors: 1.0 ulp (exp), 2.4 (tanh), measured. */
#ifndef FV_KERNELS_ACT_H
#define FV_KERNELS_ACT_H
#include "kernels/vec.h"

#if FV_LANES == 1
FV_INLINE vec vec_exp(vec x)
{
    return (vec)exp((double)x);
}
FV_INLINE vec vec_tanh(vec x)
{
    return (vec)tanh((double)x);
}
#else
/* e^r - 1 and n of x = n ln 2 + r. */
FV_INLINE vec exp_reduced(vec x, vec *n)
{
    *n = vec_round(x * 1.44269504088896341f);

    const vec r = (x - *n * 0.693359375f) - *n * -2.12194440e-4f;
    vec p = vec_all(1.9875691500e-4f);

    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return p * (r * r) + r;
}

/* 2^n for integers -126 <= n <= 127. */
FV_INLINE vec vec_power(ivec n)
{
    return (vec)((n + 127) << 23);
}

FV_INLINE vec vec_exp(vec x)
{
    vec n;

    x = vec_min(vec_all(89.f), vec_max(vec_all(-104.f), x)); /* beyond: infinite, 0 */

    const vec y = exp_reduced(x, &n) + 1.f;
    const ivec k = __builtin_convertvector(n, ivec), half = k >> 1;

    return y * vec_power(half) * vec_power(k - half);
}

FV_INLINE vec vec_tanh(vec x)
{
    const ivec sign = (ivec)x & ivec_all(INT32_MIN);
    const vec twice = vec_min(vec_all(20.f), (vec)((ivec)x ^ sign) * 2.f); /* 1 from 10 on */
    vec n;

    const vec small = exp_reduced(twice, &n), power = vec_power(__builtin_convertvector(n, ivec));
    const vec e = small * power + (power - 1.f);

    return (vec)((ivec)(e / (e + 2.f)) | sign);
}
#endif

/* LeCun et al. 1998, appendix A: f(x) = A tanh(S x). */
#define FV_LECUN_A ((real)1.7159)
#define FV_LECUN_S ((real)(2.0 / 3))

/* act is a constant wherever speed counts. A NaN stays a NaN. */
FV_INLINE vec vec_act(fv_act act, vec x)
{
    switch (act) {
    case FV_ACT_RELU:
        return vec_max(vec_all(0), x);
    case FV_ACT_TANH:
        return vec_tanh(x);
    case FV_ACT_LECUN_TANH:
        return FV_LECUN_A * vec_tanh(FV_LECUN_S * x);
    case FV_ACT_SIGMOID:
        return vec_all(1) / (vec_exp(-x) + vec_all(1));
    case FV_ACT_RELU6:
        return vec_min(vec_all(6), vec_max(vec_all(0), x));
    case FV_ACT_NONE:
        break;
    }
    return x;
}

/* d act'(x), with y = act(x). */
FV_INLINE vec vec_act_back(fv_act act, vec y, vec d)
{
    switch (act) {
    case FV_ACT_RELU:
        return vec_select(vec_greater(y, vec_all(0)), d, vec_all(0));
    case FV_ACT_TANH:
        return d * (vec_all(1) - y * y);
    case FV_ACT_LECUN_TANH:
        return d * (vec_all(FV_LECUN_A * FV_LECUN_S) - (FV_LECUN_S / FV_LECUN_A) * (y * y));
    case FV_ACT_SIGMOID:
        return d * (y - y * y);
    case FV_ACT_RELU6:
        return vec_select(vec_greater(y, vec_all(0)), vec_select(vec_greater(vec_all(6), y), d, vec_all(0)),
                          vec_all(0));
    case FV_ACT_NONE:
        break;
    }
    return d;
}

/* Call `f(act, ...)`, always inlined, with act a constant: one loop for each activation. */
#define FV_ACT_SWITCH(act, f, ...)                                                                                     \
    do {                                                                                                               \
        switch (act) {                                                                                                 \
        case FV_ACT_NONE:                                                                                              \
            f(FV_ACT_NONE, __VA_ARGS__);                                                                               \
            break;                                                                                                     \
        case FV_ACT_RELU:                                                                                              \
            f(FV_ACT_RELU, __VA_ARGS__);                                                                               \
            break;                                                                                                     \
        case FV_ACT_TANH:                                                                                              \
            f(FV_ACT_TANH, __VA_ARGS__);                                                                               \
            break;                                                                                                     \
        case FV_ACT_LECUN_TANH:                                                                                        \
            f(FV_ACT_LECUN_TANH, __VA_ARGS__);                                                                         \
            break;                                                                                                     \
        case FV_ACT_SIGMOID:                                                                                           \
            f(FV_ACT_SIGMOID, __VA_ARGS__);                                                                            \
            break;                                                                                                     \
        case FV_ACT_RELU6:                                                                                             \
            f(FV_ACT_RELU6, __VA_ARGS__);                                                                              \
            break;                                                                                                     \
        }                                                                                                              \
    } while (0)

/* x = act(x), and d = d act'(x), over n neighbouring elements in place (elementwise.c). */
void FV_FN(act_run)(fv_act act, const real *x, real *out, size_t n);
void FV_FN(act_back_run)(fv_act act, const real *y, const real *dy, real *out, size_t n);

#endif
