/* The input transform V = B^T d B of Winograd's convolution: each tile of points x points pixels becomes a row of
 * points^2 planes (winograd.h). Bound by the cache: a load and a store for about one operation. */
#include "kernels/winograd_lines.h"

/* Where the pixels of a tile lie: `at[i points + j]`, or if that is NULL all inside, from `first` on. */
typedef struct pixels {
    const real *const *at;
    const real *first;
    size_t row, step; /* distances of pixels down and across */
} pixels;

/* The channels of `m` from c on. Addresses are stepped along, as there are more than registers. */
FV_INLINE void transform(size_t points, const pixels *p, bool inside, size_t c, bool masked, vmask m, real *v,
                         size_t plane)
{
    vec t[FV_WINOGRAD_POINTS][FV_WINOGRAD_POINTS];
    const real *column = p->first + c;
    real *to = v + c;
    size_t row = p->row;

    FV_OPAQUE(row);
    FV_OPAQUE(plane);
    FV_EACH (j, points) {
        vec d[FV_WINOGRAD_POINTS], o[FV_WINOGRAD_POINTS];
        const real *from = column;

        FV_EACH (i, points) {
            const real *pixel = inside ? from : p->at[i * points + j] + c;

            d[i] = masked ? vec_load_m(pixel, m) : vec_load(pixel);
            from += row;
        }
        column += p->step;
        winograd_input_line(points, d, o);
        FV_EACH (i, points)
            t[i][j] = o[i];
    }
    FV_EACH (i, points) {
        vec o[FV_WINOGRAD_POINTS];

        winograd_input_line(points, t[i], o);
        FV_EACH (j, points) {
            if (masked)
                vec_store_m(to, o[j], m);
            else
                vec_store(to, o[j]);
            to += plane;
        }
    }
}

FV_INLINE void all_channels(size_t points, const pixels *p, bool inside, size_t channels, real *v, size_t plane)
{
    size_t c = 0;

    for (; c + FV_LANES <= channels; c += FV_LANES)
        transform(points, p, inside, c, false, 0, v, plane);
    if (c < channels)
        transform(points, p, inside, c, true, vec_mask(channels - c), v, plane);
}

/* What lies outside of the picture, of at most so many channels. */
enum { ZEROS = 1024 };
static const real zeros[ZEROS] __attribute__((aligned(64)));

/* n <= ZEROS channels of a tile that reaches over the edge. */
static void edge_tile(const fv_conv_geometry *g, size_t points, const real *x, size_t top, size_t left, size_t n,
                      real *v, size_t plane)
{
    const real *pixel[FV_WINOGRAD_PLANES];
    const pixels p = {.at = pixel};

    for (size_t i = 0; i < points; i++) {
        const size_t h = top + i - g->pad_top; /* wraps round above the picture, which is outside as well */

        for (size_t j = 0; j < points; j++) {
            const size_t w = left + j - g->pad_left;

            pixel[i * points + j] = h < g->in_h && w < g->in_w ? x + (h * g->in_w + w) * g->in_c : zeros;
        }
    }
    if (points == 6)
        all_channels(6, &p, false, n, v, plane);
    else
        all_channels(4, &p, false, n, v, plane);
}

void FV_FN(winograd_tile)(const fv_conv_geometry *g, size_t points, const real *x, size_t top, size_t left,
                          size_t channels, real *v, size_t plane)
{
    pixels p = {.row = g->in_w * g->in_c, .step = g->in_c};

    if (top < g->pad_top || left < g->pad_left || top - g->pad_top + points > g->in_h ||
        left - g->pad_left + points > g->in_w) {
        for (size_t c = 0; c < channels; c += ZEROS)
            edge_tile(g, points, x + c, top, left, channels - c < ZEROS ? channels - c : ZEROS, v + c, plane);
        return;
    }
    p.first = x + ((top - g->pad_top) * g->in_w + left - g->pad_left) * g->in_c;
    if (points == 6)
        all_channels(6, &p, true, channels, v, plane);
    else
        all_channels(4, &p, true, channels, v, plane);
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
