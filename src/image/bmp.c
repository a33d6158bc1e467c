/* BMP, of Windows and OS/2: 1, 4, 8 bits with a palette (4 and 8 also run-length encoded), 16, 24 and 32 bits, also with
 * masks that say which bits are which channel. Rows lie from the bottom up unless the height is negative, and are padded to
 * four bytes. Samples of n bits are spread over 0..255 by v 255 / (2^n - 1), cut, as Pillow does it. */
#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/grey.h"
#include "image/image.h"

#include <string.h>

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40, WITH_MASKS = 52, WITH_ALPHA = 56 };
enum { PLAIN = 0, RUNS_8 = 1, RUNS_4 = 2, MASKS = 3, JPEG_INSIDE = 4, PNG_INSIDE = 5, ALPHA_MASKS = 6 };

typedef struct bitmap {
    size_t width, height, stride; /* stride: bytes of a stored row */
    bool top_down, grey;          /* grey: all colours of the palette are */
    uint32_t bits, compression, colors;
    uint32_t mask[4];        /* red, green, blue, alpha; 0 = the picture has none */
    uint8_t palette[256][3]; /* RGB */
    const uint8_t *pixels;   /* as stored */
    size_t pixel_bytes;
} bitmap;

/* ---------------------------------------------------------------------------------------------- the header */

static bool known(const bitmap *b)
{
    switch (b->compression) {
    case PLAIN:
        return b->bits == 1 || b->bits == 4 || b->bits == 8 || b->bits == 16 || b->bits == 24 || b->bits == 32;
    case RUNS_8:
        return b->bits == 8 && !b->top_down;
    case RUNS_4:
        return b->bits == 4 && !b->top_down;
    case MASKS:
    case ALPHA_MASKS:
        return b->bits == 16 || b->bits == 32;
    default:
        return false;
    }
}

/* Masks stand behind a short header, or in a longer one at the same place; where the file says nothing, 16 bits are
 * 1-5-5-5 and 32 bits are 8 bits each and 8 that mean nothing. */
static void read_masks(bitmap *b, fv_cursor *c, size_t header_bytes)
{
    const bool alpha = b->compression == ALPHA_MASKS || header_bytes >= WITH_ALPHA;
    const bool given = b->compression == MASKS || b->compression == ALPHA_MASKS;

    if (!given && b->bits == 16)
        memcpy(b->mask, (uint32_t[4]){0x7C00, 0x03E0, 0x001F, 0}, sizeof b->mask);
    if (!given && b->bits == 32)
        memcpy(b->mask, (uint32_t[4]){0xFF0000, 0x00FF00, 0x0000FF, 0}, sizeof b->mask);
    for (size_t i = 0; given && i < (alpha ? 4u : 3u); i++)
        b->mask[i] = fv_cursor_le32(c);
    if (header_bytes > INFO_HEADER) {
        c->at = FILE_HEADER;
        fv_cursor_take(c, header_bytes);
    }
}

static void read_palette(bitmap *b, fv_cursor *c, size_t entry_bytes)
{
    const uint32_t most = 1u << b->bits;

    b->colors = b->colors == 0 || b->colors > most ? most : b->colors;
    b->grey = true;
    for (uint32_t i = 0; i < b->colors; i++) {
        const uint8_t *p = fv_cursor_take(c, entry_bytes);

        for (size_t k = 0; p && k < 3; k++)
            b->palette[i][k] = p[2 - k];
        b->grey = b->grey && p && p[0] == p[1] && p[1] == p[2];
    }
}

static void read_size(bitmap *b, fv_cursor *c, size_t header_bytes)
{
    if (header_bytes == CORE_HEADER) {
        b->width = fv_cursor_le16(c);
        b->height = fv_cursor_le16(c);
    } else {
        const uint32_t width = fv_cursor_le32(c), height = fv_cursor_le32(c);

        b->width = width > INT32_MAX ? 0 : width;
        b->top_down = height > INT32_MAX;
        b->height = b->top_down ? 0u - height : height;
    }
    fv_cursor_le16(c); /* planes */
    b->bits = fv_cursor_le16(c);
}

