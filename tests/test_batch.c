/* data/batch and data/augment: samples as a net reads them, plain and distorted. */
#include "support.h"

#include "data/augment.h"
#include "data/batch.h"
#include "data/data.h"

#include <math.h>

static fv_data *mnist(const fv_data_options *options)
{
    char path[PATH_MAX];
    fv_data *data;
    fv_error err = {0};

    snprintf(path, sizeof path, "%s/data/mnist", getenv("FOVEA_SOURCE"));
    test_ok(fv_data_open(NULL, path, options, &data, &err), &err);
    return data;
}

static float *batch_of(const fv_data *data, fv_split split, const uint32_t *indices, size_t n, size_t cuts,
                       const fv_preprocess *p, const fv_augment *augment, uint64_t seed, uint32_t epoch,
                       int32_t *labels)
{
    const size_t bytes = fv_batch_scratch(data, p, augment);
    float *out = malloc(n * p->height * p->width * p->channels * sizeof *out);
    const fv_batch batch = {data, split, p, augment, seed, epoch, NULL};
    const fv_targets targets = {labels, NULL, NULL};
    void *scratch = NULL;
    fv_error err = {0};

    test_ok(fv_batch_check(data, p, augment, &err), &err);
    for (size_t i = 0; i < cuts; i++) {
        if (bytes) {
            scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
            memset(scratch, (int)(0x55 + i), bytes); /* what is left in scratch must not matter */
        }
        fv_batch_fill(&batch, indices, i * n / cuts, (i + 1) * n / cuts, out, &targets, scratch);
        free(scratch);
        scratch = NULL;
    }
    return out;
}

/* LeNet-5's input of 1998: 28x28 in 32x32, background -0.1, foreground 1.175 (section II.B). */
static void batches_are_padded_and_scaled(void **state)
{
    const fv_data_options options = {.size = sizeof options, .val = 0.1, .seed = 5};
    fv_data *data = mnist(&options);
    fv_preprocess p = fv_preprocess_default(32, 32, 1), plain = fv_preprocess_default(28, 28, 1);
    const uint32_t indices[5] = {3, 5999, 0, 77, 3};
    int32_t labels[5], plain_labels[5];
    float *out, *plain_out;

    (void)state;
    p.pad = 2;
    p.scale[0] = 1.275f / 255;
    p.shift[0] = -0.1f;
    out = batch_of(data, FV_VAL, indices, 5, 1, &p, NULL, 0, 0, labels);
    plain_out = batch_of(data, FV_VAL, indices, 5, 2, &plain, NULL, 0, 0, plain_labels);
    for (size_t i = 0; i < 5; i++) {
        uint32_t label;
        const uint8_t *pixels = fv_data_sample(data, FV_VAL, indices[i], &label);

        assert_int_equal(labels[i], label);
        assert_int_equal(plain_labels[i], label);
        for (size_t y = 0; y < 32; y++)
            for (size_t x = 0; x < 32; x++) {
                const bool inside = y >= 2 && y < 30 && x >= 2 && x < 30;
                const uint8_t pixel = inside ? pixels[(y - 2) * 28 + x - 2] : 0;

                assert_true(out[(i * 32 + y) * 32 + x] == (float)pixel * p.scale[0] + p.shift[0]);
                if (inside)
                    assert_true(plain_out[(i * 28 + y - 2) * 28 + x - 2] == (float)pixel * (1.0f / 255));
            }
    }
    free(out);
    free(plain_out);
    fv_data_free(data);
}

static void any_cut_of_a_batch_gives_the_same_bits(void **state)
{
    fv_data *data = mnist(NULL);
    const fv_augment augment = {.shift = 1.5f, .rotate = 10, .scale = 0.1f, .alpha = 34, .sigma = 4};
    const fv_preprocess inputs[] = {fv_preprocess_default(28, 28, 1), fv_preprocess_default(20, 24, 3)};
    uint32_t indices[16];
    int32_t labels[16];

    (void)state;
    for (uint32_t i = 0; i < 16; i++)
        indices[i] = i * i * 37;
    for (size_t k = 0; k < FV_COUNT(inputs); k++) {
        const size_t bytes = 16 * inputs[k].height * inputs[k].width * inputs[k].channels * sizeof(float);
        float *whole = batch_of(data, FV_TRAIN, indices, 16, 1, &inputs[k], &augment, 1, 2, labels);

        for (size_t cuts = 2; cuts <= 16; cuts++) {
            float *parts = batch_of(data, FV_TRAIN, indices, 16, cuts, &inputs[k], &augment, 1, 2, labels);

            assert_memory_equal(parts, whole, bytes);
            free(parts);
        }
        free(whole);
    }
    fv_data_free(data);
}

