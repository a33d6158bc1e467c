#include "cli/table.h"
#include "base/error.h"
#include "base/file.h"
#include <string.h>

enum { BYTES_MAX = 64 << 20 };

/* The next field of *at, unquoted in its own place, and what ended it: ',', '\n', or 0 at the end of the file. Counts the
 * line ends that it passes. */
static char *field(char **at, char *ended_by, size_t *lines)
{
    char *from = *at, *to = *at, *const text = *at;
    bool quoted = *from == '"';

    from += quoted;
    while (*from && (quoted || (*from != ',' && *from != '\n'))) {
        if (quoted && *from == '"' && from[1] != '"') {
            quoted = false;
            from++;
            continue;
        }
        from += quoted && *from == '"';
        *lines += *from == '\n';
        *to++ = *from++;
    }
    *ended_by = *from;
    *lines += *from == '\n';
    *at = from + (*from != 0);
    if (to > text && to[-1] == '\r' && *ended_by != ',')
        to--;
    *to = 0;
    return text;
}

static fv_status read_rows(fv_cli_sheet *sheet, char *data, const char *path, fv_error *err)
{
    size_t room = 0, count = 0, line = 1, lines = 1;
    char *at = data, end;

    for (const char *c = data; *c; c++)
        room += *c == ',' || *c == '\n';
    sheet->cells = fv_arena_alloc(&sheet->arena, room + 1, sizeof *sheet->cells);
    if (!sheet->cells)
        return fv_fail_memory(err, room * sizeof *sheet->cells, path);
    for (size_t fields = 0; *at || fields;) {
        sheet->cells[count++] = field(&at, &end, &lines);
        fields++;
        if (end == ',')
            continue;
        if (fields == 1 && !*sheet->cells[count - 1]) { /* an empty line */
            count--;
        } else if (!sheet->columns) {
            sheet->columns = fields;
        } else if (fields != sheet->columns) {
            return fv_fail(err, FV_E_FORMAT, "%s:%zu: %zu fields, but the titles are %zu", path, line, fields,
                           sheet->columns);
        }
        fields = 0;
        line = lines;
    }
    if (!sheet->columns)
        return fv_fail(err, FV_E_FORMAT, "%s: an empty file has no titles", path);
    sheet->rows = count / sheet->columns - 1;
    return FV_OK;
}

fv_status fv_cli_sheet_read(fv_cli_sheet *sheet, const char *path, fv_error *err)
{
    uint8_t *data;
    size_t size;
    char *text = NULL;
    fv_status status = fv_file_read(NULL, path, BYTES_MAX, &data, &size, err);

    *sheet = (fv_cli_sheet){0};
    fv_arena_init(&sheet->arena, NULL);
    if (status)
        return status;
    if (memchr(data, 0, size))
        status = fv_fail(err, FV_E_FORMAT, "%s: a zero byte, so it is no text", path);
    else if (!(text = fv_arena_strndup(&sheet->arena, (const char *)data, size)))
        status = fv_fail_memory(err, size, path);
    fv_release(NULL, data);
    return text ? read_rows(sheet, text, path, err) : status;
}

void fv_cli_sheet_free(fv_cli_sheet *sheet)
{
    fv_arena_free(&sheet->arena);
}

size_t fv_cli_sheet_column(const fv_cli_sheet *sheet, const char *title)
{
    size_t i = 0;

    while (i < sheet->columns && strcmp(sheet->cells[i], title) != 0)
        i++;
    return i;
}
