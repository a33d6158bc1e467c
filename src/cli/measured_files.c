/* eval's files: every prediction, the confusion matrix, the mistakes. */
#include "cli/csv.h"
#include "cli/measured.h"
#include "cli/page.h"
#include "cli/picture.h"
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

enum { SIDE = 640, CELL_MOST = 32 }; /* of the picture, and of a pair of classes, in pixels */

/* White is none of the label's pictures, the full colour all of them. */
static void shade(uint8_t *pixel, double share, bool right)
{
    static const double full[2][3] = {{176, 24, 24}, {16, 112, 48}};

    for (size_t c = 0; c < 3; c++)
        pixel[c] = (uint8_t)(255 + (full[right][c] - 255) * share + .5);
}

static int confusion_png(const fv_cli *cli, const fv_cli_measured *m, const char *path)
{
    const size_t classes = m->result.classes, fits = SIDE / classes;
    const size_t cell = fits < 1 ? 1 : fits > CELL_MOST ? CELL_MOST : fits, line = cell > 4;
    fv_image image;
    fv_error err = {0};
    int code;

    if (fv_image_create(&cli->host, path, classes * cell + line, classes * cell + line, 3, &image, &err))
        return fv_cli_fail(cli, &err);
    memset(image.pixels, 224, image.height * image.width * 3); /* lines between the squares */
    for (size_t label = 0; label < classes; label++) {
        const uint64_t samples = fv_cli_confusion_score(&m->confusion, label).samples;

        for (size_t i = 0; i < classes * cell * (cell - line); i++) {
            const size_t row = label * cell + line + i / (classes * cell), column = i % (classes * cell);
            const size_t said = column / cell;
            const double n = (double)fv_cli_confusion_at(&m->confusion, label, said);

            if (!line || column % cell)
                shade(image.pixels + (row * image.width + column) * 3, samples ? n / (double)samples : 0,
                      label == said);
        }
    }
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
