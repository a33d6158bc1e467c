/* From a picture to MNIST's form; the steps are numbered as in digit.h. */
#include "image/digit.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/grey.h"
#include "image/ink.h"

#include <math.h>
#include <string.h>

/* Lengths of the result: its side, the digit's box, where the center of mass lies. */
enum { SIDE = FV_DIGIT_SIDE, BOX = 20, CENTER = 14, WORKING_SIDE = 400 };

/* Grey levels: less contrast than this is no digit; ink from FULL on is full already, so that MNIST's own stays. */
enum { CONTRAST_MIN = 24, FULL = 250 };

/* Stroke widths in pixels of the result, measured on MNIST as 2 area / perimeter: 1.70 is the 5th percentile, 2.50 the
 * median. */
static const double thinnest_stroke = 1.7, thickened_stroke = 2.2;

/* Step 1: a grey plane of at most WORKING_SIDE a side. */
static fv_status make_plane(fv_arena *arena, const fv_image *image, fv_plane *plane, fv_error *err)
{
    const size_t height = image->height, width = image->width, n = height * width;
    const size_t longer = height > width ? height : width;
    const double factor = longer > WORKING_SIDE ? (double)WORKING_SIDE / (double)longer : 1;
    const size_t new_height = (size_t)fmax(1, round((double)height * factor));
    const size_t new_width = (size_t)fmax(1, round((double)width * factor));
    const size_t scratch_bytes = fv_resize_scratch(FV_BILINEAR, height, width, 1, new_height, new_width);
    uint8_t *grey = image->pixels, *small = fv_arena_alloc(arena, new_height, new_width);
    void *scratch = fv_arena_alloc(arena, scratch_bytes + 1, 1);

    if (image->channels == 3)
        grey = fv_arena_alloc(arena, n, 1);
    if (!grey || !small || !scratch)
        return fv_fail_memory(err, n + new_height * new_width + scratch_bytes, "a picture in grey");
    if (image->channels == 3)
        fv_grey(image->pixels, n, grey);
    fv_resize(FV_BILINEAR, grey, height, width, 1, small, new_height, new_width, scratch);
    *plane = (fv_plane){.height = new_height, .width = new_width, .pixels = small};
    return FV_OK;
}

/* Step 4: spread the ink, and black out what lies farther than `reach` from the digit, which `near` marks: it is spread
 * as well. */
static void tone(fv_plane *ink, fv_plane *near, uint8_t low, size_t reach, uint8_t *scratch)
{
    const uint8_t level = fv_ink_percentile(ink, near->pixels, 0.95);
    const double high = level < FULL ? level : 255;

    fv_plane_dilate(near, reach, scratch);
    for (size_t i = 0; i < ink->height * ink->width; i++) {
        const double v = 255 * ((double)ink->pixels[i] - low) / (high - low);

        ink->pixels[i] = near->pixels[i] ? (uint8_t)lround(fmin(255, fmax(0, v))) : 0;
    }
}

/* Step 5, where `longer` pixels will be BOX. */
static void thicken(fv_plane *ink, size_t longer, uint8_t *scratch)
{
    const double unit = (double)longer / BOX, width = fv_ink_stroke(ink);

    if (width < thinnest_stroke * unit)
        fv_plane_dilate(ink, (size_t)lround((thickened_stroke * unit - width) / 2), scratch);
}

/* The window's first row or column, for a center of mass and a box from first to last along that axis. */
static ptrdiff_t window_begin(double center, size_t first, size_t last, size_t side)
{
    ptrdiff_t begin = (ptrdiff_t)lround(center + 0.5 - (CENTER + 0.5) * (double)side / SIDE);

    if (begin + (ptrdiff_t)side <= (ptrdiff_t)last)
        begin = (ptrdiff_t)last + 1 - (ptrdiff_t)side;
    return begin < (ptrdiff_t)first ? begin : (ptrdiff_t)first;
}

/* Step 6. */
static fv_status place(fv_arena *arena, const fv_plane *ink, uint8_t *digit, fv_error *err)
{
    fv_box box;
    const size_t longer = fv_ink_box(ink, 128, &box), side = (longer * SIDE + BOX / 2) / BOX;
    const size_t scratch_bytes = fv_resize_scratch(FV_BILINEAR, side, side, 1, SIDE, SIDE);
    uint8_t *window = fv_arena_alloc(arena, side, side);
    void *scratch = fv_arena_alloc(arena, scratch_bytes + 1, 1);
    double center[2];
    ptrdiff_t top, left;

    if (!window || !scratch)
        return fv_fail_memory(err, side * side + scratch_bytes, "a digit's window");
    fv_ink_center(ink, center);
    top = window_begin(center[0], box.top, box.bottom, side);
    left = window_begin(center[1], box.left, box.right, side);
    for (size_t y = 0; y < side; y++) {
        const ptrdiff_t row = top + (ptrdiff_t)y;

        for (size_t x = 0; x < side && row >= 0 && row < (ptrdiff_t)ink->height; x++) {
            const ptrdiff_t column = left + (ptrdiff_t)x;

            if (column >= 0 && column < (ptrdiff_t)ink->width)
                window[y * side + x] = ink->pixels[(size_t)row * ink->width + (size_t)column];
        }
    }
    fv_resize(FV_BILINEAR, window, side, side, 1, digit, SIDE, SIDE, scratch);
    return FV_OK;
}

/* Steps 3 to 6; `plane` is light on dark. */
static fv_status normalize(fv_arena *arena, const char *name, fv_plane *plane, uint8_t *digit, fv_error *err)
{
    const size_t n = plane->height * plane->width;
    fv_plane kept = {.height = plane->height, .width = plane->width, .pixels = fv_arena_alloc(arena, n, 1)};
    uint8_t *scratch = fv_arena_alloc(arena, n, 1), threshold;
    fv_box box;
    fv_status status;
    size_t longer;
    double contrast;

    if (!kept.pixels || !scratch)
        return fv_fail_memory(err, 2 * n, "a digit's ink");
    fv_background_subtract(plane);
    threshold = fv_ink_threshold(plane, &contrast);
    if (contrast < CONTRAST_MIN)
        return fv_fail(err, FV_E_RANGE, "%s: no digit to be seen: ink and background differ by %.0f of 255, wanted %d",
                       name, contrast, CONTRAST_MIN);
    status = fv_ink_components(arena, plane, threshold, kept.pixels, err);
    if (status)
        return status;
    longer = fv_ink_box(&kept, 255, &box);
    tone(plane, &kept, fv_ink_noise(plane, threshold), (longer + BOX - 1) / BOX, scratch);
    thicken(plane, longer, scratch);
    return place(arena, plane, digit, err);
}

fv_status fv_digit_from_image(const fv_host *host, const char *name, const fv_image *image,
                              uint8_t digit[FV_DIGIT_SIDE * FV_DIGIT_SIDE], fv_error *err)
{
    fv_border border;
    fv_arena arena;
    fv_plane plane = {0};
    fv_status status;

    fv_arena_init(&arena, host);
    status = make_plane(&arena, image, &plane, err);
    if (status)
        goto done;
    border = fv_border_measure(&plane);
    if (border.dark_on_light) {
        fv_plane_invert(&plane);
        border.median = (uint8_t)(255 - border.median);
    }
    if (plane.height == SIDE && plane.width == SIDE && border.median == 0 && border.range >= CONTRAST_MIN)
        memcpy(digit, plane.pixels, plane.height * plane.width);
    else
        status = normalize(&arena, name, &plane, digit, err);
done:
    fv_arena_free(&arena);
    return status;
}
