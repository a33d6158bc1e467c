#include "data/edit.h"
#include "image/grey.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* What every edit works on; `other` has room for as many bytes as pixels has. */
typedef struct canvas {
    uint8_t *pixels, *other;
    size_t height, width, channels, bytes;
} canvas;

/* ------------------------------------------------------------------------------------------------------- moving */

static void move(const canvas *c, const double m[6])
{
    memcpy(c->other, c->pixels, c->bytes);
    fv_move(m, c->other, c->height, c->width, c->channels, c->pixels);
}

static void shear_x(const canvas *c, double amount)
{
    move(c, (const double[6]){1, amount, 0, 0, 1, 0});
}

static void shear_y(const canvas *c, double amount)
{
    move(c, (const double[6]){1, 0, 0, amount, 1, 0});
}

static void translate_x(const canvas *c, double amount)
{
    move(c, (const double[6]){1, 0, -trunc(amount), 0, 1, 0});
}

static void translate_y(const canvas *c, double amount)
{
    move(c, (const double[6]){1, 0, 0, 0, 1, -trunc(amount)});
}

static void rotate(const canvas *c, double amount)
{
    const double angle = -amount * 0.017453292519943295, x = (double)c->width / 2, y = (double)c->height / 2;
    const double cosine = round(cos(angle) * 1e15) / 1e15, sine = round(sin(angle) * 1e15) / 1e15;

    move(c, (const double[6]){cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y});
}

/* ----------------------------------------------------------------------------------------------------- blending */

/* from + factor (to - from), cut to a byte: inside 0..1 it needs no limits. */
static inline uint8_t blend(int from, int to, float factor)
{
    const float v = (float)from + factor * (float)(to - from);

    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)v;
}

static void brightness(const canvas *c, double amount)
{
    for (size_t i = 0; i < c->bytes; i++)
        c->pixels[i] = blend(0, c->pixels[i], (float)amount);
}

/* Luma [height,width] in other. */
static void to_grey(const canvas *c)
{
    if (c->channels == 3)
        fv_grey(c->pixels, c->height * c->width, c->other);
    else
        memcpy(c->other, c->pixels, c->bytes);
}

static void saturation(const canvas *c, double amount)
{
    to_grey(c);
    for (size_t i = 0; i < c->bytes; i++)
        c->pixels[i] = blend(c->other[i / c->channels], c->pixels[i], (float)amount);
}

static void contrast(const canvas *c, double amount)
{
    const size_t n = c->height * c->width;
    uint64_t sum = 0;

    to_grey(c);
    for (size_t i = 0; i < n; i++)
        sum += c->other[i];

    const int mean = (int)((double)sum / (double)n + 0.5);

    for (size_t i = 0; i < c->bytes; i++)
        c->pixels[i] = blend(mean, c->pixels[i], (float)amount);
}

/* The sum of three neighbours, weighed; `step` apart. */
static inline float three(const uint8_t *p, size_t step, float side, float middle)
{
    return (float)*(p - step) * side + (float)p[0] * middle + (float)p[step] * side;
}

/* Against the picture under 1 1 1; 1 5 1; 1 1 1, divided by 13; its border stays as it is. */
static void sharpness(const canvas *c, double amount)
{
    const size_t step = c->channels, row = c->width * step;
    const float side = 1.0f / 13, middle = 5.0f / 13;

    memcpy(c->other, c->pixels, c->bytes);
    for (size_t y = 1; y + 1 < c->height; y++)
        for (size_t i = y * row + step; i + step < (y + 1) * row; i++) {
            const uint8_t *p = c->other + i;
            float sum = 0.5f;

            sum += three(p + row, step, side, side);
            sum += three(p, step, side, middle);
            sum += three(p - row, step, side, side);
            c->pixels[i] = blend((uint8_t)sum, p[0], (float)amount);
        }
}

/* ------------------------------------------------------------------------------------------------------- tables */

static void look_up(const canvas *c, size_t channel, const uint8_t table[256])
{
    for (size_t i = channel; i < c->bytes; i += c->channels)
        c->pixels[i] = table[c->pixels[i]];
}

static void posterize(const canvas *c, double amount)
{
    const uint8_t mask = (uint8_t) ~((1u << (8 - (unsigned)amount)) - 1);

    for (size_t i = 0; i < c->bytes; i++)
        c->pixels[i] &= mask;
}

static void solarize(const canvas *c, double amount)
{
    for (size_t i = 0; i < c->bytes; i++)
        c->pixels[i] = c->pixels[i] < amount ? c->pixels[i] : (uint8_t)(255 - c->pixels[i]);
}

static void count(const canvas *c, size_t channel, size_t histogram[256])
{
    memset(histogram, 0, 256 * sizeof *histogram);
    for (size_t i = channel; i < c->bytes; i += c->channels)
        histogram[c->pixels[i]]++;
}

