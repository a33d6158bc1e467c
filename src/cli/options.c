#include "cli/options.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(fv_cli_common, member)
static const char *const color_words[] = {"auto", "always", "never", NULL};

const fv_cli_option fv_cli_general[] = {
    {.name = "help", .letter = 'h', .type = FV_CLI_FLAG, .at = AT(help), .help = "print this text"},
    {.name = "version", .type = FV_CLI_FLAG, .at = AT(version), .help = "print version, build and processor"},
    {.name = "quiet", .letter = 'q', .type = FV_CLI_FLAG, .at = AT(quiet), .help = "results and errors only"},
    {.name = "verbose", .letter = 'v', .type = FV_CLI_FLAG, .at = AT(verbose), .help = "say more about what is done"},
    {.name = "color",
     .argument = "WHEN",
     .type = FV_CLI_WORD,
     .at = AT(color),
     .fallback = "auto",
     .words = color_words,
     .help = "use colours; auto heeds NO_COLOR and FORCE_COLOR"},
    {0},
};

const fv_cli_option fv_cli_json_output[] = {
    {.name = "json", .type = FV_CLI_FLAG, .at = AT(json), .help = "print one JSON document instead of text"},
    {0},
};

const fv_cli_option fv_cli_machine[] = {
    {.name = "threads",
     .letter = 'j',
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(threads),
     .fallback = "0",
     .least = 0,
     .most = 1024,
     .environment = "FOVEA_THREADS",
     .help = "threads; 0 takes every core that this process may use; the results do not depend on it"},
    {.name = "isa",
     .argument = "NAME",
     .type = FV_CLI_TEXT,
     .at = AT(isa),
     .environment = "FOVEA_CPU",
     .help = "instruction set: ref, avx2, avx512 or neon; otherwise the best that this CPU has"},
    {0},
};

const fv_cli_option fv_cli_exact[] = {
    {.name = "exact",
     .type = FV_CLI_FLAG,
     .at = AT(exact),
     .help = "no algorithm that rounds more than the plain one: errors a tenth as large, and slower"},
    {0},
};

static const char *const memory_words[] = {"full", "low", NULL};
static const char *const precision_words[] = {"float32", "bf16", NULL};
const fv_cli_option fv_cli_hold[] = {
    {.name = "precision",
     .argument = "TYPE",
     .type = FV_CLI_WORD,
     .at = AT(precision),
     .fallback = "float32",
     .words = precision_words,
     .help = "bf16 rounds weights and inputs of layers that are faster so to 8 bits of precision; --exact forbids it"},
    {.name = "memory",
     .argument = "AMOUNT",
     .type = FV_CLI_WORD,
     .at = AT(memory),
     .fallback = "full",
     .words = memory_words,
     .help = "low keeps no form of a weight that is larger than the weight: slower, the same results"},
    {0},
};

const fv_cli_option fv_cli_size[] = {
    {.name = "width",
     .argument = "FACTOR",
     .type = FV_CLI_TEXT,
     .at = AT(width),
     .help = "multiply all numbers of channels: 1/8, 2; each is rounded down, what comes out at the end stays"},
    {.name = "input",
     .argument = "HxW",
     .type = FV_CLI_TEXT,
     .at = AT(input),
     .help = "height and width of the input, 64x64, instead of the network's own"},
    {.name = "classes",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(classes),
     .least = 1,
     .most = 1 << 20,
     .help = "number of classes, instead of the network's own"},
    {0},
};

const fv_cli_option fv_cli_weights[] = {
    {.name = "weights",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(weights),
     .help = "safetensors that another tool saved, for a network in place of a model; matched by name, else by order "
             "and shape"},
    {0},
};
#undef AT

/* One value, read and checked but not stored yet. */
typedef union value {
    bool flag;
    uint64_t count;
    double real;
    int word;
    const char *text;
} value;

static const fv_cli_option *find(const fv_cli_verb *verb, const char *name, size_t length)
{
    for (const fv_cli_table *table = verb->tables; table->heading; table++)
        for (const fv_cli_option *o = table->rows; o->name; o++)
            if (strlen(o->name) == length && memcmp(o->name, name, length) == 0)
                return o;
    return NULL;
}

static const fv_cli_option *find_letter(const fv_cli_verb *verb, char letter)
{
    for (const fv_cli_table *table = verb->tables; table->heading; table++)
        for (const fv_cli_option *o = table->rows; o->name; o++)
            if (o->letter == letter)
                return o;
    return NULL;
}

static fv_status unknown(const fv_cli_verb *verb, const char *name, size_t length, fv_error *err)
{
    const char *names[128];
    char word[64];
    size_t count = 0;

    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1), name);
    for (const fv_cli_table *table = verb->tables; table->heading; table++)
        for (const fv_cli_option *o = table->rows; o->name && count < FV_COUNT(names); o++)
            names[count++] = o->name;
    const char *near = fv_text_nearest(word, names, count);
    if (near)
        return fv_fail(err, FV_E_ARGUMENT, "unknown option '--%s'; did you mean '--%s'?", word, near);
    return fv_fail(err, FV_E_ARGUMENT, "unknown option '--%s'", word);
}