static fv_status read_header(bitmap *b, const char *name, const uint8_t *data, size_t size, fv_error *err)
{
    fv_cursor c = {.data = data, .size = size, .at = 2};
    size_t offset, header_bytes;

    fv_cursor_take(&c, 8); /* size of the file, two words of no meaning */
    offset = fv_cursor_le32(&c);
    header_bytes = fv_cursor_le32(&c);
    if (!c.failed && header_bytes != CORE_HEADER && (header_bytes < INFO_HEADER || header_bytes > 256))
        return fv_fail(err, FV_E_FORMAT, "%s: BMP header of %zu bytes, wanted 12 or 40 to 256", name, header_bytes);
    read_size(b, &c, header_bytes);
    if (header_bytes != CORE_HEADER) {
        b->compression = fv_cursor_le32(&c);
        fv_cursor_take(&c, 12); /* bytes of pixels, pixels a metre */
        b->colors = fv_cursor_le32(&c);
        fv_cursor_take(&c, 4); /* how many matter */
    }
    if (c.failed)
        return fv_fail(err, FV_E_FORMAT, "%s: BMP is cut short: its header needs more than %zu bytes", name, size);
    if (!known(b))
        return fv_fail(err, FV_E_UNSUPPORTED, "%s: BMP of %u bits a pixel, compression %u%s, which is not read", name,
                       b->bits, b->compression,
                       b->compression == JPEG_INSIDE  ? " (JPEG)"
                       : b->compression == PNG_INSIDE ? " (PNG)"
                                                      : "");
    read_masks(b, &c, header_bytes);
    if (b->bits <= 8)
        read_palette(b, &c, header_bytes == CORE_HEADER ? 3 : 4);
    if (c.failed || offset < c.at || offset > size)
        return fv_fail(err, FV_E_FORMAT,
                       "%s: BMP is damaged or cut short: pixels at byte %zu of %zu, its header ends at %zu", name,
                       offset, size, c.at);
    b->stride = (b->bits * b->width + 31) / 32 * 4;
    b->pixels = data + offset;
    b->pixel_bytes = size - offset;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------- pixels */

/* The row of the picture that is stored as number y. */
static uint8_t *row_at(const bitmap *b, const fv_image *image, size_t y)
{
    return image->pixels + (b->top_down ? y : b->height - 1 - y) * image->width * image->channels;
}

static inline void put_color(const bitmap *b, const fv_image *image, uint8_t *row, size_t x, unsigned color)
{
    memcpy(row + x * image->channels, b->palette[color], image->channels);
}

static void indexed_row(const bitmap *b, const fv_image *image, const uint8_t *in, uint8_t *row)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): known() lets 1, 4 and 8 through */
    const unsigned per_byte = 8 / b->bits, last = (1u << b->bits) - 1;

    for (size_t x = 0; x < b->width; x++) {
        const unsigned shift = (unsigned)(per_byte - 1 - x % per_byte) * b->bits;

        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the caller's file is there */
        put_color(b, image, row, x, in[x / per_byte] >> shift & last);
    }
}

/* The bits of a mask as 0..255; without a mask, `absent`. */
static inline uint8_t sample(uint32_t value, uint32_t mask, uint8_t absent)
{
    const uint32_t largest = mask ? mask >> __builtin_ctz(mask) : 0;

    return largest ? (uint8_t)((uint64_t)((value & mask) >> __builtin_ctz(mask)) * 255 / largest) : absent;
}

static void masked_row(const bitmap *b, const uint8_t *in, uint8_t *row)
{
    for (size_t x = 0; x < b->width; x++) {
        const uint8_t *p = in + x * b->bits / 8;
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as above */
        const uint32_t low = (uint32_t)p[1] << 8 | p[0];
        const uint32_t value = b->bits == 16 ? low : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | low;
        const uint8_t rgba[4] = {sample(value, b->mask[0], 0), sample(value, b->mask[1], 0),
                                 sample(value, b->mask[2], 0), sample(value, b->mask[3], 255)};

        fv_over_white(rgba, 1, 3, row + 3 * x);
    }
}

