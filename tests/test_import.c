/* Weights of other tools: matched by name, else by order and shape; what does not fit is named with both shapes. */
#include "models.h"

typedef struct foreign {
    fv_st_tensor tensors[8];
    float data[8][512];
    size_t count;
} foreign;

/* The tensors of `tiny`, in order, under names of another tool: element i of tensor k is 100 k + i. */
static void make(foreign *f)
{
    static const char *const names[] = {
        "module.features.0.weight", "module.features.0.bias", "a.weight", "a.bias", "b.weight", "b.bias"};
    fv_model *model = tiny_model(1);

    *f = (foreign){.count = model->count};
    assert_int_equal(f->count, FV_COUNT(names));
    for (size_t k = 0; k < f->count; k++) {
        const fv_weight *w = &model->weights[k];

        f->tensors[k] = (fv_st_tensor){.name = names[k],
                                       .type = FV_ST_F32,
                                       .rank = w->shape.rank,
                                       .data = (const uint8_t *)f->data[k],
                                       .bytes = w->elements * sizeof(float)};
        for (int i = 0; i < w->shape.rank; i++)
            f->tensors[k].dim[i] = w->shape.dim[i];
        assert_in_range(w->elements, 1, FV_COUNT(f->data[k]));
        for (size_t i = 0; i < w->elements; i++)
            f->data[k][i] = (float)(100 * k + i);
    }
    fv_model_free(model);
}

static const char *save(const foreign *f)
{
    const char *path = test_path("foreign.safetensors");
    fv_error err = {0};

    test_ok(fv_safetensors_write(NULL, path, f->tensors, f->count, NULL, 0, &err), &err);
    return path;
}

static fv_status import(const foreign *f, fv_model **model, fv_import_report *report, fv_error *err)
{
    fv_net *net = tiny_net();
    const fv_status status = fv_model_import(NULL, net, save(f), 1, model, report, err);

    fv_net_free(net);
    return status;
}

static void in_order(void **state)
{
    fv_import_report report;
    fv_model *model;
    fv_error err = {0};
    foreign f;

    (void)state;
    make(&f);
    test_ok(import(&f, &model, &report, &err), &err);
    assert_int_equal(report.by_order, 6);
    assert_int_equal(report.by_name, 0);
    for (size_t k = 0; k < model->count; k++)
        assert_memory_equal(model->weights[k].data, f.data[k], f.tensors[k].bytes);
    fv_model_free(model);
}

/* Names go first, wherever they stand; a counter in between is passed over. */
static void by_name(void **state)
{
    fv_import_report report;
    fv_model *model;
    fv_error err = {0};
    foreign f;

    (void)state;
    make(&f);
    f.tensors[6] = f.tensors[2];
    f.tensors[6].name = "fc1.weight";
    f.tensors[2] = (fv_st_tensor){
        .name = "bn.num_batches_tracked", .type = FV_ST_F32, .rank = 0, .data = f.tensors[0].data, .bytes = 4};
    f.count = 7;
    test_ok(import(&f, &model, &report, &err), &err);
    assert_int_equal(report.by_name, 1);
    assert_int_equal(report.by_order, 5);
    assert_int_equal(report.ignored, 1);
    assert_memory_equal(fv_model_weight(model, "fc1.weight")->data, f.data[2], f.tensors[6].bytes);
    assert_memory_equal(fv_model_weight(model, "fc2.bias")->data, f.data[5], f.tensors[5].bytes);
    fv_model_free(model);
}

static void what_does_not_fit_is_named(void **state)
{
    fv_model *model;
    fv_error err = {0};
    foreign f;

    (void)state;
    make(&f);
    f.tensors[0].dim[2] = 2, f.tensors[0].dim[3] = 3;
    test_failed(import(&f, &model, NULL, &err), FV_E_SHAPE, &err,
                "'module.features.0.weight' is 4x2x2x3; 'conv1.weight'");
    test_message(&err, "needs 4x2x3x2");
    make(&f);
    f.count--;
    test_failed(import(&f, &model, NULL, &err), FV_E_SHAPE, &err, "no tensor is left for 'fc2.bias' (3)");
    make(&f);
    f.tensors[6] = f.tensors[5];
    f.tensors[6].name = "more";
    f.count = 7;
    test_failed(import(&f, &model, NULL, &err), FV_E_SHAPE, &err, "tensor 'more' (3) belongs to no layer");
    assert_null(model);
}

/* A file of googlenet without its training heads: they begin as the seed makes them. */
static void heads_may_be_absent(void **state)
{
    fv_net *net = zoo("googlenet"), *small;
    fv_net_size size = FV_NET_SIZE;
    const char *path = test_path("heads.safetensors");
    fv_model *model, *imported;
    fv_st_tensor *tensors;
    fv_import_report report;
    fv_error err = {0};
    size_t count = 0;

    (void)state;
    size.numerator = 1, size.denominator = 16;
    test_ok(fv_net_resize(NULL, net, &size, &small, &err), &err);
    test_ok(fv_model_create(NULL, small, 5, &model, &err), &err);
    tensors = calloc(model->count, sizeof *tensors);
    assert_non_null(tensors);
    for (size_t k = 0; k < model->count; k++) {
        const fv_weight *w = &model->weights[k];

        if (strncmp(w->name, "loss1.", 6) == 0 || strncmp(w->name, "loss2.", 6) == 0)
            continue;
        tensors[count] = (fv_st_tensor){.name = w->name,
                                        .type = FV_ST_F32,
                                        .rank = w->shape.rank,
                                        .data = (const uint8_t *)w->data,
                                        .bytes = w->elements * sizeof(float)};
        for (int i = 0; i < w->shape.rank; i++)
            tensors[count].dim[i] = w->shape.dim[i];
        count++;
    }
    assert_true(count < model->count);
    test_ok(fv_safetensors_write(NULL, path, tensors, count, NULL, 0, &err), &err);
    test_ok(fv_model_import(NULL, small, path, 5, &imported, &report, &err), &err);
    assert_int_equal(report.by_name, count);
    assert_int_equal(report.initialised, model->count - count);
    for (size_t k = 0; k < model->count; k++)
        assert_memory_equal(imported->weights[k].data, model->weights[k].data,
                            model->weights[k].elements * sizeof(float));
    free(tensors);
    fv_model_free(imported);
    fv_model_free(model);
    fv_net_free(small);
    fv_net_free(net);
}

static fv_status use_import(const fv_host *host, void *arg, fv_error *err)
{
    fv_net *net = tiny_net();
    fv_model *model;
    const fv_status status = fv_model_import(host, net, arg, 1, &model, NULL, err);

    if (!status)
        fv_model_free(model);
    fv_net_free(net);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    char path[PATH_MAX];
    foreign f;

    (void)state;
    make(&f);
    snprintf(path, sizeof path, "%s", save(&f));
    assert_true(test_every_failure(use_import, path) >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(by_name),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(heads_may_be_absent),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