/* "fraction from 0 to 1", for messages. */
static void wanted(const fv_cli_option *o, char *out, size_t size)
{
    size_t at = 0;

    switch (o->type) {
    case FV_CLI_COUNT:
        snprintf(out, size, "a whole number from %.0f to %.0f", o->least, o->most);
        break;
    case FV_CLI_REAL:
        snprintf(out, size, "a number from %g to %g", o->least, o->most);
        break;
    case FV_CLI_FRACTION:
        snprintf(out, size, "a fraction from %g to %g", o->least, o->most);
        break;
    case FV_CLI_WORD:
        for (size_t i = 0; o->words[i] && at < size; i++)
            at += (size_t)snprintf(out + at, size - at, "%s%s", !i ? "" : o->words[i + 1] ? ", " : " or ", o->words[i]);
        break;
    case FV_CLI_FLAG:
    case FV_CLI_TEXT:
    case FV_CLI_TEXTS:
        snprintf(out, size, "a value");
        break;
    }
}

static bool in_range(const fv_cli_option *o, double x)
{
    return x >= o->least && x <= o->most;
}

static bool read_fraction(const char *text, double *out)
{
    const size_t length = strlen(text);
    char number[64];

    if (!length || text[length - 1] != '%')
        return fv_text_real(text, out);
    if (length > sizeof number)
        return false;
    memcpy(number, text, length - 1);
    number[length - 1] = 0;
    if (!fv_text_real(number, out))
        return false;
    *out /= 100;
    return true;
}

static bool read_value(const fv_cli_option *o, const char *text, value *out)
{
    long long integer;

    switch (o->type) {
    case FV_CLI_COUNT:
        if (!fv_text_integer(text, &integer) || !in_range(o, (double)integer))
            return false;
        out->count = (uint64_t)integer;
        return true;
    case FV_CLI_REAL:
        return fv_text_real(text, &out->real) && in_range(o, out->real);
    case FV_CLI_FRACTION:
        return read_fraction(text, &out->real) && in_range(o, out->real);
    case FV_CLI_WORD:
        for (int i = 0; o->words[i]; i++) {
            if (strcmp(o->words[i], text) == 0) {
                out->word = i;
                return true;
            }
        }
        return false;
    case FV_CLI_FLAG:
        out->flag = true;
        return true;
    case FV_CLI_TEXT:
    case FV_CLI_TEXTS:
        out->text = text;
        return true;
    }
    return false;
}

static void store(const fv_cli_option *o, const value *v, void *values)
{
    void *at = (char *)values + o->at;

    switch (o->type) {
    case FV_CLI_FLAG:
        memcpy(at, &v->flag, sizeof v->flag);
        break;
    case FV_CLI_COUNT:
        memcpy(at, &v->count, sizeof v->count);
        break;
    case FV_CLI_REAL:
    case FV_CLI_FRACTION:
        memcpy(at, &v->real, sizeof v->real);
        break;
    case FV_CLI_WORD:
        memcpy(at, &v->word, sizeof v->word);
        break;
    case FV_CLI_TEXT:
        memcpy(at, &v->text, sizeof v->text);
        break;
    case FV_CLI_TEXTS: /* set() saw that there is room */
        ((fv_cli_texts *)at)->items[((fv_cli_texts *)at)->count++] = v->text;
        break;
    }
}

