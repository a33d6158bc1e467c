/* pack: a matrix to column panels (pack.h). Bound by memory; transposed sources are turned in blocks of 16 rows so that
 * each line of the source is used whole. */
#include "kernels/tile.h"

static void pack_rows(const fv_pack_args *a, const real *b, real *out, size_t column, size_t width)
{
    const size_t have = a->cols - column < width ? a->cols - column : width;

    for (size_t k = 0; k < a->depth; k++, out += width)
        for (size_t j = 0; j < width; j += FV_LANES) /* a panel of half a vector stores a half */
            vec_store_m(out + j, vec_load_m(b + k * a->ld + column + j, vec_mask(j < have ? vec_lanes(j, have) : 0)),
                        vec_mask(vec_lanes(j, width)));
}

/* The source of column c is row c of b. */
static void pack_columns(const fv_pack_args *a, const real *b, real *out, size_t column, size_t width)
{
    enum { BLOCK = 16 };

    for (size_t first = 0; first < a->depth; first += BLOCK) {
        const size_t last = first + BLOCK < a->depth ? first + BLOCK : a->depth;

        for (size_t j = 0; j < width; j++) {
            const real *row = b + (column + j) * a->ld;

            for (size_t k = first; k < last; k++)
                out[k * width + j] = column + j < a->cols ? row[k] : 0;
        }
    }
}

/* Items are groups x parts x panels. */
void FV_FN(pack)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_pack_args *a = args;
    const size_t panels = fv_panel_count(FV_PANEL, a->cols), columns = fv_panel_columns(FV_PANEL, a->cols);

    (void)slice;
    for (size_t item = begin; item < end; item++) {
        const size_t matrix = item / panels, column = fv_panel_begin(FV_PANEL, a->cols, item % panels);
        const real *b = (const real *)a->b + matrix / a->parts * a->group_stride + matrix % a->parts * a->part_stride;
        real *out = (real *)a->panels + a->depth * (matrix * columns + column);

        (a->transposed ? pack_columns : pack_rows)(a, b, out, column, fv_panel_width(FV_PANEL, a->cols - column));
    }
}
