/* The register tiles of all widths (tile.h) and the choice among them. Bound by arithmetic. */
#include "kernels/tile.h"

const real FV_FN(zeros)[FV_PANEL] = {0};

typedef void tile_fn(const fv_tile *t);

#define ROWS_4(X) X(1) X(2) X(3) X(4)
#define ROWS_6(X) ROWS_4(X) X(5) X(6)
#define ROWS_8(X) ROWS_6(X) X(7) X(8)
#define ROWS_12(X) ROWS_8(X) X(9) X(10) X(11) X(12)
#define ROWS_14(X) ROWS_12(X) X(13) X(14)
#define ROWS_24(X) ROWS_14(X) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24)
#define ROWS_28(X) ROWS_24(X) X(25) X(26) X(27) X(28)
#if FV_LANES == 16
#define ROWS_WIDE ROWS_14
#define ROWS_CHUNK ROWS_28
#elif FV_LANES == 8
#define ROWS_WIDE ROWS_6
#define ROWS_CHUNK ROWS_12
#elif FV_LANES == 4
#define ROWS_WIDE ROWS_12
#define ROWS_CHUNK ROWS_24
#else
#define ROWS_WIDE ROWS_4
#define ROWS_CHUNK ROWS_8
#endif

#define TILE_MASKS_FREE (FV_LANES == 16)

/* Lanes of vector j that exist among `cols` columns. */
FV_INLINE size_t lanes_of(size_t cols, size_t j, size_t lanes)
{
    return cols <= j * lanes ? 0 : cols - j * lanes < lanes ? cols - j * lanes : lanes;
}

#define TILE_VEC vec
#define TILE_VECS 2
#define TILE_LANES FV_LANES
#define TILE_ROWS FV_ROWS
#define TILE_LIST ROWS_WIDE
#define TILE_LOAD vec_load
#define TILE_ALL vec_all
#define TILE_STEP FV_STEP
#define TILE_MAX vec_max
#define TILE_MIN vec_min
#define TILE_MASK_TYPE vmask
#define TILE_MASK(cols, j) vec_mask(lanes_of(cols, j, FV_LANES))
#define TILE_LOAD_M vec_load_m
#define TILE_STORE_M vec_store_m
#define TILE_NAME(x) FV_PASTE(wide, x)
#include "kernels/tile_body.h"

#define TILE_VEC vec
#define TILE_VECS 1
#define TILE_LANES FV_LANES
#define TILE_ROWS FV_CHUNK
#define TILE_LIST ROWS_CHUNK
#define TILE_LOAD vec_load
#define TILE_ALL vec_all
#define TILE_STEP FV_STEP
#define TILE_MAX vec_max
#define TILE_MIN vec_min
#define TILE_MASK_TYPE vmask
#define TILE_MASK(cols, j) vec_mask(lanes_of(cols, j, FV_LANES))
#define TILE_LOAD_M vec_load_m
#define TILE_STORE_M vec_store_m
#define TILE_NAME(x) FV_PASTE(single, x)
#include "kernels/tile_body.h"

#if FV_LANES == 16
#define TILE_VEC hvec
#define TILE_VECS 1
#define TILE_LANES 8
#define TILE_ROWS FV_CHUNK
#define TILE_LIST ROWS_CHUNK
#define TILE_LOAD hvec_load
#define TILE_ALL hvec_all
#define TILE_STEP FV_STEP_HALF
#define TILE_MAX hvec_max
#define TILE_MIN hvec_min
#define TILE_MASK_TYPE __mmask8
#define TILE_MASK(cols, j) hvec_mask(lanes_of(cols, j, 8))
#define TILE_LOAD_M hvec_load_m
#define TILE_STORE_M hvec_store_m
#define TILE_NAME(x) FV_PASTE(half, x)
#include "kernels/tile_body.h"
#endif

/* The same tile from row `begin` on. */
FV_INLINE void move_down(fv_tile *t, size_t begin)
{
    t->a = t->a ? t->a + begin : NULL;
    t->base = t->base ? t->base + begin : NULL;
    t->init += begin * t->init_ld;
    t->c += begin * t->ldc;
    t->add = t->add ? t->add + begin * t->ldc : NULL;
}

/* Rows in tiles of nearly equal height, each with its share of a, init and c. */
FV_INLINE void run_rows(fv_tile *t, size_t rows, tile_fn *const *tiles, size_t most)
{
    const size_t pieces = fv_pieces(rows, most);
    const fv_tile top = {.a = t->a, .base = t->base, .init = t->init, .c = t->c, .add = t->add};

    if (pieces == 1) {
        tiles[rows - 1](t);
        return;
    }
    for (size_t i = 0, begin = 0; i < pieces; i++) {
        const size_t end = (i + 1) * rows / pieces;

        tiles[end - begin - 1](t);
        move_down(t, end - begin);
        begin = end;
    }
    t->a = top.a;
    t->base = top.base;
    t->init = top.init;
    t->c = top.c;
    t->add = top.add;
}

void FV_FN(tile_pointers)(fv_tile *t, size_t rows, size_t width)
{
    if (width == FV_PANEL)
        run_rows(t, rows, wide_pointers, FV_ROWS);
#if FV_LANES == 16
    else if (width == 8)
        run_rows(t, rows, half_pointers, FV_CHUNK);
#endif
    else
        run_rows(t, rows, single_pointers, FV_CHUNK);
}

void FV_FN(tile_neighbours)(fv_tile *t, size_t rows, size_t width)
{
    if (width == FV_PANEL)
        run_rows(t, rows, wide_neighbours, FV_ROWS);
#if FV_LANES == 16
    else if (width == 8)
        run_rows(t, rows, half_neighbours, FV_CHUNK);
#endif
    else
        run_rows(t, rows, single_neighbours, FV_CHUNK);
}

void FV_FN(multiply_rows)(fv_row_product *p, size_t rows)
{
    size_t begin = fv_panel_begin(FV_PANEL, p->cols, p->first);
    fv_tile *t = &p->tile;

    t->c = p->c;
    t->add = p->add;
    t->init_ld = 0;
    for (size_t i = p->first; i < p->last; i++) {
        const size_t left = p->cols - begin, width = fv_panel_width(FV_PANEL, left);

        t->b = p->b + begin * p->depth;
        t->b_step = width;
        t->b_outer = p->part ? p->part : (ptrdiff_t)(t->inner * t->run * width);
        t->cols = left < width ? left : width;
        t->init = p->bias ? p->bias + begin : FV_FN(zeros);
        if (p->neighbours)
            FV_FN(tile_neighbours)(t, rows, width);
        else
            FV_FN(tile_pointers)(t, rows, width);
        begin += width;
        t->c += width;
        t->add = t->add ? t->add + width : NULL;
    }
}
