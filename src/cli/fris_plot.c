/* fris plot: two-dimensional examples as SVG. The plane is coloured by the class of the nearest stolp, the stronger the
 * larger S against the next class; its steps are level sets of S, a fifth each; stolps are ringed. */
#include "cli/fris.h"
#include "cli/svg.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ACROSS = 120, CELL = 4, MARGIN = 16 }; /* cells of the longer side, their pixels, free space */

/* Colours that people who confuse red and green tell apart (Okabe and Ito 2008), and strengths of S. */
static const char style[] = ".k0{fill:#0072b2}.k1{fill:#e69f00}.k2{fill:#009e73}.k3{fill:#cc79a7}.k4{fill:#56b4e9}"
                            ".k5{fill:#d55e00}.k6{fill:#f0e442}.k7{fill:#444}.none{fill:#999}"
                            ".s0{fill-opacity:.08}.s1{fill-opacity:.19}.s2{fill-opacity:.3}.s3{fill-opacity:.41}"
                            ".s4{fill-opacity:.52}.plane{shape-rendering:crispEdges}.object{stroke:#fff}"
                            ".stolp{fill:none;stroke:#000;stroke-width:2}";
enum { COLOURS = 8 };

typedef struct plot {
    const fv_cli *cli;
    const fv_fris_source *source;
    uint32_t *label; /* [count] class or cluster of each object */
    const uint32_t *stolp, *stolp_label;
    size_t n_stolps;
    double low[2], step; /* of the plane's cells */
    size_t cells[2];
} plot;

static double coordinate(const plot *p, size_t i, size_t axis)
{
    return fv_fris_value(p->source->set, i, axis);
}

/* The frame: the objects and a tenth more on each side, cells are squares. */
static void frame(plot *p)
{
    double high[2], longest = 0;

    for (size_t a = 0; a < 2; a++) {
        p->low[a] = high[a] = coordinate(p, 0, a);
        for (size_t i = 1; i < p->source->vectors.count; i++) {
            p->low[a] = fmin(p->low[a], coordinate(p, i, a));
            high[a] = fmax(high[a], coordinate(p, i, a));
        }
        longest = fmax(longest, high[a] - p->low[a]);
    }
    longest = longest > 0 ? longest : 1;
    for (size_t a = 0; a < 2; a++) {
        p->low[a] -= longest / 10;
        high[a] += longest / 10;
    }
    p->step = longest * 1.2 / ACROSS;
    for (size_t a = 0; a < 2; a++)
        p->cells[a] = (size_t)ceil((high[a] - p->low[a]) / p->step);
}

/* What the stolps say about the middle of each cell. */
static fv_status decide(const plot *p, fv_fris_decisions **out, fv_error *err)
{
    const size_t n = p->cells[0] * p->cells[1];
    double *middle = calloc(2 * n, sizeof *middle);
    fv_fris *stolps = NULL, *cells = NULL;
    fv_status status = middle ? FV_OK : fv_fail_memory(err, 2 * n * sizeof *middle, "a plot");

    for (size_t i = 0; middle && i < n; i++) {
        const size_t row = i / p->cells[0];

        middle[2 * i] = p->low[0] + ((double)(i % p->cells[0]) + 0.5) * p->step;
        middle[2 * i + 1] = p->low[1] + ((double)(p->cells[1] - 1 - row) + 0.5) * p->step; /* y goes up */
    }
    if (!status && !(status = fv_fris_subset(p->source->set, p->stolp, p->n_stolps, &stolps, err)) &&
        !(status =
              fv_fris_create_like(stolps, &(fv_fris_vectors){.doubles = middle, .count = n, .dims = 2}, &cells, err)))
        status = fv_fris_decide(stolps, p->stolp_label, p->n_stolps, cells,
                                ((const fv_fris_values *)p->cli->values)->r_star, -1, out, err);
    fv_fris_free(cells);
    fv_fris_free(stolps);
    free(middle);
    return status;
}

/* "k3 object" for class 3 */
static const char *look(char buf[32], uint32_t label, const char *more)
{
    if (label == FV_FRIS_NONE)
        snprintf(buf, 32, "none %s", more);
    else
        snprintf(buf, 32, "k%u %s", label % COLOURS, more);
    return buf;
}

/* Strength of a cell in fifths, -1 where it is nobody's: level sets are where it changes. */
static int level(const fv_fris_decisions *d, size_t i)
{
    const double s = d->s_star[i];

    return s < 0 ? -1 : s >= 1 ? 4 : (int)(s * 5);
}

