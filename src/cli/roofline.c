/* Both axes are logarithmic, so both limits are straight lines that meet where a step stops waiting for memory. */
#include "cli/roofline.h"
#include "base/error.h"
#include "cli/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 720, HEIGHT = 470, LEFT = 64, RIGHT = 16, TOP = 40, BOTTOM = 48 };

/* Decades that the axes show. */
typedef struct axes {
    int low_x, high_x, low_y, high_y;
} axes;

static const char style[] = ".grid{stroke:#e4e4e4}.roof{stroke:#444;stroke-width:2;fill:none}"
                            ".conv{fill:#3b6ea8;fill-opacity:.6}.dense{fill:#2e8b57;fill-opacity:.6}"
                            ".pool{fill:#c0392b;fill-opacity:.6}.rest{fill:#888;fill-opacity:.6}";

static double place_x(const axes *a, double intensity)
{
    return LEFT + (log10(intensity) - a->low_x) / (a->high_x - a->low_x) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const axes *a, double rate)
{
    return HEIGHT - BOTTOM - (log10(rate) - a->low_y) / (a->high_y - a->low_y) * (HEIGHT - TOP - BOTTOM);
}

/* Steps that compute and take time; the others have no place on logarithmic axes. */
static bool shown(const fv_cli_layer *l)
{
    return l->ms > 0 && l->flops > 0 && l->bytes > 0;
}

static double rate_of(const fv_cli_layer *l)
{
    return l->flops / l->ms / 1e6;
}

static axes find_axes(const fv_cli_layers *layers, const fv_cli_limits *limits)
{
    const double knee = limits->fma / limits->memory;
    double low_x = knee / 10, high_x = knee * 10, low_y = limits->fma / 100, high_y = limits->fma;

    for (size_t i = 0; i < layers->count; i++) {
        const fv_cli_layer *l = &layers->steps[i];

        if (!shown(l))
            continue;
        low_x = fmin(low_x, l->flops / l->bytes);
        high_x = fmax(high_x, l->flops / l->bytes);
        low_y = fmin(low_y, rate_of(l));
        high_y = fmax(high_y, rate_of(l));
    }
    return (axes){(int)floor(log10(low_x)), (int)ceil(log10(high_x)), (int)floor(log10(low_y)),
                  (int)ceil(log10(high_y))};
}

static void draw_grid(fv_cli_svg *svg, const axes *a)
{
    char text[32];

    for (int d = a->low_x; d <= a->high_x; d++) {
        const double x = place_x(a, pow(10, d));

        fv_cli_svg_line(svg, "grid", x, TOP, x, HEIGHT - BOTTOM);
        snprintf(text, sizeof text, "%g", pow(10, d));
        fv_cli_svg_label(svg, NULL, x, HEIGHT - BOTTOM + 16, FV_CLI_MIDDLE, text);
    }
    for (int d = a->low_y; d <= a->high_y; d++) {
        const double y = place_y(a, pow(10, d));

        fv_cli_svg_line(svg, "grid", LEFT, y, WIDTH - RIGHT, y);
        snprintf(text, sizeof text, "%g", pow(10, d));
        fv_cli_svg_label(svg, NULL, LEFT - 6, y + 4, FV_CLI_RIGHT, text);
    }
    fv_cli_svg_label(svg, NULL, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12, FV_CLI_MIDDLE, "operations a byte");
    fv_cli_svg_turned(svg, NULL, 18, (TOP + HEIGHT - BOTTOM) / 2.0, "GFLOP/s executed");
}

static void draw_roof(fv_cli_svg *svg, const axes *a, const fv_cli_limits *limits)
{
    const double least = pow(10, a->low_x), knee = limits->fma / limits->memory;
    const double from = fmax(least, pow(10, a->low_y) / limits->memory);
    char text[96];

    fv_cli_svg_path(svg, "roof", place_x(a, from), place_y(a, from * limits->memory));
    fv_cli_svg_to(svg, place_x(a, knee), place_y(a, limits->fma));
    fv_cli_svg_to(svg, WIDTH - RIGHT, place_y(a, limits->fma));
    fv_cli_svg_end_path(svg);
    snprintf(text, sizeof text, "%.0f GFLOP/s in registers, %.1f GB/s from memory", limits->fma, limits->memory);
    fv_cli_svg_label(svg, NULL, WIDTH - RIGHT - 4, place_y(a, limits->fma) - 6, FV_CLI_RIGHT, text);
}

static const char *look(const fv_cli_layer *l)
{
    static const char *const looks[][2] = {{"conv", "conv"}, {"dense", "dense"}, {"pool", "pool"}};

    for (size_t i = 0; i < FV_COUNT(looks); i++)
        if (strstr(l->op, looks[i][0]))
            return looks[i][1];
    return "rest";
}

static void draw_steps(fv_cli_svg *svg, const axes *a, const fv_cli_layers *layers)
{
    double all_ms = 0;
    char tip[256];

    for (size_t i = 0; i < layers->count; i++)
        all_ms += layers->steps[i].ms;
    for (size_t i = 0; i < layers->count; i++) {
        const fv_cli_layer *l = &layers->steps[i];

        if (!shown(l))
            continue;
        snprintf(tip, sizeof tip, "%s %s: %.3f ms, %.1f GFLOP/s, %.1f GB/s", l->layer, l->op, l->ms, rate_of(l),
                 l->bytes / l->ms / 1e6);
        fv_cli_svg_open(svg, NULL, tip);
        fv_cli_svg_circle(svg, look(l), place_x(a, l->flops / l->bytes), place_y(a, rate_of(l)),
                          2 + 40 * sqrt(l->ms / all_ms));
        fv_cli_svg_close(svg);
    }
}

fv_status fv_cli_roofline_write(const fv_cli_layers *layers, const fv_cli_limits *limits, const char *title,
                                const char *path, fv_error *err)
{
    fv_cli_svg svg;
    axes a;

    if (limits->fma <= 0 || limits->memory <= 0)
        return fv_fail(err, FV_E_MEMORY, "%s: no memory to measure this machine's limits", path);
    a = find_axes(layers, limits);
    fv_cli_svg_begin(&svg, WIDTH, HEIGHT, title, style);
    fv_cli_svg_label(&svg, NULL, LEFT, 22, FV_CLI_LEFT, title);
    draw_grid(&svg, &a);
    draw_roof(&svg, &a, limits);
    draw_steps(&svg, &a, layers);
    return fv_cli_svg_write(&svg, path, err);
}
