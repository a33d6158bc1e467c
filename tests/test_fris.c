/* Competitive similarity: identities of S, bad input, the matrix product against differences, threads, memory. */
#include "fris.h"

#include "base/random.h"

/* Clusters around `classes` centres; neighbours overlap. */
typedef struct blobs {
    float *x;
    uint32_t *y;
    size_t count, dims;
} blobs;

static blobs make_blobs(size_t count, size_t dims, size_t classes, double spread)
{
    const fv_random centre = {7, FV_STREAM_TEST, 0}, noise = {7, FV_STREAM_TEST, 1};
    blobs b = {malloc(count * dims * sizeof *b.x), malloc(count * sizeof *b.y), count, dims};

    for (size_t i = 0; i < count; i++) {
        b.y[i] = (uint32_t)(i % classes);
        for (size_t k = 0; k < dims; k++)
            b.x[i * dims + k] =
                (float)(fv_random_normal(centre, b.y[i] * dims + k) + spread * fv_random_normal(noise, i * dims + k));
    }
    return b;
}

static void free_blobs(blobs b)
{
    free(b.x);
    free(b.y);
}

static fv_fris *open_blobs(const blobs *b, fv_fris_precision precision, size_t threads, const char *isa)
{
    fv_fris_options options = FV_FRIS_OPTIONS;
    fv_error err = {0};
    fv_fris *set;

    options.precision = precision;
    options.threads = threads;
    options.isa = isa;
    test_ok(fv_fris_create(NULL, &(fv_fris_vectors){.floats = b->x, .count = b->count, .dims = b->dims}, &options, &set,
                           &err),
            &err);
    return set;
}

/* ------------------------------------------------------------------------------------------------------ identities */

static void test_identities(void **state)
{
    const fv_random random = {3, FV_STREAM_TEST, 0};

    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        const double a = 10 * fv_random_uniform(random, 3 * i), b = 10 * fv_random_uniform(random, 3 * i + 1);
        const double more = b + fv_random_uniform(random, 3 * i + 2), s = fv_fris_similarity(a, b);

        assert_true(s >= -1 && s <= 1);
        assert_true(fv_fris_similarity(b, a) == -s);
        assert_true(fabs(fv_fris_similarity(7 * a, 7 * b) - s) < 1e-15);
        assert_true(fv_fris_similarity(a / 1024, b / 1024) == s);
        assert_true(fabs(fv_fris_similarity(a * a, b * b) - 2 * s / (1 + s * s)) < 1e-14);
        assert_true(fv_fris_similarity(a, more) >= s && fv_fris_similarity(more, a) <= -s);
    }
}

static void test_edges(void **state)
{
    const double inf = INFINITY;
    static const double huge = 1.7e308, tiny = 5e-324;

    (void)state;
    assert_true(fv_fris_similarity(0, 0) == 0);
    assert_true(fv_fris_similarity(inf, inf) == 0);
    assert_true(fv_fris_similarity(0, tiny) == 1);
    assert_true(fv_fris_similarity(tiny, 0) == -1);
    assert_true(fv_fris_similarity(3, inf) == 1);
    assert_true(fv_fris_similarity(inf, 3) == -1);
    assert_true(fabs(fv_fris_similarity(huge / 3, huge) - 0.5) < 1e-12);
    assert_true(fabs(fv_fris_similarity(tiny, 3 * tiny) - 0.5) < 1e-12);
    assert_true(isnan(fv_fris_similarity(-1, 1)));
    assert_true(isnan(fv_fris_similarity(1, NAN)));
}

/* ------------------------------------------------------------------------------------------------------- bad input */

static fv_status create(const double *x, size_t count, size_t dims, const fv_fris_options *options, fv_fris **set,
                        fv_error *err)
{
    return fv_fris_create(NULL, &(fv_fris_vectors){.doubles = x, .count = count, .dims = dims}, options, set, err);
}

