/* model/safetensors: values at any alignment, what is written, and what is at the path when writing fails. */
#include "support.h"

#include "model/safetensors.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* A tensor of `count` elements whose data begin `shift` bytes behind an aligned address. */
static fv_st_tensor tensor_at(fv_st_type type, uint8_t *block, size_t shift, const void *bits, size_t bytes)
{
    fv_st_tensor t = {.name = "x", .type = type, .rank = 1, .data = block + shift, .bytes = bytes};

    t.dim[0] = bytes * 8 / fv_st_type_bits(type);
    memcpy(block + shift, bits, bytes);
    return t;
}

/* All 65536 halves against their definition. */
static void halves_are_exact(void **state)
{
    static uint16_t bits[65536];
    static uint8_t block[sizeof bits + 8];
    static float out[65536];
    static double wide[65536];
    fv_error err;

    (void)state;
    for (size_t i = 0; i < 65536; i++)
        bits[i] = (uint16_t)i;
    for (size_t shift = 0; shift < 2; shift++) {
        const fv_st_tensor t = tensor_at(FV_ST_F16, block, shift, bits, sizeof bits);

        test_ok(fv_st_read_float(&t, 0, 65536, out, &err), &err);
        test_ok(fv_st_read_double(&t, 0, 65536, wide, &err), &err);
        for (size_t i = 0; i < 65536; i++) {
            const int e = (int)(i >> 10 & 31), f = (int)(i & 1023);
            const double size = e == 31 ? (f ? (double)NAN : (double)INFINITY)
                                : e     ? ldexp(1024 + f, e - 25)
                                        : ldexp(f, -24);

            assert_true(isnan(size) ? isnan(out[i]) && isnan(wide[i])
                                    : (double)fabsf(out[i]) == size && fabs(wide[i]) == size);
            assert_true(isnan(size) || (!!signbit(out[i]) == (int)(i >> 15) && !!signbit(wide[i]) == (int)(i >> 15)));
        }
    }
}

static void values_at_any_alignment(void **state)
{
    static const uint32_t bf16[] = {0x3F80, 0xC0A0, 0x0001, 0x7F80, 0x8000}; /* 1, -5, 2^-133, inf, -0 */
    static const double bf16_values[] = {1, -5, 0x1p-133, (double)INFINITY, -0.0};
    static const float f32[] = {1.5f, -0.1f, 0x1p-149f, 3.4e38f};
    static const double f64[] = {0.1, -1e300, 0x1p-1074, 2};
    uint16_t halves[FV_COUNT(bf16)];
    uint8_t block[64];
    fv_error err;

    (void)state;
    for (size_t i = 0; i < FV_COUNT(bf16); i++)
        halves[i] = (uint16_t)bf16[i];
    for (size_t shift = 0; shift < 8; shift++) {
        fv_st_tensor t = tensor_at(FV_ST_BF16, block, shift, halves, sizeof halves);
        float out[8];
        double wide[8];

        test_ok(fv_st_read_float(&t, 0, 5, out, &err), &err);
        test_ok(fv_st_read_double(&t, 0, 5, wide, &err), &err);
        for (size_t i = 0; i < 5; i++)
            assert_true((double)out[i] == bf16_values[i] && wide[i] == bf16_values[i]);
        t = tensor_at(FV_ST_F32, block, shift, f32, sizeof f32);
        test_ok(fv_st_read_float(&t, 1, 3, out, &err), &err);
        test_ok(fv_st_read_double(&t, 1, 3, wide, &err), &err);
        for (size_t i = 0; i < 3; i++)
            assert_true(out[i] == f32[i + 1] && wide[i] == (double)f32[i + 1]);
        t = tensor_at(FV_ST_F64, block, shift, f64, sizeof f64);
        test_ok(fv_st_read_double(&t, 0, 4, wide, &err), &err);
        assert_memory_equal(wide, f64, sizeof f64);
        test_ok(fv_st_read_float(&t, 0, 4, out, &err), &err);
        assert_true(out[0] == 0.1f && out[1] == -INFINITY && out[2] == 0 && out[3] == 2);
    }
}

static void floats_are_shown_where_they_lie(void **state)
{
    static const float f32[] = {1, 2};
    _Alignas(8) uint8_t block[32];

    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        const fv_st_tensor t = tensor_at(FV_ST_F32, block, shift, f32, sizeof f32);

        assert_ptr_equal(fv_st_floats(&t), shift % 4 ? NULL : block + shift);
    }
    assert_null(fv_st_floats(&(fv_st_tensor){.type = FV_ST_I32, .data = block}));
}