static void batches_that_do_not_fit_are_refused(void **state)
{
    fv_data *data = mnist(NULL);
    const fv_augment bad = {.shift = -1};
    const fv_preprocess small = fv_preprocess_default(8, 8, 1), five = fv_preprocess_default(8, 8, 5);
    fv_error err = {0};

    (void)state;
    test_failed(fv_batch_check(data, &five, NULL, &err), FV_E_SHAPE, &err, "input of 5 channels");
    test_failed(fv_batch_check(data, &small, &bad, &err), FV_E_RANGE, &err, "augment: shift is -1, wanted 0 to 4096");
    fv_data_free(data);
}

/* --------------------------------------------------------------------------------------------------- distortions */

/* src distorted with fresh scratch, whose content must not matter. */
static void distort(const fv_augment *options, uint64_t seed, uint32_t epoch, uint64_t sample, const uint8_t *src,
                    uint8_t *dst, size_t height, size_t width, size_t channels)
{
    static uint8_t pattern;
    const size_t bytes = fv_augment_scratch(options, height, width, channels) * sizeof(float);
    float *scratch = malloc(bytes);
    fv_error err = {0};

    test_ok(fv_augment_check(options, height, width, channels, &err), &err);
    memset(scratch, pattern++, bytes);
    fv_augment_apply(options, seed, epoch, sample, src, dst, height, width, channels, scratch);
    free(scratch);
}

static void nothing_drawn_changes_nothing(void **state)
{
    static const struct {
        size_t height, width, channels;
    } cases[] = {{1, 1, 1}, {28, 28, 1}, {5, 33, 3}, {40, 7, 4}};
    static const fv_augment none = {0};
    uint8_t src[40 * 33 * 4], dst[40 * 33 * 4];

    (void)state;
    for (size_t i = 0; i < sizeof src; i++)
        src[i] = (uint8_t)(i * 89 + i / 7);
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        distort(&none, 1, 1, i, src, dst, cases[i].height, cases[i].width, cases[i].channels);
        assert_memory_equal(dst, src, cases[i].height * cases[i].width * cases[i].channels);
    }
}

/* Every kind differs with seed, epoch and sample, and repeats with all three. */
static void draws_depend_on_seed_epoch_and_sample(void **state)
{
    static const fv_augment kinds[] = {
        {.shift = 2}, {.rotate = 15}, {.scale = 0.15f}, {.alpha = 34, .sigma = 4}, {.crop = 9}};
    static const struct {
        uint64_t seed;
        uint32_t epoch;
        uint64_t sample;
    } others[] = {{2, 1, 1}, {1 + (1ull << 32), 1, 1}, {1, 2, 1}, {1, 1, 2}, {1, 1, 1 + (1ull << 30)}};
    fv_data *data = mnist(NULL);
    const uint8_t *digit = fv_data_sample(data, FV_TRAIN, 0, NULL);

    (void)state;
    for (size_t k = 0; k < FV_COUNT(kinds); k++) {
        uint8_t one[784], again[784];

        distort(&kinds[k], 1, 1, 1, digit, one, 28, 28, 1);
        distort(&kinds[k], 1, 1, 1, digit, again, 28, 28, 1);
        assert_memory_equal(one, again, 784);
        assert_memory_not_equal(one, digit, 784);
        for (size_t i = 0; i < FV_COUNT(others); i++) {
            distort(&kinds[k], others[i].seed, others[i].epoch, others[i].sample, digit, again, 28, 28, 1);
            assert_memory_not_equal(one, again, 784);
        }
    }
    fv_data_free(data);
}

/* Moments of a picture: mass, center of mass, and second moments around it. */
typedef struct moments {
    double mass, y, x, yy, xx, yx;
} moments;

static moments moments_of(const uint8_t *pixels, size_t side)
{
    moments m = {0};

    for (size_t i = 0; i < side * side; i++) {
        m.mass += pixels[i];
        m.y += pixels[i] * (double)(i / side);
        m.x += pixels[i] * (double)(i % side);
    }
    m.y /= m.mass;
    m.x /= m.mass;
    for (size_t i = 0; i < side * side; i++) {
        const double y = (double)(i / side) - m.y, x = (double)(i % side) - m.x;

        m.yy += pixels[i] * y * y / m.mass;
        m.xx += pixels[i] * x * x / m.mass;
        m.yx += pixels[i] * y * x / m.mass;
    }
    return m;
}

