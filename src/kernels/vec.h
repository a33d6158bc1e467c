/* One vector of reals. The build compiles each kernel file once an instruction set with FV_ISA (the suffix), FV_REAL
 * (float or double) and FV_LANES set; kernels differ in nothing else. Intrinsics stand in this file alone: where the
 * vector types of GCC and clang have no word for it (masked tails, maximum, selection, bytes).
 *
 * FV_LANES: 16 = AVX-512, 8 = AVX2 with FMA, 4 = NEON, 1 = plain C, where a vec is a real and libm does exp and tanh. */
#ifndef FV_KERNELS_VEC_H
#define FV_KERNELS_VEC_H
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if FV_LANES >= 8
#include <immintrin.h>
#elif FV_LANES == 4
#include <arm_neon.h>
#endif

#include "kernels/args.h"
#include "kernels/kernels.h"

#define FV_PASTE_(a, b) a##_##b
#define FV_PASTE(a, b) FV_PASTE_(a, b)
#ifdef FV_HALF /* compiled for words of two bf16: half.c */
#define FV_FN(name) FV_PASTE(fv_half_##name, FV_ISA)
#else
#define FV_FN(name) FV_PASTE(fv_##name, FV_ISA)
#endif

/* Loops over a register tile must be unrolled whole, or the tile lives in memory. clang ignores gcc's pragma silently. */
#ifdef __clang__
#define FV_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FV_UNROLL _Pragma("GCC unroll 64")
#endif
/* A loop over a register tile: for i = 0 .. n - 1, n a constant. */
#define FV_EACH(i, n) FV_UNROLL for (size_t i = 0; i < (n); i++)
#define FV_INLINE static inline __attribute__((always_inline))

typedef FV_REAL real;

/* Every kernel of this instruction set, as table.c collects them. */
#define K(name) fv_kernel FV_FN(name);
#define H(name)
#include "kernels/kernels.def"
#undef K

/* ---- types. ivec: as many 32-bit integers; wvec: half as many of 64 bits; vbool: the result of comparing; vmask: the first
 * n lanes, n <= FV_LANES. */
