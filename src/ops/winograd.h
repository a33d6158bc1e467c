/* Convolutions by Winograd's algorithm (kernels/winograd.h): which, and their steps. */
#ifndef FV_OPS_WINOGRAD_H
#define FV_OPS_WINOGRAD_H
#include "graph/lower.h"
#include "ops/tuning.h"

/* Can Winograd's kernels compute this at all? */
bool fv_winograd_fits(const fv_conv_geometry *g);

/* The side of the tiles with which this convolution is fastest, as measured here or else as the cost model says; or 0: the
 * plain kernel is, or there is no other. */
size_t fv_winograd_side(const fv_conv_geometry *g, const fv_chooser *chooser);

/* y = act(conv(x, w) + bias + add) * act_gradient(gate), u the packed filters of w; with `pool` the largest of each 2x2
 * before `act`. */
typedef struct fv_winograd {
    fv_value x, u, bias, add, gate, y;
    fv_conv_geometry g;
    size_t side;
    fv_act act, gate_act;
    bool pool;
} fv_winograd;

void fv_lower_winograd(fv_lower *lower, const fv_winograd *w);

#endif