/* Read `text` for an option; `place` is how the user wrote it ("--batch", "-b", "FOVEA_THREADS"). */
static fv_status set(const fv_cli_option *o, const char *place, const char *text, fv_cli_arguments *out, fv_error *err)
{
    char want[256];
    value v;

    if (!read_value(o, text, &v) || (o->at == FV_CLI_FORWARD && (!*text || text[strcspn(text, " \t\r\n")]))) {
        wanted(o, want, sizeof want);
        const char *near = o->type == FV_CLI_WORD ? fv_cli_nearest(text, o->words) : NULL;
        return fv_fail(err, FV_E_ARGUMENT, "%s wants %s, has '%.80s'%s%s%s", place, want, text,
                       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    if (o->type == FV_CLI_TEXTS &&
        ((const fv_cli_texts *)(const void *)((const char *)out->values + o->at))->count == FV_CLI_TEXTS_MAX)
        return fv_fail(err, FV_E_ARGUMENT, "%s was given more than %d times", place, FV_CLI_TEXTS_MAX);
    if (o->at == FV_CLI_FORWARD)
        fv_text_print(&out->forward, "%s%s %s", out->forward.length ? " " : "", o->name, text);
    else
        store(o, &v, out->values);
    return FV_OK;
}

static fv_status set_flag(const fv_cli_option *o, bool on, fv_cli_arguments *out)
{
    if (o->at == FV_CLI_FORWARD)
        fv_text_print(&out->forward, "%s%s %s", out->forward.length ? " " : "", o->name, on ? "yes" : "no");
    else
        store(o, &(value){.flag = on}, out->values);
    return FV_OK;
}

/* Defaults, and variables of the environment in their place. */
static fv_status set_fallbacks(const fv_cli_verb *verb, fv_cli_arguments *out, fv_error *err)
{
    for (const fv_cli_table *table = verb->tables; table->heading; table++) {
        for (const fv_cli_option *o = table->rows; o->name; o++) {
            const char *variable = o->environment ? getenv(o->environment) : NULL;
            fv_status status = FV_OK;

            if (o->at == FV_CLI_FORWARD)
                continue;
            if (variable && *variable)
                status = set(o, o->environment, variable, out, err);
            else if (o->fallback)
                status = set(o, o->name, o->fallback, out, err);
            else if (o->type == FV_CLI_WORD)
                store(o, &(value){.word = -1}, out->values);
            if (status)
                return status;
        }
    }
    return FV_OK;
}

/* What is left to read. */
typedef struct reader {
    const fv_cli_verb *verb;
    char **words;
    size_t count, at;
} reader;

static fv_status need_value(reader *r, const fv_cli_option *o, const char *place, const char **text, fv_error *err)
{
    char want[256];

    if (r->at < r->count) {
        *text = r->words[r->at++];
        return FV_OK;
    }
    wanted(o, want, sizeof want);
    return fv_fail(err, FV_E_ARGUMENT, "%s wants %s, but nothing stands behind it", place, want);
}

/* --name, --name value, --name=value, --no-name */
static fv_status read_long(reader *r, const char *name, fv_cli_arguments *out, fv_error *err)
{
    const size_t length = strcspn(name, "=");
    const char *text = name[length] ? name + length + 1 : NULL;
    const fv_cli_option *o = find(r->verb, name, length);
    char place[80];

    if (!o && length > 3 && memcmp(name, "no-", 3) == 0) {
        o = find(r->verb, name + 3, length - 3);
        if (o && o->type == FV_CLI_FLAG && !text)
            return set_flag(o, false, out);
        o = NULL;
    }
    if (!o)
        return unknown(r->verb, name, length, err);
    snprintf(place, sizeof place, "--%s", o->name);
    if (o->type == FV_CLI_FLAG) {
        if (text)
            return fv_fail(err, FV_E_ARGUMENT, "%s takes no value, has '%.80s'", place, text);
        return set_flag(o, true, out);
    }
    if (!text && need_value(r, o, place, &text, err))
        return err->code;
    return set(o, place, text, out, err);
}

/* -v, -qv, -j 2, -j2 */
static fv_status read_letters(reader *r, const char *letters, fv_cli_arguments *out, fv_error *err)
{
    for (; *letters; letters++) {
        const fv_cli_option *o = find_letter(r->verb, *letters);
        const char place[3] = {'-', *letters, 0}, *text = letters + 1;

        if (!o)
            return fv_fail(err, FV_E_ARGUMENT, "unknown option '-%c'", *letters);
        if (o->type == FV_CLI_FLAG) {
            set_flag(o, true, out);
            continue;
        }
        if (!*text && need_value(r, o, place, &text, err))
            return err->code;
        return set(o, place, text, out, err);
    }
    return FV_OK;
}

fv_status fv_cli_parse(const fv_cli_verb *verb, char **words, size_t count, fv_cli_arguments *out, fv_error *err)
{
    reader r = {.verb = verb, .words = words, .count = count};
    bool options = true;
    fv_status status;

    *out = (fv_cli_arguments){.values = calloc(1, verb->value_bytes), .operands = calloc(count + 1, sizeof(char *))};
    fv_text_init(&out->forward, NULL);
    if (!out->values || !out->operands)
        return fv_fail_memory(err, verb->value_bytes, "the options");
    status = set_fallbacks(verb, out, err);
    while (!status && r.at < r.count) {
        char *word = r.words[r.at++];

        if (!options || word[0] != '-' || !word[1])
            out->operands[out->count++] = word;
        else if (strcmp(word, "--") == 0)
            options = false;
        else if (word[1] == '-')
            status = read_long(&r, word + 2, out, err);
        else
            status = read_letters(&r, word + 1, out, err);
    }
    if (!status && out->forward.failed)
        return fv_fail_memory(err, out->forward.size, "the options");
    return status;
}

void fv_cli_arguments_free(fv_cli_arguments *arguments)
{
    free(arguments->values);
    free(arguments->operands);
    fv_text_free(&arguments->forward);
    *arguments = (fv_cli_arguments){0};
}
