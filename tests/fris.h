/* The worked examples of competitive similarity (golden/fris/examples.json; made by a slow program in Python that holds
 * whole tables of distances): reading inputs, comparing results. */
#ifndef FV_TESTS_FRIS_H
#define FV_TESTS_FRIS_H
#include "support.h"

#include "fovea/fris.h"
#include "fris/set.h"
#include <jansson.h>
#include <math.h>

/* How an example is computed: what is kept, how distances are found, and how near results must be. */
typedef struct fris_mode {
    const char *name;
    fv_fris_precision precision;
    size_t product_dims; /* 0 = the library's own choice */
    double tolerance;    /* absolute up to 1, relative above */
} fris_mode;

typedef struct fris_example {
    const char *name, *kind;
    const json_t *input, *params, *expect;
    const fris_mode *mode;
    double *x; /* [count, dims] */
    uint32_t *y;
    size_t count, dims;
    fv_fris *set;
} fris_example;

/* ------------------------------------------------------------------------------------------------------- numbers */

static inline double fris_real(const json_t *v)
{
    if (json_is_string(v))
        return strcmp(json_string_value(v), "-inf") ? (double)INFINITY : -(double)INFINITY;
    assert_true(json_is_number(v));
    return json_number_value(v);
}

static inline double fris_param(const json_t *params, const char *key, double fallback)
{
    const json_t *v = json_object_get(params, key);

    return v && !json_is_null(v) ? fris_real(v) : fallback;
}

static inline uint32_t fris_index(const json_t *v)
{
    return json_is_null(v) ? FV_FRIS_NONE : (uint32_t)json_integer_value(v);
}

static inline void fris_same_real(const fris_example *e, const char *what, size_t at, double got, const json_t *want)
{
    const double w = fris_real(want);

    if (got == w || fabs(got - w) <= e->mode->tolerance * fmax(1, fabs(w)))
        return;
    fail_msg("%s (%s): %s %zu is %.17g, not %.17g", e->name, e->mode->name, what, at, got, w);
}

static inline void fris_same_reals(const fris_example *e, const json_t *all, const char *key, const double *got,
                                   size_t n)
{
    const json_t *want = json_object_get(all, key), *v;
    size_t i;

    if (json_array_size(want) != n)
        fail_msg("%s (%s): %s has %zu values, not %zu", e->name, e->mode->name, key, n, json_array_size(want));
    json_array_foreach (want, i, v)
        fris_same_real(e, key, i, got[i], v);
}

static inline void fris_same_index(const fris_example *e, const char *what, size_t at, uint32_t got, const json_t *want)
{
    if (got != fris_index(want))
        fail_msg("%s (%s): %s %zu is %d, not %d", e->name, e->mode->name, what, at, (int)got, (int)fris_index(want));
}

static inline void fris_same_indices(const fris_example *e, const json_t *all, const char *key, const uint32_t *got,
                                     size_t n)
{
    const json_t *want = json_object_get(all, key), *v;
    size_t i;

    if (json_array_size(want) != n)
        fail_msg("%s (%s): %s has %zu values, not %zu", e->name, e->mode->name, key, n, json_array_size(want));
    json_array_foreach (want, i, v)
        fris_same_index(e, key, i, got[i], v);
}

/* --------------------------------------------------------------------------------------------------------- inputs */

static inline const char *fris_file(const char *name)
{
    static char path[PATH_MAX];
    const char *source = getenv("FOVEA_SOURCE");

    snprintf(path, sizeof path, "%s/tests/golden/fris/%s", source ? source : "..", name);
    return path;
}

/* Rows of numbers of a file with a line of names; *columns are counted in its first row. */
static inline double *fris_csv(const char *name, size_t *rows, size_t *columns)
{
    size_t size, n = 0;
    char *text = (char *)test_read_file(fris_file(name), &size), *at = strchr(text, '\n') + 1;
    double *values = malloc((size / 2 + 1) * sizeof *values);

    *rows = *columns = 0;
    while (*at) {
        char *end;

        values[n++] = strtod(at, &end);
        assert_true(end != at);
        if (*end == '\n') {
            ++*rows;
            if (!*columns)
                *columns = n;
        }
        at = end + 1;
    }
    assert_int_equal(n, *rows * *columns);
    free(text);
    return values;
}

