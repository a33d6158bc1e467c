/* How an operator tells the planner which kernels compute a node. Implemented by plan/lower.c. */
#ifndef FV_GRAPH_LOWER_H
#define FV_GRAPH_LOWER_H
#include "graph/op.h"
#include "kernels/args.h"
#include "kernels/kernels.h"
#include "kernels/work.h"

typedef struct fv_lower fv_lower;

/* Where a pointer of the argument block points: to a value, when the memory plan is known. */
typedef struct fv_bind {
    size_t offset;  /* of the pointer in the argument block */
    fv_value value; /* 0 = stays NULL */
    size_t shift;   /* bytes behind the value's beginning */
    bool by_unit; /* the value holds equal runs, one for each unit of samples, and the kernel's items reach their own */
} fv_bind;
#define FV_BIND(type, field, value)                                                                                    \
    {                                                                                                                  \
        offsetof(type, field), (value), 0, false                                                                       \
    }
/* Of what is laid out by samples, or in one partial sum for each unit of them. All such pointers of a step are said to be,
 * or none is. */
#define FV_BIND_UNITS(type, field, value)                                                                              \
    {                                                                                                                  \
        offsetof(type, field), (value), 0, true                                                                        \
    }

typedef struct fv_cost {
    double flops, bytes;
} fv_cost;

const fv_kernels *fv_lower_kernels(const fv_lower *lower);
const fv_shape *fv_lower_shape(const fv_lower *lower, fv_value value);

bool fv_lower_training(const fv_lower *lower);  /* is the graph one for training? */
bool fv_lower_gradients(const fv_lower *lower); /* may it hold gradients? */
size_t fv_lower_batch(const fv_lower *lower);
size_t fv_lower_units(const fv_lower *lower); /* as many runs of samples as the planner cuts a batch into */

/* Where an operator that `joins` writes its result, of `value`'s shape. */
typedef struct fv_target {
    fv_value value; /* itself, or the one that it is a run of the channels of */
    size_t shift;   /* bytes from there to the first channel */
    size_t pixel;   /* elements from one pixel to the next */
} fv_target;
fv_target fv_lower_target(const fv_lower *lower, fv_value value);

/* A value that lives while this node runs (partial sums). */
fv_value fv_lower_temp(fv_lower *lower, size_t elements);

/* Append one step; args is copied. If work.scratch_bytes is not 0, the pointer at scratch_offset and the size_t behind it
 * are set to the plan's scratch memory and the distance of its slices. */
void fv_lower_step(fv_lower *lower, fv_kernel_id kernel, const void *args, size_t args_bytes, fv_work work,
                   const fv_bind *binds, size_t n_binds, size_t scratch_offset, fv_cost cost);

/* Seed of the run and the counter of training steps, for random operators. */
uint64_t fv_lower_seed(const fv_lower *lower);
const uint64_t *fv_lower_step_counter(const fv_lower *lower);

#endif
