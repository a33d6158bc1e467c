/* Lists of pictures. A CSV is told by its header, the rest by what the lines look like. Paths are relative to the
 * list's folder. */
#define _POSIX_C_SOURCE 200809L
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "data/pictures.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LIST_MAX = 1 << 28, FIELDS = 16 };

typedef struct reader {
    fv_pictures *pictures;
    const char *path, *folder; /* of the list; "" or ending in '/' */
    char *at;                  /* the rest of the text */
    size_t line;
    int path_field, class_field, split_field; /* of a CSV; -1 = none */
    char **labels;                            /* of the file beside, or NULL */
    size_t n_labels;
    char *label_text;
    fv_error *err;
} reader;

/* ---------------------------------------------------------------------------------------------------- fields */

/* The next field of a CSV line, unquoted in place (RFC 4180); *more is false behind the line's last one. */
static char *field(reader *r, bool *more)
{
    char *begin = r->at, *to = r->at, *from = r->at;

    if (*from == '"') {
        for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
            from += *from == '"';
            r->line += *from == '\n';
            *to++ = *from;
        }
        from += *from == '"';
    }
    while (*from && *from != ',' && *from != '\n' && *from != '\r')
        *to++ = *from++;
    *more = *from == ',';
    if (*from == '\r')
        from++;
    if (*from)
        from++;
    *to = 0;
    r->at = from;
    return begin;
}

/* All fields of a line; those beyond FIELDS are forgotten. */
static size_t fields(reader *r, char *out[FIELDS])
{
    size_t n = 0;
    bool more = true;

    r->line++;
    while (more) {
        char *text = field(r, &more);

        if (n < FIELDS)
            out[n++] = text;
    }
    return n;
}

static int column(char *const *names, size_t n, const char *const *wanted)
{
    for (; *wanted; wanted++)
        for (size_t i = 0; i < n; i++)
            if (strcasecmp(names[i], *wanted) == 0)
                return (int)i;
    return -1;
}

/* ---------------------------------------------------------------------------------------------------- pictures */

static fv_status add(reader *r, const char *name, const char *class_name, int split)
{
    const char *path = name;

    if (name[0] != '/')
        path = fv_arena_print(&r->pictures->arena, "%s%s", r->folder, name);
    if (!path)
        return fv_fail_memory(r->err, strlen(name), "the path of a picture");
    return fv_pictures_add(r->pictures, path, name, class_name, split, r->err);
}

static fv_status fail(reader *r, const char *what)
{
    return fv_fail(r->err, FV_E_FORMAT, "%s:%zu: %s", r->path, r->line, what);
}

static int split_of(const char *word)
{
    static const char *const words[] = {"train", "val", "test"};

    for (int i = 0; i < 3; i++)
        if (strcasecmp(word, words[i]) == 0)
            return i;
    return strcasecmp(word, "valid") == 0 || strcasecmp(word, "validation") == 0 ? FV_VAL : -1;
}

static fv_status read_csv(reader *r)
{
    fv_status status = FV_OK;

    while (!status && *r->at) {
        char *f[FIELDS];
        const size_t n = fields(r, f);
        int split = -1;

        if (n == 1 && !*f[0])
            continue;
        if ((size_t)r->path_field >= n || (size_t)r->class_field >= n || !*f[r->path_field] || !*f[r->class_field])
            return fail(r, "a path and a class are wanted, as the header says");
        if (r->split_field >= 0 && (size_t)r->split_field < n && (split = split_of(f[r->split_field])) < 0)
            return fail(r, "split is none of train, val, test");
        status = add(r, f[r->path_field], f[r->class_field], split);
    }
    return status;
}

/* ---------------------------------------------------------------------------------------------------- lines */

/* The file beside the list that names classes, one a line; none leaves labels NULL. */
static fv_status read_labels(reader *r)
{
    static const char *const names[] = {"labels.txt", "classes.txt", "labels.list", "labels"};
    size_t size = 0, n = 0;

    for (size_t i = 0; i < FV_COUNT(names) && !r->label_text; i++) {
        const char *path = fv_arena_print(&r->pictures->arena, "%s%s", r->folder, names[i]);

        if (!path)
            return fv_fail_memory(r->err, strlen(r->folder), "a path");
        if (access(path, F_OK) == 0 && fv_file_read(NULL, path, LIST_MAX, (uint8_t **)&r->label_text, &size, r->err))
            return FV_E_IO;
    }
    for (size_t i = 0; i < size; i++)
        n += r->label_text[i] == '\n' || r->label_text[i] == '\r';
    r->labels = r->label_text ? fv_alloc(NULL, n + 1, sizeof *r->labels) : NULL;
    if (r->label_text && !r->labels)
        return fv_fail_memory(r->err, n * sizeof *r->labels, "labels");
    for (char *save, *word = r->labels ? strtok_r(r->label_text, "\r\n", &save) : NULL; word;
         word = strtok_r(NULL, "\r\n", &save))
        r->labels[r->n_labels++] = word;
    return FV_OK;
}

