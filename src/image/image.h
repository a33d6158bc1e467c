/* Pictures: 8 bits a channel, grey or RGB, read from PNG, PGM and PPM, written as PNG, PGM and PPM. */
#ifndef FV_IMAGE_IMAGE_H
#define FV_IMAGE_IMAGE_H
#include "fovea/fovea.h"
#include "image/resize.h"

/* The most pixels of a picture that is read: no side is above FV_SIDE_MAX either. */
enum { FV_PIXELS_MAX = 178000000 };

typedef struct fv_image {
    size_t height, width, channels; /* channels: 1 = grey, 3 = RGB */
    uint8_t *pixels;                /* [height, width, channels] */
} fv_image;

/* Read a picture. Its first bytes tell what it is, not its name. Transparent pixels are laid over white; 16-bit samples
 * of a PNG keep their upper 8 bits, other depths are spread over 0..255. On failure *out is empty. */
fv_status fv_image_open(const fv_host *host, const char *path, fv_image *out, fv_error *err);

/* The same from memory; `name` is what messages call it. */
fv_status fv_image_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                          fv_error *err);

/* Allocate pixels of the given size, within the limits above. */
fv_status fv_image_create(const fv_host *host, const char *name, size_t height, size_t width, size_t channels,
                          fv_image *out, fv_error *err);

/* The picture as a file in memory: fv_release(host, *data). */
fv_status fv_image_encode_png(const fv_host *host, const fv_image *image, uint8_t **data, size_t *size, fv_error *err);
fv_status fv_image_encode_pnm(const fv_host *host, const fv_image *image, uint8_t **data, size_t *size, fv_error *err);

/* Free the pixels and empty the picture. */
void fv_image_free(const fv_host *host, fv_image *image);

/* One file a format: decode what begins with the format's magic. */
fv_status fv_png_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                        fv_error *err);
fv_status fv_pnm_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                        fv_error *err);

#endif
