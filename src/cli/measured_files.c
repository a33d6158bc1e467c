/* eval's files: every prediction, the confusion matrix, the mistakes. */
#include "cli/csv.h"
#include "cli/measured.h"
#include "cli/page.h"
#include "cli/picture.h"
#include "image/letters.h"
#include "image/sheet.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool ends_with(const char *path, const char *end)
{
    const size_t length = strlen(path), tail = strlen(end);

    return length > tail && strcasecmp(path + length - tail, end) == 0;
}

int fv_cli_measured_check(const fv_cli *cli, const char *confusion, const char *wrong)
{
    if (confusion && !ends_with(confusion, ".csv") && !ends_with(confusion, ".png"))
        return fv_cli_usage(cli, "--confusion %s: it is written as .csv or .png", confusion);
    if (wrong && !ends_with(wrong, ".csv") && !ends_with(wrong, ".html") && !ends_with(wrong, ".png"))
        return fv_cli_usage(cli, "--wrong %s: mistakes are written as .csv, .html or .png", wrong);
    return FV_EXIT_OK;
}

/* ---------------------------------------------------------------------------------------------- predictions */

static void write_row(FILE *out, const fv_cli_measured *m, const fv_cli_mistake *said)
{
    fprintf(out, "%zu,", said->index);
    fv_cli_csv_field(out, fv_cli_measured_class(m, said->label));
    fputc(',', out);
    fv_cli_csv_field(out, fv_cli_measured_class(m, said->predicted));
    fprintf(out, ",%.9g,", (double)said->probability);
    fv_cli_csv_field(out, fv_cli_measured_path(m, said->index));
    fputc('\n', out);
}

static const char header[] = "index,label,predicted,probability,path\n";

/* Not replaced at once as the others are: it may be a pipe. */
int fv_cli_measured_csv(const fv_cli *cli, const fv_cli_measured *m, const char *path)
{
    FILE *out = fopen(path, "w");
    bool good = out != NULL;

    if (out)
        fputs(header, out);
    for (size_t i = 0; good && i < m->result.n; i++) {
        fv_cli_mistake said = {.index = i};

        said.predicted = fv_cli_measured_best(m, i, &said.label);
        said.probability = m->probabilities[i * m->result.classes + said.predicted];
        write_row(out, m, &said);
        good = !ferror(out);
    }
    if (out && fclose(out) != 0)
        good = false;
    if (!good)
        fv_cli_say(cli, "%s: %s", path, strerror(errno));
    return good ? FV_EXIT_OK : FV_EXIT_FAILURE;
}

/* ---------------------------------------------------------------------------------------------- confusion */

static int confusion_csv(const fv_cli *cli, const fv_cli_measured *m, const char *path)
{
    fv_cli_file file;
    FILE *out = fv_cli_file_open(cli, path, &file);

    if (!out)
        return FV_EXIT_FAILURE;
    fputs("label", out);
    for (size_t c = 0; c < m->result.classes; c++) {
        fputc(',', out);
        fv_cli_csv_field(out, fv_cli_measured_class(m, c));
    }
    fputc('\n', out);
    for (size_t label = 0; label < m->result.classes; label++) {
        fv_cli_csv_field(out, fv_cli_measured_class(m, label));
        for (size_t c = 0; c < m->result.classes; c++)
            fprintf(out, ",%llu", (unsigned long long)fv_cli_confusion_at(&m->confusion, label, c));
        fputc('\n', out);
    }
    return fv_cli_file_close(cli, path, &file);
}

/* In pixels: of the squares together, and of one where names stand beside it, which as many classes as NAMED have. */
enum { SIDE = 640, CELL_MOST = 32, CELL_NAMED = FV_LETTER_HEIGHT + 1, NAMED = 128, LETTERS_MOST = 30, GAP = 4 };

/* Where the squares begin, behind names on both sides, and their size; with a line before each where they are not tiny. */
typedef struct layout {
    size_t left, cell, line;
} layout;

