#include "cli/grid.h"
#include "cli/terminal.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void fv_cli_grid_init(fv_cli_grid *grid, const fv_cli_column *columns, size_t width)
{
    *grid = (fv_cli_grid){.columns = columns, .width = width};
    fv_text_init(&grid->cells, NULL);
}

void fv_cli_grid_cell(fv_cli_grid *grid, const char *format, ...)
{
    char cell[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(cell, sizeof cell, format, arguments);
    va_end(arguments);
    fv_text_append(&grid->cells, cell, strlen(cell) + 1);
    grid->count++;
}

static const char *next(const char *cell)
{
    return cell + strlen(cell) + 1;
}

/* widths[c] is the widest cell of column c, or 0 if all of them are empty. */
static void measure(const fv_cli_grid *grid, size_t *widths)
{
    const char *cell = grid->cells.data;

    for (size_t i = 0; i < grid->count; i++, cell = next(cell)) {
        const size_t width = fv_cli_text_width(cell);

        if (width > widths[i % grid->width])
            widths[i % grid->width] = width;
    }
    for (size_t c = 0; c < grid->width; c++)
        if (widths[c] && fv_cli_text_width(grid->columns[c].title) > widths[c])
            widths[c] = fv_cli_text_width(grid->columns[c].title);
}

static void pad(FILE *out, size_t blanks)
{
    fprintf(out, "%*s", (int)blanks, "");
}

/* Nothing stands behind the last word of a line. `blanks` are those owed since then. */
static size_t print_cell(FILE *out, const char *cell, bool right, size_t width, size_t blanks)
{
    const size_t rest = width - fv_cli_text_width(cell);

    if (!*cell)
        return blanks + width;
    pad(out, blanks + (right ? rest : 0));
    fputs(cell, out);
    return right ? 0 : rest;
}

bool fv_cli_grid_print(fv_cli_grid *grid, FILE *out, bool bold)
{
    size_t *widths = calloc(grid->width, sizeof *widths);
    const bool good = widths && !grid->cells.failed;

    if (good && grid->count) {
        const char *cell = grid->cells.data;
        size_t blanks = 0;

        measure(grid, widths);
        fputs(bold ? "\033[1m" : "", out);
        for (size_t c = 0; c < grid->width; c++)
            if (widths[c])
                blanks = print_cell(out, grid->columns[c].title, grid->columns[c].right, widths[c], blanks) + 2;
        fputs(bold ? "\033[0m\n" : "\n", out);
        for (size_t i = 0; i < grid->count; i++, cell = next(cell)) {
            const size_t c = i % grid->width;

            if (c == 0)
                blanks = 0;
            if (widths[c])
                blanks = print_cell(out, cell, grid->columns[c].right, widths[c], blanks) + 2;
            if (c + 1 == grid->width)
                fputc('\n', out);
        }
    }
    free(widths);
    fv_text_free(&grid->cells);
    return good;
}

const char *fv_cli_thousands(uint64_t number, char out[32])
{
    char digits[24];
    const size_t length = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    char *to = out;

    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = 0;
    return out;
}
