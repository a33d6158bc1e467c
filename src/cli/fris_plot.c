/* fris plot: two-dimensional examples as SVG. The plane is coloured by the class of the nearest stolp, the stronger the
 * larger S against the next class; its steps are level sets of S, a fifth each; stolps are ringed. */
#include "cli/fris.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ACROSS = 120, CELL = 4, MARGIN = 16 }; /* cells of the longer side, their pixels, free space */

/* Colours that people who confuse red and green tell apart (Okabe and Ito 2008). */
static const char *const colours[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                      "#56b4e9", "#d55e00", "#f0e442", "#444444"};

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
        middle[2 * i] = p->low[0] + ((double)(i % p->cells[0]) + 0.5) * p->step;
        middle[2 * i + 1] = p->low[1] + ((double)(p->cells[1] - 1 - i / p->cells[0]) + 0.5) * p->step; /* y goes up */
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

static const char *colour(uint32_t label)
{
    return colours[label % FV_COUNT(colours)];
}

/* Strength of a cell in fifths, -1 where it is nobody's: level sets are where it changes. */
static int level(const fv_fris_decisions *d, size_t i)
{
    const double s = d->s_star[i];

    return s < 0 ? -1 : s >= 1 ? 4 : (int)(s * 5);
}

/* Runs of equal cells of a row are one rectangle. */
static void draw_plane(const plot *p, const fv_fris_decisions *d, FILE *out)
{
    for (size_t y = 0; y < p->cells[1]; y++)
        for (size_t x = 0, end; x < p->cells[0]; x = end) {
            const size_t i = y * p->cells[0] + x;

            for (end = x + 1; end < p->cells[0]; end++)
                if (d->label[y * p->cells[0] + end] != d->label[i] || level(d, y * p->cells[0] + end) != level(d, i))
                    break;
            fprintf(out, "<rect x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%d\" fill=\"%s\" fill-opacity=\"%.2f\"/>\n",
                    MARGIN + x * CELL, MARGIN + y * CELL, (end - x) * CELL, CELL, colour(d->label[i]),
                    level(d, i) < 0 ? 0.0 : 0.08 + 0.11 * level(d, i));
        }
}

static void draw_objects(const plot *p, FILE *out)
{
    for (size_t i = 0; i < p->source->vectors.count; i++) {
        const double x = MARGIN + (coordinate(p, i, 0) - p->low[0]) / p->step * CELL;
        const double y = MARGIN + ((double)p->cells[1] - (coordinate(p, i, 1) - p->low[1]) / p->step) * CELL;

        for (size_t s = 0; s < p->n_stolps; s++)
            if (p->stolp[s] == i)
                fprintf(out,
                        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"9\" fill=\"none\" stroke=\"#000\" stroke-width=\"2\"/>\n",
                        x, y);
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\" stroke=\"#fff\"/>\n", x, y,
                p->label[i] == FV_FRIS_NONE ? "#999" : colour(p->label[i]));
    }
}

static int draw(plot *p)
{
    const char *path = ((const fv_fris_values *)p->cli->values)->out;
    fv_fris_decisions *d;
    fv_error err = {0};
    FILE *out;

    frame(p);
    if (decide(p, &d, &err))
        return fv_cli_fail(p->cli, &err);
    if ((out = fv_fris_file_open(p->cli, path))) {
        const size_t width = 2 * MARGIN + p->cells[0] * CELL, height = 2 * MARGIN + p->cells[1] * CELL;

        fprintf(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" viewBox=\"0 0 %zu %zu\" "
                "shape-rendering=\"geometricPrecision\">\n<rect width=\"%zu\" height=\"%zu\" fill=\"#fff\"/>\n"
                "<g shape-rendering=\"crispEdges\">\n",
                width, height, width, height, width, height);
        draw_plane(p, d, out);
        fputs("</g>\n", out);
        draw_objects(p, out);
        fputs("</svg>\n", out);
    }
    fv_fris_release(d);
    return fv_fris_file_close(p->cli, path, out);
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
    int code = fv_fris_source_open(cli, cli->operands[1], v->labels, false, NULL, NULL, &s);

    if (code)
        return code;
    if (s.vectors.dims != 2 || v->norm == FV_FRIS_L2) {
        fv_cli_say(cli, "%s: %zu columns: plots are of two, with --norm none", cli->operands[1], s.vectors.dims);
        fv_fris_source_close(&s);
        return FV_EXIT_FAILURE;
    }
    cluster.k_min = (uint32_t)v->k_min;
    cluster.k_max = (uint32_t)v->k_max;
    if (s.labels)
        status = fv_fris_choose(s.set, s.labels, s.vectors.count, &options, &stolps, &err);
    else
        status = fv_fris_cluster(s.set, &cluster, &clusters, &err);
    p.label = calloc(s.vectors.count, sizeof *p.label);
    numbers = calloc(s.vectors.count, sizeof *numbers);
    if (status) {
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
    fv_fris_source_close(&s);
    return code;
}