/* Rows of an array of arrays, or of numbers (one column). */
static inline double *fris_rows(const json_t *x, size_t *count, size_t *dims)
{
    const json_t *first = json_array_get(x, 0);
    double *values;

    *count = json_array_size(x);
    *dims = json_is_array(first) ? json_array_size(first) : 1;
    values = calloc(*count * *dims, sizeof *values);
    for (size_t i = 0; i < *count; i++)
        for (size_t k = 0; k < *dims; k++) {
            const json_t *row = json_array_get(x, i);

            values[i * *dims + k] = fris_real(json_is_array(row) ? json_array_get(row, k) : row);
        }
    return values;
}

static inline void fris_read_csv(fris_example *e, const char *name)
{
    size_t columns;
    double *all = fris_csv(name, &e->count, &columns);

    e->dims = (size_t)json_integer_value(json_object_get(e->input, "columns"));
    assert_int_equal(columns, e->dims + 1);
    e->x = calloc(e->count * e->dims, sizeof *e->x);
    e->y = calloc(e->count, sizeof *e->y);
    for (size_t i = 0; i < e->count; i++) {
        memcpy(e->x + i * e->dims, all + i * columns, e->dims * sizeof *e->x);
        e->y[i] = (uint32_t)all[i * columns + e->dims];
    }
    free(all);
}

static inline fv_fris_metric fris_metric(const char *name)
{
    static const char *const names[] = {"euclidean", "squared", "cosine", "manhattan"};

    for (size_t i = 0; name && i < FV_COUNT(names); i++)
        if (!strcmp(name, names[i]))
            return (fv_fris_metric)i;
    assert_null(name);
    return FV_FRIS_EUCLIDEAN;
}

/* A set of `count` vectors, prepared as the example's input says. */
static inline fv_fris *fris_set(const fris_example *e, const double *x, size_t count, size_t dims,
                                fv_fris_metric metric)
{
    const char *norm = json_string_value(json_object_get(e->input, "norm"));
    const json_t *centre = json_object_get(e->input, "centre");
    size_t n, columns;
    double *at = json_is_array(centre) ? fris_rows(centre, &n, &columns) : NULL;
    fv_fris_options options = FV_FRIS_OPTIONS;
    fv_error err = {0};
    fv_fris *set;

    options.metric = metric;
    options.norm = norm && !strcmp(norm, "l2") ? FV_FRIS_L2 : FV_FRIS_AS_IS;
    options.centre = json_is_true(centre);
    options.centre_at = at;
    options.precision = e->mode->precision;
    options.threads = 3;
    test_ok(fv_fris_create(NULL, &(fv_fris_vectors){.doubles = x, .count = count, .dims = dims}, &options, &set, &err),
            &err);
    if (e->mode->product_dims)
        set->product_dims = e->mode->product_dims;
    free(at);
    return set;
}

static inline void fris_open(fris_example *e)
{
    const char *csv = json_string_value(json_object_get(e->input, "csv"));
    const json_t *x = json_object_get(e->input, "x"), *y = json_object_get(e->input, "y"), *v;
    size_t i;

    if (csv)
        fris_read_csv(e, csv);
    else if (x)
        e->x = fris_rows(x, &e->count, &e->dims);
    if (!e->x)
        return;
    if (!e->y)
        e->y = calloc(e->count, sizeof *e->y);
    json_array_foreach (y, i, v)
        e->y[i] = fris_index(v);
    e->set = fris_set(e, e->x, e->count, e->dims, fris_metric(json_string_value(json_object_get(e->input, "metric"))));
}

static inline void fris_close(fris_example *e)
{
    fv_fris_free(e->set);
    free(e->x);
    free(e->y);
}

#endif
