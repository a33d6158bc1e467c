/* CIFAR's binary files: rows of one or two labels and 32x32 pixels, plane after plane (Krizhevsky 2009). */
#ifndef FV_DATA_CIFAR_H
#define FV_DATA_CIFAR_H
#include "fovea/fovea.h"

/* Is one of the files of CIFAR-10 or CIFAR-100 in the folder? */
bool fv_cifar_found(const char *folder);

/* Open the folder's sets into data->train and data->test; sets height, width, channels, classes and, where the file of
 * the names is there, names. */
fv_status fv_cifar_open(fv_data *data, const char *folder, fv_error *err);

#endif
