/* The manual page fovea.1 in mdoc, from the tables of verbs and options. */
#include "cli/cli.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 78 }; /* bytes of a line of the page's source */

/* One word with its backslashes and hyphens escaped; returns the bytes printed, or counts them only. */
static size_t word(const char *s, size_t length, bool print)
{
    size_t bytes = 0;

    for (size_t i = 0; i < length; i++) {
        const bool special = s[i] == '\\' || s[i] == '-';

        if (print && special)
            putchar('\\');
        if (print)
            putchar(s[i] == '\\' ? 'e' : s[i]);
        bytes += special ? 2 : 1;
    }
    return bytes;
}

/* Does a sentence end with this word, so that the next one begins a line, as mdoc wants it? */
static bool ends_sentence(const char *s, size_t length)
{
    return length && s[length - 1] == '.' && isupper((unsigned char)s[length + strspn(s + length, " ")]);
}

/* Words in short lines, `end` behind the last one. No line may begin with a control character. */
static void text(const char *s, const char *end)
{
    size_t at = 0;

    while (*s) {
        const size_t length = strcspn(s, " "), bytes = word(s, length, false);

        if (at && at + 1 + bytes > LINE) {
            putchar('\n');
            at = 0;
        }
        if (at)
            putchar(' ');
        else if (*s == '.' || *s == '\'')
            fputs("\\&", stdout);
        word(s, length, true);
        at += bytes + 1;
        if (ends_sentence(s, length)) {
            putchar('\n');
            at = 0;
        }
        s += length;
        s += strspn(s, " ");
    }
    puts(end);
}

/* A sentence of a table, which has no full stop there. */
static void sentence(const char *s)
{
    const size_t length = strlen(s);

    text(s, length && s[length - 1] == '.' ? "" : ".");
}

/* "[NET] FILE..." as .Op Ar NET and .Ar FILE ... */
static void operands(const char *s)
{
    for (; s && *s; s += strspn(s, " ")) {
        const size_t length = strcspn(s, " "), inner = strcspn(s + 1, "]. ") + 1;

        if (*s == '[')
            printf(".Op Ar %.*s\n", (int)inner - 1, s + 1);
        else
            printf(".Ar %.*s%s\n", (int)inner, s, inner < length ? " ..." : "");
        s += length;
    }
}

static void option(const fv_cli_option *o)
{
    fputs(".It ", stdout);
    if (o->letter)
        printf("Fl %c , ", o->letter);
    printf("Fl \\-%s%s%s\n", o->name, o->argument ? " Ar " : "", o->argument ? o->argument : "");
    sentence(o->help);
    if (o->type == FV_CLI_WORD) {
        fputs("One of\n", stdout);
        for (size_t i = 0; o->words[i]; i++)
            printf(".Cm %s%s\n", o->words[i], o->words[i + 1] ? " ," : " .");
    }
    if (o->fallback) {
        printf("Default: %s%s%s.\n", o->fallback, o->unit ? " " : "", o->unit ? o->unit : "");
    }
    if (o->environment)
        printf("Without it,\n.Ev %s\nholds.\n", o->environment);
}

static void verb_section(const fv_cli_verb *verb)
{
    printf(".Ss fovea %s\n", verb->name);
    sentence(verb->help);
    if (verb->text)
        text(verb->text, "");
    for (const fv_cli_table *table = verb->tables; table->heading; table++) {
        if (table->rows == fv_cli_general || table->rows == fv_cli_json_output || table->rows == fv_cli_machine ||
            table->rows == fv_cli_size || table->rows == fv_cli_exact || table->rows == fv_cli_hold ||
            table->rows == fv_cli_weights)
            continue;
        puts(".Bl -tag -width Ds");
        for (const fv_cli_option *o = table->rows; o->name; o++)
            option(o);
        puts(".El");
    }
}

static void shared_options(const char *title, const fv_cli_option *rows)
{
    printf(".Ss %s\n.Bl -tag -width Ds\n", title);
    for (const fv_cli_option *o = rows; o->name; o++)
        option(o);
    puts(".El");
}

static void examples(const fv_cli_verb *verb, bool first)
{
    for (size_t i = 0; i < FV_COUNT(verb->examples) && verb->examples[i][0]; i++) {
        if (!first || i)
            puts(".Pp");
        const char *what = verb->examples[i][1];
        text(what, what[strlen(what) - 1] == '?' ? "" : ":");
        fputs(".Dl fovea ", stdout);
        word(verb->examples[i][0], strlen(verb->examples[i][0]), true);
        putchar('\n');
    }
}

void fv_cli_manual(void)
{
    const fv_cli_verb *verb;

    puts(".Dd November 24, 2026\n.Dt FOVEA 1\n.Os\n.Sh NAME\n.Nm fovea\n.Nd train and run convolutional networks on "
         "CPUs\n"
         ".Sh SYNOPSIS");
    for (size_t i = 0; (verb = fv_cli_verb_list(i)); i++) {
        printf(".Nm\n.Cm %s\n.Op Ar OPTIONS\n", verb->name);
        operands(verb->operands);
    }
    puts(".Sh DESCRIPTION\n.Nm\n"
         "learns to tell pictures apart: it reads a network in a notation like that of\n"
         "the papers, trains it, measures it and uses it.\n"
         "The same seed gives the same bits on any number of threads.\n"
         ".Pp\nA network\n.Pq Ar NET\nis a name that\n.Nm Cm nets\nlists, or the path of a\n.Pa .net\nfile.\n"
         "A model\n.Pq Ar MODEL\nis a file that\n.Nm Cm train\nwrote, or the folder of a run.\n"
         ".Pp\nOptions may stand anywhere behind the verb; one of\n.Fl \\-\nends them.\n"
         "They are written in full; a flag is switched off by\n.Fl \\-no\\- Ns Ar name .");
    for (size_t i = 0; (verb = fv_cli_verb_list(i)); i++)
        verb_section(verb);
    shared_options("Options of every verb", fv_cli_general);
    shared_options("Options of verbs that print figures", fv_cli_json_output);
    shared_options("Options of verbs that compute", fv_cli_machine);
    shared_options("Options of verbs that plan", fv_cli_exact);
    shared_options("Options of verbs that use a network", fv_cli_hold);
    shared_options("Options of verbs that take a network", fv_cli_size);
    shared_options("Options of verbs that take a model", fv_cli_weights);
    puts(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
         ".It Ev FOVEA_THREADS\nNumber of threads.\n"
         ".It Ev FOVEA_CPU\nInstruction set.\n"
         ".It Ev NO_COLOR , Ev CLICOLOR_FORCE , Ev FORCE_COLOR\nSwitch colours off or on.\n.El\n"
         ".Sh FILES\n.Bl -tag -width Ds\n"
         ".It Pa runs/train\nFolder of a run; the next ones are\n.Pa runs/train2\nand so on.\n"
         ".It Pa runs/train/results.csv\nFigures of each epoch.\n"
         ".It Pa runs/train/weights/best.safetensors\nThe model.\n.El\n"
         ".Sh EXIT STATUS\n.Bl -tag -width Ds");
#define ROW(name, number, words)                                                                                       \
    puts(".It " #number);                                                                                              \
    sentence(words);
    FV_EXIT_MAP(ROW)
#undef ROW
    puts(".El\n.Sh EXAMPLES");
    for (size_t i = 0; (verb = fv_cli_verb_list(i)); i++)
        examples(verb, i == 0);
}
