/* The gradient of a convolution's weights and bias (args.h):
 *
 *     dw[kh,kw,c][o] = sum over pixels of x[window of pixel][kh,kw,c] dy[pixel][o]          pixels in rising order
 *
 * A row of the register tile is a row of weights, so a step is an output pixel: FV_WEIGHT_ROWS neighbouring values of its
 * window times its gradients. Images are walked in strips of rows that stay in cache while all weights pass over them.
 * Bound by arithmetic. */
#include "kernels/conv_rows.h"

/* One strip of an image: output rows [top, bottom). */
typedef struct {
    const fv_conv_args *a;
    const real *x, *dy; /* x: padded row of output row `top`; dy: pixel (top, 0) */
    size_t pitch, top, bottom;
    bool more; /* dw holds the sum of earlier strips */
    real *dw;  /* of this part */
} strip;

/* Rows [row, row + count) of weights over all columns of a group. With `neighbours` the values of these rows follow one
 * another from `offset` of each window on, otherwise each has its own offset. */
static void weight_rows(const strip *s, size_t group, size_t row, size_t count, size_t offset, bool neighbours)
{
    const fv_conv_geometry *g = &s->a->g;
    const size_t in_c = g->in_c / g->groups, out_c = g->out_c / g->groups;
    const fv_window_runs r = fv_conv_runs(g, s->pitch);
    const real *x = s->x + group * in_c, *rows[FV_WEIGHT_ROWS];
    fv_tile t = {.a = rows,
                 .base = x + offset,
                 .b_step = g->out_c,
                 .b_outer = (ptrdiff_t)(g->out_w * g->out_c),
                 .plain = true,
                 .outer = s->bottom - s->top,
                 .inner = 1,
                 .run = g->out_w,
                 .outer_step = g->stride_h * s->pitch,
                 .run_step = g->stride_w * g->in_c,
                 .ldc = g->out_c};

    for (size_t i = 0; i < count && !neighbours; i++) {
        const size_t segment = (row + i) / r.run;

        rows[i] = x + segment / r.inner * r.outer_step + segment % r.inner * r.inner_step + (row + i) % r.run;
    }
    for (size_t col = 0, width = 0; col < out_c; col += width) {
        const size_t left = out_c - col;

        width = fv_panel_width(FV_PANEL, left);
        t.cols = left < width ? left : width;
        t.b = s->dy + group * out_c + col;
        t.c = s->dw + row * g->out_c + group * out_c + col;
        t.init = s->more ? t.c : FV_FN(zeros);
        t.init_ld = s->more ? g->out_c : 0;
        for (size_t i = 0; i < count;) {
            fv_tile part = t;
            const size_t n = count - i < FV_CHUNK ? count - i : FV_CHUNK;

            part.a += i;
            part.base += i;
            part.c += i * t.ldc;
            part.init += i * t.init_ld;
            (neighbours ? FV_FN(tile_neighbours) : FV_FN(tile_pointers))(&part, n, width);
            i += n;
        }
    }
}

/* Chunks [first, last) of the weight's rows (conv.h). */
static void weight_chunks(const strip *s, size_t first, size_t last)
{
    const fv_conv_geometry *g = &s->a->g;
    const fv_window_runs r = fv_conv_runs(g, s->pitch);
    const bool short_segments = fv_conv_short_segments(g);
    const size_t per_segment = fv_conv_segment_chunks(g), rows = short_segments ? fv_conv_depth(g) : r.run;

    for (size_t group = 0; group < g->groups; group++)
        for (size_t chunk = first; chunk < last; chunk++) {
            const size_t segment = chunk / per_segment, piece = chunk % per_segment;
            const size_t begin = piece * rows / per_segment, end = (piece + 1) * rows / per_segment;
            const size_t offset = segment / r.inner * r.outer_step + segment % r.inner * r.inner_step + begin;

            weight_rows(s, group, segment * rows + begin, end - begin, offset, !short_segments);
        }
}

/* The first row of chunk `chunk`, or the number of rows. */
static size_t chunk_row(const fv_conv_geometry *g, size_t chunk)
{
    const size_t per_segment = fv_conv_segment_chunks(g);
    const size_t rows = fv_conv_short_segments(g) ? fv_conv_depth(g) : fv_conv_runs(g, 0).run;

    return chunk / per_segment * rows + chunk % per_segment * rows / per_segment;
}

/* Pairs of channels that are not connected have no weight. */
static void apply_table(const fv_conv_args *a, real *dw, size_t first, size_t last)
{
    const fv_conv_geometry *g = &a->g;
    const size_t in_c = g->in_c / g->groups, out_c = g->out_c / g->groups;

    for (size_t k = first; k < last; k++)
        for (size_t o = 0; o < g->out_c; o++)
            if (!a->table[(o / out_c * in_c + k % in_c) * g->out_c + o])
                dw[k * g->out_c + o] = 0;
}

/* Blocks of weights of up to so many bytes stay in the second level beside a strip. */
enum { BLOCK_BYTES = 262144 };

/* The end of the run of items from `item` on that walk over the same images: a strip is then padded and fetched once for all
 * of them. */
static size_t together(const fv_conv_args *a, size_t item, size_t end)
{
    const size_t block = fv_conv_depth(&a->g) * a->g.out_c * sizeof(real) / a->blocks + 1;
    const size_t most = block < BLOCK_BYTES ? BLOCK_BYTES / block : 1, left = a->blocks - item % a->blocks;
    const size_t count = most < left ? most : left;

    return item + count < end ? item + count : end;
}

/* Items are parts x blocks of chunks; a part is a run of images. */
void FV_FN(conv_backward_w)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_conv_args *a = args;
    const fv_conv_geometry *g = &a->g;
    const size_t chunks = fv_conv_chunks(g), rows = fv_conv_strip(g), row = g->out_w * g->out_c;
    real *padded = (real *)(void *)((char *)a->scratch + slice * a->scratch_bytes);
    strip s = {.a = a, .pitch = (fv_conv_padded(g) ? fv_conv_padded_w(g) : g->in_w) * g->in_c};

    for (size_t item = begin, next; item < end; item = next) {
        const size_t part = item / a->blocks, block = item % a->blocks;
        const size_t first = block * chunks / a->blocks;

        next = together(a, item, end);

        const size_t last = (next - part * a->blocks) * chunks / a->blocks;

        s.dw = (real *)a->dw_parts + part * fv_conv_depth(g) * g->out_c;
        s.more = false;
        for (size_t image = part * g->n / a->parts; image < (part + 1) * g->n / a->parts; image++)
            for (s.top = 0; s.top < g->out_h; s.top = s.bottom) {
                s.bottom = g->out_h - s.top > rows ? s.top + rows : g->out_h;
                s.x = (const real *)a->x + image * g->in_h * g->in_w * g->in_c;
                s.dy = (const real *)a->dy + (image * g->out_h + s.top) * row;
                if (fv_conv_padded(g)) {
                    FV_FN(pad_rows)(g, s.x, s.top * g->stride_h, fv_conv_rows_read(g, s.bottom - s.top), padded);
                    s.x = padded;
                } else {
                    s.x += s.top * g->stride_h * s.pitch;
                }
                weight_chunks(&s, first, last);
                if (block == 0 && a->db_parts) {
                    const size_t pixels = (s.bottom - s.top) * g->out_w;
                    real *db = (real *)a->db_parts + part * g->out_c;

                    FV_FN(column_sums)(s.dy, pixels, g->out_c, g->out_c, db, s.more);
                }
                s.more = true;
            }
        if (a->table)
            apply_table(a, s.dw, chunk_row(g, first), chunk_row(g, last));
    }
}