enum { BAR_SIDE = 41, DRAWS = 2000 };

/* A smooth horizontal bar (standard deviations 2 and 5 pixels) in the middle. */
static void draw_bar(uint8_t *pixels)
{
    for (size_t i = 0; i < BAR_SIDE * BAR_SIDE; i++) {
        const double y = ((double)(i / BAR_SIDE) - 20) / 2, x = ((double)(i % BAR_SIDE) - 20) / 5;

        pixels[i] = (uint8_t)lround(255 * exp(-(y * y + x * x) / 2));
    }
}

/* Smallest, largest, mean and standard deviation of a figure over DRAWS distorted bars. */
typedef struct spread {
    double low, high, mean, deviation;
} spread;

static spread spread_of(const fv_augment *options, double (*figure)(const moments *))
{
    uint8_t bar[BAR_SIDE * BAR_SIDE], dst[BAR_SIDE * BAR_SIDE];
    spread s = {INFINITY, -INFINITY, 0, 0};

    draw_bar(bar);
    for (uint64_t i = 0; i < DRAWS; i++) {
        moments m;
        double v;

        distort(options, 7, 3, i, bar, dst, BAR_SIDE, BAR_SIDE, 1);
        m = moments_of(dst, BAR_SIDE);
        v = figure(&m);
        s.low = fmin(s.low, v);
        s.high = fmax(s.high, v);
        s.mean += v / DRAWS;
        s.deviation += v * v / DRAWS;
    }
    s.deviation = sqrt(s.deviation - s.mean * s.mean);
    return s;
}

static double down(const moments *m)
{
    return m->y - 20;
}

static double right(const moments *m)
{
    return m->x - 20;
}

/* Degrees, clockwise as rows run down. */
static double turned(const moments *m)
{
    return 0.5 * atan2(2 * m->yx, m->xx - m->yy) * 180 / 3.14159265358979;
}

static double length(const moments *m)
{
    return sqrt(m->xx) / 5;
}

/* Each draw is uniform between its bounds, which are reached and not passed: a uniform distribution of half width r has
 * standard deviation r / sqrt(3); its mean over DRAWS is within 5 standard errors of the middle. */
static void draws_are_uniform_between_their_bounds(void **state)
{
    static const struct {
        const char *name;
        fv_augment options;
        double (*figure)(const moments *);
        double middle, half, slack; /* slack: what rounding to bytes does to the figure */
    } cases[] = {
        {"shift down", {.shift = 3}, down, 0, 3, 0.05},
        {"shift right", {.shift = 3}, right, 0, 3, 0.05},
        {"rotate", {.rotate = 20}, turned, 0, 20, 0.3},
        {"scale", {.scale = 0.2f}, length, 1, 0.2, 0.03},
        {"scale moves nothing", {.scale = 0.2f}, right, 0, 0, 0.05},
        {"rotate moves nothing", {.rotate = 20}, down, 0, 0, 0.05},
        {"rotate keeps length", {.rotate = 1}, length, 1, 0, 0.03},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const double half = cases[i].half, slack = cases[i].slack, middle = cases[i].middle;
        const spread s = spread_of(&cases[i].options, cases[i].figure);

        if (s.low < middle - half - slack || s.high > middle + half + slack || s.low > middle - 0.98 * half + slack ||
            s.high < middle + 0.98 * half - slack || fabs(s.mean - middle) > 5 * half / sqrt(3.0 * DRAWS) + slack ||
            fabs(s.deviation - half / sqrt(3)) > 0.06 * half + slack)
            fail_msg("%s: %g to %g, mean %g, deviation %g; wanted uniform in %g +- %g", cases[i].name, s.low, s.high,
                     s.mean, s.deviation, middle, half);
    }
}

/* On a ramp of 4 grey levels a pixel the distorted picture shows the displacement: 4 (x + dx). The field is uniform
 * noise (variance 1/3) under a Gaussian whose squared weights add to 1 / (4 pi sigma^2): its standard deviation is
 * alpha / sqrt(12 pi) / sigma, here 1.384 pixels; neighbours d apart correlate as exp(-d^2 / (4 sigma^2)). Measured in
 * the middle, where the edge is 3 sigma away. */
