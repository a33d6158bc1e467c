/* TIFF through libtiff: the first picture of the file, of any kind that its RGBA interface knows, over white. Messages go
 * to this call's own handler, so nothing of the process is touched; what libtiff may allocate at once is bounded. */
#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"

#include <stdio.h>
#include <string.h>
#include <tiffio.h>

/* The file as libtiff sees it, and the first thing it said. */
typedef struct source {
    const uint8_t *data;
    size_t size, at;
    char message[256];
} source;

static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t n)
{
    source *s = handle;
    const size_t left = s->size - s->at, bytes = (size_t)n < left ? (size_t)n : left;

    memcpy(to, s->data + s->at, bytes);
    s->at += bytes;
    return (tmsize_t)bytes;
}

static tmsize_t write_bytes(thandle_t handle, void *from, tmsize_t n)
{
    (void)handle, (void)from, (void)n;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence)
{
    source *s = handle;
    const toff_t base = whence == SEEK_CUR ? s->at : whence == SEEK_END ? s->size : 0;
    const toff_t to = base + offset; /* modulo 2^64: steps back are large numbers */

    s->at = to > s->size ? s->size : (size_t)to;
    return to;
}

static int close_nothing(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t length(thandle_t handle)
{
    const source *s = handle;

    return s->size;
}

static int keep_message(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    source *s = user;

    (void)tiff, (void)module;
    if (!*s->message)
        vsnprintf(s->message, sizeof s->message, format, args);
    return 1;
}

static int drop_message(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    (void)tiff, (void)user, (void)module, (void)format, (void)args;
    return 1;
}

static TIFF *open_tiff(source *s, const char *name)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    TIFF *tiff;

    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep_message, s);
    TIFFOpenOptionsSetWarningHandlerExtR(options, drop_message, s);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)FV_PIXELS_MAX * 4);
    tiff = TIFFClientOpenExt(name, "rm", s, read_bytes, write_bytes, seek, close_nothing, length, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

/* Raster to pixels. libtiff has multiplied colours with alpha: over white is one addition more. */
static void flatten(const uint32_t *raster, const fv_image *image)
{
    for (size_t i = 0; i < image->height * image->width; i++) {
        const uint32_t v = raster[i], white = 255 - TIFFGetA(v);
        const uint32_t rgb[3] = {TIFFGetR(v) + white, TIFFGetG(v) + white, TIFFGetB(v) + white};

        for (size_t c = 0; c < image->channels; c++)
            /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): pictures have 1 or 3 channels */
            image->pixels[i * image->channels + c] = (uint8_t)(rgb[c] > 255 ? 255 : rgb[c]);
    }
}

static fv_status read_pixels(TIFFRGBAImage *reader, const fv_host *host, const char *name, const source *s,
                             const fv_image *image, fv_error *err)
{
    const size_t pixels = image->height * image->width;
    uint32_t *raster = fv_alloc(host, pixels, sizeof *raster);
    fv_status status = FV_OK;

    if (!raster)
        return fv_fail_memory(err, pixels * sizeof *raster, name);
    reader->req_orientation = reader->orientation; /* as stored: turning is done for all formats alike */
    if (TIFFRGBAImageGet(reader, raster, (uint32_t)image->width, (uint32_t)image->height))
        flatten(raster, image);
    else
        status = fv_fail(err, FV_E_FORMAT, "%s: TIFF is damaged or cut short (%s)", name, s->message);
    fv_release(host, raster);
    return status;
}

static bool is_grey(TIFF *tiff)
{
    uint16_t photometric = 0, samples = 1;

    return TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric) && photometric <= PHOTOMETRIC_MINISBLACK &&
           TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples) && samples == 1;
}

fv_status fv_tiff_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                         fv_error *err)
{
    source s = {.data = data, .size = size};
    TIFF *tiff = open_tiff(&s, name);
    TIFFRGBAImage reader;
    uint32_t width = 0, height = 0;
    char why[1024] = "";
    fv_status status;

    *out = (fv_image){0};
    if (!tiff)
        return fv_fail(err, FV_E_FORMAT, "%s: TIFF is damaged or cut short (%s)", name, s.message);
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    status = fv_image_create(host, name, height, width, is_grey(tiff) ? 1 : 3, out, err);
    if (status)
        goto done;
    if (TIFFRGBAImageOK(tiff, why) && TIFFRGBAImageBegin(&reader, tiff, 1, why)) {
        status = read_pixels(&reader, host, name, &s, out, err);
        TIFFRGBAImageEnd(&reader);
    } else {
        status = fv_fail(err, FV_E_UNSUPPORTED, "%s: TIFF of a kind that is not read (%.200s)", name, why);
    }
    if (status)
        fv_image_free(host, out);
done:
    TIFFClose(tiff);
    return status;
}
