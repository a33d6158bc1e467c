/* How an operator tells the planner which kernels compute a node. Implemented by plan/lower.c. */
#ifndef FV_GRAPH_LOWER_H
#define FV_GRAPH_LOWER_H
#include "graph/op.h"
#include "kernels/args.h"
#include "kernels/kernels.h"
#include "kernels/work.h"

typedef struct fv_lower fv_lower;

/* How what a pointer points to is laid out. Of the pointers of a step, either all say what is true or all say FV_WHOLE. */
typedef enum fv_layout {
    FV_WHOLE,   /* anyhow: the kernel wants the whole value */
    FV_SAMPLES, /* one sample behind the other, and items of a sample touch its own alone */
    FV_PARTS    /* partial sums, one for each unit of samples */
} fv_layout;

/* Where a pointer of the argument block points: to a value, when the memory plan is known. */
typedef struct fv_bind {
    size_t offset;  /* of the pointer in the argument block */
    fv_value value; /* 0 = stays NULL */
    size_t shift;   /* bytes behind the value's beginning */
    fv_layout layout;
} fv_bind;
#define FV_BIND_AS(layout, type, field, value)                                                                         \
    {                                                                                                                  \
        offsetof(type, field), (value), 0, (layout)                                                                    \
    }
#define FV_BIND(type, field, value) FV_BIND_AS(FV_WHOLE, type, field, value)
#define FV_BIND_SAMPLES(type, field, value) FV_BIND_AS(FV_SAMPLES, type, field, value)
#define FV_BIND_PARTS(type, field, value) FV_BIND_AS(FV_PARTS, type, field, value)

typedef struct fv_cost {
    double flops, bytes;
} fv_cost;

const fv_kernels *fv_lower_kernels(const fv_lower *lower);
const fv_shape *fv_lower_shape(const fv_lower *lower, fv_value value);

bool fv_lower_training(const fv_lower *lower);  /* is the graph one for training? */
bool fv_lower_gradients(const fv_lower *lower); /* may it hold gradients? */
size_t fv_lower_batch(const fv_lower *lower);

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
