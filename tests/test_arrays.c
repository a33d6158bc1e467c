/* data: NumPy's arrays, pictures and inputs that are prepared already; data of more classes than a network has. */
#include "support.h"

#include "base/npy.h"
#include "data/batch.h"
#include "data/data.h"

#include <math.h>
#include <sys/stat.h>

enum { N = 5, H = 3, W = 4, C = 2 };

static void put(const char *folder, const char *name, fv_npy_type type, int rank, const size_t *dim, const void *data)
{
    fv_error err = {0};

    test_ok(fv_npy_write(test_in(folder, name), type, rank, dim, data, &err), &err);
}

static const int64_t labels[N] = {2, 0, 1, 2, 0};
static const size_t shape[4] = {N, H, W, C};

static void put_floats(const char *folder, const char *set, float first)
{
    float values[N * H * W * C];
    char name[64];

    for (size_t i = 0; i < FV_COUNT(values); i++)
        values[i] = first + (float)i / 7;
    snprintf(name, sizeof name, "%s-pictures.npy", set);
    put(folder, name, FV_NPY_F32, 4, shape, values);
    snprintf(name, sizeof name, "%s-labels.npy", set);
    put(folder, name, FV_NPY_I64, 1, shape, labels);
}

static fv_data *open_good(const char *folder)
{
    fv_data *data;
    fv_error err = {0};

    test_ok(fv_data_open(NULL, test_path(folder), NULL, &data, &err), &err);
    return data;
}

/* What a net reads is what was saved, whatever its preprocessing says. */
static void floats_are_fed_as_they_are(void **state)
{
    const char *folder = test_numbered_folder();
    const fv_preprocess p = {.height = H, .width = W, .channels = C, .scale = {3, 3}, .shift = {1, 1}};
    const fv_augment flip = {.flip = true};
    const uint32_t indices[2] = {3, 0};
    float out[2 * H * W * C];
    int32_t got[2];
    fv_error err = {0};
    uint32_t label;

    (void)state;
    put_floats(folder, "test", -20);
    put_floats(folder, "train", 5);

    fv_data *data = open_good(folder);

    assert_int_equal(fv_data_count(data, FV_TRAIN), N);
    assert_int_equal(fv_data_classes(data), 3);
    assert_null(fv_data_sample(data, FV_TEST, 1, &label));
    assert_int_equal(label, 0);
    test_ok(fv_batch_check(data, &p, NULL, &err), &err);
    fv_batch_fill(&(fv_batch){.data = data, .split = FV_TEST, .p = &p}, indices, 0, 2, out,
                  &(fv_targets){got, NULL, NULL}, NULL);
    for (size_t i = 0; i < FV_COUNT(out); i++)
        assert_true(out[i] == -20 + (float)((i < H * W * C ? 3 * H * W * C : 0) + i % (H * W * C)) / 7);
    assert_int_equal(got[0], 2);
    assert_int_equal(got[1], 2);
    test_failed(fv_batch_check(data, &p, &flip, &err), FV_E_ARGUMENT, &err, "cannot be augmented");
    test_failed(
        fv_batch_check(data, &(fv_preprocess){.height = 8, .width = W, .channels = C, .scale = {1}}, NULL, &err),
        FV_E_SHAPE, &err, "arrays of 3x4x2 floats: the network reads 8x4x2");
    fv_data_free(data);
}

static void bytes_are_pictures(void **state)
{
    const char *folder = test_numbered_folder();
    uint8_t pixels[N * H * W];
    uint32_t label;
    size_t h, w, c;

    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 3);
    put(folder, "test-pictures.npy", FV_NPY_U8, 3, shape, pixels);
    put(folder, "test-labels.npy", FV_NPY_U8, 1, shape, (uint8_t[N]){0, 1, 2, 3, 9});

    fv_data *data = open_good(folder);

    fv_data_size(data, &h, &w, &c);
    assert_int_equal(h * 100 + w * 10 + c, 341);
    assert_int_equal(fv_data_classes(data), 10);
    assert_memory_equal(fv_data_sample(data, FV_TEST, 4, &label), pixels + 4 * H * W, H * W);
    assert_int_equal(label, 9);
    fv_data_free(data);
}

