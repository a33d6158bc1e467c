/* A table of text: collected cell by cell, printed with columns as wide as their widest cell. */
#ifndef FV_CLI_GRID_H
#define FV_CLI_GRID_H
#include "base/text.h"
#include <stdio.h>

typedef struct fv_cli_column {
    const char *title;
    bool right; /* numbers stand to the right */
} fv_cli_column;

typedef struct fv_cli_grid {
    const fv_cli_column *columns;
    size_t width;  /* columns */
    size_t count;  /* cells so far, row by row */
    fv_text cells; /* each ends with a zero byte */
} fv_cli_grid;

void fv_cli_grid_init(fv_cli_grid *grid, const fv_cli_column *columns, size_t width);
void fv_cli_grid_cell(fv_cli_grid *grid, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Print title line and rows; a column whose cells are all empty is left out. `bold` marks the titles. Then free it.
 * False if memory ran out: nothing is printed then. */
bool fv_cli_grid_print(fv_cli_grid *grid, FILE *out, bool bold);

/* 61706 as "61,706". */
const char *fv_cli_thousands(uint64_t number, char out[32]);

#endif
