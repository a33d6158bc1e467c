/* FRiS-TDR: stolps among labelled and unlabelled objects at once, the best of all first.
 *
 *     a labelled u counts with    S(nearest stolp of its class, min(nearest of the others, r*))
 *     an unlabelled one with      S(nearest stolp, min(nearest of another class, r*))
 *
 * A step tries every object as a stolp of every class that it may belong to, and takes what raises the mean most. While
 * some class has no stolp, only such classes are tried. */
#include "fris/spread.h"

typedef struct spread {
    const fv_fris *set;
    fv_fris_classes classes;
    double r_star, unit;
    double *nearest;         /* [count, classes] distance to the nearest stolp of each class */
    double *first, *second;  /* [count] of the own class and of the others; unlabelled: the two nearest */
    uint32_t *nearest_class; /* [count] of `first` */
    int64_t *term;           /* [count] whole S as it is now */
    uint32_t *rows, *chosen, *chosen_class; /* [count] candidates; stolps so far */
    int64_t *gain;                          /* [candidates, classes] */
    uint8_t *is_stolp;
    size_t n_rows, n_chosen;
} spread;

/* ---------------------------------------------------------------------------------------------------- one object */

static int64_t term(const spread *s, double first, double second)
{
    return fv_fris_whole(fv_fris_s(first, fmin(second, s->r_star)), s->unit);
}

static void refresh(spread *s, size_t u)
{
    const size_t k = s->classes.count;
    const double *d = s->nearest + u * k;
    size_t own = s->classes.of[u];

    if (own == FV_FRIS_NONE) {
        own = 0;
        for (size_t c = 1; c < k; c++)
            own = d[c] < d[own] ? c : own;
    }
    s->nearest_class[u] = (uint32_t)own;
    s->first[u] = d[own];
    s->second[u] = INFINITY;
    for (size_t c = 0; c < k; c++)
        if (c != own)
            s->second[u] = fmin(s->second[u], d[c]);
    s->term[u] = term(s, s->first[u], s->second[u]);
}

/* What u's term would be with a stolp of class c at distance d, nearer than those it has. */
static int64_t term_with(const spread *s, size_t u, size_t c, double d)
{
    if (c == s->nearest_class[u])
        return term(s, d, s->second[u]);
    if (s->classes.of[u] != FV_FRIS_NONE) /* own class stays what it is, near or not */
        return term(s, s->first[u], fmin(s->second[u], d));
    return d < s->first[u] ? term(s, d, s->first[u]) : term(s, s->first[u], fmin(s->second[u], d));
}

/* ---------------------------------------------------------------------------------------------------- one step */

static void begin(void *user, void *state, size_t query)
{
    const spread *s = user;

    (void)query;
    for (size_t c = 0; c < s->classes.count; c++)
        ((int64_t *)state)[c] = 0;
}

static void row(void *user, void *state, size_t query, const double *key, size_t first, size_t n, double slack)
{
    const spread *s = user;
    const size_t k = s->classes.count, only = s->classes.of[s->rows[query]];
    int64_t *gain = state;

    (void)slack;
    for (size_t j = 0; j < n; j++) {
        const double d = fv_fris_of_key(s->set->metric, key[j]);
        const size_t u = first + j;

        for (size_t c = only == FV_FRIS_NONE ? 0 : only; c < (only == FV_FRIS_NONE ? k : only + 1); c++)
            if (d < s->nearest[u * k + c])
                gain[c] += term_with(s, u, c, d) - s->term[u];
    }
}

static void end(void *user, void *state, size_t query)
{
    spread *s = user;
    const size_t k = s->classes.count;

    for (size_t c = 0; c < k; c++)
        s->gain[query * k + c] = ((int64_t *)state)[c];
}

static fv_status try_all(spread *s, const uint32_t *everyone, fv_error *err)
{
    s->n_rows = 0;
    for (uint32_t i = 0; i < s->set->count; i++)
        if (!s->is_stolp[i])
            s->rows[s->n_rows++] = i;

    const fv_fris_scan scan = {.from = s->set,
                               .to = s->set,
                               .queries = s->rows,
                               .refs = everyone,
                               .n_queries = s->n_rows,
                               .n_refs = s->set->count,
                               .state_bytes = s->classes.count * sizeof(int64_t),
                               .sharp = true,
                               .begin = begin,
                               .row = row,
                               .end = end,
                               .user = s};

    return fv_fris_scan_run(&scan, err);
}

/* May candidate q be a stolp of class c? While classes are missing, of those only. */
static bool allowed(const spread *s, size_t q, size_t c, bool missing, const uint32_t *has)
{
    const uint32_t own = s->classes.of[s->rows[q]];

    return (own == FV_FRIS_NONE || own == c) && !(missing && has[c]);
}

/* The lowest object, then the lowest class, within a hair of the largest gain. */
static bool best(const spread *s, bool missing, const uint32_t *has, size_t *x, size_t *class, int64_t *gain)
{
    const size_t k = s->classes.count;
    const double hair = s->set->tie * s->unit * (double)s->set->count;
    int64_t most = INT64_MIN;

    for (size_t q = 0; q < s->n_rows; q++)
        for (size_t c = 0; c < k; c++)
            if (allowed(s, q, c, missing, has) && s->gain[q * k + c] > most)
                most = s->gain[q * k + c];
    for (size_t q = 0; q < s->n_rows; q++)
        for (size_t c = 0; c < k; c++)
            if (allowed(s, q, c, missing, has) && (double)s->gain[q * k + c] >= (double)most - hair) {
                *x = s->rows[q];
                *class = c;
                *gain = s->gain[q * k + c];
                return true;
            }
    return false;
}

