/* Parameters between their two forms: as kernels want them (fv_param.shape) and as files hold them. */
#ifndef FV_GRAPH_PARAM_H
#define FV_GRAPH_PARAM_H
#include "graph/op.h"

/* Shape in a file: [out,in/groups,kh,kw] of a convolution, [out,in] of a dense layer. */
fv_shape fv_param_file_shape(const fv_param *param);

/* The engine's element offset of element `i` of the file's row-major order. */
size_t fv_param_offset(const fv_param *param, size_t i);

/* First value of element i (file order); `stream` tells parameters of one net apart. */
double fv_param_first_value(const fv_param *param, uint64_t seed, uint32_t stream, size_t i);

#endif
