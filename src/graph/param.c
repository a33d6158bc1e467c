/* Layouts and first values of parameters. First values are a function of (seed, parameter number, index in the file),
 * so they do not depend on the engine's layout. */
#include "graph/param.h"
#include "base/random.h"
#include <math.h>

fv_shape fv_param_file_shape(const fv_param *param)
{
    fv_shape file = {.rank = param->file_rank};

    for (int a = 0; a < param->shape.rank; a++) {
        const size_t dim = param->shape.dim[param->file_order[a]];

        if (a < param->file_rank)
            file.dim[a] = dim;
        else
            file.dim[param->file_rank - 1] *= dim;
    }
    return file;
}

size_t fv_param_offset(const fv_param *param, size_t i)
{
    const fv_shape *shape = &param->shape;
    size_t index[FV_MAX_RANK] = {0}, offset = 0;

    for (int a = shape->rank - 1; a >= 0; a--) {
        const int axis = param->file_order[a];

        index[axis] = i % shape->dim[axis];
        i /= shape->dim[axis];
    }
    for (int axis = 0; axis < shape->rank; axis++)
        offset = offset * shape->dim[axis] + index[axis];
    return offset;
}

double fv_param_first_value(const fv_param *param, uint64_t seed, uint32_t stream, size_t i)
{
    const fv_random random = {seed, FV_STREAM_INIT + stream, 0};

    if (param->mask) {
        const fv_shape *s = &param->shape; /* [kh,kw,in,out] */

        if (!param->mask[fv_param_offset(param, i) % (s->dim[2] * s->dim[3])])
            return 0;
    }
    switch (param->init) {
    case FV_INIT_HE:
        return sqrt(2 / param->fan_in) * fv_random_normal(random, i);
    case FV_INIT_GLOROT:
        return sqrt(6 / (param->fan_in + param->fan_out)) * (2 * fv_random_uniform(random, i) - 1);
    case FV_INIT_LECUN:
        return sqrt(1 / param->fan_in) * fv_random_normal(random, i);
    case FV_INIT_LECUN98:
        return 2.4 / param->fan_in * (2 * fv_random_uniform(random, i) - 1);
    case FV_INIT_TORCH:
        return (2 * fv_random_uniform(random, i) - 1) / sqrt(param->fan_in);
    case FV_INIT_NORMAL:
        return param->init_value * fv_random_normal(random, i);
    case FV_INIT_VALUE:
        return param->init_value;
    }
    return 0;
}
