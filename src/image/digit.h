/* A picture of a handwritten digit, brought to the form of MNIST's.
 *
 * MNIST's pictures hold the digit white on black, "size normalized to fit in a 20x20 pixel box while preserving their
 * aspect ratio [...] centered in a 28x28 image by computing the center of mass of the pixels, and translating the image
 * so as to position this point at the center" (LeCun, Cortes, Burges); in the files that center is pixel (14, 14). From
 * a grey or RGB picture of any size, dark on light or light on dark, that form is reached in these steps:
 *
 *  1. RGB becomes grey (luma); a picture above 400 pixels a side is reduced.
 *  2. If the median brightness along the border is above the middle of the picture's range, the digit is dark on light.
 *     A picture of 28x28 whose border is black then (white before) is MNIST's form already and stays as it is.
 *  3. Ink is the difference from the background, which is a plane through the brightness of the four edges: so light
 *     that falls from one side does not matter. What is above Otsu's threshold and hangs together is a component. The
 *     largest is the digit, with all others of at least a twentieth of its area (the bar of a 5); components that touch
 *     the border (a shadow, the edge of the paper) are left out where another of a quarter of the largest does not.
 *  4. Ink is spread over 0..255, from twice the background's noise to the 95th percentile of the digit's ink (255
 *     where that is 250 or more); farther than a pixel of the result from the digit it is 0.
 *  5. Strokes thinner than 1.7 pixels of the result (the thinnest twentieth of MNIST's) are thickened to 2.2.
 *  6. The square window that makes the digit's longer side 20 of 28 pixels and puts its center of mass on (14, 14) is
 *     reduced to 28x28. The digit is never cut: the center of mass gives way. */
#ifndef FV_IMAGE_DIGIT_H
#define FV_IMAGE_DIGIT_H
#include "image/image.h"

enum { FV_DIGIT_SIDE = 28 };

/* image -> digit [28,28]; `name` is what messages call it. FV_E_RANGE where no digit is to be seen. */
fv_status fv_digit_from_image(const fv_host *host, const char *name, const fv_image *image,
                              uint8_t digit[FV_DIGIT_SIDE * FV_DIGIT_SIDE], fv_error *err);

/* Does this session's model read digits, so that pictures are brought to MNIST's form first? (classify.c) */
bool fv_session_reads_digits(const fv_session *session);

/* The picture as the session's model reads it: input [views,H,W,C], the first of its views (fv_session_options). `name` is
 * what messages call it, `host` where scratch memory comes from. Threads: any, with a host that allows it (NULL). */
fv_status fv_session_prepare(const fv_session *session, const fv_host *host, const char *name, const fv_image *image,
                             size_t views, float *input, fv_error *err);

#endif
