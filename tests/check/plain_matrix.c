/* Plain matrix products, packing and sums. */
#include "kernels/pack.h"
#include "plain.h"

size_t plain_panel;

/* Items are groups x parts x panels; item 0 does all. */
void plain_pack(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pack_args *a = args;
    real *out = a->panels;
    size_t width = a->cols;

    (void)slice;
    (void)end;
    for (size_t matrix = 0; begin == 0 && matrix < a->groups * a->parts; matrix++) {
        const real *b = (const real *)a->b + matrix / a->parts * a->group_stride + matrix % a->parts * a->part_stride;

        for (size_t column = 0; column < a->cols; column += width) {
            if (plain_panel)
                width = fv_panel_width(plain_panel, a->cols - column);
            for (size_t k = 0; k < a->depth; k++)
                for (size_t c = column; c < column + width; c++)
                    *out++ = c >= a->cols ? 0 : a->transposed ? b[c * a->ld + k] : b[k * a->ld + c];
        }
    }
}

/* Items are row_blocks x col_blocks; item 0 does all. */
void plain_gemm(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_gemm_args *a = args;
    const real *bias = a->bias, *add = a->add, *gate = a->gate;

    (void)slice;
    (void)end;
    for (size_t i = 0; begin == 0 && i < a->rows; i++)
        for (size_t j = 0; j < a->cols; j++) {
            const size_t at = i * a->ldc + j;
            real y = bias ? bias[j] : 0;

            for (size_t k = 0; k < a->depth; k++)
                y += ((const real *)a->a)[i * a->lda + k] * ((const real *)a->b)[k * a->cols + j];
            y = act_value(a->act, add ? y + add[at] : y);
            ((real *)a->c)[at] = gate ? y * act_gradient(a->gate_act, gate[at]) : y;
        }
}

/* Items are row blocks; depth in rising order. The first block sums the columns of b. */
void plain_gemm_tn(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_gemm_tn_args *a = args;
    const real *x = a->a, *b = a->b;

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t part = item / a->row_blocks, block = item % a->row_blocks;
        const size_t from = a->parts ? part * a->samples / a->parts * (a->depth / a->samples) : 0;
        const size_t to = a->parts ? (part + 1) * a->samples / a->parts * (a->depth / a->samples) : a->depth;
        real *c = (real *)a->c + part * a->rows * a->cols;
        real *sums = a->sums ? (real *)a->sums + part * a->cols : NULL;

        for (size_t i = block * a->rows / a->row_blocks; i < (block + 1) * a->rows / a->row_blocks; i++)
            for (size_t j = 0; j < a->cols; j++) {
                real sum = 0;

                for (size_t k = from; k < to; k++)
                    sum += x[k * a->lda + i] * b[k * a->ldb + j];
                c[i * a->cols + j] = sum;
            }
        for (size_t j = 0; sums && block == 0 && j < a->cols; j++) {
            sums[j] = 0;
            for (size_t k = from; k < to; k++)
                sums[j] += b[k * a->ldb + j];
        }
    }
}

/* Items are elements. */
void plain_sum_parts(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_sum_args *a = args;
    const real *parts = a->parts;

    (void)slice;
    for (size_t i = begin; i < end; i++) {
        real sum = parts[i];

        for (size_t p = 1; p < a->n_parts; p++)
            sum += parts[p * a->count + i];
        ((real *)a->out)[i] = sum;
    }
}
