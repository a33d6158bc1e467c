/* The filter transform U = G g G^T of Winograd's convolution, from w [kernel,kernel,in_c/groups,out_c] to panels of output
 * channels (winograd.h): 9 loads and 36 stores for a pair of channels, so bound by the cache, or by memory. */
#include "kernels/square.h"
#include "kernels/tile.h"
#include "kernels/winograd_lines.h"

enum {
    KERNEL = 5,
    TAPS = KERNEL * KERNEL, /* at most */
    ABREAST = 4,            /* panels, streamed: a row of w is read in runs of some lines, not in two lines a page */
    TURNED = 16             /* inputs that are turned at once: a line */
};

/* Filters of more bytes than this leave the caches before they are read, and go to memory without being fetched first: twice
 * as fast (512 x 512). */
static const size_t STREAMED = 16 << 20;

/* Where a row of filters goes. */
typedef struct target {
    size_t plane;
    bool stream; /* past the caches; vectors are whole */
} target;

/* One vector of output channels. Kernel cells are `distance` apart. */
FV_INLINE void transform(size_t kernel, size_t points, bool stream, const real *w, size_t distance, vmask m, real *u,
                         size_t plane, vmask to)
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
        FV_EACH (j, points) {
            if (stream)
                vec_stream(u + (i * points + j) * plane, o[j]);
            else
                vec_store_m(u + (i * points + j) * plane, o[j], to);
        }
    }
}

/* A row of a panel: `have` of `width` output channels exist. */
static void panel_row(size_t kernel, size_t points, const real *w, size_t distance, size_t have, size_t width, real *u,
                      const target *to)
{
    for (size_t j = 0; j < width; j += FV_LANES) {
        const vmask m = vec_mask(j < have ? vec_lanes(j, have) : 0), all = vec_mask(vec_lanes(j, width));

        if (kernel == 5)
            transform(5, 6, false, w + j, distance, m, u + j, to->plane, all);
        else if (points == 4)
            transform(3, 4, false, w + j, distance, m, u + j, to->plane, all);
        else if (to->stream)
            transform(3, 6, true, w + j, distance, m, u + j, to->plane, all);
        else
            transform(3, 6, false, w + j, distance, m, u + j, to->plane, all);
    }
}

/* Cells of w for `n` output channels from w on and `have` inputs, as [turned cell][output channel][input]. */
static void turn(const fv_winograd_filter_args *a, const real *w, size_t n, size_t have, real *out)
{
    const size_t taps = a->kernel * a->kernel, cell = a->in_c / a->groups * a->out_c;

    for (size_t tap = 0; tap < taps; tap++, out += TURNED * FV_PANEL) {
        const real *from = w + (taps - 1 - tap) * cell;
        size_t c = 0;

        for (; n == TURNED && c + FV_LANES <= have; c += FV_LANES)
            for (size_t o = 0; o < TURNED; o += FV_LANES)
                square_turn(from + c * a->out_c + o, a->out_c, out + o * FV_PANEL + c, FV_PANEL, false);
        for (; c < have; c++)
            for (size_t o = 0; o < n; o++)
                out[o * FV_PANEL + c] = from[c * a->out_c + o];
    }
}

static void turned_panel(const fv_winograd_filter_args *a, size_t points, const real *w, size_t have, size_t width,
                         real *u, const target *to)
{
    const size_t depth = a->out_c / a->groups;
    real cells[TAPS * TURNED * FV_PANEL];

    for (size_t first = 0; first < depth; first += TURNED) {
        const size_t n = depth - first < TURNED ? depth - first : TURNED;

        turn(a, w + first, n, have, cells);
        for (size_t o = 0; o < n; o++)
            panel_row(a->kernel, points, cells + o * FV_PANEL, TURNED * FV_PANEL, have, width, u + (first + o) * width,
                      to);
    }
}

/* `count` panels of one group from `panel` on; several are whole. w begins with the group's first channel of outputs. */
static void panels_of(const fv_winograd_filter_args *a, const real *w, size_t panel, size_t count, bool stream, real *u)
{
    const size_t points = a->side + a->kernel - 1, in_c = a->in_c / a->groups, out_c = a->out_c / a->groups;
    const size_t depth = a->turned ? out_c : in_c, cols = a->turned ? in_c : out_c;
    const size_t first = fv_panel_begin(FV_PANEL, cols, panel), left = cols - first;
    const size_t width = fv_panel_width(FV_PANEL, left), have = left < width ? left : width;
    const size_t apart = fv_winograd_panel(FV_PANEL, points, depth, cols, panel + 1) -
                         fv_winograd_panel(FV_PANEL, points, depth, cols, panel);
    const target to = {fv_winograd_plane(depth * width), stream && width == FV_PANEL};

    u += fv_winograd_panel(FV_PANEL, points, depth, cols, panel);
    if (a->turned)
        turned_panel(a, points, w + first * a->out_c, have, width, u, &to);
    for (size_t k = 0; !a->turned && k < depth; k++)
        for (size_t i = 0; i < count; i++)
            panel_row(a->kernel, points, w + k * a->out_c + first + i * width, in_c * a->out_c, have, width,
                      u + i * apart + k * width, &to);
}

/* Items are groups x panels. */
void FV_FN(winograd_filters)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_winograd_filter_args *a = args;
    const size_t points = a->side + a->kernel - 1, in_c = a->in_c / a->groups, out_c = a->out_c / a->groups;
    const size_t depth = a->turned ? out_c : in_c, cols = a->turned ? in_c : out_c;
    const size_t panels = fv_panel_count(FV_PANEL, cols), whole = cols / FV_PANEL;
    const size_t size = fv_winograd_panel(FV_PANEL, points, depth, cols, panels);
    const bool stream = FV_LANES == 16 && a->groups * size * sizeof(real) > STREAMED && (uintptr_t)a->u % 64 == 0;

    (void)slice;
    for (size_t item = begin, count; item < end; item += count) {
        const size_t group = item / panels, panel = item % panels, together = whole > panel ? whole - panel : 1;

        count = a->turned || !stream ? 1 : together < ABREAST ? together : ABREAST;
        count = end - item < count ? end - item : count;
        panels_of(a, (const real *)a->w + group * out_c, panel, count, stream, (real *)a->u + group * size);
    }
    if (stream)
        vec_stream_end();
}
