/* Batches: fetch, distort, prepare; one sample after another, so that threads may take any cut of a batch. */
#include "data/batch.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/data.h"
#include "image/prepare.h"

#include <string.h>

/* Scratch: the decoded file, the distorted picture, what augmentation works in, what preparing works in; each on its own cache lines. */
typedef struct parts {
    size_t file, picture, augment, prepare;
} parts;

static size_t round_up(size_t bytes)
{
    return (bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
}

/* Pictures as augmentation sees them, and what is left to do behind it. Those in files are in the net's form already. */
typedef struct form {
    size_t height, width, channels;
    fv_preprocess rest;
} form;

static form form_of(const fv_data *data, const fv_preprocess *p)
{
    if (data->in_files)
        return (form){p->height, p->width, p->channels, fv_prepare_flat(p)};
    return (form){data->height, data->width, data->channels, *p};
}

static parts measure(const fv_data *data, const fv_preprocess *p, const fv_augment *augment)
{
    const form f = form_of(data, p);
    parts sizes = {.prepare = round_up(fv_prepare_scratch(&f.rest, f.height, f.width, f.channels))};

    if (data->in_files)
        sizes.file = round_up(fv_shelf_picture(p));
    if (augment) {
        sizes.picture = round_up(f.height * f.width * f.channels);
        sizes.augment = round_up(fv_augment_scratch(augment, f.height, f.width, f.channels) * sizeof(float));
    }
    return sizes;
}

fv_status fv_batch_check(const fv_data *data, const fv_preprocess *p, const fv_augment *augment, fv_error *err)
{
    const form f = form_of(data, p);
    fv_status status = data->in_files ? fv_prepare_check(p, p->shorter ? p->shorter : p->height,
                                                         p->shorter ? p->shorter : p->width, p->channels, err)
                                      : FV_OK;

    if (data->floats && (data->height != p->height || data->width != p->width || data->channels != p->channels))
        return fv_fail(err, FV_E_SHAPE, "arrays of %zux%zux%zu floats: the network reads %zux%zux%zu", data->height,
                       data->width, data->channels, p->height, p->width, p->channels);
    if (data->floats && augment)
        return fv_fail(err, FV_E_ARGUMENT, "arrays of floats cannot be augmented; save the pictures as uint8");
    if (!status)
        status = fv_prepare_check(&f.rest, f.height, f.width, f.channels, err);
    if (!status && augment)
        status = fv_augment_check(augment, f.height, f.width, err);
    return status;
}

size_t fv_batch_scratch(const fv_data *data, const fv_preprocess *p, const fv_augment *augment)
{
    const parts sizes = measure(data, p, augment);

    return sizes.file + sizes.picture + sizes.augment + sizes.prepare;
}

/* Pixels and label; tries those behind a picture that went bad since it was first read, at last black. */
static const uint8_t *fetch(const fv_data *data, fv_split split, size_t index, uint32_t *label, fv_shelf *shelf,
                            uint8_t *own, size_t bytes)
{
    enum { TRIES = 16 };
    const size_t count = fv_data_count(data, split);

    if (!data->in_files)
        return fv_data_sample(data, split, index, label);
    for (size_t k = 0; k < TRIES; k++) {
        const uint8_t *pixels = fv_shelf_fetch(shelf, split, (index + k) % count, own);

        fv_data_sample(data, split, (index + k) % count, label);
        if (pixels)
            return pixels;
    }
    fv_data_sample(data, split, index, label);
    memset(own, 0, bytes);
    return own;
}

void fv_batch_fill(const fv_data *data, fv_split split, const uint32_t *indices, size_t begin, size_t end,
                   const fv_preprocess *p, const fv_augment *augment, uint64_t seed, uint32_t epoch, float *out,
                   int32_t *labels, fv_shelf *shelf, void *scratch)
{
    const form f = form_of(data, p);
    const size_t values = p->height * p->width * p->channels;
    const parts sizes = measure(data, p, augment);
    uint8_t *file = scratch, *picture = scratch ? file + sizes.file : NULL; /* scratch may be NULL */
    void *rest = scratch && sizes.prepare ? picture + sizes.picture + sizes.augment : NULL;

    for (size_t i = begin; i < end; i++) {
        uint32_t label = 0;
        const uint8_t *pixels = fetch(data, split, indices[i], &label, shelf, file, values);

        labels[i] = (int32_t)label;
        if (data->floats) {
            memcpy(out + i * values, fv_data_input(data, split, indices[i], NULL), values * sizeof *out);
            continue;
        }
        if (augment) {
            fv_augment_apply(augment, seed, epoch, indices[i], pixels, picture, f.height, f.width, f.channels,
                             (float *)(void *)(picture + sizes.picture));
            pixels = picture;
        }
        fv_prepare(&f.rest, pixels, f.height, f.width, f.channels, out + i * values, rest);
    }
}
