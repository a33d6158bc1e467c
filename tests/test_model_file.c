/* Model files: saved, opened, refused, and their self-test; every allocation on the way may fail. */
#include "models.h"

/* ------------------------------------------------------------------------------------------------------------ files */

static void assert_same_file(const char *a, const char *b)
{
    size_t n, m;
    unsigned char *x = test_read_file(a, &n), *y = test_read_file(b, &m);

    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    free(x);
    free(y);
}

static void saving_and_opening_keeps_all(void **state)
{
    static const char *const names[] = {"cat \"Tom\"", "d\xC3\xB6g", "b\xC3\xA4r"};
    const char *first = test_path("first.safetensors"), *second = test_path("second.safetensors");
    fv_model *model = tiny_model(9), *opened;
    fv_error err = {0};

    (void)state;
    test_ok(fv_model_set_classes(model, names, 3, &err), &err);
    test_ok(fv_model_set_meta(model, "seed", "9", &err), &err);
    test_ok(fv_model_set_meta(model, "note", "line\nand \"quotes\"", &err), &err);
    test_ok(fv_model_save(model, first, &err), &err);
    test_ok(fv_model_save(model, second, &err), &err);
    assert_same_file(first, second);
    test_ok(fv_model_open(NULL, first, &opened, &err), &err);
    assert_string_equal(fv_net_text(fv_model_net(opened)), fv_net_text(fv_model_net(model)));
    assert_string_equal(fv_model_meta(opened, "seed"), "9");
    assert_string_equal(fv_model_meta(opened, "note"), "line\nand \"quotes\"");
    assert_null(fv_model_meta(opened, "net"));
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(fv_model_class_name(opened, i), names[i]);
    assert_int_equal(opened->count, model->count);
    for (size_t k = 0; k < model->count; k++) {
        assert_null(opened->weights[k].owned); /* used where they lie in the file */
        assert_memory_equal(opened->weights[k].data, model->weights[k].data,
                            model->weights[k].elements * sizeof(float));
    }
    test_ok(fv_model_save(opened, second, &err), &err);
    assert_same_file(first, second);
    fv_model_free(model);
    fv_model_free(opened);
}

/* A model file as parts that a test changes before it writes them with the same writer. */
typedef struct parts {
    fv_safetensors file;
    fv_st_tensor tensors[16];
    size_t count;
    fv_st_meta meta[16];
    size_t n_meta;
} parts;

static void open_parts(parts *p)
{
    const char *path = test_path("good.safetensors");
    fv_model *model = tiny_model(3);
    fv_error err = {0};

    memset(p, 0, sizeof *p);
    test_ok(fv_model_save(model, path, &err), &err);
    fv_model_free(model);
    test_ok(fv_safetensors_open(NULL, path, &p->file, &err), &err);
    p->count = p->file.count;
    p->n_meta = p->file.meta_count;
    memcpy(p->tensors, p->file.tensors, p->count * sizeof *p->tensors);
    memcpy(p->meta, p->file.meta, p->n_meta * sizeof *p->meta);
}

