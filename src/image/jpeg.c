/* JPEG through TurboJPEG, with its accurate transform and smooth upsampling: the pixels that Pillow gives with the same
 * libjpeg-turbo. A damaged file gives pixels and a warning, as stray bytes between segments are common and harmless; a file
 * that ends before its last marker is refused. Grey stays grey; CMYK and YCCK come inverted, as Adobe writes them and as Pillow takes all of them. */
#include "image/jpeg.h"
#include "base/error.h"
#include "base/memory.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <turbojpeg.h>

enum { INKS = 4 };

/* Which of the library's complaints this is; it has no codes for them. */
static fv_status fail(tjhandle tj, const char *name, fv_error *err)
{
    const char *text = tjGetErrorStr2(tj);

    if (strstr(text, "precision"))
        return fv_fail(err, FV_E_UNSUPPORTED, "%s: JPEG of 12 bits a sample, 8 are read (%s)", name, text);
    if (strstr(text, "SOF type"))
        return fv_fail(err, FV_E_UNSUPPORTED, "%s: JPEG of a kind that is not read: lossless or hierarchical (%s)",
                       name, text);
    if (strstr(text, "nsufficient memory"))
        return fv_fail(err, FV_E_MEMORY, "%s: no memory to decode the JPEG", name);
    return fv_fail(err, FV_E_FORMAT, "%s: JPEG is damaged (%s)", name, text);
}

/* Does the end marker follow the first scan? It cannot stand within the data of a scan. */
static bool is_whole(const uint8_t *data, size_t size)
{
    fv_cursor c = {.data = data, .size = size, .at = 2};
    const uint8_t *body, *at;
    size_t length;
    unsigned marker;

    while ((marker = fv_jpeg_segment(&c, &body, &length)) && marker != FV_JPEG_SCAN)
        continue;
    for (at = data + c.at; marker && at; at++) {
        at = memchr(at, 0xFF, (size_t)(data + size - at));
        if (!at || data + size - at < 2)
            return false;
        if (at[1] == FV_JPEG_END)
            return true;
    }
    return false;
}

static fv_status decompress(tjhandle tj, const char *name, const uint8_t *data, size_t size, const fv_image *image,
                            int format, uint8_t *pixels, char *damage, fv_error *err)
{
    const int code = tjDecompress2(tj, data, (unsigned long)size, pixels, (int)image->width, 0, (int)image->height,
                                   format, TJFLAG_LIMITSCANS);

    if (code && tjGetErrorCode(tj) != TJERR_WARNING)
        return fail(tj, name, err);
    snprintf(damage, FV_DAMAGE_TEXT, "%s", code ? tjGetErrorStr2(tj) : "");
    return FV_OK;
}

/* a b / 255, rounded */
static inline int product(int a, int b)
{
    const int t = a * b + 128;

    return ((t >> 8) + t) >> 8;
}

/* Inverted inks [n,4] to RGB: R = 255 - K - C (255 - K), and likewise G and B. */
static void inks_to_rgb(const uint8_t *inks, size_t n, uint8_t *rgb)
{
    for (size_t i = 0; i < n; i++) {
        const int light = inks[INKS * i + 3]; /* 255 - K */

        for (size_t c = 0; c < 3; c++) {
            const int v = light - product(255 - inks[INKS * i + c], light);

            rgb[3 * i + c] = (uint8_t)(v < 0 ? 0 : v);
        }
    }
}

static fv_status decompress_inks(tjhandle tj, const fv_host *host, const char *name, const uint8_t *data, size_t size,
                                 const fv_image *image, char *damage, fv_error *err)
{
    const size_t pixels = image->height * image->width;
    uint8_t *inks = fv_alloc(host, pixels, INKS);
    fv_status status;

    if (!inks)
        return fv_fail_memory(err, pixels * INKS, name);
    status = decompress(tj, name, data, size, image, TJPF_CMYK, inks, damage, err);
    if (!status)
        inks_to_rgb(inks, pixels, image->pixels);
    fv_release(host, inks);
    return status;
}

/* Size and colours; a file whose subsampling has no name in TurboJPEG is decoded all the same. */
static fv_status read_header(tjhandle tj, const char *name, const uint8_t *data, size_t size, fv_image *header,
                             int *colors, fv_error *err)
{
    int width = 0, height = 0, subsampling = -1;

    *colors = -1;
    if (tjDecompressHeader3(tj, data, (unsigned long)size, &width, &height, &subsampling, colors) &&
        tjGetErrorCode(tj) != TJERR_WARNING && (width < 1 || height < 1 || *colors < 0 || subsampling >= 0))
        return fail(tj, name, err);
    if (!is_whole(data, size))
        return fv_fail(err, FV_E_FORMAT, "%s: JPEG is cut short: no end behind its %zu bytes", name, size);
    if (width < 1 || height < 1 || *colors < 0)
        return fv_fail(err, FV_E_FORMAT, "%s: JPEG is damaged: no size or no colours in its header", name);
    *header = (fv_image){.height = (size_t)height, .width = (size_t)width, .channels = *colors == TJCS_GRAY ? 1 : 3};
    return FV_OK;
}

fv_status fv_jpeg_decode_noting(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                                char damage[FV_DAMAGE_TEXT], fv_error *err)
{
    tjhandle tj = tjInitDecompress();
    fv_image header = {0};
    fv_status status;
    int colors;

    *out = (fv_image){0};
    *damage = 0;
    if (!tj)
        return fv_fail(err, FV_E_MEMORY, "%s: no memory to decode the JPEG", name);
    status = read_header(tj, name, data, size, &header, &colors, err);
    if (!status)
        status = fv_image_create(host, name, header.height, header.width, header.channels, out, err);
    if (status)
        goto done;
    if (colors == TJCS_CMYK || colors == TJCS_YCCK)
        status = decompress_inks(tj, host, name, data, size, out, damage, err);
    else
        status =
            decompress(tj, name, data, size, out, colors == TJCS_GRAY ? TJPF_GRAY : TJPF_RGB, out->pixels, damage, err);
    if (status)
        fv_image_free(host, out);
done:
    tjDestroy(tj);
    return status;
}

fv_status fv_jpeg_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                         fv_error *err)
{
    char damage[FV_DAMAGE_TEXT];

    return fv_jpeg_decode_noting(host, name, data, size, out, damage, err);
}

fv_status fv_jpeg_encode(const fv_host *host, const fv_image *image, int quality, uint8_t **data, size_t *size,
                         fv_error *err)
{
    const bool grey = image->channels == 1;
    const int subsampling = grey ? TJSAMP_GRAY : TJSAMP_420;
    const int width = (int)image->width, height = (int)image->height;
    tjhandle tj = tjInitCompress();
    unsigned long bytes = tjBufSize(width, height, subsampling);
    fv_status status = FV_OK;

    *size = 0;
    *data = tj ? fv_alloc(host, bytes, 1) : NULL;
    if (!*data)
        status = fv_fail(err, FV_E_MEMORY, "no memory to encode a JPEG");
    else if (tjCompress2(tj, image->pixels, width, 0, height, grey ? TJPF_GRAY : TJPF_RGB, data, &bytes, subsampling,
                         quality, TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT))
        status = fv_fail(err, FV_E_ARGUMENT, "cannot encode a picture of %zux%zux%zu as JPEG (%s)", image->height,
                         image->width, image->channels, tjGetErrorStr2(tj));
    else
        *size = bytes;
    if (tj)
        tjDestroy(tj);
    if (status) {
        fv_release(host, *data);
        *data = NULL;
    }
    return status;
}
