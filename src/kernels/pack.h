/* Column panels: the one place that says how the columns of a packed matrix are cut.
 *
 * A panel holds `width` columns as [depth][width], so that the micro-kernel reads one row of it a step; panels follow one
 * another, and panel columns behind the matrix are zero. Widths are two vectors, or for what is left over one vector, or
 * with 16 lanes half a vector: LeNet-5's layers have 6, 10, 16, 84 and 120 columns, and two 256-bit FMAs run where one
 * 512-bit FMA does. Weighed as vectors of 8: 20 left is 16 + 8, 25 left is 32. */
#ifndef FV_KERNELS_PACK_H
#define FV_KERNELS_PACK_H
#include <stddef.h>

/* Width of the panel that begins where `left` columns are left; panel is fv_kernels.panel, two vectors. */
static inline size_t fv_panel_width(size_t panel, size_t left)
{
    const size_t lanes = panel / 2, half = lanes == 16 ? 8 : 0;

    if (left > lanes + half)
        return panel;
    return left > half ? lanes : half;
}

/* Columns with padding, the sum of all widths. A panel that begins at column c begins at element depth * c. */
static inline size_t fv_panel_columns(size_t panel, size_t cols)
{
    size_t begin = 0;

    while (begin + panel <= cols)
        begin += panel;
    while (begin < cols)
        begin += fv_panel_width(panel, cols - begin);
    return begin;
}

#endif
