/* The register tile of one width (tile.h). Included by tile.c once a width, with
 *   TILE_VEC, TILE_VECS      the vector and how many make a row
 *   TILE_LANES               lanes of it
 *   TILE_LOAD(p) TILE_ALL(x) TILE_MAX(a, b) TILE_MIN(a, b) TILE_MASK(n) TILE_LOAD_M(p, m) TILE_STORE_M(p, v, m)
 *   TILE_STEP(acc, x, v)     one step of the sum
 *   TILE_MASKS_FREE          true if a masked load costs what a load costs
 *   TILE_NAME(x)             names of this width */

/* The steps of the sum. `rows`, `neighbours` and `masked` are constants: a plain matrix ends with its last column, so its
 * last panel is read through the mask. */
FV_INLINE void TILE_NAME(steps)(const fv_tile *t, size_t rows, bool neighbours, bool masked,
                                const TILE_MASK_TYPE mask[TILE_VECS], TILE_VEC acc[TILE_ROWS][TILE_VECS])
{
    const size_t b_step = t->b_step, run = t->run, run_step = t->run_step;
    const size_t outer = t->outer, inner = t->inner, outer_step = t->outer_step, inner_step = t->inner_step;
    const real *row[TILE_ROWS], *base = t->base, *first = t->b;

    FV_EACH (i, rows)
        row[i] = neighbours ? base : t->a[i];
    for (size_t o = 0; o < outer; o++, first += t->b_outer) {
        const real *b = first;

        for (size_t in = 0; in < inner; in++) {
            size_t at = o * outer_step + in * inner_step;

            size_t k = 0;

#if TILE_VECS == 1 && FV_LANES > 1
            /* One vector a row needs a load for each FMA, and one more for the row's pointer: two steps share that. */
            for (; !neighbours && k + 2 <= run; k += 2, at += 2 * run_step, b += 2 * b_step) {
                const TILE_VEC v = masked ? TILE_LOAD_M(b, mask[0]) : TILE_LOAD(b);
                const TILE_VEC w = masked ? TILE_LOAD_M(b + b_step, mask[0]) : TILE_LOAD(b + b_step);
                const size_t next = at + run_step;

                FV_EACH (i, rows) {
                    TILE_STEP(acc[i][0], TILE_ALL(row[i][at]), v);
                    TILE_STEP(acc[i][0], TILE_ALL(row[i][next]), w);
                }
            }
#endif
            for (; k < run; k++, at += run_step, b += b_step) {
                TILE_VEC v[TILE_VECS];

                FV_EACH (j, TILE_VECS)
                    v[j] = masked ? TILE_LOAD_M(b + j * TILE_LANES, mask[j]) : TILE_LOAD(b + j * TILE_LANES);
                FV_EACH (i, rows) {
                    const TILE_VEC x = TILE_ALL(neighbours ? base[at + i] : row[i][at]);

                    FV_EACH (j, TILE_VECS)
                        TILE_STEP(acc[i][j], x, v[j]);
                }
            }
        }
    }
}

FV_INLINE void TILE_NAME(body)(const fv_tile *t, size_t rows, bool neighbours)
{
    TILE_VEC acc[TILE_ROWS][TILE_VECS];
    TILE_MASK_TYPE mask[TILE_VECS];
    const size_t init_ld = t->init_ld;
    size_t ldc = t->ldc;
    const real *init = t->init;
    const real *add = t->add;
    real *c = t->c;

    FV_EACH (j, TILE_VECS)
        mask[j] = TILE_MASK(t->cols, j);
    if (init_ld == 0) { /* one row for all: nothing, or a bias */
        FV_EACH (j, TILE_VECS) {
            const TILE_VEC v = TILE_LOAD_M(init + j * TILE_LANES, mask[j]);

            FV_EACH (i, rows)
                acc[i][j] = v;
        }
        if (t->fetch)
            FV_EACH (i, rows)
                FV_EACH (j, TILE_VECS)
                    __builtin_prefetch(c + i * ldc + j * TILE_LANES, 1);
    } else {
        FV_EACH (i, rows)
            FV_EACH (j, TILE_VECS)
                acc[i][j] = TILE_LOAD_M(init + i * init_ld + j * TILE_LANES, mask[j]);
    }
    if (TILE_MASKS_FREE || (t->plain && t->cols < TILE_VECS * TILE_LANES))
        TILE_NAME(steps)(t, rows, neighbours, true, mask, acc);
    else
        TILE_NAME(steps)(t, rows, neighbours, false, mask, acc);
    FV_OPAQUE(ldc); /* or the rows' addresses are worked out before the sum, and spilled */
    if (add)
        FV_EACH (i, rows)
            FV_EACH (j, TILE_VECS)
                acc[i][j] += TILE_LOAD_M(add + i * ldc + j * TILE_LANES, mask[j]);
    if (t->relu)
        FV_EACH (i, rows)
            FV_EACH (j, TILE_VECS)
                acc[i][j] = TILE_MAX(TILE_ALL(0), acc[i][j]);
    if (t->six)
        FV_EACH (i, rows)
            FV_EACH (j, TILE_VECS)
                acc[i][j] = TILE_MIN(TILE_ALL(6), acc[i][j]);
#if TILE_VECS == 2 && FV_LANES == 16
    if (t->stream && t->cols == TILE_VECS * TILE_LANES) {
        FV_EACH (i, rows)
            FV_EACH (j, TILE_VECS)
                vec_stream(c + i * ldc + j * TILE_LANES, acc[i][j]);
        return;
    }
#endif
    FV_EACH (i, rows) {
        FV_EACH (j, TILE_VECS)
            TILE_STORE_M(c + j * TILE_LANES, acc[i][j], mask[j]);
        c += ldc;
    }
}

/* One function for each number of rows, so that a short tile does no work for rows that are not there. */
#define TILE_ONE(n)                                                                                                    \
    static __attribute__((noinline)) void TILE_NAME(pointers_##n)(const fv_tile *t)                                    \
    {                                                                                                                  \
        TILE_NAME(body)(t, n, false);                                                                                  \
    }                                                                                                                  \
    static __attribute__((noinline)) void TILE_NAME(neighbours_##n)(const fv_tile *t)                                  \
    {                                                                                                                  \
        TILE_NAME(body)(t, n, true);                                                                                   \
    }
TILE_LIST(TILE_ONE)
#undef TILE_ONE

#define TILE_ONE(n) TILE_NAME(pointers_##n),
static tile_fn *const TILE_NAME(pointers)[] = {TILE_LIST(TILE_ONE)};
#undef TILE_ONE
#define TILE_ONE(n) TILE_NAME(neighbours_##n),
static tile_fn *const TILE_NAME(neighbours)[] = {TILE_LIST(TILE_ONE)};
#undef TILE_ONE

#undef TILE_VEC
#undef TILE_VECS
#undef TILE_LANES
#undef TILE_ROWS
#undef TILE_LIST
#undef TILE_LOAD
#undef TILE_ALL
#undef TILE_STEP
#undef TILE_MAX
#undef TILE_MIN
#undef TILE_MASK_TYPE
#undef TILE_MASK
#undef TILE_LOAD_M
#undef TILE_STORE_M
#undef TILE_NAME