static void refused(const char *folder, fv_status wanted, const char *message)
{
    fv_data *data;
    fv_error err = {0};

    test_failed(fv_data_open(NULL, test_path(folder), NULL, &data, &err), wanted, &err, message);
    assert_null(data);
}

static void bad_arrays_are_refused(void **state)
{
    float values[N * H * W * C] = {0};
    const char *folder = test_numbered_folder();

    (void)state;
    put(folder, "test-pictures.npy", FV_NPY_F32, 3, shape, values);
    refused(folder, FV_E_FORMAT, "test-pictures.npy: wanted uint8 pictures");
    put(folder, "test-pictures.npy", FV_NPY_F32, 4, (size_t[]){0, H, W, C}, values);
    refused(folder, FV_E_RANGE, "test-pictures.npy: 0 samples of 3x4x2");
    put(folder, "test-pictures.npy", FV_NPY_F32, 4, shape, values);
    refused(folder, FV_E_IO, "test-labels.npy: cannot open");
    put(folder, "test-labels.npy", FV_NPY_F32, 1, shape, values);
    refused(folder, FV_E_FORMAT, "test-labels.npy: wanted whole numbers");
    put(folder, "test-labels.npy", FV_NPY_I64, 1, (size_t[]){N - 1}, labels);
    refused(folder, FV_E_FORMAT, "4 labels for 5 pictures");
    put(folder, "test-labels.npy", FV_NPY_I64, 1, shape, (int64_t[N]){0, 0, -1});
    refused(folder, FV_E_RANGE, "test-labels.npy: label -1 of picture 2");
    put_floats(folder, "test", 0);
    put(folder, "train-pictures.npy", FV_NPY_F32, 4, (size_t[]){N, W, H, C}, values);
    put(folder, "train-labels.npy", FV_NPY_I64, 1, shape, labels);
    refused(folder, FV_E_SHAPE, "test-pictures.npy: floats of 3x4x2, but the training set has floats of 4x3x2");
    values[7] = NAN;
    put(folder, "train-pictures.npy", FV_NPY_F32, 4, shape, values);
    refused(folder, FV_E_NAN, "train-pictures.npy: value 7 is not finite");
}

/* A label beyond the network's outputs would be read outside of them. */
static void more_classes_than_the_network_has(void **state)
{
    const uint8_t pixels[2 * 16] = {0};
    const uint32_t two[2] = {0, 4};
    fv_error err = {0};
    fv_evaluation result;
    fv_model *model;
    fv_data *data;
    fv_net *net;

    (void)state;
    test_ok(fv_net_parse(NULL, "net t input 4x4x1 classes 3 dense classes", "t", &net, &err), &err);
    test_ok(fv_model_create(NULL, net, 1, &model, &err), &err);
    test_ok(fv_data_from_memory(NULL, pixels, two, 2, 4, 4, 1, 5, NULL, &data, &err), &err);
    test_failed(fv_evaluate(NULL, model, data, FV_TRAIN, NULL, &result, NULL, &err), FV_E_SHAPE, &err,
                "t tells 3 classes apart, the data has 5");
    fv_data_free(data);
    fv_model_free(model);
    fv_net_free(net);
}

static fv_status open_once(const fv_host *host, void *arg, fv_error *err)
{
    fv_data *data;
    fv_status status = fv_data_open(host, arg, NULL, &data, err);

    fv_data_free(data);
    return status;
}

static void failed_allocations_are_clean(void **state)
{
    const char *folder = test_numbered_folder();
    char path[PATH_MAX];

    (void)state;
    put_floats(folder, "test", 0);
    snprintf(path, sizeof path, "%s", test_path(folder));
    assert_true(test_every_failure(open_once, path) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_fed_as_they_are),   cmocka_unit_test(bytes_are_pictures),
        cmocka_unit_test(bad_arrays_are_refused),       cmocka_unit_test(more_classes_than_the_network_has),
        cmocka_unit_test(failed_allocations_are_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
