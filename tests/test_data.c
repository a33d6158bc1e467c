/* data: MNIST's files, good and bad. Data from memory and splits have test_split.c, batches test_batch.c. */
#include "support.h"

#include "data/data.h"

#include <libdeflate.h>
#include <math.h>
#include <sys/stat.h>

/* --------------------------------------------------------------------------------------------------- small folders */

enum { SIDE = 4, TRAIN = 12, TEST = 5 };

/* A growing file in memory. */
typedef struct bytes {
    uint8_t data[4096];
    size_t size;
} bytes;

static void be32(bytes *b, uint32_t v)
{
    for (int i = 3; i >= 0; i--)
        b->data[b->size++] = (uint8_t)(v >> 8 * i);
}

static bytes idx_pictures(uint32_t count, uint32_t height, uint32_t width)
{
    bytes b = {.size = 0};

    be32(&b, 0x803);
    be32(&b, count);
    be32(&b, height);
    be32(&b, width);
    for (uint32_t i = 0; i < count * height * width; i++)
        b.data[b.size++] = (uint8_t)(i * 7 + count);
    return b;
}

/* Labels 0, 1, 2, 0, 1, ... */
static bytes idx_labels(uint32_t count)
{
    bytes b = {.size = 0};

    be32(&b, 0x801);
    be32(&b, count);
    for (uint32_t i = 0; i < count; i++)
        b.data[b.size++] = (uint8_t)(i % 3);
    return b;
}

static bytes packed(const bytes *plain)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    bytes b;

    b.size = libdeflate_gzip_compress(c, plain->data, plain->size, b.data, sizeof b.data);
    libdeflate_free_compressor(c);
    assert_true(b.size > 0);
    return b;
}

static const char *in(const char *folder, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return test_path(path);
}

static void put(const char *folder, const char *name, bytes b)
{
    test_write_file(in(folder, name), b.data, b.size);
}

/* An empty folder inside the test's own; a new one each time. */
static const char *new_folder(void)
{
    static char names[128][32];
    static size_t count;
    char *name = names[count];

    assert_true(count < FV_COUNT(names));
    snprintf(name, sizeof names[0], "set%zu", count++);
    assert_int_equal(mkdir(test_path(name), 0700), 0);
    return name;
}

/* A folder with both sets. */
static const char *good_folder(void)
{
    const char *folder = new_folder();

    put(folder, "train-images-idx3-ubyte", idx_pictures(TRAIN, SIDE, SIDE));
    put(folder, "train-labels-idx1-ubyte", idx_labels(TRAIN));
    put(folder, "t10k-images-idx3-ubyte", idx_pictures(TEST, SIDE, SIDE));
    put(folder, "t10k-labels-idx1-ubyte", idx_labels(TEST));
    return folder;
}

static fv_data *open_good(const char *folder, const fv_data_options *options)
{
    fv_data *data;
    fv_error err = {0};

    test_ok(fv_data_open(NULL, test_path(folder), options, &data, &err), &err);
    return data;
}

static void both_sets_are_read(void **state)
{
    fv_data *data = open_good(good_folder(), NULL);
    size_t h, w, c;

    (void)state;
    fv_data_size(data, &h, &w, &c);
    assert_int_equal(h, SIDE);
    assert_int_equal(w, SIDE);
    assert_int_equal(c, 1);
    assert_int_equal(fv_data_count(data, FV_TRAIN), TRAIN);
    assert_int_equal(fv_data_count(data, FV_VAL), 0);
    assert_int_equal(fv_data_count(data, FV_TEST), TEST);
    assert_int_equal(fv_data_classes(data), 10); /* digits, though only three occur */
    assert_string_equal(fv_data_class_name(data, 0), "0");
    assert_string_equal(fv_data_class_name(data, 9), "9");
    assert_null(fv_data_class_name(data, 10));
    for (size_t i = 0; i < TRAIN; i++) {
        uint32_t label;
        const uint8_t *pixels = fv_data_sample(data, FV_TRAIN, i, &label);

        assert_int_equal(label, i % 3);
        for (size_t k = 0; k < SIDE * SIDE; k++)
            assert_int_equal(pixels[k], (uint8_t)((i * SIDE * SIDE + k) * 7 + TRAIN));
    }
    assert_int_equal(fv_data_sample(data, FV_TEST, 1, NULL)[0], SIDE * SIDE * 7 + TEST);
    assert_null(fv_data_sample(data, FV_TEST, TEST, NULL));
    assert_null(fv_data_sample(data, FV_VAL, 0, NULL));
    fv_data_free(data);
    fv_data_free(NULL);
}

