/* All operators. */
#ifndef FV_OPS_OPS_H
#define FV_OPS_OPS_H
#include "graph/op.h"

#define OP(name) extern const fv_op fv_op_##name;
#include "ops/ops.def"
#undef OP

/* The operator of that name in the notation ("maxpool"; hidden ones are not found), or NULL. */
const fv_op *fv_op_find(const char *name);

/* The i-th operator of ops.def, hidden ones included; NULL behind the last. */
const fv_op *fv_op_list(size_t i);

#endif
