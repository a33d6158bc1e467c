/* What training, adding classes and classifying share: files of classifiers, and a trial on objects whose classes are
 * known. */
#ifndef FV_CLI_FRIS_MODEL_H
#define FV_CLI_FRIS_MODEL_H
#include "cli/fris.h"

typedef struct fv_fris_trial {
    size_t count;
    double accuracy, accepted; /* shares */
} fv_fris_trial;

/* Decide about `vectors` (NULL = none: nothing happens), count, and draw the line anew: *c is replaced. With one class
 * there is nothing to draw it by, and everything stays accepted. */
fv_status fv_fris_trial_run(fv_fris_classifier **c, const fv_fris *vectors, const uint32_t *labels, double accept,
                            double r_scale, fv_fris_trial *out, fv_error *err);

/* Count alone, with the line that there is. */
fv_status fv_fris_trial_count(const fv_fris_classifier *c, const fv_fris *vectors, const uint32_t *labels,
                              fv_fris_trial *out, fv_error *err);

/* The same prototypes and classes behind another line. */
fv_status fv_fris_with_line(const fv_fris_classifier *c, const fv_fris_line *line, fv_fris_classifier **out,
                            fv_error *err);

/* Prototypes and class names of a classifier as the arrays that one is created from, with room for `more` prototypes and
 * one class; free it in any case. */
typedef struct fv_fris_contents {
    fv_fris_prototype *each;
    const char **classes;
    size_t count, n_classes;
} fv_fris_contents;

fv_status fv_fris_contents_read(const fv_fris_classifier *c, size_t more, fv_fris_contents *out, fv_error *err);
void fv_fris_contents_free(fv_fris_contents *contents);

/* A classifier from a file, and its classes as a source of labels. */
typedef struct fv_fris_opened {
    const char *path;
    fv_fris_classifier *classifier;
    fv_fris_source classes;
} fv_fris_opened;

/* Returns the exit code; close it in any case. */
int fv_fris_opened_open(const fv_cli *cli, const char *path, fv_fris_opened *out);
void fv_fris_opened_close(fv_fris_opened *opened);
/* A source that is prepared as the classifier's prototypes were. */
fv_fris_wanted fv_fris_wanted_like(const fv_fris_opened *opened, const char *path);

/* Write a classifier, into the file of the model that looks at its photos if there is one. Returns the exit code. */
int fv_fris_save(const fv_cli *cli, const fv_fris_classifier *c, const char *model, const char *layer,
                 const char *path);

#endif
