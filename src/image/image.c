/* Pictures: which format do these bytes have, and what to say when it is none of ours. */
#include "image/image.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "image/jpeg.h"

#include <stdio.h>
#include <string.h>

/* The largest picture within the limits as a 16-bit PPM has 1.07 GB. */
static const size_t file_limit = (size_t)1 << 30;

/* What a build may leave out: the decoder, and how the list of formats goes on. */
#ifdef FV_WITH_WEBP
#define WEBP fv_webp_decode
#define WEBP_NAME ", WebP"
#else
#define WEBP NULL
#define WEBP_NAME ""
#endif
#ifdef FV_WITH_GIF
#define GIF fv_gif_decode
#define GIF_NAME ", GIF"
#else
#define GIF NULL
#define GIF_NAME ""
#endif
#ifdef FV_WITH_TIFF
#define TIFF fv_tiff_decode
#define TIFF_NAME ", TIFF"
#else
#define TIFF NULL
#define TIFF_NAME ""
#endif
#define FORMATS "JPEG, PNG, BMP, PNM" WEBP_NAME GIF_NAME TIFF_NAME

/* What files begin with: `magic`, and from byte `also_at` on `also`. A format without decoder is named in the message,
 * for it is a picture all the same. */
static const struct format {
    const char *name, *magic;
    size_t length;
    fv_decoder *decode;
    const char *also;
    size_t also_at;
} formats[] = {
    {"JPEG", "\xFF\xD8\xFF", 3, fv_jpeg_decode, "", 0},
    {"PNG", "\x89PNG\r\n\x1A\n", 8, fv_png_decode, "", 0},
    {"PBM", "P1", 2, fv_pnm_decode, "", 0},
    {"PGM", "P2", 2, fv_pnm_decode, "", 0},
    {"PPM", "P3", 2, fv_pnm_decode, "", 0},
    {"PBM", "P4", 2, fv_pnm_decode, "", 0},
    {"PGM", "P5", 2, fv_pnm_decode, "", 0},
    {"PPM", "P6", 2, fv_pnm_decode, "", 0},
    {"BMP", "BM", 2, fv_bmp_decode, "", 0},
    {"WebP", "RIFF", 4, WEBP, "WEBP", 8},
    {"GIF", "GIF87a", 6, GIF, "", 0},
    {"GIF", "GIF89a", 6, GIF, "", 0},
    {"TIFF", "II*\0", 4, TIFF, "", 0},
    {"TIFF", "MM\0*", 4, TIFF, "", 0},
    {"TIFF of more than 4 GB", "II+\0", 4, NULL, "", 0},
    {"PDF", "%PDF", 4, NULL, "", 0},
    {"PAM", "P7", 2, NULL, "", 0},
    {"HEIC or AVIF", "\0\0\0", 3, NULL, "ftyp", 4},
    {"JPEG XL", "\xFF\x0A", 2, NULL, "", 0},
};

static bool begins(const struct format *f, const uint8_t *data, size_t size)
{
    const size_t also = strlen(f->also);

    return size >= f->length && memcmp(data, f->magic, f->length) == 0 && size >= f->also_at + also &&
           memcmp(data + f->also_at, f->also, also) == 0;
}

static const struct format *format_of(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < FV_COUNT(formats); i++)
        if (begins(&formats[i], data, size))
            return &formats[i];
    return NULL;
}

const char *fv_image_format(const uint8_t *data, size_t size)
{
    const struct format *f = format_of(data, size);

    return f ? f->name : NULL;
}

const char *fv_image_formats(void)
{
    return FORMATS;
}

/* The first bytes in hex, as many as tell a format. */
static const char *first_bytes(const uint8_t *data, size_t size, char out[32])
{
    const size_t n = size < 8 ? size : 8;

    for (size_t i = 0; i < n; i++)
        snprintf(out + (i ? 3 * i - 1 : 0), 4, i ? " %02X" : "%02X", data[i]);
    return out;
}

static fv_status decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                        char *damage, fv_error *err)
{
    const struct format *f = format_of(data, size);
    char begin[32];

    if (size == 0)
        return fv_fail(err, FV_E_FORMAT, "%s: is empty (0 bytes), not a picture", name);
    if (f && f->decode == fv_jpeg_decode)
        return fv_jpeg_decode_noting(host, name, data, size, out, damage, err);
    if (f && f->decode)
        return f->decode(host, name, data, size, out, err);
    if (f)
        return fv_fail(err, FV_E_UNSUPPORTED,
                       "%s: seems to be %s, which is not read here (" FORMATS " are); convert it", name, f->name);
    return fv_fail(err, FV_E_FORMAT, "%s: not a picture that Fovea reads (" FORMATS "): begins with %s", name,
                   first_bytes(data, size, begin));
}

fv_status fv_image_decode_noting(const fv_host *host, const char *name, const uint8_t *data, size_t size, unsigned how,
                                 fv_image *out, char damage[FV_DAMAGE_TEXT], fv_error *err)
{
    fv_status status;

    *out = (fv_image){0};
    *damage = 0;
    if (how & ~(unsigned)FV_IMAGE_AS_STORED)
        return fv_fail(err, FV_E_ARGUMENT, "%s: cannot be read as %#x says, which has unknown bits", name, how);
    status = decode(host, name, data, size, out, damage, err);
    if (!status && !(how & FV_IMAGE_AS_STORED))
        status = fv_image_orient(host, name, fv_exif_orientation(data, size), out, err);
    if (status)
        fv_image_free(host, out);
    return status;
}

fv_status fv_image_decode_as(const fv_host *host, const char *name, const uint8_t *data, size_t size, unsigned how,
                             fv_image *out, fv_error *err)
{
    char damage[FV_DAMAGE_TEXT];

    return fv_image_decode_noting(host, name, data, size, how, out, damage, err);
}

fv_status fv_image_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                          fv_error *err)
{
    return fv_image_decode_as(host, name, data, size, 0, out, err);
}

fv_status fv_image_open_as(const fv_host *host, const char *path, unsigned how, fv_image *out, fv_error *err)
{
    uint8_t *data;
    size_t size;
    fv_status status = fv_file_read(host, path, file_limit, &data, &size, err);

    *out = (fv_image){0};
    if (status)
        return status;
    status = fv_image_decode_as(host, path, data, size, how, out, err);
    fv_release(host, data);
    return status;
}

fv_status fv_image_open(const fv_host *host, const char *path, fv_image *out, fv_error *err)
{
    return fv_image_open_as(host, path, 0, out, err);
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
