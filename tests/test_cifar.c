/* data: CIFAR's binary files, good and bad. */
#include "support.h"

#include "data/data.h"

#include <sys/stat.h>

enum { ROW10 = 3073, ROW100 = 3074, PLANE = 1024 };

static const char names10[] = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";

/* A plane's byte p is p * 3 + channel + first, modulo 256; the label of row i is (first + i) modulo `classes`. */
static void put_rows(const char *folder, const char *name, size_t count, size_t n_labels, uint8_t first)
{
    const size_t row = n_labels + 3 * PLANE, classes = n_labels == 1 ? 10 : 100;
    uint8_t *bytes = malloc(count * row);

    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        uint8_t *at = bytes + i * row;

        at[0] = (uint8_t)((first + i) % 20);
        at[n_labels - 1] = (uint8_t)((first + i) % classes);
        for (size_t k = 0; k < 3 * PLANE; k++)
            at[n_labels + k] = (uint8_t)(k % PLANE * 3 + k / PLANE + first);
    }
    test_write_file(test_in(folder, name), bytes, count * row);
    free(bytes);
}

static void put_text(const char *folder, const char *name, const char *text)
{
    test_write_file(test_in(folder, name), text, strlen(text));
}

static const char *good_folder(void)
{
    const char *folder = test_numbered_folder();

    put_rows(folder, "data_batch_1.bin", 4, 1, 7);
    put_rows(folder, "data_batch_2.bin", 3, 1, 1);
    put_rows(folder, "test_batch.bin", 2, 1, 5);
    put_text(folder, "batches.meta.txt", names10);
    return folder;
}

static fv_data *open_good(const char *folder)
{
    fv_data *data;
    fv_error err = {0};

    test_ok(fv_data_open(NULL, test_path(folder), NULL, &data, &err), &err);
    return data;
}

/* Label and the pixel (y, x) of a sample. */
static void expect(const fv_data *data, fv_split split, size_t i, uint32_t label, size_t y, size_t x, int red,
                   int green, int blue)
{
    uint32_t got = 0;
    const uint8_t *pixel = fv_data_sample(data, split, i, &got);

    assert_non_null(pixel);
    pixel += (y * 32 + x) * 3;
    assert_int_equal(got, label);
    assert_int_equal(pixel[0], red);
    assert_int_equal(pixel[1], green);
    assert_int_equal(pixel[2], blue);
}

static void batches_are_read_in_order(void **state)
{
    fv_data *data = open_good(good_folder());
    size_t h, w, c;

    (void)state;
    fv_data_size(data, &h, &w, &c);
    assert_int_equal(h, 32);
    assert_int_equal(w, 32);
    assert_int_equal(c, 3);
    assert_int_equal(fv_data_classes(data), 10);
    assert_int_equal(fv_data_count(data, FV_TRAIN), 7);
    assert_int_equal(fv_data_count(data, FV_TEST), 2);
    expect(data, FV_TRAIN, 0, 7, 0, 0, 7, 8, 9);
    expect(data, FV_TRAIN, 3, 0, 1, 2, (34 * 3 + 7) % 256, (34 * 3 + 8) % 256, (34 * 3 + 9) % 256);
    expect(data, FV_TRAIN, 4, 1, 0, 1, 4, 5, 6);
    expect(data, FV_TEST, 1, 6, 31, 31, (1023 * 3 + 5) % 256, (1023 * 3 + 6) % 256, (1023 * 3 + 7) % 256);
    assert_string_equal(fv_data_class_name(data, 0), "airplane");
    assert_string_equal(fv_data_class_name(data, 9), "truck");
    fv_data_free(data);
}

static void cifar_100_has_two_labels(void **state)
{
    const char *folder = test_numbered_folder();
    char names[1000] = "";

    (void)state;
    for (size_t i = 0; i < 100; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "c%zu\r\n", i);
    put_rows(folder, "train.bin", 3, 2, 98);
    put_rows(folder, "test.bin", 1, 2, 30);
    put_text(folder, "fine_label_names.txt", names);

    fv_data *data = open_good(folder);

    assert_int_equal(fv_data_classes(data), 100);
    expect(data, FV_TRAIN, 0, 98, 0, 0, 98, 99, 100);
    expect(data, FV_TRAIN, 2, 0, 0, 0, 98, 99, 100);
    expect(data, FV_TEST, 0, 30, 0, 0, 30, 31, 32);
    assert_string_equal(fv_data_class_name(data, 99), "c99");
    fv_data_free(data);
}

static void a_test_set_alone_will_do_and_names_may_be_absent(void **state)
{
    const char *folder = test_numbered_folder();

    (void)state;
    put_rows(folder, "test_batch.bin", 2, 1, 5);

    fv_data *data = open_good(folder);

    assert_int_equal(fv_data_count(data, FV_TRAIN), 0);
    assert_int_equal(fv_data_count(data, FV_TEST), 2);
    assert_string_equal(fv_data_class_name(data, 3), "3");
    fv_data_free(data);
}

