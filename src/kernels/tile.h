/* The register tile, the one inner loop of matrix products and convolutions:
 *
 *     for o < outer: for i < inner: for k < run:                            (the steps of the sum, one after another)
 *         c[row][col] += a[row][o outer_step + i inner_step + k run_step] * b[o b_outer + (i run + k) b_step + col]
 *
 * Accumulators stay in registers: rows broadcast one value of a each, columns are vectors of b. Each is its own chain in
 * the order of the steps, so results do not depend on how rows and columns are gathered in tiles.
 *
 * Two ways to find rows: `a` has a pointer for each (pixels of a picture, rows of a matrix), or they are
 * neighbours in memory, row r at base + r (columns of a transposed matrix, pixels of one channel). */
#ifndef FV_KERNELS_TILE_H
#define FV_KERNELS_TILE_H
#include "kernels/pack.h"
#include "kernels/vec.h"

typedef struct fv_tile {
    const real *const *a; /* pointer rows */
    const real *base;     /* neighbour rows */
    const real *b;
    size_t b_step;
    ptrdiff_t b_outer; /* distance of b between two rounds of the outer loop */
    bool plain;        /* b is a plain matrix: nothing behind its columns is read; else packed panels */
    size_t outer, inner, run, outer_step, inner_step, run_step;
    const real *init; /* what the sum begins with: row r at init + r * init_ld */
    size_t init_ld;
    real *c;
    const real *add; /* what is added to the sum, as c lies; NULL = nothing */
    size_t ldc;      /* of c and add */
    size_t cols;     /* that exist; b, init and c have no more */
    bool relu, six;  /* c = max(c, 0), then min(c, 6) in the end; a NaN stays */
    bool fetch;      /* c is not in a cache: its lines arrive while the sum is made */
    bool stream;     /* c, aligned as vectors are, goes past the caches (vec_stream) where a tile is two vectors wide */
} fv_tile;

enum {
    FV_PANEL = 2 * FV_LANES,
    /* Rows of a tile of two vectors: 28 accumulators of 32 registers, 12 of 16 (6x16: loads do not limit), 24 of 32. */
    FV_ROWS = FV_LANES == 16  ? 14
              : FV_LANES == 8 ? 6
              : FV_LANES == 4 ? 12
                              : 4,
    /* Rows that share a set of row pointers: one tile of a vector's width, two of two. */
    FV_CHUNK = 2 * FV_ROWS
};

/* What the tile does of an activation; returns what is left to do. */
FV_INLINE fv_act fv_tile_act(fv_tile *t, fv_act act)
{
    t->six = act == FV_ACT_RELU6;
    t->relu = t->six || act == FV_ACT_RELU;
    return t->relu ? FV_ACT_NONE : act;
}

/* Is a result of so many values too large to lie in the second level when it is written? Some sums take no longer than it
 * takes to bring a line from farther away; where the line is there, asking for it costs 2 to 4 %. */
FV_INLINE bool fv_tile_fetches(size_t values)
{
    return values > (size_t)(1 << 20) / sizeof(real);
}

/* What a sum begins with if not with something. */
extern const real FV_FN(zeros)[FV_PANEL];

/* A tile of `rows` <= FV_CHUNK rows and one panel of `width`. `t` is what it was when they return. */
void FV_FN(tile_pointers)(fv_tile *t, size_t rows, size_t width);
void FV_FN(tile_neighbours)(fv_tile *t, size_t rows, size_t width);

/* All columns of packed b [depth, cols] from panel `first` to before `last`, for up to FV_CHUNK rows. bias (NULL = none)
 * is that of column 0, c and add begin with the first panel. */
typedef struct fv_row_product {
    fv_tile tile; /* a, outer .. run_step, ldc, relu and six are set */
    const real *b, *bias;
    real *c;
    const real *add;                 /* as c; NULL = nothing is added */
    size_t depth, cols, first, last; /* of a packed matrix */
    ptrdiff_t part; /* each round of the outer loop has its own matrix, at this distance; 0 = one for all */
    bool neighbours;
} fv_row_product;

/* p->tile is its scratch. */
void FV_FN(multiply_rows)(fv_row_product *p, size_t rows);

/* Rows r * rows / pieces: nearly equal pieces of at most `most` rows (16 = 8 + 8, not 14 + 2: a short tile reads a whole
 * panel for few accumulators). */
FV_INLINE size_t fv_pieces(size_t rows, size_t most)
{
    return (rows + most - 1) / most;
}

/* sums[j] = (more ? sums[j] : 0) + sum over rows of b[row * ld + j] (reduce.c). */
void FV_FN(column_sums)(const real *b, size_t rows, size_t cols, size_t ld, real *sums, bool more);

#endif
