/* fovea VERB [options] [files]: finds the verb, reads its options, runs it, and makes sure that what it printed has
 * arrived: a full disk behind standard output is a failure too. */
#include "cli/cli.h"
#include "cli/memory.h"
#include "cli/training.h"
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const fv_cli_verb *const verbs[] = {
#define VERB(name) &fv_cli_verb_##name,
#include "cli/verbs.def"
#undef VERB
};

const fv_cli_verb *fv_cli_verb_list(size_t i)
{
    return i < FV_COUNT(verbs) ? verbs[i] : NULL;
}

const fv_cli_verb *fv_cli_verb_find(const char *name)
{
    for (size_t i = 0; i < FV_COUNT(verbs); i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

const char *fv_cli_nearest(const char *word, const char *const *words)
{
    size_t count = 0;

    while (words[count])
        count++;
    return fv_text_nearest(word, words, count);
}

static void say(const fv_cli *cli, const char *format, va_list arguments)
{
    fflush(stdout); /* keep the order where both go to one place */
    fputs(cli->terminal.err_color ? "\033[1mfovea:\033[0m " : "fovea: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void fv_cli_say(const fv_cli *cli, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(cli, format, arguments);
    va_end(arguments);
}

void fv_cli_note(const fv_cli *cli, const char *format, ...)
{
    va_list arguments;

    if (cli->common && cli->common->quiet)
        return;
    va_start(arguments, format);
    say(cli, format, arguments);
    va_end(arguments);
}

void fv_cli_detail(const fv_cli *cli, const char *format, ...)
{
    va_list arguments;

    if (!cli->common->verbose)
        return;
    va_start(arguments, format);
    say(cli, format, arguments);
    va_end(arguments);
}

int fv_cli_usage(const fv_cli *cli, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(cli, format, arguments);
    va_end(arguments);
    if (cli->verb && cli->verb != &fv_cli_verb_help)
        fprintf(stderr, "Try 'fovea %s --help'.\n", cli->verb->name);
    else
        fputs("Try 'fovea help'.\n", stderr);
    return FV_EXIT_USAGE;
}

int fv_cli_fail(const fv_cli *cli, const fv_error *err)
{
    fv_cli_say(cli, "%s", err->message[0] ? err->message : fv_status_text(err->code));
    return err->code == FV_E_NAN ? FV_EXIT_NAN : FV_EXIT_FAILURE;
}

fv_session_options fv_cli_session_options(const fv_cli *cli, size_t batch)
{
    fv_session_options options = FV_SESSION_OPTIONS;

    options.batch = batch;
    options.threads = cli->common->threads;
    options.isa = cli->common->isa;
    options.exact = cli->common->exact;
    options.as_stored = cli->common->as_stored;
    options.bf16 = cli->common->precision == FV_CLI_BF16;
    options.low_memory = cli->common->memory == FV_CLI_MEMORY_LOW;
    options.memory_limit = fv_cli_memory_available();
    return options;
}

static void log_remark(void *user, const char *message)
{
    fv_cli_note(user, "%s", message);
}

static int unknown_verb(const fv_cli *cli, const char *name)
{
    const char *names[FV_COUNT(verbs) + 1] = {0};

    if (name[0] == '-')
        return fv_cli_usage(cli, "unknown option '%s'; options stand behind the verb", name);
    for (size_t i = 0; i < FV_COUNT(verbs); i++)
        names[i] = verbs[i]->name;
    const char *near = fv_cli_nearest(name, names);
    if (near)
        return fv_cli_usage(cli, "unknown verb '%s'; did you mean '%s'?", name, near);
    return fv_cli_usage(cli, "unknown verb '%s'", name);
}

static int check_operands(const fv_cli *cli)
{
    const fv_cli_verb *verb = cli->verb;

    if (cli->count < verb->least)
        return fv_cli_usage(cli, "%s needs %s", verb->name, verb->operands);
    if (cli->count > verb->most && !verb->most)
        return fv_cli_usage(cli, "%s takes no arguments, has '%s'", verb->name, cli->operands[0]);
    if (cli->count > verb->most)
        return fv_cli_usage(cli, "%s takes %s, has one more: '%s'", verb->name, verb->operands,
                            cli->operands[verb->most]);
    return FV_EXIT_OK;
}

static int run_verb(fv_cli *cli, char **words, size_t count)
{
    fv_cli_arguments arguments;
    fv_error err = {0};
    int code;

    if (fv_cli_parse(cli->verb, words, count, &arguments, &err)) {
        code = err.code == FV_E_ARGUMENT ? fv_cli_usage(cli, "%s", err.message) : fv_cli_fail(cli, &err);
        goto done;
    }
    cli->values = arguments.values;
    cli->common = arguments.values;
    cli->operands = arguments.operands;
    cli->count = arguments.count;
    cli->forward = arguments.forward.data ? arguments.forward.data : "";
    cli->terminal = fv_cli_terminal_look((fv_cli_when)cli->common->color);
    if (cli->common->help) {
        fv_cli_help_verb(cli, cli->verb);
        code = FV_EXIT_OK;
    } else if (cli->common->version) {
        fv_cli_print_version(cli);
        code = FV_EXIT_OK;
    } else {
        code = check_operands(cli);
        if (!code)
            code = cli->verb->run(cli);
    }
done:
    fv_cli_arguments_free(&arguments);
    cli->common = NULL;
    return code;
}

/* A verb of the user's first word; --help and --version are verbs too when they stand alone. */
static const fv_cli_verb *first_verb(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return &fv_cli_verb_help;
    if (strcmp(word, "--version") == 0)
        return &fv_cli_verb_version;
    return fv_cli_verb_find(word);
}

/* Descriptors 0 to 2 that the caller closed would be given to the next file opened, and messages written into it. */
static void keep_standard_files(void)
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
        if (fcntl(file, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            exit(FV_EXIT_FAILURE);
}

/* True if all that was printed has arrived. */
static bool close_output(void)
{
    const bool failed = ferror(stdout) != 0;

    errno = 0;
    if (fclose(stdout) == 0 && !failed)
        return true;
    fprintf(stderr, "fovea: standard output: %s\n", errno ? strerror(errno) : "writing failed");
    return false;
}

int main(int argc, char **argv)
{
    fv_cli cli = {.forward = ""};
    int code;

    keep_standard_files();
    fv_cli_training_fill();
    setlocale(LC_CTYPE, ""); /* numbers keep their '.' in any locale */
    cli.terminal = fv_cli_terminal_look(FV_CLI_AUTO);
    cli.host = fv_host_or_default(NULL);
    cli.host.log = log_remark;
    cli.host.user = &cli;

    cli.verb = argc < 2 ? NULL : first_verb(argv[1]);
    if (argc < 2)
        code = fv_cli_usage(&cli, "no verb given");
    else if (!cli.verb)
        code = unknown_verb(&cli, argv[1]);
    else
        code = run_verb(&cli, argv + 2, (size_t)argc - 2);

    return close_output() || code == FV_EXIT_USAGE ? code : FV_EXIT_FAILURE;
}
