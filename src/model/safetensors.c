/* The reader of safetensors (rules: safetensors.h). JSON is jansson's work; a scan before it bounds depth and memory.
 */
#include "model/safetensors.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What the steps of reading share. */
typedef struct reader {
    const char *file;
    const uint8_t *data; /* behind the header */
    size_t data_bytes;
    fv_arena *arena;
    fv_st_tensor *tensors;
    size_t count;
    fv_st_meta *meta;
    size_t meta_count;
    fv_error *err;
} reader;

/* Depth and number of tokens outside strings, and a '-', which no header holds (jansson reads -0 as 0). */
static fv_status scan(const reader *r, const char *text, size_t length)
{
    size_t tokens = 0, depth = 0;
    bool string = false;

    for (size_t i = 0; i < length; i++) {
        const char c = text[i];

        if (string) {
            i += c == '\\';
            string = c != '"';
            continue;
        }
        string = c == '"';
        tokens += c == '{' || c == '[' || c == ',' || c == ':';
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth)
            depth--;
        if (c == '-')
            return fv_fail(r->err, FV_E_FORMAT, "%s: header: negative number at byte %zu", r->file, 8 + i);
        if (depth > FV_ST_DEPTH)
            return fv_fail(r->err, FV_E_FORMAT, "%s: header: nested deeper than %d at byte %zu", r->file, FV_ST_DEPTH,
                           8 + i);
        if (tokens > FV_ST_TOKENS)
            return fv_fail(r->err, FV_E_UNSUPPORTED, "%s: header: more than %d tokens at byte %zu", r->file,
                           FV_ST_TOKENS, 8 + i);
    }
    return FV_OK;
}

/* Parse the header into *root (json_decref it). */
static fv_status parse(const reader *r, const char *text, size_t length, json_t **root)
{
    json_error_t error = {0};
    char quoted[FV_QUOTE];

    *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!*root && (!error.text[0] || json_error_code(&error) == json_error_out_of_memory))
        return fv_fail_memory(r->err, length, "the tree of a safetensors header");
    if (!*root)
        return fv_fail(r->err, FV_E_FORMAT, "%s: header: %s at byte %d", r->file,
                       fv_text_quote(quoted, error.text, strlen(error.text)), 8 + error.position);
    if (!json_is_object(*root))
        return fv_fail(r->err, FV_E_FORMAT, "%s: header is a list, wanted an object", r->file);
    return FV_OK;
}

static const char *kind(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object",    [JSON_ARRAY] = "a list",    [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number",    [JSON_REAL] = "a fraction", [JSON_TRUE] = "true or false",
        [JSON_FALSE] = "true or false", [JSON_NULL] = "null",
    };

    return value ? names[json_typeof(value)] : "missing";
}

static fv_status read_meta(reader *r, json_t *object)
{
    char quoted[FV_QUOTE];
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return fv_fail(r->err, FV_E_FORMAT, "%s: __metadata__ is %s, wanted an object", r->file, kind(object));
    r->meta = fv_arena_alloc(r->arena, json_object_size(object), sizeof *r->meta);
    if (!r->meta)
        return fv_fail_memory(r->err, json_object_size(object) * sizeof *r->meta, "metadata");
    json_object_foreach (object, key, value) {
        fv_st_meta *m = &r->meta[r->meta_count++];

        if (!json_is_string(value))
            return fv_fail(r->err, FV_E_FORMAT, "%s: __metadata__ '%s' is %s, wanted a string", r->file,
                           fv_text_quote(quoted, key, strlen(key)), kind(value));
        m->key = fv_arena_strndup(r->arena, key, strlen(key));
        m->value = fv_arena_strndup(r->arena, json_string_value(value), json_string_length(value));
        if (!m->key || !m->value)
            return fv_fail_memory(r->err, strlen(key) + json_string_length(value) + 2, "metadata");
    }
    return FV_OK;
}

/* A failure of one tensor: "file: tensor 'name': ..." */
#define TENSOR_FAIL(r, t, ...) (fv_fail((r)->err, FV_E_FORMAT, __VA_ARGS__), name_tensor(r, FV_E_FORMAT, t))

static fv_status name_tensor(const reader *r, fv_status code, const fv_st_tensor *t)
{
    char quoted[FV_QUOTE];

    return fv_fail_at(r->err, code, "%s: tensor '%s'", r->file, fv_text_quote(quoted, t->name, strlen(t->name)));
}

static fv_status read_type(reader *r, fv_st_tensor *t, const json_t *value)
{
    char quoted[FV_QUOTE];

    if (!json_is_string(value))
        return TENSOR_FAIL(r, t, "dtype is %s, wanted a string", kind(value));
    for (int i = 0; i < FV_ST_TYPE_COUNT; i++)
        if (!strcmp(fv_st_type_name((fv_st_type)i), json_string_value(value))) {
            t->type = (fv_st_type)i;
            return FV_OK;
        }
    return TENSOR_FAIL(r, t, "unknown dtype '%s'",
                       fv_text_quote(quoted, json_string_value(value), json_string_length(value)));
}

