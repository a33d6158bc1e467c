/* model/safetensors: what is read, and hostile headers with the message each gets. */
#include "support.h"

#include "base/random.h"
#include "model/safetensors.h"

#include <jansson.h>

enum { FILE_MAX = 1 << 16 };

/* N | header | `data` bytes 0, 1, 2... into buf; returns the size. */
static size_t make_n(uint8_t buf[FILE_MAX], uint64_t n, const char *header, size_t length, size_t data)
{
    assert_true(8 + length + data <= FILE_MAX);
    for (int i = 0; i < 8; i++)
        buf[i] = (uint8_t)(n >> 8 * i);
    memcpy(buf + 8, header, length);
    for (size_t i = 0; i < data; i++)
        buf[8 + length + i] = (uint8_t)i;
    return 8 + length + data;
}

static size_t make(uint8_t buf[FILE_MAX], const char *header, size_t data)
{
    return make_n(buf, strlen(header), header, strlen(header), data);
}

/* From a block of exactly `size` bytes, so that a sanitizer sees any step over the end. */
static fv_status read_exact(const fv_host *host, const uint8_t *bytes, size_t size, fv_safetensors *st, uint8_t **block,
                            fv_error *err)
{
    *block = malloc(size ? size : 1);
    assert_non_null(*block);
    memcpy(*block, bytes, size);
    return fv_safetensors_read(host, "t.safetensors", *block, size, st, err);
}

/* -------------------------------------------------------------------------------------------------- what is refused */

#define F32(name, shape, begin, end)                                                                                   \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"
#define ENTRY(fields) "{\"a\":{" fields "}}"