/* Each spelling of the names, packed or not whatever the name says, one set or both: the same data. */
static void every_spelling_is_found(void **state)
{
    static const struct {
        const char *pictures, *labels;
        bool gzip;
    } cases[] = {
        {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", false},
        {"train-images.idx3-ubyte", "train-labels.idx1-ubyte", false},
        {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", true},
        {"train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", true},
        {"train-images-idx3-ubyte", "train-labels.idx1-ubyte.gz", true},
        {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", false},
    };
    fv_data *both = open_good(good_folder(), NULL);

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const char *folder = new_folder();
        bytes pictures = idx_pictures(TRAIN, SIDE, SIDE), labels = idx_labels(TRAIN);
        fv_data *data;

        put(folder, cases[i].pictures, cases[i].gzip ? packed(&pictures) : pictures);
        put(folder, cases[i].labels, cases[i].gzip ? packed(&labels) : labels);
        data = open_good(folder, NULL);
        assert_int_equal(fv_data_count(data, FV_TRAIN), TRAIN);
        assert_int_equal(fv_data_count(data, FV_TEST), 0);
        assert_string_equal(fv_data_hash(data), fv_data_hash(both));
        fv_data_free(data);
    }
    fv_data_free(both);
}

static void a_test_set_alone_will_do(void **state)
{
    const char *folder = new_folder();
    const fv_data_options options = {.size = sizeof options, .val = 0.5, .seed = 1};
    fv_data *data;
    fv_error err = {0};

    (void)state;
    put(folder, "t10k-images-idx3-ubyte", idx_pictures(TEST, SIDE, SIDE));
    put(folder, "t10k-labels-idx1-ubyte", idx_labels(TEST));
    data = open_good(folder, NULL);
    assert_int_equal(fv_data_count(data, FV_TRAIN), 0);
    assert_int_equal(fv_data_count(data, FV_TEST), TEST);
    assert_int_equal(strlen(fv_data_hash(data)), 32);
    fv_data_free(data);
    test_failed(fv_data_open(NULL, test_path(folder), &options, &data, &err), FV_E_RANGE, &err,
                "0 training samples, too few to hold out 0.5 of them for validation");
    assert_null(data);
}

/* ----------------------------------------------------------------------------------------------------- bad folders */

static bytes cut(bytes b, size_t by)
{
    b.size -= by;
    return b;
}

static bytes with_byte(bytes b, size_t at, uint8_t value)
{
    b.data[at] = value;
    return b;
}

static bytes longer(bytes b, size_t by)
{
    memset(b.data + b.size, 0, by);
    b.size += by;
    return b;
}

static bytes text(const char *s)
{
    bytes b = {.size = strlen(s)};

    memcpy(b.data, s, b.size);
    return b;
}

static bytes packed_pictures(void)
{
    const bytes b = idx_pictures(TRAIN, SIDE, SIDE);

    return packed(&b);
}

/* One file of a good folder replaced: what is said? Every message begins with the file's path. */
static void bad_files_are_refused(void **state)
{
    const bytes pictures = idx_pictures(TRAIN, SIDE, SIDE), labels = idx_labels(TRAIN), gz = packed_pictures();
    const bytes empty_gz = packed(&(bytes){.size = 0});
    const struct {
        const char *name;
        bytes file;
        fv_status status;
        const char *message;
    } cases[] = {
        {"train-images-idx3-ubyte", text(""), FV_E_FORMAT, "0 bytes, too few for an IDX file"},
        {"train-images-idx3-ubyte", text("P5\n"), FV_E_FORMAT, "3 bytes, too few for an IDX file"},
        {"train-images-idx3-ubyte", text("hello, world, how are you"), FV_E_FORMAT,
         "not an IDX file of pictures: begins with 0x68656C6C, wanted 0x00000803"},
        {"train-images-idx3-ubyte", labels, FV_E_FORMAT,
         "holds labels (magic 0x00000801) where pictures (0x00000803) are wanted; are files swapped?"},
        {"train-labels-idx1-ubyte", pictures, FV_E_FORMAT, "holds pictures (magic 0x00000803) where labels"},
        {"train-labels-idx1-ubyte", with_byte(labels, 2, 0x0D), FV_E_FORMAT, "begins with 0x00000D01"},
        {"train-images-idx3-ubyte", cut(pictures, pictures.size - 15), FV_E_FORMAT, "15 bytes, too few for the header"},
        {"train-images-idx3-ubyte", cut(pictures, 1), FV_E_FORMAT,
         "its header promises 12x4x4 values, the file holds 191; it is cut short"},
        {"train-images-idx3-ubyte", longer(pictures, 1), FV_E_FORMAT,
         "12x4x4 values, the file holds 193; it is too long"},
        {"train-images-idx3-ubyte", with_byte(with_byte(with_byte(pictures, 4, 0xFF), 8, 0xFF), 12, 0xFF), FV_E_FORMAT,
         "4278190092x4278190084x4278190084 values, the file holds 192; it is cut short"},
        {"train-labels-idx1-ubyte", cut(labels, 2), FV_E_FORMAT, "promises 12 values, the file holds 10"},
        {"train-labels-idx1-ubyte", idx_labels(TRAIN + 1), FV_E_FORMAT, "13 labels for the 12 pictures of"},
        {"train-labels-idx1-ubyte", idx_labels(0), FV_E_FORMAT, "holds no labels: its header says 0"},
        {"train-images-idx3-ubyte", idx_pictures(0, SIDE, SIDE), FV_E_FORMAT, "holds no pictures"},
        {"train-images-idx3-ubyte", idx_pictures(TRAIN, 0, SIDE), FV_E_FORMAT, "holds no pictures"},
        {"train-labels-idx1-ubyte", with_byte(labels, 8 + 5, 200), FV_E_RANGE,
         "label 200 of sample 5 is outside the classes: no sample has label 199"},
        {"t10k-labels-idx1-ubyte", with_byte(idx_labels(TEST), 8 + 3, 10), FV_E_RANGE,
         "label 10 of sample 3 is outside the 10 classes of the training set"},
        {"t10k-images-idx3-ubyte", idx_pictures(TEST, SIDE, SIDE + 1), FV_E_SHAPE,
         "pictures of 4x5 pixels, but the training set's have 4x4"},
        /* gzip is known by its first bytes, so the plain name serves. */
        {"train-images-idx3-ubyte", cut(gz, gz.size - 17), FV_E_FORMAT, "gzip data is cut short: 17 bytes"},
        {"train-images-idx3-ubyte", cut(gz, 4), FV_E_FORMAT, "gzip data"},
        {"train-images-idx3-ubyte", cut(gz, gz.size / 2), FV_E_FORMAT, "gzip data"},
        {"train-images-idx3-ubyte", with_byte(gz, gz.size / 2, (uint8_t)~gz.data[gz.size / 2]), FV_E_FORMAT,
         "gzip data is damaged or cut short"},
        {"train-images-idx3-ubyte", with_byte(gz, gz.size - 8, (uint8_t)~gz.data[gz.size - 8]), FV_E_FORMAT,
         "gzip data is damaged or cut short"}, /* checksum */
        {"train-images-idx3-ubyte", with_byte(gz, gz.size - 4, (uint8_t)(gz.data[gz.size - 4] + 1)), FV_E_FORMAT,
         "gzip data"},
        {"train-images-idx3-ubyte", with_byte(gz, gz.size - 1, 0xFF), FV_E_FORMAT,
         "gzip data is damaged or cut short: its end states 4278190288 bytes, more than"},
        {"train-images-idx3-ubyte", longer(gz, 3), FV_E_FORMAT, "gzip data"},
        {"train-images-idx3-ubyte",
         with_byte(with_byte(longer(gz, 4), gz.size, (uint8_t)pictures.size), gz.size + 1, 0), FV_E_FORMAT,
         "4 bytes follow the end of the gzip data"},
        {"train-images-idx3-ubyte", empty_gz, FV_E_FORMAT, "0 bytes, too few for an IDX file"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const char *folder = good_folder();
        fv_data *data;
        test_host h;
        fv_error err = {0};
        fv_status status;

        test_host_init(&h);
        put(folder, cases[i].name, cases[i].file);
        status = fv_data_open(&h.host, test_path(folder), NULL, &data, &err);
        test_failed(status, cases[i].status, &err, cases[i].message);
        test_message(&err, in(folder, cases[i].name));
        assert_null(data);
        assert_int_equal(h.live, 0);
        if (h.peak_bytes > 1 << 20)
            fail_msg("%s: %zu bytes were allocated for a file of %zu", err.message, h.peak_bytes, cases[i].file.size);
    }
}

static void bad_folders_are_refused(void **state)
{
    const char *empty = new_folder(), *half = new_folder(), *other = new_folder(), *folder_inside = good_folder();
    fv_data *data;
    fv_error err = {0};

    (void)state;
    test_failed(fv_data_open(NULL, test_path("nowhere"), NULL, &data, &err), FV_E_IO, &err,
                "nowhere: cannot open the folder");
    test_failed(fv_data_open(NULL, test_path(empty), NULL, &data, &err), FV_E_IO, &err,
                "no data that Fovea reads: wanted train-images-idx3-ubyte");
    test_write_file(test_path("file"), "x", 1);
    test_failed(fv_data_open(NULL, test_path("file"), NULL, &data, &err), FV_E_IO, &err, "file: is not a folder");
    put(half, "train-images-idx3-ubyte.gz", packed_pictures());
    test_failed(fv_data_open(NULL, test_path(half), NULL, &data, &err), FV_E_IO, &err,
                "has train-images, but not train-labels-idx1-ubyte or .gz beside it");
    put(other, "t10k-labels.idx1-ubyte", idx_labels(TEST));
    test_failed(fv_data_open(NULL, test_path(other), NULL, &data, &err), FV_E_IO, &err,
                "has t10k-labels, but not t10k-images-idx3-ubyte or .gz beside it");
    assert_int_equal(remove(in(folder_inside, "train-images-idx3-ubyte")), 0);
    assert_int_equal(mkdir(in(folder_inside, "train-images-idx3-ubyte"), 0700), 0);
    test_failed(fv_data_open(NULL, test_path(folder_inside), NULL, &data, &err), FV_E_IO, &err, "is a folder");
    assert_null(data);
}

/* ------------------------------------------------------------------------------------------------ the real thing */

static fv_data *mnist(const fv_data_options *options)
{
    char path[PATH_MAX];
    fv_data *data;
    fv_error err = {0};

    snprintf(path, sizeof path, "%s/data/mnist", getenv("FOVEA_SOURCE"));
    test_ok(fv_data_open(NULL, path, options, &data, &err), &err);
    return data;
}

/* Counts a digit and mean brightness as published (mean 0.1307, standard deviation 0.3081 of the training set). */
static void mnist_is_what_it_is(void **state)
{
    static const size_t digits[10] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    static const uint32_t first[10] = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, first_test[10] = {7, 2, 1, 0, 4, 1, 4, 9, 5, 9};
    fv_data *data = mnist(NULL);
    size_t counts[10] = {0};
    double sum = 0, squares = 0;
    const double n = 60000.0 * 784;
    uint32_t label;

    (void)state;
    assert_int_equal(fv_data_count(data, FV_TRAIN), 60000);
    assert_int_equal(fv_data_count(data, FV_TEST), 10000);
    assert_int_equal(fv_data_classes(data), 10);
    for (size_t i = 0; i < 60000; i++) {
        const uint8_t *pixels = fv_data_sample(data, FV_TRAIN, i, &label);

        counts[label]++;
        for (size_t k = 0; k < 784; k++) {
            sum += pixels[k] / 255.0;
            squares += pixels[k] / 255.0 * (pixels[k] / 255.0);
        }
    }
    assert_memory_equal(counts, digits, sizeof counts);
    assert_true(fabs(sum / n - 0.1307) < 5e-5);
    assert_true(fabs(sqrt(squares / n - sum / n * (sum / n)) - 0.3081) < 5e-5);
    for (size_t i = 0; i < 10; i++) {
        fv_data_sample(data, FV_TRAIN, i, &label);
        assert_int_equal(label, first[i]);
        fv_data_sample(data, FV_TEST, i, &label);
        assert_int_equal(label, first_test[i]);
    }
    assert_string_equal(fv_data_hash(data), "b2f7bf3900e512dc79029d316e0e4940"); /* models carry it: never changes */
    fv_data_free(data);
}

static fv_status open_once(const fv_host *host, void *arg, fv_error *err)
{
    const fv_data_options options = {.size = sizeof options, .val = 0.25, .seed = 1};
    fv_data *data;
    fv_status status = fv_data_open(host, arg, &options, &data, err);

    assert_int_equal(status != FV_OK, data == NULL);
    fv_data_free(data);
    return status;
}

static void failed_allocations_are_clean(void **state)
{
    const char *folder = good_folder();
    char path[PATH_MAX];

    (void)state;
    assert_int_equal(remove(in(folder, "train-images-idx3-ubyte")), 0);
    put(folder, "train-images-idx3-ubyte.gz", packed_pictures());
    snprintf(path, sizeof path, "%s", test_path(folder));
    assert_true(test_every_failure(open_once, path) >= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sets_are_read),           cmocka_unit_test(every_spelling_is_found),
        cmocka_unit_test(a_test_set_alone_will_do),     cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(bad_folders_are_refused),      cmocka_unit_test(mnist_is_what_it_is),
        cmocka_unit_test(failed_allocations_are_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
