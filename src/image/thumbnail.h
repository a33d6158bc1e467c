/* Small pictures for pages. */
#ifndef FV_IMAGE_THUMBNAIL_H
#define FV_IMAGE_THUMBNAIL_H
#include "base/text.h"

/* Print the picture at `path` as a "data:image/jpeg;base64,..." address, `height` pixels high or less and at most four
 * times as wide. Upright, never enlarged. */
fv_status fv_thumbnail(const char *path, size_t height, fv_text *out, fv_error *err);

#endif