static const struct {
    const char *header;
    size_t data;
    fv_status status;
    const char *message;
} refused[] = {
    /* not JSON, or not the JSON that is wanted */
    {"", 0, FV_E_FORMAT, "t.safetensors: header: '[' or '{' expected near end of file at byte 8"},
    {"[]", 0, FV_E_FORMAT, "t.safetensors: header is a list, wanted an object"},
    {"12", 0, FV_E_FORMAT, "header: '[' or '{' expected near '12'"},
    {"{", 0, FV_E_FORMAT, "header: string or '}' expected near end of file at byte 9"},
    {"{}x", 0, FV_E_FORMAT, "header: end of file expected near 'x'"},
    {"{} {}", 0, FV_E_FORMAT, "header: end of file expected near '{'"},
    {"{\"a\":\"\xFF\"}", 0, FV_E_FORMAT, "header: unable to decode byte 0xff near"},
    {"{\"a\":\"\xED\xA0\x80\"}", 0, FV_E_FORMAT, "header: unable to decode byte 0xed"},
    {"{\"a\":\"\\ud800\"}", 0, FV_E_FORMAT, "header: invalid Unicode '\\uD800'"},
    {"{\"a\\u0000b\":{}}", 0, FV_E_FORMAT, "header: NUL byte in object key not supported"},
    {"{\"a\":\"x\\u0000\"}", 0, FV_E_FORMAT, "header: \\u0000 is not allowed"},
    {"{\"a\":\"\x1B[2J\"}", 0, FV_E_FORMAT, "header: control character 0x1b"},
    {"{\"a\":{},\"a\":{}}", 0, FV_E_FORMAT, "header: duplicate object key near '\"a\"'"},
    {ENTRY("\"shape\":[],\"shape\":[]"), 0, FV_E_FORMAT, "header: duplicate object key near '\"shape\"'"},
    {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, FV_E_FORMAT, "header: duplicate object key near '\"k\"'"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, FV_E_FORMAT, "header: duplicate object key"},
    /* metadata */
    {"{\"__metadata__\":[]}", 0, FV_E_FORMAT, "t.safetensors: __metadata__ is a list, wanted an object"},
    {"{\"__metadata__\":null}", 0, FV_E_FORMAT, "__metadata__ is null, wanted an object"},
    {"{\"__metadata__\":{\"k\":1}}", 0, FV_E_FORMAT, "__metadata__ 'k' is a number, wanted a string"},
    {"{\"__metadata__\":{\"k\":null}}", 0, FV_E_FORMAT, "__metadata__ 'k' is null, wanted a string"},
    {"{\"__metadata__\":{\"k\":[\"v\"]}}", 0, FV_E_FORMAT, "__metadata__ 'k' is a list, wanted a string"},
    {"{\"__metadata__\":{\"k\":{}}}", 0, FV_E_FORMAT, "__metadata__ 'k' is an object, wanted a string"},
    {"{\"__metadata__\":{\"k\":true}}", 0, FV_E_FORMAT, "__metadata__ 'k' is true or false, wanted a string"},
    /* entries */
    {"{\"a\":1}", 0, FV_E_FORMAT, "t.safetensors: tensor 'a': is a number, wanted an object"},
    {"{\"a\\u001b[2J\":1}", 0, FV_E_FORMAT, "tensor 'a?[2J': is a number"},
    {ENTRY("\"shape\":[],\"data_offsets\":[0,4]"), 4, FV_E_FORMAT, "tensor 'a': dtype is missing, wanted a string"},
    {ENTRY("\"dtype\":\"F32\",\"data_offsets\":[0,4]"), 4, FV_E_FORMAT, "tensor 'a': shape is missing, wanted a list"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[]"), 4, FV_E_FORMAT, "tensor 'a': data_offsets is missing, wanted a list"},
    {ENTRY("\"dtype\":32,\"shape\":[],\"data_offsets\":[0,4]"), 4, FV_E_FORMAT, "'a': dtype is a number"},
    {ENTRY("\"dtype\":\"f32\",\"shape\":[],\"data_offsets\":[0,4]"), 4, FV_E_FORMAT, "'a': unknown dtype 'f32'"},
    {ENTRY("\"dtype\":\"F128\",\"shape\":[],\"data_offsets\":[0,16]"), 16, FV_E_FORMAT, "'a': unknown dtype 'F128'"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":{},\"data_offsets\":[0,4]"), 4, FV_E_FORMAT, "'a': shape is an object"},
    /* numbers */
    {"{" F32("a", "1.0", "0", "4") "}", 4, FV_E_FORMAT, "'a': shape holds a fraction, wanted a whole number"},
    {"{" F32("a", "1e0", "0", "4") "}", 4, FV_E_FORMAT, "'a': shape holds a fraction, wanted a whole number"},
    {"{" F32("a", "\"1\"", "0", "4") "}", 4, FV_E_FORMAT, "'a': shape holds a string, wanted a whole number"},
    {"{" F32("a", "null", "0", "4") "}", 4, FV_E_FORMAT, "'a': shape holds null, wanted a whole number"},
    {"{" F32("a", "-1", "0", "4") "}", 4, FV_E_FORMAT, "t.safetensors: header: negative number at byte 37"},
    {"{" F32("a", "1", "-0", "4") "}", 4, FV_E_FORMAT, "header: negative number"},
    {"{" F32("a", "18446744073709551616", "0", "4") "}", 4, FV_E_FORMAT, "header: too big integer"},
    {"{" F32("a", "9223372036854775808", "0", "4") "}", 4, FV_E_FORMAT, "header: too big integer"},
    {"{" F32("a", "1", "0.0", "4") "}", 4, FV_E_FORMAT, "'a': data_offsets holds a fraction"},
    {"{" F32("a", "1", "0", "4,4") "}", 4, FV_E_FORMAT, "'a': data_offsets has 3 numbers, wanted 2"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4]"), 4, FV_E_FORMAT,
     "data_offsets has 1 numbers, wanted 2"},
    {"{" F32("a", "1,1,1,1,1,1,1,1,1", "0", "4") "}", 4, FV_E_UNSUPPORTED,
     "'a': shape has 9 numbers, at most 8 are read"},
    /* sizes and offsets */
    {"{" F32("conv1.weight", "6,1,5,5", "0", "604") "}", 604, FV_E_FORMAT,
     "t.safetensors: tensor 'conv1.weight': data_offsets 0..604 hold 604 bytes, shape 6x1x5x5 of F32 needs 600"},
    {"{" F32("a", "", "0", "0") "}", 0, FV_E_FORMAT,
     "'a': data_offsets 0..0 hold 0 bytes, shape scalar of F32 needs 4"},
    {"{" F32("a", "0", "0", "4") "}", 4, FV_E_FORMAT, "'a': data_offsets 0..4 hold 4 bytes, shape 0 of F32 needs 0"},
    {"{" F32("a", "1", "8", "4") "}", 8, FV_E_FORMAT, "'a': data_offsets 8..4 run backwards"},
    {"{" F32("a", "2", "0", "8") "}", 7, FV_E_FORMAT,
     "'a': data_offsets 0..8 pass the end, the file has 7 bytes of data; cut short?"},
    {"{" F32("a", "1", "9223372036854775800", "9223372036854775804") "}", 4, FV_E_FORMAT,
     "'a': data_offsets 9223372036854775800..9223372036854775804 pass the end"},
    {"{" F32("a", "4294967296,4294967296", "0", "4") "}", 4, FV_E_FORMAT,
     "'a': shape 4294967296x4294967296 of F32 has no whole number of bytes below 2^64"},
    {"{" F32("a", "4611686018427387904,2", "0", "0") "}", 0, FV_E_FORMAT, "has no whole number of bytes below 2^64"},
    {"{" F32("a", "9223372036854775807,3,0", "0", "0") "}", 0, FV_E_FORMAT, "has no whole number of bytes below 2^64"},
    {ENTRY("\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]"), 1, FV_E_FORMAT,
     "shape 3 of F4 has no whole number"},
    {ENTRY("\"dtype\":\"F6_E2M3\",\"shape\":[2],\"data_offsets\":[0,1]"), 1, FV_E_FORMAT, "2 of F6_E2M3 has no whole"},
    /* the data are covered once */
    {"{}", 1, FV_E_FORMAT, "t.safetensors: 1 bytes after the last tensor's data, which end at 0"},
    {"{" F32("a", "1", "0", "4") "}", 7, FV_E_FORMAT, "3 bytes after the last tensor's data, which end at 4"},
    {"{" F32("a", "1", "4", "8") "}", 8, FV_E_FORMAT, "tensor 'a': data begin at 4, a hole of 4 bytes before them"},
    {"{" F32("b", "1", "12", "16") "," F32("a", "2", "0", "8") "}", 16, FV_E_FORMAT,
     "tensor 'b': data begin at 12, a hole of 4 bytes before them"},
    {"{" F32("a", "2", "0", "8") "," F32("b", "2", "4", "12") "}", 12, FV_E_FORMAT,
     "tensor 'b': data begin at 4, inside tensor 'a' that ends at 8"},
    {"{" F32("a", "2", "0", "8") "," F32("b", "2", "0", "8") "}", 8, FV_E_FORMAT,
     "tensor 'b': data begin at 0, inside tensor 'a' that ends at 8"},
    {"{" F32("a", "2", "0", "8") "," F32("empty", "0", "4", "4") "}", 8, FV_E_FORMAT,
     "tensor 'empty': data begin at 4, inside tensor 'a' that ends at 8"},
};

