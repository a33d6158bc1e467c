/* PNG through libspng. The limits are set before anything is decoded; pixels come row by row, so that a small file
 * which claims a large picture costs its own pixels once and not a second copy at four bytes each. (Interlaced files
 * need the whole picture at once.) libspng and zlib allocate their row buffers with malloc: two rows at most. */
#include "base/error.h"
#include "base/memory.h"
#include "image/grey.h"
#include "image/image.h"

#include <spng.h>
#include <stdlib.h>
#include <string.h>

/* Text and colour profiles beyond this are refused: they say nothing about pixels. */
enum { CHUNK_LIMIT = 16 << 20, RGBA = 4 };

static fv_status fail(const char *name, int code, fv_error *err)
{
    if (code == SPNG_EMEM)
        return fv_fail(err, FV_E_MEMORY, "%s: no memory to decode the PNG", name);
    if (code == SPNG_IO_EOF || code == SPNG_EOF || code == SPNG_EIDAT_TOO_SHORT)
        return fv_fail(err, FV_E_FORMAT, "%s: PNG is cut short (%s)", name, spng_strerror(code));
    if (code == SPNG_ECHUNK_LIMITS)
        return fv_fail(err, FV_E_RANGE, "%s: PNG carries more than %d bytes of text or profiles; save it without them",
                       name, CHUNK_LIMIT);
    return fv_fail(err, FV_E_FORMAT, "%s: PNG is damaged (%s)", name, spng_strerror(code));
}

static fv_status decode_rows(spng_ctx *ctx, const fv_host *host, const char *name, bool interlaced, fv_image *image,
                             fv_error *err)
{
    const size_t row_bytes = image->width * RGBA, buffered = interlaced ? image->height : 1;
    uint8_t *rgba = fv_alloc(host, buffered, row_bytes);
    int code;

    if (!rgba)
        return fv_fail_memory(err, buffered * row_bytes, name);
    code = spng_decode_image(ctx, NULL, 0, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS | SPNG_DECODE_PROGRESSIVE);
    while (!code) {
        struct spng_row_info info;
        uint8_t *row;

        code = spng_get_row_info(ctx, &info);
        if (code)
            break;
        row = rgba + (interlaced ? info.row_num * row_bytes : 0);
        code = spng_decode_row(ctx, row, row_bytes);
        if (!interlaced && (!code || code == SPNG_EOI))
            fv_over_white(row, image->width, image->channels,
                          image->pixels + info.row_num * image->width * image->channels);
    }
    for (size_t y = 0; interlaced && code == SPNG_EOI && y < image->height; y++)
        fv_over_white(rgba + y * row_bytes, image->width, image->channels,
                      image->pixels + y * image->width * image->channels);
    fv_release(host, rgba);
    return code == SPNG_EOI ? FV_OK : fail(name, code, err);
}

fv_status fv_png_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                        fv_error *err)
{
    spng_ctx *ctx = spng_ctx_new(0);
    struct spng_ihdr header;
    fv_status status;
    int code;
    bool grey;

    *out = (fv_image){0};
    if (!ctx)
        return fail(name, SPNG_EMEM, err);
    code = spng_set_chunk_limits(ctx, CHUNK_LIMIT, CHUNK_LIMIT);
    if (!code)
        code = spng_set_png_buffer(ctx, data, size);
    if (!code)
        code = spng_get_ihdr(ctx, &header);
    if (code) {
        status = fail(name, code, err);
        goto done;
    }
    grey = header.color_type == SPNG_COLOR_TYPE_GRAYSCALE || header.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA;
    status = fv_image_create(host, name, header.height, header.width, grey ? 1 : 3, out, err);
    if (status)
        goto done;
    status = decode_rows(ctx, host, name, header.interlace_method != 0, out, err);
    if (status)
        fv_image_free(host, out);
done:
    spng_ctx_free(ctx);
    return status;
}

/* libspng's finished file, copied to the caller's memory. */
static fv_status take_png(spng_ctx *ctx, const fv_host *host, uint8_t **data, size_t *size, fv_error *err)
{
    int code = 0;
    void *png = spng_get_png_buffer(ctx, size, &code);

    if (!png)
        return fail("new picture", code, err);
    *data = fv_alloc(host, *size, 1);
    if (*data)
        memcpy(*data, png, *size);
    free(png);
    return *data ? FV_OK : fv_fail_memory(err, *size, "a PNG");
}

fv_status fv_image_encode_png(const fv_host *host, const fv_image *image, uint8_t **data, size_t *size, fv_error *err)
{
    struct spng_ihdr header = {.width = (uint32_t)image->width,
                               .height = (uint32_t)image->height,
                               .bit_depth = 8,
                               .color_type =
                                   image->channels == 1 ? SPNG_COLOR_TYPE_GRAYSCALE : SPNG_COLOR_TYPE_TRUECOLOR};
    const size_t bytes = image->height * image->width * image->channels;
    spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    fv_status status;
    int code;

    *data = NULL;
    *size = 0;
    if (!ctx)
        return fv_fail(err, FV_E_MEMORY, "no memory to encode a PNG");
    code = spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    if (!code)
        code = spng_set_ihdr(ctx, &header);
    if (!code)
        code = spng_encode_image(ctx, image->pixels, bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    status = code ? fv_fail(err, code == SPNG_EMEM ? FV_E_MEMORY : FV_E_ARGUMENT,
                            "cannot encode a picture of %zux%zux%zu as PNG (%s)", image->height, image->width,
                            image->channels, spng_strerror(code))
                  : take_png(ctx, host, data, size, err);
    spng_ctx_free(ctx);
    return status;
}
