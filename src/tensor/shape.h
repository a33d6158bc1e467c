/* Shapes. An activation is [N,H,W,C] (channels contiguous), a vector [C], a scalar [1]. */
#ifndef FV_TENSOR_SHAPE_H
#define FV_TENSOR_SHAPE_H
#include "fovea/fovea.h"

enum { FV_MAX_RANK = 4 };

typedef struct fv_shape {
    int rank;
    size_t dim[FV_MAX_RANK];
} fv_shape;

/* FV_REAL is float or double, as the session's kernels are; FV_U8 holds arg-max and masks, FV_I32 labels. */
typedef enum fv_dtype { FV_REAL_T, FV_U8, FV_I32 } fv_dtype;

static inline size_t fv_elements(const fv_shape *s)
{
    size_t n = 1;

    for (int i = 0; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

static inline size_t fv_channels(const fv_shape *s)
{
    return s->dim[s->rank - 1];
}
static inline size_t fv_pixels(const fv_shape *s)
{
    return fv_channels(s) ? fv_elements(s) / fv_channels(s) : 0;
}

static inline bool fv_shape_equal(const fv_shape *a, const fv_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

static inline fv_shape fv_shape4(size_t n, size_t h, size_t w, size_t c)
{
    return (fv_shape){4, {n, h, w, c}};
}
static inline fv_shape fv_shape1(size_t c)
{
    return (fv_shape){1, {c}};
}

/* Text such as 8x56x56x64 in buf (at least 96 bytes); returns buf. */
const char *fv_shape_text(const fv_shape *s, char buf[96]);

/* False when the product of the dimensions (times 8 bytes) does not fit in a size_t or a dimension is 0. */
bool fv_shape_valid(const fv_shape *s);

#endif
