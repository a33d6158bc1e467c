/* Pictures of results: the same rows as a page (--html) and as a contact sheet (--sheet). */
#ifndef FV_CLI_FRIS_SHOW_H
#define FV_CLI_FRIS_SHOW_H
#include "cli/fris.h"
#include "cli/page.h"

typedef struct fv_fris_show {
    const fv_cli *cli;
    fv_cli_file file;
    FILE *page;          /* NULL: no page is wanted */
    const char ***cells; /* [rows]: paths of the row's pictures; only with a sheet */
    size_t *lengths, rows, longest;
    bool sheet, failed;
} fv_fris_show;

/* Cells, row by row; fv_fris_show_end writes what --html and --sheet ask for and returns the exit code. */
void fv_fris_show_begin(fv_fris_show *show, const fv_cli *cli, const char *title, const char *const *columns);
void fv_fris_show_cell(fv_fris_show *show, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A cell with a picture; `name` must live until the end. */
void fv_fris_show_object(fv_fris_show *show, const char *name);
void fv_fris_show_row(fv_fris_show *show);
int fv_fris_show_end(fv_fris_show *show);

#endif
