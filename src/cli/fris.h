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
    const char *model, *layer, *cache; /* of photos */
    const char *sheet, *unlabelled;
    int metric, norm, precision, split;
    bool centre, csv, all, clean, join, censor, in_place;
    uint64_t k, top, rounds, min_cluster, max_stolps, k_min, k_max, groups, most_groups;
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
    fv_data *photos; /* NULL for vectors of a file; names are paths then, */
    int *split;      /* and each has its fv_split, -1 in a folder without classes */
    bool partly;     /* some photos could not be used */
    fv_arena arena;
} fv_fris_source;

typedef struct fv_fris_wanted {
    const char *path, *labels;
    bool need_labels, flat;        /* flat: photos at any depth, of no class */
    const fv_fris *like;           /* prepared as this set was; NULL = as the options say */
    const fv_fris_source *classes; /* labels are places in its classes; NULL = the classes that are found */
    const char *model, *layer;     /* what looks at photos; NULL = as the options say */
} fv_fris_wanted;

/* Says what is wrong and returns its exit code, or returns FV_EXIT_OK. */
int fv_fris_source_open(const fv_cli *cli, const fv_fris_wanted *wanted, fv_fris_source *out);
/* Returns `code`, or FV_EXIT_PARTLY in place of FV_EXIT_OK if some photos could not be used. */
int fv_fris_source_close(fv_fris_source *source, int code);

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
int fv_fris_run_vectors(const fv_cli *cli);
int fv_fris_run_spread(const fv_cli *cli);
int fv_fris_run_select(const fv_cli *cli);

#endif
