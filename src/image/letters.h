/* Letters on pictures: the X Window System's font 6x13, Latin, Greek and Cyrillic. */
#ifndef FV_IMAGE_LETTERS_H
#define FV_IMAGE_LETTERS_H
#include "fovea/image.h"

enum { FV_LETTER_HEIGHT = 13, FV_LETTER_WIDTH = 6 };

/* Letters of a text in UTF-8; what is none counts as one a byte. */
size_t fv_letters_count(const char *text);

/* Black, `most` letters at the most, the last of a longer text an ellipsis. Their first pixel is the one at (x, y); upwards: they
 * are turned to the left, and (x, y) is where they begin, at the bottom. A letter that the font lacks is a question mark in a box;
 * pixels outside the picture are left out. */
void fv_letters_draw(const fv_image *image, const char *text, size_t most, size_t x, size_t y, bool upwards);

#endif
