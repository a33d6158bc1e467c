/* Winograd's convolution: the convolution itself, and its transforms as their matrices say (Lavin, Gray 2015, equations 7
 * and 8 for F(2,3), 18 and following for F(4,3); F(2,5) is the same rule with five coefficients). */
#include "kernels/winograd.h"
#include "plain.h"

/* B^T. */
static const real inputs_4[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}};
static const real inputs_6[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                    {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
/* G, as coefficients of the kernel's cells. */
static const real filters_2_3[4][5] = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};
static const real filters_4_3[6][5] = {{1.0 / 4, 0, 0},
                                       {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                       {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                       {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                       {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                       {0, 0, 1}};
static const real filters_2_5[6][5] = {{1.0 / 4, 0, 0, 0, 0},
                                       {-1.0 / 6, -1.0 / 6, -1.0 / 6, -1.0 / 6, -1.0 / 6},
                                       {-1.0 / 6, 1.0 / 6, -1.0 / 6, 1.0 / 6, -1.0 / 6},
                                       {1.0 / 24, 1.0 / 12, 1.0 / 6, 1.0 / 3, 2.0 / 3},
                                       {1.0 / 24, -1.0 / 12, 1.0 / 6, -1.0 / 3, 2.0 / 3},
                                       {0, 0, 0, 0, 1}};

static real pixel(const fv_conv_geometry *g, const real *x, size_t image, size_t h, size_t w, size_t c)
{
    if (h < g->pad_top || w < g->pad_left || h - g->pad_top >= g->in_h || w - g->pad_left >= g->in_w)
        return 0;
    return x[((image * g->in_h + h - g->pad_top) * g->in_w + w - g->pad_left) * g->in_c + c];
}

static real tile_value(const fv_winograd_args *a, const fv_winograd_place *at, size_t points, size_t e, size_t c)
{
    const real *down = points == 6 ? inputs_6[e / 6] : inputs_4[e / 4];
    const real *across = points == 6 ? inputs_6[e % 6] : inputs_4[e % 4];
    real sum = 0;

    for (size_t i = 0; i < points; i++)
        for (size_t j = 0; j < points; j++)
            sum += down[i] * across[j] * pixel(&a->g, a->x, at->image, at->top + i, at->left + j, c);
    return sum;
}

/* Items are tiles. */
void plain_winograd_input(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_winograd_args *a = args;
    const fv_winograd_grid t = fv_winograd_tiles(&a->g, a->side);
    const size_t channels = a->g.in_c / a->g.groups, planes = t.points * t.points, row = fv_winograd_row(channels);
    const size_t plane = fv_winograd_plane(t.count * row);

    (void)slice;
    for (size_t tile = begin; tile < end; tile++) {
        const fv_winograd_place at = fv_winograd_at(&t, tile);

        for (size_t c = 0; c < a->g.in_c; c++)
            for (size_t e = 0; e < planes; e++)
                ((real *)a->v)[(c / channels * planes + e) * plane + tile * row + c % channels] =
                    tile_value(a, &at, t.points, e, c);
    }
}

/* w for input c and output o (of all groups) of the convolution that is computed. */
static real weight(const fv_winograd_filter_args *f, size_t tap, size_t c, size_t o)
{
    const size_t taps = f->kernel * f->kernel, in_c = f->in_c / f->groups, out_c = f->out_c / f->groups;
    const real *w = f->w;

    return f->turned ? w[((taps - 1 - tap) * in_c + o % in_c) * f->out_c + c]
                     : w[(tap * in_c + c % in_c) * f->out_c + o / out_c * out_c + o % out_c];
}

static real filter_value(const fv_winograd_filter_args *f, size_t points, size_t e, size_t c, size_t o)
{
    const real(*g)[5] = f->kernel == 5 ? filters_2_5 : points == 6 ? filters_4_3 : filters_2_3;
    real sum = 0;

    for (size_t i = 0; i < f->kernel; i++)
        for (size_t j = 0; j < f->kernel; j++)
            sum += g[e / points][i] * g[e % points][j] * weight(f, i * f->kernel + j, c, o);
    return sum;
}

/* Items are groups x panels; item 0 does all. */
void plain_winograd_filters(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_winograd_filter_args *f = args;
    const size_t points = f->side + f->kernel - 1, in_c = f->in_c / f->groups, out_c = f->out_c / f->groups;
    const size_t depth = f->turned ? out_c : in_c, cols = f->turned ? in_c : out_c;
    real *u = f->u;

    (void)slice;
    (void)end;
    for (size_t group = 0; begin == 0 && group < f->groups; group++)
        for (size_t first = 0, width; first < cols; first += width) {
            width = fv_panel_width(plain_panel, cols - first);
            for (size_t e = 0; e < points * points; e++, u += fv_winograd_plane(depth * width))
                for (size_t i = 0; i < depth * width; i++) {
                    const size_t o = first + i % width;

                    u[i] = o < cols ? filter_value(f, points, e, group * depth + i / width, group * cols + o) : 0;
                }
        }
}

static real output(const fv_winograd_args *a, const fv_winograd_filter_args *f, size_t image, size_t h, size_t w,
                   size_t o)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, group = o / (g->out_c / g->groups);
    const real *x = a->v ? a->v : a->x; /* not transformed here */
    real sum = a->bias ? ((const real *)a->bias)[o] : 0;

    for (size_t tap = 0; tap < g->kernel_h * g->kernel_w; tap++)
        for (size_t c = group * in_c; c < (group + 1) * in_c; c++)
            sum += pixel(g, x, image, h + tap / g->kernel_w, w + tap % g->kernel_w, c) * weight(f, tap, c, o);
    return sum;
}

/* Items are tile blocks x column blocks; item 0 does all. u is w as it is, turned in the gradient's order. */
void plain_winograd_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_winograd_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const size_t cell = a->pool ? 2 : 1, width = g->out_w / cell, pixels = g->out_h / cell * width;
    const size_t step = a->y_step ? a->y_step : g->out_c;
    const fv_winograd_filter_args f = {
        .w = a->u, .kernel = g->kernel_h, .in_c = g->in_c, .out_c = g->out_c, .groups = g->groups};

    (void)slice;
    (void)end;
    for (size_t i = 0; begin == 0 && i < g->n * pixels * g->out_c; i++) {
        const size_t p = i / g->out_c, o = i % g->out_c, at = p * step + o;
        const size_t h = p % pixels / width * cell, w = p % width * cell;
        real y = output(a, &f, p / pixels, h, w, o);

        for (size_t k = 1; k < cell * cell; k++) {
            const real other = output(a, &f, p / pixels, h + k / 2, w + k % 2, o);

            y = other > y ? other : y;
        }
        y = act_value(a->act, a->add ? y + ((const real *)a->add)[at] : y);
        ((real *)a->y)[at] = a->gate ? y * act_gradient(a->gate_act, ((const real *)a->gate)[at]) : y;
    }
}