static void refused(const char *folder, fv_status wanted, const char *message)
{
    fv_data *data;
    fv_error err = {0};

    test_failed(fv_data_open(NULL, test_path(folder), NULL, &data, &err), wanted, &err, message);
    assert_null(data);
}

static void bad_files_are_refused(void **state)
{
    const char *folder;
    uint8_t rows[2 * ROW100] = {0};

    (void)state;
    folder = good_folder();
    test_write_file(test_in(folder, "data_batch_2.bin"), rows, ROW10 - 1);
    refused(folder, FV_E_FORMAT, "data_batch_2.bin: 3072 bytes are no whole number of rows of 3073");

    folder = good_folder();
    test_write_file(test_in(folder, "test_batch.bin"), rows, 0);
    refused(folder, FV_E_FORMAT, "test_batch.bin: 0 bytes are no whole number of rows");

    folder = good_folder();
    rows[ROW10] = 10;
    test_write_file(test_in(folder, "data_batch_1.bin"), rows, (size_t)2 * ROW10);
    refused(folder, FV_E_RANGE, "data_batch_1.bin: label 10 of picture 1; CIFAR-10 has 0 to 9 there");

    folder = good_folder();
    assert_int_equal(remove(test_in(folder, "data_batch_1.bin")), 0);
    refused(folder, FV_E_IO, "has data_batch_2.bin, but not data_batch_1.bin before it");

    folder = good_folder();
    put_rows(folder, "data_batch_4.bin", 1, 1, 0);
    refused(folder, FV_E_IO, "has data_batch_4.bin, but not data_batch_3.bin before it");

    folder = test_numbered_folder();
    rows[ROW10] = 0;
    rows[0] = 20;
    test_write_file(test_in(folder, "train.bin"), rows, ROW100);
    refused(folder, FV_E_RANGE, "train.bin: label 20 of picture 0; CIFAR-100 has 0 to 19 there");
    rows[0] = 0;
    rows[1] = 100;
    test_write_file(test_in(folder, "train.bin"), rows, ROW100);
    refused(folder, FV_E_RANGE, "train.bin: label 100 of picture 0; CIFAR-100 has 0 to 99 there");
    test_write_file(test_in(folder, "train.bin"), rows, ROW10);
    refused(folder, FV_E_FORMAT, "train.bin: 3073 bytes are no whole number of rows of 3074");
}

static void bad_names_are_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "0 names for 10 classes"},
        {"a\nb\n", "2 names for 10 classes"},
        {"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n", "11 names for 10 classes"},
        {"a\n\001\nc\nd\ne\nf\ng\nh\ni\nj\n", "batches.meta.txt:2: is no name of a class"},
        {"\xff\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", "batches.meta.txt:1: is no name of a class"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const char *folder = good_folder();

        put_text(folder, "batches.meta.txt", cases[i].text);
        refused(folder, FV_E_FORMAT, cases[i].message);
    }
}

/* The first labels and the first pixel of the published files. */
static void the_real_sample_is_what_it_is(void **state)
{
    static const uint32_t train[] = {6, 9, 9, 4, 1, 1, 2, 7, 8, 3}, test[] = {3, 8, 8, 0, 6, 6, 1, 6, 3, 1};
    char path[PATH_MAX];
    fv_data *data;
    fv_error err = {0};
    uint32_t label;

    (void)state;
    snprintf(path, sizeof path, "%s/../shared/data/cifar10-sample", getenv("FOVEA_SOURCE"));
    if (access(path, F_OK) != 0) {
        print_message("%s: not here; skipped\n", path);
        skip();
    }
    test_ok(fv_data_open(NULL, path, NULL, &data, &err), &err);
    assert_int_equal(fv_data_count(data, FV_TRAIN), 1000);
    assert_int_equal(fv_data_count(data, FV_TEST), 1000);
    for (size_t i = 0; i < 10; i++) {
        fv_data_sample(data, FV_TRAIN, i, &label);
        assert_int_equal(label, train[i]);
        fv_data_sample(data, FV_TEST, i, &label);
        assert_int_equal(label, test[i]);
    }
    expect(data, FV_TEST, 0, 3, 0, 0, 158, 112, 49);
    expect(data, FV_TRAIN, 0, 6, 0, 0, 59, 62, 63);
    assert_string_equal(fv_data_class_name(data, 3), "cat");
    fv_data_free(data);
}

static fv_status open_once(const fv_host *host, void *arg, fv_error *err)
{
    fv_data *data;
    fv_status status = fv_data_open(host, arg, NULL, &data, err);

    assert_int_equal(status != FV_OK, data == NULL);
    fv_data_free(data);
    return status;
}

static void failed_allocations_are_clean(void **state)
{
    char path[PATH_MAX];

    (void)state;
    snprintf(path, sizeof path, "%s", test_path(good_folder()));
    assert_true(test_every_failure(open_once, path) >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_read_in_order),
        cmocka_unit_test(cifar_100_has_two_labels),
        cmocka_unit_test(a_test_set_alone_will_do_and_names_may_be_absent),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(the_real_sample_is_what_it_is),
        cmocka_unit_test(failed_allocations_are_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
