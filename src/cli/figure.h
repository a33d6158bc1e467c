/* Networks as figures: a box a layer, from the picture at the top to the probabilities at the bottom.
 *
 * A figure's cells are the layers of fv_net_describe, except that batch norm belongs to the convolution before it, the
 * picture is a cell at the top, and soft-max one behind each head. Sizes are pixels; x is a cell's centre, y its top. */
#ifndef FV_CLI_FIGURE_H
#define FV_CLI_FIGURE_H
#include "base/memory.h"
#include "cli/svg.h"

typedef struct fv_cli_cell {
    const fv_layer *layer; /* NULL: the picture, or a soft-max */
    const fv_layer *norm;  /* batch norm that belongs to it, or NULL */
    const char *look;      /* CSS class: "conv", "pool", ... */
    const char *label;     /* "" of an addition, which is drawn as a ring */
    size_t *inputs;        /* cells that it reads */
    size_t n_inputs, readers;
    bool head; /* of an auxiliary head: stands beside the network */

    double x, y, half, height; /* half of its width */
    bool side;                 /* on the shortcut of a residual block */
    size_t passed;             /* the input that comes by an arc, index + 1; 0 = none */
    double reach;              /* how far to the right of x that arc must go */

    size_t list, at, group; /* the layout's: in which list, where in it, which of the parts side by side */
} fv_cli_cell;

/* What a part of a figure covers around its entry: left and right of its centre line, and downwards. */
typedef struct fv_cli_extent {
    double left, right, height;
} fv_cli_extent;

typedef struct fv_cli_figure {
    const char *name;
    const fv_net_info *info;
    fv_arena *arena;
    fv_cli_cell *cells; /* cell 0 is the picture */
    size_t count;
    size_t lists;               /* ids given so far */
    fv_cli_extent all;          /* its width, heads included */
    struct fv_cli_stage *parts; /* the main line from top to bottom */
    size_t n_parts;
} fv_cli_figure;

/* A part of the main line: a layer by itself, or a block of branches with the layer that joins them. */
typedef struct fv_cli_stage {
    size_t *list; /* its cells */
    size_t count;
    uint64_t height, width; /* of its output */
    fv_cli_extent extent;
} fv_cli_stage;

enum {
    FV_CLI_GAP = 14,            /* between a cell and the next */
    FV_CLI_FIGURE_LAYERS = 5000 /* more are refused: nobody could look at them */
};

/* Cells and labels of a described net; false without memory. */
bool fv_cli_figure_cells(fv_cli_figure *figure);

/* Lay out the main line's parts, each from (0, 0), and each auxiliary head as one list. */
bool fv_cli_figure_parts(fv_cli_figure *figure);
/* Lay out cells one below the other, branches side by side, from (0, 0); `entry` is the cell that they read. */
fv_cli_extent fv_cli_figure_series(fv_cli_figure *figure, const size_t *list, size_t count, size_t entry, bool *good);
void fv_cli_figure_move(fv_cli_figure *figure, const size_t *list, size_t count, double dx, double dy);

/* Draw networks side by side, aligned where their maps have the same size, and write the file. */
fv_status fv_cli_figure_write(const char *const *names, const fv_net_info *infos, size_t count, const char *path,
                              fv_error *err);

#endif
