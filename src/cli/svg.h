/* Drawings as SVG: shapes and text are written as they are drawn, so the order of calls is the order from back to front.
 * Looks are CSS classes of the style given at the beginning; `look` may be NULL. Lengths are pixels, rounded to a
 * hundredth: the same drawing is the same bytes on any machine and in any locale. */
#ifndef FV_CLI_SVG_H
#define FV_CLI_SVG_H
#include "base/text.h"

typedef struct fv_cli_svg {
    fv_text text;
    int depth; /* groups open */
} fv_cli_svg;

typedef enum fv_cli_anchor { FV_CLI_LEFT, FV_CLI_MIDDLE, FV_CLI_RIGHT } fv_cli_anchor;

/* A white sheet. `name` is what a reader of the picture hears, `style` CSS behind the writer's own. */
void fv_cli_svg_begin(fv_cli_svg *svg, double width, double height, const char *name, const char *style);

/* A group; `tip` is shown where a pointer rests on it, NULL = nothing. */
void fv_cli_svg_open(fv_cli_svg *svg, const char *look, const char *tip);
void fv_cli_svg_close(fv_cli_svg *svg);

void fv_cli_svg_rect(fv_cli_svg *svg, const char *look, double x, double y, double width, double height, double round);
void fv_cli_svg_circle(fv_cli_svg *svg, const char *look, double x, double y, double radius);
void fv_cli_svg_line(fv_cli_svg *svg, const char *look, double x1, double y1, double x2, double y2);

/* A line through points: begin, add steps, end. Look "arrow" ends in an arrow head. */
void fv_cli_svg_path(fv_cli_svg *svg, const char *look, double x, double y);
void fv_cli_svg_to(fv_cli_svg *svg, double x, double y);
void fv_cli_svg_curve(fv_cli_svg *svg, double x1, double y1, double x2, double y2, double x, double y); /* cubic */
void fv_cli_svg_corner(fv_cli_svg *svg, double x1, double y1, double x, double y); /* quadratic, around (x1, y1) */
void fv_cli_svg_end_path(fv_cli_svg *svg);

/* Text whose base line is at y; `turned` reads upwards. */
void fv_cli_svg_label(fv_cli_svg *svg, const char *look, double x, double y, fv_cli_anchor anchor, const char *text);
void fv_cli_svg_turned(fv_cli_svg *svg, const char *look, double x, double y, const char *text);

/* Close what is open and write the file (NULL or "-": standard output), or say why not. Frees the drawing. */
fv_status fv_cli_svg_write(fv_cli_svg *svg, const char *path, fv_error *err);
void fv_cli_svg_free(fv_cli_svg *svg);

/* How wide a text of font size 1 is at most, roughly: sheets are laid out before anybody knows the font. */
double fv_cli_svg_width(const char *text);

#endif
