/* PBM, PGM and PPM, plain (P1, P2, P3) and raw (P4, P5, P6), of 1, 8 and 16 bits: magic, width, height, largest value (not
 * of PBM, where 1 is black), then the samples in rows. Words stand between white space; '#' begins a comment up to the end
 * of its line (netpbm's pbm(5), pgm(5), ppm(5)). */
#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 65535, NUMBER_MAX = 1000000 };

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next byte, or 0 at the end without a failure. */
static uint8_t peek(const fv_cursor *c)
{
    return fv_cursor_left(c) ? c->data[c->at] : 0;
}

static void skip_space(fv_cursor *c)
{
    while (is_space(peek(c)) || peek(c) == '#') {
        const bool comment = peek(c) == '#';

        c->at++;
        while (comment && fv_cursor_left(c) && peek(c) != '\n' && peek(c) != '\r')
            c->at++;
    }
}

/* A decimal number; what is above NUMBER_MAX reads as something above it. False where no number stands. */
static bool number(fv_cursor *c, uint32_t *out)
{
    const size_t begin = (skip_space(c), c->at);

    for (*out = 0; peek(c) >= '0' && peek(c) <= '9'; c->at++)
        *out = *out > NUMBER_MAX ? *out : *out * 10 + (uint32_t)(peek(c) - '0');
    return c->at > begin;
}

typedef struct header {
    uint32_t width, height, largest;
    size_t channels;
    bool raw, bits; /* bits: a PBM */
} header;

static fv_status read_header(const char *name, fv_cursor *c, header *h, fv_error *err)
{
    static const char *const words[] = {"width", "height", "largest value"};
    uint32_t *const numbers[] = {&h->width, &h->height, &h->largest};
    const char kind = (char)c->data[1]; /* the caller saw the magic */

    h->channels = kind == '3' || kind == '6' ? 3 : 1;
    h->raw = kind >= '4';
    h->bits = kind == '1' || kind == '4';
    h->largest = 1;
    c->at = 2;
    for (size_t i = 0; i < (h->bits ? 2 : FV_COUNT(words)); i++)
        if (!number(c, numbers[i]))
            return fv_fail(err, FV_E_FORMAT, "%s: P%c picture has no %s at byte %zu of %zu", name, kind, words[i],
                           c->at, c->size);
    if (h->largest == 0 || h->largest > VALUE_MAX)
        return fv_fail(err, FV_E_FORMAT, "%s: P%c picture's largest value is %u, wanted 1 to %d", name, kind,
                       h->largest, VALUE_MAX);
    if (!is_space(peek(c)))
        return fv_fail(err, FV_E_FORMAT, "%s: P%c picture: no white space behind its header at byte %zu of %zu", name,
                       kind, c->at, c->size);
    c->at++;
    return FV_OK;
}

static fv_status too_short(const char *name, const fv_image *image, size_t wanted, size_t found, fv_error *err)
{
    return fv_fail(err, FV_E_FORMAT, "%s: picture of %zux%zux%zu is cut short: needs %zu bytes of samples, has %zu",
                   name, image->height, image->width, image->channels, wanted, found);
}

/* value of 0..largest as 0..255, rounded; read_header saw that largest is not 0. */
static inline uint8_t spread(uint32_t value, uint32_t largest)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
    return (uint8_t)((value * 255 + largest / 2) / largest);
}

static fv_status above(const char *name, uint32_t value, uint32_t largest, size_t i, fv_error *err)
{
    return fv_fail(err, FV_E_FORMAT, "%s: sample %zu is %u, above the largest value %u of the header", name, i, value,
                   largest);
}

static fv_status read_raw(const char *name, fv_cursor *c, uint32_t largest, fv_image *image, fv_error *err)
{
    const size_t n = image->height * image->width * image->channels, bytes = largest > 255 ? 2 : 1;
    const size_t left = fv_cursor_left(c);
    const uint8_t *p = fv_cursor_take(c, n * bytes);

    if (!p)
        return too_short(name, image, n * bytes, left, err);
    if (largest == 255) {
        memcpy(image->pixels, p, n);
        return FV_OK;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t value = bytes == 1 ? p[i] : (uint32_t)p[2 * i] << 8 | p[2 * i + 1];

        if (value > largest)
            return above(name, value, largest, i, err);
        image->pixels[i] = spread(value, largest);
    }
    return FV_OK;
}