static fv_st_tensor *part(parts *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->tensors[i].name, name) == 0)
            return &p->tensors[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

/* The value of a metadata key; NULL removes it. */
static void set_part(parts *p, const char *key, const char *value)
{
    for (size_t i = 0; i < p->n_meta; i++)
        if (strcmp(p->meta[i].key, key) == 0) {
            p->meta[i].value = value;
            if (!value)
                p->meta[i] = p->meta[--p->n_meta];
            return;
        }
    fail_msg("no metadata %s", key);
}

static void add_part(parts *p, const char *name, fv_st_type type, size_t bytes)
{
    static const uint8_t zeros[64];

    p->tensors[p->count++] = (fv_st_tensor){.name = name,
                                            .type = type,
                                            .rank = 1,
                                            .dim = {bytes * 8 / fv_st_type_bits(type)},
                                            .data = zeros,
                                            .bytes = bytes};
}

static const char *write_parts(parts *p)
{
    const char *path = test_path("changed.safetensors");
    fv_error err = {0};

    test_ok(fv_safetensors_write(NULL, path, p->tensors, p->count, p->meta, p->n_meta, &err), &err);
    return path;
}

/* Write, open, and see it refused; the message begins with the file's name. */
static void refused(parts *p, fv_status status, const char *message)
{
    const char *path = write_parts(p);
    fv_model *model = (fv_model *)p;
    fv_error err = {0};

    test_failed(fv_model_open(NULL, path, &model, &err), status, &err, message);
    assert_null(model);
    assert_memory_equal(err.message, path, strlen(path));
    fv_safetensors_free(&p->file);
}

static void tensors_must_be_the_nets(void **state)
{
    parts p;

    (void)state;
    open_parts(&p);
    p.count--;
    *part(&p, "fc1.weight") = p.tensors[p.count];
    refused(&p, FV_E_FORMAT, "no tensor 'fc1.weight' (5x64), which network tiny needs");
    open_parts(&p);
    part(&p, "fc1.weight")->name = "fc1.wieght";
    refused(&p, FV_E_FORMAT, "no tensor 'fc1.weight' (5x64), which network tiny needs; there is 'fc1.wieght'");
    open_parts(&p);
    memcpy(part(&p, "fc1.weight")->dim, (uint64_t[]){64, 5}, 2 * sizeof(uint64_t));
    refused(&p, FV_E_FORMAT, "tensor 'fc1.weight' is 64x5, network tiny needs 5x64");
    open_parts(&p);
    part(&p, "fc1.weight")->rank = 4;
    memcpy(part(&p, "fc1.weight")->dim, (uint64_t[]){5, 4, 4, 4}, 4 * sizeof(uint64_t));
    refused(&p, FV_E_FORMAT, "tensor 'fc1.weight' is 5x4x4x4, network tiny needs 5x64");
    open_parts(&p);
    part(&p, "fc1.weight")->type = FV_ST_I32;
    refused(&p, FV_E_UNSUPPORTED, "fc1.weight");
    open_parts(&p);
    add_part(&p, "fc9.bias", FV_ST_F32, 8);
    refused(&p, FV_E_FORMAT, "tensor 'fc9.bias' (2) belongs to no layer of network tiny");
}

static void batch_counters_are_passed_over(void **state)
{
    parts p;
    fv_model *model;
    fv_error err = {0};

    (void)state;
    open_parts(&p);
    add_part(&p, "bn1.num_batches_tracked", FV_ST_I64, 8);
    test_ok(fv_model_open(NULL, write_parts(&p), &model, &err), &err);
    assert_int_equal(model->count, p.file.count);
    fv_model_free(model);
    fv_safetensors_free(&p.file);
}

/* What another tool stored in double is converted; what it left unaligned is copied. */
static void other_types_are_converted(void **state)
{
    parts p;
    double bias[3] = {1.5, -2.25, 1e-3};
    fv_st_tensor *t;
    fv_model *model;
    fv_error err = {0};

    (void)state;
    open_parts(&p);
    t = part(&p, "fc2.bias");
    t->type = FV_ST_F64;
    t->data = (const uint8_t *)bias;
    t->bytes = sizeof bias;
    test_ok(fv_model_open(NULL, write_parts(&p), &model, &err), &err);
    for (int i = 0; i < 3; i++)
        assert_true(fv_model_weight(model, "fc2.bias")->data[i] == (float)bias[i]);
    assert_non_null(fv_model_weight(model, "fc2.bias")->owned);
    fv_model_free(model);
    fv_safetensors_free(&p.file);
}

static void metadata_must_make_sense(void **state)
{
    static const struct {
        const char *key, *value;
        fv_status status;
        const char *message;
    } cases[] = {
        {"fovea", NULL, FV_E_FORMAT, "a safetensors file, but no Fovea model"},
        {"fovea", "2", FV_E_VERSION, "made by a newer version of Fovea: format 2"},
        {"fovea", "99999999999999999999", FV_E_VERSION, "newer version"},
        {"fovea", "0", FV_E_FORMAT, "format version '0' is no number"},
        {"fovea", "-1", FV_E_FORMAT, "format version '-1'"},
        {"fovea", "1x", FV_E_FORMAT, "format version '1x'"},
        {"fovea", "", FV_E_FORMAT, "format version ''"},
        {"net", NULL, FV_E_FORMAT, "no 'net'"},
        {"net", "net tiny\nclasses 3\ninput 6x5x2\nconf 3x2 4\n", FV_E_UNKNOWN, ":4:1: "},
        {"classes", "[\"a\",\"b\"]", FV_E_FORMAT, "'classes' is no JSON list of 3 names"},
        {"classes", "[\"a\",\"b\",", FV_E_FORMAT, "'classes' is no JSON list of 3 names"},
        {"classes", "[\"a\",\"b\",7]", FV_E_FORMAT, "class 2 has no name"},
        {"classes", "[\"a\",\"b\\u0000\",\"c\"]", FV_E_FORMAT, "'classes' is no JSON list"},
        {"classes", "{\"a\":1,\"b\":2,\"c\":3}", FV_E_FORMAT, "'classes' is no JSON list"},
    };
    parts p;

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        open_parts(&p);
        set_part(&p, cases[i].key, cases[i].value);
        refused(&p, cases[i].status, cases[i].message);
    }
}