/* A list of at most `limit` whole numbers. jansson refuses more than 63 bits, scan() a minus. */
static fv_status read_numbers(reader *r, fv_st_tensor *t, const char *key, const json_t *list, size_t limit,
                              uint64_t *out)
{
    json_t *item;
    size_t i;

    if (!json_is_array(list))
        return TENSOR_FAIL(r, t, "%s is %s, wanted a list", key, kind(list));
    if (json_array_size(list) > limit) {
        fv_fail(r->err, FV_E_UNSUPPORTED, "%s has %zu numbers, at most %zu are read", key, json_array_size(list),
                limit);
        return name_tensor(r, FV_E_UNSUPPORTED, t);
    }
    json_array_foreach (list, i, item) {
        if (!json_is_integer(item))
            return TENSOR_FAIL(r, t, "%s holds %s, wanted a whole number", key, kind(item));
        out[i] = (uint64_t)json_integer_value(item);
    }
    return FV_OK;
}

/* Offsets inside the data, and as many bytes as the shape needs. */
static fv_status read_data(reader *r, fv_st_tensor *t, const json_t *list)
{
    char shape[FV_ST_SHAPE_TEXT];
    uint64_t at[2], need;
    fv_status status;

    if (json_is_array(list) && json_array_size(list) != 2)
        return TENSOR_FAIL(r, t, "data_offsets has %zu numbers, wanted 2", json_array_size(list));
    status = read_numbers(r, t, "data_offsets", list, 2, at);
    if (status != FV_OK)
        return status;
    if (at[0] > at[1])
        return TENSOR_FAIL(r, t, "data_offsets %" PRIu64 "..%" PRIu64 " run backwards", at[0], at[1]);
    if (!fv_st_bytes(t, &need))
        return TENSOR_FAIL(r, t, "shape %s of %s has no whole number of bytes below 2^64", fv_st_shape_text(t, shape),
                           fv_st_type_name(t->type));
    if (at[1] - at[0] != need)
        return TENSOR_FAIL(
            r, t, "data_offsets %" PRIu64 "..%" PRIu64 " hold %" PRIu64 " bytes, shape %s of %s needs %" PRIu64, at[0],
            at[1], at[1] - at[0], fv_st_shape_text(t, shape), fv_st_type_name(t->type), need);
    if (at[1] > r->data_bytes)
        return TENSOR_FAIL(
            r, t, "data_offsets %" PRIu64 "..%" PRIu64 " pass the end, the file has %zu bytes of data; cut short?",
            at[0], at[1], r->data_bytes);
    t->data = r->data + at[0];
    t->bytes = (size_t)need;
    return FV_OK;
}

static fv_status read_tensor(reader *r, const char *name, const json_t *entry)
{
    fv_st_tensor *t = &r->tensors[r->count++];
    const json_t *shape = json_object_get(entry, "shape");
    fv_status status;

    t->name = fv_arena_strndup(r->arena, name, strlen(name));
    if (!t->name)
        return fv_fail_memory(r->err, strlen(name) + 1, "a tensor's name");
    if (!json_is_object(entry))
        return TENSOR_FAIL(r, t, "is %s, wanted an object", kind(entry));
    status = read_type(r, t, json_object_get(entry, "dtype"));
    if (status == FV_OK)
        status = read_numbers(r, t, "shape", shape, FV_ST_RANK, t->dim);
    if (status != FV_OK)
        return status;
    t->rank = (int)json_array_size(shape);
    return read_data(r, t, json_object_get(entry, "data_offsets"));
}

static fv_status read_entries(reader *r, json_t *root)
{
    const size_t entries = json_object_size(root);
    fv_status status = FV_OK;
    const char *key;
    json_t *value;

    r->tensors = fv_arena_alloc(r->arena, entries, sizeof *r->tensors);
    if (!r->tensors)
        return fv_fail_memory(r->err, entries * sizeof *r->tensors, "the list of tensors");
    json_object_foreach (root, key, value) {
        status = strcmp(key, "__metadata__") ? read_tensor(r, key, value) : read_meta(r, value);
        if (status != FV_OK)
            break;
    }
    return status;
}

