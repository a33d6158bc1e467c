/* EXIF orientation: how a camera was held. One number (tag 0x0112) in the first directory of a TIFF structure that lies
 * in a segment of a JPEG, in a chunk of a PNG or WebP, or is the file itself. Whatever is not as the standard says means 1:
 * a picture that can be read is not refused for what stands beside its pixels. (CIPA DC-008, JEITA CP-3451) */
#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"
#include "image/jpeg.h"

#include <string.h>

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY_BYTES = 12 };

/* A TIFF structure: byte order, 42, offset of a directory; there a count and entries of tag, type, count, value. */
static unsigned read_directory(const uint8_t *data, size_t size)
{
    fv_cursor c = {.data = data, .size = size};
    const uint8_t *order = fv_cursor_take(&c, 4);
    size_t offset, entries;
    bool little;

    if (!order || (memcmp(order, "II*\0", 4) != 0 && memcmp(order, "MM\0*", 4) != 0))
        return 1;
    little = order[0] == 'I';
    offset = little ? fv_cursor_le32(&c) : fv_cursor_be32(&c);
    if (c.failed || offset > size)
        return 1;
    c.at = offset;
    entries = little ? fv_cursor_le16(&c) : fv_cursor_be16(&c);
    for (size_t i = 0; i < entries; i++) {
        const uint8_t *entry = fv_cursor_take(&c, ENTRY_BYTES);
        fv_cursor e = {.data = entry, .size = ENTRY_BYTES};
        unsigned tag, type, value;

        if (!entry)
            return 1;
        tag = little ? fv_cursor_le16(&e) : fv_cursor_be16(&e);
        type = little ? fv_cursor_le16(&e) : fv_cursor_be16(&e);
        e.at += 4;
        value = little ? fv_cursor_le16(&e) : fv_cursor_be16(&e);
        if (tag == TAG_ORIENTATION)
            return type == TYPE_SHORT && value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

/* What stands in an APP1 segment or a WebP chunk: "Exif\0\0" may stand in front of the structure. */
static unsigned read_block(const uint8_t *data, size_t size)
{
    return size > 6 && memcmp(data, "Exif\0", 5) == 0 ? read_directory(data + 6, size - 6) : read_directory(data, size);
}

static unsigned of_jpeg(const uint8_t *data, size_t size)
{
    fv_cursor c = {.data = data, .size = size, .at = 2};
    const uint8_t *body;
    size_t length;
    unsigned marker;

    while ((marker = fv_jpeg_segment(&c, &body, &length)) && marker != FV_JPEG_SCAN)
        if (marker == FV_JPEG_APP1 && length > 6 && memcmp(body, "Exif\0", 5) == 0)
            return read_block(body, length);
    return 1;
}

/* Chunks of a PNG: length, name, that many bytes, checksum. */
static unsigned of_png(const uint8_t *data, size_t size)
{
    fv_cursor c = {.data = data, .size = size, .at = 8};

    while (!c.failed) {
        const size_t length = fv_cursor_be32(&c);
        const uint8_t *name = fv_cursor_take(&c, 4), *body = fv_cursor_take(&c, length);

        if (name && body && memcmp(name, "eXIf", 4) == 0)
            return read_block(body, length);
        fv_cursor_take(&c, 4);
    }
    return 1;
}

/* Chunks of a RIFF file: name, length, that many bytes, padded to an even number. */
static unsigned of_webp(const uint8_t *data, size_t size)
{
    fv_cursor c = {.data = data, .size = size};

    fv_cursor_take(&c, 12); /* RIFF, length, WEBP */
    while (!c.failed) {
        const uint8_t *name = fv_cursor_take(&c, 4);
        const size_t length = fv_cursor_le32(&c);
        const uint8_t *body = fv_cursor_take(&c, length);

        if (name && body && memcmp(name, "EXIF", 4) == 0)
            return read_block(body, length);
        fv_cursor_take(&c, length % 2);
    }
    return 1;
}

static const struct container {
    const char *magic;
    size_t length;
    unsigned (*orientation)(const uint8_t *data, size_t size);
} containers[] = {
    {"\xFF\xD8\xFF", 3, of_jpeg}, {"\x89PNG\r\n\x1A\n", 8, of_png}, {"RIFF", 4, of_webp},
    {"II*\0", 4, read_directory}, {"MM\0*", 4, read_directory},
};

unsigned fv_exif_orientation(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < FV_COUNT(containers); i++)
        if (size >= containers[i].length && memcmp(data, containers[i].magic, containers[i].length) == 0)
            return containers[i].orientation(data, size);
    return 1;
}

/* Where a pixel of the upright picture lies in the stored one: rows and columns exchanged first, then mirrored. */
static const struct turn {
    bool exchange, mirror_y, mirror_x;
} turns[9] = {
    [2] = {false, false, true}, [3] = {false, true, true}, [4] = {false, true, false}, [5] = {true, false, false},
    [6] = {true, true, false},  [7] = {true, true, true},  [8] = {true, false, true},
};

fv_status fv_image_orient(const fv_host *host, const char *name, unsigned orientation, fv_image *image, fv_error *err)
{
    const struct turn t = orientation > 8 ? turns[1] : turns[orientation];
    const size_t h = image->height, w = image->width, channels = image->channels;
    fv_image upright;
    fv_status status;

    if (!t.exchange && !t.mirror_y && !t.mirror_x)
        return FV_OK;
    status = fv_image_create(host, name, t.exchange ? w : h, t.exchange ? h : w, channels, &upright, err);
    if (status)
        return status;
    for (size_t y = 0; y < upright.height; y++)
        for (size_t x = 0; x < upright.width; x++) {
            const size_t row = t.exchange ? x : y, column = t.exchange ? y : x;
            const size_t from = (t.mirror_y ? h - 1 - row : row) * w + (t.mirror_x ? w - 1 - column : column);

            for (size_t c = 0; c < channels; c++)
                upright.pixels[(y * upright.width + x) * channels + c] = image->pixels[from * channels + c];
        }
    fv_image_free(host, image);
    *image = upright;
    return FV_OK;
}
