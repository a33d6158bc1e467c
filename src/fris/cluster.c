/* FRiS-Cluster (Borisova 2007): a chain of stolps against a virtual rival at distance r*, and for each of its lengths
 * clusters whose stolps then move.
 *
 *     quality:  Q = mean over u of S(nearest stolp, second nearest stolp)
 *
 * The chain is fris/chain.c. */
#include "fris/chain.h"
#include "fris/spread.h"
#include <string.h>

enum { MOST = 20000 };

/* One number of clusters that was tried. */
typedef struct tried {
    uint32_t k;
    double q;
    uint32_t *stolp, *label;
    double *column; /* of the best so far only */
} tried;

/* ---------------------------------------------------------------------------------------------------- refinement */

/* Nearest against second nearest if the stolp that moves were at this distance. */
static double quality_term(const fv_fris_chain *c, size_t u, double distance)
{
    return distance < c->first[u] ? fv_fris_s(distance, c->first[u])
                                  : fv_fris_s(c->first[u], fmin(c->second[u], distance));
}

/* The nearest stolp, the earlier of those within a hair. */
static uint32_t nearest(const double *column, size_t k, size_t n, size_t u, double tie)
{
    double least = INFINITY;
    uint32_t c = 0;

    for (size_t s = 0; s < k; s++)
        least = fmin(least, column[s * n + u]);
    while (c + 1 < k && column[c * n + u] > least * (1 + tie))
        c++;
    return c;
}

static void assign(const fv_fris_chain *c, size_t k, uint32_t *label)
{
    for (size_t u = 0; u < c->n; u++)
        label[u] = nearest(c->moved, k, c->n, u, c->set->tie);
}

/* The two nearest stolps of each row but stolp `but`. */
static void two_nearest(fv_fris_chain *c, size_t k, size_t but)
{
    for (size_t u = 0; u < c->n; u++) {
        c->first[u] = c->second[u] = INFINITY;
        for (size_t s = 0; s < k; s++) {
            const double d = c->moved[s * c->n + u];

            if (s == but)
                continue;
            c->second[u] = fmin(c->second[u], fmax(c->first[u], d));
            c->first[u] = fmin(c->first[u], d);
        }
    }
}

