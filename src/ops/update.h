/* Attributes of the optimizer's nodes; the train room fills them. */
#ifndef FV_OPS_UPDATE_H
#define FV_OPS_UPDATE_H
#include "ops/common.h"

typedef struct fv_update_attrs {
    double rate; /* of the step's learning rate: 1 = all of it */
    double momentum, decay, beta1, beta2, eps;
    bool nesterov, decoupled;
} fv_update_attrs;

typedef struct fv_clip_attrs {
    double max_norm; /* 0 = only measure */
} fv_clip_attrs;

#endif
