/* Arrays that NumPy saved. Bytes [N,H,W] or [N,H,W,C] are pictures, prepared as any other; floats [N,H,W,C] are inputs that
 * are prepared already. Labels are whole numbers [N]. */
#define _POSIX_C_SOURCE 200809L
#include "data/arrays.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/npy.h"
#include "base/text.h"
#include "data/data.h"
#include "image/resize.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CLASSES_MAX = 1 << 20, CHANNELS_MAX = 4 };

static const char *const sets[] = {"train", "test"};

static fv_status print_path(fv_text *path, const char *folder, const char *set, const char *what, fv_error *err)
{
    path->length = 0;
    fv_text_print(path, "%s/%s-%s.npy", folder, set, what);
    return path->failed ? fv_fail_memory(err, strlen(folder), "the path of a data file") : FV_OK;
}

bool fv_arrays_found(const char *folder)
{
    char path[4096];

    for (size_t i = 0; i < FV_COUNT(sets); i++) {
        const int length = snprintf(path, sizeof path, "%s/%s-pictures.npy", folder, sets[i]);

        if (length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/* Both sets hold samples of one size and type. */
static fv_status take_size(fv_data *data, const char *path, const fv_npy *a, fv_error *err)
{
    const bool floats = a->type == FV_NPY_F32;
    const size_t height = a->dim[1], width = a->dim[2], channels = a->rank == 4 ? a->dim[3] : 1;

    if ((a->type != FV_NPY_U8 && !floats) || (a->rank != 4 && (a->rank != 3 || floats)))
        return fv_fail(
            err, FV_E_FORMAT,
            "%s: wanted uint8 pictures [N,H,W] or [N,H,W,C], or float32 inputs [N,H,W,C]; numpy's transpose and "
            "astype make them so",
            path);
    if (!a->count || a->dim[0] > UINT32_MAX || height > FV_SIDE_MAX || width > FV_SIDE_MAX || channels > CHANNELS_MAX)
        return fv_fail(err, FV_E_RANGE,
                       "%s: %zu samples of %zux%zux%zu; wanted at least one, sides up to %d, up to %d channels", path,
                       a->dim[0], height, width, channels, FV_SIDE_MAX, CHANNELS_MAX);
    if (data->height &&
        (data->height != height || data->width != width || data->channels != channels || data->floats != floats))
        return fv_fail(err, FV_E_SHAPE, "%s: %s of %zux%zux%zu, but the training set has %s of %zux%zux%zu", path,
                       floats ? "floats" : "bytes", height, width, channels, data->floats ? "floats" : "bytes",
                       data->height, data->width, data->channels);
    data->height = height;
    data->width = width;
    data->channels = channels;
    data->floats = floats;
    return FV_OK;
}

static fv_status read_samples(fv_data *data, const char *path, fv_samples *out, fv_error *err)
{
    fv_npy array;
    fv_status status = fv_npy_open(path, &array, err);

    if (status)
        return status;
    status = take_size(data, path, &array, err);
    if (!status) {
        const size_t bytes = array.count * (data->floats ? sizeof(float) : 1);

        out->block = fv_alloc(&data->host, bytes, 1);
        out->pixels = out->block;
        out->count = array.dim[0];
        if (out->block)
            memcpy(out->block, array.data, bytes);
        else
            status = fv_fail_memory(err, bytes, path);
    }
    for (size_t i = 0; !status && data->floats && i < array.count; i++)
        if (!isfinite(((const float *)(const void *)out->block)[i]))
            status = fv_fail(err, FV_E_NAN, "%s: value %zu is not finite", path, i);
    fv_npy_close(&array);
    return status;
}

static fv_status read_labels(fv_data *data, const char *path, fv_samples *out, fv_error *err)
{
    fv_npy array;
    fv_status status = fv_npy_open(path, &array, err);

    if (status)
        return status;
    if (array.rank != 1 || array.type == FV_NPY_F32 || array.type == FV_NPY_F64)
        status = fv_fail(err, FV_E_FORMAT, "%s: wanted whole numbers [N], one a picture", path);
    else if (array.count != out->count)
        status = fv_fail(err, FV_E_FORMAT, "%s: %zu labels for %zu pictures; the files do not belong together", path,
                         array.count, out->count);
    else if (!(out->labels = fv_alloc(&data->host, array.count, sizeof *out->labels)))
        status = fv_fail_memory(err, array.count * sizeof *out->labels, path);
    for (size_t i = 0; !status && i < array.count; i++) {
        double label;

        fv_npy_doubles(&array, i, 1, &label);
        if (!(label >= 0 && label < CLASSES_MAX)) {
            status = fv_fail(err, FV_E_RANGE, "%s: label %.0f of picture %zu; wanted 0 to %d", path, label, i,
                             CLASSES_MAX - 1);
            break;
        }
        out->labels[i] = (uint32_t)label;
        if (data->classes <= out->labels[i])
            data->classes = (size_t)out->labels[i] + 1;
    }
    fv_npy_close(&array);
    return status;
}

fv_status fv_arrays_open(fv_data *data, const char *folder, fv_error *err)
{
    fv_samples *const samples[] = {&data->train, &data->test};
    fv_status status = FV_OK;
    fv_text path;

    fv_text_init(&path, &data->host);
    for (size_t i = 0; !status && i < FV_COUNT(sets); i++) {
        status = print_path(&path, folder, sets[i], "pictures", err);
        if (status || access(path.data, F_OK) != 0)
            continue;
        status = read_samples(data, path.data, samples[i], err);
        if (!status)
            status = print_path(&path, folder, sets[i], "labels", err);
        if (!status)
            status = read_labels(data, path.data, samples[i], err);
    }
    fv_text_free(&path);
    return status;
}
