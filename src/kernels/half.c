/* bf16: what the kernels of words read. A word holds two neighbours of a sum as bf16 (the upper half of a float, rounded to
 * the nearest, ties to even), the first in its low half. The tile, the product and the convolution are compiled once more
 * for words (FV_HALF, vec.h): where they multiply and add a value, they do so with two, and the sum stays float. Bound by
 * memory. */
#include "kernels/act.h"
#include "kernels/tile.h"

/* Functions of whole floats that the sources compiled here call. */
#define FV_PLAIN(name) FV_PASTE(fv_##name, FV_PLAIN_ISA)
void FV_PLAIN(clear)(real *p, size_t n);
void FV_PLAIN(act_run)(fv_act act, const real *x, real *out, size_t n);
void FV_PLAIN(act_back_run)(fv_act act, const real *y, const real *dy, real *out, size_t n);
fv_kernel FV_FN(round);

void FV_FN(clear)(real *p, size_t n)
{
    FV_PLAIN(clear)(p, n);
}

void FV_FN(act_run)(fv_act act, const real *x, real *out, size_t n)
{
    FV_PLAIN(act_run)(act, x, out, n);
}

void FV_FN(act_back_run)(fv_act act, const real *y, const real *dy, real *out, size_t n)
{
    FV_PLAIN(act_back_run)(act, y, dy, out, n);
}

/* The bits of a float, rounded; a NaN stays one, whatever rounding would make of its bits. */
static uint32_t half_of(real x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static real word_of(real low, real high)
{
    const uint32_t bits = half_of(low) | half_of(high) << 16;
    real word;

    memcpy(&word, &bits, sizeof word);
    return word;
}

/* Items are rows of `run` values, (run + 1) / 2 words each; behind an odd end stands a zero. */
void FV_FN(round)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_round_args *a = args;
    const size_t words = (a->run + 1) / 2;

    (void)slice;
    for (size_t row = begin; row < end; row++) {
        const real *x = (const real *)a->x + row * a->run;
        real *out = (real *)a->out + row * words;
        size_t i = 0;

#if FV_LANES == 16 && defined(__AVX512BF16__)
        for (; i + FV_LANES <= a->run / 2; i += FV_LANES)
            vec_store(out + i,
                      (vec)_mm512_cvtne2ps_pbh((__m512)vec_load(x + 2 * i + FV_LANES), (__m512)vec_load(x + 2 * i)));
#endif
        for (; i < a->run / 2; i++)
            out[i] = word_of(x[2 * i], x[2 * i + 1]);
        if (i < words)
            out[i] = word_of(x[2 * i], 0);
    }
}

/* Rows 2 i and 2 i + 1 of each run become row i of a panel. Items are groups x panels. */
void FV_FN(pack)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pack_args *a = args;
    const size_t panels = fv_panel_count(FV_PANEL, a->cols), columns = fv_panel_columns(FV_PANEL, a->cols);

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t column = fv_panel_begin(FV_PANEL, a->cols, item % panels), left = a->cols - column;
        const size_t width = fv_panel_width(FV_PANEL, left), have = left < width ? left : width;
        const real *b = (const real *)a->b + item / panels * a->group_stride + column;
        real *out = (real *)a->panels + fv_pack_depth(a) * (item / panels * columns + column);

        for (size_t first = 0; first < a->depth; first += a->run)
            for (size_t k = first; k < first + a->run; k += 2, out += width) {
                const real *low = b + k * a->ld, *high = k + 1 < first + a->run ? low + a->ld : FV_FN(zeros);

                for (size_t j = 0; j < width; j++)
                    out[j] = j < have ? word_of(low[j], high[j]) : 0;
            }
    }
}
