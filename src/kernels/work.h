/* How kernels cut their work: items, parts and scratch as functions of the shape and the table of kernels alone.
 * `lower` of an operator asks here, then fills the argument block with the same numbers. */
#ifndef FV_KERNELS_WORK_H
#define FV_KERNELS_WORK_H
#include "kernels/args.h"
#include "kernels/kernels.h"
#include "kernels/winograd.h"

/* Elements of a packed matrix [depth, cols] (one group), padding included. */
size_t fv_packed_elements(const fv_kernels *k, size_t depth, size_t cols);
/* Panels of a packed matrix of `cols` columns (one group). */
size_t fv_packed_panels(const fv_kernels *k, size_t cols);

/* Fill blocks (row_blocks, col_blocks, blocks, parts, scratch_bytes) of the argument block and say how it is cut. */
fv_work fv_work_gemm(const fv_kernels *k, fv_gemm_args *args);
fv_work fv_work_gemm_tn(const fv_kernels *k, fv_gemm_tn_args *args);
fv_work fv_work_conv_forward(const fv_kernels *k, fv_conv_args *args);
fv_work fv_work_conv_backward_x(const fv_kernels *k, fv_conv_args *args);
fv_work fv_work_conv_backward_w(const fv_kernels *k, fv_conv_args *args);
/* Sets *apart if v must hold the tiles before: few tiles, so that columns are shared out. */
fv_work fv_work_winograd(const fv_kernels *k, fv_winograd_args *args, bool *apart);
fv_work fv_work_winograd_input(const fv_kernels *k, const fv_winograd_args *args);
fv_work fv_work_winograd_filters(const fv_kernels *k, const fv_winograd_filter_args *args);
fv_work fv_work_maxpool_forward(const fv_kernels *k, fv_pool_args *args);
fv_work fv_work_avgpool_forward(const fv_kernels *k, fv_pool_args *args);
fv_work fv_work_pool_backward(const fv_kernels *k, fv_pool_args *args);
fv_work fv_work_subsample(const fv_kernels *k, fv_subsample_args *args); /* sets parts too */

/* Parts of square_sum over count elements. */
size_t fv_square_parts(size_t count);

/* Elementwise and row kernels: `items` items of about `bytes` bytes of traffic each. */
fv_work fv_work_items(size_t items, size_t bytes);

#endif
