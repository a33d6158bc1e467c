/* Random distortions. Crop and flip move whole pixels: He et al. 2015, section 4.2 (4 pixels for CIFAR). What the others,
 * made for digits, read is their result. For each pixel (y, x) of the result the source is sampled, bilinearly, at
 *
 *     center + M (y - center_y, x - center_x) - shift + alpha (G * u_y, G * u_x)
 *
 * where M undoes the rotation and the scaling, u is noise uniform in -1..1 a pixel and axis, and G a Gaussian of width
 * sigma, cut off at 3 sigma, applied along rows and columns; outside of the picture the noise is 0.
 * Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual document analysis",
 * ICDAR 2003 (alpha 34, sigma 4 for MNIST). */
#include "data/augment.h"
#include "base/error.h"
#include "base/random.h"

#include <math.h>
#include <string.h>

/* Random numbers of one sample: counter (sample, block) with 2^24 blocks of 8 numbers; block 0 is the affine part's, the
 * last one that of crop and flip. */
enum { SAMPLE_SHIFT = 24, NUMBERS_A_BLOCK = 8, SIDE_MAX = 4096, SIGMA_MAX = 64, LANES = 8, EDITS_MAX = 32 };

/* 128 bits: what every 64-bit x86 and ARM has. */
typedef float quad __attribute__((vector_size(4 * sizeof(float))));

static inline quad load(const float *p)
{
    quad v;

    memcpy(&v, p, sizeof v);
    return v;
}

fv_status fv_augment_check(const fv_augment *options, size_t height, size_t width, size_t channels, fv_error *err)
{
    const struct {
        const char *name;
        double value, largest;
    } ranges[] = {{"shift", options->shift, SIDE_MAX},
                  {"rotate", options->rotate, 180},
                  {"scale", options->scale, 0.9},
                  {"elastic alpha", options->alpha, 1e4},
                  {"elastic sigma", options->sigma, SIGMA_MAX},
                  {"resized-crop", options->resized_crop, 1},
                  {"jitter", options->jitter, 10},
                  {"hue", options->hue, 0.5},
                  {"lighting", options->lighting, 10},
                  {"randaugment", (double)options->randaugment, EDITS_MAX},
                  {"magnitude", (double)options->magnitude, FV_POLICY_BINS - 1},
                  {"erase", options->erase, 1},
                  {"mixup", options->mixup, 100},
                  {"cutmix", options->cutmix, 100}};
    const size_t side = height < width ? height : width;

    for (size_t i = 0; i < FV_COUNT(ranges); i++)
        if (!(ranges[i].value >= 0 && ranges[i].value <= (double)(float)ranges[i].largest))
            return fv_fail(err, FV_E_RANGE, "augment: %s is %g, wanted 0 to %g", ranges[i].name, ranges[i].value,
                           ranges[i].largest);
    if (options->alpha > 0 && !(options->sigma > 0))
        return fv_fail(err, FV_E_RANGE, "augment: elastic alpha is %g, but sigma is 0; wanted above 0, such as 4",
                       options->alpha);
    if (options->crop >= side)
        return fv_fail(err, FV_E_RANGE, "augment: crop is %zu, pictures are %zux%zu; wanted below %zu", options->crop,
                       height, width, side);
    if (height > SIDE_MAX || width > SIDE_MAX)
        return fv_fail(err, FV_E_RANGE, "augment: pictures of %zux%zu pixels; at most %d a side can be distorted",
                       height, width, SIDE_MAX);
    if (options->randaugment && options->trivial)
        return fv_fail(err, FV_E_RANGE, "augment: RandAugment and TrivialAugment at once; wanted one of them");
    if (fv_policy_any(options) && channels != 1 && channels != 3)
        return fv_fail(err, FV_E_SHAPE, "augment: pictures of %zu channels; colours are changed in those of 1 or 3",
                       channels);
    return FV_OK;
}

/* Those that sample between pixels. */
static bool distorts(const fv_augment *options)
{
    return options->shift > 0 || options->rotate > 0 || options->scale > 0 || options->alpha > 0;
}

