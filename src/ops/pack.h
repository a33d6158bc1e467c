/* Attributes of packing nodes, which the planner inserts. */
#ifndef FV_OPS_PACK_H
#define FV_OPS_PACK_H
#include "ops/common.h"

typedef struct fv_pack_attrs {
    size_t groups, parts;
    bool transposed;
    size_t elements; /* of the packed form */
} fv_pack_attrs;

/* Depth and columns of one packed matrix, of which a group of weight w [.., in, out] has `parts`. */
void fv_pack_matrix(const fv_shape *w, const fv_pack_attrs *attrs, size_t *depth, size_t *cols);

#endif
