/* What digit.c asks of a grey plane: its background, its ink, the components of it, strokes. */
#ifndef FV_IMAGE_INK_H
#define FV_IMAGE_INK_H
#include "base/memory.h"

typedef struct fv_plane {
    size_t height, width;
    uint8_t *pixels; /* [height, width] */
} fv_plane;

/* The border is a strip of a 32nd of the shorter side along the four edges. */
typedef struct fv_border {
    uint8_t median;     /* brightness of the border */
    uint8_t range;      /* of the whole picture, but for 0.2 % at either end */
    bool dark_on_light; /* the median is above the middle of that range */
} fv_border;

fv_border fv_border_measure(const fv_plane *plane);

/* v becomes 255 - v. */
void fv_plane_invert(fv_plane *plane);

/* Of a plane that is light on dark, take away the background: the plane through the four edges, where an edge is as
 * bright as the darkest of three strips along it, the border's and those a 16th and an eighth of the picture inside (so
 * that neither a bright frame nor the digit is taken for background; each counts by its median). What is left is ink. */
void fv_background_subtract(fv_plane *plane);

/* Three times the 75th percentile of ink along an edge (two standard deviations of a normal distribution, half of which
 * was cut off), that of the second quietest edge, and at most half of the threshold. */
uint8_t fv_ink_noise(const fv_plane *ink, uint8_t threshold);

/* The threshold that separates best (N. Otsu, "A threshold selection method from gray-level histograms", 1979): ink is
 * what is >= it. *contrast is the difference of the two means. */
uint8_t fv_ink_threshold(const fv_plane *ink, double *contrast);

/* kept [height, width] becomes 255 where ink >= threshold belongs to a component that is kept (digit.h, step 3), 0
 * elsewhere. Neighbours touch along edges and corners. */
fv_status fv_ink_components(fv_arena *arena, const fv_plane *ink, uint8_t threshold, uint8_t *kept, fv_error *err);

/* The value below which a share of the ink where mask is set lies. */
uint8_t fv_ink_percentile(const fv_plane *ink, const uint8_t *mask, double share);

/* Maximum over an octagon of that radius; scratch [height, width]. */
void fv_plane_dilate(fv_plane *plane, size_t radius, uint8_t *scratch);

/* The mean width of strokes in pixels: twice the area over the perimeter, both of grey values. */
double fv_ink_stroke(const fv_plane *ink);

/* First and last row and column with a value >= threshold; one exists. Returns the longer side. */
typedef struct fv_box {
    size_t top, bottom, left, right;
} fv_box;
size_t fv_ink_box(const fv_plane *ink, uint8_t threshold, fv_box *box);

/* center[0] = row, center[1] = column of the center of mass, in pixels from the first pixel's middle. */
void fv_ink_center(const fv_plane *ink, double center[2]);

#endif
