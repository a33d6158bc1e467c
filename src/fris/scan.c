#include "fris/scan.h"
#include "kernels/args.h"
#include "kernels/pack.h"
#include "kernels/work.h"
#include <float.h>
#include <string.h>

enum {
    QUERIES = 64,         /* of a tile: each packed value is used so often once it is in cache */
    FEWEST = 8,           /* queries or references, below which packing does not pay */
    REFS = 512,           /* of a tile: 64 x 512 floats stay in L2 beside the panels */
    STATE_MOST = 4 << 20, /* bytes of a tile's states */
    CACHE = 1 << 18       /* bytes of references that one query after another reads from L2 */
};

/* What the threads share. */
typedef struct scan_work {
    const fv_fris_scan *scan;
    size_t tile, block; /* queries and references of a tile */
    void *panels;       /* packed references, or NULL: keys come from differences */
    float *squares;     /* [refs] */
    size_t slice_bytes;
    char *slices;
} scan_work;

/* One chunk's memory. */
typedef struct scan_slice {
    float *rows, *product; /* [tile, dims], [tile, block] */
    double *key;           /* [block] */
    char *states;
} scan_slice;

static size_t round_up(size_t bytes)
{
    return (bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
}

static scan_slice lay_out(const scan_work *w, size_t slice, size_t *bytes)
{
    const fv_fris_scan *s = w->scan;
    char *base = w->slices + slice * w->slice_bytes;
    const size_t rows = w->panels ? round_up(w->tile * s->from->dims * sizeof(float)) : 0;
    const size_t product = w->panels ? round_up(w->tile * w->block * sizeof(float)) : 0;
    const size_t key = round_up(w->block * sizeof(double));

    *bytes = rows + product + key + w->tile * s->state_bytes;
    return (scan_slice){(float *)(void *)base, (float *)(void *)(base + rows),
                        (double *)(void *)(base + rows + product), base + rows + product + key};
}

/* ---------------------------------------------------------------------------------------------------- keys */

static void keys_by_difference(const fv_fris_scan *s, size_t query, size_t first, size_t n, double *key)
{
    for (size_t j = 0; j < n; j++)
        key[j] = fv_fris_key(s->from, s->queries[query], s->to, s->refs[first + j]);
}

/* product[j] holds |b|^2 - 2 a b. Returns how far a key may be off: the chain of the sum has dims + 1 steps. */
static double keys_by_product(const scan_work *w, size_t query, const float *product, size_t first, size_t n,
                              double *key)
{
    const fv_fris_scan *s = w->scan;
    const uint32_t i = s->queries[query];
    const double square = s->from->squares[i];
    const bool cosine_zeros = s->to->metric == FV_FRIS_COSINE && (s->to->zeros || s->from->zeros);
    double largest = 0;

    for (size_t j = 0; j < n; j++) {
        const double b = (double)w->squares[first + j], k = square + (double)product[j];

        key[j] = k > 0 ? k : 0;
        largest = b > largest ? b : largest;
        if ((s->sharp && k < 0.01 * (square + b)) || cosine_zeros)
            key[j] = fv_fris_key(s->from, i, s->to, s->refs[first + j]);
    }
    return ((double)s->from->dims + 4) * (double)FLT_EPSILON / 2 * (square + 2 * largest) * 1.01;
}

/* The tile's queries, times -2. */
static void gather(const scan_work *w, const scan_slice *m, size_t first, size_t count)
{
    const fv_fris *from = w->scan->from;

    for (size_t q = 0; q < count; q++) {
        const float *row = fv_fris_floats(from, w->scan->queries[first + q]);

        for (size_t k = 0; k < from->dims; k++)
            m->rows[q * from->dims + k] = -2 * row[k];
    }
}

static void multiply(const scan_work *w, const scan_slice *m, size_t count, size_t first, size_t n, size_t slice)
{
    const size_t dims = w->scan->from->dims;
    const fv_gemm_args args = {.a = m->rows,
                               .b = (const float *)w->panels + dims * first,
                               .bias = w->squares + first,
                               .c = m->product,
                               .rows = count,
                               .depth = dims,
                               .cols = n,
                               .lda = dims,
                               .ldc = w->block,
                               .row_blocks = 1,
                               .col_blocks = 1};

    w->scan->to->kernels->run[FV_K_gemm](&args, 0, 1, slice);
}

/* ---------------------------------------------------------------------------------------------------- tiles */

static void run_tile(const scan_work *w, const scan_slice *m, size_t first, size_t count, size_t slice)
{
    const fv_fris_scan *s = w->scan;

    if (w->panels)
        gather(w, m, first, count);
    for (size_t q = 0; s->begin && q < count; q++)
        s->begin(s->user, m->states + q * s->state_bytes, first + q);
    for (size_t ref = 0; ref < s->n_refs; ref += w->block) {
        const size_t n = s->n_refs - ref < w->block ? s->n_refs - ref : w->block;

        if (w->panels)
            multiply(w, m, count, ref, n, slice);
        for (size_t q = 0; q < count; q++) {
            double slack = 0;

            if (w->panels)
                slack = keys_by_product(w, first + q, m->product + q * w->block, ref, n, m->key);
            else
                keys_by_difference(s, first + q, ref, n, m->key);
            s->row(s->user, m->states + q * s->state_bytes, first + q, m->key, ref, n, slack);
        }
    }
    for (size_t q = 0; s->end && q < count; q++)
        s->end(s->user, m->states + q * s->state_bytes, first + q);
}

/* Items are tiles of queries. */
static void run_tiles(const void *args, size_t begin, size_t end, size_t slice)
{
    const scan_work *w = args;
    size_t bytes;
    const scan_slice m = lay_out(w, slice, &bytes);

    for (size_t t = begin; t < end; t++) {
        const size_t first = t * w->tile, left = w->scan->n_queries - first;

        run_tile(w, &m, first, left < w->tile ? left : w->tile, slice);
    }
}

/* ---------------------------------------------------------------------------------------------------- packing */

/* Items are runs of REFS references: gathered, then turned into panels. */
static void pack(const void *args, size_t begin, size_t end, size_t slice)
{
    const scan_work *w = args;
    const fv_fris_scan *s = w->scan;
    const size_t dims = s->to->dims;
    float *rows = (float *)(void *)(w->slices + slice * w->slice_bytes);

    for (size_t run = begin; run < end; run++) {
        const size_t first = run * REFS, n = s->n_refs - first < REFS ? s->n_refs - first : REFS;
        const fv_pack_args turn = {.b = rows,
                                   .panels = (float *)w->panels + dims * first,
                                   .groups = 1,
                                   .parts = 1,
                                   .depth = dims,
                                   .cols = n,
                                   .ld = dims,
                                   .transposed = true};

        for (size_t j = 0; j < n; j++) {
            memcpy(rows + j * dims, fv_fris_floats(s->to, s->refs[first + j]), dims * sizeof *rows);
            w->squares[first + j] = (float)s->to->squares[s->refs[first + j]];
        }
        s->to->kernels->run[FV_K_pack](&turn, 0, fv_packed_panels(s->to->kernels, n), slice);
    }
}

/* Products of floats pay where there are many, and work where squares neither overflow nor vanish. */
static bool by_product(const fv_fris_scan *s)
{
    return !s->from->wide && s->from->metric != FV_FRIS_MANHATTAN && s->from->dims >= s->from->product_dims &&
           s->n_queries >= FEWEST && s->n_refs >= FEWEST && s->from->largest < 1e30 && s->to->largest < 1e30 &&
           s->to->largest > 1e-20;
}

static fv_status prepare(scan_work *w, size_t *chunks, fv_error *err)
{
    const fv_fris_scan *s = w->scan;
    const fv_host *host = &s->to->host;
    const size_t dims = s->to->dims, threads = fv_pool_threads(s->to->pool);
    const size_t row_bytes = dims * (s->to->wide ? sizeof(double) : sizeof(float));
    const bool product = by_product(s);
    size_t tiles, bytes, pack_bytes;

    w->tile = s->state_bytes > STATE_MOST / QUERIES ? STATE_MOST / s->state_bytes : QUERIES;
    w->tile = w->tile ? w->tile : 1;
    w->block = product ? REFS : CACHE / row_bytes < 16 ? 16 : CACHE / row_bytes < REFS ? CACHE / row_bytes : REFS;
    tiles = (s->n_queries + w->tile - 1) / w->tile;
    *chunks = tiles < 4 * threads ? tiles : 4 * threads;
    if (product) { /* a run of REFS columns begins at a whole panel, so only the last one is padded */
        const size_t columns = s->n_refs / REFS * REFS + fv_packed_elements(s->to->kernels, 1, s->n_refs % REFS);

        w->panels = fv_alloc(host, columns, row_bytes);
        w->squares = fv_alloc(host, s->n_refs, sizeof *w->squares);
        if (!w->panels || !w->squares)
            return fv_fail_memory(err, columns * row_bytes, "panels of vectors");
    }
    (void)lay_out(w, 0, &bytes);
    pack_bytes = product ? REFS * row_bytes : 0;
    w->slice_bytes = round_up(bytes > pack_bytes ? bytes : pack_bytes);
    w->slices = fv_alloc(host, *chunks, w->slice_bytes);
    return w->slices ? FV_OK : fv_fail_memory(err, *chunks * w->slice_bytes, "comparing vectors");
}

fv_status fv_fris_scan_run(const fv_fris_scan *scan, fv_error *err)
{
    scan_work w = {.scan = scan};
    size_t chunks;
    fv_status status = FV_OK;

    if (scan->n_queries && !(status = prepare(&w, &chunks, err))) {
        const size_t runs = (scan->n_refs + REFS - 1) / REFS;

        if (w.panels)
            fv_pool_run(scan->to->pool, pack, &w, runs, runs < chunks ? runs : chunks);
        fv_pool_run(scan->to->pool, run_tiles, &w, (scan->n_queries + w.tile - 1) / w.tile, chunks);
    }
    fv_release(&scan->to->host, w.panels);
    fv_release(&scan->to->host, w.squares);
    fv_release(&scan->to->host, w.slices);
    return status;
}