static void true_color_row(const bitmap *b, const uint8_t *in, uint8_t *row)
{
    for (size_t x = 0; x < b->width; x++)
        for (size_t k = 0; k < 3; k++)
            row[3 * x + k] = in[3 * x + 2 - k];
}

static fv_status too_short(const bitmap *b, const char *name, fv_error *err)
{
    return fv_fail(err, FV_E_FORMAT, "%s: BMP is cut short: picture of %zux%zu pixels, and %zu bytes for them", name,
                   b->height, b->width, b->pixel_bytes);
}

/* Rows as they are; the last one may lack its padding. */
static void plain_rows(const bitmap *b, const fv_image *image)
{
    for (size_t y = 0; y < b->height; y++) {
        const uint8_t *in = b->pixels + y * b->stride;
        uint8_t *row = row_at(b, image, y);

        if (b->bits <= 8)
            indexed_row(b, image, in, row);
        else if (b->bits == 24)
            true_color_row(b, in, row);
        else
            masked_row(b, in, row);
    }
}

/* Number k of colours packed in bytes: the upper half of a byte first. */
static inline unsigned color_at(const bitmap *b, const uint8_t *p, size_t k)
{
    return b->bits == 8 ? p[k] : p[k / 2] >> (k % 2 ? 0 : 4) & 15;
}

/* n colours from (x, y) on; `repeat`: two alternate, of the byte at p. What would leave the row is dropped. */
static void put_run(const bitmap *b, const fv_image *image, size_t x, size_t y, const uint8_t *p, size_t n, bool repeat)
{
    uint8_t *row = row_at(b, image, y);

    for (size_t k = 0; k < n && x + k < b->width; k++)
        put_color(b, image, row, x + k, color_at(b, p, !repeat ? k : b->bits == 8 ? 0 : k % 2));
}

/* Pairs of bytes: (n, colour) a run; (0, 0) the end of the row, (0, 1) of the picture, (0, 2) a step right and up, (0, n)
 * n colours as they are, padded to two bytes. What is never written is colour 0. */
static fv_status run_rows(const bitmap *b, const char *name, const fv_image *image, fv_error *err)
{
    fv_cursor c = {.data = b->pixels, .size = b->pixel_bytes};
    size_t x = 0, y = 0;

    for (size_t i = 0; i < b->height * b->width; i++)
        put_color(b, image, image->pixels, i, 0);
    while (y < b->height) {
        const uint8_t *pair = fv_cursor_take(&c, 2), *p;

        if (!pair)
            return too_short(b, name, err);
        if (pair[0]) {
            put_run(b, image, x, y, pair + 1, pair[0], true);
            x += pair[0];
        } else if (pair[1] == 0) {
            x = 0;
            y++;
        } else if (pair[1] == 1) {
            return FV_OK;
        } else if (!(p = fv_cursor_take(&c, pair[1] == 2 ? 2 : (pair[1] * b->bits + 15) / 16 * 2))) {
            return too_short(b, name, err);
        } else if (pair[1] == 2) {
            x += p[0];
            y += p[1];
        } else {
            put_run(b, image, x, y, p, pair[1], false);
            x += pair[1];
        }
    }
    return FV_OK;
}

fv_status fv_bmp_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                        fv_error *err)
{
    bitmap b = {0};
    fv_status status = read_header(&b, name, data, size, err);
    const bool runs = b.compression == RUNS_8 || b.compression == RUNS_4;

    *out = (fv_image){0};
    if (status)
        return status;
    if (!runs && b.height && b.width && b.height <= FV_SIDE_MAX && b.width <= FV_SIDE_MAX &&
        b.pixel_bytes < (b.height - 1) * b.stride + (b.bits * b.width + 7) / 8)
        return too_short(&b, name, err);
    status = fv_image_create(host, name, b.height, b.width, b.grey ? 1 : 3, out, err);
    if (status)
        return status;
    if (runs)
        status = run_rows(&b, name, out, err);
    else
        plain_rows(&b, out);
    if (status)
        fv_image_free(host, out);
    return status;
}
