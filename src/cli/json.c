#include "cli/json.h"
#include "base/json.h"
#include <assert.h>
#include <math.h>
#include <string.h>

void fv_cli_json_begin(fv_cli_json *json, int wide)
{
    *json = (fv_cli_json){.wide = wide};
    fv_text_init(&json->text, NULL);
    fv_cli_json_object(json, NULL);
}

static void new_line(fv_cli_json *json)
{
    if (json->depth <= json->wide)
        fv_text_print(&json->text, "\n%*s", 2 * json->depth, "");
}

/* Comma, line and key in front of a member. */
static void member(fv_cli_json *json, const char *key)
{
    if (json->depth) {
        bool *used = &json->used[json->depth - 1];

        if (*used)
            fv_text_append(&json->text, ",", 1);
        if (*used && json->depth > json->wide)
            fv_text_append(&json->text, " ", 1);
        *used = true;
        new_line(json);
    }
    if (key) {
        fv_json_string(&json->text, key);
        fv_text_append(&json->text, ": ", 2);
    }
}

static void open_level(fv_cli_json *json, const char *key, char opening, char closing)
{
    assert(json->depth < (int)sizeof json->closing);
    member(json, key);
    fv_text_append(&json->text, &opening, 1);
    json->used[json->depth] = false;
    json->closing[json->depth++] = closing;
}

void fv_cli_json_object(fv_cli_json *json, const char *key)
{
    open_level(json, key, '{', '}');
}

void fv_cli_json_array(fv_cli_json *json, const char *key)
{
    open_level(json, key, '[', ']');
}

void fv_cli_json_end(fv_cli_json *json)
{
    const int level = --json->depth;

    if (level < json->wide && json->used[level])
        fv_text_print(&json->text, "\n%*s", 2 * level, "");
    fv_text_append(&json->text, &json->closing[level], 1);
}

void fv_cli_json_text(fv_cli_json *json, const char *key, const char *value)
{
    member(json, key);
    fv_json_string(&json->text, value);
}

void fv_cli_json_count(fv_cli_json *json, const char *key, uint64_t value)
{
    member(json, key);
    fv_text_print(&json->text, "%llu", (unsigned long long)value);
}

void fv_cli_json_counts(fv_cli_json *json, const char *key, const uint64_t *values, size_t count)
{
    member(json, key);
    for (size_t i = 0; i < count; i++)
        fv_text_print(&json->text, "%s%llu", i ? ", " : "[", (unsigned long long)values[i]);
    fv_text_print(&json->text, "%s", count ? "]" : "[]");
}

void fv_cli_json_real(fv_cli_json *json, const char *key, double value)
{
    member(json, key);
    if (isfinite(value))
        fv_text_print_real(&json->text, value);
    else
        fv_text_print(&json->text, "null");
}

void fv_cli_json_flag(fv_cli_json *json, const char *key, bool value)
{
    member(json, key);
    fv_text_print(&json->text, "%s", value ? "true" : "false");
}

bool fv_cli_json_print(fv_cli_json *json, FILE *out)
{
    while (json->depth)
        fv_cli_json_end(json);
    const bool good = !json->text.failed;
    if (good) {
        fwrite(json->text.data, 1, json->text.length, out);
        fputc('\n', out);
    }
    fv_text_free(&json->text);
    return good;
}
