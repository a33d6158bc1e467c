/* Writing JPEG, and the segments of a JPEG in front of its first scan: FF, a marker, the length of what follows with the length itself. */
#ifndef FV_IMAGE_JPEG_H
#define FV_IMAGE_JPEG_H
#include "base/cursor.h"
#include "fovea/image.h"

enum {
    FV_JPEG_APP1 = 0xE1,
    FV_JPEG_SCAN = 0xDA,
    FV_JPEG_END = 0xD9,
    FV_JPEG_LONE = 0x01, /* this one and the eight restarts have no body */
    FV_JPEG_RESTART = 0xD0
};

/* The marker of the next segment, and its body without the length. 0 where no segment stands. Begin at byte 2. */
static inline unsigned fv_jpeg_segment(fv_cursor *c, const uint8_t **body, size_t *length)
{
    const uint8_t *mark = fv_cursor_take(c, 2);
    size_t bytes;

    *body = NULL;
    *length = 0;
    if (!mark || mark[0] != 0xFF)
        return 0;
    while (mark && mark[1] == 0xFF) /* padding */
        mark = fv_cursor_take(c, 1) ? mark + 1 : NULL;
    if (!mark || mark[1] == FV_JPEG_END)
        return 0;
    if (mark[1] == FV_JPEG_LONE || (mark[1] & 0xF8) == FV_JPEG_RESTART)
        return mark[1];
    bytes = fv_cursor_be16(c);
    *body = bytes < 2 ? NULL : fv_cursor_take(c, bytes - 2);
    *length = *body ? bytes - 2 : 0;
    return *body ? mark[1] : 0;
}

/* The picture as a JPEG of this quality (1 to 100), its colours at half the resolution. fv_release it. */
fv_status fv_jpeg_encode(const fv_host *host, const fv_image *image, int quality, uint8_t **data, size_t *size,
                         fv_error *err);

#endif
