/* Sets made from sets: other vectors prepared alike, and some of the vectors. */
#include "fris/set.h"
#include <string.h>

/* An empty set of `count` vectors with everything but the rows as `set` has it. */
static fv_status begin(const fv_fris *set, size_t count, fv_fris **out, fv_error *err)
{
    const size_t bytes = set->wide ? sizeof(double) : sizeof(float);
    fv_fris *copy = fv_alloc(&set->host, 1, sizeof *copy);
    fv_status status;

    *out = NULL;
    if (!copy)
        return fv_fail_memory(err, sizeof *copy, "a set of vectors");
    *copy = *set;
    copy->pool = NULL;
    copy->count = count;
    copy->zeros = 0;
    copy->largest = 0;
    copy->rows = fv_alloc(&set->host, count * set->dims, bytes);
    copy->squares = fv_alloc(&set->host, count, sizeof *copy->squares);
    copy->centre = set->centre ? fv_alloc(&set->host, set->dims, sizeof *copy->centre) : NULL;
    if (!copy->rows || !copy->squares || (set->centre && !copy->centre)) {
        fv_fris_free(copy);
        return fv_fail_memory(err, count * set->dims * bytes, "vectors");
    }
    if (set->centre)
        memcpy(copy->centre, set->centre, set->dims * sizeof *copy->centre);
    if ((status = fv_pool_create(&set->host, fv_pool_threads(set->pool), &copy->pool, err))) {
        fv_fris_free(copy);
        return status;
    }
    *out = copy;
    return FV_OK;
}

fv_status fv_fris_subset(const fv_fris *set, const uint32_t *rows, size_t n, fv_fris **out, fv_error *err)
{
    const size_t bytes = set->dims * (set->wide ? sizeof(double) : sizeof(float));
    fv_status status;

    *out = NULL;
    if (!n)
        return fv_fail(err, FV_E_RANGE, "a set of no vectors");
    for (size_t i = 0; i < n; i++)
        if (rows[i] >= set->count)
            return fv_fail(err, FV_E_RANGE, "vector %u of %zu", rows[i], set->count);
    if ((status = begin(set, n, out, err)) || !*out)
        return status;
    for (size_t i = 0; i < n; i++) {
        memcpy((char *)(*out)->rows + i * bytes, (const char *)set->rows + rows[i] * bytes, bytes);
        (*out)->squares[i] = set->squares[rows[i]];
        (*out)->largest = fmax((*out)->largest, set->squares[rows[i]]);
        (*out)->zeros += set->squares[rows[i]] == 0;
    }
    return FV_OK;
}

fv_status fv_fris_concat(const fv_fris *a, const fv_fris *b, fv_fris **out, fv_error *err)
{
    const size_t bytes = a->dims * (a->wide ? sizeof(double) : sizeof(float));
    const fv_fris *const sets[] = {a, b};
    size_t at = 0;
    fv_status status;

    *out = NULL;
    if (a->dims != b->dims || a->wide != b->wide || a->metric != b->metric)
        return fv_fail(err, FV_E_SHAPE, "sets of %zu and %zu columns are not prepared alike", a->dims, b->dims);
    if (a->count + b->count >= FV_FRIS_NONE)
        return fv_fail(err, FV_E_RANGE, "%zu vectors are too many", a->count + b->count);
    if ((status = begin(a, a->count + b->count, out, err)) || !*out)
        return status;
    for (size_t s = 0; s < FV_COUNT(sets); s++) {
        memcpy((char *)(*out)->rows + at * bytes, sets[s]->rows, sets[s]->count * bytes);
        memcpy((*out)->squares + at, sets[s]->squares, sets[s]->count * sizeof *(*out)->squares);
        (*out)->largest = fmax((*out)->largest, sets[s]->largest);
        (*out)->zeros += sets[s]->zeros;
        at += sets[s]->count;
    }
    return FV_OK;
}

fv_status fv_fris_create_like(const fv_fris *set, const fv_fris_vectors *vectors, fv_fris **out, fv_error *err)
{
    fv_fris_options options = FV_FRIS_OPTIONS;

    *out = NULL;
    if (vectors->dims != set->dims)
        return fv_fail(err, FV_E_SHAPE, "vectors have %zu columns, the set %zu", vectors->dims, set->dims);
    options.metric = set->metric;
    options.norm = set->norm;
    options.centre_at = set->centre;
    options.precision = set->wide ? FV_FRIS_DOUBLE : FV_FRIS_FLOAT;
    options.threads = fv_pool_threads(set->pool);
    options.isa = set->kernels->isa;
    return fv_fris_create(&set->host, vectors, &options, out, err);
}
