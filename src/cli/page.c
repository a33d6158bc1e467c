#define _GNU_SOURCE /* vasprintf, open_memstream */
#include "cli/page.h"
#include "base/file.h"
#include "data/pictures.h"
#include "image/thumbnail.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------- files */

FILE *fv_cli_file_open(const fv_cli *cli, const char *path, fv_cli_file *file)
{
    *file = (fv_cli_file){.out = stdout};
    if (path && !(file->out = open_memstream(&file->data, &file->size)))
        (void)fv_cli_memory(cli);
    return file->out;
}

int fv_cli_file_close(const fv_cli *cli, const char *path, fv_cli_file *file)
{
    fv_error err = {0};
    int code = FV_EXIT_OK;

    if (!path)
        return FV_EXIT_OK;
    if (fclose(file->out) != 0)
        code = fv_cli_memory(cli);
    else if (fv_file_replace(path, &(fv_piece){file->data, file->size}, 1, &err))
        code = fv_cli_fail(cli, &err);
    free(file->data);
    return code;
}

/* ---------------------------------------------------------------------------------------------------- text */

/* Bytes of the character at `text`, 0 if XML 1.0 forbids it: no UTF-8, a control character, U+FFFE or U+FFFF. */
static size_t character(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    const size_t length = fv_text_utf8(text, strlen(text));

    if ((s[0] < 32 && s[0] != '\n' && s[0] != '\t') || (s[0] == 0xEF && s[1] == 0xBF && s[2] >= 0xBE))
        return 0;
    return length;
}

void fv_cli_escape(fv_text *text, const char *from)
{
    static const struct {
        char letter;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};

    for (size_t length; *from; from += length) {
        const char *entity = NULL;

        length = character(from);
        for (size_t i = 0; i < FV_COUNT(entities); i++)
            if (*from == entities[i].letter)
                entity = entities[i].entity;
        if (!length) {
            length = 1;
            entity = "\xEF\xBF\xBD";
        }
        fv_text_append(text, entity ? entity : from, entity ? strlen(entity) : length);
    }
}

static void escape(FILE *out, const char *from)
{
    fv_text text;

    fv_text_init(&text, NULL);
    fv_cli_escape(&text, from);
    if (text.data)
        fwrite(text.data, 1, text.length, out);
    fv_text_free(&text);
}

/* ---------------------------------------------------------------------------------------------------- pages */

enum { THUMBNAIL = 96 /* pixels high */ };

static void begin_table(FILE *out, const char *const *columns)
{
    fputs("<table><tr>", out);
    for (; *columns; columns++)
        fprintf(out, "<th scope=\"col\">%s</th>", *columns);
    fputs("</tr>\n<tr>", out);
}

void fv_cli_page_begin(FILE *out, const char *title, const char *const *columns)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
          "<meta name=\"viewport\" content=\"width=device-width\"/>"
          "<meta http-equiv=\"Content-Security-Policy\" "
          "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"/><title>",
          out);
    escape(out, title);
    fputs("</title>\n<style>:root{color-scheme:light dark}body{font:14px sans-serif;margin:2em}"
          "table{border-collapse:collapse}img{display:block}"
          "td,th{padding:.3em .8em;border-bottom:1px solid #8888;text-align:left;vertical-align:top;"
          "overflow-wrap:anywhere}</style></head>\n<body><h1>",
          out);
    escape(out, title);
    fputs("</h1>\n", out);
    begin_table(out, columns);
}

void fv_cli_page_cell(FILE *out, const char *format, ...)
{
    va_list arguments;
    char *buffer = NULL;

    va_start(arguments, format);
    if (vasprintf(&buffer, format, arguments) >= 0) {
        fputs("<td>", out);
        escape(out, buffer);
        fputs("</td>", out);
        free(buffer);
    }
    va_end(arguments);
}

void fv_cli_page_object(FILE *out, const char *name)
{
    fv_text picture;

    fv_text_init(&picture, NULL);
    fputs("<td>", out);
    if (fv_picture_named(name) && !fv_thumbnail(name, THUMBNAIL, &picture, NULL) && !picture.failed) {
        fputs("<img alt=\"", out);
        escape(out, name);
        fprintf(out, "\" src=\"%s\"/>", picture.data);
    }
    escape(out, name);
    fputs("</td>", out);
    fv_text_free(&picture);
}

void fv_cli_page_row(FILE *out)
{
    fputs("</tr>\n<tr>", out);
}

void fv_cli_page_table(FILE *out, const char *heading, const char *const *columns)
{
    fputs("</tr></table>\n<h2>", out);
    escape(out, heading);
    fputs("</h2>\n", out);
    begin_table(out, columns);
}

void fv_cli_page_end(FILE *out)
{
    fputs("</tr></table></body></html>\n", out);
}
