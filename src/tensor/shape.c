/* Shapes as text, and the check that their sizes can be computed with. */
#include "tensor/shape.h"
#include "base/memory.h"

#include <stdio.h>

/* Rank 0 is a scalar, printed as "scalar". Four dimensions of 20 digits and three crosses fit 96 bytes. */
const char *fv_shape_text(const fv_shape *s, char buf[96])
{
    size_t at = 0;

    if (s->rank <= 0)
        snprintf(buf, 96, "scalar");
    for (int i = 0; i < s->rank && i < FV_MAX_RANK; i++)
        at += (size_t)snprintf(buf + at, 96 - at, "%s%zu", i ? "x" : "", s->dim[i]);
    return buf;
}

bool fv_shape_valid(const fv_shape *s)
{
    size_t bytes = sizeof(double);

    if (s->rank < 0 || s->rank > FV_MAX_RANK)
        return false;
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] == 0 || !fv_mul(bytes, s->dim[i], &bytes))
            return false;
    return true;
}