/* darknet: the label that occurs in the path, the longest where several do. */
static const char *label_in(const reader *r, const char *path)
{
    const char *best = NULL;

    for (size_t i = 0; i < r->n_labels; i++)
        if (strstr(path, r->labels[i]) && (!best || strlen(r->labels[i]) > strlen(best)))
            best = r->labels[i];
    return best;
}

/* Caffe numbers its classes; where a file names them, the number becomes the name. */
static const char *named(const reader *r, const char *word)
{
    long long number;

    return fv_text_integer(word, &number) && number >= 0 && (size_t)number < r->n_labels ? r->labels[number] : word;
}

static fv_status read_line(reader *r, char *line)
{
    char *end = line + strlen(line);
    char *gap = strchr(line, '\t');

    while (end > line && (end[-1] == '\r' || end[-1] == ' '))
        *--end = 0;
    if (!*line)
        return FV_OK;
    if (!gap && fv_picture_named(line)) /* ends in .jpg: a bare path, blanks or not */
        return add(r, line, label_in(r, line), -1);
    if (!gap)
        gap = strrchr(line, ' ');
    if (!gap || gap == line || !gap[1])
        return fail(r, "wanted a path and a class with a tab or a blank between, or a bare path of a picture");
    *gap = 0;
    return add(r, line, named(r, gap + 1), -1);
}

static fv_status read_lines(reader *r)
{
    fv_status status = read_labels(r);

    while (!status && *r->at) {
        char *line = r->at, *end = strchr(line, '\n');

        r->line++;
        r->at = end ? end + 1 : line + strlen(line);
        if (end)
            *end = 0;
        status = read_line(r, line);
    }
    return status;
}

/* A header is a first line whose fields name a path and a class; otherwise the text is not touched. */
static fv_status read_header(reader *r, bool *csv)
{
    static const char *const paths[] = {"path", "file", "filename", "image", NULL};
    static const char *const classes[] = {"class", "label", "class_name", NULL};
    static const char *const splits[] = {"split", "set", NULL};
    const size_t length = strcspn(r->at, "\n") + (strchr(r->at, '\n') != NULL);
    char *whole = r->at, *line = fv_strndup(NULL, r->at, length), *f[FIELDS];
    size_t n;

    *csv = false;
    if (!line)
        return fv_fail_memory(r->err, length, "a header");
    r->at = line;
    n = fields(r, f);
    r->path_field = column(f, n, paths);
    r->class_field = column(f, n, classes);
    r->split_field = column(f, n, splits);
    *csv = r->path_field >= 0 && r->class_field >= 0;
    r->at = *csv ? whole + length : whole;
    r->line = *csv;
    fv_release(NULL, line);
    return FV_OK;
}

fv_status fv_pictures_list_text(fv_pictures *pictures, const char *path, char *text, size_t size, fv_error *err)
{
    const char *slash = strrchr(path, '/');
    reader r = {.pictures = pictures, .path = path, .at = text, .err = err};
    bool csv = false;
    fv_status status;

    r.folder = fv_arena_strndup(&pictures->arena, path, slash ? (size_t)(slash - path) + 1 : 0);
    if (!r.folder)
        return fv_fail_memory(err, strlen(path), "a path");
    if (memchr(text, 0, size))
        return fv_fail(err, FV_E_FORMAT, "%s: is not text, so no list of pictures", path);
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r.at += 3; /* a byte order mark, as spreadsheets write it */
    status = read_header(&r, &csv);
    if (!status)
        status = csv ? read_csv(&r) : read_lines(&r);
    fv_release(NULL, r.labels);
    fv_release(NULL, r.label_text);
    return status;
}

fv_status fv_pictures_list(fv_pictures *pictures, const char *path, fv_error *err)
{
    uint8_t *data = NULL;
    size_t size;
    fv_status status = fv_file_read(&pictures->host, path, LIST_MAX, &data, &size, err);

    if (!status)
        status = fv_pictures_list_text(pictures, path, (char *)data, size, err);
    fv_release(&pictures->host, data);
    return status;
}
