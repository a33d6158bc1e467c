#include "train/options.h"
#include "base/memory.h"
#include <string.h>

static const char *const optimizer_words[] = {"sgd", "adam", "adamw", NULL};
static const char *const schedule_words[] = {"constant", "step", "multistep", "cosine", "one-cycle", NULL};
static const char *const sampling_words[] = {"each", "balanced", NULL};
static const char *const all_words[] = {"all", NULL};
static const char *const bn_words[] = {"frozen", "train", NULL};
static const char *const init_words[] = {"net", "he", "glorot", "lecun", "lecun98", "torch", "normal", NULL};

static const fv_option options[] = {
#define OPTION(name, kind, field, words, fallback, least, most, group, help)                                           \
    {name, FV_OPT_##kind, offsetof(fv_settings, field), fallback, least, most, words, group, help},
#include "train/options.def"
#undef OPTION
};

const fv_option *fv_option_list(size_t i)
{
    return i < FV_COUNT(options) ? &options[i] : NULL;
}

const fv_option *fv_option_find(const char *name)
{
    for (size_t i = 0; i < FV_COUNT(options); i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

size_t fv_option_bytes(const fv_option *option)
{
    static const size_t bytes[] = {
        [FV_OPT_COUNT] = sizeof(size_t), [FV_OPT_REAL] = sizeof(double),   [FV_OPT_FLAG] = sizeof(bool),
        [FV_OPT_WORD] = sizeof(int),     [FV_OPT_SEED] = sizeof(uint64_t), [FV_OPT_LIST] = sizeof(fv_train_list),
    };

    return bytes[option->kind];
}

/* ---------------------------------------------------------------------------------------------- reading */

static void store_number(fv_settings *settings, const fv_option *option, double value)
{
    char *at = (char *)settings + option->offset;

    switch (option->kind) {
    case FV_OPT_COUNT:
        memcpy(at, &(size_t){(size_t)value}, sizeof(size_t));
        break;
    case FV_OPT_REAL:
        memcpy(at, &value, sizeof value);
        break;
    case FV_OPT_FLAG:
        memcpy(at, &(bool){value != 0}, sizeof(bool));
        break;
    case FV_OPT_WORD:
        memcpy(at, &(int){(int)value}, sizeof(int));
        break;
    case FV_OPT_SEED:
        memcpy(at, &(uint64_t){(uint64_t)value}, sizeof(uint64_t));
        break;
    case FV_OPT_LIST:
        memset(at, 0, sizeof(fv_train_list));
        break;
    }
}

void fv_settings_default(fv_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < FV_COUNT(options); i++)
        store_number(settings, &options[i], options[i].fallback);
}

static fv_status bad_value(const fv_option *o, const char *word, const char *place, const char *wanted, fv_error *err)
{
    return fv_fail(err, FV_E_RANGE, "%s: %s %s: needs %s", place, o->name, word, wanted);
}

/* A number, or a share such as 20%. */
static bool read_real(const char *word, double *value)
{
    char text[64];
    const size_t length = strlen(word);

    if (length && length < sizeof text && word[length - 1] == '%') {
        memcpy(text, word, length - 1);
        text[length - 1] = 0;
        if (!fv_text_real(text, value))
            return false;
        *value /= 100;
        return true;
    }
    return fv_text_real(word, value);
}

static fv_status read_number(fv_settings *settings, const fv_option *o, const char *word, const char *place,
                             fv_error *err)
{
    const bool whole = o->kind == FV_OPT_COUNT;
    char wanted[96];
    double value;

    if (o->words && strcmp(word, *o->words) == 0) {
        store_number(settings, o, o->most);
        return FV_OK;
    }
    if (!read_real(word, &value) || value < o->least || value > o->most || (whole && value != (double)(size_t)value)) {
        fv_error limits;

        fv_fail(&limits, FV_E_RANGE, "a %snumber from %g to %g%s%s", whole ? "whole " : "", o->least, o->most,
                o->words ? ", or " : "", o->words ? *o->words : "");
        memcpy(wanted, limits.message, sizeof wanted - 1);
        wanted[sizeof wanted - 1] = 0;
        return bad_value(o, word, place, wanted, err);
    }
    store_number(settings, o, value);
    return FV_OK;
}

static fv_status read_seed(fv_settings *settings, const fv_option *o, const char *word, const char *place,
                           fv_error *err)
{
    long long value;

    if (!fv_text_integer(word, &value) || value < 0)
        return bad_value(o, word, place, "a whole number from 0 to 9223372036854775807", err);
    settings->seed = (uint64_t)value;
    return FV_OK;
}

static fv_status read_word(fv_settings *settings, const fv_option *o, const char *word, const char *place,
                           fv_error *err)
{
    size_t count = 0;
    const char *near;

    for (; o->words[count]; count++)
        if (strcmp(o->words[count], word) == 0) {
            store_number(settings, o, (double)count);
            return FV_OK;
        }
    near = fv_text_nearest(word, o->words, count);
    return fv_fail(err, FV_E_UNKNOWN, "%s: %s '%s' is not one of: %s%s%s%s", place, o->name, word, o->help,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static fv_status read_list(fv_settings *settings, const fv_option *o, const char *word, const char *place,
                           fv_error *err)
{
    fv_train_list list = {0};

    for (const char *at = word; *at;) {
        const char *end = strchr(at, ',');
        const size_t length = end ? (size_t)(end - at) : strlen(at);
        char text[32];

        if (list.count == FV_LIST_SIZE || length >= sizeof text)
            return bad_value(o, word, place, "at most 32 numbers with commas between them", err);
        memcpy(text, at, length);
        text[length] = 0;
        if (!fv_text_real(text, &list.value[list.count]) || list.value[list.count] < o->least ||
            (list.count && list.value[list.count] <= list.value[list.count - 1]))
            return bad_value(o, word, place, "rising numbers with commas between them, such as 30,60,80", err);
        list.count++;
        at += length + (end != NULL);
    }
    memcpy((char *)settings + o->offset, &list, sizeof list);
    return FV_OK;
}

/* One option whose value is `word`; *used says whether the word belonged to it (a flag may stand alone). */
static fv_status read_option(fv_settings *settings, const fv_option *o, const char *word, bool *used, const char *place,
                             fv_error *err)
{
    *used = word != NULL;
    if (o->kind == FV_OPT_FLAG) {
        const bool no = word && strcmp(word, "no") == 0;

        *used = no || (word && strcmp(word, "yes") == 0);
        store_number(settings, o, !no);
        return FV_OK;
    }
    if (!word)
        return fv_fail(err, FV_E_ARGUMENT, "%s: %s needs a value (%s)", place, o->name, o->help);
    if (o->kind == FV_OPT_WORD)
        return read_word(settings, o, word, place, err);
    if (o->kind == FV_OPT_LIST)
        return read_list(settings, o, word, place, err);
    if (o->kind == FV_OPT_SEED)
        return read_seed(settings, o, word, place, err);
    return read_number(settings, o, word, place, err);
}

fv_status fv_settings_apply(fv_settings *settings, const char *const *words, size_t count, const char *place,
                            fv_error *err)
{
    const char *names[FV_COUNT(options)];

    for (size_t i = 0; i < FV_COUNT(options); i++)
        names[i] = options[i].name;
    for (size_t i = 0; i < count; i++) {
        const fv_option *option = fv_option_find(words[i]);
        bool used;
        fv_status status;

        if (!option) {
            const char *near = fv_text_nearest(words[i], names, FV_COUNT(options));

            return fv_fail(err, FV_E_UNKNOWN, "%s: unknown training option '%s'%s%s%s", place, words[i],
                           near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        }
        status = read_option(settings, option, i + 1 < count ? words[i + 1] : NULL, &used, place, err);
        if (status)
            return status;
        i += used;
    }
    return FV_OK;
}

fv_status fv_settings_apply_text(const fv_host *host, fv_settings *settings, const char *text, const char *place,
                                 fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    const size_t length = strlen(text);
    char *copy = fv_strdup(&h, text);
    const char **words = fv_alloc(&h, length / 2 + 1, sizeof *words);
    size_t count = 0;
    fv_status status;

    if (!copy || !words) {
        status = fv_fail_memory(err, length, "options");
    } else {
        for (char *at = copy; *at;) {
            if (strchr(" \t\r\n", *at)) {
                *at++ = 0;
                continue;
            }
            words[count++] = at;
            at += strcspn(at, " \t\r\n");
        }
        status = fv_settings_apply(settings, words, count, place, err);
    }
    fv_release(&h, copy);
    fv_release(&h, words);
    return status;
}

/* ---------------------------------------------------------------------------------------------- writing */

static void print_value(const fv_settings *settings, const fv_option *o, fv_text *text)
{
    const char *at = (const char *)settings + o->offset;

    switch (o->kind) {
    case FV_OPT_COUNT:
        if (o->words && (double)*(const size_t *)(const void *)at == o->most)
            fv_text_print(text, "%s", *o->words);
        else
            fv_text_print(text, "%zu", *(const size_t *)(const void *)at);
        break;
    case FV_OPT_REAL:
        fv_text_print_real(text, *(const double *)(const void *)at);
        break;
    case FV_OPT_FLAG:
        fv_text_print(text, "%s", *(const bool *)(const void *)at ? "yes" : "no");
        break;
    case FV_OPT_WORD:
        fv_text_print(text, "%s", o->words[*(const int *)(const void *)at]);
        break;
    case FV_OPT_SEED:
        fv_text_print(text, "%llu", (unsigned long long)*(const uint64_t *)(const void *)at);
        break;
    case FV_OPT_LIST:
        break;
    }
}

static void print_list(const fv_train_list *list, fv_text *text)
{
    for (size_t i = 0; i < list->count; i++) {
        fv_text_print(text, "%s", i ? "," : "");
        fv_text_print_real(text, list->value[i]);
    }
}

void fv_settings_print(const fv_settings *settings, fv_text *text)
{
    bool first = true;

    for (size_t i = 0; i < FV_COUNT(options); i++) {
        const fv_train_list *list = (const void *)((const char *)settings + options[i].offset);

        if (options[i].kind == FV_OPT_LIST && !list->count)
            continue;
        fv_text_print(text, "%s%s ", first ? "" : " ", options[i].name);
        first = false;
        if (options[i].kind == FV_OPT_LIST)
            print_list(list, text);
        else
            print_value(settings, &options[i], text);
    }
}

fv_status fv_settings_check(const fv_settings *s, fv_error *err)
{
    if (s->schedule == FV_MULTISTEP && !s->milestones.count)
        return fv_fail(err, FV_E_ARGUMENT, "schedule multistep needs milestones, such as milestones 30,60");
    if (s->nesterov && !(s->momentum > 0))
        return fv_fail(err, FV_E_ARGUMENT, "nesterov needs a momentum above 0, such as momentum 0.9");
    if (s->sampling == FV_BALANCED && s->balance)
        return fv_fail(err, FV_E_ARGUMENT,
                       "sampling balanced and balance exclude each other: both make up for rare classes");
    if (s->sampling == FV_BALANCED && (s->mixup > 0 || s->cutmix > 0))
        return fv_fail(
            err, FV_E_ARGUMENT,
            "sampling balanced: mixup and cutmix draw the picture that is mixed in from all alike; use balance "
            "(--class-weights auto)");
    if (s->warmup > (double)s->epochs)
        return fv_fail(err, FV_E_ARGUMENT, "warmup %g: is longer than the %zu epochs of the run", s->warmup, s->epochs);
    return FV_OK;
}

fv_augment fv_settings_augment(const fv_settings *s)
{
    return (fv_augment){.shift = (float)s->shift,
                        .rotate = (float)s->rotate,
                        .scale = (float)s->scale,
                        .alpha = (float)s->elastic,
                        .sigma = (float)s->elastic_sigma,
                        .crop = s->crop,
                        .flip = s->flip,
                        .resized_crop = (float)s->resized_crop,
                        .jitter = (float)s->jitter,
                        .hue = (float)s->hue,
                        .lighting = (float)s->lighting,
                        .randaugment = s->randaugment,
                        .magnitude = s->magnitude,
                        .trivial = s->trivial,
                        .erase = (float)s->erase,
                        .mixup = (float)s->mixup,
                        .cutmix = (float)s->cutmix};
}
