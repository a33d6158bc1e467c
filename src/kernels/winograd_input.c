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

/* What lies outside of the picture, of at most so many channels. */
enum { ZEROS = 1024 };
static const real zeros[ZEROS] __attribute__((aligned(64)));

void FV_FN(winograd_tile)(const fv_conv_geometry *g, size_t points, const real *x, size_t top, size_t left,
                          size_t channels, real *v, size_t plane)
{
    const real *pixel[FV_WINOGRAD_PLANES];

    for (size_t c = 0; c < channels; c += ZEROS) {
        const size_t n = channels - c < ZEROS ? channels - c : ZEROS;

        for (size_t i = 0; i < points; i++) {
            const size_t h = top + i - g->pad_top; /* wraps round above the picture, which is outside as well */

            for (size_t j = 0; j < points; j++) {
                const size_t w = left + j - g->pad_left;

                pixel[i * points + j] = h < g->in_h && w < g->in_w ? x + (h * g->in_w + w) * g->in_c + c : zeros;
            }
        }
        if (points == 6)
            all_channels(6, pixel, n, v + c, plane);
        else
            all_channels(4, pixel, n, v + c, plane);
    }
}

/* Items are tiles. */
void FV_FN(winograd_input)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_winograd_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const fv_winograd_grid grid = fv_winograd_tiles(g, a->side);
    const size_t channels = g->in_c / g->groups, row = fv_winograd_row(channels);
    const size_t plane = fv_winograd_plane(grid.count * row);

    (void)slice;
    for (size_t tile = begin; tile < end; tile++) {
        const fv_winograd_place at = fv_winograd_at(&grid, tile);
        const real *x = (const real *)a->x + at.image * g->in_h * g->in_w * g->in_c;
        real *v = (real *)a->v + tile * row;

        for (size_t group = 0; group < g->groups; group++, x += channels, v += grid.points * grid.points * plane)
            FV_FN(winograd_tile)(g, grid.points, x, at.top, at.left, channels, v, plane);
    }
}
