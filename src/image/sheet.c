#include "image/sheet.h"
#include "base/error.h"
#include "base/memory.h"

#include <string.h>

enum { GAP = 2 };

/* A value of tile k at (y, x, c). */
typedef struct tiles {
    const float *values;
    size_t count, height, width, channels;
    size_t tile_stride, pixel_stride; /* in elements; channels are neighbours */
} tiles;

static float at(const tiles *t, size_t k, size_t pixel, size_t c)
{
    return t->values[k * t->tile_stride + pixel * t->pixel_stride + c];
}

typedef struct range {
    float least, most;
} range;

static void widen(range *r, const tiles *t, size_t k)
{
    for (size_t i = 0; i < t->height * t->width; i++)
        for (size_t c = 0; c < t->channels; c++) {
            r->least = at(t, k, i, c) < r->least ? at(t, k, i, c) : r->least;
            r->most = at(t, k, i, c) > r->most ? at(t, k, i, c) : r->most;
        }
}

static uint8_t shade(float v, range r)
{
    return r.most > r.least ? (uint8_t)((v - r.least) / (r.most - r.least) * 255 + 0.5f) : 128;
}

/* The tile's picture with its first pixel at (top, left) of the sheet. */
static void draw(const tiles *t, size_t k, range r, size_t zoom, size_t top, size_t left, fv_image *sheet)
{
    for (size_t y = 0; y < t->height * zoom; y++)
        for (size_t x = 0; x < t->width * zoom; x++)
            for (size_t c = 0; c < t->channels; c++)
                sheet->pixels[((top + y) * sheet->width + left + x) * sheet->channels + c] =
                    shade(at(t, k, y / zoom * t->width + x / zoom, c), r);
}

static fv_status make(const fv_host *host, const tiles *t, bool one_range, size_t zoom, fv_image *out, fv_error *err)
{
    const size_t step_y = t->height * zoom + GAP, step_x = t->width * zoom + GAP;
    range all = {t->values[0], t->values[0]};
    size_t columns = 1, rows;
    fv_status status;

    while (columns * columns * step_x < t->count * step_y) /* about square */
        columns++;
    rows = (t->count + columns - 1) / columns;
    status = fv_image_create(host, "contact sheet", rows * step_y - GAP, columns * step_x - GAP, t->channels, out, err);
    if (status)
        return status;
    memset(out->pixels, 255, out->height * out->width * out->channels);
    for (size_t k = 0; one_range && k < t->count; k++)
        widen(&all, t, k);
    for (size_t k = 0; k < t->count; k++) {
        range own = {at(t, k, 0, 0), at(t, k, 0, 0)};

        widen(&own, t, k);
        draw(t, k, one_range ? all : own, zoom, k / columns * step_y, k % columns * step_x, out);
    }
    return FV_OK;
}

fv_status fv_sheet_of_maps(const fv_host *host, const fv_maps *maps, size_t zoom, fv_image *out, fv_error *err)
{
    const tiles t = {maps->values, maps->channels, maps->height, maps->width, 1, 1, maps->channels};

    return make(host, &t, false, zoom, out, err);
}

fv_status fv_sheet_of_tiles(const fv_host *host, const float *values, size_t count, size_t height, size_t width,
                            size_t channels, size_t zoom, fv_image *out, fv_error *err)
{
    const tiles t = {values, count, height, width, channels, height * width * channels, channels};

    return make(host, &t, true, zoom, out, err);
}
