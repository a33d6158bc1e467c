#include "data/vectors.h"
#include "base/error.h"
#include "base/file.h"
#include "base/npy.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

enum { TEXT_LIMIT = 1 << 30 };

static bool ends_with(const char *path, const char *end)
{
    const size_t n = strlen(path), m = strlen(end);

    return n >= m && !strcmp(path + n - m, end);
}

/* ---------------------------------------------------------------------------------------------------- a table */

/* One field, its quotes taken off in place; *at moves behind it, to what ends it. NULL if quotes do not end. */
static char *take_field(char **at)
{
    char *from = *at, *to = *at, *begin = *at;

    if (*from != '"') {
        *at += strcspn(from, ",\r\n");
        return begin;
    }
    for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
        from += *from == '"';
        *to++ = *from;
    }
    if (!*from)
        return NULL;
    *at = from + 1;
    *to = '\0';
    return begin;
}

/* The fields of one line that is not empty. */
static fv_status take_line(char **at, const char *path, size_t line, char **fields, size_t most, size_t *count,
                           fv_error *err)
{
    for (*count = 0;;) {
        char *field = take_field(at), end;

        if (!field)
            return fv_fail(err, FV_E_FORMAT, "%s:%zu: a quote is not closed", path, line);
        end = **at;
        if (end && !strchr(",\r\n", end))
            return fv_fail(err, FV_E_FORMAT, "%s:%zu: something follows a closing quote", path, line);
        if (*count < most)
            fields[*count] = field;
        ++*count;
        **at = '\0';
        if (end == '\r' && (*at)[1] == '\n')
            ++*at;
        *at += end != '\0';
        if (end != ',')
            return FV_OK;
    }
}

/* Each field ends at a comma or with its line, so there are no more of them. */
static size_t most_fields(const char *text)
{
    size_t n = 1;

    for (; *text; text++)
        n += *text == ',' || *text == '\n' || *text == '\r';
    return n;
}

static fv_status fill_table(fv_arena *arena, char *at, const char *path, fv_table *out, fv_error *err)
{
    const size_t room = most_fields(at);
    size_t n;

    if (!(out->field = fv_arena_alloc(arena, room, sizeof *out->field)))
        return fv_fail_memory(err, room * sizeof *out->field, "a table");
    for (size_t line = 1; *at; line++) {
        if (*at == '\n' || *at == '\r') {
            line -= *at++ == '\r';
            continue;
        }
        if (take_line(&at, path, line, out->field + out->rows * out->columns, out->rows ? out->columns : room, &n, err))
            return FV_E_FORMAT;
        if (!out->rows)
            out->columns = n;
        if (n != out->columns)
            return fv_fail(err, FV_E_FORMAT, "%s:%zu: %zu fields, the first line has %zu", path, line, n, out->columns);
        out->rows++;
    }
    return out->rows ? FV_OK : fv_fail(err, FV_E_FORMAT, "%s: there is nothing in it", path);
}

fv_status fv_table_open(fv_arena *arena, const char *path, fv_table *out, fv_error *err)
{
    uint8_t *data;
    size_t size;
    char *text;
    fv_status status = fv_file_read(&arena->host, path, TEXT_LIMIT, &data, &size, err);

    *out = (fv_table){0};
    if (status)
        return status;
    text = fv_arena_strndup(arena, (const char *)data, size);
    fv_release(&arena->host, data);
    if (!text)
        return fv_fail_memory(err, size, "a table");
    if (strlen(text) != size)
        return fv_fail(err, FV_E_FORMAT, "%s: a zero byte is in it: this is no text", path);
    if (!strncmp(text, "\xEF\xBB\xBF", 3)) /* the mark that spreadsheets write */
        text += 3;
    return fill_table(arena, text, path, out, err);
}

size_t fv_table_column(const fv_table *table, const char *name)
{
    size_t c = 0;

    while (c < table->columns && strcmp(fv_table_at(table, 0, c), name) != 0)
        c++;
    return c;
}

/* ---------------------------------------------------------------------------------------------------- vectors */

/* Which columns are no numbers. */
typedef struct roles {
    bool titles;
    size_t label, name; /* columns, or the number of columns */
} roles;

static bool is_number(const char *text)
{
    double unused;

    return fv_text_real(text, &unused) || !strcmp(text, "nan") || !strcmp(text, "inf") || !strcmp(text, "-inf");
}

static size_t first_of(const fv_table *t, const char *const *names)
{
    size_t c = t->columns;

    for (; *names && c == t->columns; names++)
        c = fv_table_column(t, *names);
    return c;
}

static fv_status find_roles(const fv_table *t, const char *path, const char *label, roles *r, fv_error *err)
{
    static const char *const labels[] = {"class", "label", NULL}, *const names[] = {"name", "path", NULL};

    *r = (roles){false, t->columns, t->columns};
    for (size_t c = 0; c < t->columns; c++)
        r->titles |= !is_number(fv_table_at(t, 0, c));
    if (r->titles) {
        r->label = label ? fv_table_column(t, label) : first_of(t, labels);
        r->name = first_of(t, names);
    }
    if (label && r->label == t->columns)
        return fv_fail(err, FV_E_FORMAT, "%s: no column is called '%s'", path, label);
    return FV_OK;
}

