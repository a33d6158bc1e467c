/* base/random: published vectors, then statistics with bounds that a right generator misses once in 10^6 seeds (the
 * seeds are fixed, so a pass stays a pass). */
#include "support.h"

#include "base/random.h"

#include <math.h>

enum { DRAWS = 200000 };

/* kat_vectors of Random123 (Salmon et al.), philox4x32 with 10 rounds. */
static void philox_equals_the_published_vectors(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const uint32_t *c = cases[i].counter, *k = cases[i].key;
        const uint64_t seed = (uint64_t)k[1] << 32 | k[0], index = (uint64_t)c[1] << 32 | c[0];
        const fv_random random = {seed, c[3], c[2]};
        uint32_t out[4];

        fv_philox(seed, c[3], c[2], index, out);
        assert_memory_equal(out, cases[i].out, sizeof out);
        assert_true(fv_random_bits(random, index) == ((uint64_t)out[1] << 32 | out[0]));
    }
}

/* Each of seed, stream, step and index changes the draw. */
static void draws_depend_on_every_coordinate(void **state)
{
    const fv_random base = {7, FV_STREAM_TEST, 3}, others[] = {
                                                       {8, FV_STREAM_TEST, 3},
                                                       {7 + (1ull << 32), FV_STREAM_TEST, 3},
                                                       {7, FV_STREAM_SPLIT, 3},
                                                       {7, FV_STREAM_TEST, 4},
                                                   };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(others); i++)
        assert_true(fv_random_bits(base, 5) != fv_random_bits(others[i], 5));
    assert_true(fv_random_bits(base, 5) != fv_random_bits(base, 6));
    assert_true(fv_random_bits(base, 5) != fv_random_bits(base, 5 + (1ull << 32)));
    assert_true(fv_random_bits(base, 5) == fv_random_bits(base, 5));
}

/* Kolmogorov-Smirnov distance of sorted values to a distribution; above 2.7 / sqrt(n) once in 10^6. */
static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double distance(double *x, size_t n, double (*below)(double))
{
    double worst = 0;

    qsort(x, n, sizeof *x, compare);
    for (size_t i = 0; i < n; i++) {
        const double p = below(x[i]);

        worst = fmax(worst, fmax(p - (double)i / (double)n, (double)(i + 1) / (double)n - p));
    }
    return worst * sqrt((double)n);
}

static double identity(double x)
{
    return x;
}
static double normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

/* Sums of x, x^2, x^3, x^4 and of neighbours' products, as means. */
static void moments(const double *x, size_t n, double out[5])
{
    memset(out, 0, 5 * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        double power = 1;

        for (int k = 0; k < 4; k++)
            out[k] += (power *= x[i]) / (double)n;
        out[4] += x[i] * x[(i + 1) % n] / (double)n;
    }
}

static void near(double got, double want, double sigma, const char *what)
{
    if (!(fabs(got - want) <= 4.9 * sigma)) /* 10^-6, two-sided */
        fail_msg("%s: %.6f, wanted %.6f within %.6f", what, got, want, 4.9 * sigma);
}

static void uniform_is_uniform(void **state)
{
    const double n = DRAWS;
    double *x = malloc(DRAWS * sizeof *x), m[5];

    (void)state;
    assert_non_null(x);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        for (size_t i = 0; i < DRAWS; i++) {
            x[i] = fv_random_uniform((fv_random){seed, FV_STREAM_TEST, 0}, i);
            assert_true(x[i] >= 0 && x[i] < 1);
            assert_true(x[i] * 0x1p53 == floor(x[i] * 0x1p53));
        }
        moments(x, DRAWS, m);
        near(m[0], 1.0 / 2, sqrt(1.0 / 12 / n), "mean of uniform");
        near(m[1], 1.0 / 3, sqrt(4.0 / 45 / n), "mean square of uniform");
        near(m[4], 1.0 / 4, sqrt((1.0 / 9 - 1.0 / 16 + 2 * (1.0 / 12 - 1.0 / 16)) / n), "neighbours of uniform");
        assert_true(distance(x, DRAWS, identity) < 2.7);
    }
    free(x);
}

static void normal_is_normal(void **state)
{
    const double n = DRAWS;
    double *x = malloc(DRAWS * sizeof *x), m[5];

    (void)state;
    assert_non_null(x);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        for (size_t i = 0; i < DRAWS; i++) {
            x[i] = fv_random_normal((fv_random){seed, FV_STREAM_INIT, 1}, i);
            assert_true(isfinite(x[i]) && fabs(x[i]) < 8.7);
        }
        moments(x, DRAWS, m);
        near(m[0], 0, sqrt(1 / n), "mean of normal");
        near(m[1], 1, sqrt(2 / n), "variance of normal");
        near(m[2], 0, sqrt(15 / n), "third moment of normal");
        near(m[3], 3, sqrt(96 / n), "fourth moment of normal");
        near(m[4], 0, sqrt(1 / n), "neighbours of normal");
        assert_true(distance(x, DRAWS, normal) < 2.7);
    }
    free(x);
}

