/* NumPy's arrays as a data set: test-pictures.npy with test-labels.npy, and the same with train. */
#ifndef FV_DATA_ARRAYS_H
#define FV_DATA_ARRAYS_H
#include "fovea/fovea.h"

bool fv_arrays_found(const char *folder);

/* Open the folder's sets into data->train and data->test; sets height, width, channels, classes and floats. */
fv_status fv_arrays_open(fv_data *data, const char *folder, fv_error *err);

#endif
