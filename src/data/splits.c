/* The record of a split: which picture was in which, by its path for people and by its content for us, so that it holds
 * when the folder moves, when files are renamed and when others come. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "base/error.h"
#include "base/text.h"
#include "data/data.h"
#include "data/vectors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTENT_TEXT = 33 };

static const char *const words[] = {"train", "val", "test"};

/* As xxh128sum prints it. */
static const char *content_text(const fv_picture *p, char out[CONTENT_TEXT])
{
    snprintf(out, CONTENT_TEXT, "%016" PRIx64 "%016" PRIx64, p->content[1], p->content[0]);
    return out;
}

fv_status fv_data_print_splits(const fv_data *data, fv_text *out)
{
    char content[CONTENT_TEXT];

    fv_text_print(out, "path,class,split,xxh128\n");
    for (size_t i = 0; i < data->pictures.count; i++) {
        const fv_picture *p = &data->pictures.items[i];
        char *whole = realpath(p->path, NULL); /* the list lies elsewhere than the pictures */
        const char *const field[] = {whole ? whole : p->path, data->pictures.classes[p->label]};

        for (size_t k = 0; k < FV_COUNT(field); k++) {
            fv_text_append(out, "\"", 1);
            for (const char *c = field[k]; *c; c++)
                fv_text_append(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
            fv_text_append(out, "\",", 2);
        }
        fv_text_print(out, "%s,%s\n", words[p->split], content_text(p, content));
        free(whole);
    }
    return out->failed ? FV_E_MEMORY : FV_OK;
}

typedef struct record {
    const char *key; /* the content, or in a list without contents the path */
    int split;
} record;

typedef struct record_list {
    record *items; /* sorted by key, paths from their ends on */
    size_t count;
    bool by_name;
} record_list;

static int by_content(const void *a, const void *b)
{
    return strcmp(((const record *)a)->key, ((const record *)b)->key);
}

/* Compares from the end on, as if a slash stood in front of both. tail: all that ends with `a` is equal to it. */
static int compare_ends(const char *a, const char *b, bool tail)
{
    size_t i = strlen(a) + 1, j = strlen(b) + 1;

    for (; i && j; i--, j--) {
        const char x = i == 1 ? '/' : a[i - 2], y = j == 1 ? '/' : b[j - 2];

        if (x != y)
            return x < y ? -1 : 1;
    }
    return tail && !i ? 0 : (i > 0) - (j > 0);
}

static int by_end(const void *a, const void *b)
{
    return compare_ends(((const record *)a)->key, ((const record *)b)->key, false);
}

/* Is the name, below the folder of the data, the end of the path? */
static int by_name(const void *name, const void *path)
{
    return compare_ends(((const record *)name)->key, ((const record *)path)->key, true);
}

static int split_of(const char *word)
{
    for (int s = 0; s < (int)FV_COUNT(words); s++)
        if (strcmp(words[s], word) == 0)
            return s;
    return -1;
}

static fv_status read_records(fv_arena *arena, const char *path, record_list *out, fv_error *err)
{
    fv_table t;
    fv_status status = fv_table_open(arena, path, &t, err);
    size_t key, split;

    if (status)
        return status;
    key = t.rows ? fv_table_column(&t, "xxh128") : t.columns;
    split = t.rows ? fv_table_column(&t, "split") : t.columns;
    out->by_name = t.rows && key == t.columns;
    if (out->by_name)
        key = fv_table_column(&t, "path");
    if (key == t.columns || split == t.columns)
        return fv_fail(err, FV_E_FORMAT, "%s: no columns 'split' and 'xxh128' or 'path', so no record of a split",
                       path);
    if (!(out->items = fv_arena_alloc(arena, t.rows, sizeof *out->items)))
        return fv_fail_memory(err, t.rows * sizeof *out->items, path);
    for (size_t r = 1; r < t.rows; r++) {
        const int s = split_of(fv_table_at(&t, r, split));

        if (s < 0)
            return fv_fail(err, FV_E_FORMAT, "%s: row %zu: split is none of train, val, test", path, r);
        out->items[out->count++] = (record){fv_table_at(&t, r, key), s};
    }
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, out->by_name ? by_end : by_content);
    return FV_OK;
}

static const record *find(const record_list *list, const fv_picture *p)
{
    char content[CONTENT_TEXT];
    const record key = {list->by_name ? p->name : content_text(p, content), -1};

    return list->count
               ? bsearch(&key, list->items, list->count, sizeof *list->items, list->by_name ? by_name : by_content)
               : NULL;
}

/* What the folder itself says holds, but that val was cut from its train. */
static void keep(fv_data *data, const record_list *list)
{
    size_t known = 0;

    for (size_t i = 0; i < data->pictures.count; i++)
        known += find(list, &data->pictures.items[i]) != NULL;
    if (!known) /* another folder than that of the training */
        return;
    data->unrecorded = data->pictures.count - known;
    data->recorded_by_name = list->by_name;
    for (size_t i = 0; i < data->pictures.count; i++) {
        fv_picture *p = &data->pictures.items[i];
        const record *found = find(list, p);

        if (!found && p->split < 0)
            p->split = FV_TRAIN;
        else if (found && (p->split < 0 || (p->split == FV_TRAIN && found->split == FV_VAL)))
            p->split = found->split;
    }
}

fv_status fv_data_keep_splits(fv_data *data, const char *path, fv_error *err)
{
    fv_arena arena;
    record_list list = {0};
    fv_status status;

    fv_arena_init(&arena, &data->host);
    status = read_records(&arena, path, &list, err);
    if (!status)
        keep(data, &list);
    fv_arena_free(&arena);
    return status;
}
