/* Column panels: the one place that says how the columns of a matrix are cut for the register tile (tile.h).
 *
 * A packed panel holds `width` columns as [depth][width], so that a step reads one row of it; panels follow one another,
 * and panel columns behind the matrix are zero. Widths are two vectors, or for what is left over one vector, or with 16
 * lanes half a vector: LeNet-5's layers have 6, 10, 16, 84 and 120 columns, and two 256-bit FMAs run where one 512-bit
 * FMA does (Zen 4; Zen 5 and Intel lose nothing either). So 20 left is 16 + 8, and 25 left is 32. */
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

/* Where panel i of a matrix begins, or the padded number of columns if i is past the last. Whole panels come first, so
 * this is a few steps at most. A panel that begins at column c begins at element depth * c. */
static inline size_t fv_panel_begin(size_t panel, size_t cols, size_t i)
{
    const size_t whole = i < cols / panel ? i : cols / panel;
    size_t begin = whole * panel;

    for (i -= whole; i && begin < cols; i--)
        begin += fv_panel_width(panel, cols - begin);
    return begin;
}

static inline size_t fv_panel_count(size_t panel, size_t cols)
{
    size_t count = cols / panel;

    for (size_t begin = count * panel; begin < cols; begin += fv_panel_width(panel, cols - begin))
        count++;
    return count;
}

/* Columns with padding. */
static inline size_t fv_panel_columns(size_t panel, size_t cols)
{
    return fv_panel_begin(panel, cols, (size_t)-1);
}

#endif
