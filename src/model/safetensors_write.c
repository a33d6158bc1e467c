/* The writer of safetensors: equal arguments give equal bytes.
 *
 * The header is padded with spaces (the format allows them) until the data begin at a multiple of 64 bytes, so that a
 * mapped file has aligned floats. */
#include "base/error.h"
#include "base/json.h"
#include "model/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_utf8(const char *text)
{
    for (size_t n; *text; text += n) {
        n = fv_text_utf8(text, strlen(text) < 4 ? strlen(text) : 4);
        if (n == 0)
            return false;
    }
    return true;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, UTF-8 and each once. */
static fv_status check_names(const char *path, const char *what, const char **names, size_t count, fv_error *err)
{
    char quoted[FV_QUOTE];

    if (count)
        qsort(names, count, sizeof *names, compare_text);
    for (size_t i = 0; i < count; i++) {
        fv_text_quote(quoted, names[i], strlen(names[i]));
        if (!is_utf8(names[i]))
            return fv_fail(err, FV_E_ARGUMENT, "%s: %s '%s' is not UTF-8", path, what, quoted);
        if (i && !strcmp(names[i - 1], names[i]))
            return fv_fail(err, FV_E_ARGUMENT, "%s: two %ss are called '%s'", path, what, quoted);
    }
    return FV_OK;
}

static int compare_meta(const void *a, const void *b)
{
    return strcmp((*(const fv_st_meta *const *)a)->key, (*(const fv_st_meta *const *)b)->key);
}

/* "__metadata__":{...}, keys in the order of their bytes. */
static fv_status print_meta(const char *path, fv_text *header, fv_arena *arena, const fv_st_meta *meta, size_t count,
                            fv_error *err)
{
    const fv_st_meta **sorted = fv_arena_alloc(arena, count, sizeof *sorted);
    const char **keys = fv_arena_alloc(arena, count, sizeof *keys);
    char quoted[FV_QUOTE];
    fv_status status;

    if (!sorted || !keys)
        return fv_fail_memory(err, count * sizeof *sorted, "sorting metadata");
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &meta[i];
        keys[i] = meta[i].key;
        if (!is_utf8(meta[i].value))
            return fv_fail(err, FV_E_ARGUMENT, "%s: value of metadata key '%s' is not UTF-8", path,
                           fv_text_quote(quoted, keys[i], strlen(keys[i])));
    }
    status = check_names(path, "metadata key", keys, count, err);
    if (status != FV_OK || count == 0)
        return status;
    qsort(sorted, count, sizeof *sorted, compare_meta);
    for (size_t i = 0; i < count; i++) {
        fv_text_print(header, i ? "," : "\"__metadata__\":{");
        fv_json_string(header, sorted[i]->key);
        fv_text_print(header, ":");
        fv_json_string(header, sorted[i]->value);
    }
    fv_text_print(header, "}");
    return FV_OK;
}

static fv_status check_tensor(const char *path, const fv_st_tensor *t, uint64_t *end, fv_error *err)
{
    char quoted[FV_QUOTE], shape[FV_ST_SHAPE_TEXT];
    uint64_t need;

    fv_text_quote(quoted, t->name, strlen(t->name));
    if (!strcmp(t->name, "__metadata__"))
        return fv_fail(err, FV_E_ARGUMENT, "%s: no tensor can be called '__metadata__'", path);
    if (t->rank < 0 || t->rank > FV_ST_RANK)
        return fv_fail(err, FV_E_ARGUMENT, "%s: tensor '%s' has %d dimensions, at most %d are written", path, quoted,
                       t->rank, FV_ST_RANK);
    if (!fv_st_bytes(t, &need) || need != t->bytes)
        return fv_fail(err, FV_E_ARGUMENT, "%s: tensor '%s' has %zu bytes, which shape %s of %s does not need", path,
                       quoted, t->bytes, fv_st_shape_text(t, shape), fv_st_type_name(t->type));
    if (__builtin_add_overflow(*end, need, end) || *end > INT64_MAX)
        return fv_fail(err, FV_E_ARGUMENT, "%s: the data up to tensor '%s' pass 2^63 bytes", path, quoted);
    return FV_OK;
}

static fv_status print_tensors(const char *path, fv_text *header, fv_arena *arena, const fv_st_tensor *tensors,
                               size_t count, fv_error *err)
{
    const char **names = fv_arena_alloc(arena, count, sizeof *names);
    uint64_t begin = 0, end = 0;
    fv_status status;

    if (!names)
        return fv_fail_memory(err, count * sizeof *names, "checking names");
    for (size_t i = 0; i < count; i++, begin = end) {
        const fv_st_tensor *t = &tensors[i];

        names[i] = t->name;
        status = check_tensor(path, t, &end, err);
        if (status != FV_OK)
            return status;
        if (header->length > 1)
            fv_text_print(header, ",");
        fv_json_string(header, t->name);
        fv_text_print(header, ":{\"dtype\":\"%s\",\"shape\":[", fv_st_type_name(t->type));
        for (int d = 0; d < t->rank; d++)
            fv_text_print(header, "%s%" PRIu64, d ? "," : "", t->dim[d]);
        fv_text_print(header, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", begin, end);
    }
    return check_names(path, "tensor", names, count, err);
}

/* Length, header, then each tensor's data where they lie. */
static fv_status write_pieces(const char *path, const fv_text *header, fv_arena *arena, const fv_st_tensor *tensors,
                              size_t count, fv_error *err)
{
    fv_piece *pieces = count <= SIZE_MAX - 2 ? fv_arena_alloc(arena, count + 2, sizeof *pieces) : NULL;
    uint8_t length[8];

    if (!pieces)
        return fv_fail_memory(err, count * sizeof *pieces, "the list of what is written");
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)header->length >> 8 * i);
    pieces[0] = (fv_piece){length, sizeof length};
    pieces[1] = (fv_piece){header->data, header->length};
    for (size_t i = 0; i < count; i++)
        pieces[2 + i] = (fv_piece){tensors[i].data, tensors[i].bytes};
    return fv_file_replace(path, pieces, count + 2, err);
}

fv_status fv_safetensors_write(const fv_host *host, const char *path, const fv_st_tensor *tensors, size_t count,
                               const fv_st_meta *meta, size_t meta_count, fv_error *err)
{
    fv_text header;
    fv_arena arena;
    fv_status status;

    fv_text_init(&header, host);
    fv_arena_init(&arena, host);
    fv_text_print(&header, "{");
    status = print_meta(path, &header, &arena, meta, meta_count, err);
    if (status == FV_OK)
        status = print_tensors(path, &header, &arena, tensors, count, err);
    fv_text_print(&header, "}");
    if (!header.failed)
        fv_text_print(&header, "%*s", (int)((FV_ALIGN - (8 + header.length) % FV_ALIGN) % FV_ALIGN), "");
    if (status == FV_OK && header.failed)
        status = fv_fail_memory(err, header.length * 2, "a safetensors header");
    if (status == FV_OK && header.length > FV_ST_HEADER)
        status = fv_fail(err, FV_E_ARGUMENT, "%s: header of %zu bytes, at most %d are allowed", path, header.length,
                         FV_ST_HEADER);
    if (status == FV_OK)
        status = write_pieces(path, &header, &arena, tensors, count, err);
    fv_text_free(&header);
    fv_arena_free(&arena);
    return status;
}
