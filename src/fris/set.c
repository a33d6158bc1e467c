/* Vectors, prepared once: less the centre, then scaled to length 1. Computed in double, kept as floats or doubles. */
#include "fris/set.h"
#include "run/exec.h"
#include <stdlib.h>

/* Below this many dimensions distances from differences, in double, cost no more than a matrix product. */
enum { PRODUCT_DIMS = 32 };

double fv_fris_similarity(double own, double rival)
{
    return own >= 0 && rival >= 0 ? fv_fris_s(own, rival) : (double)NAN;
}

static double given(const fv_fris_vectors *v, size_t i, size_t k)
{
    return v->floats ? (double)v->floats[i * v->dims + k] : v->doubles[i * v->dims + k];
}

static fv_status check(const fv_fris_vectors *v, const fv_fris_options *o, fv_error *err)
{
    size_t bytes;

    if (!v->count || !v->dims)
        return fv_fail(err, FV_E_RANGE, "vectors: there are %zu of %zu columns; at least one of one is needed",
                       v->count, v->dims);
    if (v->count >= FV_FRIS_NONE || !fv_mul(v->count, v->dims, &bytes) || !fv_mul(bytes, sizeof(double), &bytes))
        return fv_fail(err, FV_E_RANGE, "vectors: %zu of %zu columns are too many", v->count, v->dims);
    if (!v->floats == !v->doubles)
        return fv_fail(err, FV_E_ARGUMENT, "vectors: give either floats or doubles");
    for (size_t i = 0; i < v->count; i++)
        for (size_t k = 0; k < v->dims; k++)
            if (!isfinite(given(v, i, k)))
                return fv_fail(err, FV_E_NAN, "vector %zu, column %zu: %g is not finite; vectors count from 0", i, k,
                               given(v, i, k));
    for (size_t k = 0; o->centre_at && k < v->dims; k++)
        if (!isfinite(o->centre_at[k]))
            return fv_fail(err, FV_E_NAN, "centre, column %zu: %g is not finite", k, o->centre_at[k]);
    return FV_OK;
}

static void find_centre(fv_fris *set, const fv_fris_vectors *v, const double *at)
{
    for (size_t k = 0; k < set->dims; k++)
        set->centre[k] = at ? at[k] : 0;
    for (size_t i = 0; !at && i < set->count; i++)
        for (size_t k = 0; k < set->dims; k++)
            set->centre[k] += given(v, i, k);
    for (size_t k = 0; !at && k < set->dims; k++)
        set->centre[k] /= (double)set->count;
}

/* One vector as it is kept. Cosine needs directions only, so there lengths go whatever the norm says. */
static void prepare(fv_fris *set, const fv_fris_vectors *v, size_t i, double *row)
{
    const bool scale = set->norm == FV_FRIS_L2 || set->metric == FV_FRIS_COSINE;
    double largest = 0, sum = 0, square = 0;

    for (size_t k = 0; k < set->dims; k++) {
        row[k] = given(v, i, k) - (set->centre ? set->centre[k] : 0);
        largest = fmax(largest, fabs(row[k]));
    }
    for (size_t k = 0; scale && k < set->dims; k++) /* of row / largest: no square overflows */
        sum += largest > 0 ? row[k] / largest * (row[k] / largest) : 0;
    const double length = scale && largest > 0 ? largest * sqrt(sum) : 1;

    set->zeros += largest == 0;
    for (size_t k = 0; k < set->dims; k++) {
        double x = row[k] / length;

        if (set->wide)
            ((double *)set->rows)[i * set->dims + k] = x;
        else
            x = (double)(((float *)set->rows)[i * set->dims + k] = (float)x);
        square += x * x;
    }
    set->squares[i] = square;
    set->largest = fmax(set->largest, square);
}

static fv_status fill(fv_fris *set, const fv_fris_vectors *v, const fv_fris_options *o, fv_error *err)
{
    double *row = fv_alloc(&set->host, set->dims, sizeof *row);

    set->rows = fv_alloc(&set->host, set->count * set->dims, set->wide ? sizeof(double) : sizeof(float));
    set->squares = fv_alloc(&set->host, set->count, sizeof *set->squares);
    if (o->centre || o->centre_at)
        set->centre = fv_alloc(&set->host, set->dims, sizeof *set->centre);
    if (!row || !set->rows || !set->squares || ((o->centre || o->centre_at) && !set->centre)) {
        fv_release(&set->host, row);
        return fv_fail_memory(err, set->count * set->dims * sizeof(float), "vectors");
    }
    if (set->centre)
        find_centre(set, v, o->centre_at);
    for (size_t i = 0; i < set->count; i++)
        prepare(set, v, i, row);
    fv_release(&set->host, row);
    return FV_OK;
}

fv_status fv_fris_create(const fv_host *host, const fv_fris_vectors *vectors, const fv_fris_options *options,
                         fv_fris **out, fv_error *err)
{
    const fv_fris_options o = options ? *options : (fv_fris_options)FV_FRIS_OPTIONS;
    const fv_host h = fv_host_or_default(host);
    fv_fris *set;
    fv_status status;

    *out = NULL;
    if ((status = check(vectors, &o, err)))
        return status;
    set = fv_alloc(&h, 1, sizeof *set);
    if (!set)
        return fv_fail_memory(err, sizeof *set, "a set of vectors");
    *set = (fv_fris){.host = h,
                     .metric = o.metric,
                     .norm = o.norm,
                     .wide = o.precision == FV_FRIS_AS_GIVEN ? !vectors->floats : o.precision == FV_FRIS_DOUBLE,
                     .count = vectors->count,
                     .dims = vectors->dims,
                     .product_dims = PRODUCT_DIMS};
    set->tie = set->wide ? 1e-12 : 1e-6;
    if ((status = fv_kernels_choose(o.isa, &set->kernels, err)) ||
        (status = fv_pool_create(host, o.threads, &set->pool, err)) || (status = fill(set, vectors, &o, err))) {
        fv_fris_free(set);
        return status;
    }
    *out = set;
    return FV_OK;
}

