/* Contact sheets: maps side by side as one picture. */
#ifndef FV_IMAGE_SHEET_H
#define FV_IMAGE_SHEET_H
#include "image/maps.h"

/* Every channel of `maps` as a grey picture, its smallest value black, its largest white, one flat map grey; from left to
 * right in about as many rows as columns, `zoom` times as large, white lines between. FV_E_RANGE if that is no picture that
 * can be written. */
fv_status fv_sheet_of_maps(const fv_host *host, const fv_maps *maps, size_t zoom, fv_image *out, fv_error *err);

/* Each of the `count` tiles of `values`, [height, width, channels] one after another in memory as a picture; all share one range. */
fv_status fv_sheet_of_tiles(const fv_host *host, const float *values, size_t count, size_t height, size_t width,
                            size_t channels, size_t zoom, fv_image *out, fv_error *err);

#endif
