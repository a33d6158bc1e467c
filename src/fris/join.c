/* FRiS-Class (Borisova 2007): clusters whose border is as dense as their inside are one class.
 *
 * a of cluster i and b of cluster j are the closest two of the border between them; Da and Db the distances to the
 * nearest of their own clusters. Joined if Da and Db differ by no more than alpha and d(a,b) <= alpha (Da + Db) / 2. */
#include "fris/spread.h"

typedef struct border {
    const fv_fris_parts *parts;
    const uint32_t *second; /* [n] the second nearest stolp of each row */
    double f_star;
    uint32_t *left, *right; /* rows of the two sides */
    size_t n_left, n_right;
    double *least; /* [n_left] to the nearest of the other side */
} border;

/* Members of cluster i whose second nearest stolp is j's and not much farther. */
static size_t zone(const border *b, uint32_t i, uint32_t j, uint32_t *rows)
{
    const fv_fris_parts *p = b->parts;
    size_t n = 0;

    for (size_t u = 0; u < p->n; u++)
        if (p->label[u] == i && b->second[u] == j &&
            fv_fris_s(p->column[i * p->n + u], p->column[j * p->n + u]) <= b->f_star + p->set->tie)
            rows[n++] = p->rows[u];
    return n;
}

static void found(void *user, const fv_fris_search *s, size_t query, const void *near)
{
    const border *b = user;

    b->least[query] = fv_fris_least(fv_fris_class_near(s, near, 0));
}

/* The closest pair of the two sides: of equals the lowest left one, then the lowest right one. */
static fv_status closest(border *b, uint32_t *left, uint32_t *right, double *distance, fv_error *err)
{
    const fv_fris *set = b->parts->set;
    const uint32_t first[2] = {0, (uint32_t)b->n_right};
    fv_fris_search search = {.from = set,
                             .to = set,
                             .queries = b->left,
                             .n_queries = b->n_left,
                             .refs = b->right,
                             .first = first,
                             .classes = 1,
                             .keep = 1,
                             .found = found,
                             .user = b};
    const fv_status status = fv_fris_search_run(&search, err);
    size_t i = 0, j = 0;

    *distance = INFINITY;
    if (status)
        return status;
    for (size_t q = 0; q < b->n_left; q++)
        *distance = fmin(*distance, b->least[q]);
    while (b->least[i] > *distance * (1 + set->tie))
        i++;
    while (j + 1 < b->n_right && fv_fris_distance(set, b->left[i], set, b->right[j]) > *distance * (1 + set->tie))
        j++;
    *left = b->left[i];
    *right = b->right[j];
    return FV_OK;
}

/* From a row of cluster c to the nearest other member that is not the same vector; INFINITY if there is none. */
static double inside(const fv_fris_parts *p, uint32_t row, uint32_t c)
{
    double least = INFINITY;

    for (size_t u = 0; u < p->n; u++) {
        const double d = p->label[u] == c ? fv_fris_distance(p->set, row, p->set, p->rows[u]) : 0;

        if (d > 0)
            least = fmin(least, d);
    }
    return least;
}

static fv_status alike(border *b, uint32_t i, uint32_t j, double alpha, bool *out, fv_error *err)
{
    const double most = alpha * (1 + b->parts->set->tie);
    uint32_t left, right;
    double across;
    fv_status status;

    *out = false;
    b->n_left = zone(b, i, j, b->left);
    b->n_right = zone(b, j, i, b->right);
    if (!b->n_left || !b->n_right)
        return FV_OK;
    if ((status = closest(b, &left, &right, &across, err)))
        return status;

    double da = inside(b->parts, left, i), db = inside(b->parts, right, j);

    if (isinf(da)) /* alone in its cluster: takes the other's value */
        da = db;
    else if (isinf(db))
        db = da;
    *out = da < INFINITY && da <= most * db && db <= most * da && across <= most * (da + db) / 2;
    return FV_OK;
}

static uint32_t root(const uint32_t *parent, uint32_t c)
{
    while (parent[c] != c)
        c = parent[c];
    return c;
}

/* The nearest stolp but the own one, the lowest within a hair. */
static void find_second(const fv_fris_parts *p, uint32_t *second)
{
    for (size_t u = 0; u < p->n; u++) {
        double least = INFINITY;

        for (size_t c = 0; c < p->k; c++)
            if (c != p->label[u])
                least = fmin(least, p->column[c * p->n + u]);
        second[u] = FV_FRIS_NONE;
        for (uint32_t c = (uint32_t)p->k; c-- > 0;)
            if (c != p->label[u] && p->column[c * p->n + u] <= least * (1 + p->set->tie))
                second[u] = c;
    }
}

fv_status fv_fris_join(const fv_fris_parts *parts, double f_star, double alpha, uint32_t *label, fv_error *err)
{
    const fv_host *host = &parts->set->host;
    uint32_t *second = fv_alloc(host, parts->n, sizeof *second);
    border b = {.parts = parts,
                .second = second,
                .f_star = f_star,
                .left = fv_alloc(host, parts->n, sizeof *b.left),
                .right = fv_alloc(host, parts->n, sizeof *b.right),
                .least = fv_alloc(host, parts->n, sizeof *b.least)};
    const bool enough = second && b.left && b.right && b.least;
    fv_status status = enough ? FV_OK : fv_fail_memory(err, parts->n * sizeof *second, "joining clusters");

    if (enough)
        find_second(parts, second);
    for (uint32_t c = 0; c < parts->k; c++)
        label[c] = c;
    for (uint32_t i = 0; enough && !status && i < parts->k; i++)
        for (uint32_t j = i + 1; !status && j < parts->k; j++) {
            const uint32_t p = root(label, i), q = root(label, j);
            bool one = false;

            status = alike(&b, i, j, alpha, &one, err);
            if (one)
                label[p > q ? p : q] = p < q ? p : q;
        }
    for (uint32_t c = 0; c < parts->k; c++) /* roots are lower: already final */
        label[c] = root(label, c);
    fv_release(host, second);
    fv_release(host, b.left);
    fv_release(host, b.right);
    fv_release(host, b.least);
    return status;
}