static void wrong_reads_are_refused(void **state)
{
    static const float f32[] = {1, 2, 3};
    uint8_t block[32];
    fv_st_tensor t = tensor_at(FV_ST_F32, block, 0, f32, sizeof f32);
    float out[4];
    double wide[4];
    fv_error err;

    (void)state;
    test_failed(fv_st_read_float(&t, 1, 3, out, &err), FV_E_RANGE, &err, "tensor 'x' has 3 elements, wanted 3 from 1");
    test_failed(fv_st_read_double(&t, UINT64_MAX, 1, wide, &err), FV_E_RANGE, &err, "from 18446744073709551615");
    test_failed(fv_st_read_float(&t, 2, SIZE_MAX, out, &err), FV_E_RANGE, &err, "tensor 'x' has 3 elements");
    test_ok(fv_st_read_float(&t, 3, 0, NULL, &err), &err);
    for (int type = 0; type < FV_ST_TYPE_COUNT; type++) {
        const bool real = type == FV_ST_F64 || type == FV_ST_F32 || type == FV_ST_F16 || type == FV_ST_BF16;

        t.type = (fv_st_type)type;
        assert_int_equal(fv_st_read_float(&t, 0, 1, out, &err), real ? FV_OK : FV_E_UNSUPPORTED);
        assert_int_equal(fv_st_read_double(&t, 0, 1, wide, &err), real ? FV_OK : FV_E_UNSUPPORTED);
    }
    test_message(&err, "tensor 'x' is U64, wanted F64, F32, F16 or BF16");
}

/* -------------------------------------------------------------------------------------------------------- writing */

static const float weights[] = {1, -2, 3.5f, 0, 1e-30f, 7};
static const double state_values[] = {0.1, -1e300};
static const int64_t steps = 1234567890123;

static fv_st_tensor float_tensor(const char *name, int rank, uint64_t d0, uint64_t d1, const float *data, size_t n)
{
    return (fv_st_tensor){.name = name,
                          .type = FV_ST_F32,
                          .rank = rank,
                          .dim = {d0, d1},
                          .data = (const uint8_t *)data,
                          .bytes = n * sizeof *data};
}

static const fv_st_meta some_meta[] = {{"seed", "1"}, {"format", "pt"}, {"net", "input 28x28x1\nconv \"5x5\" 6\t\x7F"}};

/* weights [2,3], an empty one, a scalar, doubles and an integer. */
static size_t some_tensors(fv_st_tensor out[8])
{
    size_t n = 0;

    out[n++] = float_tensor("conv.weight", 2, 2, 3, weights, 6);
    out[n++] = float_tensor("empty", 2, 0, 3, NULL, 0);
    out[n++] = float_tensor("a \"scalar\" \xE2\x82\xAC", 0, 0, 0, weights, 1);
    out[n++] = (fv_st_tensor){.name = "state",
                              .type = FV_ST_F64,
                              .rank = 1,
                              .dim = {2},
                              .data = (const uint8_t *)state_values,
                              .bytes = sizeof state_values};
    out[n++] = (fv_st_tensor){.name = "steps", .type = FV_ST_I64, .data = (const uint8_t *)&steps, .bytes = 8};
    return n;
}