/* What does not fit the file is found before anything is allocated for it. */
static void large_nets_of_small_files_are_refused(void **state)
{
    parts p;
    fv_model *model;
    test_host h;
    fv_error err = {0};

    (void)state;
    open_parts(&p);
    set_part(&p, "net", TINY("3", "fc1: dense 1000000 relu"));
    test_host_init(&h);
    test_failed(fv_model_open(&h.host, write_parts(&p), &model, &err), FV_E_FORMAT, &err,
                "tensor 'fc1.weight' is 5x64, network tiny needs 1000000x64");
    assert_int_equal(h.live, 0);
    assert_true(h.peak_bytes < 1 << 20);
    fv_safetensors_free(&p.file);
    open_parts(&p);
    set_part(&p, "net", TINY("1000000", "fc1: dense 5 relu"));
    refused(&p, FV_E_FORMAT, "tensor 'fc2.weight' is 3x5, network tiny needs 1000000x5");
}

static void newer_minor_versions_are_read(void **state)
{
    parts p;
    fv_model *model;
    fv_error err = {0};

    (void)state;
    open_parts(&p);
    set_part(&p, "fovea", "1.7");
    set_part(&p, "classes", NULL);
    test_ok(fv_model_open(NULL, write_parts(&p), &model, &err), &err);
    assert_string_equal(fv_model_class_name(model, 2), "2");
    fv_model_free(model);
    fv_safetensors_free(&p.file);
}

static void files_cut_short_are_refused(void **state)
{
    const char *whole = test_path("good.safetensors"), *cut = test_path("cut.safetensors");
    fv_model *model = tiny_model(3);
    fv_error err = {0};
    unsigned char *data;
    size_t size;

    (void)state;
    test_ok(fv_model_save(model, whole, &err), &err);
    fv_model_free(model);
    data = test_read_file(whole, &size);
    for (size_t n = 0; n < size; n += n < 16 || size - n <= 8 ? 1 : 7) {
        test_write_file(cut, data, n);
        assert_true(fv_model_open(NULL, cut, &model, &err) == FV_E_FORMAT);
        assert_null(model);
        test_message(&err, cut);
    }
    free(data);
    test_failed(fv_model_open(NULL, test_path("absent.safetensors"), &model, &err), FV_E_IO, &err,
                "absent.safetensors");
}

/* A save that fails leaves what was there. */
static void failed_saves_keep_the_old_file(void **state)
{
    const char *path = test_path("kept.safetensors"), *copy = test_path("copy.safetensors");
    fv_net *net = tiny_net();
    fv_model *model = tiny_model(3);
    fv_error err = {0};
    test_host h;

    (void)state;
    test_failed(fv_model_save(model, test_path("no/such/folder.safetensors"), &err), FV_E_IO, &err, "no/such/folder");
    test_ok(fv_model_save(model, path, &err), &err);
    test_ok(fv_model_save(model, copy, &err), &err);
    fv_model_free(model);
    test_host_init(&h);
    test_ok(fv_model_create(&h.host, net, 4, &model, &err), &err);
    h.fail_at = h.total + 5;
    test_failed(fv_model_save(model, path, &err), FV_E_MEMORY, &err, "out of memory");
    assert_same_file(path, copy);
    fv_model_free(model);
    assert_int_equal(h.live, 0);
    fv_net_free(net);
}

/* -------------------------------------------------------------------------------------------------------- self-test */

static void selftest_proves_the_machine(void **state)
{
    const char *path = test_path("self.safetensors");
    fv_model *model = tiny_model(6), *opened;
    fv_error err = {0};
    double worst = -1;

    (void)state;
    test_failed(fv_model_selfcheck(model, &worst, &err), FV_E_UNSUPPORTED, &err, "tiny carries no self-test");
    assert_true(isnan(worst));
    test_ok(fv_model_save(model, path, &err), &err);
    test_ok(fv_model_open(NULL, path, &opened, &err), &err);
    test_ok(fv_model_selfcheck(opened, &worst, &err), &err);
    assert_true(worst >= 0 && worst < 1e-4);
    test_ok(fv_model_selfcheck(opened, NULL, NULL), &err);
    fv_model_free(opened);
    fv_model_free(model);
}

static void selftest_finds_wrong_weights(void **state)
{
    static const float biases[5] = {.5f, .5f, .5f, .5f, .5f};
    parts p;
    fv_model *model;
    fv_error err = {0};
    double worst = 0;

    (void)state;
    open_parts(&p);
    part(&p, "fc1.bias")->data = (const uint8_t *)biases;
    test_ok(fv_model_open(NULL, write_parts(&p), &model, &err), &err);
    test_failed(fv_model_selfcheck(model, &worst, &err), FV_E_RANGE, &err, "of the largest, by plain code");
    assert_true(worst > 1e-3);
    fv_model_free(model);
    fv_safetensors_free(&p.file);
}

