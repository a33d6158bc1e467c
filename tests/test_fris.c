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

/* ------------------------------------------------------------------------------------------------------------ memory */

static fv_status everything(const fv_host *host, void *arg, fv_error *err)
{
    const blobs *b = arg;
    fv_fris_options options = FV_FRIS_OPTIONS;
    fv_fris *set = NULL;
    fv_fris_objects *objects = NULL;
    fv_fris_stolps *stolps = NULL;
    fv_status status;

    options.threads = 2;
    options.centre = true;
    (void)((status = fv_fris_create(host, &(fv_fris_vectors){.floats = b->x, .count = b->count, .dims = b->dims},
                                    &options, &set, err)) ||
           (status = fv_fris_measure(set, b->y, b->count, 2, 0, &objects, err)) ||
           (status = fv_fris_choose(set, b->y, b->count, NULL, &stolps, err)));
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
        cmocka_unit_test(test_threads),      cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests_name("fris", tests, NULL, NULL);
}