static layout lay_out(const fv_cli_measured *m)
{
    const size_t classes = m->result.classes, fits = SIDE / classes;
    layout l = {.cell = fits < 1 ? 1 : fits > CELL_MOST ? CELL_MOST : fits};
    size_t longest = 0;

    if (classes <= NAMED) {
        for (size_t c = 0; c < classes; c++) {
            const size_t letters = fv_letters_count(fv_cli_measured_class(m, c));

            longest = letters > longest ? letters : longest;
        }
        l.left = (longest < LETTERS_MOST ? longest : LETTERS_MOST) * FV_LETTER_WIDTH + 2 * GAP;
        l.cell = l.cell < CELL_NAMED ? CELL_NAMED : l.cell;
    }
    l.line = l.cell > 4;
    return l;
}

/* White is none of the label's pictures, the full colour all of them. */
static void shade(const fv_image *image, const layout *l, size_t label, size_t said, double share)
{
    static const double full[2][3] = {{176, 24, 24}, {16, 112, 48}};
    const double *color = full[label == said];

    for (size_t y = l->left + label * l->cell + l->line; y < l->left + (label + 1) * l->cell; y++)
        for (size_t x = l->left + said * l->cell + l->line; x < l->left + (said + 1) * l->cell; x++)
            for (size_t c = 0; c < 3; c++)
                image->pixels[(y * image->width + x) * 3 + c] = (uint8_t)(255 + (color[c] - 255) * share + .5);
}

/* Labels in front of their rows, what was said above its columns, in the middle of them and close to the squares. */
static void write_names(const fv_image *image, const layout *l, const fv_cli_measured *m)
{
    for (size_t c = 0; c < m->result.classes; c++) {
        const char *name = fv_cli_measured_class(m, c);
        const size_t letters = fv_letters_count(name), shown = letters < LETTERS_MOST ? letters : LETTERS_MOST;
        const size_t across = l->left + c * l->cell + (l->cell + l->line - FV_LETTER_HEIGHT) / 2;

        fv_letters_draw(image, name, LETTERS_MOST, l->left - GAP - shown * FV_LETTER_WIDTH, across, false);
        fv_letters_draw(image, name, LETTERS_MOST, across, l->left - GAP - 1, true);
    }
}

static int confusion_png(const fv_cli *cli, const fv_cli_measured *m, const char *path)
{
    const size_t classes = m->result.classes;
    const layout l = lay_out(m);
    const size_t side = l.left + classes * l.cell + l.line;
    fv_image image;
    fv_error err = {0};
    int code;

    if (fv_image_create(&cli->host, path, side, side, 3, &image, &err))
        return fv_cli_fail(cli, &err);
    memset(image.pixels, 255, side * side * 3);
    for (size_t y = l.left; y < side; y++) /* lines between the squares */
        memset(image.pixels + (y * side + l.left) * 3, 224, (side - l.left) * 3);
    for (size_t label = 0; label < classes; label++) {
        const double samples = (double)fv_cli_confusion_score(&m->confusion, label).samples;

        for (size_t said = 0; said < classes; said++)
            shade(&image, &l, label, said,
                  samples > 0 ? (double)fv_cli_confusion_at(&m->confusion, label, said) / samples : 0);
    }
    if (l.left)
        write_names(&image, &l, m);
    code = fv_cli_picture_write(cli, path, &image);
    fv_image_free(&cli->host, &image);
    return code;
}

int fv_cli_measured_confusion(const fv_cli *cli, const fv_cli_measured *m, const char *path)
{
    return ends_with(path, ".csv") ? confusion_csv(cli, m, path) : confusion_png(cli, m, path);
}

/* ---------------------------------------------------------------------------------------------- mistakes */

static int wrong_csv(const fv_cli *cli, const fv_cli_measured *m, const char *path)
{
    fv_cli_file file;
    FILE *out = fv_cli_file_open(cli, path, &file);

    if (!out)
        return FV_EXIT_FAILURE;
    fputs(header, out);
    for (size_t i = 0; i < m->confusion.worst_count; i++)
        write_row(out, m, &m->confusion.worst[i]);
    return fv_cli_file_close(cli, path, &file);
}

