/* A soft-max layer on features that do not change: multinomial logistic regression, trained to the optimum.
 *
 *     minimise  sum_i w_i (log sum_c exp z_ic - z_iy) / sum_i w_i  +  lambda / 2 |W|^2,    z_i = W s_i + b
 *
 * where s are the features less their mean over their deviation on the training pictures (folded into W and b in the
 * end), w_i the weight of picture i's class and b is not drawn to zero. It is convex; L-BFGS (Nocedal, "Updating
 * quasi-Newton matrices with limited storage", 1980) finds the optimum. lambda is the one of a row of powers with the
 * smallest loss on the validation pictures; so is the temperature (Guo et al., "On calibration of modern neural
 * networks", 2017), by which W and b are divided. Test pictures are never looked at. */
#ifndef FV_TRAIN_LOGISTIC_H
#define FV_TRAIN_LOGISTIC_H
#include "base/memory.h"
#include "fovea/fovea.h"

typedef struct fv_logistic_set {
    const float *const *rows; /* [count] of [features] */
    const uint32_t *labels;
    size_t count;
} fv_logistic_set;

typedef struct fv_logistic {
    size_t features, classes;
    float *weight, *bias; /* [classes, features], [classes]; the caller's */
    double lambda, temperature;
    double train_loss, val_loss; /* after the temperature, NaN without validation pictures */
} fv_logistic;

/* class_weights [classes], NULL = all 1. Without validation pictures lambda is 0.01 and the temperature 1. */
fv_status fv_logistic_fit(const fv_host *host, const fv_logistic_set *train, const fv_logistic_set *val,
                          const double *class_weights, fv_logistic *out, fv_error *err);

/* What fitting allocates for so many training pictures. */
size_t fv_logistic_bytes(size_t pictures, size_t features, size_t classes);

/* Mean loss, and where not NULL probabilities [count, classes]. Returns how many are right. */
size_t fv_logistic_measure(const fv_logistic *head, const fv_logistic_set *set, double *loss, float *probabilities);

#endif
