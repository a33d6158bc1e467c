/* Random distortions: shift, rotation, scale, elastic for digits; crop and flip for photos. */
#ifndef FV_DATA_AUGMENT_H
#define FV_DATA_AUGMENT_H
#include "fovea/fovea.h"

/* Each is drawn uniformly; 0 switches it off. */
typedef struct fv_augment {
    float shift;  /* pixels, -shift..shift along each axis */
    float rotate; /* degrees, -rotate..rotate about the centre */
    float scale;  /* factor 1-scale..1+scale, below 1 */
    float alpha;  /* elastic: pixels; the factor of Simard, Steinkraus, Platt 2003 (34 for MNIST) */
    float sigma;  /* elastic: pixels; width of the Gaussian that smooths the field (4 for MNIST) */
    size_t crop;  /* whole pixels, -crop..crop along each axis: a frame so wide, and a cut of the picture's size */
    bool flip;    /* every other picture mirrored, left to right */
} fv_augment;

/* Is anything switched on? */
bool fv_augment_any(const fv_augment *options);

/* Are the options in range for pictures of height x width? */
fv_status fv_augment_check(const fv_augment *options, size_t height, size_t width, fv_error *err);

/* Floats of scratch that one call of fv_augment_apply needs. */
size_t fv_augment_scratch(const fv_augment *options, size_t height, size_t width, size_t channels);

/* src [height,width,channels] -> dst, which is another buffer. What is drawn depends on (seed, epoch, sample) alone.
 * Outside of src is black (0). Calls with different scratch may run at once. */
void fv_augment_apply(const fv_augment *options, uint64_t seed, uint32_t epoch, uint64_t sample, const uint8_t *src,
                      uint8_t *dst, size_t height, size_t width, size_t channels, float *scratch);

#endif
