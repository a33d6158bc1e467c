/* Pixels to a net's input. Order: to grey where the net wants it, resize, cut, pad, scale; grey is replicated last. Values
 * are pixel * scale + shift in float, one multiplication and one addition. Padding is done on bytes, so that scaling is
 * one long loop. */
#include "image/prepare.h"
#include "base/error.h"
#include "image/grey.h"
#include "image/resize.h"

#include <string.h>

/* 48 values: a whole number of pixels of 1, 2, 3 or 4 channels, and of 16-byte vectors. */
enum { CHANNELS_MAX = 4, PERIOD = 48 };

static size_t round_up(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

/* Channels between the conversion to grey and the replication. */
static size_t inner_channels(const fv_preprocess *p, size_t channels)
{
    return channels < p->channels ? channels : p->channels;
}

/* Height and width after resizing. With `shorter` as torchvision's Resize does it, the longer side rounded down. */
static void resized_size(const fv_preprocess *p, size_t height, size_t width, size_t size[2])
{
    const size_t s = p->shorter;

    size[0] = s ? (height <= width ? s : s * height / width) : fv_preprocess_from_height(p);
    size[1] = s ? (width <= height ? s : s * width / height) : fv_preprocess_from_width(p);
}

fv_status fv_prepare_check(const fv_preprocess *p, size_t height, size_t width, size_t channels, fv_error *err)
{
    size_t size[2];

    if (p->channels == 0 || p->channels > CHANNELS_MAX)
        return fv_fail(err, FV_E_SHAPE, "input of %zu channels: pictures can become 1 to %d", p->channels,
                       CHANNELS_MAX);
    if (channels != p->channels && channels != 1 && !(channels == 3 && p->channels == 1))
        return fv_fail(err, FV_E_SHAPE, "pictures of %zu channels cannot become the net's input of %zu", channels,
                       p->channels);
    if (height == 0 || width == 0 || height > FV_SIDE_MAX || width > FV_SIDE_MAX)
        return fv_fail(err, FV_E_SHAPE, "pictures of %zux%zu pixels: 1 to %d a side are read", height, width,
                       FV_SIDE_MAX);
    if (p->height > FV_SIDE_MAX || p->width > FV_SIDE_MAX || p->pad > FV_SIDE_MAX || p->height <= 2 * p->pad ||
        p->width <= 2 * p->pad)
        return fv_fail(err, FV_E_SHAPE, "input of %zux%zu has no room for a picture within %zu pixels of padding",
                       p->height, p->width, p->pad);
    if (fv_preprocess_from_height(p) != p->height - 2 * p->pad || fv_preprocess_from_width(p) != p->width - 2 * p->pad)
        return fv_fail(err, FV_E_SHAPE,
                       "input of %zux%zu: a picture of %zux%zu and %zu pixels of padding do not fill it", p->height,
                       p->width, fv_preprocess_from_height(p), fv_preprocess_from_width(p), p->pad);
    if (p->shorter && (p->shorter < fv_preprocess_from_height(p) || p->shorter < fv_preprocess_from_width(p)))
        return fv_fail(err, FV_E_SHAPE, "a picture whose shorter side is %zu has no room for a cut of %zux%zu",
                       p->shorter, fv_preprocess_from_height(p), fv_preprocess_from_width(p));
    resized_size(p, height, width, size);
    if (size[0] > FV_SIDE_MAX || size[1] > FV_SIDE_MAX)
        return fv_fail(err, FV_E_SHAPE,
                       "pictures of %zux%zu pixels: %zux%zu once the shorter side is %zu; at most %d a side", height,
                       width, size[0], size[1], p->shorter, FV_SIDE_MAX);
    return FV_OK;
}

/* Scratch: the grey picture, the resized picture, what resizing works in, the cut and padded picture. */
typedef struct parts {
    size_t grey, resized, resize, placed;
    size_t size[2]; /* height and width after resizing */
} parts;

static parts measure(const fv_preprocess *p, size_t height, size_t width, size_t channels)
{
    const size_t inner = inner_channels(p, channels);
    parts sizes = {0};

    resized_size(p, height, width, sizes.size);
    if (inner < channels)
        sizes.grey = round_up(height * width);
    if (height != sizes.size[0] || width != sizes.size[1]) {
        sizes.resized = round_up(sizes.size[0] * sizes.size[1] * inner);
        sizes.resize = round_up(fv_resize_scratch(FV_BILINEAR, height, width, inner, sizes.size[0], sizes.size[1]));
    }
    if (sizes.size[0] != p->height || sizes.size[1] != p->width)
        sizes.placed = round_up(p->height * p->width * inner);
    return sizes;
}

size_t fv_prepare_scratch(const fv_preprocess *p, size_t height, size_t width, size_t channels)
{
    const parts sizes = measure(p, height, width, channels);

    return sizes.grey + sizes.resized + sizes.resize + sizes.placed;
}

/* What is cut off in front of the middle: half of what is too much. Half a pixel goes to the even number as in torchvision's
 * CenterCrop, or down. */
static size_t margin(const fv_preprocess *p, size_t much)
{
    return much / 2 + (!p->floor && much % 4 == 3);
}

void fv_prepare_window(const fv_preprocess *p, size_t height, size_t width, double window[4])
{
    const size_t input[] = {p->height, p->width}, picture[] = {height, width};
    size_t size[2];

    resized_size(p, height, width, size);
    for (size_t a = 0; a < 2; a++) {
        const double pixel = (double)picture[a] / (double)size[a]; /* one of the input's */

        window[a] = ((double)margin(p, size[a] - (input[a] - 2 * p->pad)) - (double)p->pad) * pixel;
        window[2 + a] = (double)input[a] * pixel;
    }
}

/* What is cut off in front: of the middle, or of a corner of the middle square, whose side is p->shorter. */
static size_t before(const fv_preprocess *p, int axis, size_t size, size_t cut)
{
    const bool far = axis == 0 ? p->corner > 2 : p->corner && p->corner % 2 == 0;

    return p->corner ? margin(p, size - p->shorter) + (far ? p->shorter - cut : 0) : margin(p, size - cut);
}

/* picture [size[0], size[1], inner], its middle of [height - 2 pad, width - 2 pad] -> out [height, width, inner] */
static void place(const fv_preprocess *p, const uint8_t *picture, const size_t size[2], size_t inner, uint8_t *out)
{
    const size_t rows = p->height - 2 * p->pad, columns = p->width - 2 * p->pad, side = p->pad * inner;
    const size_t stride = size[1] * inner, bytes = columns * inner;

    picture += before(p, 0, size[0], rows) * stride + before(p, 1, size[1], columns) * inner;
    if (p->pad)
        memset(out, 0, p->height * p->width * inner); /* one call costs less than the borders one by one */
    out += p->pad * p->width * inner + side;
    for (size_t y = 0; y < rows; y++)
        memcpy(out + y * (bytes + 2 * side), picture + y * stride, bytes);
}

/* n values of one channel: the loop that MNIST's samples run through. */
static void scale_one(const uint8_t *restrict pixels, float *restrict out, size_t n, float scale, float shift)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)pixels[i] * scale + shift;
}