static void assert_empty(const fv_safetensors *st)
{
    assert_true(st->count == 0 && st->meta_count == 0 && st->map == NULL && st->arena.chunk == NULL);
}

static void hostile_headers_are_refused(void **state)
{
    static uint8_t buf[FILE_MAX];

    (void)state;
    for (size_t i = 0; i < FV_COUNT(refused); i++) {
        const size_t size = make(buf, refused[i].header, refused[i].data);
        fv_safetensors st;
        fv_error err = {0};
        uint8_t *block;
        test_host h;

        test_host_init(&h);
        test_failed(read_exact(&h.host, buf, size, &st, &block, &err), refused[i].status, &err, refused[i].message);
        assert_empty(&st);
        assert_int_equal(h.live, 0);
        assert_int_equal(fv_safetensors_read(NULL, "t", block, size, &st, NULL), refused[i].status);
        free(block);
    }
}

/* N against the size of the file. */
static void lengths_are_checked(void **state)
{
    static const struct {
        uint64_t n;
        size_t length;
        const char *message;
    } cases[] = {
        {3, 2, "t.safetensors: header of 3 bytes passes the end of the file at 10; cut short?"},
        {100000000, 2, "header of 100000000 bytes passes the end of the file at 10"},
        {100000001, 2, "header of 100000001 bytes, at most 100000000 are allowed; no safetensors file?"},
        {UINT64_MAX, 2, "header of 18446744073709551615 bytes, at most 100000000"},
        {UINT64_MAX - 7, 2, "header of 18446744073709551608 bytes, at most 100000000"},
        {0, 2, "header: '[' or '{' expected near end of file"},
        {1, 2, "header: string or '}' expected near end of file"},
    };
    static uint8_t buf[FILE_MAX];
    fv_safetensors st;
    fv_error err;
    uint8_t *block;

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const size_t size = make_n(buf, cases[i].n, "{}", cases[i].length, 0);

        test_failed(read_exact(NULL, buf, size, &st, &block, &err), FV_E_FORMAT, &err, cases[i].message);
        free(block);
    }
    for (size_t size = 0; size < 8; size++) {
        char want[96];

        snprintf(want, sizeof want, "t.safetensors: has %zu bytes, a safetensors file begins with 8 bytes", size);
        test_failed(read_exact(NULL, buf, size, &st, &block, &err), FV_E_FORMAT, &err, want);
        free(block);
    }
    test_failed(fv_safetensors_read(NULL, "t.safetensors", NULL, 0, &st, &err), FV_E_FORMAT, &err, "has 0 bytes");
}

