/* Edits of a picture by an amount: what RandAugment, TrivialAugment and colour jitter are made of. Each gives, byte for
 * byte, what torchvision 0.14 does to Pillow's pictures (Pillow 9.4). */
#ifndef FV_DATA_EDIT_H
#define FV_DATA_EDIT_H
#include <stddef.h>
#include <stdint.h>

typedef enum fv_edit {
    FV_EDIT_NONE,
    FV_EDIT_SHEAR_X,      /* the row y is taken from amount * y pixels further right */
    FV_EDIT_SHEAR_Y,      /* the column x from amount * x pixels further down */
    FV_EDIT_TRANSLATE_X,  /* whole pixels to the right, the fraction is cut off */
    FV_EDIT_TRANSLATE_Y,  /* down */
    FV_EDIT_ROTATE,       /* degrees, counter-clockwise, about the centre */
    FV_EDIT_BRIGHTNESS,   /* factor: 0 black, 1 as it is */
    FV_EDIT_SATURATION,   /* 0 grey */
    FV_EDIT_CONTRAST,     /* 0 all of the mean grey */
    FV_EDIT_SHARPNESS,    /* 0 smoothed */
    FV_EDIT_POSTERIZE,    /* so many bits of a channel are kept */
    FV_EDIT_SOLARIZE,     /* values from here on are inverted */
    FV_EDIT_AUTOCONTRAST, /* each channel stretched to 0..255 */
    FV_EDIT_EQUALIZE,     /* each channel's histogram made even */
    FV_EDIT_HUE,          /* turns of the colour wheel, -.5 to .5 */
    FV_EDITS
} fv_edit;

/* pixels [height,width,channels] are changed in place, by way of `other`, a buffer of the same size. 1 or 3 channels;
 * sides of at most 4096. What moves in from outside is black; pixels are moved as they are (nearest neighbour). */
void fv_edit_apply(fv_edit edit, double amount, uint8_t *pixels, size_t height, size_t width, size_t channels,
                   uint8_t *other);

/* ---- move.c: pixel (x, y) of out is the one at m (x, y, 1) of in, m [2,3] with x and y in pixel corners, or black. */
void fv_move(const double m[6], const uint8_t *in, size_t height, size_t width, size_t channels, uint8_t *out);

#endif