static void elastic_displacements_are_simards(void **state)
{
    enum { SIDE = 56, MIDDLE = 28, FIELDS = 3000, APART = 4 };
    const fv_augment options = {.alpha = 34, .sigma = 4};
    const double pi = 3.14159265358979, wanted = 34 / sqrt(12 * pi) / 4;
    uint8_t across[SIDE * SIDE], down_ramp[SIDE * SIDE], dst[SIDE * SIDE];
    double mean = 0, square = 0, product = 0, both = 0;

    (void)state;
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        across[i] = (uint8_t)(4 * (i % SIDE));
        down_ramp[i] = (uint8_t)(4 * (i / SIDE));
    }
    for (uint64_t n = 0; n < FIELDS; n++) {
        double dx, far_dx, dy;

        distort(&options, 11, 0, n, across, dst, SIDE, SIDE, 1);
        dx = dst[MIDDLE * SIDE + MIDDLE] / 4.0 - MIDDLE;
        far_dx = dst[MIDDLE * SIDE + MIDDLE + APART] / 4.0 - MIDDLE - APART;
        distort(&options, 11, 0, n, down_ramp, dst, SIDE, SIDE, 1);
        dy = dst[MIDDLE * SIDE + MIDDLE] / 4.0 - MIDDLE;
        mean += dx / FIELDS;
        square += (dx * dx + dy * dy) / 2 / FIELDS;
        product += dx * far_dx / FIELDS;
        both += dx * dy / FIELDS;
    }
    /* Five standard errors: of a mean 1/sqrt(n), of a variance sqrt(2/(2n)) of it, of a correlation 1/sqrt(n). */
    assert_true(fabs(mean) < 5 * wanted / sqrt(FIELDS));
    assert_true(fabs(square / (wanted * wanted) - 1) < 5 / sqrt(FIELDS));
    assert_true(fabs(product / square - exp(-APART * APART / (4.0 * 16))) < 5 / sqrt(FIELDS));
    assert_true(fabs(both / square) < 5 / sqrt(FIELDS)); /* the axes are independent */
}

/* The channels of a picture move together: three equal channels stay equal, and are the grey picture's. */
static void channels_move_together(void **state)
{
    const fv_augment options = {.shift = 2, .rotate = 20, .scale = 0.2f, .alpha = 34, .sigma = 4};
    fv_data *data = mnist(NULL);
    const uint8_t *digit = fv_data_sample(data, FV_TRAIN, 5, NULL);
    uint8_t rgb[784 * 3], out[784 * 3], grey[784];

    (void)state;
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = digit[i / 3];
    distort(&options, 1, 1, 9, digit, grey, 28, 28, 1);
    distort(&options, 1, 1, 9, rgb, out, 28, 28, 3);
    for (size_t i = 0; i < sizeof rgb; i++)
        assert_int_equal(out[i], grey[i / 3]);
    fv_data_free(data);
}

/* What a batch holds is the sample distorted and prepared, whichever place of the batch it has. */
static void batches_distort_by_sample(void **state)
{
    const fv_augment options = {.shift = 2, .rotate = 20, .scale = 0.2f, .alpha = 34, .sigma = 4};
    const fv_preprocess p = fv_preprocess_default(28, 28, 1);
    fv_data *data = mnist(NULL);
    const uint32_t count = (uint32_t)fv_data_count(data, FV_TRAIN);
    const uint32_t indices[4] = {40000, 7, 12, 7 + count}; /* the last: sample 7 once more */
    int32_t labels[4];
    float *out = batch_of(data, FV_TRAIN, indices, 4, 1, &p, &options, 99, 4, labels);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint8_t dst[784];

        distort(&options, 99, 4, indices[i], fv_data_sample(data, FV_TRAIN, indices[i] % count, NULL), dst, 28, 28, 1);
        for (size_t k = 0; k < 784; k++)
            assert_true(out[i * 784 + k] == (float)dst[k] * (1.0f / 255));
    }
    free(out);
    fv_data_free(data);
}

/* out = the picture, mirrored or not, within a black frame, and of that the cut that begins dy, dx from its place. */
static void cut(const uint8_t *src, uint8_t *out, int height, int width, int channels, int dy, int dx, bool flip)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++) {
                const int sy = y + dy, sx = flip ? width - 1 - (x + dx) : x + dx;
                const bool inside = sy >= 0 && sy < height && sx >= 0 && sx < width;

                *out++ = inside ? src[(sy * width + sx) * channels + c] : 0;
            }
}

