/* Writing JPEG, and the segments of a JPEG in front of its first scan: FF, a marker, the length of what follows with the length itself. */
#ifndef FV_IMAGE_JPEG_H
#define FV_IMAGE_JPEG_H
#include "base/cursor.h"
#include "image/image.h"
#include <string.h>

enum {
    FV_JPEG_APP1 = 0xE1,
    FV_JPEG_SCAN = 0xDA,
    FV_JPEG_END = 0xD9,
    FV_JPEG_LONE = 0x01, /* this one and the eight restarts have no body */
    FV_JPEG_RESTART = 0xD0
};

/* The next marker, behind stray bytes and padding, as decoders look for it; 0 where there is none. */
static inline unsigned fv_jpeg_marker(fv_cursor *c)
{
    const uint8_t *at = c->data + c->at, *end = c->data + c->size;

    while (at && end - at > 1 && (at[0] != 0xFF || at[1] == 0xFF || at[1] == 0))
        at = memchr(at + 1, 0xFF, (size_t)(end - at) - 1);
    if (!at || end - at < 2)
        return 0;
    c->at = (size_t)(at - c->data) + 2;
    return at[1];
}

/* The marker of the next segment, and its body without the length. 0 where no segment stands. Begin at byte 2. */
static inline unsigned fv_jpeg_segment(fv_cursor *c, const uint8_t **body, size_t *length)
{
    const unsigned marker = fv_jpeg_marker(c);
    size_t bytes;

    *body = NULL;
    *length = 0;
    if (marker == FV_JPEG_END)
        return 0;
    if (!marker || marker == FV_JPEG_LONE || (marker & 0xF8) == FV_JPEG_RESTART)
        return marker;
    bytes = fv_cursor_be16(c);
    *body = bytes < 2 ? NULL : fv_cursor_take(c, bytes - 2);
    *length = *body ? bytes - 2 : 0;
    return *body ? marker : 0;
}

/* As fv_jpeg_decode, and as fv_image_decode_noting. */
fv_status fv_jpeg_decode_noting(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                                char damage[FV_DAMAGE_TEXT], fv_error *err);

/* The picture as a JPEG of this quality (1 to 100), its colours at half the resolution. fv_release it. */
fv_status fv_jpeg_encode(const fv_host *host, const fv_image *image, int quality, uint8_t **data, size_t *size,
                         fv_error *err);

#endif