static void test_bad_vectors(void **state)
{
    const double x[] = {0, 1, 2, NAN, 4, 5}, y[] = {0, 1, 2, 3, 4, -(double)INFINITY};
    fv_fris_options options = FV_FRIS_OPTIONS;
    const float floats[2] = {0, 1};
    fv_error err = {0};
    fv_fris *set;

    (void)state;
    test_failed(create(x, 3, 2, NULL, &set, &err), FV_E_NAN, &err, "vector 1, column 1");
    assert_null(set);
    test_failed(create(y, 3, 2, NULL, &set, &err), FV_E_NAN, &err, "vector 2, column 1: -inf");
    test_failed(create(x, 0, 2, NULL, &set, &err), FV_E_RANGE, &err, "there are 0 of 2 columns");
    test_failed(create(x, 2, 0, NULL, &set, &err), FV_E_RANGE, &err, "there are 2 of 0 columns");
    test_failed(create(x, SIZE_MAX / 4, 16, NULL, &set, &err), FV_E_RANGE, &err, "too many");
    test_failed(fv_fris_create(NULL, &(fv_fris_vectors){floats, x, 2, 1}, NULL, &set, &err), FV_E_ARGUMENT, &err,
                "either floats or doubles");
    options.isa = "mmx";
    test_failed(create(x, 1, 2, &options, &set, &err), FV_E_UNKNOWN, &err, "mmx");
}

/* Vectors on a line, as they are. */
static fv_fris *line(const double *x, size_t count)
{
    fv_fris_options options = FV_FRIS_OPTIONS;
    fv_error err = {0};
    fv_fris *set;

    options.norm = FV_FRIS_AS_IS;
    test_ok(create(x, count, 1, &options, &set, &err), &err);
    return set;
}

static void test_bad_labels(void **state)
{
    static const double x[] = {0, 1, 3};
    static const uint32_t y[] = {0, 0, 1}, none[] = {FV_FRIS_NONE, FV_FRIS_NONE, FV_FRIS_NONE};
    fv_fris *set = line(x, 3);
    fv_fris_stolp_options options = FV_FRIS_STOLP_OPTIONS;
    fv_fris_objects *objects;
    fv_fris_stolps *stolps;
    fv_error err = {0};

    (void)state;
    test_failed(fv_fris_measure(set, y, 2, 1, 0, &objects, &err), FV_E_SHAPE, &err, "2 for 3 vectors");
    assert_null(objects);
    test_failed(fv_fris_measure(set, none, 3, 1, 0, &objects, &err), FV_E_RANGE, &err, "none of 3 vectors");
    test_failed(fv_fris_measure(set, y, 3, 0, 0, &objects, &err), FV_E_RANGE, &err, "k 0");
    test_failed(fv_fris_measure(set, y, 3, 1, -1, &objects, &err), FV_E_RANGE, &err, "r* -1");
    test_failed(fv_fris_choose(set, y, 1, NULL, &stolps, &err), FV_E_SHAPE, &err, "1 for 3 vectors");
    assert_null(stolps);
    options.lambda = 1.5;
    test_failed(fv_fris_choose(set, y, 3, &options, &stolps, &err), FV_E_RANGE, &err, "lambda 1.5");
    fv_fris_free(set);
}

/* k above a class's size counts with those there are; unlabelled objects are out of everything. */
static void test_few(void **state)
{
    static const double x[] = {0, 2, 10, 11, 100};
    static const uint32_t y[] = {4, 4, 9, 9, FV_FRIS_NONE};
    fv_fris *set = line(x, 5);
    fv_fris_objects *o;
    fv_fris_stolps *s;
    fv_error err = {0};

    (void)state;
    test_ok(fv_fris_measure(set, y, 5, 1000000, 0, &o, &err), &err);
    assert_true(o->own[0] == 2 && o->rival[0] == 10.5 && o->rival_class[0] == 9 && o->rival_index[0] == 2);
    assert_true(isnan(o->s[4]) && o->own_index[4] == FV_FRIS_NONE);
    assert_int_equal(o->compactness.classes, 2);
    assert_int_equal(o->compactness.label[1], 9);
    assert_int_equal(o->positive, 4);
    fv_fris_release(o);
    test_ok(fv_fris_choose(set, y, 5, NULL, &s, &err), &err);
    assert_int_equal(s->count, 2);
    assert_int_equal(s->own_stolp[4], FV_FRIS_NONE);
    fv_fris_release(s);
    fv_fris_free(set);
}

