#include "cli/chart.h"
#include "base/error.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The sheet and the margins of its axes, pixels. */
enum { WIDTH = 720, HEIGHT = 420, LEFT = 64, RIGHT = 20, TOP = 40, BOTTOM = 56, LINE = 16, COLORS = 8 };

static const char *const style =
    ".title{font-size:14px;font-weight:bold}.axis{stroke:#333}.rule{stroke:#e2e2e2}.small{fill:#555}"
    ".s0{stroke:#3a76b8;fill:#3a76b8}.s1{stroke:#bf4034;fill:#bf4034}.s2{stroke:#3d8f45;fill:#3d8f45}"
    ".s3{stroke:#c19a00;fill:#c19a00}.s4{stroke:#6e5fc0;fill:#6e5fc0}.s5{stroke:#1b8a8f;fill:#1b8a8f}"
    ".s6{stroke:#9a5a2c;fill:#9a5a2c}.s7{stroke:#666;fill:#666}path.series{stroke-width:1.6;fill:none}";

/* One axis: from values to pixels. */
typedef struct axis {
    bool log;
    double low, high; /* of the values, or of their logarithms */
    double from, to;  /* pixels */
} axis;

typedef struct drawing {
    const fv_cli_chart *chart;
    fv_cli_svg svg;
    axis x, y;
} drawing;

static double scaled(const axis *a, double value)
{
    return a->log ? value > 0 ? log10(value) : NAN : value;
}

static double pixel(const axis *a, double value)
{
    return a->from + (scaled(a, value) - a->low) / (a->high - a->low) * (a->to - a->from);
}

/* ------------------------------------------------------------------------------------------------------- ranges */

static void widen(axis *a, double value)
{
    const double v = scaled(a, value);

    if (!isfinite(v))
        return;
    a->low = v < a->low ? v : a->low;
    a->high = v > a->high ? v : a->high;
}

