/* The transforms of Winograd's convolution: along one line, on vectors of channels, and of a tile.
 *
 * One rule makes all of them. With finite points p = 0, 1, -1 (, 2, -2) and the last at infinity, B^T depends on their
 * number alone; the column of A^T for p is (1, p, p^2, ..), the row of G is c (1, p, p^2, ..) with c = 1, 1/2, 1/2 for 4
 * points and 1/4, -1/6, -1/6, 1/24, 1/24 for 6; at infinity both are (0, .., 0, 1). So F(4,3), F(2,5) and the weight
 * gradient's F(3,4) share one B^T. Points p and -p share their even and odd parts.
 *
 * Products are written as vec_fma, so that every compiler rounds alike. */
#ifndef FV_KERNELS_WINOGRAD_LINES_H
#define FV_KERNELS_WINOGRAD_LINES_H
#include "kernels/vec.h"
#include "kernels/winograd.h"

/* factor * a + b */
FV_INLINE vec winograd_times(double factor, vec a, vec b)
{
    return vec_fma(vec_all((real)factor), a, b);
}

/* o = B^T d, 4 or 6 values. `points` is a constant. */
FV_INLINE void winograd_input_line(size_t points, const vec *d, vec *o)
{
    if (points == 4) {
        o[0] = d[0] - d[2];
        o[1] = d[1] + d[2];
        o[2] = d[2] - d[1];
        o[3] = d[3] - d[1];
        return;
    }
    const vec a = winograd_times(-4, d[2], d[4]), b = winograd_times(-4, d[1], d[3]);
    const vec c = d[4] - d[2], e = d[3] - d[1];

    o[0] = winograd_times(4, d[0], winograd_times(-5, d[2], d[4]));
    o[1] = a + b;
    o[2] = a - b;
    o[3] = winograd_times(2, e, c);
    o[4] = winograd_times(-2, e, c);
    o[5] = winograd_times(4, d[1], winograd_times(-5, d[3], d[5]));
}

/* o = A^T m: `side` values of 4 or 6. Both are constants. */
FV_INLINE void winograd_output_line(size_t side, size_t points, const vec *m, vec *o)
{
    const vec a = m[1] + m[2], b = m[1] - m[2];

    if (points == 4) {
        o[0] = m[0] + a;
        o[1] = b + m[3];
        return;
    }
    const vec c = m[3] + m[4], e = m[3] - m[4];

    o[0] = m[0] + a + c;
    if (side == 2) {
        o[1] = winograd_times(2, e, b) + m[5];
    } else {
        o[1] = winograd_times(2, e, b);
        o[2] = winograd_times(4, c, a);
        o[3] = winograd_times(8, e, b) + m[5];
    }
}

/* o = G g: a line of a kernel of 3 or 5 to 4 or 6 values. Both are constants. */
FV_INLINE void winograd_filter_line(size_t kernel, size_t points, const vec *g, vec *o)
{
    const vec even = kernel == 5 ? g[0] + g[2] + g[4] : g[0] + g[2], odd = kernel == 5 ? g[1] + g[3] : g[1];
    const vec scale = vec_all((real)(points == 4 ? 1.0 / 2 : -1.0 / 6)), small = vec_all((real)(1.0 / 24));

    o[0] = points == 4 ? g[0] : g[0] * vec_all((real)0.25);
    o[1] = (even + odd) * scale;
    o[2] = (even - odd) * scale;
    if (points == 6) {
        const vec even2 = winograd_times(4, kernel == 5 ? winograd_times(4, g[4], g[2]) : g[2], g[0]);
        const vec odd2 = vec_all(2) * (kernel == 5 ? winograd_times(4, g[3], g[1]) : g[1]);

        o[3] = (even2 + odd2) * small;
        o[4] = (even2 - odd2) * small;
    }
    o[points - 1] = g[kernel - 1];
}

/* Plane e of B^T d B goes to v + e * plane, for `channels` channels of the tile whose first output is (top, left). x is
 * the picture's first channel (of the group). points: 4 or 6 (winograd_input.c). */
void FV_FN(winograd_tile)(const fv_conv_geometry *g, size_t points, const real *x, size_t top, size_t left,
                          size_t channels, real *v, size_t plane);

#endif