/* `times` copies of `piece` between `begin` and `end`, as a whole file. */
static uint8_t *make_long(const char *begin, const char *piece, size_t times, const char *end, size_t *size)
{
    const size_t n = strlen(begin) + strlen(piece) * times + strlen(end);
    uint8_t *file = malloc(8 + n), *at = file;

    assert_non_null(file);
    for (int i = 0; i < 8; i++)
        *at++ = (uint8_t)((uint64_t)n >> 8 * i);
    at = (uint8_t *)stpcpy((char *)at, begin);
    for (size_t i = 0; i < times; i++, at += strlen(piece))
        memcpy(at, piece, strlen(piece));
    memcpy(at, end, strlen(end));
    *size = 8 + n;
    return file;
}

/* Headers that are small on disk and would be large in memory, or deep on the stack. */
static void memory_and_depth_are_bounded(void **state)
{
    static const struct {
        const char *begin, *piece;
        size_t times;
        fv_status status;
        const char *message;
    } cases[] = {
        {"", "[", 100000, FV_E_FORMAT, "header: nested deeper than 32 at byte 40"},
        {"{\"a\":", "{\"a\":", 100000, FV_E_FORMAT, "header: nested deeper than 32"},
        {"[", "[],", 9000000, FV_E_UNSUPPORTED, "header: more than 2097152 tokens at byte"},
        {"{", "\"\":0,", 9000000, FV_E_UNSUPPORTED, "header: more than 2097152 tokens at byte"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_safetensors st;
        fv_error err;
        test_host h;
        size_t size;
        uint8_t *file = make_long(cases[i].begin, cases[i].piece, cases[i].times, "", &size);

        test_host_init(&h);
        test_failed(fv_safetensors_read(&h.host, "t", file, size, &st, &err), cases[i].status, &err, cases[i].message);
        assert_int_equal(h.peak_bytes, 0);
        free(file);
    }
}

/* ------------------------------------------------------------------------------------------------- what is accepted */

static void odd_but_legal_files_are_read(void **state)
{
    static const struct {
        const char *header;
        size_t data, count, meta_count;
    } cases[] = {
        {"{}", 0, 0, 0},
        {" \t\r\n{}   ", 0, 0, 0},
        {"{\"__metadata__\":{}}", 0, 0, 0},
        {"{\"__metadata__\":{\"\":\"\",\"a-b\":\"-[{\\\"\"}}", 0, 0, 2},
        {"{\"__metadata__\":{\"k\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[-\"}}", 0, 0,
         1}, /* in a string nothing counts */
        {"{" F32("", "", "0", "4") "}", 4, 1, 0},
        {"{" F32("empty", "0", "0", "0") "}", 0, 1, 0},
        {"{" F32("b", "0,7", "4", "4") "," F32("a", "1", "0", "4") "," F32("c", "0", "0", "0") "}", 4, 3, 0},
        {"{" F32("z", "1", "4", "8") "," F32("m", "0", "4", "4") "," F32("a", "1", "0", "4") "}", 8, 3, 0},
        {"{" F32("a", "1,1,1,1,1,1,1,1", "0", "4") "}", 4, 1, 0},
        {ENTRY("\"data_offsets\":[0,4],\"shape\":[1],\"dtype\":\"F32\",\"note\":{\"x\":[1.5,null]}"), 4, 1, 0},
        {ENTRY("\"dtype\":\"F4\",\"shape\":[2,3],\"data_offsets\":[0,3]"), 3, 1, 0},
        {ENTRY("\"dtype\":\"F6_E3M2\",\"shape\":[4],\"data_offsets\":[0,3]"), 3, 1, 0},
        {"{" F32("\\u20ac\\ud83d\\ude00", "1", "0", "4") "}", 4, 1, 0},
    };
    static uint8_t buf[FILE_MAX];

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const size_t size = make(buf, cases[i].header, cases[i].data);
        fv_safetensors st;
        fv_error err;
        uint8_t *block;

        test_ok(read_exact(NULL, buf, size, &st, &block, &err), &err);
        assert_int_equal(st.count, cases[i].count);
        assert_int_equal(st.meta_count, cases[i].meta_count);
        for (size_t t = 0; t < st.count; t++)
            assert_ptr_equal(fv_safetensors_find(&st, st.tensors[t].name), &st.tensors[t]);
        fv_safetensors_free(&st);
        fv_safetensors_free(&st);
        free(block);
    }
}

