/* Numbers as a picture: axes with round numbers, and lines, points or bars of one or several series. */
#ifndef FV_CLI_CHART_H
#define FV_CLI_CHART_H
#include "cli/svg.h"

typedef struct fv_cli_series {
    const char *name;    /* in the legend, which one series does not have */
    const double *x, *y; /* what is not finite is left out and interrupts a line */
    size_t count;
} fv_cli_series;

typedef enum fv_cli_marks { FV_CLI_LINES, FV_CLI_POINTS, FV_CLI_BARS } fv_cli_marks;

typedef struct fv_cli_chart {
    const char *title, *x_label, *y_label; /* "" = none */
    fv_cli_marks marks;
    bool log_x, log_y;             /* what is not positive is left out */
    const char *const *categories; /* texts that stand at x = 0, 1, ..., or NULL: x are numbers */
    size_t n_categories;
    const fv_cli_series *series;
    size_t n_series;
} fv_cli_chart;

/* Draw and write the file as fv_cli_svg_write does. FV_E_RANGE if there is nothing to draw. */
fv_status fv_cli_chart_write(const fv_cli_chart *chart, const char *path, fv_error *err);

#endif
