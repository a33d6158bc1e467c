#include "cli/training.h"
#include "train/options.h"
#include <stdio.h>
#include <string.h>

enum { ROWS = 96, TEXT = 48 };

fv_cli_table fv_cli_training[FV_CLI_TRAINING_TABLES];
static fv_cli_option rows[ROWS]; /* the groups one after another, an empty row behind each */
static char texts[ROWS][TEXT];   /* their defaults in letters */
static char headings[FV_CLI_TRAINING_TABLES][TEXT];

/* One-letter twins and names of values, where a kind does not say enough. */
static const struct {
    const char *name;
    char letter;
} letters[] = {{"epochs", 'e'}, {"batch", 'b'}};

static const struct {
    fv_cli_type type;
    const char *argument;
} kinds[] = {
    [FV_OPT_COUNT] = {FV_CLI_COUNT, "N"},  [FV_OPT_REAL] = {FV_CLI_REAL, "X"},    [FV_OPT_FLAG] = {FV_CLI_FLAG, NULL},
    [FV_OPT_WORD] = {FV_CLI_WORD, "WORD"}, [FV_OPT_LIST] = {FV_CLI_TEXT, "LIST"}, [FV_OPT_SEED] = {FV_CLI_COUNT, "N"},
};

static const char *fallback(const fv_option *o, char out[TEXT])
{
    switch (o->kind) {
    case FV_OPT_COUNT:
    case FV_OPT_SEED:
        snprintf(out, TEXT, "%.0f", o->fallback);
        return out;
    case FV_OPT_REAL:
        snprintf(out, TEXT, "%g", o->fallback);
        return out;
    case FV_OPT_WORD:
        return o->words[(size_t)o->fallback];
    case FV_OPT_FLAG:
    case FV_OPT_LIST:
        return NULL;
    }
    return NULL;
}

static fv_cli_option row(const fv_option *o, char text[TEXT])
{
    fv_cli_option r = {
        .name = o->name,
        .argument = kinds[o->kind].argument,
        .type = kinds[o->kind].type,
        .at = FV_CLI_FORWARD,
        .fallback = fallback(o, text),
        .least = o->least,
        .most = o->most,
        .help = o->help,
        .words = o->words,
    };

    for (size_t i = 0; i < FV_COUNT(letters); i++)
        if (strcmp(letters[i].name, o->name) == 0)
            r.letter = letters[i].letter;
    if (o->kind == FV_OPT_SEED)
        r.most = 9e18;
    if (o->kind == FV_OPT_COUNT && o->words) { /* a number or a word: the library reads it */
        r.type = FV_CLI_TEXT;
        r.words = NULL;
    }
    if (o->kind == FV_OPT_REAL && o->most <= 1)
        r.type = FV_CLI_FRACTION;
    return r;
}

/* "optimizer" as the heading "Optimizer". */
static const char *title(const char *group, char out[TEXT])
{
    snprintf(out, TEXT, "%s", group);
    if (*out >= 'a' && *out <= 'z')
        *out = (char)(*out - 'a' + 'A');
    return out;
}

void fv_cli_training_fill(void)
{
    const fv_option *o;
    const char *group = "";
    size_t table = 0, at = 0;

    fv_cli_training[table++] = (fv_cli_table){"Run", fv_cli_train_own};
    fv_cli_training[table++] = (fv_cli_table){"Size of the network", fv_cli_size};
    for (size_t i = 0; (o = fv_option_list(i)) && at + 2 < ROWS && table + 4 < FV_CLI_TRAINING_TABLES; i++) {
        if (strcmp(o->group, group) != 0) {
            at += at > 0; /* the empty row that ends the group before */
            fv_cli_training[table] = (fv_cli_table){title(o->group, headings[table]), &rows[at]};
            table++;
        }
        group = o->group;
        rows[at] = row(o, texts[at]);
        at++;
    }
    fv_cli_training[table++] = (fv_cli_table){"Machine", fv_cli_machine};
    fv_cli_training[table++] = (fv_cli_table){"Output", fv_cli_json_output};
    fv_cli_training[table] = (fv_cli_table){"General", fv_cli_general};
}
