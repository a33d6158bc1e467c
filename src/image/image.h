/* Pictures from inside: what the files of this room share beside the public header. */
#ifndef FV_IMAGE_IMAGE_H
#define FV_IMAGE_IMAGE_H
#include "fovea/image.h"
#include "image/resize.h"

/* Allocate pixels of the given size, within the limits of the public header. */
fv_status fv_image_create(const fv_host *host, const char *name, size_t height, size_t width, size_t channels,
                          fv_image *out, fv_error *err);

/* One file a format: decode what begins with the format's magic. */
typedef fv_status fv_decoder(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                             fv_error *err);
fv_decoder fv_bmp_decode, fv_gif_decode, fv_jpeg_decode, fv_png_decode, fv_pnm_decode, fv_tiff_decode, fv_webp_decode;

/* As fv_image_decode_as. damage: what a JPEG's decoder complained about though it gave pixels, "" = nothing. */
enum { FV_DAMAGE_TEXT = 200 };
fv_status fv_image_decode_noting(const fv_host *host, const char *name, const uint8_t *data, size_t size, unsigned how,
                                 fv_image *out, char damage[FV_DAMAGE_TEXT], fv_error *err);

/* The format that the bytes begin like, "JPEG"; NULL if it is none that we know. */
const char *fv_image_format(const uint8_t *data, size_t size);

/* The EXIF orientation of a JPEG, PNG, WebP or TIFF file: 1 to 8, 1 where it has none. */
unsigned fv_exif_orientation(const uint8_t *data, size_t size);

/* Bring the pixels of a picture stored with that orientation upright; on failure it is unchanged. */
fv_status fv_image_orient(const fv_host *host, const char *name, unsigned orientation, fv_image *image, fv_error *err);

#endif
