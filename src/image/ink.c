/* Measures of a grey plane: histograms, background, threshold, strokes, box. Components stand in components.c. */
#include "image/ink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct histogram {
    size_t bins[256], count;
} histogram;

static void count(histogram *h, const fv_plane *plane, size_t top, size_t bottom, size_t left, size_t right)
{
    for (size_t y = top; y < bottom; y++)
        for (size_t x = left; x < right; x++)
            h->bins[plane->pixels[y * plane->width + x]]++;
    h->count += (bottom - top) * (right - left);
}

/* The smallest value that more than share * count values do not exceed. */
static uint8_t percentile(const histogram *h, double share)
{
    const double wanted = share * (double)h->count;
    size_t below = 0;

    for (size_t v = 0; v < 256; v++) {
        below += h->bins[v];
        if ((double)below > wanted)
            return (uint8_t)v;
    }
    return 255;
}

static size_t strip_of(const fv_plane *plane)
{
    const size_t strip = (plane->height < plane->width ? plane->height : plane->width) / 32;

    return strip ? strip : 1;
}

/* The strip along an edge (0 top, 1 bottom, 2 left, 3 right), `depth` pixels inside. */
static void count_edge(histogram *h, const fv_plane *plane, int edge, size_t depth)
{
    const size_t height = plane->height, width = plane->width, strip = strip_of(plane);

    switch (edge) {
    case 0:
        count(h, plane, depth, depth + strip, 0, width);
        break;
    case 1:
        count(h, plane, height - depth - strip, height - depth, 0, width);
        break;
    case 2:
        count(h, plane, 0, height, depth, depth + strip);
        break;
    default:
        count(h, plane, 0, height, width - depth - strip, width - depth);
        break;
    }
}

fv_border fv_border_measure(const fv_plane *plane)
{
    histogram border = {0}, all = {0};
    uint8_t low, high, median;

    count(&all, plane, 0, plane->height, 0, plane->width);
    for (int edge = 0; edge < 4; edge++)
        count_edge(&border, plane, edge, 0);
    low = percentile(&all, 0.002);
    high = percentile(&all, 0.998);
    median = percentile(&border, 0.5);
    return (fv_border){.median = median, .range = (uint8_t)(high - low), .dark_on_light = 2 * median > low + high};
}

void fv_plane_invert(fv_plane *plane)
{
    for (size_t i = 0; i < plane->height * plane->width; i++)
        plane->pixels[i] = (uint8_t)(255 - plane->pixels[i]);
}

/* Brightness of the background along an edge. */
static double edge_of(const fv_plane *plane, int edge)
{
    const size_t length = edge < 2 ? plane->height : plane->width;
    uint8_t darkest = 255;

    for (size_t step = 0; step <= 2; step++) {
        histogram h = {0};
        uint8_t median;

        count_edge(&h, plane, edge, length * step / 16);
        median = percentile(&h, 0.5);
        darkest = median < darkest ? median : darkest;
    }
    return darkest;
}

void fv_background_subtract(fv_plane *plane)
{
    const double top = edge_of(plane, 0), bottom = edge_of(plane, 1), left = edge_of(plane, 2),
                 right = edge_of(plane, 3);
    const double middle = (top + bottom + left + right) / 4;

    for (size_t y = 0; y < plane->height; y++) {
        uint8_t *row = plane->pixels + y * plane->width;
        const double at_y = middle + (((double)y + 0.5) / (double)plane->height - 0.5) * (bottom - top);

        for (size_t x = 0; x < plane->width; x++) {
            const double ink = row[x] - (at_y + (((double)x + 0.5) / (double)plane->width - 0.5) * (right - left));

            row[x] = (uint8_t)(fmin(255, fmax(0, ink)) + 0.5);
        }
    }
}

uint8_t fv_ink_noise(const fv_plane *ink, uint8_t threshold)
{
    int quietest = 255, second = 255, noise;

    for (int edge = 0; edge < 4; edge++) {
        histogram h = {0};
        int level;

        count_edge(&h, ink, edge, 0);
        level = percentile(&h, 0.75);
        if (level < quietest) {
            second = quietest;
            quietest = level;
        } else if (level < second) {
            second = level;
        }
    }
    noise = 3 * second;
    return (uint8_t)(noise < threshold / 2 ? noise : threshold / 2);
}

