/* Pages of tables in HTML, each one file that is complete in itself: pictures stand inside as small JPEGs. And files for
 * results, collected in memory and replaced at once. */
#ifndef FV_CLI_PAGE_H
#define FV_CLI_PAGE_H
#include "cli/cli.h"
#include <stdio.h>

/* Opened with `path` NULL it is standard output. These say what is wrong: opening returns NULL, closing the exit code. */
typedef struct fv_cli_file {
    FILE *out;
    char *data;
    size_t size;
} fv_cli_file;

FILE *fv_cli_file_open(const fv_cli *cli, const char *path, fv_cli_file *file);
int fv_cli_file_close(const fv_cli *cli, const char *path, fv_cli_file *file);

/* Text of HTML, XML or SVG; what cannot be written (no UTF-8, a control character) becomes U+FFFD. */
void fv_cli_escape(fv_text *text, const char *from);

/* Title and the titles of the first table's columns (ends with NULL), then its cells, row by row. */
void fv_cli_page_begin(FILE *out, const char *title, const char *const *columns);
void fv_cli_page_cell(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A cell with a name; where that is the path of a picture which can be read, with the picture. */
void fv_cli_page_object(FILE *out, const char *name);
void fv_cli_page_row(FILE *out);
/* The table ends and another one begins. */
void fv_cli_page_table(FILE *out, const char *heading, const char *const *columns);
void fv_cli_page_end(FILE *out);

#endif