/* By begin, then by end (an empty tensor stands before the one that begins where it stands), then by name. */
static int compare_data(const void *a, const void *b)
{
    const fv_st_tensor *x = a, *y = b;

    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int compare_name(const void *a, const void *b)
{
    return strcmp((*(const fv_st_tensor *const *)a)->name, (*(const fv_st_tensor *const *)b)->name);
}

static int compare_key(const void *a, const void *b)
{
    return strcmp(((const fv_st_meta *)a)->key, ((const fv_st_meta *)b)->key);
}

/* Each tensor begins where the one before ends, and the last ends where the file does. */
static fv_status check_cover(const reader *r)
{
    char last[FV_QUOTE] = "";
    size_t end = 0;

    for (size_t i = 0; i < r->count; i++) {
        const fv_st_tensor *t = &r->tensors[i];
        const size_t begin = (size_t)(t->data - r->data);

        if (begin > end)
            return TENSOR_FAIL(r, t, "data begin at %zu, a hole of %zu bytes before them", begin, begin - end);
        if (begin < end)
            return TENSOR_FAIL(r, t, "data begin at %zu, inside tensor '%s' that ends at %zu", begin, last, end);
        end = begin + t->bytes;
        fv_text_quote(last, t->name, strlen(t->name));
    }
    if (end != r->data_bytes)
        return fv_fail(r->err, FV_E_FORMAT, "%s: %zu bytes after the last tensor's data, which end at %zu", r->file,
                       r->data_bytes - end, end);
    return FV_OK;
}

/* N, and what follows it. */
static fv_status find_header(reader *r, const uint8_t *data, size_t size, const char **text, size_t *length)
{
    fv_cursor c = {.data = data, .size = size};
    const uint64_t n = fv_cursor_le64(&c);

    if (c.failed)
        return fv_fail(r->err, FV_E_FORMAT,
                       "%s: has %zu bytes, a safetensors file begins with 8 bytes of header length", r->file, size);
    if (n > FV_ST_HEADER)
        return fv_fail(r->err, FV_E_FORMAT,
                       "%s: header of %" PRIu64 " bytes, at most %d are allowed; no safetensors file?", r->file, n,
                       FV_ST_HEADER);
    *length = (size_t)n;
    *text = (const char *)fv_cursor_take(&c, *length);
    if (c.failed)
        return fv_fail(r->err, FV_E_FORMAT, "%s: header of %zu bytes passes the end of the file at %zu; cut short?",
                       r->file, *length, size);
    r->data = data + c.at;
    r->data_bytes = fv_cursor_left(&c);
    return FV_OK;
}

/* Sort, check and index what was read. */
static fv_status finish(reader *r, fv_safetensors *st)
{
    fv_status status;

    if (r->count)
        qsort(r->tensors, r->count, sizeof *r->tensors, compare_data);
    if (r->meta_count)
        qsort(r->meta, r->meta_count, sizeof *r->meta, compare_key);
    status = check_cover(r);
    if (status != FV_OK)
        return status;
    st->by_name = fv_arena_alloc(r->arena, r->count, sizeof *st->by_name);
    if (!st->by_name)
        return fv_fail_memory(r->err, r->count * sizeof *st->by_name, "the index of tensors");
    for (size_t i = 0; i < r->count; i++)
        st->by_name[i] = &r->tensors[i];
    if (r->count)
        qsort(st->by_name, r->count, sizeof *st->by_name, compare_name);
    st->tensors = r->tensors;
    st->count = r->count;
    st->meta = r->meta;
    st->meta_count = r->meta_count;
    return FV_OK;
}

fv_status fv_safetensors_read(const fv_host *host, const char *file, const uint8_t *data, size_t size,
                              fv_safetensors *st, fv_error *err)
{
    reader r = {.file = file, .err = err, .arena = &st->arena};
    json_t *root = NULL;
    const char *text = NULL;
    size_t length = 0;
    fv_status status;

    *st = (fv_safetensors){0};
    fv_arena_init(&st->arena, host);
    status = find_header(&r, data, size, &text, &length);
    if (status == FV_OK)
        status = scan(&r, text, length);
    if (status == FV_OK)
        status = parse(&r, text, length, &root);
    if (status == FV_OK)
        status = read_entries(&r, root);
    json_decref(root);
    if (status == FV_OK)
        status = finish(&r, st);
    if (status != FV_OK)
        fv_safetensors_free(st);
    return status;
}

fv_status fv_safetensors_open(const fv_host *host, const char *path, fv_safetensors *st, fv_error *err)
{
    const uint8_t *map;
    size_t size;
    fv_status status;

    *st = (fv_safetensors){0};
    status = fv_file_map(path, &map, &size, err);
    if (status != FV_OK)
        return status;
    status = fv_safetensors_read(host, path, map, size, st, err);
    if (status != FV_OK) {
        fv_file_unmap(map, size);
        return status;
    }
    st->map = map;
    st->map_bytes = size;
    return FV_OK;
}

void fv_safetensors_free(fv_safetensors *st)
{
    fv_arena_free(&st->arena);
    fv_file_unmap(st->map, st->map_bytes);
    *st = (fv_safetensors){0};
}

const fv_st_tensor *fv_safetensors_find(const fv_safetensors *st, const char *name)
{
    const fv_st_tensor key = {.name = name}, *wanted = &key;
    const fv_st_tensor **found = NULL;

    if (st->count)
        found = bsearch(&wanted, st->by_name, st->count, sizeof *st->by_name, compare_name);
    return found ? *found : NULL;
}

const char *fv_safetensors_meta(const fv_safetensors *st, const char *key)
{
    const fv_st_meta wanted = {.key = key}, *found = NULL;

    if (st->meta_count)
        found = bsearch(&wanted, st->meta, st->meta_count, sizeof *st->meta, compare_key);
    return found ? found->value : NULL;
}