static void tensors_and_metadata_are_found(void **state)
{
    static uint8_t buf[FILE_MAX];
    const size_t size =
        make(buf,
             "{" F32("fc.bias", "3", "20", "32") ",\"__metadata__\":{\"z\":\"last\",\"format\":\"pt\"}," F32(
                 "conv.weight", "5,1", "0", "20") "}",
             32);
    fv_safetensors st;
    fv_error err;
    uint8_t *block;
    const fv_st_tensor *t;
    char shape[FV_ST_SHAPE_TEXT];

    (void)state;
    test_ok(read_exact(NULL, buf, size, &st, &block, &err), &err);
    assert_int_equal(st.count, 2);
    assert_string_equal(st.tensors[0].name, "conv.weight"); /* in the order of the data */
    t = fv_safetensors_find(&st, "fc.bias");
    assert_ptr_equal(t, &st.tensors[1]);
    assert_true(t->type == FV_ST_F32 && t->rank == 1 && t->dim[0] == 3 && t->bytes == 12);
    assert_int_equal(t->data[0], 20);
    assert_string_equal(fv_st_shape_text(&st.tensors[0], shape), "5x1");
    assert_null(fv_safetensors_find(&st, "fc"));
    assert_null(fv_safetensors_find(&st, ""));
    assert_string_equal(fv_safetensors_meta(&st, "format"), "pt");
    assert_string_equal(fv_safetensors_meta(&st, "z"), "last");
    assert_string_equal(st.meta[0].key, "format");
    assert_null(fv_safetensors_meta(&st, "formats"));
    fv_safetensors_free(&st);
    assert_null(fv_safetensors_find(&st, "fc.bias"));
    assert_null(fv_safetensors_meta(&st, "format"));
    free(block);
}

