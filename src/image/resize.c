/* Resizing as Pillow does it. Along an axis from n to m pixels, output i is centred on c = (i + 0.5) n / m and sums the
 * pixels j within S = max(n / m, 1) of it, with weights 1 - |j - c + 0.5| / S divided by their sum, as integers of 22
 * fraction bits. Horizontal first, rounded to 8 bits, then vertical; an axis that keeps its length is skipped. */
#include "image/resize.h"

#include <stdbool.h>
#include <string.h>

enum { FRACTION_BITS = 22 };

/* Outputs of one axis. Output i sums `taps` or fewer pixels from window[i].first. */
typedef struct window {
    uint32_t first, count;
} window;
typedef struct axis {
    size_t length, new_length, taps;
    window *windows;  /* [new_length] */
    int32_t *weights; /* [new_length, taps] */
} axis;

static double support_of(size_t length, size_t new_length)
{
    const double scale = (double)length / (double)new_length;

    return scale < 1 ? 1 : scale;
}

/* The most pixels within the support of one output; the support ends at most one pixel into both outer ones. */
static size_t taps_of(size_t length, size_t new_length)
{
    return 2 * ((size_t)support_of(length, new_length) + 1) + 1;
}

static size_t round_up(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

static size_t axis_bytes(size_t length, size_t new_length)
{
    if (length == new_length)
        return 0;
    return round_up(new_length * (sizeof(window) + taps_of(length, new_length) * sizeof(int32_t)));
}

static double triangle(double x)
{
    x = x < 0 ? -x : x;
    return x < 1 ? 1 - x : 0;
}

/* Weights of one output around `center`, in the order and precision of Pillow's precompute_coeffs. */
static void weigh(const axis *a, window *out, int32_t *weights, double center, double support)
{
    const double inverse = 1 / support;
    double first = (double)(int64_t)(center - support + 0.5), last = (double)(int64_t)(center + support + 0.5);
    double sum = 0;

    first = first < 0 ? 0 : first;
    last = last > (double)a->length ? (double)a->length : last;
    out->first = (uint32_t)first;
    out->count = (uint32_t)(last - first);
    for (uint32_t x = 0; x < out->count; x++)
        sum += triangle(((double)x + first - center + 0.5) * inverse);
    for (uint32_t x = 0; x < out->count; x++) {
        const double w = triangle(((double)x + first - center + 0.5) * inverse);

        weights[x] = (int32_t)(0.5 + (sum != 0 ? w / sum : w) * (1 << FRACTION_BITS));
    }
}

/* Lay the axis out at `at` and compute it; returns the end. */
static uint8_t *make_axis(axis *a, size_t length, size_t new_length, uint8_t *at)
{
    const double scale = (double)length / (double)new_length, support = support_of(length, new_length);

    *a = (axis){.length = length, .new_length = new_length, .taps = taps_of(length, new_length)};
    if (length == new_length)
        return at;
    a->windows = (window *)(void *)at;
    a->weights = (int32_t *)(void *)(a->windows + new_length);
    for (size_t i = 0; i < new_length; i++)
        weigh(a, a->windows + i, a->weights + i * a->taps, ((double)i + 0.5) * scale, support);
    return at + axis_bytes(length, new_length);
}

/* To 8 bits. No limit is needed: `taps` integers, each rounded by at most a half, miss 2^22 by at most taps / 2, and
 * 255 times that is below the half that sums begin with, as taps is at most FV_SIDE_MAX: 255 * 8192 < 2^21. */
static uint8_t narrow(uint32_t sum)
{
    return (uint8_t)(sum >> FRACTION_BITS);
}

static inline void row_of(const axis *a, const uint8_t *in, size_t channels, uint8_t *out)
{
    for (size_t i = 0; i < a->new_length; i++) {
        const window w = a->windows[i];
        const int32_t *weights = a->weights + i * a->taps;

        for (size_t c = 0; c < channels; c++) {
            const uint8_t *p = in + w.first * channels + c;
            uint32_t sum = 1u << (FRACTION_BITS - 1);

            for (uint32_t x = 0; x < w.count; x++)
                sum += p[x * channels] * (uint32_t)weights[x];
            out[i * channels + c] = narrow(sum);
        }
    }
}

/* in [rows,length,channels] -> out [rows,new_length,channels] */
static void horizontal(const axis *a, const uint8_t *in, size_t rows, size_t channels, uint8_t *out)
{
    for (size_t y = 0; y < rows; y++) {
        const uint8_t *row = in + y * a->length * channels;

        if (channels == 1) /* constants for the compiler */
            row_of(a, row, 1, out + y * a->new_length);
        else if (channels == 3)
            row_of(a, row, 3, out + y * a->new_length * 3);
        else
            row_of(a, row, channels, out + y * a->new_length * channels);
    }
}

/* in [length,row_bytes] -> out [new_length,row_bytes]; bytes of a row are taken in blocks that stay in registers. */
static void vertical(const axis *a, const uint8_t *in, size_t row_bytes, uint8_t *out)
{
    enum { BLOCK = 32 };

    for (size_t i = 0; i < a->new_length; i++) {
        const window w = a->windows[i];
        const int32_t *weights = a->weights + i * a->taps;

        for (size_t x = 0; x < row_bytes; x += BLOCK) {
            const size_t n = row_bytes - x < BLOCK ? row_bytes - x : BLOCK;
            uint32_t sum[BLOCK];

            for (size_t b = 0; b < BLOCK; b++)
                sum[b] = 1u << (FRACTION_BITS - 1);
            for (uint32_t y = 0; y < w.count; y++) {
                const uint8_t *row = in + (w.first + y) * row_bytes + x;

                for (size_t b = 0; b < n; b++)
                    sum[b] += row[b] * (uint32_t)weights[y];
            }
            for (size_t b = 0; b < n; b++)
                out[i * row_bytes + x + b] = narrow(sum[b]);
        }
    }
}

size_t fv_resize_scratch(size_t height, size_t width, size_t channels, size_t new_height, size_t new_width)
{
    const size_t between = width != new_width && height != new_height ? height * new_width * channels : 0;

    return axis_bytes(width, new_width) + axis_bytes(height, new_height) + between;
}

void fv_resize(const uint8_t *in, size_t height, size_t width, size_t channels, uint8_t *out, size_t new_height,
               size_t new_width, void *scratch)
{
    const bool across = width != new_width, down = height != new_height;
    axis columns, rows;
    uint8_t *between = make_axis(&columns, width, new_width, scratch);

    between = make_axis(&rows, height, new_height, between);
    if (!across && !down)
        memcpy(out, in, height * width * channels);
    if (across)
        horizontal(&columns, in, height, channels, down ? between : out);
    if (down)
        vertical(&rows, across ? between : in, new_width * channels, out);
}
