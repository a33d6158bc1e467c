/* Maps of numbers, and what the engine's operators make of them: a convolution or a pooling is planned and run as it is in a
 * network, on the same kernels. */
#ifndef FV_IMAGE_MAPS_H
#define FV_IMAGE_MAPS_H
#include "image/image.h"
#include "run/exec.h"

/* A stack of maps, [height, width, channels]. */
typedef struct fv_maps {
    size_t height, width, channels;
    float *values;
} fv_maps;

fv_status fv_maps_create(const fv_host *host, size_t height, size_t width, size_t channels, fv_maps *out,
                         fv_error *err);
void fv_maps_free(const fv_host *host, fv_maps *maps);

/* Pixels as numbers 0..255, with `rows` more above and below and `columns` more on either side, which `padding` fills:
 * FV_PADDING_EDGE or FV_PADDING_REFLECT. */
fv_status fv_maps_from_image(const fv_host *host, const fv_image *image, size_t rows, size_t columns,
                             fv_padding padding, fv_maps *out, fv_error *err);

/* Where position i of -far..n-1+far is read from; SIZE_MAX = nowhere: it is 0. */
size_t fv_padding_index(fv_padding padding, ptrdiff_t i, size_t n);

/* Threads and kernels that operators run on. */
typedef struct fv_machine {
    fv_host host;
    const fv_kernels *kernels;
    fv_pool *pool;
} fv_machine;

fv_status fv_machine_open(const fv_host *host, size_t threads, const char *isa, fv_machine *out, fv_error *err);
void fv_machine_close(fv_machine *machine);

/* A convolution: `weights` [rows, columns, in, features], where `in` is 1 if each channel has its own filter
 * (features = channels) and the input's number of channels otherwise. */
typedef struct fv_filters {
    size_t rows, columns, features, stride, pad_rows, pad_columns; /* pad: zeros on each side */
    bool each;                                                     /* channel by itself */
    const double *weights;
} fv_filters;

fv_status fv_maps_convolve(const fv_machine *machine, const fv_maps *in, const fv_filters *filters, fv_maps *out,
                           fv_error *err);

/* A pooling without padding. *grad, if not NULL, becomes what reaches each input when each output's gradient is 1. */
typedef struct fv_pooling {
    bool max; /* else the mean */
    size_t size, stride;
} fv_pooling;

fv_status fv_maps_pool(const fv_machine *machine, const fv_maps *in, const fv_pooling *pooling, fv_maps *out,
                       fv_maps *grad, fv_error *err);

#endif
