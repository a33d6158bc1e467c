/* What max and average pooling share. */
#ifndef FV_OPS_POOL_H
#define FV_OPS_POOL_H
#include "ops/common.h"

typedef struct fv_pool_attrs {
    size_t kernel[2], stride[2]; /* stride 0 = the kernel's */
    fv_pad pad;
    bool ceil;      /* the last window may hang over the edge */
    bool global;    /* one window over the whole picture */
    bool count_pad; /* average: padding counts as zeros */
    size_t to[2];   /* average: rows and columns of the result whatever the input's, 0 = as the windows give */
    int act;
} fv_pool_attrs;

typedef struct fv_pool_backward_attrs {
    fv_shape x; /* first: fv_shape_of_input */
    fv_pool_attrs pool;
} fv_pool_backward_attrs;

/* Argument block of a pooling of x, all but pointers. */
fv_pool_args fv_pool_describe(const fv_pool_attrs *attrs, const fv_shape *x);
fv_status fv_pool_shape(const char *name, const fv_pool_attrs *attrs, const fv_shape *x, fv_shape *out, fv_error *err);
/* Are the windows 2x2 cells side by side that cover all of x? */
bool fv_pool_halves(const fv_pool_attrs *attrs, const fv_shape *x);
void fv_pool_facts(const fv_node *node, const fv_shape *in, const fv_shape *out, fv_facts *facts);
fv_cost fv_pool_cost(const fv_pool_args *p, double real);

#define FV_POOL_ATTRS                                                                                                  \
    {"kernel", FV_ATTR_SIZE, offsetof(fv_pool_attrs, kernel), 2, 1, 1024, "rows x columns", true, NULL},               \
        {"stride", FV_ATTR_SIZE, offsetof(fv_pool_attrs, stride), 0, 0, 1024, "step of the window; 0 = the kernel's",  \
         false,    NULL},                                                                                              \
        {"pad", FV_ATTR_PAD, offsetof(fv_pool_attrs, pad), 0, 0, 1024, "cells around the input that are not there",    \
         false, NULL},                                                                                                 \
        {"ceil", FV_ATTR_FLAG, offsetof(fv_pool_attrs, ceil), 0, 0, 1, "the last window may hang over the edge",       \
         false,  NULL},                                                                                                \
    {                                                                                                                  \
        "global", FV_ATTR_FLAG, offsetof(fv_pool_attrs, global), 0, 0, 1, "one window over the whole input", false,    \
            NULL                                                                                                       \
    }

#endif