/* Each of the 5 x 5 x 2 results comes about as often, and nothing else; distortions read what it gives. */
static void crop_and_flip_move_whole_pixels(void **state)
{
    enum { H = 8, W = 6, C = 3, CROP = 2, PLACES = 2 * CROP + 1, TIMES = 10000 };
    static const fv_augment options = {.crop = CROP, .flip = true}, crop = {.crop = CROP}, flip = {.flip = true};
    static const fv_augment distorted = {.shift = 1e-30f, .crop = CROP, .flip = true};
    uint8_t src[H * W * C], got[H * W * C], wanted[PLACES * PLACES * 2][H * W * C];
    size_t counts[PLACES * PLACES * 2] = {0}, same = 0;

    (void)state;
    for (size_t i = 0; i < sizeof src; i++)
        src[i] = (uint8_t)(i + 1);
    for (int k = 0; k < PLACES * PLACES * 2; k++)
        cut(src, wanted[k], H, W, C, k / 2 / PLACES - CROP, k / 2 % PLACES - CROP, k % 2);
    for (uint64_t n = 0; n < TIMES; n++) {
        size_t k = 0;

        distort(&options, 5, 1, n, src, got, H, W, C);
        while (k < FV_COUNT(wanted) && memcmp(got, wanted[k], sizeof got) != 0)
            k++;
        assert_true(k < FV_COUNT(wanted));
        counts[k]++;
        distort(&distorted, 5, 1, n, src, got, H, W, C);
        assert_memory_equal(got, wanted[k], sizeof got);
        distort(&crop, 5, 1, n, src, got, H, W, C);
        assert_memory_equal(got, wanted[k - k % 2], sizeof got);
        distort(&flip, 5, 1, n, src, got, H, W, C);
        assert_memory_equal(got, wanted[PLACES * PLACES - 1 + k % 2], sizeof got);
        same += memcmp(got, src, sizeof got) == 0;
    }
    for (size_t k = 0; k < FV_COUNT(counts); k++) /* 200 each, deviation 14 */
        assert_in_range(counts[k], 140, 260);
    assert_in_range(same, 4800, 5200);
}

/* Far out of range: everything is background, and nothing is read outside (a run under ASan would tell). */
static void distortions_may_leave_the_picture(void **state)
{
    const fv_augment wild[] = {{.shift = 4096, .rotate = 180, .scale = 0.9f},
                               {.alpha = 1e4f, .sigma = 0.3f},
                               {.rotate = 180, .scale = 0.9f, .alpha = 1e4f, .sigma = 64}};
    uint8_t src[9 * 5 * 3], dst[9 * 5 * 3];

    (void)state;
    memset(src, 255, sizeof src);
    for (size_t i = 0; i < FV_COUNT(wild); i++)
        for (uint64_t n = 0; n < 100; n++)
            distort(&wild[i], n, 1, n, src, dst, 9, 5, 3);
}

static void wrong_options_are_refused(void **state)
{
    static const struct {
        fv_augment options;
        size_t side;
        const char *message;
    } cases[] = {
        {{.shift = -1}, 28, "augment: shift is -1, wanted 0 to 4096"},
        {{.rotate = 181}, 28, "rotate is 181, wanted 0 to 180"},
        {{.scale = 1}, 28, "scale is 1, wanted 0 to 0.9"},
        {{.alpha = NAN}, 28, "elastic alpha is "},
        {{.alpha = 34, .sigma = 65}, 28, "elastic sigma is 65, wanted 0 to 64"},
        {{.alpha = 34}, 28, "elastic alpha is 34, but sigma is 0"},
        {{.crop = 28}, 28, "crop is 28, pictures are 28x28; wanted below 28"},
        {{.shift = 1}, 4097, "pictures of 4097x4097 pixels; at most 4096"},
    };
    fv_error err = {0};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++)
        test_failed(fv_augment_check(&cases[i].options, cases[i].side, cases[i].side, 3, &err), FV_E_RANGE, &err,
                    cases[i].message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_padded_and_scaled),
        cmocka_unit_test(any_cut_of_a_batch_gives_the_same_bits),
        cmocka_unit_test(batches_that_do_not_fit_are_refused),
        cmocka_unit_test(nothing_drawn_changes_nothing),
        cmocka_unit_test(draws_depend_on_seed_epoch_and_sample),
        cmocka_unit_test(draws_are_uniform_between_their_bounds),
        cmocka_unit_test(elastic_displacements_are_simards),
        cmocka_unit_test(channels_move_together),
        cmocka_unit_test(batches_distort_by_sample),
        cmocka_unit_test(crop_and_flip_move_whole_pixels),
        cmocka_unit_test(distortions_may_leave_the_picture),
        cmocka_unit_test(wrong_options_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
