/* gemm: c = act(a b + bias + add) act'(gate), b in column panels; gemm_tn: c = a^T b, the gradient of a dense layer's weights.
 * Bound by arithmetic; with few rows by the memory that b comes from. */
#include "kernels/act.h"
#include "kernels/tile.h"

/* What the tile cannot do in registers, over the columns [column, column + n) of one row, still in cache. */
static void finish(const fv_gemm_args *a, fv_act act, size_t row, size_t column, size_t n)
{
    const size_t at = row * a->ldc + column;
    real *c = (real *)a->c + at;

    FV_FN(act_run)(act, c, c, n);
    if (a->gate)
        FV_FN(act_back_run)(a->gate_act, (const real *)a->gate + at, c, c, n);
}

/* One row: b comes from memory, and one stream of addresses does not fill the pipe, nor two sums the arithmetic. `n` (a
 * constant) whole panels from column `begin` on at once; each sum is the chain it is in a tile. */
enum { FV_STREAMS = 4 };

FV_INLINE void streams(const fv_gemm_args *a, const fv_tile *t, size_t begin, size_t n)
{
    const real *x = a->a, *b = (const real *)a->b + begin * a->depth;
    vec sum[2 * FV_STREAMS];

    FV_EACH (j, 2 * n)
        sum[j] = a->bias ? vec_load((const real *)a->bias + begin + j * FV_LANES) : vec_all(0);
    for (size_t k = 0; k < a->depth; k++, b += FV_PANEL) {
        const vec v = vec_all(x[k]);

        FV_EACH (j, 2 * n)
            FV_STEP(sum[j], v, vec_load(b + j / 2 * FV_PANEL * a->depth + j % 2 * FV_LANES));
    }
    FV_EACH (j, 2 * n) {
        if (a->add)
            sum[j] += vec_load((const real *)a->add + begin + j * FV_LANES);

        const vec positive = t->relu ? vec_max(vec_all(0), sum[j]) : sum[j];

        vec_store((real *)a->c + begin + j * FV_LANES, t->six ? vec_min(vec_all(6), positive) : positive);
    }
}

/* Whole panels among [first, last); returns the first that is left. */
static size_t one_row(const fv_gemm_args *a, const fv_tile *t, size_t first, size_t last)
{
    const size_t whole = a->cols / FV_PANEL < last ? a->cols / FV_PANEL : last;

    for (; first + FV_STREAMS <= whole; first += FV_STREAMS)
        streams(a, t, first * FV_PANEL, FV_STREAMS);
    if (first + 3 == whole)
        streams(a, t, first * FV_PANEL, 3);
    else if (first + 2 == whole)
        streams(a, t, first * FV_PANEL, 2);
    else
        return first;
    return whole;
}

/* Rows that are a multiple of half a page apart share two sets of the first level, of eight ways each: a tile of one
 * vector's width reads up to FV_CHUNK of them. If that is too many, chunks are of half the height. */
static size_t chunk_of(size_t lda)
{
    return FV_CHUNK > 2 * 8 && lda * sizeof(real) % 2048 == 0 ? FV_ROWS : FV_CHUNK;
}

/* Items are row_blocks x col_blocks (runs of panels), the rows fastest: a block's columns stay in the second level, and
 * those of several are taken together, as one may have a single row. */
void FV_FN(gemm)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_gemm_args *a = args;
    const size_t panels = fv_panel_count(FV_PANEL, a->cols), chunk = chunk_of(a->lda);
    fv_row_product p = {.tile = {.outer = 1, .inner = 1, .run = a->depth, .run_step = 1, .ldc = a->ldc},
                        .b = a->b,
                        .bias = a->bias,
                        .depth = a->depth,
                        .cols = a->cols};
    const real *rows[FV_CHUNK];
    fv_act act;

    (void)slice;
    p.tile.a = rows;
    p.tile.fetch = fv_tile_fetches(a->rows * a->ldc);
    act = fv_tile_act(&p.tile, a->act);
    for (size_t item = begin, next; item < end; item = next) {
        const size_t rb = item % a->row_blocks, cb = item / a->row_blocks;

        next = (cb + 1) * a->row_blocks < end ? (cb + 1) * a->row_blocks : end;

        const size_t row_end = (rb + next - item) * a->rows / a->row_blocks;

        p.first = cb * panels / a->col_blocks;
        p.last = (cb + 1) * panels / a->col_blocks;

        const size_t column = fv_panel_begin(FV_PANEL, a->cols, p.first);
        const size_t column_end = fv_panel_begin(FV_PANEL, a->cols, p.last);
        const size_t n = (column_end < a->cols ? column_end : a->cols) - column;

        if (a->rows == 1 && row_end == 1)
            p.first = one_row(a, &p.tile, p.first, p.last);

        const size_t first = fv_panel_begin(FV_PANEL, a->cols, p.first); /* what is left */

        const size_t row_begin = rb * a->rows / a->row_blocks, pieces = fv_pieces(row_end - row_begin, chunk);

        for (size_t i = 0, row = row_begin, count; i < pieces; i++, row += count) {
            count = row_begin + (i + 1) * (row_end - row_begin) / pieces - row;

            for (size_t k = 0; k < count; k++)
                rows[k] = (const real *)a->a + (row + k) * a->lda;
            p.c = (real *)a->c + row * a->ldc + first;
            p.add = a->add ? (const real *)a->add + row * a->ldc + first : NULL;
            FV_FN(multiply_rows)(&p, count);
            for (size_t k = 0; (act != FV_ACT_NONE || a->gate) && k < count; k++)
                finish(a, act, row + k, column, n);
        }
    }
}