#if FV_LANES == 1
typedef real vec;
typedef int32_t ivec;
typedef bool vbool;
typedef size_t vmask;
#else
typedef real vec __attribute__((vector_size(FV_LANES * 4)));
typedef real vec_unaligned __attribute__((vector_size(FV_LANES * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(FV_LANES * 4)));
typedef uint64_t wvec __attribute__((vector_size(FV_LANES * 4)));
#if FV_LANES == 16
typedef __mmask16 vbool;
typedef __mmask16 vmask;
#elif FV_LANES == 8
typedef ivec vbool;
typedef size_t vmask;
#else
typedef ivec vbool;
typedef size_t vmask;
#endif
#endif

/* One line a word: clang-format would make six of each. */
/* clang-format off */

/* ---- whole vectors */
#if FV_LANES == 1
FV_INLINE vec vec_load(const real *p) { return *p; }
FV_INLINE void vec_store(real *p, vec v) { *p = v; }
FV_INLINE vec vec_all(real x) { return x; }
FV_INLINE ivec ivec_all(int32_t x) { return x; }
#else
FV_INLINE vec vec_load(const real *p) { return *(const vec_unaligned *)p; }
FV_INLINE void vec_store(real *p, vec v) { *(vec_unaligned *)p = v; }
FV_INLINE vec vec_all(real x) { return x - (vec){0}; }
FV_INLINE ivec ivec_all(int32_t x) { return x - (ivec){0}; }
#endif

/* ---- past the caches, where a vector is a line, which is then not fetched first: p is aligned to it, and others may read
 * after vec_stream_end. */
#if FV_LANES == 16
FV_INLINE void vec_stream(real *p, vec v) { _mm512_stream_ps(p, (__m512)v); }
FV_INLINE void vec_stream_end(void) { _mm_sfence(); }
#else
FV_INLINE void vec_stream(real *p, vec v) { vec_store(p, v); }
FV_INLINE void vec_stream_end(void) {}
#endif
/* The compiler knows nothing about the number any more: what depends on it is worked out here and not before. */
#define FV_OPAQUE(number) __asm__("" : "+r"(number))

FV_INLINE void vec_put(real *p, vec v, bool stream)
{
    if (stream)
        vec_stream(p, v);
    else
        vec_store(p, v);
}

/* ---- tails: vec_load_m reads lanes outside the mask as 0 and touches no memory there.
 * vec_max(a, b) is a > b ? a : b, so that a NaN in b stays. Bytes are lanes' low 8 bits. ivec_reaches: a >= b, without signs;
 * wvec_product: of the low halves. */
#if FV_LANES == 16
FV_INLINE vmask vec_mask(size_t n) { return (vmask)((1u << n) - 1); }
FV_INLINE vec vec_load_m(const real *p, vmask m) { return (vec)_mm512_maskz_loadu_ps(m, p); }
FV_INLINE void vec_store_m(real *p, vec v, vmask m) { _mm512_mask_storeu_ps(p, m, (__m512)v); }
FV_INLINE vec vec_max(vec a, vec b) { return (vec)_mm512_max_ps((__m512)a, (__m512)b); }
FV_INLINE vec vec_min(vec a, vec b) { return (vec)_mm512_min_ps((__m512)a, (__m512)b); }
FV_INLINE vec vec_sqrt(vec a) { return (vec)_mm512_sqrt_ps((__m512)a); }
FV_INLINE vec vec_round(vec a) { return (vec)_mm512_roundscale_ps((__m512)a, 8); }
FV_INLINE vbool vec_greater(vec a, vec b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ); }
FV_INLINE vbool ivec_equal(ivec a, ivec b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
FV_INLINE vbool ivec_reaches(ivec a, ivec b) { return _mm512_cmpge_epu32_mask((__m512i)a, (__m512i)b); }
FV_INLINE wvec wvec_product(wvec a, wvec b) { return (wvec)_mm512_mul_epu32((__m512i)a, (__m512i)b); }
FV_INLINE vec vec_select(vbool m, vec a, vec b) { return (vec)_mm512_mask_blend_ps(m, (__m512)b, (__m512)a); }
FV_INLINE ivec ivec_select(vbool m, ivec a, ivec b)
{
    return (ivec)_mm512_mask_blend_epi32(m, (__m512i)b, (__m512i)a);
}
FV_INLINE ivec ivec_load_bytes(const uint8_t *p, size_t n)
{
    return (ivec)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8((__mmask16)vec_mask(n), p));
}
FV_INLINE void ivec_store_bytes(uint8_t *p, ivec v, size_t n)
{
    _mm_mask_storeu_epi8(p, (__mmask16)vec_mask(n), _mm512_cvtepi32_epi8((__m512i)v));
}