static void test_conflicts_and_singletons(void **state)
{
    static const double x[] = {1, 1, 5, 6, 9};
    static const uint32_t y[] = {0, 1, 0, 1, 2};
    fv_fris *set = line(x, 5);
    fv_fris_objects *o;
    fv_error err = {0};

    (void)state;
    test_ok(fv_fris_measure(set, y, 5, 1, 0, &o, &err), &err);
    assert_int_equal(o->conflicts, 2);
    assert_int_equal(o->singletons, 1);
    assert_true(o->s[0] == -1 && o->s[1] == -1 && o->s[4] == -1 && isinf(o->own[4]));
    fv_fris_release(o);
    fv_fris_free(set);
}

static void test_zero_vectors(void **state)
{
    static const double x[] = {0, 0, 3, 4, 0, 0, 1e300, 1e300};
    fv_fris_options options = FV_FRIS_OPTIONS;
    fv_error err = {0};
    fv_fris *set;

    (void)state;
    test_ok(create(x, 4, 2, &options, &set, &err), &err);
    assert_int_equal(fv_fris_zeros(set), 2);
    assert_true(fv_fris_value(set, 0, 1) == 0 && fabs(fv_fris_value(set, 1, 1) - 0.8) < 1e-15);
    assert_true(fabs(fv_fris_value(set, 3, 0) - sqrt(0.5)) < 1e-15);
    assert_true(fv_fris_distance(set, 0, set, 2) == 0);
    fv_fris_free(set);

    options.metric = FV_FRIS_COSINE;
    options.norm = FV_FRIS_AS_IS;
    test_ok(create(x, 4, 2, &options, &set, &err), &err);
    assert_true(fv_fris_distance(set, 0, set, 1) == 1 && fv_fris_distance(set, 0, set, 2) == 0);
    fv_fris_free(set);
}

/* ---------------------------------------------------------------------------------------- product and differences */

static void same_array(const char *what, const void *a, const void *b, size_t bytes)
{
    if (memcmp(a, b, bytes))
        fail_msg("%s differ", what);
}

/* Neighbours are exact whatever finds them, so they do not depend on the kernels; sums of S do by rounding. */
static void test_product(void **state)
{
    const size_t n = 700;
    blobs b = make_blobs(n, 130, 7, 1.5);
    fv_fris *plain = open_blobs(&b, FV_FRIS_FLOAT, 1, NULL);
    fv_fris_objects *want, *got;
    fv_fris_stolps *stolps, *same;
    fv_error err = {0};

    (void)state;
    memcpy(b.x + 5 * b.dims, b.x + 20 * b.dims, b.dims * sizeof *b.x); /* identical, other labels */
    fv_fris_free(plain);
    plain = open_blobs(&b, FV_FRIS_FLOAT, 1, NULL);
    plain->product_dims = SIZE_MAX;
    test_ok(fv_fris_measure(plain, b.y, n, 3, 0, &want, &err), &err);
    test_ok(fv_fris_choose(plain, b.y, n, NULL, &stolps, &err), &err);
    assert_true(want->conflicts == 2 && want->positive > 600 && want->positive < 700);
    for (size_t i = 0; fv_kernels_list(i); i++) {
        fv_fris *set = open_blobs(&b, FV_FRIS_FLOAT, 1 + i, fv_kernels_list(i)->isa);

        test_ok(fv_fris_measure(set, b.y, n, 3, 0, &got, &err), &err);
        same_array("own", want->own, got->own, n * sizeof *got->own);
        same_array("rivals", want->rival, got->rival, n * sizeof *got->rival);
        same_array("own indices", want->own_index, got->own_index, n * sizeof *got->own_index);
        same_array("rival indices", want->rival_index, got->rival_index, n * sizeof *got->rival_index);
        same_array("pairs", want->pairs, got->pairs, 49 * sizeof *got->pairs);
        fv_fris_release(got);
        test_ok(fv_fris_choose(set, b.y, n, NULL, &same, &err), &err);
        assert_int_equal(same->count, stolps->count);
        same_array("stolps", stolps->stolp, same->stolp, same->count * sizeof *same->stolp);
        for (size_t s = 0; s < same->count; s++)
            assert_true(fabs(same->efficiency[s] - stolps->efficiency[s]) < 2e-6);
        fv_fris_release(same);
        fv_fris_free(set);
    }
    fv_fris_release(stolps);
    fv_fris_release(want);
    fv_fris_free(plain);
    free_blobs(b);
}