#ifndef FV_HALF
/* Rows [row, row_end), at most FV_CHUNK, over all columns of c: `t` is set up for steps [from, from + t->run), and there are
 * `more` in front of them. */
static void tn_rows(const fv_gemm_tn_args *a, fv_tile *t, real *c, size_t from, bool more, size_t row, size_t row_end)
{
    for (size_t col = 0, width = 0; col < a->cols; col += width) {
        const size_t left = a->cols - col;

        width = fv_panel_width(FV_PANEL, left);
        t->base = (const real *)a->a + from * a->lda + row;
        t->b = (const real *)a->b + from * a->ldb + col;
        t->c = c + row * a->cols + col;
        t->init = more ? t->c : FV_FN(zeros);
        t->init_ld = more ? t->ldc : 0;
        t->cols = left < width ? left : width;
        FV_FN(tile_neighbours)(t, row_end - row, width);
    }
}

/* Steps that one visit of a tile of c sums: so many rows of a and b stay in the second level, and reading and writing c
 * anew costs little. */
enum { FV_TN_STEPS = 256 };

/* Row blocks [first, last) of one part, over the steps [begin, end) in rising order, in visits, so that a row of a or b is
 * not fetched again for each tile. The first block sums the columns of b. */
static void tn_part(const fv_gemm_tn_args *a, size_t part, size_t begin, size_t end, size_t first, size_t last)
{
    fv_tile t = {.outer = 1, .inner = 1, .run_step = a->lda, .b_step = a->ldb, .plain = true, .ldc = a->cols};
    real *c = (real *)a->c + part * a->rows * a->cols;

    if (fv_tile_fetches(a->rows * a->cols)) { /* the update, which reads c, is far away */
        t.stream =
            end - begin <= FV_TN_STEPS && a->cols % FV_LANES == 0 && (uintptr_t)c % (FV_LANES * sizeof(real)) == 0;
        t.fetch = !t.stream;
    }
    for (size_t from = begin; from < end; from += t.run) {
        t.run = end - from < FV_TN_STEPS ? end - from : FV_TN_STEPS;
        for (size_t block = first; block < last; block++) {
            const size_t row_end = (block + 1) * a->rows / a->row_blocks;

            for (size_t row = block * a->rows / a->row_blocks; row < row_end; row += FV_CHUNK)
                tn_rows(a, &t, c, from, from > begin, row, row_end - row < FV_CHUNK ? row_end : row + FV_CHUNK);
        }
    }
    if (t.stream)
        vec_stream_end();
    if (first == 0 && a->sums)
        FV_FN(column_sums)
    ((const real *)a->b + begin * a->ldb, end - begin, a->cols, a->ldb, (real *)a->sums + part * a->cols, false);
}

/* Items are parts x row blocks. */
void FV_FN(gemm_tn)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_gemm_tn_args *a = args;
    const size_t parts = a->parts ? a->parts : 1, samples = a->parts ? a->samples : 1, steps = a->depth / samples;

    (void)slice;
    for (size_t item = begin, next; item < end; item = next) {
        const size_t part = item / a->row_blocks, last = (part + 1) * a->row_blocks;

        next = last < end ? last : end;
        tn_part(a, part, part * samples / parts * steps, (part + 1) * samples / parts * steps, item % a->row_blocks,
                next - part * a->row_blocks);
    }
}
#endif
