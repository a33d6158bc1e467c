/* safetensors: named tensors in one file that other tools read too.
 *
 *     u64 N, little-endian | N bytes of JSON, one object | data up to the end of the file
 *     "name": {"dtype": "F32", "shape": [6, 1, 5, 5], "data_offsets": [begin, end]}     offsets count from the data
 *     "__metadata__": {"key": "value", ...}                                             optional, strings only
 *
 * Rules: the README of huggingface/safetensors and what its reader checks. The reader vouches for nothing in a file:
 * what it accepts has tensors that cover the data exactly once and whose sizes are those of their shapes. */
#ifndef FV_MODEL_SAFETENSORS_H
#define FV_MODEL_SAFETENSORS_H
#include "base/file.h"
#include "base/memory.h"

/* Element types and their bits. Names are the format's. */
#define FV_ST_TYPES(X)                                                                                                 \
    X(BOOL, 8)                                                                                                         \
    X(F4, 4)                                                                                                           \
    X(F6_E2M3, 6)                                                                                                      \
    X(F6_E3M2, 6)                                                                                                      \
    X(U8, 8)                                                                                                           \
    X(I8, 8)                                                                                                           \
    X(F8_E5M2, 8)                                                                                                      \
    X(F8_E4M3, 8)                                                                                                      \
    X(F8_E8M0, 8)                                                                                                      \
    X(F8_E4M3FNUZ, 8)                                                                                                  \
    X(F8_E5M2FNUZ, 8)                                                                                                  \
    X(I16, 16)                                                                                                         \
    X(U16, 16)                                                                                                         \
    X(F16, 16)                                                                                                         \
    X(BF16, 16)                                                                                                        \
    X(I32, 32)                                                                                                         \
    X(U32, 32)                                                                                                         \
    X(F32, 32)                                                                                                         \
    X(C64, 64)                                                                                                         \
    X(F64, 64)                                                                                                         \
    X(I64, 64)                                                                                                         \
    X(U64, 64)

typedef enum fv_st_type {
#define FV_ST_ENUM(name, bits) FV_ST_##name,
    FV_ST_TYPES(FV_ST_ENUM)
#undef FV_ST_ENUM
        FV_ST_TYPE_COUNT
} fv_st_type;

const char *fv_st_type_name(fv_st_type type);
uint32_t fv_st_type_bits(fv_st_type type);

/* The format allows more dimensions and larger headers than anything has; the limit of tokens bounds the memory that
 * a hostile header takes while it is parsed. A tensor costs about eight tokens. */
enum { FV_ST_RANK = 8, FV_ST_DEPTH = 32, FV_ST_HEADER = 100000000, FV_ST_TOKENS = 1 << 21 };

typedef struct fv_st_tensor {
    const char *name;
    fv_st_type type;
    int rank; /* 0 is a scalar, one element */
    uint64_t dim[FV_ST_RANK];
    const uint8_t *data; /* row-major, little-endian, at any alignment */
    size_t bytes;        /* of data, exactly what the shape needs */
} fv_st_tensor;

typedef struct fv_st_meta {
    const char *key, *value;
} fv_st_meta;

/* A file that was read. Pointers of tensors go into the bytes it was read from. */
typedef struct fv_safetensors {
    const fv_st_tensor *tensors; /* in the order of their data */
    size_t count;
    const fv_st_meta *meta; /* sorted by key */
    size_t meta_count;
    const fv_st_tensor **by_name;
    const uint8_t *map; /* of fv_safetensors_open */
    size_t map_bytes;
    fv_arena arena;
} fv_safetensors;

/* Read `size` bytes that stay valid while *st is used; `file` is the name that messages print. On failure *st is
 * empty. Errors: FV_E_FORMAT for a broken rule, FV_E_UNSUPPORTED beyond the limits above, FV_E_MEMORY. */
fv_status fv_safetensors_read(const fv_host *host, const char *file, const uint8_t *data, size_t size,
                              fv_safetensors *st, fv_error *err);
/* Map a file and read it. */
fv_status fv_safetensors_open(const fv_host *host, const char *path, fv_safetensors *st, fv_error *err);
void fv_safetensors_free(fv_safetensors *st);

/* By name, in O(log count); NULL if there is none. */
const fv_st_tensor *fv_safetensors_find(const fv_safetensors *st, const char *name);
const char *fv_safetensors_meta(const fv_safetensors *st, const char *key);

/* Elements first .. first+count-1 of a tensor of type F64, F32, F16 or BF16. Doubles beyond float become infinite.
 * Errors: FV_E_UNSUPPORTED for another type, FV_E_RANGE beyond the tensor. */
fv_status fv_st_read_float(const fv_st_tensor *t, uint64_t first, size_t count, float *out, fv_error *err);
fv_status fv_st_read_double(const fv_st_tensor *t, uint64_t first, size_t count, double *out, fv_error *err);

/* The data as they lie if they are aligned floats, else NULL: then fv_st_read_float copies. */
const float *fv_st_floats(const fv_st_tensor *t);

/* Shape as 6x1x5x5 ("scalar" for rank 0) in buf. */
enum { FV_ST_SHAPE_TEXT = FV_ST_RANK * 21 };
const char *fv_st_shape_text(const fv_st_tensor *t, char buf[FV_ST_SHAPE_TEXT]);

/* Write tensors in the order given and metadata sorted by key, through fv_file_replace. Equal arguments give equal
 * bytes. Data begin at a multiple of 64; `bytes` of each tensor must be what its shape needs. Nothing is copied but the
 * header. Errors: FV_E_ARGUMENT for names that are no UTF-8 or occur twice and for sizes that do not fit. */
fv_status fv_safetensors_write(const fv_host *host, const char *path, const fv_st_tensor *tensors, size_t count,
                               const fv_st_meta *meta, size_t meta_count, fv_error *err);

/* Bytes that the shape needs; false if they overflow or are no whole number. */
bool fv_st_bytes(const fv_st_tensor *t, uint64_t *bytes);

#endif