static fv_status read_plain(const char *name, fv_cursor *c, uint32_t largest, fv_image *image, fv_error *err)
{
    const size_t n = image->height * image->width * image->channels;

    for (size_t i = 0; i < n; i++) {
        uint32_t value;

        if (!number(c, &value))
            return fv_fail(err, FV_E_FORMAT, "%s: picture of %zux%zux%zu: sample %zu of %zu is %s at byte %zu", name,
                           image->height, image->width, image->channels, i, n,
                           fv_cursor_left(c) ? "not a number" : "missing", c->at);
        if (value > largest)
            return above(name, value, largest, i, err);
        image->pixels[i] = spread(value, largest);
    }
    return FV_OK;
}

/* Rows of bits, each padded to a byte; 1 is black. */
static fv_status read_raw_bits(fv_cursor *c, fv_image *image)
{
    const size_t row_bytes = (image->width + 7) / 8;
    const uint8_t *p = fv_cursor_take(c, image->height * row_bytes); /* check_length saw that they are there */

    for (size_t y = 0; p && y < image->height; y++)
        for (size_t x = 0; x < image->width; x++)
            image->pixels[y * image->width + x] = p[y * row_bytes + x / 8] >> (7 - x % 8) & 1 ? 0 : 255;
    return FV_OK;
}

/* Digits 0 and 1, with or without white space between. */
static fv_status read_plain_bits(const char *name, fv_cursor *c, fv_image *image, fv_error *err)
{
    const size_t n = image->height * image->width;

    for (size_t i = 0; i < n; i++) {
        skip_space(c);
        if (peek(c) != '0' && peek(c) != '1')
            return fv_fail(err, FV_E_FORMAT, "%s: picture of %zux%zux1: bit %zu of %zu is %s at byte %zu", name,
                           image->height, image->width, i, n, fv_cursor_left(c) ? "not 0 or 1" : "missing", c->at);
        image->pixels[i] = c->data[c->at++] == '1' ? 0 : 255;
    }
    return FV_OK;
}

/* Do as many bytes follow as the samples need at least? A plain sample is a digit and a space, the last a digit. */
static fv_status check_length(const char *name, const fv_cursor *c, const header *h, fv_error *err)
{
    const fv_image size = {.height = h->height, .width = h->width, .channels = h->channels};
    const uint64_t n = (uint64_t)h->height * h->width * h->channels;
    const uint64_t least = h->bits && h->raw  ? (uint64_t)h->height * (((uint64_t)h->width + 7) / 8)
                           : h->bits          ? n
                           : !h->raw          ? 2 * n - (n > 0)
                           : h->largest > 255 ? 2 * n
                                              : n;

    return fv_cursor_left(c) < least ? too_short(name, &size, (size_t)least, fv_cursor_left(c), err) : FV_OK;
}

fv_status fv_pnm_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                        fv_error *err)
{
    fv_cursor c = {.data = data, .size = size};
    header h = {0};
    fv_status status = read_header(name, &c, &h, err);

    *out = (fv_image){0};
    if (!status)
        status = check_length(name, &c, &h, err);
    if (!status)
        status = fv_image_create(host, name, h.height, h.width, h.channels, out, err);
    if (status)
        return status;
    if (h.bits)
        status = h.raw ? read_raw_bits(&c, out) : read_plain_bits(name, &c, out, err);
    else
        status = h.raw ? read_raw(name, &c, h.largest, out, err) : read_plain(name, &c, h.largest, out, err);
    if (status)
        fv_image_free(host, out);
    return status;
}

fv_status fv_image_encode_pnm(const fv_host *host, const fv_image *image, uint8_t **data, size_t *size, fv_error *err)
{
    const size_t bytes = image->height * image->width * image->channels;
    char head[64];
    const int length = snprintf(head, sizeof head, "P%c\n%zu %zu\n255\n", image->channels == 1 ? '5' : '6',
                                image->width, image->height);

    *size = 0;
    *data = fv_alloc(host, (size_t)length + bytes, 1);
    if (!*data)
        return fv_fail_memory(err, (size_t)length + bytes, "a PGM or PPM");
    memcpy(*data, head, (size_t)length);
    memcpy(*data + length, image->pixels, bytes);
    *size = (size_t)length + bytes;
    return FV_OK;
}
