#include "cli/filters.h"
#include "cli/picture.h"
#include "image/sheet.h"
#include <stdio.h>
#include <stdlib.h>

/* The first weight of rank 4: [out, in, rows, columns]. */
static bool find_convolution(const fv_model *model, fv_tensor *out)
{
    for (size_t i = 0; i < fv_model_tensors(model); i++)
        if (!fv_model_tensor(model, i, out, NULL) && out->rank == 4)
            return true;
    return false;
}

/* Tiles [rows, columns, 3] of filters over three channels, else one tile [rows, columns] for each pair of channels. */
static float *tiles_of(const fv_tensor *t, size_t *count, size_t *channels)
{
    const size_t in = t->dim[1], cells = t->dim[2] * t->dim[3];
    float *tiles = calloc(t->dim[0] * in * cells, sizeof *tiles);

    *channels = in == 3 ? 3 : 1;
    *count = in == 3 ? t->dim[0] : t->dim[0] * in;
    for (size_t i = 0; tiles && i < t->dim[0] * in * cells; i++) {
        const size_t filter = i / cells / in, channel = i / cells % in, cell = i % cells;

        tiles[in == 3 ? (filter * cells + cell) * 3 + channel : i] = t->data[i];
    }
    return tiles;
}

static int write_sheet(const fv_cli *cli, const fv_tensor *t, const char *path)
{
    const size_t side = t->dim[2] > t->dim[3] ? t->dim[2] : t->dim[3], zoom = side < 32 ? 32 / side : 1;
    size_t count, channels;
    float *tiles = tiles_of(t, &count, &channels);
    fv_image sheet;
    fv_error err = {0};
    int code;

    if (!tiles)
        return fv_cli_memory(cli);
    if (fv_sheet_of_tiles(&cli->host, tiles, count, t->dim[2], t->dim[3], channels, zoom, &sheet, &err)) {
        code = fv_cli_fail(cli, &err);
    } else {
        code = fv_cli_picture_write(cli, path, &sheet);
        fv_image_free(&cli->host, &sheet);
    }
    free(tiles);
    if (!code)
        printf("%s: %zu filters of %zux%zux%zu -> %s\n", t->name, t->dim[0], t->dim[2], t->dim[3], t->dim[1], path);
    return code;
}

int fv_cli_filters_write(const fv_cli *cli, const char *where, const char *path)
{
    fv_model *model = NULL;
    fv_tensor tensor;
    int code = fv_cli_picture_check(cli, path);

    if (!code)
        code = fv_cli_model_open(cli, where, &model);
    if (!code && !find_convolution(model, &tensor)) {
        fv_cli_say(cli, "%s: has no convolution whose filters could be shown", where);
        code = FV_EXIT_FAILURE;
    }
    if (!code)
        code = write_sheet(cli, &tensor, path);
    fv_model_free(model);
    return code;
}
