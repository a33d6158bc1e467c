/* Pixels to a net's input. Order: to the net's channels where that makes fewer of them, resize, pad, scale; grey is
 * replicated last. Values are pixel * scale + shift in float, one multiplication and one addition. */
#include "image/prepare.h"
#include "base/error.h"
#include "image/grey.h"
#include "image/resize.h"

enum { CHANNELS_MAX = 4 };

static size_t round_up(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

/* Channels between the conversion to grey and the replication. */
static size_t inner_channels(const fv_preprocess *p, size_t channels)
{
    return channels < p->channels ? channels : p->channels;
}

static bool is_resized(const fv_preprocess *p, size_t height, size_t width)
{
    return height != fv_preprocess_from_height(p) || width != fv_preprocess_from_width(p);
}

fv_status fv_prepare_check(const fv_preprocess *p, size_t height, size_t width, size_t channels, fv_error *err)
{
    if (p->channels == 0 || p->channels > CHANNELS_MAX)
        return fv_fail(err, FV_E_SHAPE, "input of %zu channels: pictures can become 1 to %d", p->channels, CHANNELS_MAX);
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
        return fv_fail(err, FV_E_SHAPE, "input of %zux%zu: a picture of %zux%zu and %zu pixels of padding do not fill it",
                       p->height, p->width, fv_preprocess_from_height(p), fv_preprocess_from_width(p), p->pad);
    return FV_OK;
}

/* Scratch: the grey picture, the resized picture, what resizing works in. */
typedef struct parts {
    size_t grey, resized, resize;
} parts;

static parts measure(const fv_preprocess *p, size_t height, size_t width, size_t channels)
{
    const size_t from_height = fv_preprocess_from_height(p), from_width = fv_preprocess_from_width(p);
    const size_t inner = inner_channels(p, channels);
    parts sizes = {0};

    if (inner < channels)
        sizes.grey = round_up(height * width);
    if (is_resized(p, height, width)) {
        sizes.resized = round_up(from_height * from_width * inner);
        sizes.resize = round_up(fv_resize_scratch(height, width, inner, from_height, from_width));
    }
    return sizes;
}

size_t fv_prepare_scratch(const fv_preprocess *p, size_t height, size_t width, size_t channels)
{
    const parts sizes = measure(p, height, width, channels);

    return sizes.grey + sizes.resized + sizes.resize;
}

/* Values of one channel: the loop that MNIST's samples run through. */
static inline void scale_one(const uint8_t *restrict pixels, float *restrict out, size_t n, float scale, float shift)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)pixels[i] * scale + shift;
}

static void scale_row(const fv_preprocess *p, const uint8_t *pixels, size_t width, size_t inner, float *out)
{
    const size_t channels = p->channels;

    for (size_t x = 0; x < width; x++)
        for (size_t c = 0; c < channels; c++)
            out[x * channels + c] =
                (float)pixels[inner == channels ? x * channels + c : x] * p->scale[c] + p->shift[c];
}

/* n padding pixels: 0 * scale + shift. */
static inline float *fill(const fv_preprocess *p, float *out, size_t n)
{
    const size_t channels = p->channels;

    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < channels; c++)
            out[i * channels + c] = p->shift[c];
    return out + n * channels;
}

/* pixels [height - 2 pad, width - 2 pad, inner] -> out. Padding that meets at a row's end is filled in one piece. */
static void pad_and_scale(const fv_preprocess *p, const uint8_t *pixels, size_t inner, float *out)
{
    const size_t pad = p->pad, rows = p->height - 2 * pad, width = p->width - 2 * pad;
    const size_t step = width * inner;

    if (p->channels == 1 && pad == 0) {
        scale_one(pixels, out, rows * width, p->scale[0], p->shift[0]);
        return;
    }
    out = fill(p, out, pad * p->width + pad);
    for (size_t y = 0; y < rows; y++) {
        if (p->channels == 1)
            scale_one(pixels + y * step, out, width, p->scale[0], p->shift[0]);
        else
            scale_row(p, pixels + y * step, width, inner, out);
        out = fill(p, out + width * p->channels, y + 1 < rows ? 2 * pad : pad + pad * p->width);
    }
}

void fv_prepare(const fv_preprocess *p, const uint8_t *pixels, size_t height, size_t width, size_t channels, float *out,
                void *scratch)
{
    const size_t inner = inner_channels(p, channels);

    if (inner < channels || is_resized(p, height, width)) {
        const parts sizes = measure(p, height, width, channels);
        uint8_t *grey = scratch, *resized = grey + sizes.grey; /* some of these bytes are needed: not NULL */

        if (inner < channels) {
            fv_grey(pixels, height * width, grey);
            pixels = grey;
        }
        if (sizes.resized) {
            fv_resize(pixels, height, width, inner, resized, fv_preprocess_from_height(p), fv_preprocess_from_width(p),
                      resized + sizes.resized);
            pixels = resized;
        }
    }
    pad_and_scale(p, pixels, inner, out);
}