/* Runs of equal cells of a row are one rectangle; what is nobody's stays white. */
static void draw_plane(const plot *p, const fv_fris_decisions *d, fv_cli_svg *svg)
{
    char buf[32], strength[16];

    fv_cli_svg_open(svg, "plane", NULL);
    for (size_t y = 0; y < p->cells[1]; y++)
        for (size_t x = 0, end; x < p->cells[0]; x = end) {
            const size_t i = y * p->cells[0] + x;

            for (end = x + 1; end < p->cells[0]; end++)
                if (d->label[y * p->cells[0] + end] != d->label[i] || level(d, y * p->cells[0] + end) != level(d, i))
                    break;
            if (level(d, i) < 0)
                continue;
            snprintf(strength, sizeof strength, "s%d", level(d, i));
            fv_cli_svg_rect(svg, look(buf, d->label[i], strength), (double)(MARGIN + x * CELL),
                            (double)(MARGIN + y * CELL), (double)((end - x) * CELL), CELL, 0);
        }
    fv_cli_svg_close(svg);
}

/* Rings go last: a neighbour must not hide one. */
static void draw_objects(const plot *p, fv_cli_svg *svg)
{
    char buf[32];

    for (size_t i = 0; i < p->source->vectors.count + p->n_stolps; i++) {
        const bool ring = i >= p->source->vectors.count;
        const size_t object = ring ? p->stolp[i - p->source->vectors.count] : i;
        const double x = MARGIN + (coordinate(p, object, 0) - p->low[0]) / p->step * CELL;
        const double y = MARGIN + ((double)p->cells[1] - (coordinate(p, object, 1) - p->low[1]) / p->step) * CELL;

        if (ring)
            fv_cli_svg_circle(svg, "stolp", x, y, 9);
        else
            fv_cli_svg_circle(svg, look(buf, p->label[object], "object"), x, y, 4);
    }
}

static int draw(plot *p)
{
    fv_fris_decisions *d;
    fv_cli_svg svg;
    fv_error err = {0};

    frame(p);
    if (decide(p, &d, &err))
        return fv_cli_fail(p->cli, &err);
    fv_cli_svg_begin(&svg, (double)(2 * MARGIN + p->cells[0] * CELL), (double)(2 * MARGIN + p->cells[1] * CELL),
                     "competitive similarity in the plane", style);
    draw_plane(p, d, &svg);
    draw_objects(p, &svg);
    fv_fris_release(d);
    return fv_cli_svg_write(&svg, ((const fv_fris_values *)p->cli->values)->out, &err) ? fv_cli_fail(p->cli, &err)
                                                                                       : FV_EXIT_OK;
}

/* Stolps of the labels, or of the clusters where there are none. */
int fv_fris_run_plot(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    const fv_fris_stolp_options options = fv_fris_stolps_wanted(v);
    fv_fris_cluster_options cluster = FV_FRIS_CLUSTER_OPTIONS;
    fv_fris_source s;
    fv_fris_stolps *stolps = NULL;
    fv_fris_clusters *clusters = NULL;
    plot p = {.cli = cli, .source = &s};
    uint32_t *numbers = NULL;
    fv_error err = {0};
    fv_status status;
    int code = fv_fris_source_open(cli, &(fv_fris_wanted){.path = cli->operands[1], .labels = v->labels}, &s);

    if (code)
        return code;
    if (s.vectors.dims != 2 || v->norm == FV_FRIS_L2) {
        fv_cli_say(cli, "%s: %zu columns: plots are of two, with --norm none", cli->operands[1], s.vectors.dims);
        return fv_fris_source_close(&s, FV_EXIT_FAILURE);
    }
    cluster.k_min = (uint32_t)v->k_min;
    cluster.k_max = (uint32_t)v->k_max;
    if (s.labels)
        status = fv_fris_choose(s.set, s.labels, s.vectors.count, &options, &stolps, &err);
    else
        status = fv_fris_cluster(s.set, &cluster, &clusters, &err);
    p.label = calloc(s.vectors.count, sizeof *p.label);
    numbers = calloc(s.vectors.count, sizeof *numbers);
    if (status || (!stolps && !clusters)) {
        code = fv_cli_fail(cli, &err);
    } else if (!p.label || !numbers) {
        code = fv_cli_memory(cli);
    } else {
        for (uint32_t k = 0; clusters && k < clusters->k; k++)
            numbers[k] = k;
        memcpy(p.label, stolps ? s.labels : clusters->label, s.vectors.count * sizeof *p.label);
        p.stolp = stolps ? stolps->stolp : clusters->stolps;
        p.stolp_label = stolps ? stolps->label : numbers;
        p.n_stolps = stolps ? stolps->count : clusters->k;
        code = draw(&p);
    }
    free(numbers);
    free(p.label);
    fv_fris_release(stolps);
    fv_fris_release(clusters);
    return fv_fris_source_close(&s, code);
}