static void stretch_channel(const canvas *c, size_t channel)
{
    size_t histogram[256], low = 0, high = 255;
    uint8_t table[256];

    count(c, channel, histogram);
    while (low < 255 && !histogram[low])
        low++;
    while (high > 0 && !histogram[high])
        high--;
    if (high <= low)
        return;

    const double scale = 255.0 / (double)(high - low), offset = -(double)low * scale;

    for (size_t i = 0; i < 256; i++) {
        const double v = (double)i * scale + offset;

        table[i] = v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
    }
    look_up(c, channel, table);
}

/* The share of darker pixels as the new value, in whole steps of a 255th of all but the brightest. */
static void equalize_channel(const canvas *c, size_t channel)
{
    size_t histogram[256], last = 255, step, sum;
    uint8_t table[256];

    count(c, channel, histogram);
    while (last > 0 && !histogram[last])
        last--;
    step = (c->height * c->width - histogram[last]) / 255;
    if (!step)
        return;
    sum = step / 2;
    for (size_t i = 0; i < 256; i++) {
        table[i] = sum / step < 255 ? (uint8_t)(sum / step) : 255;
        sum += histogram[i];
    }
    look_up(c, channel, table);
}

static void autocontrast(const canvas *c, double amount)
{
    (void)amount;
    for (size_t channel = 0; channel < c->channels; channel++)
        stretch_channel(c, channel);
}

static void equalize(const canvas *c, double amount)
{
    (void)amount;
    for (size_t channel = 0; channel < c->channels; channel++)
        equalize_channel(c, channel);
}

/* ---------------------------------------------------------------------------------------------------------- hue */

static inline uint8_t larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* Hue, saturation and value as bytes, in Pillow's mixture of single and double precision. */
static void to_hue(const uint8_t rgb[3], uint8_t hsv[3])
{
    const uint8_t r = rgb[0], g = rgb[1], b = rgb[2], most = larger(r, larger(g, b));
    const uint8_t least = (uint8_t)(255 - larger(255 - r, larger(255 - g, 255 - b)));
    const float range = (float)(most - least);
    double sector;

    hsv[0] = hsv[1] = 0;
    hsv[2] = most;
    if (most == least)
        return;

    const float rc = (float)(most - r) / range, gc = (float)(most - g) / range, bc = (float)(most - b) / range;

    sector = (double)(float)(r == most   ? (double)(bc - gc)
                             : g == most ? 2.0 + (double)rc - (double)bc
                                         : 4.0 + (double)gc - (double)rc);
    hsv[0] = (uint8_t)((double)(float)fmod(sector / 6.0 + 1.0, 1.0) * 255.0);
    hsv[1] = (uint8_t)((double)(range / (float)most) * 255.0);
}

static void from_hue(const uint8_t hsv[3], uint8_t rgb[3])
{
    static const uint8_t order[6][3] = {{0, 3, 1}, {2, 0, 1}, {1, 0, 3}, {1, 2, 0}, {3, 1, 0}, {0, 1, 2}};
    const double value = hsv[2];
    const float hue = (float)((double)hsv[0] * 6.0 / 255.0), s = (float)((double)hsv[1] / 255.0);
    const int sector = (int)hue;
    const float f = hue - (float)sector;
    const uint8_t values[4] = {hsv[2], (uint8_t)round(value * (1.0 - (double)s)),
                               (uint8_t)round(value * (1.0 - (double)(s * f))),
                               (uint8_t)round(value * (1.0 - (double)s * (1.0 - (double)f)))};

    for (size_t i = 0; i < 3; i++)
        rgb[i] = values[order[sector % 6][i]];
}

static void hue(const canvas *c, double amount)
{
    const uint8_t turn = (uint8_t)(int)(amount * 255);

    for (size_t i = 0; c->channels == 3 && i < c->bytes; i += 3) {
        uint8_t hsv[3];

        to_hue(c->pixels + i, hsv);
        hsv[0] = (uint8_t)(hsv[0] + turn);
        from_hue(hsv, c->pixels + i);
    }
}

/* -------------------------------------------------------------------------------------------------------- table */

static void (*const edits[FV_EDITS])(const canvas *c, double amount) = {
    [FV_EDIT_SHEAR_X] = shear_x,         [FV_EDIT_SHEAR_Y] = shear_y,   [FV_EDIT_TRANSLATE_X] = translate_x,
    [FV_EDIT_TRANSLATE_Y] = translate_y, [FV_EDIT_ROTATE] = rotate,     [FV_EDIT_BRIGHTNESS] = brightness,
    [FV_EDIT_SATURATION] = saturation,   [FV_EDIT_CONTRAST] = contrast, [FV_EDIT_SHARPNESS] = sharpness,
    [FV_EDIT_POSTERIZE] = posterize,     [FV_EDIT_SOLARIZE] = solarize, [FV_EDIT_AUTOCONTRAST] = autocontrast,
    [FV_EDIT_EQUALIZE] = equalize,       [FV_EDIT_HUE] = hue,
};

void fv_edit_apply(fv_edit edit, double amount, uint8_t *pixels, size_t height, size_t width, size_t channels,
                   uint8_t *other)
{
    const canvas c = {pixels, other, height, width, channels, height * width * channels};

    if (edits[edit])
        edits[edit](&c, amount);
}
