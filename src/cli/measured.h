/* What eval measured: printed as text and JSON, written as files. */
#ifndef FV_CLI_MEASURED_H
#define FV_CLI_MEASURED_H
#include "cli/cli.h"
#include "cli/confusion.h"
#include "train/calibration.h"

typedef struct fv_cli_measured {
    fv_model *model;
    fv_data *data;
    fv_split split;
    fv_evaluation result;
    float *probabilities; /* [n, classes] */
    fv_cli_confusion confusion;
    fv_calibration calibration;
} fv_cli_measured;

extern const char *const fv_cli_split_words[]; /* by fv_split, ends with NULL */

/* The class's name as the model has it, else the data. */
const char *fv_cli_measured_class(const fv_cli_measured *m, size_t c);
/* The likeliest class of sample i, and its label. Ties go to the lower class, as fv_evaluate counts them. */
size_t fv_cli_measured_best(const fv_cli_measured *m, size_t i, size_t *label);
/* The file of sample i, "" where it is in none. */
const char *fv_cli_measured_path(const fv_cli_measured *m, size_t i);

/* ---- measured.c: print; false if memory ran out. */
bool fv_cli_measured_text(const fv_cli *cli, const fv_cli_measured *m);
bool fv_cli_measured_json(const fv_cli *cli, const fv_cli_measured *m);

/* ---- measured_files.c: these say what is wrong and return its exit code. */
/* May files be called so? */
int fv_cli_measured_check(const fv_cli *cli, const char *confusion, const char *wrong);
/* A line for each sample. */
int fv_cli_measured_csv(const fv_cli *cli, const fv_cli_measured *m, const char *path);
/* .csv, or .png: rows are labels, each shaded by its share; the diagonal is green; names of up to 128 classes. */
int fv_cli_measured_confusion(const fv_cli *cli, const fv_cli_measured *m, const char *path);
/* The mistakes, the surest first: .csv, .html with the pictures, or .png of the pictures alone. */
int fv_cli_measured_wrong(const fv_cli *cli, const fv_cli_measured *m, const char *path);

#endif
