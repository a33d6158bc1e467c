/* The verb `fris`: its actions work on a source, which is vectors with labels and names, wherever they come from. */
#ifndef FV_CLI_FRIS_H
#define FV_CLI_FRIS_H
#include "cli/cli.h"
#include "cli/page.h"
#include "data/vectors.h"
#include "fovea/fris.h"

typedef struct fv_fris_values {
    fv_cli_common common;
    const char *labels, *label_column, *names, *val, *val_labels, *out, *html, *apply, *class_name;
    int metric, norm, precision;
    bool centre, csv, all, clean, join, censor;
    uint64_t k, top, rounds, min_cluster, max_stolps, k_min, k_max;
    double lambda, f_star, r_star, accept, r_scale, theta;
} fv_fris_values;

/* Vectors with labels and names. A label is a place in `class_names`, FV_FRIS_NONE for an empty text. */
typedef struct fv_fris_source {
    fv_vectors vectors;
    fv_fris *set;
    uint32_t *labels; /* NULL if there are none */
    const char **class_names;
    size_t classes;
    const char **names;
    fv_arena arena;
} fv_fris_source;

/* These say what is wrong and return its exit code, or return FV_EXIT_OK. */
int fv_fris_source_open(const fv_cli *cli, const char *path, const char *labels, bool need_labels, const fv_fris *like,
                        const fv_fris_source *classes, fv_fris_source *out);
void fv_fris_source_close(fv_fris_source *source);

/* The class of a label, "none" for FV_FRIS_NONE; the name of an object, "" for FV_FRIS_NONE. */
const char *fv_fris_class_of(const fv_fris_source *source, uint32_t label);
const char *fv_fris_name_of(const fv_fris_source *source, uint32_t object);

fv_fris_stolp_options fv_fris_stolps_wanted(const fv_fris_values *values);

/* Actions; each reads cli->operands from 1 on. */
int fv_fris_run_prototypes(const fv_cli *cli);
int fv_fris_run_clean(const fv_cli *cli);
int fv_fris_run_layers(const fv_cli *cli);
int fv_fris_run_train(const fv_cli *cli);
int fv_fris_run_add(const fv_cli *cli);
int fv_fris_run_classify(const fv_cli *cli);
int fv_fris_run_cluster(const fv_cli *cli);
int fv_fris_run_plot(const fv_cli *cli);

#endif
