/* data: from memory, splits, hashes, options. Files have test_data.c. */
#include "support.h"

#include "data/data.h"

#include <math.h>

enum { COUNT = 100, H = 3, W = 2 };
static uint8_t memory_pixels[COUNT * H * W];
static uint32_t memory_labels[COUNT];

/* Pixel 0 of a sample is its number. */
static void fill_memory(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        memory_labels[i] = (uint32_t)(i % 7);
        for (size_t k = 0; k < H * W; k++)
            memory_pixels[i * H * W + k] = (uint8_t)(k == 0 ? i : i * k);
    }
}

static fv_data *from_memory(double val, uint64_t seed, size_t limit)
{
    const fv_data_options options = {.size = sizeof options, .val = val, .seed = seed, .limit = limit};
    fv_data *data;
    fv_error err = {0};

    fill_memory();
    test_ok(fv_data_from_memory(NULL, memory_pixels, memory_labels, COUNT, H, W, 1, 7, &options, &data, &err), &err);
    return data;
}

static void memory_is_copied(void **state)
{
    fv_data *data = from_memory(0, 1, 0);
    uint32_t label;

    (void)state;
    memset(memory_pixels, 0, sizeof memory_pixels);
    memset(memory_labels, 0, sizeof memory_labels);
    assert_int_equal(fv_data_count(data, FV_TRAIN), COUNT);
    assert_int_equal(fv_data_sample(data, FV_TRAIN, 99, &label)[0], 99);
    assert_int_equal(label, 99 % 7);
    assert_int_equal(fv_data_classes(data), 7);
    assert_string_equal(fv_data_class_name(data, 6), "6");
    fv_data_free(data);
}

/* The numbers of a split's samples. */
static size_t members(const fv_data *data, fv_split split, uint8_t out[COUNT])
{
    const size_t n = fv_data_count(data, split);

    for (size_t i = 0; i < n; i++) {
        uint32_t label;

        out[i] = fv_data_sample(data, split, i, &label)[0];
        assert_int_equal(label, out[i] % 7);
        assert_true(i == 0 || out[i] > out[i - 1]); /* the file's order */
    }
    return n;
}

static void splits_cut_the_training_set(void **state)
{
    static const struct {
        double val;
        size_t limit, val_count, train_count;
    } cases[] = {{0.25, 0, 25, 75}, {0.001, 0, 1, 99},     {0.999, 0, 99, 1}, {0.1, 30, 10, 30},
                 {0, 30, 0, 30},    {0.125, 1000, 13, 87}, {0, 100, 0, 100},  {0, 0, 0, 100}};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_data *data = from_memory(cases[i].val, 3, cases[i].limit);
        uint8_t train[COUNT], val[COUNT], seen[COUNT] = {0};
        const size_t n = members(data, FV_TRAIN, train), m = members(data, FV_VAL, val);

        assert_int_equal(n, cases[i].train_count);
        assert_int_equal(m, cases[i].val_count);
        for (size_t k = 0; k < n; k++)
            seen[train[k]]++;
        for (size_t k = 0; k < m; k++)
            seen[val[k]]++;
        for (size_t k = 0; k < COUNT; k++)
            assert_true(seen[k] <= 1); /* nothing twice, nothing in both */
        fv_data_free(data);
    }
}

static void splits_depend_on_the_seed_alone(void **state)
{
    fv_data *a = from_memory(0.2, 3, 0), *again = from_memory(0.2, 3, 40), *b = from_memory(0.2, 4, 0);
    uint8_t one[COUNT], two[COUNT], other[COUNT];
    size_t beginning = 0;

    (void)state;
    assert_int_equal(members(a, FV_VAL, one), 20);
    assert_int_equal(members(again, FV_VAL, two), 20);
    assert_int_equal(members(b, FV_VAL, other), 20);
    assert_memory_equal(one, two, 20); /* whatever the limit */
    assert_memory_not_equal(one, other, 20);
    for (size_t i = 0; i < 20; i++)
        beginning += one[i] < 50;
    assert_in_range(beginning, 3, 17); /* from everywhere in the file */
    assert_string_equal(fv_data_hash(a), fv_data_hash(b));
    fv_data_free(a);
    fv_data_free(again);
    fv_data_free(b);
}

static void hashes_tell_data_apart(void **state)
{
    fv_data *a = from_memory(0, 1, 0), *b;
    const uint8_t pixel = memory_pixels[COUNT * H * W - 1];
    fv_error err = {0};

    (void)state;
    memory_pixels[COUNT * H * W - 1] ^= 1;
    test_ok(fv_data_from_memory(NULL, memory_pixels, memory_labels, COUNT, H, W, 1, 7, NULL, &b, &err), &err);
    assert_string_not_equal(fv_data_hash(a), fv_data_hash(b));
    fv_data_free(b);
    memory_pixels[COUNT * H * W - 1] = pixel;
    test_ok(fv_data_from_memory(NULL, memory_pixels, memory_labels, COUNT, H, W, 1, 7, NULL, &b, &err), &err);
    assert_string_equal(fv_data_hash(a), fv_data_hash(b));
    fv_data_free(b);
    test_ok(fv_data_from_memory(NULL, memory_pixels, memory_labels, COUNT, W, H, 1, 7, NULL, &b, &err), &err);
    assert_string_not_equal(fv_data_hash(a), fv_data_hash(b));
    fv_data_free(b);
    memory_labels[COUNT - 1] ^= 1;
    test_ok(fv_data_from_memory(NULL, memory_pixels, memory_labels, COUNT, H, W, 1, 7, NULL, &b, &err), &err);
    assert_string_not_equal(fv_data_hash(a), fv_data_hash(b));
    fv_data_free(b);
    fv_data_free(a);
}

