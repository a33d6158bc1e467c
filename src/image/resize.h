/* Resizing with antialiasing, byte for byte as Pillow's Image.resize of 8-bit pictures. */
#ifndef FV_IMAGE_RESIZE_H
#define FV_IMAGE_RESIZE_H
#include "fovea/image.h"

/* Bytes that fv_resize works in; it needs them aligned to 8 bytes. */
size_t fv_resize_scratch(fv_resample how, size_t height, size_t width, size_t channels, size_t new_height,
                         size_t new_width);

/* in [height,width,channels] -> out [new_height,new_width,channels], all sides 1..FV_SIDE_MAX, 1 to 4 interleaved
 * channels. Cannot fail and allocates nothing; calls with different scratch may run at once. */
void fv_resize(fv_resample how, const uint8_t *in, size_t height, size_t width, size_t channels, uint8_t *out,
               size_t new_height, size_t new_width, void *scratch);

#endif