bool fv_augment_picture(const fv_augment *options)
{
    return distorts(options) || options->crop || options->flip || fv_policy_any(options);
}

bool fv_augment_any(const fv_augment *options)
{
    return fv_augment_picture(options) || options->resized_crop > 0 || options->erase > 0 || fv_mix_any(options);
}

static size_t round_up(size_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}

static size_t radius_of(const fv_augment *options)
{
    return options->alpha > 0 ? (size_t)ceilf(3 * options->sigma) : 0;
}

/* Scratch, in floats: the Gaussian's right half; one row of noise between `radius` zeros; per axis the field smoothed
 * along rows, between `radius` rows of zeros, and one row of it smoothed along columns as well; and the source within a
 * frame of zeros, as bytes. Rows are whole vectors. */
typedef struct parts {
    size_t radius, stride;
    size_t weights, noise, field, frame;
} parts;

static parts measure(const fv_augment *options, size_t height, size_t width, size_t channels)
{
    parts p = {.radius = radius_of(options), .stride = round_up(width)};

    p.weights = round_up(p.radius + 1);
    p.noise = round_up(p.stride + 2 * p.radius);
    p.field = options->alpha > 0 ? (height + 2 * p.radius) * p.stride : 0;
    p.frame = round_up(((height + 3) * (width + 3) * channels + sizeof(float) - 1) / sizeof(float));
    return p;
}

size_t fv_augment_scratch(const fv_augment *options, size_t height, size_t width, size_t channels)
{
    const parts p = measure(options, height, width, channels);
    const size_t distorting = p.weights + p.noise + 2 * p.field + 2 * p.stride + p.frame;

    if (distorts(options))
        return distorting; /* its frame alone is larger than what edits need, which come behind */
    return fv_policy_any(options) ? p.frame : 0;
}

/* Weights i = 0..radius of a Gaussian whose 2 radius + 1 weights add to 1. */
static void gaussian(float sigma, size_t radius, float *w)
{
    float sum = 0;

    for (size_t i = 0; i <= radius; i++) {
        w[i] = expf(-0.5f * (float)(i * i) / (sigma * sigma));
        sum += i ? 2 * w[i] : w[i];
    }
    for (size_t i = 0; i <= radius; i++)
        w[i] /= sum;
}

/* What is drawn for one sample. */
typedef struct draw {
    uint64_t seed, first; /* first: counter of the sample's block 0 */
    uint32_t epoch;
} draw;

/* n (a multiple of 8) numbers uniform in -amplitude..amplitude from 16 random bits each, from block `block` on. */
static void uniform(const draw *d, uint64_t block, float amplitude, float *out, size_t n)
{
    const float unit = amplitude / 32768;

    for (size_t i = 0; i < n; i += NUMBERS_A_BLOCK) {
        uint32_t bits[4];

        fv_philox(d->seed, FV_STREAM_AUGMENT, d->epoch, d->first + block + i / NUMBERS_A_BLOCK, bits);
        for (size_t k = 0; k < 4; k++) {
            out[i + k] = ((float)(int32_t)(bits[k] & 0xFFFF) - 32767.5f) * unit;
            out[i + 4 + k] = ((float)(int32_t)(bits[k] >> 16) - 32767.5f) * unit;
        }
    }
}

/* out[0..7] = the Gaussian over the neighbours of p[0..7], which lie `step` apart. */
static inline void smooth(const float *w, size_t radius, const float *p, size_t step, float *out)
{
    quad low = load(p) * w[0], high = load(p + 4) * w[0];

    for (size_t i = 1; i <= radius; i++) {
        low += (load(p - i * step) + load(p + i * step)) * w[i];
        high += (load(p + 4 - i * step) + load(p + 4 + i * step)) * w[i];
    }
    memcpy(out, &low, sizeof low);
    memcpy(out + 4, &high, sizeof high);
}

