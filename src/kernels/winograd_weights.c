/* The gradient of a convolution's weights by Winograd's method (winograd_weights.h). V and Z lie as the transforms write
 * them, tiles by channels, and the register tile takes neighbouring channels of V as its rows: nothing is turned. Bound by
 * arithmetic from 128 channels up, below by the transforms' loads and stores. */
#include "kernels/winograd_weights.h"
#include "kernels/tile.h"
#include "kernels/winograd_lines.h"

/* o = G' g, 4 or 2 gradients of a line: c (1, p, p^2, ..) for each point p. */
FV_INLINE void gradient_line(size_t side, const vec *g, vec *o)
{
    const bool four = side == 4;
    const vec zero = vec_all(0), a = g[0] + (four ? g[2] : zero), b = g[1] + (four ? g[3] : zero);
    const vec c = four ? winograd_times(4, g[2], g[0]) : g[0], d = four ? winograd_times(4, g[3], g[1]) : g[1];

    o[0] = vec_all((real).25) * g[0];
    o[1] = vec_all((real)(-1. / 6)) * (a + b);
    o[2] = vec_all((real)(-1. / 6)) * (a - b);
    o[3] = vec_all((real)(1. / 24)) * winograd_times(2, d, c);
    o[4] = vec_all((real)(1. / 24)) * winograd_times(-2, d, c);
    o[5] = g[side - 1];
}

/* o = A'^T m, 3 or 5 weights. */
FV_INLINE void weight_line(size_t kernel, const vec *m, vec *o)
{
    const vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];

    o[0] = m[0] + a + c;
    o[1] = winograd_times(2, d, b);
    o[2] = winograd_times(4, c, a);
    if (kernel == 5) {
        o[3] = winograd_times(8, d, b);
        o[4] = winograd_times(16, c, a);
    }
    o[kernel - 1] += m[5];
}

/* Z = G' dY G'^T for the channels of m. */
FV_INLINE void transform_gradients(size_t side, const real *const *pixel, size_t c, vmask m, real *z, size_t plane)
{
    vec t[FV_WINOGRAD_POINTS][4];

    FV_OPAQUE(plane); /* addresses are stepped along: there are more than registers */
    z += c;
    FV_EACH (j, side) {
        vec g[4], o[FV_WINOGRAD_POINTS];

        FV_EACH (i, side)
            g[i] = vec_load_m(pixel[i * side + j] + c, m);
        gradient_line(side, g, o);
        FV_EACH (i, FV_WINOGRAD_POINTS)
            t[i][j] = o[i];
    }
    FV_EACH (i, FV_WINOGRAD_POINTS) {
        vec o[FV_WINOGRAD_POINTS];

        gradient_line(side, t[i], o);
        FV_EACH (j, FV_WINOGRAD_POINTS) {
            vec_store_m(z, o[j], m);
            z += plane;
        }
    }
}

static void gradient_tile(const fv_conv_geometry *g, const real *dy, const real *zeros, fv_winograd_place at,
                          size_t side, real *z, size_t plane)
{
    const real *pixel[16];

    for (size_t i = 0; i < side; i++)
        for (size_t j = 0; j < side; j++) {
            const size_t h = at.top + i, w = at.left + j;

            pixel[i * side + j] =
                h < g->out_h && w < g->out_w ? dy + ((at.image * g->out_h + h) * g->out_w + w) * g->out_c : zeros;
        }
    for (size_t c = 0; c < g->out_c; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, g->out_c));

        if (side == 4)
            transform_gradients(4, pixel, c, m, z, plane);
        else
            transform_gradients(2, pixel, c, m, z, plane);
    }
}

/* One call of the kernel: a share [begin, end) of `shares` of a round's work. */
typedef struct {
    const fv_winograd_weights_args *a;
    fv_winograd_weights_layout l;
    const real *zeros;
    size_t begin, end;
} share;

/* Where the share of `count` things begins and ends. */
static size_t first_of(const share *s, size_t count)
{
    return s->begin * count / s->a->shares;
}
static size_t end_of(const share *s, size_t count)
{
    return s->end * count / s->a->shares;
}

/* Tiles [first, first + count) into V and Z. */
static void transform_tiles(const share *s, size_t first, size_t count)
{
    const fv_winograd_weights_args *a = s->a;
    const fv_conv_geometry *g = &a->g;
    const size_t image = g->in_h * g->in_w * g->in_c;

    for (size_t i = first_of(s, count); i < end_of(s, count); i++) {
        const fv_winograd_place at = fv_winograd_at(&s->l.tiles, first + i);

        FV_FN(winograd_tile)
        (g, FV_WINOGRAD_POINTS, (const real *)a->x + at.image * image, at.top, at.left, g->in_c,
         (real *)a->v + i * s->l.v_row, s->l.v_plane);
        gradient_tile(g, a->dy, s->zeros, at, s->l.tiles.side, (real *)a->z + i * s->l.z_row, s->l.z_plane);
    }
}

