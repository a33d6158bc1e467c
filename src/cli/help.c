/* help: the verbs, one verb, or the manual page; and what --help prints. At most 80 columns. */
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, INDENT = 26 }; /* columns of a line; where descriptions begin */

typedef struct help_values {
    fv_cli_common common;
    bool manual;
} help_values;

static const char *const intro = "Fovea trains and runs convolutional networks on CPUs.";

/* Print words from column `at` on, breaking lines before WIDTH and beginning new ones at `indent`. */
static void wrap(const char *text, size_t at, size_t indent)
{
    bool first = true;

    while (*text) {
        const size_t length = strcspn(text, " ");

        if (!first && at + 1 + length > WIDTH) {
            printf("\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            putchar(' ');
            at++;
        }
        printf("%.*s", (int)length, text);
        at += length;
        text += length;
        text += strspn(text, " ");
        first = false;
    }
    putchar('\n');
}

/* A heading, in bold where there are colours. */
static void heading(const fv_cli *cli, const char *text)
{
    printf(cli->terminal.out_color ? "\n\033[1m%s:\033[0m\n" : "\n%s:\n", text);
}

static void print_row(const char *left, const char *help)
{
    const size_t width = strlen(left);

    fputs(left, stdout);
    if (width + 2 > INDENT)
        printf("\n%*s", INDENT, "");
    else
        printf("%*s", (int)(INDENT - width), "");
    wrap(help, INDENT, INDENT);
}

/* Does the help text name every word that the option takes? */
static bool names_words(const fv_cli_option *o)
{
    for (size_t i = 0; o->words[i]; i++)
        if (!strstr(o->help, o->words[i]))
            return false;
    return true;
}

static void print_option(const fv_cli_option *o)
{
    char left[96], help[512], letter[5] = "    ", words[128] = "";
    size_t at = 0;

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    for (size_t i = 0; o->type == FV_CLI_WORD && !names_words(o) && o->words[i] && at < sizeof words; i++)
        at += (size_t)snprintf(words + at, sizeof words - at, "%s%s", i ? "|" : ": ", o->words[i]);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name, o->argument ? " " : "",
             o->argument ? o->argument : "");
    snprintf(help, sizeof help, "%s%s%s%s%s%s%s%s%s%s", o->help, words, o->fallback ? " [" : "",
             o->fallback ? o->fallback : "", o->fallback && o->unit ? " " : "", o->fallback && o->unit ? o->unit : "",
             o->fallback ? "]" : "", o->environment ? " (also " : "", o->environment ? o->environment : "",
             o->environment ? ")" : "");
    print_row(left, help);
}

void fv_cli_help_verb(const fv_cli *cli, const fv_cli_verb *verb)
{
    printf("Usage: fovea %s [OPTIONS]%s%s\n\n", verb->name, verb->operands ? " " : "",
           verb->operands ? verb->operands : "");
    printf("%s.\n", verb->help);
    if (verb->text)
        wrap(verb->text, 0, 0);
    for (const fv_cli_table *table = verb->tables; table->heading; table++) {
        heading(cli, table->heading);
        for (const fv_cli_option *o = table->rows; o->name; o++)
            print_option(o);
    }
    heading(cli, "Examples");
    for (size_t i = 0; i < FV_COUNT(verb->examples) && verb->examples[i][0]; i++) {
        printf("  fovea %s\n      ", verb->examples[i][0]);
        wrap(verb->examples[i][1], 6, 6);
    }
    printf("\n%s%sman fovea\n", verb->more ? verb->more : "", verb->more ? ", " : "");
}

void fv_cli_help(const fv_cli *cli)
{
    const fv_cli_verb *verb;
    char left[64];

    printf("Usage: fovea VERB [OPTIONS] [ARGUMENTS]\n\n%s\n", intro);
    heading(cli, "Verbs");
    for (size_t i = 0; (verb = fv_cli_verb_list(i)); i++) {
        snprintf(left, sizeof left, "  %s", verb->name);
        print_row(left, verb->help);
    }
    heading(cli, "Exit codes");
#define ROW(name, number, text) print_row("  " #number, text);
    FV_EXIT_MAP(ROW)
#undef ROW
    puts("\n'fovea VERB --help' tells more about a verb; doc/, man fovea");
}

static int run(const fv_cli *cli)
{
    const help_values *values = cli->values;
    const char *names[32] = {0};

    if (values->manual) {
        fv_cli_manual();
        return FV_EXIT_OK;
    }
    if (!cli->count) {
        fv_cli_help(cli);
        return FV_EXIT_OK;
    }
    const fv_cli_verb *verb = fv_cli_verb_find(cli->operands[0]);
    if (verb) {
        fv_cli_help_verb(cli, verb);
        return FV_EXIT_OK;
    }
    for (size_t i = 0; i + 1 < FV_COUNT(names) && fv_cli_verb_list(i); i++)
        names[i] = fv_cli_verb_list(i)->name;
    const char *near = fv_cli_nearest(cli->operands[0], names);
    return fv_cli_usage(cli, "no verb is called '%s'%s%s%s", cli->operands[0], near ? "; did you mean '" : "",
                        near ? near : "", near ? "'?" : "");
}

static const fv_cli_option options[] = {
    {.name = "man",
     .type = FV_CLI_FLAG,
     .at = offsetof(help_values, manual),
     .help = "print the manual page fovea.1 (mdoc), made from the same tables"},
    {0},
};

static const fv_cli_table tables[] = {{"Options", options}, {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_help = {
    .name = "help",
    .operands = "[VERB]",
    .least = 0,
    .most = 1,
    .help = "Explain the command or one of its verbs",
    .examples = {{"help", "list the verbs and the exit codes"},
                 {"help train", "explain training and its options"},
                 {"help --man | man -l -", "read the manual page without installing it"}},
    .tables = tables,
    .value_bytes = sizeof(help_values),
    .run = run,
};