/* Each cluster in turn takes the member that makes all of it best. */
static fv_status move(fv_fris_chain *c, tried *t, fv_error *err)
{
    int64_t sum = 0;

    memcpy(c->moved, c->column, t->k * c->n * sizeof *c->moved);
    memcpy(t->stolp, c->chain, t->k * sizeof *t->stolp);
    assign(c, t->k, t->label);
    for (size_t s = 0; s < t->k; s++) {
        fv_status status;

        c->n_batch = 0;
        for (uint32_t u = 0; u < c->n; u++)
            if (t->label[u] == s)
                c->batch[c->n_batch++] = u;
        if (!c->n_batch)
            continue;
        two_nearest(c, t->k, s);
        if ((status = fv_fris_chain_score(c, quality_term, err)))
            return status;
        t->stolp[s] = fv_fris_chain_best(c);
        if ((status = fv_fris_column(c->set, c->rows, c->n, c->rows[t->stolp[s]], c->moved + s * c->n, err)))
            return status;
    }
    assign(c, t->k, t->label);
    two_nearest(c, t->k, t->k);
    for (size_t u = 0; u < c->n; u++)
        sum += fv_fris_whole(fv_fris_s(c->first[u], c->second[u]), c->unit);
    t->q = (double)sum / c->unit / (double)c->n;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------------- results */

/* The number with the largest quality, the smallest within a hair; and those better than both neighbours. */
static size_t compare(const fv_fris_chain *c, const tried *all, size_t n, uint32_t *maxima, size_t *n_maxima)
{
    const double tie = c->set->tie;
    double best = -INFINITY;
    size_t at = 0;

    for (size_t i = 0; i < n; i++)
        best = fmax(best, all[i].q);
    while (all[at].q < best - tie)
        at++;
    for (size_t i = 0; i + 1 < n; i++)
        if ((!i || all[i].q > all[i - 1].q + tie) && all[i].q > all[i + 1].q + tie)
            maxima[(*n_maxima)++] = all[i].k;
    return at;
}

/* Labels of all vectors, of which every m-th was clustered. */
static void label_all(const fv_fris_chain *c, const tried *t, uint32_t *label)
{
    double least[2];

    for (size_t i = 0, u = 0; i < c->set->count; i++) {
        if (u < c->n && c->rows[u] == i) {
            label[i] = t->label[u++];
            continue;
        }
        least[0] = INFINITY;
        for (uint32_t s = 0; s < t->k; s++) {
            least[1] = fv_fris_distance(c->set, i, c->set, c->rows[t->stolp[s]]);
            if (least[1] * (1 + c->set->tie) < least[0]) {
                least[0] = least[1];
                label[i] = s;
            }
        }
    }
}

/* Names of classes in the order in which they appear. */
static uint32_t number(const uint32_t *label, const uint32_t *class_of, size_t count, uint32_t *name, size_t k,
                       uint32_t *out)
{
    uint32_t classes = 0;

    for (size_t c = 0; c < k; c++)
        name[c] = FV_FRIS_NONE;
    for (size_t i = 0; i < count; i++) {
        uint32_t *known = &name[class_of[label[i]]];

        if (*known == FV_FRIS_NONE)
            *known = classes++;
        out[i] = *known;
    }
    return classes;
}

static fv_status join(fv_fris_chain *c, const fv_fris_cluster_options *o, const tried *t, fv_arena *arena,
                      fv_fris_clusters *out, fv_error *err)
{
    const fv_fris_parts parts = {c->set, c->rows, c->n, t->k, t->stolp, t->label, c->moved};
    uint32_t *joined, *class_of, *name;
    fv_status status;

    if ((status = FV_FRIS_ALLOC(arena, joined, c->set->count, "clusters", err)) ||
        (status = FV_FRIS_ALLOC(arena, class_of, t->k, "clusters", err)) ||
        (status = FV_FRIS_ALLOC(arena, name, t->k, "clusters", err)))
        return status;
    for (size_t s = 0; s < t->k; s++)
        if ((status = fv_fris_column(c->set, c->rows, c->n, c->rows[t->stolp[s]], c->moved + s * c->n, err)))
            return status;
    if ((status = fv_fris_join(&parts, o->f_star, o->alpha, class_of, err)))
        return status;
    out->classes = number(out->label, class_of, c->set->count, name, t->k, joined);
    out->joined = joined;
    return FV_OK;
}

static fv_status arrays(fv_fris_chain *c, const fv_fris_cluster_options *o, fv_arena *work, fv_error *err)
{
    const size_t n = c->n, k = o->k_max;
    fv_status status;

    (void)((status = FV_FRIS_ALLOC(work, c->near, n, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->column, n * k, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->moved, n * k, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->first, n, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->second, n, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->gain, n, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->score, n, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->fresh, n, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->batch, n, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->batch_row, n, "clusters", err)) ||
           (status = FV_FRIS_ALLOC(work, c->chain, k, "clusters", err)));
    for (size_t i = 0; !status && i < n; i++) {
        c->near[i] = INFINITY;
        c->gain[i] = INT64_MAX;
    }
    return status;
}

static fv_status run(fv_fris_chain *c, const fv_fris_cluster_options *o, fv_arena *work, fv_arena *arena,
                     fv_fris_clusters *out, fv_error *err)
{
    const uint32_t least = o->k_min > 2 ? o->k_min : 2;
    tried *all;
    double *q;
    uint32_t *chain, *maxima, *stolps, *label;
    size_t n = 0;
    fv_status status;

    if ((status = arrays(c, o, work, err)) || (status = FV_FRIS_ALLOC(work, all, o->k_max, "clusters", err)) ||
        (status = FV_FRIS_ALLOC(arena, q, o->k_max, "clusters", err)) ||
        (status = FV_FRIS_ALLOC(arena, chain, o->k_max, "clusters", err)) ||
        (status = FV_FRIS_ALLOC(arena, maxima, o->k_max, "clusters", err)) ||
        (status = FV_FRIS_ALLOC(arena, stolps, o->k_max, "clusters", err)) ||
        (status = FV_FRIS_ALLOC(arena, label, c->set->count, "clusters", err)))
        return status;
    for (uint32_t k = 1; k <= o->k_max; k++) {
        tried *t = &all[n];

        if ((status = fv_fris_chain_extend(c, err)))
            return status;
        chain[k - 1] = c->rows[c->chain[k - 1]];
        if (k < least)
            continue;
        t->k = k;
        if ((status = FV_FRIS_ALLOC(work, t->stolp, k, "clusters", err)) ||
            (status = FV_FRIS_ALLOC(work, t->label, c->n, "clusters", err)) || (status = move(c, t, err)))
            return status;
        q[n++] = t->q;
    }

    const tried *best = &all[compare(c, all, n, maxima, &out->n_maxima)];

    for (size_t s = 0; s < best->k; s++)
        stolps[s] = c->rows[best->stolp[s]];
    label_all(c, best, label);
    out->count = c->set->count;
    out->r_star = c->r_star;
    out->chain = chain;
    out->n_chain = c->n_chain;
    out->k = best->k;
    out->q = best->q;
    out->stolps = stolps;
    out->label = label;
    out->first_k = least;
    out->q_of_k = q;
    out->n_q = n;
    out->maxima = maxima;
    out->classes = best->k;
    return o->join ? join(c, o, best, arena, out, err) : FV_OK;
}

/* Every m-th row, so that there are at most `most`. */
static fv_status sample(fv_fris_chain *c, size_t most, fv_arena *work, fv_error *err)
{
    const size_t step = (c->set->count + most - 1) / most;
    uint32_t *rows;
    fv_status status;

    c->n = (c->set->count + step - 1) / step;
    if ((status = FV_FRIS_ALLOC(work, rows, c->n, "clusters", err)))
        return status;
    for (size_t i = 0; i < c->n; i++)
        rows[i] = (uint32_t)(i * step);
    c->rows = rows;
    return FV_OK;
}

fv_status fv_fris_cluster(const fv_fris *set, const fv_fris_cluster_options *options, fv_fris_clusters **out,
                          fv_error *err)
{
    fv_fris_cluster_options o = options ? *options : (fv_fris_cluster_options)FV_FRIS_CLUSTER_OPTIONS;
    fv_fris_chain c = {.set = set, .r_star = o.r_star};
    fv_arena work, *arena;
    fv_fris_clusters *result;
    fv_status status;

    *out = NULL;
    if (set->count < 2 || o.k_max < 2 || o.k_min > o.k_max || !(o.r_star >= 0) || !(o.alpha >= 1))
        return fv_fail(err, FV_E_RANGE,
                       "clusters: %zu vectors, %u to %u clusters, r* %g, alpha %g: at least 2 vectors, "
                       "2 clusters, r* a distance, alpha 1 or more",
                       set->count, o.k_min, o.k_max, o.r_star, o.alpha);
    if (!(result = fv_fris_result(&set->host, sizeof *result, &arena)))
        return fv_fail_memory(err, sizeof *result, "clusters");
    fv_arena_init(&work, &set->host);
    if (!(status = sample(&c, o.most ? o.most : MOST, &work, err))) {
        o.k_max = o.k_max < c.n ? o.k_max : (uint32_t)c.n;
        o.k_min = o.k_min < o.k_max ? o.k_min : o.k_max;
        c.unit = fv_fris_unit(c.n);
        if (!(c.r_star > 0))
            status = fv_fris_half_mean(set, c.rows, c.n, &c.r_star, err);
    }
    if (!status)
        status = run(&c, &o, &work, arena, result, err);
    fv_arena_free(&work);
    if (status) {
        fv_fris_release(result);
        return status;
    }
    *out = result;
    return FV_OK;
}