static void test_threads(void **state)
{
    const size_t n = 600;
    blobs b = make_blobs(n, 64, 5, 2);
    fv_fris_stolps *one = NULL, *many;
    fv_error err = {0};

    (void)state;
    for (size_t threads = 1; threads <= 5; threads += 2) {
        fv_fris *set = open_blobs(&b, FV_FRIS_AS_GIVEN, threads, NULL);

        test_ok(fv_fris_choose(set, b.y, n, NULL, &many, &err), &err);
        fv_fris_free(set);
        if (!one) {
            one = many;
            assert_true(one->count > 5);
            continue;
        }
        assert_int_equal(one->count, many->count);
        same_array("efficiencies", one->efficiency, many->efficiency, one->count * sizeof *one->efficiency);
        same_array("s", one->s, many->s, n * sizeof *one->s);
        fv_fris_release(many);
    }
    fv_fris_release(one);
    free_blobs(b);
}

/* Censoring renews few values; here all of them are made anew each time, until two of each class are left. More classes
 * than an object keeps lists of; half of them so small that their means fall; more objects than a list holds. */
static void censor_like(size_t classes, size_t each, uint32_t k, double spread)
{
    const size_t n = classes * each;
    blobs b = make_blobs(n, 40, classes, spread);
    fv_fris *set = open_blobs(&b, FV_FRIS_FLOAT, 2, NULL);
    size_t *left = calloc(classes, sizeof *left), last = 0;
    fv_fris_doubts *got;
    fv_error err = {0};

    for (size_t i = 0; i < n; i++) {
        if (i % classes >= classes / 2 && i >= n / 2)
            b.y[i] = FV_FRIS_NONE;
        else
            left[b.y[i]]++;
    }
    for (size_t c = 0; c < classes; c++)
        last += left[c] - 2;
    test_ok(fv_fris_censor(set, b.y, n, k, 1, 1, &got, &err), &err);
    assert_int_equal(got->count, last);
    for (size_t t = 0; t < got->count; t++) {
        fv_fris_doubts *q;
        size_t at = 0;

        test_ok(fv_fris_queue(set, b.y, n, k, &q, &err), &err);
        while (left[q->doubt[at].label] <= 2)
            at++;
        assert_int_equal(got->doubt[t].index, q->doubt[at].index);
        assert_int_equal(got->doubt[t].suggested, q->doubt[at].suggested);
        assert_int_equal(got->doubt[t].own_index, q->doubt[at].own_index);
        assert_int_equal(got->doubt[t].rival_index, q->doubt[at].rival_index);
        assert_true(fabs(got->doubt[t].s - q->doubt[at].s) < 1e-12);
        b.y[got->doubt[t].index] = FV_FRIS_NONE;
        left[got->doubt[t].label]--;
        fv_fris_release(q);
    }
    fv_fris_release(got);
    fv_fris_free(set);
    free(left);
    free_blobs(b);
}

static void test_censor(void **state)
{
    (void)state;
    censor_like(48, 6, 3, 4);
    censor_like(48, 8, 1, 4);
    censor_like(14, 22, 1, 1.5);
}

