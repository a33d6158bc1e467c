/* The command `fovea`: verbs in a table (verbs.def), one file a verb; each verb reads its values, calls the library and
 * prints. Results go to standard output, everything else to standard error. */
#ifndef FV_CLI_CLI_H
#define FV_CLI_CLI_H
#include "base/error.h"
#include "base/memory.h"
#include "cli/options.h"
#include "cli/terminal.h"

/* Exit codes, and what they tell a script. */
#define FV_EXIT_MAP(X)                                                                                                 \
    X(FV_EXIT_OK, 0, "done, everything good")                                                                          \
    X(FV_EXIT_FAILURE, 1, "failure: a file, memory, a model, or a check that was not passed")                          \
    X(FV_EXIT_USAGE, 2, "usage: an unknown verb, option or net, a bad value; nothing was read or written")             \
    X(FV_EXIT_PARTLY, 3, "finished, but some inputs were bad; they are named on standard error")                       \
    X(FV_EXIT_NAN, 4, "the numbers broke: not a number or infinite; the last good checkpoint is kept")                 \
    X(FV_EXIT_INTERRUPTED, 130, "ended by SIGINT after saving")                                                        \
    X(FV_EXIT_TERMINATED, 143, "ended by SIGTERM after saving")

enum {
#define FV_EXIT_ENUM(name, number, text) name = number,
    FV_EXIT_MAP(FV_EXIT_ENUM)
#undef FV_EXIT_ENUM
};

/* One run of the command, as a verb sees it. */
typedef struct fv_cli {
    const struct fv_cli_verb *verb;
    const fv_cli_common *common; /* the beginning of values */
    const void *values;
    char *const *operands;
    size_t count;
    const char *forward; /* options for the library, "epochs 10 batch 128"; never NULL */
    fv_cli_terminal terminal;
    fv_host host;
} fv_cli;

typedef struct fv_cli_verb {
    const char *name;
    const char *operands;       /* as the usage line prints them: "NET DATA" */
    size_t least, most;         /* how many operands */
    const char *help;           /* one sentence without its full stop */
    const char *text;           /* more sentences for --help and the manual, or NULL */
    const char *examples[4][2]; /* what stands behind "fovea", and what it does */
    const char *more;           /* where to read on */
    const fv_cli_table *tables;
    size_t value_bytes;            /* of its values, which begin with fv_cli_common */
    int (*run)(const fv_cli *cli); /* returns the exit code */
} fv_cli_verb;

#define VERB(name) extern const fv_cli_verb fv_cli_verb_##name;
#include "cli/verbs.def"
#undef VERB

/* The i-th verb, NULL behind the last; the verb of that name, or NULL. */
const fv_cli_verb *fv_cli_verb_list(size_t i);
const fv_cli_verb *fv_cli_verb_find(const char *name);

/* "fovea: message" on standard error. */
void fv_cli_say(const fv_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for what only --quiet silences. */
void fv_cli_note(const fv_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for what only --verbose asks for. */
void fv_cli_detail(const fv_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A mistake in the command line: says it and where help is; returns FV_EXIT_USAGE. */
int fv_cli_usage(const fv_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says what the library reported; returns the exit code that belongs to it. */
int fv_cli_fail(const fv_cli *cli, const fv_error *err);

/* Out of memory: always a failure. */
static inline int fv_cli_memory(const fv_cli *cli)
{
    fv_cli_say(cli, "%s", fv_status_text(FV_E_MEMORY));
    return FV_EXIT_FAILURE;
}

/* Options of a session as --threads and --isa say. */
fv_session_options fv_cli_session_options(const fv_cli *cli, size_t batch);

/* These say what is wrong and return its exit code, or return FV_EXIT_OK. */
int fv_cli_check_machine(const fv_cli *cli); /* does this machine have what --isa names? Remarks on --threads */
/* A network by its name or path; of a model file or the folder of a run, the network inside. */
int fv_cli_net_open(const fv_cli *cli, const char *where, fv_net **net);
/* A model by its file or by the folder of a run (its best weights). */
int fv_cli_model_open(const fv_cli *cli, const char *where, fv_model **model);
/* The model at `where`, or the network there with weights as its initialisers make them from --seed. */
int fv_cli_model_or_net(const fv_cli *cli, const char *where, fv_model **model);

/* Help: of the command, of one verb; and the same tables as manual page. */
void fv_cli_help(const fv_cli *cli);
void fv_cli_help_verb(const fv_cli *cli, const fv_cli_verb *verb);
void fv_cli_manual(void);
void fv_cli_print_version(const fv_cli *cli);

/* The verb, its operator or option that is spelled almost like `word`, from a list that ends with NULL; or NULL. */
const char *fv_cli_nearest(const char *word, const char *const *words);

#endif