/* Noise for rows 0..height-1 of one field, smoothed along rows. */
static void make_field(const draw *d, const parts *p, float amplitude, size_t height, size_t width, uint64_t block,
                       const float *weights, float *noise, float *field)
{
    const size_t margin = p->radius * p->stride;
    float *row = field + margin;

    memset(field, 0, margin * sizeof *field);
    memset(row + height * p->stride, 0, margin * sizeof *field);
    memset(noise, 0, p->radius * sizeof *noise);
    for (size_t y = 0; y < height; y++, row += p->stride, block += p->stride / NUMBERS_A_BLOCK) {
        uniform(d, block, amplitude, noise + p->radius, p->stride);
        memset(noise + p->radius + width, 0, (p->noise - p->radius - width) * sizeof *noise);
        for (size_t x = 0; x < p->stride; x += LANES)
            smooth(weights, p->radius, noise + p->radius + x, 1, row + x);
    }
}

/* Source position = offset + column * (x - center_x) + row * (y - center_y), along y and x. */
typedef struct affine {
    float offset[2], row[2], column[2];
} affine;

static affine draw_affine(const draw *d, const fv_augment *options, size_t height, size_t width)
{
    const float center[2] = {(float)(height - 1) / 2, (float)(width - 1) / 2};
    uint32_t bits[4];
    float u[4], sine, cosine;

    fv_philox(d->seed, FV_STREAM_AUGMENT, d->epoch, d->first, bits);
    for (size_t i = 0; i < 4; i++)
        u[i] = ((float)(int32_t)(bits[i] >> 9) - 4194303.5f) / 4194304; /* 23 bits: -1..1, exact */

    const float angle = options->rotate * u[2] * 0.017453292519943295f, factor = 1 / (1 + options->scale * u[3]);
    sine = sinf(angle) * factor;
    cosine = cosf(angle) * factor;
    return (affine){.offset = {center[0] - options->shift * u[0], center[1] - options->shift * u[1]},
                    .row = {cosine, -sine},
                    .column = {sine, cosine}};
}

/* Add the affine part to a row's displacements: positions in the frame, whose pixel (1, 1) is the source's (0, 0).
 * Positions are kept within -1..size, so that the four pixels around them lie in the frame. */
static void place(const affine *a, int axis, float from_center, float center_x, size_t size, float *position, size_t n)
{
    const float start = a->offset[axis] + a->row[axis] * from_center + 1, step = a->column[axis];
    const float last = (float)(size + 1);

    for (size_t x = 0; x < n; x++) {
        float s = position[x] + (start + step * ((float)(int32_t)x - center_x));

        s = s > 0 ? s : 0;
        position[x] = s < last ? s : last;
    }
}

static inline void sample_row(const uint8_t *frame, size_t width, size_t channels, const float *ys, const float *xs,
                              uint8_t *dst)
{
    const size_t stride = (width + 3) * channels;

    for (size_t x = 0; x < width; x++) {
        const int32_t iy = (int32_t)ys[x], ix = (int32_t)xs[x];
        const float fy = ys[x] - (float)iy, fx = xs[x] - (float)ix;
        const uint8_t *p = frame + (size_t)iy * stride + (size_t)ix * channels;

        for (size_t c = 0; c < channels; c++, p++) {
            const float top = (float)p[0] + fx * ((float)p[channels] - (float)p[0]);
            const float bottom = (float)p[stride] + fx * ((float)p[stride + channels] - (float)p[stride]);

            dst[x * channels + c] = (uint8_t)(top + fy * (bottom - top) + 0.5f);
        }
    }
}

/* out[x] = in[x + shift], mirrored first if `flip`; black where that is outside. One row of `width` pixels. */
static void copy_row(const uint8_t *in, uint8_t *out, size_t width, size_t channels, ptrdiff_t shift, bool flip)
{
    const size_t left = shift < 0 ? (size_t)-shift : 0, right = shift > 0 ? (size_t)shift : 0;
    const size_t n = width - left - right; /* pixels that are inside */

    memset(out, 0, left * channels);
    memset(out + (width - right) * channels, 0, right * channels);
    if (!flip)
        memcpy(out + left * channels, in + right * channels, n * channels);
    for (size_t i = 0; flip && i < n; i++)
        memcpy(out + (left + i) * channels, in + (width - 1 - right - i) * channels, channels);
}

