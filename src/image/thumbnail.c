#include "image/thumbnail.h"
#include "base/memory.h"
#include "image/image.h"
#include "image/jpeg.h"

enum { QUALITY = 80, WIDEST = 4 };

/* The picture in place of *image, no larger than height x 4 height. */
static fv_status shrink(fv_image *image, size_t height, fv_error *err)
{
    const size_t width = WIDEST * height;
    size_t h = image->height, w = image->width;
    fv_image small;
    fv_status status;

    if (h > height) {
        w = w * height / h;
        h = height;
    }
    if (w > width) {
        h = h * width / w;
        w = width;
    }
    if (h == image->height)
        return FV_OK;
    status = fv_image_resize(NULL, image, h ? h : 1, w ? w : 1, FV_BILINEAR, &small, err);
    if (status)
        return status;
    fv_image_free(NULL, image);
    *image = small;
    return FV_OK;
}

fv_status fv_thumbnail(const char *path, size_t height, fv_text *out, fv_error *err)
{
    fv_image image;
    uint8_t *data = NULL;
    size_t size = 0;
    fv_status status = fv_image_open(NULL, path, &image, err);

    if (!status)
        status = shrink(&image, height, err);
    if (!status)
        status = fv_jpeg_encode(NULL, &image, QUALITY, &data, &size, err);
    if (!status) {
        fv_text_print(out, "data:image/jpeg;base64,");
        fv_text_base64(out, data, size);
    }
    fv_release(NULL, data);
    fv_image_free(NULL, &image);
    return status;
}
