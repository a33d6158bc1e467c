/* WebP through libwebp: lossy and lossless, transparent pixels over white. The size comes before anything is allocated. */
#include "base/error.h"
#include "base/memory.h"
#include "image/grey.h"
#include "image/image.h"

#include <webp/decode.h>

enum { RGBA = 4 };

static fv_status fail(const char *name, fv_error *err)
{
    return fv_fail(err, FV_E_FORMAT, "%s: WebP is damaged or cut short", name);
}

static fv_status decode_transparent(const fv_host *host, const char *name, const uint8_t *data, size_t size,
                                    const fv_image *image, fv_error *err)
{
    const size_t pixels = image->height * image->width;
    uint8_t *rgba = fv_alloc(host, pixels, RGBA);
    fv_status status = FV_OK;

    if (!rgba)
        return fv_fail_memory(err, pixels * RGBA, name);
    if (WebPDecodeRGBAInto(data, size, rgba, pixels * RGBA, (int)(image->width * RGBA)))
        fv_over_white(rgba, pixels, 3, image->pixels);
    else
        status = fail(name, err);
    fv_release(host, rgba);
    return status;
}

fv_status fv_webp_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                         fv_error *err)
{
    WebPBitstreamFeatures features = {0};
    fv_status status;

    *out = (fv_image){0};
    if (WebPGetFeatures(data, size, &features) != VP8_STATUS_OK)
        return fail(name, err);
    if (features.has_animation)
        return fv_fail(err, FV_E_UNSUPPORTED, "%s: animated WebP, which is not read; save one of its pictures", name);
    status = fv_image_create(host, name, (size_t)features.height, (size_t)features.width, 3, out, err);
    if (status)
        return status;
    if (features.has_alpha)
        status = decode_transparent(host, name, data, size, out, err);
    else if (!WebPDecodeRGBInto(data, size, out->pixels, out->height * out->width * 3, features.width * 3))
        status = fail(name, err);
    if (status)
        fv_image_free(host, out);
    return status;
}