/* Of many objects some are clustered and the others follow. */
static void test_sample(void **state)
{
    blobs b = make_blobs(300, 40, 3, 0.3);
    fv_fris *set = open_blobs(&b, FV_FRIS_FLOAT, 2, NULL);
    fv_fris_cluster_options options = FV_FRIS_CLUSTER_OPTIONS;
    fv_fris_clusters *c;
    fv_error err = {0};

    (void)state;
    options.most = 80; /* every 4th */
    test_ok(fv_fris_cluster(set, &options, &c, &err), &err);
    assert_int_equal(c->k, 3);
    for (size_t i = 3; i < 300; i++)
        assert_int_equal(c->label[i], c->label[i % 3]);
    for (size_t s = 0; s < 3; s++)
        assert_int_equal(c->stolps[s] % 4, 0);
    fv_fris_release(c);
    fv_fris_free(set);
    free_blobs(b);
}

static void test_bad_calls(void **state)
{
    static const double x[] = {0, 1, 3, 4}, own[] = {1, 2}, other[] = {3, INFINITY};
    static const uint32_t y[] = {0, 0, 1, 1}, stolp[] = {0, 9}, group[] = {1};
    fv_fris *set = line(x, 4), *more;
    fv_fris_cluster_options options = FV_FRIS_CLUSTER_OPTIONS;
    fv_fris_clusters *clusters;
    fv_fris_decisions *decisions;
    fv_fris_doubts *doubts;
    fv_fris_stolps *stolps;
    fv_fris_groups *groups;
    fv_error err = {0};
    double r_star, theta;

    (void)state;
    test_failed(fv_fris_create_like(set, &(fv_fris_vectors){.doubles = x, .count = 2, .dims = 2}, &more, &err),
                FV_E_SHAPE, &err, "2 columns, the set 1");
    test_ok(create(x, 2, 2, NULL, &more, &err), &err);
    test_failed(fv_fris_decide(set, y, 4, more, 0, -1, &decisions, &err), FV_E_SHAPE, &err, "2 columns, prototypes 1");
    fv_fris_free(more);
    test_failed(fv_fris_subset(set, stolp, 2, &more, &err), FV_E_RANGE, &err, "vector 9 of 4");
    test_failed(fv_fris_calibrate(own, other, 2, 0.95, 0.5, &r_star, &theta, &err), FV_E_RANGE, &err, "vector 1");
    test_failed(fv_fris_calibrate(own, other, 0, 0.95, 0.5, &r_star, &theta, &err), FV_E_RANGE, &err, "0 vectors");
    test_failed(fv_fris_censor(set, y, 4, 1, 2, 0.5, &doubts, &err), FV_E_RANGE, &err, "theta 2");
    test_failed(fv_fris_extend(set, y, 4, stolp, 2, 1, NULL, &stolps, &err), FV_E_RANGE, &err, "stolp 9");
    test_failed(fv_fris_extend(set, y, 4, stolp, 1, 7, NULL, &stolps, &err), FV_E_RANGE, &err, "class 7");
    test_failed(fv_fris_select(set, y, 4, group, 1, 0, 2, 1, &groups, &err), FV_E_RANGE, &err, "group 1 of 1");
    options.k_max = 1;
    test_failed(fv_fris_cluster(set, &options, &clusters, &err), FV_E_RANGE, &err, "2 to 1 clusters");
    options.k_max = 50; /* more than objects: as many as there are */
    test_ok(fv_fris_cluster(set, &options, &clusters, &err), &err);
    assert_int_equal(clusters->n_chain, 4);
    fv_fris_release(clusters);
    fv_fris_free(set);
}

