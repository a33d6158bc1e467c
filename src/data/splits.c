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
    const char *content;
    int split;
} record;

static int by_content(const void *a, const void *b)
{
    return strcmp(((const record *)a)->content, ((const record *)b)->content);
}

static int split_of(const char *word)
{
    for (int s = 0; s < (int)FV_COUNT(words); s++)
        if (strcmp(words[s], word) == 0)
            return s;
    return -1;
}

static fv_status read_records(fv_arena *arena, const char *path, record **records, size_t *count, fv_error *err)
{
    fv_table t;
    fv_status status = fv_table_open(arena, path, &t, err);
    size_t content, split;

    *count = 0;
    if (status)
        return status;
    content = t.rows ? fv_table_column(&t, "xxh128") : t.columns;
    split = t.rows ? fv_table_column(&t, "split") : t.columns;
    if (content == t.columns || split == t.columns)
        return fv_fail(err, FV_E_FORMAT, "%s: no columns 'split' and 'xxh128', so no record of a split", path);
    if (!(*records = fv_arena_alloc(arena, t.rows, sizeof **records)))
        return fv_fail_memory(err, t.rows * sizeof **records, path);
    for (size_t r = 1; r < t.rows; r++) {
        const int s = split_of(fv_table_at(&t, r, split));

        if (s < 0)
            return fv_fail(err, FV_E_FORMAT, "%s: row %zu: split is none of train, val, test", path, r);
        (*records)[(*count)++] = (record){fv_table_at(&t, r, content), s};
    }
    if (*count)
        qsort(*records, *count, sizeof **records, by_content);
    return FV_OK;
}

static const record *find(const record *records, size_t count, const fv_picture *p)
{
    char content[CONTENT_TEXT];
    const record key = {content_text(p, content), -1};

    return count ? bsearch(&key, records, count, sizeof *records, by_content) : NULL;
}

/* What the folder itself says holds, but that val was cut from its train. */
static void keep(fv_data *data, const record *records, size_t count)
{
    size_t known = 0;

    for (size_t i = 0; i < data->pictures.count; i++)
        known += find(records, count, &data->pictures.items[i]) != NULL;
    if (!known) /* another folder than that of the training */
        return;
    data->unrecorded = data->pictures.count - known;
    for (size_t i = 0; i < data->pictures.count; i++) {
        fv_picture *p = &data->pictures.items[i];
        const record *found = find(records, count, p);

        if (!found && p->split < 0)
            p->split = FV_TRAIN;
        else if (found && (p->split < 0 || (p->split == FV_TRAIN && found->split == FV_VAL)))
            p->split = found->split;
    }
}

fv_status fv_data_keep_splits(fv_data *data, const char *path, fv_error *err)
{
    fv_arena arena;
    record *records = NULL;
    size_t count;
    fv_status status;

    fv_arena_init(&arena, &data->host);
    status = read_records(&arena, path, &records, &count, err);
    if (!status)
        keep(data, records, count);
    fv_arena_free(&arena);
    return status;
}