/* Chi-square of n cells, as a normal deviate (Wilson and Hilferty 1931). */
static double chi(const uint32_t *cells, size_t n, double expected)
{
    const double k = (double)n - 1;
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (cells[i] - expected) * (cells[i] - expected) / expected;
    return (cbrt(sum / k) - (1 - 2 / (9 * k))) / sqrt(2 / (9 * k));
}

static void below_is_even_and_in_range(void **state)
{
    static const uint64_t bounds[] = {1, 2, 3, 10, 97, 256};
    const fv_random random = {11, FV_STREAM_TEST, 0};

    (void)state;
    for (size_t b = 0; b < FV_COUNT(bounds); b++) {
        uint32_t cells[256] = {0};

        for (size_t i = 0; i < DRAWS; i++) {
            const uint64_t value = fv_random_below(random, i, bounds[b]);

            assert_true(value < bounds[b]);
            cells[value]++;
        }
        assert_true(bounds[b] == 1 || fabs(chi(cells, bounds[b], (double)DRAWS / (double)bounds[b])) < 4.9);
    }
    for (size_t i = 0; i < 1000; i++) /* the largest n: the product needs 128 bits */
        assert_true(fv_random_below(random, i, UINT64_MAX) <= fv_random_bits(random, i));
}

static void shuffle_is_a_permutation(void **state)
{
    static const uint32_t sizes[] = {0, 1, 2, 3, 17, 1000, 60000};
    uint32_t *items = malloc(60000 * sizeof *items), *again = malloc(60000 * sizeof *again);
    unsigned char *seen = malloc(60000);

    (void)state;
    assert_true(items && again && seen);
    for (size_t s = 0; s < FV_COUNT(sizes); s++) {
        const fv_random random = {5, FV_STREAM_SHUFFLE, (uint32_t)s};
        const uint32_t n = sizes[s];
        size_t fixed = 0;

        memset(items, 0xFF, 60000 * sizeof *items);
        memset(again, 0, 60000 * sizeof *again);
        memset(seen, 0, 60000);
        fv_random_shuffle(random, items, n);
        fv_random_shuffle(random, again, n);
        assert_true(n == 0 || memcmp(items, again, n * sizeof *items) == 0);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(items[i] < n && !seen[items[i]]);
            seen[items[i]] = 1;
            fixed += items[i] == i;
        }
        assert_true(n < 1000 || fixed < 12); /* Poisson(1): 12 or more once in 10^9 */
        assert_true(n == 60000 || items[n] == UINT32_MAX);
    }
    free(items);
    free(again);
    free(seen);
}

/* All 24 orders of four items, each as often. */
static void shuffle_is_fair(void **state)
{
    uint32_t cells[256] = {0}, used[24], n = 0;

    (void)state;
    for (uint32_t step = 0; step < 48000; step++) {
        uint32_t p[4];

        fv_random_shuffle((fv_random){9, FV_STREAM_SHUFFLE, step}, p, 4);
        cells[p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3]]++;
    }
    for (size_t i = 0; i < FV_COUNT(cells); i++)
        if (cells[i]) {
            assert_true(n < 24);
            used[n++] = cells[i];
        }
    assert_int_equal(n, 24);
    assert_true(fabs(chi(used, 24, 2000)) < 4.9);
}

/* Old runs must stay reproducible: these are what the definitions in random.h gave when they were written. */
static void draws_never_change(void **state)
{
    const fv_random random = {42, FV_STREAM_TEST, 1};
    uint32_t p[8];

    (void)state;
    fv_random_shuffle(random, p, 8);
    assert_memory_equal(p, ((const uint32_t[8]){3, 7, 1, 5, 2, 4, 0, 6}), sizeof p);
    assert_true(fv_random_uniform(random, 3) == 0x1.a8a3c1c99ea58p-4);
    assert_true(fabs(fv_random_normal(random, 3) - -1.9448134174814748) <
                1e-12); /* log and cos differ between C libraries */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_equals_the_published_vectors),
        cmocka_unit_test(draws_depend_on_every_coordinate),
        cmocka_unit_test(uniform_is_uniform),
        cmocka_unit_test(normal_is_normal),
        cmocka_unit_test(below_is_even_and_in_range),
        cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(shuffle_is_fair),
        cmocka_unit_test(draws_never_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
