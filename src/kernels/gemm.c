/* gemm: c = act(a b + bias) act'(gate), b in column panels; gemm_tn: c = a^T b. */
#include "kernels/pack.h"
#include "kernels/vec.h"

static real dot_packed(const fv_gemm_args *a, const real *row, size_t column)
{
    const size_t panel = 2 * FV_LANES;
    size_t first = 0;

    while (first + fv_panel_width(panel, a->cols - first) <= column)
        first += fv_panel_width(panel, a->cols - first);

    const size_t width = fv_panel_width(panel, a->cols - first);
    const real *b = (const real *)a->b + first * a->depth + (column - first);
    real sum = 0;

    for (size_t k = 0; k < a->depth; k++)
        sum += row[k] * b[k * width];
    return sum;
}

/* Items are row_blocks x col_blocks, the columns fastest. */
void FV_FN(gemm)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_gemm_args *a = args;
    const real *bias = a->bias, *gate = a->gate;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t rb = item / a->col_blocks, cb = item % a->col_blocks;
        const size_t row_end = (rb + 1) * a->rows / a->row_blocks, col_end = (cb + 1) * a->cols / a->col_blocks;

        for (size_t i = rb * a->rows / a->row_blocks; i < row_end; i++)
            for (size_t j = cb * a->cols / a->col_blocks; j < col_end; j++) {
                const size_t at = i * a->ldc + j;
                real y = dot_packed(a, (const real *)a->a + i * a->lda, j) + (bias ? bias[j] : 0);

                y = act_value(a->act, y);
                ((real *)a->c)[at] = gate ? y * act_gradient(a->gate_act, gate[at]) : y;
            }
    }
}

/* Items are row blocks; depth in rising order. The first block sums the columns of b. */
void FV_FN(gemm_tn)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_gemm_tn_args *a = args;
    const real *x = a->a, *b = a->b;
    real *c = a->c, *sums = a->sums;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t row_end = (item + 1) * a->rows / a->row_blocks;

        for (size_t i = item * a->rows / a->row_blocks; i < row_end; i++)
            for (size_t j = 0; j < a->cols; j++) {
                real sum = 0;

                for (size_t k = 0; k < a->depth; k++)
                    sum += x[k * a->lda + i] * b[k * a->ldb + j];
                c[i * a->cols + j] = sum;
            }
        for (size_t j = 0; sums && item == 0 && j < a->cols; j++) {
            sums[j] = 0;
            for (size_t k = 0; k < a->depth; k++)
                sums[j] += b[k * a->ldb + j];
        }
    }
}