static void selftest_of_hostile_files_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"seed\":1}",
        "{\"logits\":[1,2,3]}",
        "{\"seed\":-1,\"logits\":[1,2,3]}",
        "{\"seed\":1,\"logits\":[1,2]}",
        "{\"seed\":1,\"logits\":[1,2,\"3\"]}",
        "{\"seed\":1.5,\"logits\":[1,2,3]}",
        "{\"seed\":1,\"logits\":[1,2,1e999]}",
    };
    fv_error err = {0};
    parts p;

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_model *model;

        open_parts(&p);
        set_part(&p, "selftest", cases[i]);
        test_ok(fv_model_open(NULL, write_parts(&p), &model, &err), &err);
        test_failed(fv_model_selfcheck(model, NULL, &err), FV_E_FORMAT, &err,
                    "no JSON object with a seed and 3 logits");
        fv_model_free(model);
        fv_safetensors_free(&p.file);
    }
}

/* Weights that are not finite make no self-test, and no file that nobody can read. */
static void broken_weights_carry_no_selftest(void **state)
{
    const char *path = test_path("nan.safetensors");
    fv_model *model = tiny_model(6);
    fv_error err = {0};

    (void)state;
    model->weights[5].owned[0] = NAN;
    test_ok(fv_model_save(model, path, &err), &err);
    fv_model_free(model);
    test_ok(fv_model_open(NULL, path, &model, &err), &err);
    assert_true(isnan(fv_model_weight(model, "fc2.bias")->data[0]));
    test_failed(fv_model_selfcheck(model, NULL, &err), FV_E_UNSUPPORTED, &err, "no self-test");
    fv_model_free(model);
}

/* ----------------------------------------------------------------------------------------------------------- memory */

static fv_status use_create(const fv_host *host, void *arg, fv_error *err)
{
    fv_model *model;
    fv_status status = fv_model_create(host, arg, 1, &model, err);

    if (!status)
        status = fv_model_set_classes(model, (const char *const[]){"a", "b", "c"}, 3, err);
    if (!status)
        status = fv_model_set_meta(model, "seed", "1", err);
    if (!status)
        status = fv_model_set_meta(model, "seed", "2", err);
    fv_model_free(model);
    return status;
}

static fv_status use_open(const fv_host *host, void *arg, fv_error *err)
{
    fv_model *model;
    const fv_status status = fv_model_open(host, arg, &model, err);

    fv_model_free(model);
    return status;
}

static fv_status use_save(const fv_host *host, void *arg, fv_error *err)
{
    fv_model *model = NULL;
    fv_status status = fv_model_create(host, arg, 1, &model, err);

    if (!status)
        status = fv_model_save(model, test_path("oom.safetensors"), err);
    fv_model_free(model);
    return status;
}

static fv_status use_selfcheck(const fv_host *host, void *arg, fv_error *err)
{
    fv_model *model;
    fv_status status = fv_model_open(host, arg, &model, err);

    if (!status)
        status = fv_model_selfcheck(model, NULL, err);
    fv_model_free(model);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    char path[PATH_MAX];
    fv_model *model = tiny_model(3);
    fv_net *net = tiny_net();
    fv_error err = {0};

    (void)state;
    snprintf(path, sizeof path, "%s", test_path("good.safetensors"));
    test_ok(fv_model_save(model, path, &err), &err);
    fv_model_free(model);
    assert_true(test_every_failure(use_create, net) >= 10);
    assert_true(test_every_failure(use_open, path) >= 10);
    assert_true(test_every_failure(use_save, net) >= 20);
    assert_true(test_every_failure(use_selfcheck, path) >= 20);
    fv_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saving_and_opening_keeps_all),     cmocka_unit_test(tensors_must_be_the_nets),
        cmocka_unit_test(batch_counters_are_passed_over),   cmocka_unit_test(other_types_are_converted),
        cmocka_unit_test(metadata_must_make_sense),         cmocka_unit_test(large_nets_of_small_files_are_refused),
        cmocka_unit_test(newer_minor_versions_are_read),    cmocka_unit_test(files_cut_short_are_refused),
        cmocka_unit_test(failed_saves_keep_the_old_file),   cmocka_unit_test(selftest_proves_the_machine),
        cmocka_unit_test(selftest_finds_wrong_weights),     cmocka_unit_test(selftest_of_hostile_files_is_refused),
        cmocka_unit_test(broken_weights_carry_no_selftest), cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
