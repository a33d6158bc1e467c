/* IDX, the format of MNIST's files: big-endian magic (0, 0, type, rank), one 32-bit size a dimension, then the values. */
#ifndef FV_DATA_IDX_H
#define FV_DATA_IDX_H
#include "fovea/fovea.h"

/* Bytes of rank 1 (labels) or 3 (pictures). `values` points into `block`, which the reader of it releases. */
typedef struct fv_idx {
    uint8_t *block;
    const uint8_t *values;
    size_t dim[3]; /* [count] or [count, height, width] */
    size_t count;  /* of values, the product of dim */
} fv_idx;

/* Read a file of unsigned bytes of that rank, plain or gzip (told by its first bytes, not by its name). */
fv_status fv_idx_read(const fv_host *host, const char *path, int rank, fv_idx *out, fv_error *err);

/* Open the folder's sets into data->train and data->test; sets height, width, channels, classes. */
fv_status fv_mnist_open(fv_data *data, const char *folder, fv_error *err);

#endif
