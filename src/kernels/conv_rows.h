/* Pieces of memory that convolutions and pooling move. */
#ifndef FV_KERNELS_CONV_ROWS_H
#define FV_KERNELS_CONV_ROWS_H
#include "kernels/conv.h"
#include "kernels/tile.h"

/* Rows [first, first + rows) of the padded picture, dense, zeros around (conv.c). x is the image. */
void FV_FN(pad_rows)(const fv_conv_geometry *g, const real *x, size_t first, size_t rows, real *out);

/* to += from, n reals (conv.c). */
void FV_FN(add_run)(real *to, const real *from, size_t n);

/* How many of `left` rows the next chunk takes: chunks are of nearly equal height. */
FV_INLINE size_t fv_next_rows(size_t left)
{
    const size_t pieces = fv_pieces(left, FV_CHUNK);

    return (left + pieces - 1) / pieces;
}

#endif
