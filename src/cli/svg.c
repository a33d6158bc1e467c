#include "cli/svg.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/page.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const own_style = "text{font-family:Helvetica,Arial,sans-serif;font-size:11px;fill:#222}"
                                     "path{fill:none}.arrow{marker-end:url(#head)}";

static void attribute(fv_text *text, const char *name, double value)
{
    const double hundredths = round(value * 100);

    fv_text_print(text, " %s=\"%.10g\"", name, hundredths == 0 ? 0 : hundredths / 100);
}

static void point(fv_text *text, const char *letter, double x, double y)
{
    const double a = round(x * 100), b = round(y * 100);

    fv_text_print(text, "%s%.10g %.10g", letter, a == 0 ? 0 : a / 100, b == 0 ? 0 : b / 100);
}

/* "\n  <rect class=..." */
static void begin(fv_cli_svg *svg, const char *element, const char *look)
{
    fv_text_print(&svg->text, "\n%*s<%s", 2 * svg->depth, "", element);
    if (look && *look) {
        fv_text_print(&svg->text, " class=\"");
        fv_cli_escape(&svg->text, look);
        fv_text_print(&svg->text, "\"");
    }
}

/* ------------------------------------------------------------------------------------------------------- sheet */

void fv_cli_svg_begin(fv_cli_svg *svg, double width, double height, const char *name, const char *style)
{
    *svg = (fv_cli_svg){.depth = 1};
    fv_text_init(&svg->text, NULL);
    fv_text_print(&svg->text, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    attribute(&svg->text, "width", ceil(width));
    attribute(&svg->text, "height", ceil(height));
    fv_text_print(&svg->text, " viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n  <title>", ceil(width), ceil(height));
    fv_cli_escape(&svg->text, name);
    fv_text_print(&svg->text, "</title>\n  <style>%s%s</style>", own_style, style);
    fv_text_print(&svg->text, "\n  <defs><marker id=\"head\" viewBox=\"0 0 6 6\" refX=\"5.5\" refY=\"3\" "
                              "markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\">"
                              "<path d=\"M0 0.5L6 3L0 5.5Z\" style=\"fill:#555\"/></marker></defs>");
    fv_text_print(&svg->text, "\n  <rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>");
}

void fv_cli_svg_open(fv_cli_svg *svg, const char *look, const char *tip)
{
    begin(svg, "g", look);
    fv_text_append(&svg->text, ">", 1);
    if (tip) {
        fv_text_print(&svg->text, "<title>");
        fv_cli_escape(&svg->text, tip);
        fv_text_print(&svg->text, "</title>");
    }
    svg->depth++;
}

void fv_cli_svg_close(fv_cli_svg *svg)
{
    svg->depth--;
    fv_text_print(&svg->text, "\n%*s</g>", 2 * svg->depth, "");
}

fv_status fv_cli_svg_write(fv_cli_svg *svg, const char *path, fv_error *err)
{
    fv_status status = FV_OK;

    while (svg->depth > 1)
        fv_cli_svg_close(svg);
    fv_text_print(&svg->text, "\n</svg>\n");
    if (svg->text.failed)
        status = fv_fail_memory(err, svg->text.size, "a drawing");
    else if (path && strcmp(path, "-") != 0)
        status = fv_file_replace(path, &(fv_piece){svg->text.data, svg->text.length}, 1, err);
    else
        fwrite(svg->text.data, 1, svg->text.length, stdout); /* main looks whether standard output took it all */
    fv_cli_svg_free(svg);
    return status;
}

void fv_cli_svg_free(fv_cli_svg *svg)
{
    fv_text_free(&svg->text);
}

/* ------------------------------------------------------------------------------------------------------ shapes */

void fv_cli_svg_rect(fv_cli_svg *svg, const char *look, double x, double y, double width, double height,
                     double round_by)
{
    begin(svg, "rect", look);
    attribute(&svg->text, "x", x);
    attribute(&svg->text, "y", y);
    attribute(&svg->text, "width", width);
    attribute(&svg->text, "height", height);
    if (round_by > 0)
        attribute(&svg->text, "rx", round_by);
    fv_text_append(&svg->text, "/>", 2);
}

void fv_cli_svg_circle(fv_cli_svg *svg, const char *look, double x, double y, double radius)
{
    begin(svg, "circle", look);
    attribute(&svg->text, "cx", x);
    attribute(&svg->text, "cy", y);
    attribute(&svg->text, "r", radius);
    fv_text_append(&svg->text, "/>", 2);
}

void fv_cli_svg_line(fv_cli_svg *svg, const char *look, double x1, double y1, double x2, double y2)
{
    fv_cli_svg_path(svg, look, x1, y1);
    fv_cli_svg_to(svg, x2, y2);
    fv_cli_svg_end_path(svg);
}

void fv_cli_svg_path(fv_cli_svg *svg, const char *look, double x, double y)
{
    begin(svg, "path", look);
    fv_text_print(&svg->text, " d=\"");
    point(&svg->text, "M", x, y);
}

void fv_cli_svg_to(fv_cli_svg *svg, double x, double y)
{
    point(&svg->text, "L", x, y);
}

void fv_cli_svg_curve(fv_cli_svg *svg, double x1, double y1, double x2, double y2, double x, double y)
{
    point(&svg->text, "C", x1, y1);
    point(&svg->text, " ", x2, y2);
    point(&svg->text, " ", x, y);
}

void fv_cli_svg_corner(fv_cli_svg *svg, double x1, double y1, double x, double y)
{
    point(&svg->text, "Q", x1, y1);
    point(&svg->text, " ", x, y);
}

void fv_cli_svg_end_path(fv_cli_svg *svg)
{
    fv_text_append(&svg->text, "\"/>", 3);
}

/* -------------------------------------------------------------------------------------------------------- text */

static void end_label(fv_cli_svg *svg, const char *text)
{
    fv_text_append(&svg->text, ">", 1);
    fv_cli_escape(&svg->text, text);
    fv_text_print(&svg->text, "</text>");
}

void fv_cli_svg_label(fv_cli_svg *svg, const char *look, double x, double y, fv_cli_anchor anchor, const char *text)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};

    begin(svg, "text", look);
    attribute(&svg->text, "x", x);
    attribute(&svg->text, "y", y);
    fv_text_print(&svg->text, "%s", anchors[anchor]);
    end_label(svg, text);
}

void fv_cli_svg_turned(fv_cli_svg *svg, const char *look, double x, double y, const char *text)
{
    begin(svg, "text", look);
    fv_text_print(&svg->text, " transform=\"");
    point(&svg->text, "translate(", x, y);
    fv_text_print(&svg->text, ") rotate(-90)\" text-anchor=\"middle\"");
    end_label(svg, text);
}

double fv_cli_svg_width(const char *text)
{
    return 0.56 * (double)fv_cli_text_width(text);
}
