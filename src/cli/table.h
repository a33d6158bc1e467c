/* A table of comma-separated values with a line of titles, as RFC 4180 has it. */
#ifndef FV_CLI_TABLE_H
#define FV_CLI_TABLE_H
#include "base/memory.h"

typedef struct fv_cli_sheet {
    size_t columns, rows; /* without the titles */
    char **cells;         /* [rows + 1, columns], the titles first */
    fv_arena arena;
} fv_cli_sheet;

/* Read a file of at most 64 MiB. A row with another number of fields than the titles is an error that names its line. */
fv_status fv_cli_sheet_read(fv_cli_sheet *sheet, const char *path, fv_error *err);
void fv_cli_sheet_free(fv_cli_sheet *sheet);

/* The column of that title, or `columns`. */
size_t fv_cli_sheet_column(const fv_cli_sheet *sheet, const char *title);

static inline const char *fv_cli_sheet_cell(const fv_cli_sheet *sheet, size_t row, size_t column)
{
    return sheet->cells[(row + 1) * sheet->columns + column];
}

#endif
