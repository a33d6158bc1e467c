/* What the losses share: x [N,1,1,classes] and labels [N] give one value a sample, [N]; the gradient of the mean. Training
 * gives cross-entropy two inputs more where samples are mixed: the other labels [N] and the shares [N] of the first. */
#ifndef FV_OPS_LOSS_H
#define FV_OPS_LOSS_H
#include "ops/common.h"

fv_status fv_loss_shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err);

/* Emit `backward` with the node's attributes on x, labels and the mean's scale, and on what mixed samples have besides. */
void fv_loss_grad(fv_graph *graph, const fv_node *node, const fv_op *backward, const fv_value *dy, const bool *need,
                  fv_value *dx);
void fv_loss_lower(fv_lower *lower, const fv_node *node, fv_kernel_id kernel, fv_loss_args args);
void fv_loss_lower_backward(fv_lower *lower, const fv_node *node, fv_kernel_id kernel, fv_loss_args args);

#endif
