/* A part of a picture of random size, proportions and place, resized: Szegedy et al. 2014, section 6; drawn as torchvision's
 * RandomResizedCrop does it, whose bytes it gives for the same part. */
#include "base/random.h"
#include "data/augment.h"
#include "image/resize.h"

#include <math.h>
#include <string.h>

enum { SAMPLE_SHIFT = 8, TRIES = 10, NUMBERS_A_TRY = 4 };
static const double least_ratio = 3.0 / 4, largest_ratio = 4.0 / 3;

void fv_box_sides(double area, double ratio, fv_box *box)
{
    box->width = (size_t)rint(sqrt(area * ratio));
    box->height = (size_t)rint(sqrt(area / ratio));
}

fv_box fv_box_middle(size_t height, size_t width)
{
    const double ratio = (double)width / (double)height;
    fv_box box = {.height = height, .width = width};

    if (ratio < least_ratio)
        box.height = (size_t)rint((double)width / least_ratio);
    else if (ratio > largest_ratio)
        box.width = (size_t)rint((double)height * largest_ratio);
    box.top = (height - box.height) / 2;
    box.left = (width - box.width) / 2;
    return box;
}

fv_box fv_cut_draw(float least, uint64_t seed, uint32_t epoch, uint64_t sample, size_t height, size_t width)
{
    const fv_random random = {seed, FV_STREAM_CUT, epoch};

    for (uint64_t at = sample << SAMPLE_SHIFT, end = at + TRIES * NUMBERS_A_TRY; at < end; at += NUMBERS_A_TRY) {
        const double share = least + (1 - (double)least) * fv_random_uniform(random, at);
        const double ratio = least_ratio * pow(largest_ratio / least_ratio, fv_random_uniform(random, at + 1));
        fv_box box;

        fv_box_sides(share * (double)height * (double)width, ratio, &box);
        if (!box.height || !box.width || box.height > height || box.width > width)
            continue;
        box.top = (size_t)fv_random_below(random, at + 2, height - box.height + 1);
        box.left = (size_t)fv_random_below(random, at + 3, width - box.width + 1);
        return box;
    }
    return fv_box_middle(height, width);
}

/* Scratch: the part on its own, what resizing works in. */
static size_t part_bytes(size_t height, size_t width, size_t channels)
{
    return (height * width * channels + 7) / 8 * 8;
}

size_t fv_cut_scratch(const fv_box *box, size_t channels, size_t new_height, size_t new_width)
{
    return part_bytes(box->height, box->width, channels) +
           fv_resize_scratch(FV_BILINEAR, box->height, box->width, channels, new_height, new_width);
}

/* A side that stays needs nothing, and one that is a pixel longer at least as much as any that is shorter. */
size_t fv_cut_scratch_any(size_t height, size_t width, size_t channels, size_t new_height, size_t new_width)
{
    const fv_box most = {.height = height + (height == new_height), .width = width + (width == new_width)};

    return fv_cut_scratch(&most, channels, new_height, new_width);
}

void fv_cut(const fv_box *box, const uint8_t *src, size_t width, size_t channels, uint8_t *dst, size_t new_height,
            size_t new_width, void *scratch)
{
    const size_t row = box->width * channels;
    uint8_t *part = scratch;

    for (size_t y = 0; y < box->height; y++)
        memcpy(part + y * row, src + ((box->top + y) * width + box->left) * channels, row);
    fv_resize(FV_BILINEAR, part, box->height, box->width, channels, dst, new_height, new_width,
              part + part_bytes(box->height, box->width, channels));
}
