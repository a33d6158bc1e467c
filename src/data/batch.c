/* Batches: fetch, distort, prepare; one sample after another, so that threads may take any cut of a batch. */
#include "data/batch.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/data.h"
#include "image/prepare.h"

/* Scratch: the distorted picture, what augmentation works in, what preparing works in; each on its own cache lines. */
typedef struct parts {
    size_t picture, augment, prepare;
} parts;

static size_t round_up(size_t bytes)
{
    return (bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
}

static parts measure(const fv_data *data, const fv_preprocess *p, const fv_augment *augment)
{
    const size_t h = data->height, w = data->width, c = data->channels;
    parts sizes = {.prepare = round_up(fv_prepare_scratch(p, h, w, c))};

    if (augment) {
        sizes.picture = round_up(h * w * c);
        sizes.augment = round_up(fv_augment_scratch(augment, h, w, c) * sizeof(float));
    }
    return sizes;
}

fv_status fv_batch_check(const fv_data *data, const fv_preprocess *p, const fv_augment *augment, fv_error *err)
{
    fv_status status = fv_prepare_check(p, data->height, data->width, data->channels, err);

    if (!status && augment)
        status = fv_augment_check(augment, data->height, data->width, err);
    return status;
}

size_t fv_batch_scratch(const fv_data *data, const fv_preprocess *p, const fv_augment *augment)
{
    const parts sizes = measure(data, p, augment);

    return sizes.picture + sizes.augment + sizes.prepare;
}

void fv_batch_fill(const fv_data *data, fv_split split, const uint32_t *indices, size_t begin, size_t end,
                   const fv_preprocess *p, const fv_augment *augment, uint64_t seed, uint32_t epoch, float *out,
                   int32_t *labels, void *scratch)
{
    const size_t h = data->height, w = data->width, c = data->channels;
    const size_t values = p->height * p->width * p->channels;
    const parts sizes = measure(data, p, augment);
    uint8_t *picture = scratch;
    void *rest = augment ? picture + sizes.picture + sizes.augment : scratch; /* scratch may be NULL */

    for (size_t i = begin; i < end; i++) {
        uint32_t label = 0;
        const uint8_t *pixels = fv_data_sample(data, split, indices[i], &label);

        labels[i] = (int32_t)label;
        if (augment) {
            fv_augment_apply(augment, seed, epoch, indices[i], pixels, picture, h, w, c,
                             (float *)(void *)(picture + sizes.picture));
            pixels = picture;
        }
        fv_prepare(p, pixels, h, w, c, out + i * values, rest);
    }
}
