/* NumPy's .npy files: one array, C order, little endian (format versions 1.0 to 3.0 of numpy.lib.format). */
#ifndef FV_BASE_NPY_H
#define FV_BASE_NPY_H
#include "fovea/fovea.h"

typedef enum fv_npy_type { FV_NPY_F32, FV_NPY_F64, FV_NPY_U8, FV_NPY_I32, FV_NPY_I64 } fv_npy_type;
enum { FV_NPY_MAX_RANK = 8 };

typedef struct fv_npy {
    fv_npy_type type;
    int rank; /* 0: a single number */
    size_t dim[FV_NPY_MAX_RANK], count;
    const void *data; /* count elements; not aligned when a file's header was written so: copy, or use fv_npy_reals */
    const uint8_t *map;
    size_t map_size;
} fv_npy;

/* Map the array of a file. Fortran order, big endian, other types, and data shorter or longer than the shape says are
 * refused (FV_E_FORMAT). fv_npy_close it. */
fv_status fv_npy_open(const char *path, fv_npy *array, fv_error *err);
void fv_npy_close(fv_npy *array);

/* Elements [begin, begin + count) as doubles or floats, whatever the file's type. */
void fv_npy_doubles(const fv_npy *array, size_t begin, size_t count, double *out);
void fv_npy_floats(const fv_npy *array, size_t begin, size_t count, float *out);

/* Write an array as version 1.0, replacing the file atomically. */
fv_status fv_npy_write(const char *path, fv_npy_type type, int rank, const size_t *dim, const void *data,
                       fv_error *err);

#endif