/* The picture cropped and flipped, into rows of `stride` bytes. */
static void crop_and_flip(const draw *d, const fv_augment *options, const uint8_t *src, uint8_t *dst, size_t stride,
                          size_t height, size_t width, size_t channels)
{
    const ptrdiff_t crop = (ptrdiff_t)options->crop;
    ptrdiff_t shift[2];
    uint32_t bits[4];

    fv_philox(d->seed, FV_STREAM_AUGMENT, d->epoch, d->first + (1u << SAMPLE_SHIFT) - 1, bits);
    for (size_t axis = 0; axis < 2; axis++) /* -crop..crop, each as likely */
        shift[axis] = (ptrdiff_t)((uint64_t)bits[axis] * (uint64_t)(2 * crop + 1) >> 32) - crop;
    for (size_t y = 0; y < height; y++, dst += stride) {
        const size_t from = (size_t)((ptrdiff_t)y + shift[0]); /* above the picture: larger than any height */

        if (from < height)
            copy_row(src + from * width * channels, dst, width, channels, shift[1], options->flip && bits[2] >> 31);
        else
            memset(dst, 0, width * channels);
    }
}

static void distort(const draw *d, const fv_augment *options, const uint8_t *src, uint8_t *dst, size_t height,
                    size_t width, size_t channels, float *scratch)
{
    const parts p = measure(options, height, width, channels);
    const affine a = draw_affine(d, options, height, width);
    const float center_y = (float)(height - 1) / 2, center_x = (float)(width - 1) / 2;
    float *weights = scratch, *noise = weights + p.weights, *field[2] = {noise + p.noise, noise + p.noise + p.field};
    float *rows[2] = {field[1] + p.field, field[1] + p.field + p.stride};
    uint8_t *frame = (uint8_t *)(rows[1] + p.stride);
    const size_t frame_stride = (width + 3) * channels, blocks = height * p.stride / NUMBERS_A_BLOCK;

    memset(frame, 0, (height + 3) * frame_stride);
    crop_and_flip(d, options, src, frame + frame_stride + channels, frame_stride, height, width, channels);
    if (p.field) {
        gaussian(options->sigma, p.radius, weights);
        for (size_t axis = 0; axis < 2; axis++)
            make_field(d, &p, options->alpha, height, width, 1 + axis * blocks, weights, noise, field[axis]);
    }
    for (size_t y = 0; y < height; y++) {
        for (int axis = 0; axis < 2; axis++) {
            const float *middle = field[axis] + (p.radius + y) * p.stride;

            for (size_t x = 0; p.field && x < p.stride; x += LANES)
                smooth(weights, p.radius, middle + x, p.stride, rows[axis] + x);
            if (!p.field)
                memset(rows[axis], 0, p.stride * sizeof(float));
            place(&a, axis, (float)(int32_t)y - center_y, center_x, axis ? width : height, rows[axis], p.stride);
        }
        if (channels == 1) /* a constant for the compiler */
            sample_row(frame, width, 1, rows[0], rows[1], dst + y * width);
        else
            sample_row(frame, width, channels, rows[0], rows[1], dst + y * width * channels);
    }
}

void fv_augment_apply(const fv_augment *options, uint64_t seed, uint32_t epoch, uint64_t sample, const uint8_t *src,
                      uint8_t *dst, size_t height, size_t width, size_t channels, float *scratch)
{
    const draw d = {.seed = seed, .first = sample << SAMPLE_SHIFT, .epoch = epoch};

    if (distorts(options))
        distort(&d, options, src, dst, height, width, channels, scratch);
    else
        crop_and_flip(&d, options, src, dst, width * channels, height, width, channels);
    if (fv_policy_any(options))
        fv_policy_apply(options, seed, epoch, sample, dst, height, width, channels, (uint8_t *)scratch);
}