/* Half a vector, for panels of 8 columns (pack.h). */
typedef real hvec __attribute__((vector_size(32)));
typedef real hvec_unaligned __attribute__((vector_size(32), aligned(4), may_alias));
FV_INLINE hvec hvec_load(const real *p) { return *(const hvec_unaligned *)p; }
FV_INLINE hvec hvec_all(real x) { return x - (hvec){0}; }
FV_INLINE __mmask8 hvec_mask(size_t n) { return (__mmask8)((1u << n) - 1); }
FV_INLINE hvec hvec_load_m(const real *p, __mmask8 m) { return (hvec)_mm256_maskz_loadu_ps(m, p); }
FV_INLINE void hvec_store_m(real *p, hvec v, __mmask8 m) { _mm256_mask_storeu_ps(p, m, (__m256)v); }
FV_INLINE hvec hvec_max(hvec a, hvec b) { return (hvec)_mm256_max_ps((__m256)a, (__m256)b); }
FV_INLINE hvec hvec_min(hvec a, hvec b) { return (hvec)_mm256_min_ps((__m256)a, (__m256)b); }
#elif FV_LANES == 8
FV_INLINE vmask vec_mask(size_t n) { return n; }
/* -1 in the first n lanes. */
FV_INLINE ivec lane_mask(size_t n)
{
    static const int32_t lane[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

    return (ivec)_mm256_loadu_si256((const __m256i *)(const void *)(lane + 8 - n));
}
FV_INLINE vec vec_load_m(const real *p, vmask n) { return (vec)_mm256_maskload_ps(p, (__m256i)lane_mask(n)); }
/* vmaskmovps to memory takes 12 cycles on Zen (measured on Zen 4), so a tail is stored as 4, 2 and 1. */
FV_INLINE void vec_store_m(real *p, vec v, vmask n)
{
    __m128 four = _mm256_castps256_ps128((__m256)v);

    if (n == 8) {
        vec_store(p, v);
        return;
    }
    if (n & 4) {
        _mm_storeu_ps(p, four);
        four = _mm256_extractf128_ps((__m256)v, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, four);
        four = _mm_movehl_ps(four, four);
        p += 2;
    }
    if (n & 1)
        _mm_store_ss(p, four);
}
FV_INLINE vec vec_max(vec a, vec b) { return (vec)_mm256_max_ps((__m256)a, (__m256)b); }
FV_INLINE vec vec_min(vec a, vec b) { return (vec)_mm256_min_ps((__m256)a, (__m256)b); }
FV_INLINE vec vec_sqrt(vec a) { return (vec)_mm256_sqrt_ps((__m256)a); }
FV_INLINE vec vec_round(vec a) { return (vec)_mm256_round_ps((__m256)a, 8); }
FV_INLINE vbool vec_greater(vec a, vec b) { return a > b; }
FV_INLINE vbool ivec_equal(ivec a, ivec b) { return a == b; }
FV_INLINE vbool ivec_reaches(ivec a, ivec b) { return (ivec)_mm256_max_epu32((__m256i)a, (__m256i)b) == a; }
FV_INLINE wvec wvec_product(wvec a, wvec b) { return (wvec)_mm256_mul_epu32((__m256i)a, (__m256i)b); }
FV_INLINE vec vec_select(vbool m, vec a, vec b) { return (vec)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)m); }
FV_INLINE ivec ivec_select(vbool m, ivec a, ivec b)
{
    return (ivec)_mm256_blendv_epi8((__m256i)b, (__m256i)a, (__m256i)m);
}
FV_INLINE ivec ivec_load_bytes(const uint8_t *p, size_t n)
{
    uint64_t bytes = 0;
    uint32_t four;
    uint16_t two;

    if (n == 8) {
        memcpy(&bytes, p, 8);
    } else { /* 4, 2 and 1, from the end */
        if (n & 1)
            bytes = p[n - 1];
        if (n & 2) {
            memcpy(&two, p + (n & 4), 2);
            bytes = bytes << 16 | two;
        }
        if (n & 4) {
            memcpy(&four, p, 4);
            bytes = bytes << 32 | four;
        }
    }
    return (ivec)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bytes));
}
FV_INLINE void ivec_store_bytes(uint8_t *p, ivec v, size_t n)
{
    const __m256i low = _mm256_shuffle_epi8((__m256i)v, _mm256_set1_epi32(0x0c080400));
    const __m128i pair = _mm_unpacklo_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    uint64_t bytes = (uint64_t)_mm_cvtsi128_si64(pair);

    if (n == 8) {
        memcpy(p, &bytes, 8);
        return;
    }
    if (n & 4) {
        memcpy(p, &bytes, 4);
        bytes >>= 32;
        p += 4;
    }
    if (n & 2) {
        memcpy(p, &bytes, 2);
        bytes >>= 16;
        p += 2;
    }
    if (n & 1)
        *p = (uint8_t)bytes;
}
#elif FV_LANES == 4
FV_INLINE vmask vec_mask(size_t n) { return n; }
FV_INLINE vec vec_load_m(const real *p, vmask n)
{
    float32x4_t v = vdupq_n_f32(0);

    if (n == 4)
        return vec_load(p);
    if (n > 0)
        v = vld1q_lane_f32(p, v, 0);
    if (n > 1)
        v = vld1q_lane_f32(p + 1, v, 1);
    if (n > 2)
        v = vld1q_lane_f32(p + 2, v, 2);
    return (vec)v;
}
FV_INLINE void vec_store_m(real *p, vec v, vmask n)
{
    if (n == 4) {
        vec_store(p, v);
        return;
    }
    if (n > 0) /* lanes by constant numbers, or the vector goes through memory */
        vst1q_lane_f32(p, (float32x4_t)v, 0);
    if (n > 1)
        vst1q_lane_f32(p + 1, (float32x4_t)v, 1);
    if (n > 2)
        vst1q_lane_f32(p + 2, (float32x4_t)v, 2);
}
FV_INLINE vec vec_max(vec a, vec b) { return (vec)vmaxq_f32((float32x4_t)a, (float32x4_t)b); }
FV_INLINE vec vec_min(vec a, vec b) { return (vec)vminq_f32((float32x4_t)a, (float32x4_t)b); }
FV_INLINE vec vec_sqrt(vec a) { return (vec)vsqrtq_f32((float32x4_t)a); }
FV_INLINE vec vec_round(vec a) { return (vec)vrndnq_f32((float32x4_t)a); }
FV_INLINE vbool vec_greater(vec a, vec b) { return a > b; }
FV_INLINE vbool ivec_equal(ivec a, ivec b) { return a == b; }
FV_INLINE vbool ivec_reaches(ivec a, ivec b) { return (vbool)vcgeq_u32((uint32x4_t)a, (uint32x4_t)b); }
FV_INLINE wvec wvec_product(wvec a, wvec b)
{
    return (wvec)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
}
FV_INLINE ivec ivec_select(vbool m, ivec a, ivec b) { return (m & a) | (~m & b); }
FV_INLINE vec vec_select(vbool m, vec a, vec b) { return (vec)ivec_select(m, (ivec)a, (ivec)b); }
FV_INLINE ivec ivec_load_bytes(const uint8_t *p, size_t n)
{
    ivec v = {0};

    for (size_t i = 0; i < n; i++)
        v[i] = p[i];
    return v;
}
FV_INLINE void ivec_store_bytes(uint8_t *p, ivec v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)v[i];
}
#else
FV_INLINE vmask vec_mask(size_t n) { return n; }
FV_INLINE vec vec_load_m(const real *p, vmask n) { return n ? *p : 0; }
FV_INLINE void vec_store_m(real *p, vec v, vmask n)
{
    if (n)
        *p = v;
}
FV_INLINE vec vec_max(vec a, vec b) { return a > b ? a : b; }
FV_INLINE vec vec_min(vec a, vec b) { return a < b ? a : b; }
FV_INLINE vec vec_sqrt(vec a) { return (vec)sqrt((double)a); }
FV_INLINE vbool vec_greater(vec a, vec b) { return a > b; }
FV_INLINE vbool ivec_equal(ivec a, ivec b) { return a == b; }
FV_INLINE ivec ivec_select(vbool m, ivec a, ivec b) { return m ? a : b; }
FV_INLINE vec vec_select(vbool m, vec a, vec b) { return m ? a : b; }
FV_INLINE ivec ivec_load_bytes(const uint8_t *p, size_t n) { return n ? *p : 0; }
FV_INLINE void ivec_store_bytes(uint8_t *p, ivec v, size_t n)
{
    if (n)
        *p = (uint8_t)v;
}
#endif

