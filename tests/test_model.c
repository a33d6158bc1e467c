/* Models in memory: made, described, named, and their way to stores and back. */
#include "models.h"

/* ----------------------------------------------------------------------------------------------------------- making */

/* The store that a trainer makes: of the training graph. */
static void open_store(const fv_net *net, size_t real_bytes, fv_store *store)
{
    fv_graph graph;
    fv_error err = {0};

    fv_graph_init(&graph, NULL, 1, true);
    test_ok(fv_net_build(net, &graph, &err), &err);
    fv_store_init(store, NULL, real_bytes);
    test_ok(fv_store_add_graph(store, &graph, NULL, &err), &err);
    fv_graph_free(&graph);
}

static void weights_are_listed_in_files_layout(void **state)
{
    static const struct {
        const char *name;
        int rank;
        size_t dim[4];
    } want[] = {
        {"conv1.weight", 4, {4, 2, 3, 2}}, {"conv1.bias", 1, {4}}, {"fc1.weight", 2, {5, 64}}, {"fc1.bias", 1, {5}},
        {"fc2.weight", 2, {3, 5}},         {"fc2.bias", 1, {3}},
    };
    fv_model *model = tiny_model(1);
    fv_tensor tensor;
    fv_error err = {0};

    (void)state;
    assert_int_equal(fv_model_tensors(model), FV_COUNT(want));
    for (size_t k = 0; k < FV_COUNT(want); k++) {
        test_ok(fv_model_tensor(model, k, &tensor, &err), &err);
        assert_string_equal(tensor.name, want[k].name);
        assert_int_equal(tensor.rank, want[k].rank);
        assert_memory_equal(tensor.dim, want[k].dim, sizeof tensor.dim);
        assert_non_null(tensor.data);
    }
    test_failed(fv_model_tensor(model, FV_COUNT(want), &tensor, &err), FV_E_RANGE, &err, "tensor 6: the model has 6");
    assert_null(tensor.data);
    assert_string_equal(fv_net_name(fv_model_net(model)), "tiny");
    fv_model_free(model);
}

/* Model -> store -> model, and against element by element access, in float and in double. */
static void weights_go_to_stores_and_back(void **state)
{
    fv_model *model = tiny_model(5), *back;
    fv_error err = {0};

    (void)state;
    for (size_t bytes = sizeof(float); bytes <= sizeof(double); bytes += sizeof(double) - sizeof(float)) {
        fv_store store;

        open_store(fv_model_net(model), bytes, &store);
        test_ok(fv_model_fill_store(model, &store, &err), &err);
        assert_int_equal(store.count, model->count);
        for (size_t k = 0; k < store.count; k++)
            for (size_t i = 0; i < store.items[k].elements; i++)
                assert_true(fv_store_get(&store, &store.items[k], i) == (double)model->weights[k].data[i]);
        fv_store_set(&store, fv_store_find(&store, "fc1.weight"), 63, 42.5);
        test_ok(fv_model_from_store(NULL, fv_model_net(model), &store, &back, &err), &err);
        for (size_t k = 0; k < model->count; k++)
            for (size_t i = 0; i < model->weights[k].elements; i++)
                assert_true(back->weights[k].data[i] == (k == 2 && i == 63 ? 42.5f : model->weights[k].data[i]));
        fv_model_free(back);
        fv_store_free(&store);
    }
    fv_model_free(model);
}

/* A run's first weights are those of a model made from the same seed, whatever the reals. */
static void seed_means_the_same_to_models_and_stores(void **state)
{
    fv_model *model = tiny_model(77), *other = tiny_model(78);
    fv_store store;

    (void)state;
    open_store(fv_model_net(model), sizeof(double), &store);
    fv_store_initialise(&store, 77);
    for (size_t k = 0; k < store.count; k++)
        for (size_t i = 0; i < store.items[k].elements; i++)
            assert_true((float)fv_store_get(&store, &store.items[k], i) == model->weights[k].data[i]);
    assert_memory_not_equal(model->weights[0].data, other->weights[0].data, 48 * sizeof(float));
    fv_store_free(&store);
    fv_model_free(model);
    fv_model_free(other);
}

