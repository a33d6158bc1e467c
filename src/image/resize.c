/* Resizing as Pillow does it. Along an axis from n to m pixels, with a filter f of support r, output i is centred on
 * c = (i + 0.5) n / m and sums the pixels j within S = r max(n / m, 1) of it, with weights f((j - c + 0.5) r / S) divided by
 * their sum, as integers of 22 fraction bits. Horizontal first, rounded to 8 bits, then vertical; an axis that keeps its
 * length is skipped. */
#include "image/resize.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { FRACTION_BITS = 22 };
#define PI 3.14159265358979323846

/* ---------------------------------------------------------------------------------------------- filters */

static double box(double x)
{
    return x > -0.5 && x <= 0.5 ? 1 : 0;
}

static double triangle(double x)
{
    x = x < 0 ? -x : x;
    return x < 1 ? 1 - x : 0;
}

/* R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -1/2. */
static double cubic(double x)
{
    const double a = -0.5;

    x = x < 0 ? -x : x;
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static double sinc(double x)
{
    return x == 0 ? 1 : sin(x * PI) / (x * PI);
}

static double lanczos(double x)
{
    return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

static const struct filter {
    double support;
    double (*at)(double x);
} filters[] = {
    [FV_BILINEAR] = {1, triangle}, [FV_BICUBIC] = {2, cubic}, [FV_BOX] = {0.5, box}, [FV_LANCZOS] = {3, lanczos}};

/* ---------------------------------------------------------------------------------------------- weights */

/* Outputs of one axis. Output i sums `taps` or fewer pixels from window[i].first. */
typedef struct window {
    uint32_t first, count;
} window;
typedef struct axis {
    size_t length, new_length, taps;
    window *windows;  /* [new_length] */
    int32_t *weights; /* [new_length, taps] */
} axis;

/* By how much the filter is widened: an output sees at least the pixels under it. */
static double widen(size_t length, size_t new_length)
{
    const double scale = (double)length / (double)new_length;

    return scale < 1 ? 1 : scale;
}

/* The most pixels within the support of one output; the support ends at most one pixel into both outer ones. */
static size_t taps_of(fv_resample how, size_t length, size_t new_length)
{
    return 2 * ((size_t)(filters[how].support * widen(length, new_length)) + 1) + 1;
}

static size_t round_up(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

static size_t axis_bytes(fv_resample how, size_t length, size_t new_length)
{
    if (length == new_length)
        return 0;
    return round_up(new_length * (sizeof(window) + taps_of(how, length, new_length) * sizeof(int32_t)));
}

/* Weights of one output around `center`, in the order and precision of Pillow's precompute_coeffs. */
static void weigh(const struct filter *f, const axis *a, window *out, int32_t *weights, double center, double wide)
{
    const double support = f->support * wide, inverse = 1 / wide;
    double first = (double)(int64_t)(center - support + 0.5), last = (double)(int64_t)(center + support + 0.5);
    double sum = 0;

    first = first < 0 ? 0 : first;
    last = last > (double)a->length ? (double)a->length : last;
    out->first = (uint32_t)first;
    out->count = (uint32_t)(last - first);
    for (uint32_t x = 0; x < out->count; x++)
        sum += f->at(((double)x + first - center + 0.5) * inverse);
    for (uint32_t x = 0; x < out->count; x++) {
        const double w = f->at(((double)x + first - center + 0.5) * inverse);
        const double scaled = (sum != 0 ? w / sum : w) * (1 << FRACTION_BITS);

        weights[x] = (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
}

/* Lay the axis out at `at` and compute it; returns the end. */
static uint8_t *make_axis(fv_resample how, axis *a, size_t length, size_t new_length, uint8_t *at)
{
    const double scale = (double)length / (double)new_length, wide = widen(length, new_length);

    *a = (axis){.length = length, .new_length = new_length, .taps = taps_of(how, length, new_length)};
    if (length == new_length)
        return at;
    a->windows = (window *)(void *)at;
    a->weights = (int32_t *)(void *)(a->windows + new_length);
    for (size_t i = 0; i < new_length; i++)
        weigh(&filters[how], a, a->windows + i, a->weights + i * a->taps, ((double)i + 0.5) * scale, wide);
    return at + axis_bytes(how, length, new_length);
}

/* ---------------------------------------------------------------------------------------------- pixels */

/* What a sum begins with, so that it is rounded, and the sum as 8 bits. It stays within 32 bits: the absolute values of a
 * pixel's weights add to less than 1.6 times 2^22. */
enum { HALF = 1 << (FRACTION_BITS - 1) };

static inline uint8_t narrow(int32_t sum)
{
    const int32_t v = sum >> FRACTION_BITS;

    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* Channels are a constant for the compiler; each has its own sum. */
static inline void row_of(const axis *a, const uint8_t *in, size_t channels, uint8_t *out)
{
    for (size_t i = 0; i < a->new_length; i++) {
        const window w = a->windows[i];
        const int32_t *weights = a->weights + i * a->taps;
        const uint8_t *p = in + w.first * channels;
        int32_t sum[4] = {HALF, HALF, HALF, HALF};

        for (uint32_t x = 0; x < w.count; x++)
            for (size_t c = 0; c < channels; c++)
                sum[c] += p[x * channels + c] * weights[x];
        for (size_t c = 0; c < channels; c++)
            out[i * channels + c] = narrow(sum[c]);
    }
}

/* in [rows,length,channels] -> out [rows,new_length,channels] */
static void horizontal(const axis *a, const uint8_t *in, size_t rows, size_t channels, uint8_t *out)
{
    for (size_t y = 0; y < rows; y++) {
        const uint8_t *row = in + y * a->length * channels;

        switch (channels) {
        case 1:
            row_of(a, row, 1, out + y * a->new_length);
            break;
        case 3:
            row_of(a, row, 3, out + y * a->new_length * 3);
            break;
        default:
            row_of(a, row, channels, out + y * a->new_length * channels);
        }
    }
}

/* n bytes of an output row; n is a constant for the compiler. Rows of the input are row_bytes apart. */
enum { BLOCK = 32 };

static inline void block_of(const uint8_t *in, size_t row_bytes, const int32_t *weights, uint32_t count, uint8_t *out,
                            size_t n)
{
    int32_t sum[BLOCK];

    for (size_t b = 0; b < n; b++)
        sum[b] = HALF;
    for (uint32_t y = 0; y < count; y++)
        for (size_t b = 0; b < n; b++)
            sum[b] += in[y * row_bytes + b] * weights[y];
    for (size_t b = 0; b < n; b++)
        out[b] = narrow(sum[b]);
}

/* in [length,row_bytes] -> out [new_length,row_bytes]; bytes of a row are taken in blocks that stay in registers. */
static void vertical(const axis *a, const uint8_t *in, size_t row_bytes, uint8_t *out)
{
    const size_t whole = row_bytes - row_bytes % BLOCK;

    for (size_t i = 0; i < a->new_length; i++) {
        const window w = a->windows[i];
        const int32_t *weights = a->weights + i * a->taps;
        const uint8_t *rows = in + w.first * row_bytes;

        for (size_t x = 0; x < whole; x += BLOCK)
            block_of(rows + x, row_bytes, weights, w.count, out + i * row_bytes + x, BLOCK);
        block_of(rows + whole, row_bytes, weights, w.count, out + i * row_bytes + whole, row_bytes - whole);
    }
}

size_t fv_resize_scratch(fv_resample how, size_t height, size_t width, size_t channels, size_t new_height,
                         size_t new_width)
{
    const size_t between = width != new_width && height != new_height ? height * new_width * channels : 0;

    return axis_bytes(how, width, new_width) + axis_bytes(how, height, new_height) + between;
}

void fv_resize(fv_resample how, const uint8_t *in, size_t height, size_t width, size_t channels, uint8_t *out,
               size_t new_height, size_t new_width, void *scratch)
{
    const bool across = width != new_width, down = height != new_height;
    axis columns, rows;
    uint8_t *between = make_axis(how, &columns, width, new_width, scratch);

    between = make_axis(how, &rows, height, new_height, between);
    if (!across && !down)
        memcpy(out, in, height * width * channels);
    if (across)
        horizontal(&columns, in, height, channels, down ? between : out);
    if (down)
        vertical(&rows, across ? between : in, new_width * channels, out);
}

fv_status fv_image_resize(const fv_host *host, const fv_image *image, size_t height, size_t width, fv_resample how,
                          fv_image *out, fv_error *err)
{
    void *scratch;
    size_t bytes;
    fv_status status;

    *out = (fv_image){0};
    if (how >= FV_COUNT(filters))
        return fv_fail(err, FV_E_ARGUMENT, "no way of resizing has number %d, there are %zu", (int)how,
                       FV_COUNT(filters));
    status = fv_image_create(host, "resized picture", height, width, image->channels, out, err);
    if (status)
        return status;
    bytes = fv_resize_scratch(how, image->height, image->width, image->channels, height, width);
    scratch = fv_alloc(host, bytes, 1);
    if (!scratch) {
        fv_image_free(host, out);
        return fv_fail_memory(err, bytes, "resizing a picture");
    }
    fv_resize(how, image->pixels, image->height, image->width, image->channels, out->pixels, height, width, scratch);
    fv_release(host, scratch);
    return FV_OK;
}