/* 1, 2 or 5 times a power of ten, so that about `wanted` of them make up the range. */
static double step_of(const axis *a, double wanted)
{
    const double rough = (a->high - a->low) / wanted, unit = pow(10, floor(log10(rough))), part = rough / unit;

    return unit * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

/* Ends on round numbers; a logarithmic one on powers of ten where it spans some. */
static void settle(axis *a, double wanted, bool whole)
{
    if (a->high <= a->low) {
        const double by = a->log ? 1 : a->low != 0 ? fabs(a->low) / 2 : 1;

        a->low -= by;
        a->high += by;
    }
    if (a->log) {
        a->low = floor(a->low + 1e-9);
        a->high = ceil(a->high - 1e-9);
    } else if (whole) {
        const double step = step_of(a, wanted);

        a->low = floor(a->low / step + 1e-9) * step;
        a->high = ceil(a->high / step - 1e-9) * step;
    }
}

static bool find_ranges(drawing *d)
{
    const fv_cli_chart *c = d->chart;
    size_t shown = 0;

    d->x = (axis){c->log_x, INFINITY, -INFINITY, LEFT, WIDTH - RIGHT};
    d->y = (axis){c->log_y, INFINITY, -INFINITY, HEIGHT - BOTTOM, TOP};
    for (size_t s = 0; s < c->n_series; s++)
        for (size_t i = 0; i < c->series[s].count; i++) {
            if (!isfinite(scaled(&d->x, c->series[s].x[i])) || !isfinite(scaled(&d->y, c->series[s].y[i])))
                continue;
            widen(&d->x, c->series[s].x[i]);
            widen(&d->y, c->series[s].y[i]);
            shown++;
        }
    if (!shown)
        return false;
    if (c->marks == FV_CLI_BARS && !c->log_y)
        widen(&d->y, 0);
    settle(&d->y, 6, true);
    if (c->categories)
        d->x = (axis){false, -.5, (double)c->n_categories - .5, LEFT, WIDTH - RIGHT};
    else
        settle(&d->x, 8, false);
    return true;
}

/* --------------------------------------------------------------------------------------------------------- axes */

static void tick(drawing *d, bool vertical, double value)
{
    const axis *a = vertical ? &d->y : &d->x;
    const double at = pixel(a, value);
    fv_text text;

    fv_text_init(&text, NULL);
    if (a->log && (value >= 1e5 || value < 1e-3))
        fv_text_print(&text, "1e%.0f", log10(value));
    else
        fv_text_print(&text, "%.6g", fabs(value) < 1e-12 ? 0 : value);
    d->svg.text.failed |= text.failed;
    if (vertical)
        fv_cli_svg_line(&d->svg, "rule", LEFT, at, WIDTH - RIGHT, at);
    else
        fv_cli_svg_line(&d->svg, "axis", at, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 4);
    if (!text.failed && vertical)
        fv_cli_svg_label(&d->svg, "small", LEFT - 6, at + 4, FV_CLI_RIGHT, text.data);
    else if (!text.failed)
        fv_cli_svg_label(&d->svg, "small", at, HEIGHT - BOTTOM + 17, FV_CLI_MIDDLE, text.data);
    fv_text_free(&text);
}

static void ticks(drawing *d, bool vertical)
{
    const axis *a = vertical ? &d->y : &d->x;

    if (a->log) {
        const double by = ceil((a->high - a->low) / 10);

        for (int i = 0; a->low + i * by <= a->high + 1e-9; i++)
            tick(d, vertical, pow(10, a->low + i * by));
        return;
    }
    const double step = step_of(a, vertical ? 6 : 8);
    const double first = ceil(a->low / step - 1e-9);

    for (int i = 0; i < 20 && (first + i) * step <= a->high + 1e-9 * step; i++)
        tick(d, vertical, (first + i) * step);
}

/* A category's text, its first word above the others. */
static void category(drawing *d, size_t index)
{
    const char *text = d->chart->categories[index], *rest = strchr(text, ' ');
    const double x = pixel(&d->x, (double)index);
    char first[64];

    snprintf(first, sizeof first, "%.*s", (int)(rest ? (size_t)(rest - text) : strlen(text)), text);
    fv_cli_svg_label(&d->svg, "small", x, HEIGHT - BOTTOM + 15, FV_CLI_MIDDLE, first);
    if (rest)
        fv_cli_svg_label(&d->svg, "small", x, HEIGHT - BOTTOM + 28, FV_CLI_MIDDLE, rest + 1);
}

static void draw_axes(drawing *d)
{
    const fv_cli_chart *c = d->chart;

    ticks(d, true);
    if (c->categories)
        for (size_t i = 0; i < c->n_categories; i++)
            category(d, i);
    else
        ticks(d, false);
    fv_cli_svg_line(&d->svg, "axis", LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM);
    fv_cli_svg_line(&d->svg, "axis", LEFT, TOP, LEFT, HEIGHT - BOTTOM);
    fv_cli_svg_label(&d->svg, "title", LEFT, 22, FV_CLI_LEFT, c->title);
    fv_cli_svg_label(&d->svg, NULL, (LEFT + WIDTH - RIGHT) / 2., HEIGHT - 10, FV_CLI_MIDDLE, c->x_label);
    fv_cli_svg_turned(&d->svg, NULL, 16, (TOP + HEIGHT - BOTTOM) / 2., c->y_label);
}

/* ------------------------------------------------------------------------------------------------------- series */

static void draw_line(drawing *d, const fv_cli_series *s, const char *look)
{
    bool open = false;

    for (size_t i = 0; i < s->count; i++) {
        const double x = pixel(&d->x, s->x[i]), y = pixel(&d->y, s->y[i]);
        const bool shown = isfinite(x) && isfinite(y);

        if (open && !shown)
            fv_cli_svg_end_path(&d->svg);
        else if (open)
            fv_cli_svg_to(&d->svg, x, y);
        else if (shown)
            fv_cli_svg_path(&d->svg, look, x, y);
        open = shown;
    }
    if (open)
        fv_cli_svg_end_path(&d->svg);
}

static void draw_bar(drawing *d, size_t index, double x, double y, const char *look)
{
    const double each = .7 * (pixel(&d->x, 1) - pixel(&d->x, 0)) / (double)d->chart->n_series;
    const double zero = d->y.log ? d->y.from : pixel(&d->y, 0), top = pixel(&d->y, y);
    const double left = pixel(&d->x, x) + each * ((double)index - (double)d->chart->n_series / 2);
    fv_text text;

    fv_text_init(&text, NULL);
    fv_text_print(&text, "%.4g", y);
    d->svg.text.failed |= text.failed;
    fv_cli_svg_rect(&d->svg, look, left, top < zero ? top : zero, each, fabs(zero - top), 0);
    if (!text.failed)
        fv_cli_svg_label(&d->svg, NULL, left + each / 2, (top < zero ? top : zero) - 4, FV_CLI_MIDDLE, text.data);
    fv_text_free(&text);
}

static void draw_series(drawing *d, size_t index)
{
    const fv_cli_chart *c = d->chart;
    const fv_cli_series *s = &c->series[index];
    char look[32];

    snprintf(look, sizeof look, "series s%zu", index % COLORS);
    if (c->marks == FV_CLI_LINES)
        draw_line(d, s, look);
    for (size_t i = 0; i < s->count; i++) {
        const double x = pixel(&d->x, s->x[i]), y = pixel(&d->y, s->y[i]);

        if (!isfinite(x) || !isfinite(y))
            continue;
        if (c->marks == FV_CLI_BARS)
            draw_bar(d, index, s->x[i], s->y[i], look);
        else if (c->marks == FV_CLI_POINTS || s->count <= 80)
            fv_cli_svg_circle(&d->svg, look, x, y, c->marks == FV_CLI_POINTS ? 3 : 2);
    }
}

/* Names in the upper right corner, on the lines that are behind them. */
static void draw_legend(drawing *d)
{
    const fv_cli_chart *c = d->chart;
    double width = 0;

    for (size_t i = 0; i < c->n_series; i++) {
        const double w = 11 * fv_cli_svg_width(c->series[i].name) + 30;

        width = w > width ? w : width;
    }
    for (size_t i = 0; c->n_series > 1 && i < c->n_series; i++) {
        const double x = WIDTH - RIGHT - width, y = TOP + 4 + LINE * (double)i;
        char look[32];

        snprintf(look, sizeof look, "s%zu", i % COLORS);
        fv_cli_svg_rect(&d->svg, look, x, y + 3, 14, 5, 1);
        fv_cli_svg_label(&d->svg, NULL, x + 20, y + 10, FV_CLI_LEFT, c->series[i].name);
    }
}

fv_status fv_cli_chart_write(const fv_cli_chart *chart, const char *path, fv_error *err)
{
    drawing d = {.chart = chart};

    if (!find_ranges(&d))
        return fv_fail(err, FV_E_RANGE, "nothing to draw: no row has numbers in both columns%s",
                       chart->log_x || chart->log_y ? " that a logarithmic axis can show" : "");
    fv_cli_svg_begin(&d.svg, WIDTH, HEIGHT, *chart->title ? chart->title : chart->y_label, style);
    draw_axes(&d);
    for (size_t i = 0; i < chart->n_series; i++)
        draw_series(&d, i);
    draw_legend(&d);
    return fv_cli_svg_write(&d.svg, path, err);
}
