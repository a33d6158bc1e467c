/* Building jobs and running them. */
#include "job.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"

int job_add(job *j, job_buffer buffer)
{
    if (j->buffers == JOB_BUFFERS)
        abort();
    j->buffer[j->buffers] = buffer;
    return j->buffers++;
}

void job_point(job *j, const void *field, int buffer)
{
    if (j->pointers == JOB_POINTERS)
        abort();
    j->pointer[j->pointers++] = (job_pointer){(size_t)((const unsigned char *)field - j->args.bytes), buffer};
}

void job_in(job *j, const void *field, size_t count, double low, double high)
{
    job_point(j, field, job_add(j, (job_buffer){.kind = JOB_IN, .count = count, .low = low, .high = high}));
}

void job_rounded(job *j, const void *field, size_t rows, size_t length)
{
    job_point(j, field,
              job_add(j, (job_buffer){.kind = JOB_ROUNDED,
                                      .count = rows * length,
                                      .low = -1,
                                      .high = 1,
                                      .rows = {.rows = rows, .run = length}}));
}

void job_out(job *j, const void *field, size_t count)
{
    job_point(j, field, job_add(j, (job_buffer){.kind = JOB_OUT, .count = count}));
}

void job_temp(job *j, const void *field, size_t count)
{
    job_point(j, field, job_add(j, (job_buffer){.kind = JOB_TEMP, .count = count}));
}

void job_inout(job *j, const void *field, size_t count, double low, double high)
{
    job_point(j, field, job_add(j, (job_buffer){.kind = JOB_INOUT, .count = count, .low = low, .high = high}));
}

void job_activated(job *j, fv_act act, size_t depth)
{
    if (act != FV_ACT_NONE && act != FV_ACT_RELU)
        j->bound *= 1 + sqrt((double)depth);
}

void job_text(job *j, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(j->text, sizeof j->text, format, list);
    va_end(list);
}

void job_build(job *j, const check_case *c, const fv_kernels *set, const fv_kernels *panel_set)
{
    *j = (job){.kernel = c->kernel, .set = set, .panel_set = panel_set, .bound = c->bound, .each = c->flags & EACH};
    c->build(j, c->p);
}

/* The packed form of a matrix, by the set's own kernel. */
static guarded packed(const job *j, const job_buffer *b, const guarded *source)
{
    const size_t depth = fv_pack_depth(&b->pack);
    const size_t elements = j->set == &plain_kernels ? (b->pack.run ? 2 : 1) * depth * b->pack.cols
                                                     : fv_packed_elements(j->set, depth, b->pack.cols);
    guarded g = guarded_new(b->pack.groups * b->pack.parts * elements * j->set->real_bytes, false);
    fv_pack_args a = b->pack;

    a.b = source->data;
    a.panels = g.data;
    j->set->run[a.run ? FV_K_half_pack : FV_K_pack](
        &a, 0, b->pack.groups * b->pack.parts * fv_packed_panels(j->set, b->pack.cols), 0);
    return g;
}

/* Rows in words, by the set's own kernel. */
static guarded rounded(const job *j, const job_buffer *b, const guarded *source)
{
    fv_round_args a = b->rows;
    guarded g = guarded_new(a.rows * ((a.run + 1) / 2) * buffer_width(JOB_WORDS_OUT, j->set->real_bytes), false);

    a.x = source->data;
    a.out = g.data;
    j->set->run[FV_K_half_round](&a, 0, a.rows, 0);
    return g;
}

/* A picture or filters as the set's own kernel transforms them; the plain set leaves them as they are. */
static guarded transformed(const job *j, const job_buffer *b, const guarded *source)
{
    fv_winograd_filter_args f = b->filters;
    fv_winograd_args t = b->tiles;
    const bool filters = b->kind == JOB_FILTERS;
    const size_t size = filters ? f.groups * fv_winograd_panel(j->set->panel, f.side + f.kernel - 1, f.in_c / f.groups,
                                                               f.out_c / f.groups, SIZE_MAX)
                                : fv_winograd_tiles_size(&t.g, t.side);
    guarded g = guarded_new(size * j->set->real_bytes, false);

    f.w = t.x = source->data;
    f.u = t.v = g.data;
    if (filters)
        j->set->run[FV_K_winograd_filters](&f, 0, fv_work_winograd_filters(j->set, &f).items, 0);
    else
        j->set->run[FV_K_winograd_input](&t, 0, fv_work_winograd_input(j->set, &t).items, 0);
    return g;
}

void run_begin(run *r, const job *j, uint64_t seed, bool slack)
{
    *r = (run){.job = j, .args = j->args};
    for (int i = 0; i < j->buffers; i++) {
        const job_buffer *b = &j->buffer[i];

        r->memory[i] = guarded_new(b->count * buffer_width(b->kind, j->set->real_bytes), slack);
        buffer_fill(b, r->memory[i].data, j->set->real_bytes, seed + (uint64_t)i * 7919);
        if (b->kind == JOB_PACKED || b->kind == JOB_ROUNDED ||
            ((b->kind == JOB_FILTERS || b->kind == JOB_TILES) && j->set != &plain_kernels)) {
            guarded made = (b->kind == JOB_PACKED    ? packed
                            : b->kind == JOB_ROUNDED ? rounded
                                                     : transformed)(j, b, &r->memory[i]);

            guarded_free(&r->memory[i]);
            r->memory[i] = made;
        }
        if (!buffer_written(b->kind) && b->kind != JOB_TEMP)
            guarded_read_only(&r->memory[i]);
    }
    for (int i = 0; i < j->pointers; i++)
        memcpy(r->args.bytes + j->pointer[i].offset, &r->memory[j->pointer[i].buffer].data, sizeof(void *));
    if (j->scratch_offset) {
        r->scratch = guarded_new(RUN_SLICES * j->work.scratch_bytes, slack);
        memset(r->scratch.data, 0xff, r->scratch.bytes); /* NaN: what is read must have been written */
        memcpy(r->args.bytes + j->scratch_offset, &r->scratch.data, sizeof(void *));
    }
}

void run_items(const run *r, size_t begin, size_t end, size_t slice)
{
    r->job->set->run[r->job->kernel](r->args.bytes, begin, end, slice);
}

void run_all(const run *r, size_t slice)
{
    const fv_work *work = &r->job->work;

    run_items(r, 0, work->items * (work->rounds ? work->rounds : 1), slice);
}

void run_end(run *r)
{
    for (int i = 0; i < r->job->buffers; i++)
        guarded_free(&r->memory[i]);
    guarded_free(&r->scratch);
}
