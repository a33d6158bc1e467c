/* The input transform V = B^T d B of Winograd's convolution: each tile of points x points pixels becomes a row of
 * points^2 planes (winograd.h). Bound by the cache: a load and a store for about one operation. */
#include "kernels/winograd_lines.h"

/* The channels of `m` from c on. pixel[i points + j] is pixel (i, j) of the tile. */
FV_INLINE void transform(size_t points, const real *const *pixel, size_t c, bool masked, vmask m, real *v, size_t plane)
{
    vec t[FV_WINOGRAD_POINTS][FV_WINOGRAD_POINTS];

    FV_EACH (j, points) {
        vec d[FV_WINOGRAD_POINTS], o[FV_WINOGRAD_POINTS];

        FV_EACH (i, points)
            d[i] = masked ? vec_load_m(pixel[i * points + j] + c, m) : vec_load(pixel[i * points + j] + c);
        winograd_input_line(points, d, o);
        FV_EACH (i, points)
            t[i][j] = o[i];
    }
    FV_EACH (i, points) {
        vec o[FV_WINOGRAD_POINTS];

        winograd_input_line(points, t[i], o);
        FV_EACH (j, points) {
            real *to = v + (i * points + j) * plane + c;

            if (masked)
                vec_store_m(to, o[j], m);
            else
                vec_store(to, o[j]);
        }
    }
}

FV_INLINE void all_channels(size_t points, const real *const *pixel, size_t channels, real *v, size_t plane)
{
    size_t c = 0;

    for (; c + FV_LANES <= channels; c += FV_LANES)
        transform(points, pixel, c, false, 0, v, plane);
    if (c < channels)
        transform(points, pixel, c, true, vec_mask(channels - c), v, plane);
}

void FV_FN(winograd_tile)(const fv_conv_geometry *g, size_t points, const real *x, const real *zeros, size_t top,
                          size_t left, size_t channels, real *v, size_t plane)
{
    const real *pixel[FV_WINOGRAD_PLANES];

    for (size_t i = 0; i < points; i++) {
        const size_t h = top + i - g->pad_top; /* wraps round above the picture, which is outside as well */

        for (size_t j = 0; j < points; j++) {
            const size_t w = left + j - g->pad_left;

            pixel[i * points + j] = h < g->in_h && w < g->in_w ? x + (h * g->in_w + w) * g->in_c : zeros;
        }
    }
    if (points == 6)
        all_channels(6, pixel, channels, v, plane);
    else
        all_channels(4, pixel, channels, v, plane);
}
