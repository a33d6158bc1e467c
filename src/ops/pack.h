/* Attributes of packing nodes, which the planner inserts. */
#ifndef FV_OPS_PACK_H
#define FV_OPS_PACK_H
#include "ops/common.h"

typedef struct fv_pack_attrs {
    size_t groups, parts;
    bool transposed;
    size_t run;      /* not 0: words of two bf16, in runs of so many rows (fv_pack_args) */
    size_t side;     /* not 0: filters of Winograd's convolution with tiles of this side */
    size_t elements; /* of the packed form */
} fv_pack_attrs;

/* Elements of the packed form of weight w; groups, parts, transposed and side are set. */
size_t fv_pack_elements(const fv_kernels *kernels, const fv_shape *w, const fv_pack_attrs *attrs);

#endif