uint8_t fv_ink_threshold(const fv_plane *ink, double *contrast)
{
    histogram h = {0};
    double total = 0, below = 0, sum = 0, best = -1;
    uint8_t threshold = 255;

    count(&h, ink, 0, ink->height, 0, ink->width);
    for (size_t v = 0; v < 256; v++)
        total += (double)(v * h.bins[v]);
    *contrast = 0;
    for (size_t v = 0; v < 255; v++) {
        const double n = (double)h.count;
        double low, high, between;

        below += (double)h.bins[v];
        sum += (double)(v * h.bins[v]);
        if (below == 0 || below == n)
            continue;
        low = sum / below;
        high = (total - sum) / (n - below);
        between = below * (n - below) * (high - low) * (high - low);
        if (between > best) {
            best = between;
            threshold = (uint8_t)(v + 1);
            *contrast = high - low;
        }
    }
    return threshold;
}

uint8_t fv_ink_percentile(const fv_plane *ink, const uint8_t *mask, double share)
{
    histogram h = {0};

    for (size_t i = 0; i < ink->height * ink->width; i++)
        if (mask[i]) {
            h.bins[ink->pixels[i]]++;
            h.count++;
        }
    return percentile(&h, share);
}

static void raise(uint8_t *out, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = out[i] < in[i] ? in[i] : out[i];
}

/* Maximum over 2 radius + 1 pixels along direction (dy, dx), dx 0 or more. */
static void dilate_line(fv_plane *plane, ptrdiff_t dy, size_t dx, size_t radius, uint8_t *before)
{
    const size_t height = plane->height, width = plane->width;

    memcpy(before, plane->pixels, height * width);
    for (size_t k = 1; k <= radius && k * dx < width; k++) {
        const size_t shift = k * dx, n = width - shift;

        for (size_t y = 0; y < height; y++) {
            const ptrdiff_t ahead = (ptrdiff_t)y + (ptrdiff_t)k * dy, behind = (ptrdiff_t)y - (ptrdiff_t)k * dy;
            uint8_t *row = plane->pixels + y * width;

            if (ahead >= 0 && ahead < (ptrdiff_t)height)
                raise(row, before + (size_t)ahead * width + shift, n);
            if (behind >= 0 && behind < (ptrdiff_t)height)
                raise(row + shift, before + (size_t)behind * width, n);
        }
    }
}

/* An octagon is a square of radius a and two diagonals of b steps; it is regular for a = b sqrt(2), and a + 2 b = radius
 * along rows and columns. */
void fv_plane_dilate(fv_plane *plane, size_t radius, uint8_t *scratch)
{
    const size_t diagonal = (size_t)lround((double)radius / (2 + sqrt(2))), square = radius - 2 * diagonal;

    dilate_line(plane, 0, 1, square, scratch);
    dilate_line(plane, 1, 0, square, scratch);
    dilate_line(plane, 1, 1, diagonal, scratch);
    dilate_line(plane, -1, 1, diagonal, scratch);
}

/* The perimeter: steps of brightness along rows and columns count pi/4 each, which is right on average over directions. */
double fv_ink_stroke(const fv_plane *ink)
{
    const size_t height = ink->height, width = ink->width;
    double area = 0, steps = 0;

    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = ink->pixels + y * width;

        for (size_t x = 0; x < width; x++) {
            area += row[x];
            steps += abs(row[x] - (x + 1 < width ? row[x + 1] : 0));
            steps += abs(row[x] - (y + 1 < height ? row[x + width] : 0));
        }
    }
    return steps > 0 ? 2 * area / (steps * 0.7853981633974483) : 0;
}

size_t fv_ink_box(const fv_plane *ink, uint8_t threshold, fv_box *box)
{
    size_t rows, columns;

    *box = (fv_box){.top = ink->height, .left = ink->width};
    for (size_t y = 0; y < ink->height; y++)
        for (size_t x = 0; x < ink->width; x++) {
            if (ink->pixels[y * ink->width + x] < threshold)
                continue;
            box->top = y < box->top ? y : box->top;
            box->bottom = y;
            box->left = x < box->left ? x : box->left;
            box->right = x > box->right ? x : box->right;
        }
    rows = box->bottom - box->top + 1;
    columns = box->right - box->left + 1;
    return rows > columns ? rows : columns;
}

void fv_ink_center(const fv_plane *ink, double center[2])
{
    double mass = 0, rows = 0, columns = 0;

    for (size_t y = 0; y < ink->height; y++)
        for (size_t x = 0; x < ink->width; x++) {
            const double v = ink->pixels[y * ink->width + x];

            mass += v;
            rows += v * (double)y;
            columns += v * (double)x;
        }
    center[0] = mass > 0 ? rows / mass : 0;
    center[1] = mass > 0 ? columns / mass : 0;
}