static void stores_of_other_nets_are_refused(void **state)
{
    static const char wide[] = TINY("3", "fc1: dense 6 relu");
    static const char deep[] = TINY("3", "fc1: dense 5 relu\nfc1b: dense 5");
    fv_model *model = tiny_model(1), *none = NULL;
    fv_net *net;
    fv_store store;
    fv_error err = {0};

    (void)state;
    test_ok(fv_net_parse(NULL, wide, "wide.net", &net, &err), &err);
    open_store(net, sizeof(float), &store);
    test_failed(fv_model_fill_store(model, &store, &err), FV_E_SHAPE, &err,
                "fc1.weight: wanted 6x64, the model of tiny has 5x64");
    test_failed(fv_model_from_store(NULL, fv_model_net(model), &store, &none, &err), FV_E_ARGUMENT, &err,
                "fc1.weight: the store has another shape");
    assert_null(none);
    fv_store_free(&store);
    fv_net_free(net);
    test_ok(fv_net_parse(NULL, deep, "deep.net", &net, &err), &err);
    open_store(net, sizeof(float), &store);
    test_failed(fv_model_fill_store(model, &store, &err), FV_E_SHAPE, &err,
                "fc1b.weight: the model of tiny has no such");
    fv_store_free(&store);
    fv_store_init(&store, NULL, sizeof(float));
    test_failed(fv_model_from_store(NULL, net, &store, &none, &err), FV_E_ARGUMENT, &err,
                "the store lacks this weight");
    fv_net_free(net);
    fv_model_free(model);
}

/* ----------------------------------------------------------------------------------------------- names and metadata */

static void classes_have_names(void **state)
{
    static const char *const names[] = {"cat \"Tom\"", "d\xC3\xB6g", "b\xC3\xA4r"};
    static const char *const bad[] = {"cat", "d\xFFg", "bear"};
    static const char *const empty[] = {"cat", "", "bear"};
    char longer[FV_CLASS_NAME + 2];
    const char *const too_long[] = {"cat", "dog", longer};
    fv_model *model = tiny_model(1);
    fv_error err = {0};

    (void)state;
    assert_int_equal(fv_model_classes(model), 3);
    assert_string_equal(fv_model_class_name(model, 0), "0");
    assert_string_equal(fv_model_class_name(model, 2), "2");
    assert_null(fv_model_class_name(model, 3));
    test_ok(fv_model_set_classes(model, names, 3, &err), &err);
    test_failed(fv_model_set_classes(model, names, 2, &err), FV_E_ARGUMENT, &err,
                "2 class names for tiny, which has 3");
    test_failed(fv_model_set_classes(model, bad, 3, &err), FV_E_ARGUMENT, &err, "class 1, 'd?g', is not UTF-8");
    test_failed(fv_model_set_classes(model, empty, 3, &err), FV_E_ARGUMENT, &err, "class 1 has no name");
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    test_failed(fv_model_set_classes(model, too_long, 3, &err), FV_E_ARGUMENT, &err, "has 256 bytes, at most 255");
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(fv_model_class_name(model, i), names[i]);
    fv_model_free(model);
}

static void metadata_are_kept_sorted(void **state)
{
    fv_model *model = tiny_model(1);
    fv_error err = {0};

    (void)state;
    assert_null(fv_model_meta(model, "seed"));
    test_ok(fv_model_set_meta(model, "seed", "1", &err), &err);
    test_ok(fv_model_set_meta(model, "data", "abc", &err), &err);
    test_ok(fv_model_set_meta(model, "version", "0.1", &err), &err);
    test_ok(fv_model_set_meta(model, "seed", "22", &err), &err);
    test_ok(fv_model_set_meta(model, "note", "", &err), &err);
    assert_string_equal(fv_model_meta(model, "seed"), "22");
    assert_string_equal(fv_model_meta(model, "data"), "abc");
    assert_string_equal(fv_model_meta(model, "note"), "");
    assert_int_equal(model->n_meta, 4);
    for (size_t i = 1; i < model->n_meta; i++)
        assert_true(strcmp(model->meta[i - 1].key, model->meta[i].key) < 0);
    test_failed(fv_model_set_meta(model, "net", "x", &err), FV_E_ARGUMENT, &err, "'net' is written by the library");
    test_failed(fv_model_set_meta(model, "selftest", "x", &err), FV_E_ARGUMENT, &err, "'selftest' is written");
    test_failed(fv_model_set_meta(model, "n\xFF", "x", &err), FV_E_ARGUMENT, &err, "'n?' is not UTF-8");
    test_failed(fv_model_set_meta(model, "", "x", &err), FV_E_ARGUMENT, &err, "a key");
    fv_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_listed_in_files_layout),
        cmocka_unit_test(weights_go_to_stores_and_back),
        cmocka_unit_test(seed_means_the_same_to_models_and_stores),
        cmocka_unit_test(stores_of_other_nets_are_refused),
        cmocka_unit_test(classes_have_names),
        cmocka_unit_test(metadata_are_kept_sorted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
