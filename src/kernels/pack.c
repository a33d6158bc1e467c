/* pack: a matrix to column panels (pack.h). */
#include "kernels/pack.h"
#include "kernels/vec.h"
#include "kernels/work.h"

static void pack_panel(const fv_pack_args *a, const real *b, real *out, size_t column, size_t width)
{
    for (size_t k = 0; k < a->depth; k++)
        for (size_t j = 0; j < width; j++) {
            const size_t c = column + j;

            out[k * width + j] = c >= a->cols ? 0 : a->transposed ? b[c * a->ld + k] : b[k * a->ld + c];
        }
}

/* Items are groups x panels. */
void FV_FN(pack)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pack_args *a = args;
    const size_t panel = 2 * FV_LANES, columns = fv_panel_columns(panel, a->cols);
    size_t panels = 0;

    (void)slice;
    for (size_t c = 0; c < a->cols; c += fv_panel_width(panel, a->cols - c))
        panels++;
    for (size_t item = begin; item < end; item++) {
        const size_t group = item / panels;
        size_t column = 0;

        for (size_t i = 0; i < item % panels; i++)
            column += fv_panel_width(panel, a->cols - column);
        pack_panel(a, (const real *)a->b + group * a->group_stride,
                   (real *)a->panels + group * a->depth * columns + column * a->depth, column,
                   fv_panel_width(panel, a->cols - column));
    }
}
