/* Distances from one row, and their mean over all pairs. */
#include "fris/spread.h"

typedef struct sums {
    fv_fris_metric metric;
    double *of; /* [queries] */
} sums;

static void begin(void *user, void *state, size_t query)
{
    (void)user;
    (void)query;
    *(double *)state = 0;
}

static void row(void *user, void *state, size_t query, const double *key, size_t first, size_t n, double slack)
{
    const sums *s = user;

    (void)query;
    (void)first;
    (void)slack;
    for (size_t j = 0; j < n; j++)
        *(double *)state += fv_fris_of_key(s->metric, key[j]);
}

static void end(void *user, void *state, size_t query)
{
    const sums *s = user;

    s->of[query] = *(double *)state;
}

fv_status fv_fris_half_mean(const fv_fris *set, const uint32_t *rows, size_t n, double *out, fv_error *err)
{
    sums s = {set->metric, fv_alloc(&set->host, n, sizeof *s.of)};
    const fv_fris_scan scan = {.from = set,
                               .to = set,
                               .queries = rows,
                               .refs = rows,
                               .n_queries = n,
                               .n_refs = n,
                               .state_bytes = sizeof(double),
                               .sharp = true,
                               .begin = begin,
                               .row = row,
                               .end = end,
                               .user = &s};
    fv_status status = s.of ? fv_fris_scan_run(&scan, err) : fv_fail_memory(err, n * sizeof *s.of, "distances");
    double all = 0;

    for (size_t i = 0; s.of && !status && i < n; i++)
        all += s.of[i];
    *out = n > 1 ? all / ((double)n * ((double)n - 1)) / 2 : 1;
    fv_release(&set->host, s.of);
    return status;
}

static void one(void *user, void *state, size_t query, const double *key, size_t first, size_t n, double slack)
{
    const sums *s = user;

    (void)state;
    (void)first;
    (void)n;
    (void)slack;
    s->of[query] = fv_fris_of_key(s->metric, key[0]);
}

fv_status fv_fris_column(const fv_fris *set, const uint32_t *rows, size_t n, uint32_t x, double *out, fv_error *err)
{
    sums s = {set->metric, out};
    const fv_fris_scan scan = {
        .from = set, .to = set, .queries = rows, .refs = &x, .n_queries = n, .n_refs = 1, .row = one, .user = &s};

    return fv_fris_scan_run(&scan, err);
}
