/* How much a picture of each class counts in the loss. */
#ifndef FV_TRAIN_CLASSES_H
#define FV_TRAIN_CLASSES_H
#include "base/memory.h"
#include "fovea/fovea.h"

/* Weights of `classes` classes, of which the data has the first: `given`, one for each of the data's, or, if NULL, such
 * that classes weigh alike: 1 over the number of training pictures. Both are scaled so that training pictures weigh 1 on
 * average, which leaves the learning rate what it was; classes without training pictures get 1. fv_release *out. */
fv_status fv_class_weights(const fv_host *host, const fv_data *data, const double *given, size_t classes, double **out,
                           fv_error *err);

#endif