/* dU[e] (+)= V[e]^T Z[e] over `count` tiles, for the panel of a group's columns that begins at `col`. */
static void multiply_panel(const share *s, size_t e, size_t group, size_t col, size_t count, bool more)
{
    const fv_winograd_weights_args *a = s->a;
    const size_t in_c = a->g.in_c / a->g.groups, out_c = a->g.out_c / a->g.groups, left = out_c - col;
    const size_t width = fv_panel_width(FV_PANEL, left), at = group * out_c + col, pieces = fv_pieces(in_c, FV_CHUNK);
    const real *v = (const real *)a->v + e * s->l.v_plane + group * in_c;
    real *du = (real *)a->du + e * s->l.du_plane + at;
    fv_tile t = {.b = (const real *)a->z + e * s->l.z_plane + at,
                 .b_step = s->l.z_row,
                 .plain = true,
                 .outer = 1,
                 .inner = 1,
                 .run = count,
                 .run_step = s->l.v_row,
                 .ldc = a->g.out_c,
                 .cols = left < width ? left : width,
                 .init = FV_FN(zeros)};

    for (size_t i = 0; i < pieces; i++) {
        const size_t first = i * in_c / pieces, last = (i + 1) * in_c / pieces;

        t.base = v + first;
        t.c = du + first * a->g.out_c;
        if (more) {
            t.init = t.c;
            t.init_ld = t.ldc;
        }
        FV_FN(tile_neighbours)(&t, last - first, width);
    }
}

/* Shares are panels of columns, group by group, plane by plane. */
static void multiply(const share *s, size_t count, bool more)
{
    const fv_conv_geometry *g = &s->a->g;
    const size_t out_c = g->out_c / g->groups, panels = fv_panel_count(FV_PANEL, out_c), plane = panels * g->groups;
    const size_t all = FV_WINOGRAD_PLANES * plane;

    for (size_t i = first_of(s, all); i < end_of(s, all); i++)
        multiply_panel(s, i / plane, i % plane / panels, fv_panel_begin(FV_PANEL, out_c, i % panels), count, more);
}

/* dw of one input channel. */
FV_INLINE void weights_row(const share *s, size_t kernel, size_t row)
{
    const fv_winograd_weights_args *a = s->a;
    const size_t out_c = a->g.out_c, tap = a->g.in_c / a->g.groups * out_c;
    const real *du = (const real *)a->du + row * out_c;
    real *dw = (real *)a->dw + row * out_c;

    for (size_t c = 0; c < out_c; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, out_c));
        vec t[5][FV_WINOGRAD_POINTS];

        FV_EACH (j, FV_WINOGRAD_POINTS) {
            vec d[FV_WINOGRAD_POINTS], o[5];

            FV_EACH (i, FV_WINOGRAD_POINTS)
                d[i] = vec_load_m(du + (i * FV_WINOGRAD_POINTS + j) * s->l.du_plane + c, m);
            weight_line(kernel, d, o);
            FV_EACH (i, kernel)
                t[i][j] = o[i];
        }
        FV_EACH (i, kernel) {
            vec o[5];

            weight_line(kernel, t[i], o);
            FV_EACH (j, kernel)
                vec_store_m(dw + (i * kernel + j) * tap + c, o[j], m);
        }
    }
}

/* db of a vector of channels: image after image, so that sums stay small. */
static void bias_sums(const share *s, size_t c)
{
    const fv_conv_geometry *g = &s->a->g;
    const size_t pixels = g->out_h * g->out_w;

    for (size_t image = 0; image < g->n; image++)
        FV_FN(column_sums)
    ((const real *)s->a->dy + image * pixels * g->out_c + c, pixels, vec_lanes(c, g->out_c), g->out_c,
     (real *)s->a->db + c, image > 0);
}

static void finish(const share *s)
{
    const fv_conv_geometry *g = &s->a->g;
    const size_t rows = g->in_c / g->groups, vectors = (g->out_c + FV_LANES - 1) / FV_LANES;

    for (size_t row = first_of(s, rows); row < end_of(s, rows); row++) {
        if (g->kernel_h == 3)
            weights_row(s, 3, row);
        else
            weights_row(s, 5, row);
    }
    for (size_t v = first_of(s, vectors); s->a->db && v < end_of(s, vectors); v++)
        bias_sums(s, v * FV_LANES);
}

/* Items are shares x rounds, the shares fastest. */
void FV_FN(winograd_weights)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_winograd_weights_args *a = args;
    real *zeros = (real *)(void *)((char *)a->scratch + slice * a->scratch_bytes);
    share s = {.a = a, .l = fv_winograd_weights_planes(a), .zeros = zeros};

    FV_FN(clear)(zeros, a->g.in_c > a->g.out_c ? a->g.in_c : a->g.out_c);
    for (size_t at = begin; at < end;) {
        const size_t round = at / a->shares, chunk = round / 2, last = (round + 1) * a->shares;
        const size_t first = chunk * s.l.tiles.count / a->chunks;
        const size_t count = (chunk + 1) * s.l.tiles.count / a->chunks - first;

        s.begin = at - round * a->shares;
        s.end = (end < last ? end : last) - round * a->shares;
        if (chunk == a->chunks)
            finish(&s);
        else if (round % 2 == 0)
            transform_tiles(&s, first, count);
        else
            multiply(&s, count, chunk > 0);
        at += s.end - s.begin;
    }
}