/* Why a vector is not accepted: far from all, or between two. */
static void test_verdicts(void **state)
{
    static const double x[] = {0, 1, 10, 11}, queries[] = {0.2, 5.4, -40};
    static const uint32_t y[] = {3, 3, 8, 8};
    fv_fris *set = line(x, 4), *more;
    fv_fris_decisions *d;
    fv_error err = {0};

    (void)state;
    test_ok(fv_fris_create_like(set, &(fv_fris_vectors){.doubles = queries, .count = 3, .dims = 1}, &more, &err), &err);
    test_ok(fv_fris_decide(set, y, 4, more, 5, 0.05, &d, &err), &err);
    assert_int_equal(d->verdict[0], FV_FRIS_ACCEPTED);
    assert_int_equal(d->verdict[1], FV_FRIS_BETWEEN);
    assert_int_equal(d->verdict[2], FV_FRIS_FAR);
    assert_true(d->label[2] == 3 && d->rival[2] == 8 && d->own_stolp[2] == 0 && d->rival_stolp[2] == 2);
    fv_fris_release(d);
    fv_fris_free(more);
    fv_fris_free(set);
}

/* ------------------------------------------------------------------------------------------------------------ memory */

static fv_status everything(const fv_host *host, void *arg, fv_error *err)
{
    const blobs *b = arg;
    fv_fris_options options = FV_FRIS_OPTIONS;
    fv_fris *set = NULL;
    fv_fris_objects *objects = NULL;
    fv_fris_stolps *stolps = NULL, *added = NULL;
    fv_fris_doubts *queue = NULL, *taken = NULL;
    fv_fris_clusters *clusters = NULL;
    fv_fris_spread *spread = NULL;
    fv_fris_groups *groups = NULL;
    fv_fris_decisions *decisions = NULL;
    fv_fris *some = NULL;
    fv_fris_cluster_options cluster = FV_FRIS_CLUSTER_OPTIONS;
    static uint32_t group_of[40];
    static const uint32_t rows[] = {0, 1, 2, 3};
    fv_status status;

    cluster.k_max = 3;
    cluster.join = true;
    group_of[0] = 1;
    options.threads = 2;
    options.centre = true;
    (void)((status = fv_fris_create(host, &(fv_fris_vectors){.floats = b->x, .count = b->count, .dims = b->dims},
                                    &options, &set, err)) ||
           (status = fv_fris_measure(set, b->y, b->count, 2, 0, &objects, err)) ||
           (status = fv_fris_choose(set, b->y, b->count, NULL, &stolps, err)) ||
           (status = fv_fris_extend(set, b->y, b->count, rows + 1, 2, 0, NULL, &added, err)) ||
           (status = fv_fris_queue(set, b->y, b->count, 2, &queue, err)) ||
           (status = fv_fris_censor(set, b->y, b->count, 1, 0.01, 0.5, &taken, err)) ||
           (status = fv_fris_cluster(set, &cluster, &clusters, err)) ||
           (status = fv_fris_spread_labels(set, b->y, b->count, NULL, &spread, err)) ||
           (status = fv_fris_select(set, b->y, b->count, group_of, 2, 1, 1, 0, &groups, err)) ||
           (status = fv_fris_subset(set, rows, 4, &some, err)) ||
           (status = fv_fris_decide(some, b->y, 4, set, 0, -1, &decisions, err)));
    fv_fris_release(added);
    fv_fris_release(queue);
    fv_fris_release(taken);
    fv_fris_release(clusters);
    fv_fris_release(spread);
    fv_fris_release(groups);
    fv_fris_release(decisions);
    fv_fris_free(some);
    fv_fris_release(stolps);
    fv_fris_release(objects);
    fv_fris_free(set);
    return status;
}

static void test_memory(void **state)
{
    blobs b = make_blobs(40, 40, 3, 2);

    (void)state;
    assert_true(test_every_failure(everything, &b) > 20);
    free_blobs(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identities),   cmocka_unit_test(test_edges),
        cmocka_unit_test(test_bad_vectors),  cmocka_unit_test(test_bad_labels),
        cmocka_unit_test(test_few),          cmocka_unit_test(test_conflicts_and_singletons),
        cmocka_unit_test(test_zero_vectors), cmocka_unit_test(test_product),
        cmocka_unit_test(test_threads),      cmocka_unit_test(test_censor),
        cmocka_unit_test(test_sample),       cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_verdicts),     cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests_name("fris", tests, NULL, NULL);
}
