/* Plain products of words: a word is two doubles, each rounded to bf16. What is made for the plain kernels has them side by
 * side along the sum, so that the plain product and convolution do the rest. */
#include "kernels/pack.h"
#include "plain.h"

/* The nearest number of 8 bits of precision, ties to even, by arithmetic. */
static real rounded(real x)
{
    int exponent;
    const real fraction = frexp(x, &exponent);

    return ldexp(nearbyint(ldexp(fraction, 8)), exponent - 8);
}

/* Items are rows of `run`; behind an odd end stands a zero. */
void plain_half_round(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_round_args *a = args;
    const size_t width = (a->run + 1) / 2 * 2;

    (void)slice;
    for (size_t row = begin; row < end; row++)
        for (size_t i = 0; i < width; i++)
            ((real *)a->out)[row * width + i] = i < a->run ? rounded(((const real *)a->x)[row * a->run + i]) : 0;
}

/* The value of row k of the packed matrix, whose rows are those of b with a row of zeros behind each odd run. */
static real packed_value(const fv_pack_args *a, const real *b, size_t k, size_t column)
{
    const size_t width = (a->run + 1) / 2 * 2, row = k / width * a->run + k % width;

    return column < a->cols && k % width < a->run ? rounded(b[row * a->ld + column]) : 0;
}

/* A plain matrix [2 words, cols], or where plain_panel is given panels of words as a set has them. Item 0 does all. */
void plain_half_pack(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pack_args *a = args;
    const size_t words = fv_pack_depth(a), beside = plain_panel ? 2 : 1;
    real *out = a->panels;
    size_t width = a->cols;

    (void)slice;
    (void)end;
    for (size_t group = 0; begin == 0 && group < a->groups; group++) {
        const real *b = (const real *)a->b + group * a->group_stride;

        for (size_t column = 0; column < a->cols; column += width) {
            if (plain_panel)
                width = fv_panel_width(plain_panel, a->cols - column);
            for (size_t k = 0; k < 2 * words; k += beside)
                for (size_t c = column; c < column + width; c++)
                    for (size_t i = 0; i < beside; i++)
                        *out++ = packed_value(a, b, k + i, c);
        }
    }
}

void plain_half_gemm(const void *args, size_t begin, size_t end, size_t slice)
{
    fv_gemm_args a = *(const fv_gemm_args *)args;

    a.depth *= 2;
    a.lda *= 2;
    plain_gemm(&a, begin, end, slice);
}

void plain_half_conv_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    fv_conv_args a = *(const fv_conv_args *)args;

    a.g.in_c *= 2;
    plain_conv_forward(&a, begin, end, slice);
}
