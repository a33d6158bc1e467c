/* Reading every picture once, before any work: a file that cannot be decoded is found now, not hours into training. */
#include "base/error.h"
#include "base/file.h"
#include "data/pictures.h"
#include "image/grey.h"
#include "image/image.h"
#include "run/pool.h"

#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* As fv_image_open reads them. */
enum { FILE_MAX = 1 << 30 };
enum { LOOK_ROWS = 16, LOOK_COLUMNS = 16, CHUNKS_MAX = 4096 };

/* Of pictures larger than this the look is taken from every k-th pixel, which the hash does not notice. */
enum { LOOK_PIXELS = 1 << 20 };

typedef struct probing {
    fv_pictures *pictures;
    fv_error *errors; /* [count]; code FV_OK = readable */
    bool decode;
} probing;

static void look_at(fv_picture *p, const uint8_t *grey, size_t height, size_t width, void *scratch)
{
    uint8_t small[LOOK_ROWS * (LOOK_COLUMNS + 1)];

    fv_resize(FV_BILINEAR, grey, height, width, 1, small, LOOK_ROWS, LOOK_COLUMNS + 1, scratch);
    for (size_t y = 0; y < LOOK_ROWS; y++)
        for (size_t x = 0; x < LOOK_COLUMNS; x++) {
            const uint8_t *at = small + y * (LOOK_COLUMNS + 1) + x;

            p->look[y / 4] |= (uint64_t)(at[0] > at[1]) << ((y % 4) * LOOK_COLUMNS + x);
        }
}

static bool is_grey(const fv_image *image)
{
    const size_t n = image->height * image->width;

    for (size_t i = 0; image->channels == 3 && i < n; i++) {
        const uint8_t *p = image->pixels + 3 * i;
        const int a = p[0] - p[1], b = p[1] - p[2];

        if (a > 3 || a < -3 || b > 3 || b < -3)
            return false;
    }
    return image->channels == 3;
}

/* Whatever the light is, the mean colour of a photo stays: a second sign beside the look. */
static void measure_cast(fv_picture *p, const fv_image *image)
{
    const size_t n = image->height * image->width;
    int64_t red = 0, blue = 0;

    for (size_t i = 0; image->channels == 3 && i < n; i++) {
        const uint8_t *rgb = image->pixels + 3 * i;

        red += rgb[0] - rgb[1];
        blue += rgb[2] - rgb[1];
    }
    p->cast[0] = (int16_t)(red / (int64_t)n);
    p->cast[1] = (int16_t)(blue / (int64_t)n);
}

/* The brightness that a share of the pixels does not exceed. */
static uint8_t quantile(const size_t counts[256], size_t pixels, double share)
{
    const size_t wanted = (size_t)((double)(pixels - 1) * share) + 1;
    size_t seen = counts[0];
    uint8_t v = 0;

    while (seen < wanted)
        seen += counts[++v];
    return v;
}

/* Grey pixels in place of the picture's, at most LOOK_PIXELS of them, and what they tell. */
static fv_status measure(fv_picture *p, fv_image *image, fv_error *err)
{
    const size_t pixels = image->height * image->width;
    size_t step = 1, height, width, counts[256] = {0};
    void *scratch;

    p->height = (uint32_t)image->height;
    p->width = (uint32_t)image->width;
    p->channels = (uint8_t)image->channels;
    p->grey = is_grey(image);
    measure_cast(p, image);
    if (image->channels == 3)
        fv_grey(image->pixels, pixels, image->pixels);
    while (pixels / (step * step) > LOOK_PIXELS && step < image->height && step < image->width)
        step++;
    height = image->height / step;
    width = image->width / step;
    for (size_t y = 0; step > 1 && y < height; y++)
        for (size_t x = 0; x < width; x++)
            image->pixels[y * width + x] = image->pixels[y * step * image->width + x * step];
    for (size_t i = 0; i < height * width; i++)
        counts[image->pixels[i]]++;
    p->low = quantile(counts, height * width, .01);
    p->high = quantile(counts, height * width, .99);
    scratch = fv_alloc(NULL, fv_resize_scratch(FV_BILINEAR, height, width, 1, LOOK_ROWS, LOOK_COLUMNS + 1), 1);
    if (!scratch)
        return fv_fail_memory(err, height * width, p->path);
    look_at(p, image->pixels, height, width, scratch);
    fv_release(NULL, scratch);
    return FV_OK;
}

/* Threads allocate with the C library's allocator: the host's belongs to the caller's thread. */
fv_status fv_picture_look(fv_picture *p, const uint8_t *data, size_t size, fv_error *err)
{
    fv_image image;
    char damage[FV_DAMAGE_TEXT];
    fv_status status = fv_image_decode_noting(NULL, p->path, data, size, 0, &image, damage, err);

    if (status)
        return status;
    snprintf(err->message, sizeof err->message, "%s", damage);
    p->format = fv_image_format(data, size);
    p->orientation = (uint8_t)fv_exif_orientation(data, size);
    status = measure(p, &image, err);
    fv_image_free(NULL, &image);
    return status;
}

static void probe(const void *args, size_t begin, size_t end, size_t slice)
{
    const probing *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++) {
        fv_picture *p = &a->pictures->items[i];
        uint8_t *data;
        size_t size;

        if (fv_file_read(NULL, p->path, FILE_MAX, &data, &size, &a->errors[i]))
            continue;
        const XXH128_hash_t hash = XXH3_128bits(data, size);

        p->content[0] = hash.low64;
        p->content[1] = hash.high64;
        if (a->decode)
            fv_picture_look(p, data, size, &a->errors[i]);
        fv_release(NULL, data);
    }
}

/* Decoders have one code for all that is wrong with a file; those that know it say that it is cut short. */
static fv_bad bad_kind(const fv_error *error)
{
    return strstr(error->message, "cut short") ? FV_BAD_TRUNCATED : FV_BAD_UNREADABLE;
}

static fv_status drop_bad(fv_pictures *pictures, const fv_error *errors, fv_error *err)
{
    size_t kept = 0;
    fv_status status = FV_OK;

    for (size_t i = 0; !status && i < pictures->count; i++) {
        const char *damage = errors[i].code ? "" : errors[i].message;

        if (*damage && !(pictures->items[i].damage = fv_arena_strndup(&pictures->arena, damage, strlen(damage))))
            return fv_fail_memory(err, strlen(damage), "a remark on a picture");
        if (errors[i].code == FV_E_MEMORY)
            return fv_fail(err, FV_E_MEMORY, "%s", errors[i].message);
        if (errors[i].code)
            status =
                fv_pictures_add_bad(pictures, bad_kind(&errors[i]), pictures->items[i].path, errors[i].message, err);
        else
            pictures->items[kept++] = pictures->items[i];
    }
    pictures->count = kept;
    return status;
}

fv_status fv_pictures_probe(fv_pictures *pictures, size_t threads, bool decode, fv_error *err)
{
    probing args = {pictures, fv_alloc(&pictures->host, pictures->count, sizeof(fv_error)), decode};
    fv_pool *pool = NULL;
    fv_status status;

    if (!args.errors)
        return fv_fail_memory(err, pictures->count * sizeof(fv_error), "reading pictures");
    status = fv_pool_create(&pictures->host, threads, &pool, err);
    if (!status) {
        fv_pool_run(pool, probe, &args, pictures->count, pictures->count < CHUNKS_MAX ? pictures->count : CHUNKS_MAX);
        status = drop_bad(pictures, args.errors, err);
    }
    fv_pool_free(pool);
    fv_release(&pictures->host, args.errors);
    return status;
}
