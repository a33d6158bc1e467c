/* Options of the command line, as tables: one row serves parsing, --help, the manual page and the completions.
 *
 * GNU long options with one-letter twins, `--name=value` and `--name value`, options anywhere, `--` ends them, booleans
 * have `--no-name`. Abbreviations are refused: a script that uses one breaks when an option is added. */
#ifndef FV_CLI_OPTIONS_H
#define FV_CLI_OPTIONS_H
#include "base/text.h"

typedef enum fv_cli_type {
    FV_CLI_FLAG,     /* bool */
    FV_CLI_COUNT,    /* uint64_t: a whole number */
    FV_CLI_REAL,     /* double */
    FV_CLI_FRACTION, /* double: 0.2 or 20% */
    FV_CLI_WORD,     /* int: index of one of `words`, -1 = none given */
    FV_CLI_TEXT,     /* const char * */
    FV_CLI_TEXTS     /* fv_cli_texts: may be given several times */
} fv_cli_type;

/* What an option that may be repeated was given, in order. */
enum { FV_CLI_TEXTS_MAX = 64 };
typedef struct fv_cli_texts {
    const char *items[FV_CLI_TEXTS_MAX];
    size_t count;
} fv_cli_texts;

typedef struct fv_cli_option {
    const char *name;
    char letter;          /* its twin, or 0 */
    const char *argument; /* what help calls the value: "N"; NULL for a flag */
    fv_cli_type type;
    size_t at;            /* offset in the verb's values, or FV_CLI_FORWARD */
    const char *fallback; /* as it would be written; NULL = none */
    double least, most;   /* of numbers, inclusive */
    const char *unit;     /* printed behind the default, or NULL */
    const char *help;
    const char *const *words; /* of a WORD, ends with NULL */
    const char *environment;  /* a variable that stands in where the option is not given, or NULL */
} fv_cli_option;

/* Not stored: checked, then handed on as text ("epochs 10 batch 128") to the room that owns the option. */
#define FV_CLI_FORWARD ((size_t)-1)

/* Rows under one heading; a row without a name ends the list. A verb's tables end with one without a heading. */
typedef struct fv_cli_table {
    const char *heading;
    const fv_cli_option *rows;
} fv_cli_table;

enum { FV_CLI_FLOAT32, FV_CLI_BF16 };

/* What a network in use keeps of its weights. */
enum { FV_CLI_MEMORY_FULL, FV_CLI_MEMORY_LOW };

/* What every verb understands; a verb's values begin with it. */
typedef struct fv_cli_common {
    bool help, version, quiet, verbose, json;
    int color, progress; /* fv_cli_when, fv_cli_progress_mode */
    uint64_t threads, seed;
    const char *isa;
    bool exact;
    int precision;             /* FV_CLI_FLOAT32 or _BF16 */
    int memory;                /* FV_CLI_MEMORY_FULL or _LOW */
    const char *width, *input; /* of the network, as written: "1/8", "64x64"; NULL = its own */
    uint64_t classes;          /* 0 = its own */
    const char *weights;       /* a file of another tool, for the network; NULL = none */
    bool as_stored;            /* of verbs with --no-exif that look at pictures through a network */
} fv_cli_common;

extern const fv_cli_option fv_cli_general[];     /* --help --version --quiet --verbose --color: of every verb */
extern const fv_cli_option fv_cli_json_output[]; /* --json */
extern const fv_cli_option fv_cli_machine[];     /* --threads --isa */
extern const fv_cli_option fv_cli_exact[];   /* --exact: of verbs that plan (train has its own, kept with the run) */
extern const fv_cli_option fv_cli_hold[];    /* --precision, --memory: of verbs that use a network */
extern const fv_cli_option fv_cli_size[];    /* --width --input --classes: of verbs that take a NET */
extern const fv_cli_option fv_cli_weights[]; /* --weights: of verbs that take a MODEL, or a NET with it */

struct fv_cli_verb;

typedef struct fv_cli_arguments {
    void *values;    /* the verb's struct; defaults where nothing was given */
    char **operands; /* what is no option, in order */
    size_t count;
    fv_text forward; /* the options that are handed on */
} fv_cli_arguments;

/* Parse what stands behind the verb. FV_E_ARGUMENT with a message for the user if it cannot be understood. */
fv_status fv_cli_parse(const struct fv_cli_verb *verb, char **words, size_t count, fv_cli_arguments *out,
                       fv_error *err);
void fv_cli_arguments_free(fv_cli_arguments *arguments);

#endif
