/* What training and adding classes share: a classifier tried on objects whose classes are known. */
#ifndef FV_CLI_FRIS_MODEL_H
#define FV_CLI_FRIS_MODEL_H
#include "fovea/fris.h"

typedef struct fv_fris_trial {
    size_t count;
    double accuracy, accepted; /* shares */
} fv_fris_trial;

/* Decide about `vectors` (NULL = none: nothing happens), count, and draw the line anew: *c is replaced. With one class
 * there is nothing to draw it by, and everything stays accepted. */
fv_status fv_fris_trial_run(fv_fris_classifier **c, const fv_fris *vectors, const uint32_t *labels, double accept,
                            double r_scale, fv_fris_trial *out, fv_error *err);

/* The same prototypes and classes behind another line. */
fv_status fv_fris_with_line(const fv_fris_classifier *c, const fv_fris_line *line, fv_fris_classifier **out,
                            fv_error *err);

#endif
