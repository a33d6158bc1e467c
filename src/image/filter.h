/* Filtering from inside: one step of a chain, and the numbers behind a pixel. */
#ifndef FV_IMAGE_FILTER_H
#define FV_IMAGE_FILTER_H
#include "image/maps.h"
#include "image/matrix.h"

/* How a step is done; divisor 0 is its own. */
typedef struct fv_step_options {
    size_t stride;
    fv_padding padding;
    double divisor, offset;
} fv_step_options;

/* floor(v + 0.5), limited to 0..255: rounded half up. */
static inline uint8_t fv_to_pixel(double v)
{
    return v >= 254.5 ? 255 : v >= 0.5 ? (uint8_t)(v + 0.5) : 0;
}

/* One step of a picture, on the kernels of networks. */
fv_status fv_step_run(const fv_machine *machine, const fv_step *step, const fv_step_options *options,
                      const fv_image *in, fv_image *out, fv_error *err);

/* Each of `count` kernels over all channels and summed: [H,W,C] -> [H',W',count], sums over divisors, not rounded. Smaller
 * kernels lie in the middle of the largest. FV_E_ARGUMENT for a step that is not one kernel. */
fv_status fv_layer_run(const fv_machine *machine, const fv_step *steps, size_t count, const fv_step_options *options,
                       const fv_image *in, fv_maps *out, fv_error *err);

/* Where a patch answers: the normalized correlation of its grey values with the picture's, [H - h + 1, W - w + 1, 1] of -1
 * to 1; 0 where the picture is flat. FV_E_SHAPE if the patch is larger, FV_E_RANGE if it is flat itself. */
fv_status fv_detect(const fv_machine *machine, const fv_image *picture, const fv_image *patch, fv_maps *out,
                    fv_error *err);

#endif
