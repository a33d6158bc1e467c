/* The one way from 8-bit pixels to a net's input, for training, evaluation and prediction alike: channels matched,
 * resized, cut, padded, scaled (net/preprocess.h). */
#ifndef FV_IMAGE_PREPARE_H
#define FV_IMAGE_PREPARE_H
#include "fovea/fovea.h"
#include "net/preprocess.h"

/* Can pictures of height x width x channels become this input? Same channel count, grey to colour (replicated) and
 * RGB to grey (luma) can. Call it once; fv_prepare relies on it. */
fv_status fv_prepare_check(const fv_preprocess *p, size_t height, size_t width, size_t channels, fv_error *err);

/* Bytes of scratch that one call of fv_prepare needs, aligned to 8; 0 where nothing is resized, cut or converted. */
size_t fv_prepare_scratch(const fv_preprocess *p, size_t height, size_t width, size_t channels);

/* pixels [height,width,channels] -> out [p->height,p->width,p->channels]. Cannot fail and allocates nothing. */
void fv_prepare(const fv_preprocess *p, const uint8_t *pixels, size_t height, size_t width, size_t channels, float *out,
                void *scratch);

/* The same without scaling: out [p->height,p->width,p->channels] bytes, of which fv_prepare makes the same input with
 * the preprocessing fv_prepare_flat(p). scratch may not be NULL. */
void fv_prepare_bytes(const fv_preprocess *p, const uint8_t *pixels, size_t height, size_t width, size_t channels,
                      uint8_t *out, void *scratch);
fv_preprocess fv_prepare_flat(const fv_preprocess *p);

/* The rectangle of a picture [height,width] that fills the net's input: top, left, height, width in the picture's pixels. It
 * reaches beyond the picture where the net pads. */
void fv_prepare_window(const fv_preprocess *p, size_t height, size_t width, double window[4]);

#endif
