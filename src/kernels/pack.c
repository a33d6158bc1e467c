/* pack: a matrix to column panels (pack.h). Bound by memory; transposed sources are turned in squares of vectors, a few lines
 * of each source row at a time. */
#include "kernels/square.h"
#include "kernels/tile.h"

enum { BLOCK = 64 };

/* Larger panels would not be in a cache when they are read: turned ones go past it, so that their lines are not fetched to be
 * written. (Straight ones gain nothing: reading 512 bytes a page limits them.) */
static const size_t STREAMED = 16 << 20;

static void pack_rows(const fv_pack_args *a, const real *b, real *out, size_t column, size_t width)
{
    const size_t have = a->cols - column < width ? a->cols - column : width;

    for (size_t k = 0; k < a->depth; k++, out += width)
        for (size_t j = 0; j < width; j += FV_LANES) /* a panel of half a vector stores a half */
            vec_store_m(out + j, vec_load_m(b + k * a->ld + column + j, vec_mask(j < have ? vec_lanes(j, have) : 0)),
                        vec_mask(vec_lanes(j, width)));
}

/* Whole panels that are filled at once: a row of the source is read in runs of some lines, not in two lines a page. */
enum { ABREAST = 4 };

/* `count` whole panels from `column` on. */
static void pack_whole(const fv_pack_args *a, const real *b, real *out, size_t column, size_t count)
{
    const size_t apart = a->depth * FV_PANEL;

    for (size_t k = 0; k < a->depth; k++, out += FV_PANEL) {
        const real *row = b + k * a->ld + column;

        for (size_t i = 0; i < count; i++)
            FV_EACH (j, 2)
                vec_store(out + i * apart + j * FV_LANES, vec_load(row + i * FV_PANEL + j * FV_LANES));
    }
}

/* The source of column c is row c of b. */
FV_INLINE void pack_columns(const fv_pack_args *a, const real *b, real *out, size_t column, size_t width, bool stream)
{
    for (size_t first = 0; first < a->depth; first += BLOCK) {
        const size_t last = first + BLOCK < a->depth ? first + BLOCK : a->depth;
        size_t j = 0;

        for (; j + FV_LANES <= width && column + j + FV_LANES <= a->cols && (last - first) % FV_LANES == 0;
             j += FV_LANES)
            for (size_t k = first; k < last; k += FV_LANES)
                square_turn(b + (column + j) * a->ld + k, a->ld, out + k * width + j, width, stream);
        for (; j < width; j++) {
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
    const bool large = FV_LANES == 16 && a->transposed && a->depth * columns * sizeof(real) > STREAMED &&
                       a->depth * columns % FV_LANES == 0 && (uintptr_t)a->panels % 64 == 0;

    (void)slice;
    for (size_t item = begin, count; item < end; item += count) {
        const size_t matrix = item / panels, panel = item % panels, column = fv_panel_begin(FV_PANEL, a->cols, panel);
        const size_t whole = a->cols / FV_PANEL > panel ? a->cols / FV_PANEL - panel : 0, left = end - item;
        const real *b = (const real *)a->b + matrix / a->parts * a->group_stride + matrix % a->parts * a->part_stride;
        real *out = (real *)a->panels + a->depth * (matrix * columns + column);

        count = whole < left ? whole : left;
        count = a->transposed || count == 0 ? 1 : count < ABREAST ? count : ABREAST;
        if (large && whole)
            pack_columns(a, b, out, column, FV_PANEL, true);
        else if (a->transposed)
            pack_columns(a, b, out, column, fv_panel_width(FV_PANEL, a->cols - column), false);
        else if (whole)
            pack_whole(a, b, out, column, count);
        else
            pack_rows(a, b, out, column, fv_panel_width(FV_PANEL, a->cols - column));
    }
    if (large)
        vec_stream_end();
}
