#include "cli/picture.h"
#include "base/file.h"
#include "base/npy.h"
#include "image/sheet.h"
#include <string.h>
#include <strings.h>

static const struct kind {
    const char *end;
    fv_status (*encode)(const fv_host *host, const fv_image *image, uint8_t **data, size_t *size, fv_error *err);
} kinds[] = {{".png", fv_image_encode_png}, {".ppm", fv_image_encode_pnm}, {".pgm", fv_image_encode_pnm}};

static bool ends_with(const char *path, const char *end)
{
    const size_t length = strlen(path), n = strlen(end);

    return length > n && strcasecmp(path + length - n, end) == 0;
}

static const struct kind *kind_of(const char *path)
{
    for (size_t i = 0; i < FV_COUNT(kinds); i++)
        if (ends_with(path, kinds[i].end))
            return &kinds[i];
    return NULL;
}

int fv_cli_picture_read(const fv_cli *cli, const char *path, bool exif, fv_image *out)
{
    fv_error err = {0};

    return fv_image_open_as(&cli->host, path, exif ? 0 : FV_IMAGE_AS_STORED, out, &err) ? fv_cli_fail(cli, &err)
                                                                                        : FV_EXIT_OK;
}

int fv_cli_picture_check(const fv_cli *cli, const char *path)
{
    return kind_of(path) ? FV_EXIT_OK : fv_cli_usage(cli, "%s: pictures are written as .png, .ppm and .pgm", path);
}

int fv_cli_picture_write(const fv_cli *cli, const char *path, const fv_image *image)
{
    fv_error err = {0};
    uint8_t *data;
    size_t size;
    fv_status status = kind_of(path)->encode(&cli->host, image, &data, &size, &err);

    if (!status)
        status = fv_file_replace(path, &(fv_piece){data, size}, 1, &err);
    fv_release(&cli->host, data);
    return status ? fv_cli_fail(cli, &err) : FV_EXIT_OK;
}

bool fv_cli_is_npy(const char *path)
{
    return ends_with(path, ".npy");
}

bool fv_cli_is_safetensors(const char *path)
{
    return ends_with(path, ".safetensors");
}

int fv_cli_maps_write(const fv_cli *cli, const char *path, const fv_maps *maps, size_t zoom)
{
    fv_error err = {0};
    fv_image sheet;
    int code;

    if (fv_cli_is_npy(path))
        return fv_npy_write(path, FV_NPY_F32, 3, (const size_t[]){maps->height, maps->width, maps->channels},
                            maps->values, &err)
                   ? fv_cli_fail(cli, &err)
                   : FV_EXIT_OK;
    if (fv_sheet_of_maps(&cli->host, maps, zoom, &sheet, &err))
        return fv_cli_fail(cli, &err);
    code = fv_cli_picture_write(cli, path, &sheet);
    fv_image_free(&cli->host, &sheet);
    return code;
}
