/* Batch normalisation: what its operators share, and what the planner needs to fold it into others (plan/fold.c). */
#ifndef FV_OPS_BN_H
#define FV_OPS_BN_H
#include "ops/common.h"

typedef struct fv_bn_attrs {
    double eps, momentum;
    bool frozen;
    int act; /* fv_act that the planner folded in */
} fv_bn_attrs;

/* Inputs of a `bn` node: x, gamma, beta, running mean, running variance. */
enum { FV_BN_X, FV_BN_GAMMA, FV_BN_BETA, FV_BN_MEAN, FV_BN_VAR, FV_BN_INPUTS };

/* One step: scale = gamma / sqrt(var + eps). */
void fv_lower_bn_scale(fv_lower *lower, fv_value gamma, fv_value var, double eps, fv_value scale);

/* One step: out = act((x - mean) scale + beta). */
typedef struct fv_bn_apply {
    fv_value x, mean, scale, beta, out;
    int act;
} fv_bn_apply;
void fv_lower_bn_apply(fv_lower *lower, const fv_bn_apply *apply);

#endif