static void bad_memory_is_refused(void **state)
{
    static const struct {
        size_t count, height, width, channels, classes;
        fv_data_options options;
        fv_status status;
        const char *message;
    } cases[] = {
#define DEFAULTS FV_DATA_OPTIONS
        {0, H, W, 1, 7, DEFAULTS, FV_E_RANGE, "0 samples"},
        {(size_t)UINT32_MAX + 1, H, W, 1, 7, DEFAULTS, FV_E_RANGE, "4294967296 samples"},
        {COUNT, 0, W, 1, 7, DEFAULTS, FV_E_RANGE, "pictures of 0x2 pixels, wanted 1 to 16384 a side"},
        {COUNT, H, 16385, 1, 7, DEFAULTS, FV_E_RANGE, "pictures of 3x16385"},
        {COUNT, H, W, 0, 7, DEFAULTS, FV_E_RANGE, "0 channels, wanted 1 to 4"},
        {COUNT, H, W, 5, 7, DEFAULTS, FV_E_RANGE, "5 channels"},
        {COUNT, H, W, 1, 0, DEFAULTS, FV_E_RANGE, "0 classes"},
        {COUNT, H, W, 1, 6, DEFAULTS, FV_E_RANGE, "label 6 of sample 6 is outside the 6 classes"},
        {COUNT, H, W, 1, 7, {.seed = 1}, FV_E_ARGUMENT, "size is 0; begin with FV_DATA_OPTIONS"},
        {COUNT,
         H,
         W,
         1,
         7,
         {.size = sizeof(fv_data_options), .val = 1, .seed = 1},
         FV_E_RANGE,
         "val is 1, wanted a share of at least 0"},
        {COUNT, H, W, 1, 7, {.size = sizeof(fv_data_options), .val = -0.1, .seed = 1}, FV_E_RANGE, "val is -0.1"},
        {COUNT, H, W, 1, 7, {.size = sizeof(fv_data_options), .val = (double)NAN, .seed = 1}, FV_E_RANGE, "val is "},
        {1,
         H,
         W,
         1,
         7,
         {.size = sizeof(fv_data_options), .val = 0.5, .seed = 1},
         FV_E_RANGE,
         "1 training samples, too few to hold out"},
    };
    fv_data *data;
    fv_error err = {0};

    (void)state;
    fill_memory();
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        test_failed(fv_data_from_memory(NULL, memory_pixels, memory_labels, cases[i].count, cases[i].height,
                                        cases[i].width, cases[i].channels, cases[i].classes, &cases[i].options, &data,
                                        &err),
                    cases[i].status, &err, cases[i].message);
        assert_null(data);
    }
    test_failed(fv_data_from_memory(NULL, NULL, memory_labels, 1, H, W, 1, 7, NULL, &data, &err), FV_E_ARGUMENT, &err,
                "pixels are NULL");
    test_failed(fv_data_from_memory(NULL, memory_pixels, NULL, 1, H, W, 1, 7, NULL, &data, &err), FV_E_ARGUMENT, &err,
                "labels are NULL");
}

/* A caller compiled against a shorter struct: what it does not know of has its default. */
static void older_options_are_understood(void **state)
{
    fv_data_options options = {.size = offsetof(fv_data_options, limit), .val = 0.25, .seed = 3, .limit = 1};
    fv_data *data;
    fv_error err = {0};

    (void)state;
    fill_memory();
    test_ok(fv_data_from_memory(NULL, memory_pixels, memory_labels, COUNT, H, W, 1, 7, &options, &data, &err), &err);
    assert_int_equal(fv_data_count(data, FV_TRAIN), 75);
    fv_data_free(data);
}

static fv_status copy_once(const fv_host *host, void *arg, fv_error *err)
{
    const fv_data_options options = {.size = sizeof options, .val = 0.25, .seed = 1};
    fv_data *data;
    fv_status status = fv_data_from_memory(host, memory_pixels, memory_labels, COUNT, H, W, 1, 7, &options, &data, err);

    (void)arg;
    fv_data_free(data);
    return status;
}

static void failed_allocations_are_clean(void **state)
{
    (void)state;
    fill_memory();
    assert_int_equal(test_every_failure(copy_once, NULL), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_copied),
        cmocka_unit_test(splits_cut_the_training_set),
        cmocka_unit_test(splits_depend_on_the_seed_alone),
        cmocka_unit_test(hashes_tell_data_apart),
        cmocka_unit_test(bad_memory_is_refused),
        cmocka_unit_test(older_options_are_understood),
        cmocka_unit_test(failed_allocations_are_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