/* n values of interleaved channels. */
static void scale_all(const fv_preprocess *p, const uint8_t *restrict pixels, float *restrict out, size_t n)
{
    const size_t whole = n - n % PERIOD;
    float scale[PERIOD], shift[PERIOD];

    for (size_t k = 0; k < PERIOD; k++) {
        scale[k] = p->scale[k % p->channels];
        shift[k] = p->shift[k % p->channels];
    }
    for (size_t i = 0; i < whole; i += PERIOD)
        for (size_t k = 0; k < PERIOD; k++)
            out[i + k] = (float)pixels[i + k] * scale[k] + shift[k];
    for (size_t i = whole; i < n; i++)
        out[i] = (float)pixels[i] * scale[i - whole] + shift[i - whole];
}

/* n grey pixels, each becomes all channels. */
static void scale_grey(const fv_preprocess *p, const uint8_t *pixels, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < p->channels; c++)
            *out++ = (float)pixels[i] * p->scale[c] + p->shift[c];
}

/* The bytes of the net's input; where they are not the picture itself they lie in scratch. */
static const uint8_t *shape(const fv_preprocess *p, const uint8_t *pixels, size_t height, size_t width, size_t channels,
                            uint8_t *scratch)
{
    const parts sizes = measure(p, height, width, channels);
    const size_t inner = inner_channels(p, channels);
    uint8_t *resized = scratch + sizes.grey, *placed = resized + sizes.resized + sizes.resize;

    if (sizes.grey) {
        fv_grey(pixels, height * width, scratch);
        pixels = scratch;
    }
    if (sizes.resized) {
        fv_resize(FV_BILINEAR, pixels, height, width, inner, resized, sizes.size[0], sizes.size[1],
                  resized + sizes.resized);
        pixels = resized;
    }
    if (sizes.placed) {
        place(p, pixels, sizes.size, inner, placed);
        pixels = placed;
    }
    return pixels;
}

void fv_prepare(const fv_preprocess *p, const uint8_t *pixels, size_t height, size_t width, size_t channels, float *out,
                void *scratch)
{
    const size_t n = p->height * p->width;

    if (scratch) /* NULL only where none is needed: the picture is the input */
        pixels = shape(p, pixels, height, width, channels, scratch);
    if (p->channels == 1)
        scale_one(pixels, out, n, p->scale[0], p->shift[0]);
    else if (channels == 1)
        scale_grey(p, pixels, out, n);
    else
        scale_all(p, pixels, out, n * p->channels);
}

void fv_prepare_bytes(const fv_preprocess *p, const uint8_t *pixels, size_t height, size_t width, size_t channels,
                      uint8_t *out, void *scratch)
{
    const size_t n = p->height * p->width, inner = inner_channels(p, channels);
    const uint8_t *shaped = shape(p, pixels, height, width, channels, scratch);

    if (inner == p->channels)
        memcpy(out, shaped, n * inner);
    else
        for (size_t i = 0; i < n * p->channels; i++)
            out[i] = shaped[i / p->channels];
}

fv_preprocess fv_prepare_flat(const fv_preprocess *p)
{
    fv_preprocess flat = *p;

    flat.from_height = flat.from_width = flat.shorter = flat.pad = 0;
    return flat;
}