static void what_is_written_reads_back(void **state)
{
    const char *path = test_path("round.safetensors");
    fv_st_tensor tensors[8];
    const size_t count = some_tensors(tensors);
    fv_safetensors st;
    fv_error err;
    double wide[2];

    (void)state;
    test_ok(fv_safetensors_write(NULL, path, tensors, count, some_meta, 3, &err), &err);
    test_ok(fv_safetensors_open(NULL, path, &st, &err), &err);
    assert_int_equal(st.count, count);
    for (size_t i = 0; i < count; i++) {
        const fv_st_tensor *got = fv_safetensors_find(&st, tensors[i].name);

        assert_non_null(got);
        assert_true(got->type == tensors[i].type && got->rank == tensors[i].rank && got->bytes == tensors[i].bytes);
        assert_memory_equal(got->dim, tensors[i].dim, sizeof got->dim);
        assert_true(got->bytes == 0 || memcmp(got->data, tensors[i].data, got->bytes) == 0);
    }
    assert_int_equal((uintptr_t)st.tensors[0].data % 64, 0);
    assert_int_equal((size_t)(fv_safetensors_find(&st, "conv.weight")->data - st.map) % 64, 0);
    test_ok(fv_st_read_double(fv_safetensors_find(&st, "state"), 0, 2, wide, &err), &err);
    assert_memory_equal(wide, state_values, sizeof wide);
    assert_int_equal(st.meta_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(fv_safetensors_meta(&st, some_meta[i].key), some_meta[i].value);
    fv_safetensors_free(&st);
}

/* Byte for byte what the format says, whatever the order of the metadata. */
static void written_bytes_are_fixed(void **state)
{
    static const char want[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"net\":\"input 28x28x1\\nconv \\\"5x5\\\" 6\\t\\u007f\",\"seed\":\"1\"},"
        "\"conv.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
        "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[24,24]},"
        "\"a \\\"scalar\\\" \xE2\x82\xAC\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[24,28]},"
        "\"state\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[28,44]},"
        "\"steps\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[44,52]}}";
    const fv_st_meta turned[] = {some_meta[2], some_meta[0], some_meta[1]};
    const char *first = test_path("bytes-1"), *second = test_path("bytes-2");
    const size_t length = (8 + strlen(want) + 63) / 64 * 64 - 8;
    fv_st_tensor tensors[8];
    const size_t count = some_tensors(tensors);
    unsigned char *a, *b;
    size_t a_size, b_size;
    fv_error err;

    (void)state;
    test_ok(fv_safetensors_write(NULL, first, tensors, count, some_meta, 3, &err), &err);
    test_ok(fv_safetensors_write(NULL, second, tensors, count, turned, 3, &err), &err);
    a = test_read_file(first, &a_size);
    b = test_read_file(second, &b_size);
    assert_int_equal(a_size, 8 + length + 52);
    assert_int_equal(b_size, a_size);
    assert_memory_equal(a, b, a_size);
    assert_int_equal(a[0] | a[1] << 8 | a[2] << 16, length);
    assert_memory_equal(a + 3, "\0\0\0\0\0", 5);
    assert_memory_equal(a + 8, want, strlen(want));
    for (size_t i = strlen(want); i < length; i++)
        assert_int_equal(a[8 + i], ' ');
    assert_memory_equal(a + 8 + length, weights, sizeof weights);
    free(a);
    free(b);
}

static void an_empty_file_can_be_written(void **state)
{
    const char *path = test_path("nothing.safetensors");
    fv_safetensors st;
    fv_error err;
    unsigned char *bytes;
    size_t size;

    (void)state;
    test_ok(fv_safetensors_write(NULL, path, NULL, 0, NULL, 0, &err), &err);
    bytes = test_read_file(path, &size);
    assert_int_equal(size, 64);
    assert_memory_equal(bytes, "8\0\0\0\0\0\0\0{} ", 11);
    free(bytes);
    test_ok(fv_safetensors_open(NULL, path, &st, &err), &err);
    assert_true(st.count == 0 && st.meta_count == 0);
    fv_safetensors_free(&st);
}

static void wrong_arguments_are_not_written(void **state)
{
    const struct {
        fv_st_tensor tensors[2];
        fv_st_meta meta[2];
        const char *message;
    } cases[] = {
        {{float_tensor("a", 1, 1, 0, weights, 1), float_tensor("a", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"l", "v"}},
         "two tensors are called 'a'"},
        {{float_tensor("a", 1, 1, 0, weights, 1), float_tensor("b", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"k", "w"}},
         "two metadata keys are called 'k'"},
        {{float_tensor("\xFF", 1, 1, 0, weights, 1), float_tensor("b", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"l", "w"}},
         "tensor '?' is not UTF-8"},
        {{float_tensor("a", 1, 1, 0, weights, 1), float_tensor("b", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"l", "\xC2"}},
         "value of metadata key 'l' is not UTF-8"},
        {{float_tensor("a", 1, 1, 0, weights, 1), float_tensor("b", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"\xC2", "v"}},
         "metadata key '?' is not UTF-8"},
        {{float_tensor("a", 1, 2, 0, weights, 1), float_tensor("b", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"l", "w"}},
         "tensor 'a' has 4 bytes, which shape 2 of F32 does not need"},
        {{float_tensor("a", 1, 1, 0, weights, 2), float_tensor("b", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"l", "w"}},
         "tensor 'a' has 8 bytes, which shape 1 of F32 does not need"},
        {{float_tensor("a", 2, UINT64_MAX, 2, weights, 1), float_tensor("b", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"l", "w"}},
         "tensor 'a' has 4 bytes, which shape 18446744073709551615x2 of F32 does not need"},
        {{float_tensor("a", 9, 1, 0, weights, 1), float_tensor("b", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"l", "w"}},
         "tensor 'a' has 9 dimensions, at most 8 are written"},
        {{float_tensor("__metadata__", 1, 1, 0, weights, 1), float_tensor("b", 1, 1, 0, weights, 1)},
         {{"k", "v"}, {"l", "w"}},
         "no tensor can be called '__metadata__'"},
    };
    const char *path = test_path("wrong.safetensors");

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_error err = {0};

        test_failed(fv_safetensors_write(NULL, path, cases[i].tensors, 2, cases[i].meta, 2, &err), FV_E_ARGUMENT, &err,
                    cases[i].message);
        test_message(&err, "wrong.safetensors: ");
        assert_int_equal(access(path, F_OK), -1);
    }
}

static fv_status write_some(const fv_host *host, void *arg, fv_error *err)
{
    fv_st_tensor tensors[8];
    const size_t count = some_tensors(tensors);

    return fv_safetensors_write(host, arg, tensors, count, some_meta, 3, err);
}

static fv_status open_some(const fv_host *host, void *arg, fv_error *err)
{
    fv_safetensors st;
    const fv_status status = fv_safetensors_open(host, arg, &st, err);

    fv_safetensors_free(&st);
    return status;
}

/* Only the run that succeeds replaces the file. */
static void writing_survives_every_failure(void **state)
{
    const char *path = test_path("failing.safetensors");
    test_host h;
    fv_error err;
    unsigned char *bytes;
    size_t size;

    (void)state;
    test_write_file(path, "old", 3);
    for (size_t k = 1; k <= 2; k++) {
        test_host_init(&h);
        h.fail_at = k;
        test_failed(write_some(&h.host, (void *)(uintptr_t)path, &err), FV_E_MEMORY, &err, "out of memory");
        bytes = test_read_file(path, &size);
        assert_true(size == 3 && !memcmp(bytes, "old", 3));
        free(bytes);
    }
    assert_in_range(test_every_failure(write_some, (void *)(uintptr_t)path), 3, 9);
    assert_int_equal(test_every_failure(open_some, (void *)(uintptr_t)path), 1);
}

static void opening_names_the_file(void **state)
{
    const char *path = test_path("bad.safetensors");
    fv_safetensors st;
    fv_error err;

    (void)state;
    test_failed(fv_safetensors_open(NULL, test_path("missing"), &st, &err), FV_E_IO, &err,
                "missing: cannot open: No such file or directory");
    assert_true(st.count == 0 && st.map == NULL);
    test_write_file(path, "", 0);
    test_failed(fv_safetensors_open(NULL, path, &st, &err), FV_E_FORMAT, &err, "bad.safetensors: has 0 bytes");
    test_write_file(path, "GIF89a, which is a picture", 26);
    test_failed(fv_safetensors_open(NULL, path, &st, &err), FV_E_FORMAT, &err, "no safetensors file?");
    assert_true(st.count == 0 && st.map == NULL);
}

/* As on a full disk, in a process of its own: files may not pass 1000 bytes. */
static int write_beyond_the_limit(const char *path)
{
    const struct rlimit small = {1000, 1000};
    static float big[1000];
    const fv_st_tensor t = float_tensor("big", 1, FV_COUNT(big), 0, big, FV_COUNT(big));
    fv_error err = {0};

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &small))
        return 100;
    if (fv_safetensors_write(NULL, path, &t, 1, NULL, 0, &err) != FV_E_IO)
        return 1;
    return strstr(err.message, "kept.safetensors: cannot write: File too large") ? 0 : 2;
}

static void full_disk_keeps_the_old_model(void **state)
{
    const char *path = test_path("kept.safetensors");
    fv_safetensors st;
    fv_error err;
    int status;
    pid_t pid;

    (void)state;
    test_ok(write_some(NULL, (void *)(uintptr_t)path, &err), &err);
    pid = fork();
    if (pid == 0)
        _exit(write_beyond_the_limit(path));
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    test_ok(fv_safetensors_open(NULL, path, &st, &err), &err);
    assert_non_null(fv_safetensors_find(&st, "conv.weight"));
    fv_safetensors_free(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_exact),
        cmocka_unit_test(values_at_any_alignment),
        cmocka_unit_test(floats_are_shown_where_they_lie),
        cmocka_unit_test(wrong_reads_are_refused),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(written_bytes_are_fixed),
        cmocka_unit_test(an_empty_file_can_be_written),
        cmocka_unit_test(wrong_arguments_are_not_written),
        cmocka_unit_test(writing_survives_every_failure),
        cmocka_unit_test(opening_names_the_file),
        cmocka_unit_test(full_disk_keeps_the_old_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
