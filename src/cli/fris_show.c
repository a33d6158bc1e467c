#define _GNU_SOURCE /* vasprintf */
#include "cli/fris_show.h"
#include "cli/picture.h"
#include "fovea/image.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { CELL = 96, GAP = 4, COLUMNS = 40, ROWS = FV_SIDE_MAX / (CELL + GAP) };

void fv_fris_show_begin(fv_fris_show *show, const fv_cli *cli, const char *title, const char *const *columns)
{
    const fv_fris_values *v = cli->values;

    *show = (fv_fris_show){.cli = cli, .sheet = v->sheet != NULL};
    if (show->sheet) {
        show->cells = calloc(ROWS, sizeof *show->cells);
        show->lengths = calloc(ROWS, sizeof *show->lengths);
        show->failed = !show->cells || !show->lengths;
    }
    if (v->html && (show->page = fv_cli_file_open(cli, v->html, &show->file)))
        fv_cli_page_begin(show->page, title, columns);
    show->failed = show->failed || (v->html && !show->page);
}

void fv_fris_show_cell(fv_fris_show *show, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    if (!show->page)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) >= 0)
        fv_cli_page_cell(show->page, "%s", text);
    free(text);
    va_end(arguments);
}

void fv_fris_show_object(fv_fris_show *show, const char *name)
{
    if (show->page)
        fv_cli_page_object(show->page, name);
    if (show->failed || !show->sheet || show->rows == ROWS)
        return;

    size_t *n = &show->lengths[show->rows];
    const char ***row = &show->cells[show->rows];

    if (*n == COLUMNS || (!*row && !(*row = calloc(COLUMNS, sizeof **row)))) {
        show->failed = show->failed || !*row;
        return;
    }
    (*row)[(*n)++] = name;
    show->longest = *n > show->longest ? *n : show->longest;
}

void fv_fris_show_row(fv_fris_show *show)
{
    if (show->page)
        fv_cli_page_row(show->page);
    show->rows += show->sheet && show->rows < ROWS;
}

/* The picture at `path`, no larger than a cell and in the middle of it. What cannot be read leaves its cell empty. */
static void draw(const fv_host *host, const char *path, size_t top, size_t left, fv_image *sheet)
{
    fv_image image = {0}, small = {0};
    size_t side, h, w;

    if (fv_image_open(host, path, &image, NULL))
        return;
    side = image.height > image.width ? image.height : image.width;
    h = image.height * CELL / side;
    w = image.width * CELL / side;
    if (!fv_image_resize(host, &image, h ? h : 1, w ? w : 1, FV_BILINEAR, &small, NULL)) {
        top += (CELL - small.height) / 2;
        left += (CELL - small.width) / 2;
        for (size_t y = 0; y < small.height; y++)
            for (size_t x = 0; x < small.width; x++)
                for (size_t c = 0; c < sheet->channels; c++)
                    sheet->pixels[((top + y) * sheet->width + left + x) * sheet->channels + c] =
                        small.pixels[(y * small.width + x) * small.channels + (small.channels == 1 ? 0 : c)];
    }
    fv_image_free(host, &small);
    fv_image_free(host, &image);
}

static int write_sheet(const fv_fris_show *show)
{
    const fv_cli *cli = show->cli;
    const size_t width = show->longest * (CELL + GAP), height = show->rows * (CELL + GAP);
    fv_image sheet = {height, width, 3, NULL};
    int code;

    if (!height || !width) {
        fv_cli_note(cli, "there is nothing to show: no sheet is written");
        return FV_EXIT_OK;
    }
    sheet.pixels = fv_alloc(&cli->host, height * width, sheet.channels);
    if (!sheet.pixels)
        return fv_cli_memory(cli);
    memset(sheet.pixels, 255, height * width * sheet.channels);
    for (size_t r = 0; r < show->rows; r++)
        for (size_t i = 0; i < show->lengths[r]; i++)
            draw(&cli->host, show->cells[r][i], r * (CELL + GAP), i * (CELL + GAP), &sheet);
    code = fv_cli_picture_write(cli, ((const fv_fris_values *)cli->values)->sheet, &sheet);
    fv_image_free(&cli->host, &sheet);
    return code;
}

int fv_fris_show_end(fv_fris_show *show)
{
    const fv_fris_values *v = show->cli->values;
    int code = FV_EXIT_OK;

    if (show->page) {
        fv_cli_page_end(show->page);
        code = fv_cli_file_close(show->cli, v->html, &show->file);
    }
    if (!code && show->failed)
        code = fv_cli_memory(show->cli);
    if (!code && show->sheet)
        code = write_sheet(show);
    for (size_t r = 0; show->cells && r < ROWS; r++)
        free(show->cells[r]);
    free(show->cells);
    free(show->lengths);
    return code;
}