static void take(spread *s, size_t x, size_t class)
{
    const size_t k = s->classes.count;

    s->is_stolp[x] = 1;
    s->chosen[s->n_chosen] = (uint32_t)x;
    s->chosen_class[s->n_chosen++] = (uint32_t) class;
    for (size_t u = 0; u < s->set->count; u++) {
        double *d = &s->nearest[u * k + class];
        const double new = fv_fris_distance(s->set, u, s->set, x);

        if (new < *d) {
            *d = new;
            refresh(s, u);
        }
    }
}

/* ---------------------------------------------------------------------------------------------------- all of it */

static double mean(const spread *s)
{
    int64_t sum = 0;

    for (size_t u = 0; u < s->set->count; u++)
        sum += s->term[u];
    return (double)sum / s->unit / (double)s->set->count;
}

static fv_status choose(spread *s, const fv_fris_spread_options *o, const uint32_t *everyone, uint32_t *has,
                        double *history, fv_error *err)
{
    size_t missing = s->classes.count, x, class;
    int64_t gain;
    fv_status status;

    while (!(status = try_all(s, everyone, err)) && best(s, missing > 0, has, &x, &class, &gain)) {
        const double more = (double)gain / s->unit / (double)s->set->count;

        if (!missing && (more < o->gain - s->set->tie || (o->max_stolps && s->n_chosen >= o->max_stolps)))
            break;
        missing -= !has[class]++;
        take(s, x, class);
        history[s->n_chosen - 1] = mean(s);
    }
    return status;
}

static void finish(const spread *s, uint32_t *label, double *s_star)
{
    const size_t k = s->classes.count;

    for (size_t u = 0; u < s->set->count; u++) {
        const double *d = s->nearest + u * k;
        double least = INFINITY, next = INFINITY;
        size_t own = 0;

        for (size_t c = 0; c < k; c++)
            least = fmin(least, d[c]);
        while (own + 1 < k && d[own] > least * (1 + s->set->tie))
            own++;
        for (size_t c = 0; c < k; c++)
            if (c != own)
                next = fmin(next, d[c]);
        label[u] = s->classes.label[own];
        s_star[u] = fv_fris_s(least, fmin(next, s->r_star));
    }
}

static fv_status run(spread *s, const fv_fris_spread_options *o, fv_arena *work, fv_arena *arena, fv_fris_spread *out,
                     fv_error *err)
{
    const size_t n = s->set->count, k = s->classes.count;
    uint32_t *everyone, *has, *label, *stolp_label;
    double *history, *s_star;
    fv_status status;

    if ((status = FV_FRIS_ALLOC(work, s->nearest, n * k, "labels", err)) ||
        (status = FV_FRIS_ALLOC(work, s->first, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(work, s->second, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(work, s->nearest_class, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(work, s->term, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(work, s->rows, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(work, s->gain, n * k, "labels", err)) ||
        (status = FV_FRIS_ALLOC(work, s->is_stolp, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(work, everyone, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(work, has, k, "labels", err)) ||
        (status = FV_FRIS_ALLOC(arena, s->chosen, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(arena, s->chosen_class, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(arena, stolp_label, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(arena, history, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(arena, label, n, "labels", err)) ||
        (status = FV_FRIS_ALLOC(arena, s_star, n, "labels", err)))
        return status;
    for (uint32_t i = 0; i < n; i++)
        everyone[i] = i;
    if (!(s->r_star > 0) && (status = fv_fris_half_mean(s->set, everyone, n, &s->r_star, err)))
        return status;
    for (size_t i = 0; i < n * k; i++)
        s->nearest[i] = INFINITY;
    for (size_t u = 0; u < n; u++)
        refresh(s, u);
    if ((status = choose(s, o, everyone, has, history, err)))
        return status;
    for (size_t i = 0; i < s->n_chosen; i++)
        stolp_label[i] = s->classes.label[s->chosen_class[i]];
    finish(s, label, s_star);
    *out = (fv_fris_spread){n, s->n_chosen, s->r_star, s->chosen, stolp_label, history, label, s_star};
    return FV_OK;
}

fv_status fv_fris_spread_labels(const fv_fris *set, const uint32_t *labels, size_t n_labels,
                                const fv_fris_spread_options *options, fv_fris_spread **out, fv_error *err)
{
    const fv_fris_spread_options o = options ? *options : (fv_fris_spread_options)FV_FRIS_SPREAD_OPTIONS;
    spread s = {.set = set, .r_star = o.r_star, .unit = fv_fris_unit(set->count)};
    fv_arena work, *arena;
    fv_fris_spread *result;
    fv_status status;

    *out = NULL;
    if (!(o.r_star >= 0) || isnan(o.gain))
        return fv_fail(err, FV_E_RANGE, "r* %g is a distance, the least gain %g a number", o.r_star, o.gain);
    if (!(result = fv_fris_result(&set->host, sizeof *result, &arena)))
        return fv_fail_memory(err, sizeof *result, "labels");
    fv_arena_init(&work, &set->host);
    if (!(status = fv_fris_classify_labels(set, labels, n_labels, &work, &s.classes, err)))
        status = run(&s, &o, &work, arena, result, err);
    fv_arena_free(&work);
    if (status) {
        fv_fris_release(result);
        return status;
    }
    *out = result;
    return FV_OK;
}