void fv_fris_free(fv_fris *set)
{
    if (!set)
        return;
    const fv_host host = set->host;

    fv_pool_free(set->pool);
    fv_release(&host, set->rows);
    fv_release(&host, set->squares);
    fv_release(&host, set->centre);
    fv_release(&host, set);
}

size_t fv_fris_count(const fv_fris *set)
{
    return set->count;
}

size_t fv_fris_dims(const fv_fris *set)
{
    return set->dims;
}

size_t fv_fris_zeros(const fv_fris *set)
{
    return set->zeros;
}

const double *fv_fris_centre(const fv_fris *set)
{
    return set->centre;
}

double fv_fris_value(const fv_fris *set, size_t i, size_t column)
{
    return set->wide ? fv_fris_doubles(set, i)[column] : (double)fv_fris_floats(set, i)[column];
}

double fv_fris_distance(const fv_fris *a, size_t i, const fv_fris *b, size_t j)
{
    return fv_fris_of_key(a->metric, fv_fris_key(a, i, b, j));
}

/* ---------------------------------------------------------------------------------------------------- classes */

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* The place of `label` in the sorted list. */
static uint32_t place(const fv_fris_classes *c, uint32_t label)
{
    size_t low = 0, high = c->count;

    while (high - low > 1) {
        const size_t middle = (low + high) / 2;

        if (c->label[middle] <= label)
            low = middle;
        else
            high = middle;
    }
    return (uint32_t)low;
}

fv_status fv_fris_classify_labels(const fv_fris *set, const uint32_t *labels, size_t n_labels, fv_arena *arena,
                                  fv_fris_classes *out, fv_error *err)
{
    fv_fris_classes c = {.all = set->count};
    fv_status status;

    if (n_labels != set->count)
        return fv_fail(err, FV_E_SHAPE, "labels: there are %zu for %zu vectors", n_labels, set->count);
    if ((status = FV_FRIS_ALLOC(arena, c.label, c.all + 1, "labels", err)) ||
        (status = FV_FRIS_ALLOC(arena, c.order, c.all, "labels", err)) ||
        (status = FV_FRIS_ALLOC(arena, c.of, c.all, "labels", err)))
        return status;
    for (size_t i = 0; i < c.all; i++)
        if (labels[i] != FV_FRIS_NONE)
            c.label[c.objects++] = labels[i];
    if (!c.objects)
        return fv_fail(err, FV_E_RANGE, "labels: none of %zu vectors has one", c.all);
    qsort(c.label, c.objects, sizeof *c.label, by_number);
    for (size_t i = 0; i < c.objects; i++)
        if (!c.count || c.label[i] != c.label[c.count - 1])
            c.label[c.count++] = c.label[i];
    if ((status = FV_FRIS_ALLOC(arena, c.first, c.count + 2, "labels", err)))
        return status;
    for (size_t i = 0; i < c.all; i++) {
        c.of[i] = labels[i] == FV_FRIS_NONE ? FV_FRIS_NONE : place(&c, labels[i]);
        if (c.of[i] != FV_FRIS_NONE)
            c.first[c.of[i] + 2]++;
    }
    for (size_t k = 2; k < c.count + 2; k++) /* first[k + 1] is where class k goes on: at its beginning */
        c.first[k] += c.first[k - 1];
    for (uint32_t i = 0; i < c.all; i++)
        if (c.of[i] != FV_FRIS_NONE)
            c.order[c.first[c.of[i] + 1]++] = i;
    *out = c;
    return FV_OK;
}

fv_status fv_fris_compact(const fv_fris_classes *classes, const int64_t *sums, double unit, fv_arena *arena,
                          fv_fris_compactness *out, fv_error *err)
{
    uint32_t *size, *label;
    double *mean;
    int64_t all = 0;
    fv_status status;

    *out = (fv_fris_compactness){.classes = classes->count};
    if ((status = FV_FRIS_ALLOC(arena, label, classes->count, "compactness", err)) ||
        (status = FV_FRIS_ALLOC(arena, size, classes->count, "compactness", err)) ||
        (status = FV_FRIS_ALLOC(arena, mean, classes->count, "compactness", err)))
        return status;
    for (size_t c = 0; c < classes->count; c++) {
        label[c] = classes->label[c];
        size[c] = fv_fris_size(classes, c);
        mean[c] = (double)sums[c] / unit / size[c];
        out->macro += mean[c] / (double)classes->count;
        all += sums[c];
    }
    out->micro = (double)all / unit / (double)classes->objects;
    out->label = label;
    out->size = size;
    out->mean = mean;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------------- results */

void *fv_fris_result(const fv_host *host, size_t size, fv_arena **arena)
{
    const size_t head = (sizeof(fv_arena) + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
    fv_arena *block = fv_alloc(host, 1, head + size);

    if (!block)
        return NULL;
    fv_arena_init(block, host);
    *arena = block;
    return (char *)block + head;
}

void fv_fris_release(void *result)
{
    const size_t head = (sizeof(fv_arena) + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;

    if (!result)
        return;
    fv_arena *block = (fv_arena *)(void *)((char *)result - head);
    const fv_host host = block->host;

    fv_arena_free(block);
    fv_release(&host, block);
}