/* The list of the specification, and that each is read. */
static void all_types_are_known(void **state)
{
    static const struct {
        const char *name;
        uint32_t bits;
    } types[] = {
        {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
        {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
        {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
        {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64},
    };
    static uint8_t buf[FILE_MAX];

    (void)state;
    assert_int_equal(FV_COUNT(types), FV_ST_TYPE_COUNT);
    for (size_t i = 0; i < FV_COUNT(types); i++) {
        char header[200];
        fv_safetensors st;
        fv_error err;
        uint8_t *block;

        snprintf(header, sizeof header, ENTRY("\"dtype\":\"%s\",\"shape\":[4],\"data_offsets\":[0,%u]"), types[i].name,
                 types[i].bits / 2);
        test_ok(read_exact(NULL, buf, make(buf, header, types[i].bits / 2), &st, &block, &err), &err);
        assert_string_equal(fv_st_type_name(st.tensors[0].type), types[i].name);
        assert_int_equal(fv_st_type_bits(st.tensors[0].type), types[i].bits);
        fv_safetensors_free(&st);
        free(block);
    }
    assert_string_equal(fv_st_type_name(FV_ST_TYPE_COUNT), "?");
    assert_int_equal(fv_st_type_bits(FV_ST_TYPE_COUNT), 0);
}

/* 20,000 tensors in a scrambled order, each found. */
static void many_tensors_are_indexed(void **state)
{
    enum { MANY = 20000 };
    uint32_t *order = malloc(MANY * sizeof *order);
    char *header = malloc(MANY * 100), *at = header;
    uint8_t *file;
    size_t size;
    fv_safetensors st;
    fv_error err;

    (void)state;
    assert_true(order && header);
    fv_random_shuffle((fv_random){1, FV_STREAM_TEST, 0}, order, MANY);
    for (size_t i = 0; i < MANY; i++)
        at += sprintf(at, "%c\"t%u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%u,%u]}", i ? ',' : '{',
                      order[i], order[i], order[i] + 1);
    file = make_long(header, "", 0, "}", &size);
    file = realloc(file, size + MANY);
    assert_non_null(file);
    memset(file + size, 0, MANY);
    test_ok(fv_safetensors_read(NULL, "t", file, size + MANY, &st, &err), &err);
    for (uint32_t i = 0; i < MANY; i++) {
        char name[16];

        snprintf(name, sizeof name, "t%u", i);
        assert_ptr_equal(fv_safetensors_find(&st, name), &st.tensors[i]);
        assert_ptr_equal(st.tensors[i].data, file + size + i);
    }
    fv_safetensors_free(&st);
    free(file);
    free(header);
    free(order);
}

/* Every prefix of a file, and every byte replaced: refused or read, never a step outside (the sanitizers look). */
static void broken_bytes_never_harm(void **state)
{
    static const uint8_t bytes[] = {0, '"', '{', '}', '[', '1', '9', ',', '-', '.', 0x80, 0xFF};
    static uint8_t buf[FILE_MAX];
    const size_t size =
        make(buf,
             "{\"__metadata__\":{\"k\":\"v\"}," F32(
                 "a", "2", "0", "8") ","
                                     "\"b\":{\"dtype\":\"F16\",\"shape\":[1,1],\"data_offsets\":[8,10]}}",
             10);
    fv_safetensors st;
    fv_error err;
    uint8_t *block;
    size_t good = 0;

    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(read_exact(NULL, buf, cut, &st, &block, &err), FV_E_FORMAT);
        free(block);
    }
    for (size_t i = 0; i < size; i++)
        for (size_t b = 0; b < FV_COUNT(bytes); b++) {
            const uint8_t before = buf[i];

            buf[i] = bytes[b];
            if (read_exact(NULL, buf, size, &st, &block, &err) == FV_OK) {
                size_t sum = 0;

                for (size_t t = 0; t < st.count; t++)
                    for (size_t k = 0; k < st.tensors[t].bytes; k++)
                        sum += st.tensors[t].data[k] + 1u;
                assert_true(sum >= 10);
                fv_safetensors_free(&st);
                good++;
            } else {
                assert_true(strstr(err.message, "t.safetensors: ") == err.message);
            }
            free(block);
            buf[i] = before;
        }
    assert_in_range(good, 120, 400); /* the ten bytes of data at least */
}

/* --------------------------------------------------------------------------------------------------------- memory */

static const char two_tensors[] = "{\"__metadata__\":{\"format\":\"pt\",\"seed\":\"1\"}," F32(
    "a", "2", "0", "8") ","
                        "\"b\":{\"dtype\":\"F16\",\"shape\":[1,1],\"data_offsets\":[8,10]}}";

static fv_status read_two(const fv_host *host, void *arg, fv_error *err)
{
    static uint8_t buf[FILE_MAX];
    fv_safetensors st;
    const fv_status status = fv_safetensors_read(host, "t", buf, make(buf, arg, 10), &st, err);

    if (status != FV_OK)
        assert_empty(&st);
    else
        assert_true(st.count == 2 && st.meta_count == 2);
    fv_safetensors_free(&st);
    return status;
}

/* A long name makes the arena ask again at each place where it is copied. */
static void reading_survives_every_failure(void **state)
{
    char header[30000], *at = header;

    (void)state;
    assert_int_equal(test_every_failure(read_two, (void *)(uintptr_t)two_tensors), 1);
    at += sprintf(at, "{\"__metadata__\":{\"format\":\"");
    memset(at, 'v', 9000);
    at += 9000;
    at += sprintf(at, "\",\"");
    memset(at, 'k', 9000);
    at += 9000;
    at += sprintf(at, "\":\"1\"},\"");
    memset(at, 'n', 9000);
    at += 9000;
    strcpy(at, strstr(two_tensors, "\":{\"dtype\":\"F32\""));
    assert_int_equal(test_every_failure(read_two, header), 4);
}

static size_t json_live, json_total, json_fail_at;

static void *json_alloc(size_t bytes)
{
    void *block = ++json_total == json_fail_at ? NULL : malloc(bytes);

    json_live += block != NULL;
    return block;
}

static void json_release(void *block)
{
    json_live -= block != NULL;
    free(block);
}

/* The JSON reader has an allocator of its own. What it cannot get it reports as a syntax error at some places (jansson
 * 2.14, strings), so either code may come; no tensor is lost, no block leaks. */
static void reading_survives_failures_of_the_json_reader(void **state)
{
    static uint8_t buf[FILE_MAX];
    const size_t size = make(buf, two_tensors, 10);
    fv_status status = FV_E_MEMORY;

    (void)state;
    json_set_alloc_funcs(json_alloc, json_release);
    for (json_fail_at = 1; status != FV_OK; json_fail_at++) {
        fv_safetensors st;
        fv_error err = {0};

        json_total = 0;
        status = fv_safetensors_read(NULL, "t", buf, size, &st, &err);
        assert_true(status == FV_OK || status == FV_E_MEMORY || status == FV_E_FORMAT);
        if (status == FV_OK)
            assert_int_equal(st.count, 2);
        fv_safetensors_free(&st);
        assert_int_equal(json_live, 0);
    }
    assert_in_range(json_fail_at, 20, 1000);
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(lengths_are_checked),
        cmocka_unit_test(memory_and_depth_are_bounded),
        cmocka_unit_test(odd_but_legal_files_are_read),
        cmocka_unit_test(tensors_and_metadata_are_found),
        cmocka_unit_test(all_types_are_known),
        cmocka_unit_test(many_tensors_are_indexed),
        cmocka_unit_test(broken_bytes_never_harm),
        cmocka_unit_test(reading_survives_every_failure),
        cmocka_unit_test(reading_survives_failures_of_the_json_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
