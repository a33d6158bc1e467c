#include "train/classes.h"
#include "base/error.h"
#include "data/data.h"

#include <math.h>

static fv_status check(const fv_data *data, const double *given, fv_error *err)
{
    for (size_t c = 0; given && c < fv_data_classes(data); c++)
        if (!(given[c] >= 0 && given[c] <= 1e6))
            return fv_fail(err, FV_E_RANGE, "class weights: %s has %g, wanted 0 to 1e6", fv_data_class_name(data, c),
                           given[c]);
    return FV_OK;
}

fv_status fv_class_weights(const fv_host *host, const fv_data *data, const double *given, size_t classes, double **out,
                           fv_error *err)
{
    const size_t count = fv_data_count(data, FV_TRAIN), have = fv_data_classes(data);
    fv_status status = check(data, given, err);
    double *pictures = status ? NULL : fv_alloc(host, classes, sizeof *pictures), sum = 0;

    *out = NULL;
    if (status || !pictures)
        return status ? status : fv_fail_memory(err, classes * sizeof *pictures, "class weights");
    for (size_t i = 0; i < count; i++) {
        uint32_t label = 0;

        fv_data_sample(data, FV_TRAIN, i, &label);
        pictures[label]++;
    }
    for (size_t c = 0; c < have; c++)
        sum += given ? given[c] * pictures[c] : pictures[c] > 0;
    if (!(sum > 0)) {
        fv_release(host, pictures);
        return fv_fail(err, FV_E_ARGUMENT, "class weights: those of the %zu training pictures are all 0", count);
    }
    for (size_t c = 0; c < classes; c++) {
        const double raw = pictures[c] > 0 ? given ? given[c] : 1 / pictures[c] : 0;

        pictures[c] = pictures[c] > 0 ? raw * (double)count / sum : 1;
    }
    *out = pictures;
    return FV_OK;
}
