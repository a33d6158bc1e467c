/* The filter transform U = G g G^T of Winograd's convolution, from w [kernel,kernel,in_c/groups,out_c] to panels of output
 * channels (winograd.h): 9 loads and 36 stores for a pair of channels, so bound by the cache, or by memory. */
#include "kernels/tile.h"
#include "kernels/winograd_lines.h"

enum { KERNEL = 5, TAPS = KERNEL * KERNEL, TURNED = 16 }; /* at most; inputs that are turned at once: a line */

/* One vector of output channels. tap[t] is kernel cell t, `distance` apart. */
FV_INLINE void transform(size_t kernel, size_t points, const real *w, size_t distance, vmask m, real *u, size_t plane,
                         vmask to)
{
    vec t[FV_WINOGRAD_POINTS][KERNEL];

    FV_EACH (j, kernel) {
        vec g[KERNEL], o[FV_WINOGRAD_POINTS];

        FV_EACH (i, kernel)
            g[i] = vec_load_m(w + (i * kernel + j) * distance, m);
        winograd_filter_line(kernel, points, g, o);
        FV_EACH (i, points)
            t[i][j] = o[i];
    }
    FV_EACH (i, points) {
        vec o[FV_WINOGRAD_POINTS];

        winograd_filter_line(kernel, points, t[i], o);
        FV_EACH (j, points)
            vec_store_m(u + (i * points + j) * plane, o[j], to);
    }
}

/* A row of a panel: `have` of `width` output channels exist. */
static void panel_row(size_t kernel, size_t points, const real *w, size_t distance, size_t have, size_t width, real *u,
                      size_t plane)
{
    for (size_t j = 0; j < width; j += FV_LANES) {
        const vmask m = vec_mask(j < have ? vec_lanes(j, have) : 0), to = vec_mask(vec_lanes(j, width));

        if (kernel == 5)
            transform(5, 6, w + j, distance, m, u + j, plane, to);
        else if (points == 6)
            transform(3, 6, w + j, distance, m, u + j, plane, to);
        else
            transform(3, 4, w + j, distance, m, u + j, plane, to);
    }
}

/* Cells of w for `n` output channels from w on and `have` inputs, as [turned cell][output channel][input]. */
static void turn(const fv_winograd_filter_args *a, const real *w, size_t n, size_t have, real *out)
{
    const size_t taps = a->kernel * a->kernel, cell = a->in_c / a->groups * a->out_c;

    for (size_t tap = 0; tap < taps; tap++, out += TURNED * FV_PANEL)
        for (size_t c = 0; c < have; c++) {
            const real *row = w + (taps - 1 - tap) * cell + c * a->out_c;

            for (size_t o = 0; o < n; o++)
                out[o * FV_PANEL + c] = row[o];
        }
}

static void turned_panel(const fv_winograd_filter_args *a, size_t points, const real *w, size_t have, size_t width,
                         real *u, size_t plane)
{
    const size_t depth = a->out_c / a->groups;
    real cells[TAPS * TURNED * FV_PANEL];

    for (size_t first = 0; first < depth; first += TURNED) {
        const size_t n = depth - first < TURNED ? depth - first : TURNED;

        turn(a, w + first, n, have, cells);
        for (size_t o = 0; o < n; o++)
            panel_row(a->kernel, points, cells + o * FV_PANEL, TURNED * FV_PANEL, have, width, u + (first + o) * width,
                      plane);
    }
}

/* Items are groups x panels. */
void FV_FN(winograd_filters)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_winograd_filter_args *a = args;
    const size_t points = a->side + a->kernel - 1, in_c = a->in_c / a->groups, out_c = a->out_c / a->groups;
    const size_t depth = a->turned ? out_c : in_c, cols = a->turned ? in_c : out_c;
    const size_t panels = fv_panel_count(FV_PANEL, cols);
    const size_t size = fv_winograd_panel(FV_PANEL, points, depth, cols, panels);

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t group = item / panels, panel = item % panels, first = fv_panel_begin(FV_PANEL, cols, panel);
        const size_t left = cols - first, width = fv_panel_width(FV_PANEL, left), have = left < width ? left : width;
        const size_t plane = fv_winograd_plane(depth * width);
        const real *w = (const real *)a->w + group * out_c;
        real *u = (real *)a->u + group * size + fv_winograd_panel(FV_PANEL, points, depth, cols, panel);

        if (a->turned)
            turned_panel(a, points, w + first * a->out_c, have, width, u, plane);
        for (size_t k = 0; !a->turned && k < depth; k++)
            panel_row(a->kernel, points, w + k * a->out_c + first, in_c * a->out_c, have, width, u + k * width, plane);
    }
}
