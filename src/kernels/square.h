/* Squares of FV_LANES x FV_LANES reals, turned in registers. */
#ifndef FV_KERNELS_SQUARE_H
#define FV_KERNELS_SQUARE_H
#include "kernels/vec.h"

#if FV_LANES > 1
/* One of log2(FV_LANES) rounds that turn a square of FV_LANES vectors: with s = 1, 2, 4, .. rows i and i + s exchange
 * the s x s blocks beside the diagonal. Lane l of the two results is lane LOW or HIGH of both rows in a line. */
#define LOW(l, s) ((l) & (s) ? FV_LANES + (l) - (s) : (l))
#define HIGH(l, s) ((l) & (s) ? FV_LANES + (l) : (l) + (s))
#define LANES_4(f, l, s) f(l, s), f((l) + 1, s), f((l) + 2, s), f((l) + 3, s)
#if FV_LANES == 16
#define LANES(f, s) LANES_4(f, 0, s), LANES_4(f, 4, s), LANES_4(f, 8, s), LANES_4(f, 12, s)
#elif FV_LANES == 8
#define LANES(f, s) LANES_4(f, 0, s), LANES_4(f, 4, s)
#else
#define LANES(f, s) LANES_4(f, 0, s)
#endif
#define ROUND(v, s)                                                                                                    \
    FV_EACH (i, FV_LANES)                                                                                              \
        if (!(i & (s))) {                                                                                              \
            const vec a = v[i], b = v[i + (s)];                                                                        \
            v[i] = __builtin_shufflevector(a, b, LANES(LOW, s));                                                       \
            v[i + (s)] = __builtin_shufflevector(a, b, LANES(HIGH, s));                                                \
        }
#endif

/* to[j to_ld + i] = from[i ld + j] */
FV_INLINE void square_turn(const real *from, size_t ld, real *to, size_t to_ld, bool stream)
{
    vec v[FV_LANES];

    FV_EACH (i, FV_LANES)
        v[i] = vec_load(from + i * ld);
#if FV_LANES > 1
    ROUND(v, 1)
    ROUND(v, 2)
#endif
#if FV_LANES >= 8
    ROUND(v, 4)
#endif
#if FV_LANES >= 16
    ROUND(v, 8)
#endif
    FV_EACH (i, FV_LANES)
        vec_put(to + i * to_ld, v[i], stream);
}

#endif
