/* Pictures: which format do these bytes have, and what to say when it is none of ours. */
#include "image/image.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

/* The largest picture within the limits as a 16-bit PPM has 1.07 GB. */
static const size_t file_limit = (size_t)1 << 30;

typedef fv_status decoder(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                          fv_error *err);

/* What files begin with. A format without decoder is named in the message, for it is a picture all the same. */
static const struct format {
    const char *name;
    const char *magic;
    size_t length;
    decoder *decode;
} formats[] = {
    {"PNG", "\x89PNG\r\n\x1A\n", 8, fv_png_decode},
    {"PGM", "P2", 2, fv_pnm_decode},
    {"PPM", "P3", 2, fv_pnm_decode},
    {"PGM", "P5", 2, fv_pnm_decode},
    {"PPM", "P6", 2, fv_pnm_decode},
    {"JPEG", "\xFF\xD8\xFF", 3, NULL},
    {"GIF", "GIF8", 4, NULL},
    {"WebP", "RIFF", 4, NULL},
    {"BMP", "BM", 2, NULL},
    {"TIFF", "II*\0", 4, NULL},
    {"TIFF", "MM\0*", 4, NULL},
    {"PDF", "%PDF", 4, NULL},
    {"PBM", "P1", 2, NULL},
    {"PBM", "P4", 2, NULL},
};

/* The first bytes in hex, as many as tell a format. */
static const char *first_bytes(const uint8_t *data, size_t size, char out[32])
{
    const size_t n = size < 8 ? size : 8;

    for (size_t i = 0; i < n; i++)
        snprintf(out + (i ? 3 * i - 1 : 0), 4, i ? " %02X" : "%02X", data[i]);
    return out;
}

fv_status fv_image_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                          fv_error *err)
{
    char begin[32];

    *out = (fv_image){0};
    if (size == 0)
        return fv_fail(err, FV_E_FORMAT, "%s: is empty (0 bytes), not a picture", name);
    for (size_t i = 0; i < FV_COUNT(formats); i++) {
        if (size < formats[i].length || memcmp(data, formats[i].magic, formats[i].length) != 0)
            continue;
        if (formats[i].decode)
            return formats[i].decode(host, name, data, size, out, err);
        return fv_fail(err, FV_E_UNSUPPORTED,
                       "%s: seems to be %s, which Fovea does not read; convert it to PNG, PGM or PPM", name,
                       formats[i].name);
    }
    return fv_fail(err, FV_E_FORMAT, "%s: not a picture that Fovea reads (PNG, PGM, PPM): begins with %s", name,
                   first_bytes(data, size, begin));
}

fv_status fv_image_open(const fv_host *host, const char *path, fv_image *out, fv_error *err)
{
    uint8_t *data;
    size_t size;
    fv_status status = fv_file_read(host, path, file_limit, &data, &size, err);

    *out = (fv_image){0};
    if (status)
        return status;
    status = fv_image_decode(host, path, data, size, out, err);
    fv_release(host, data);
    return status;
}

fv_status fv_image_create(const fv_host *host, const char *name, size_t height, size_t width, size_t channels,
                          fv_image *out, fv_error *err)
{
    uint8_t *pixels;

    *out = (fv_image){0};
    if (height == 0 || width == 0)
        return fv_fail(err, FV_E_FORMAT, "%s: picture of %zux%zu pixels has nothing in it", name, height, width);
    if (height > FV_SIDE_MAX || width > FV_SIDE_MAX || height * width > FV_PIXELS_MAX)
        return fv_fail(err, FV_E_RANGE, "%s: picture of %zux%zu pixels; at most %d a side and %d in all are read", name,
                       height, width, FV_SIDE_MAX, FV_PIXELS_MAX);
    pixels = fv_alloc(host, height * width, channels);
    if (!pixels)
        return fv_fail_memory(err, height * width * channels, name);
    *out = (fv_image){.height = height, .width = width, .channels = channels, .pixels = pixels};
    return FV_OK;
}

void fv_image_free(const fv_host *host, fv_image *image)
{
    fv_release(host, image->pixels);
    *image = (fv_image){0};
}