/* clang-format on */

/* a b + c with one rounding where the set has it. `a * b + c` says the same and is written everywhere else; but in a sum of
 * two products the compiler may fuse either, here one and there the other, and bits would depend on where work is cut. */
FV_INLINE vec vec_fma(vec a, vec b, vec c)
{
#if FV_LANES == 16
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif FV_LANES == 8
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif FV_LANES == 4
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif defined(__FP_FAST_FMA) && defined(__FP_FAST_FMAF)
    return sizeof(real) == 4 ? (vec)__builtin_fmaf((float)a, (float)b, (float)c) : (vec)__builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

/* One step of a sum: acc += a b; of words acc += low(a) low(b) + high(a) high(b), the products being exact in float.
 * FV_STEP_HALF is the same of half a vector. */
#ifndef FV_HALF
#define FV_STEP(acc, a, b) ((acc) += (a) * (b))
#define FV_STEP_HALF(acc, a, b) ((acc) += (a) * (b))
#elif FV_LANES == 16 && defined(__AVX512BF16__)
#define FV_STEP(acc, a, b) ((acc) = (vec)_mm512_dpbf16_ps((__m512)(acc), (__m512bh)(a), (__m512bh)(b)))
#define FV_STEP_HALF(acc, a, b) ((acc) = (hvec)_mm256_dpbf16_ps((__m256)(acc), (__m256bh)(a), (__m256bh)(b)))
#elif FV_LANES > 1
#define FV_LOW(v, type, itype) ((type)((itype)(v) << 16))
#define FV_HIGH(v, type, itype) ((type)((itype)(v) >> 16 << 16))
#define FV_STEP_OF(acc, a, b, type, itype)                                                                             \
    ((acc) += FV_LOW(a, type, itype) * FV_LOW(b, type, itype),                                                         \
     (acc) += FV_HIGH(a, type, itype) * FV_HIGH(b, type, itype))
#define FV_STEP(acc, a, b) FV_STEP_OF(acc, a, b, vec, ivec)
#define FV_STEP_HALF(acc, a, b) FV_STEP_OF(acc, a, b, hvec, hivec)
#if FV_LANES == 16
typedef int32_t hivec __attribute__((vector_size(32)));
#endif
#else
FV_INLINE real word_half(real word, bool high)
{
    uint32_t bits;

    memcpy(&bits, &word, sizeof bits);
    bits = high ? bits & 0xffff0000u : bits << 16;
    memcpy(&word, &bits, sizeof bits);
    return word;
}
#define FV_STEP(acc, a, b)                                                                                             \
    ((acc) += word_half(a, false) * word_half(b, false), (acc) += word_half(a, true) * word_half(b, true))
#endif

/* v with `fill` in the lanes outside the mask of n. */
FV_INLINE vec vec_fill_tail(vec v, size_t n, real fill)
{
#if FV_LANES == 16
    return (vec)_mm512_mask_blend_ps(vec_mask(n), (__m512)vec_all(fill), (__m512)v);
#elif FV_LANES == 8
    return vec_select((vbool)lane_mask(n), v, vec_all(fill));
#elif FV_LANES == 4
    for (size_t i = n; i < 4; i++)
        v[i] = fill;
    return v;
#else
    return n ? v : fill;
#endif
}

/* Lanes of the vector at element i of n: all of them, or what is left. */
FV_INLINE size_t vec_lanes(size_t i, size_t n)
{
    return n - i < FV_LANES ? n - i : FV_LANES;
}

/* Lanes added, maximum of lanes: in rising order, so that bits do not depend on the compiler. */
FV_INLINE real vec_sum(vec v)
{
#if FV_LANES == 1
    return v;
#else
    real sum = v[0];

    FV_EACH (i, FV_LANES - 1)
        sum += v[i + 1];
    return sum;
#endif
}

/* n zeros (reduce.c). */
void FV_FN(clear)(real *p, size_t n);

#endif