static fv_status fill(fv_vectors *v, const fv_table *t, const roles *r, const char *path, fv_error *err)
{
    for (size_t i = 0; i < v->count; i++) {
        const size_t row = i + r->titles;
        size_t at = i * v->dims;

        for (size_t c = 0; c < t->columns; c++) {
            const char *text = fv_table_at(t, row, c);

            if (c == r->label)
                v->labels[i] = text;
            else if (c == r->name)
                v->names[i] = text;
            else if (!fv_text_real(text, &v->doubles[at++]))
                return fv_fail(err, is_number(text) ? FV_E_NAN : FV_E_FORMAT,
                               "%s: row %zu, column %zu: '%.40s' is no finite number", path, i + 1, c + 1, text);
        }
    }
    return FV_OK;
}

static fv_status from_text(const char *path, const char *label, fv_vectors *v, fv_error *err)
{
    fv_table t;
    roles r;
    fv_status status;

    if ((status = fv_table_open(&v->arena, path, &t, err)) || (status = find_roles(&t, path, label, &r, err)))
        return status;
    v->count = t.rows - r.titles;
    v->dims = t.columns - (r.label < t.columns) - (r.name < t.columns);
    if (!v->count || !v->dims)
        return fv_fail(err, FV_E_FORMAT, "%s: %zu rows of %zu numbers", path, v->count, v->dims);
    v->doubles = fv_alloc(&v->arena.host, v->count * v->dims, sizeof *v->doubles);
    v->labels = r.label < t.columns ? fv_arena_alloc(&v->arena, v->count, sizeof *v->labels) : NULL;
    v->names = r.name < t.columns ? fv_arena_alloc(&v->arena, v->count, sizeof *v->names) : NULL;
    if (!v->doubles || (!v->labels && r.label < t.columns) || (!v->names && r.name < t.columns))
        return fv_fail_memory(err, v->count * v->dims * sizeof *v->doubles, path);
    return fill(v, &t, &r, path, err);
}

static fv_status from_npy(const char *path, fv_vectors *v, fv_error *err)
{
    fv_npy a;
    fv_status status = fv_npy_open(path, &a, err);

    if (status)
        return status;
    if (a.rank != 2 || !a.count) {
        fv_npy_close(&a);
        return fv_fail(err, FV_E_FORMAT, "%s: an array of rank %d with %zu elements; wanted [vectors, columns]", path,
                       a.rank, a.count);
    }
    v->count = a.dim[0];
    v->dims = a.dim[1];
    if (a.type == FV_NPY_F32) {
        if ((v->floats = fv_alloc(&v->arena.host, a.count, sizeof *v->floats)))
            fv_npy_floats(&a, 0, a.count, v->floats);
    } else if ((v->doubles = fv_alloc(&v->arena.host, a.count, sizeof *v->doubles))) {
        fv_npy_doubles(&a, 0, a.count, v->doubles);
    }
    fv_npy_close(&a);
    return v->floats || v->doubles ? FV_OK : fv_fail_memory(err, a.count * sizeof *v->floats, path);
}

fv_status fv_vectors_open(const fv_host *host, const char *path, const char *label, fv_vectors *out, fv_error *err)
{
    fv_status status;

    *out = (fv_vectors){0};
    fv_arena_init(&out->arena, host);
    status = ends_with(path, ".npy") ? from_npy(path, out, err) : from_text(path, label, out, err);
    if (status)
        fv_vectors_free(out);
    return status;
}

void fv_vectors_free(fv_vectors *v)
{
    if (!v->floats && !v->doubles && !v->arena.chunk)
        return;
    fv_release(&v->arena.host, v->floats);
    fv_release(&v->arena.host, v->doubles);
    fv_arena_free(&v->arena);
    *v = (fv_vectors){0};
}

/* ---------------------------------------------------------------------------------------------------- texts */

static fv_status texts_of_npy(fv_arena *arena, const char *path, size_t count, const char **out, fv_error *err)
{
    fv_npy a;
    fv_status status = fv_npy_open(path, &a, err);

    if (status)
        return status;
    if (a.count != count || a.type == FV_NPY_F32 || a.type == FV_NPY_F64)
        status = fv_fail(err, a.count != count ? FV_E_SHAPE : FV_E_FORMAT,
                         "%s: %zu elements for %zu vectors; labels are whole numbers", path, a.count, count);
    for (size_t i = 0; !status && i < count; i++) {
        double v;

        fv_npy_doubles(&a, i, 1, &v);
        if (!(out[i] = fv_arena_print(arena, "%.0f", v)))
            status = fv_fail_memory(err, count, path);
    }
    fv_npy_close(&a);
    return status;
}

fv_status fv_vectors_texts(fv_arena *arena, const char *path, const char *column, size_t count, const char ***out,
                           fv_error *err)
{
    fv_table t;
    size_t c = 0;
    bool titles;
    fv_status status;

    if (!(*out = fv_arena_alloc(arena, count, sizeof **out)))
        return fv_fail_memory(err, count * sizeof **out, path);
    if (ends_with(path, ".npy"))
        return texts_of_npy(arena, path, count, *out, err);
    if ((status = fv_table_open(arena, path, &t, err)))
        return status;
    titles = fv_table_column(&t, column) < t.columns;
    if (t.columns > 1 && !titles)
        return fv_fail(err, FV_E_FORMAT, "%s: %zu columns, and none is called '%s'", path, t.columns, column);
    if (titles)
        c = fv_table_column(&t, column);
    if (t.rows - titles != count)
        return fv_fail(err, FV_E_SHAPE, "%s: %zu rows for %zu vectors", path, t.rows - titles, count);
    for (size_t i = 0; i < count; i++)
        (*out)[i] = fv_table_at(&t, i + titles, c);
    return FV_OK;
}