static int wrong_html(const fv_cli *cli, const fv_cli_measured *m, const char *path)
{
    static const char *const columns[] = {"picture", "label", "said", "probability", NULL};
    char title[64];
    fv_cli_file file;
    FILE *out = fv_cli_file_open(cli, path, &file);

    if (!out)
        return FV_EXIT_FAILURE;
    snprintf(title, sizeof title, "%zu of %zu mistakes, the surest first", m->confusion.worst_count,
             m->confusion.wrong);
    fv_cli_page_begin(out, title, columns);
    for (size_t i = 0; i < m->confusion.worst_count; i++) {
        const fv_cli_mistake *w = &m->confusion.worst[i];
        const char *name = fv_cli_measured_path(m, w->index);

        if (*name)
            fv_cli_page_object(out, name);
        else
            fv_cli_page_cell(out, "sample %zu", w->index);
        fv_cli_page_cell(out, "%s", fv_cli_measured_class(m, w->label));
        fv_cli_page_cell(out, "%s", fv_cli_measured_class(m, w->predicted));
        fv_cli_page_cell(out, "%.4f", (double)w->probability);
        fv_cli_page_row(out);
    }
    fv_cli_page_end(out);
    return fv_cli_file_close(cli, path, &file);
}

enum { TILE = 96 };

/* The picture of a sample as a tile; one that cannot be read any more, or was never a picture, stays grey. */
static fv_status tile_of(const fv_cli *cli, const fv_cli_measured *m, size_t index, float *tile, fv_error *err)
{
    fv_image image = {0}, small = {0};
    const char *path = fv_cli_measured_path(m, index);
    uint32_t label;
    const uint8_t *pixels = fv_data_sample(m->data, m->split, index, &label);
    fv_status status = FV_OK;

    if (*path) {
        status = fv_image_open(&cli->host, path, &image, NULL);
    } else if (pixels) {
        fv_data_size(m->data, &image.height, &image.width, &image.channels);
        image.pixels = (uint8_t *)(uintptr_t)pixels; /* only read */
    }
    if (!status && image.pixels)
        status = fv_image_resize(&cli->host, &image, TILE, TILE, FV_BILINEAR, &small, err);
    for (size_t i = 0; i < TILE * TILE * 3; i++)
        tile[i] = small.pixels ? small.pixels[small.channels == 3 ? i : i / 3] : 128;
    fv_image_free(&cli->host, &small);
    if (*path)
        fv_image_free(&cli->host, &image);
    return status == FV_E_MEMORY ? status : FV_OK;
}

static int wrong_png(const fv_cli *cli, const fv_cli_measured *m, const char *path)
{
    const size_t count = m->confusion.worst_count, values = TILE * TILE * 3;
    float *tiles = calloc(count + 1, values * sizeof *tiles);
    fv_image sheet;
    fv_error err = {0};
    fv_status status = FV_OK;
    int code;

    if (!tiles)
        return fv_cli_memory(cli);
    for (size_t i = 0; !status && i < count; i++)
        status = tile_of(cli, m, m->confusion.worst[i].index, tiles + i * values, &err);
    if (!status) /* no mistake at all gives one black tile */
        status = fv_sheet_of_tiles(&cli->host, tiles, count ? count : 1, TILE, TILE, 3, 1, &sheet, &err);
    free(tiles);
    if (status)
        return fv_cli_fail(cli, &err);
    code = fv_cli_picture_write(cli, path, &sheet);
    fv_image_free(&cli->host, &sheet);
    return code;
}

int fv_cli_measured_wrong(const fv_cli *cli, const fv_cli_measured *m, const char *path)
{
    return ends_with(path, ".csv")    ? wrong_csv(cli, m, path)
           : ends_with(path, ".html") ? wrong_html(cli, m, path)
                                      : wrong_png(cli, m, path);
}
