/* Inference in bf16: weights and inputs of a layer in words of two bf16 (kernels/half.c), sums and results in float. */
#ifndef FV_OPS_HALF_H
#define FV_OPS_HALF_H
#include "graph/lower.h"
#include "ops/tuning.h"

/* Words of a run of values. */
static inline size_t fv_half_words(size_t run)
{
    return (run + 1) / 2;
}

/* Is a product of rows x depth x cols faster so? */
bool fv_half_wins(const fv_chooser *chooser, size_t rows, size_t depth, size_t cols);

/* The step that rounds rows of `run` values; returns the words. */
fv_value fv_lower_round(fv_lower *lower, fv_value x, size_t rows, size_t run);

#endif
