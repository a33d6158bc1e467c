/* The list of operators. */
#include "ops/ops.h"
#include "base/error.h"
#include <string.h>

static const fv_op *const all[] = {
#define OP(name) &fv_op_##name,
#include "ops/ops.def"
#undef OP
};

const fv_op *fv_op_list(size_t i)
{
    return i < FV_COUNT(all) ? all[i] : NULL;
}

const fv_op *fv_op_find(const char *name)
{
    for (size_t i = 0; i < FV_COUNT(all); i++)
        if (!(all[i]->flags & FV_OP_HIDDEN) && strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}
