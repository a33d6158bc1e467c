/* Batches: fetch, cut, change, prepare, erase, mix; one sample after another, so that threads may take any cut of a batch. */
#include "data/batch.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/data.h"
#include "image/prepare.h"

#include <stdlib.h>
#include <string.h>

/* Scratch, each on its own cache lines: the part that was cut out, the changed picture, what cutting and changing work in, what
 * preparing works in, and the input of the sample that is mixed in. */
typedef struct parts {
    size_t part, picture, work, prepare, partner;
} parts;

static size_t round_up(size_t bytes)
{
    return (bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
}

static bool cuts(const fv_augment *augment)
{
    return augment && augment->resized_crop > 0;
}

/* Pictures as augmentation sees them, and what is left to do behind it. Those in files are in the net's form already; a part
 * that was cut out of one has the size that the net resizes to. */
typedef struct form {
    size_t height, width, channels;
    fv_preprocess rest;
} form;

static form form_of(const fv_data *data, const fv_preprocess *p, const fv_augment *augment)
{
    form f = {data->height, data->width, data->channels, *p};

    if (cuts(augment)) {
        f = (form){fv_preprocess_from_height(p), fv_preprocess_from_width(p),
                   data->in_files ? p->channels : data->channels, *p};
        f.rest.shorter = 0;
    } else if (data->in_files) {
        f = (form){p->height, p->width, p->channels, fv_prepare_flat(p)};
    }
    return f;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static parts measure(const fv_data *data, const fv_preprocess *p, const fv_augment *augment)
{
    const form f = form_of(data, p, augment);
    const size_t pixels = round_up(f.height * f.width * f.channels);
    parts sizes = {.prepare = round_up(fv_prepare_scratch(&f.rest, f.height, f.width, f.channels))};

    if (cuts(augment)) {
        sizes.part = pixels;
        if (!data->in_files) /* of those the cutter does not know the size before */
            sizes.work = round_up(fv_cut_scratch_any(data->height, data->width, data->channels, f.height, f.width));
    }
    if (augment && fv_augment_picture(augment)) {
        sizes.picture = pixels;
        sizes.work =
            larger(sizes.work, round_up(fv_augment_scratch(augment, f.height, f.width, f.channels) * sizeof(float)));
    }
    if (augment && fv_mix_any(augment))
        sizes.partner = round_up(p->height * p->width * p->channels * sizeof(float));
    return sizes;
}

fv_status fv_batch_check(const fv_data *data, const fv_preprocess *p, const fv_augment *augment, fv_error *err)
{
    const form f = form_of(data, p, augment);
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
        status = fv_augment_check(augment, f.height, f.width, f.channels, err);
    return status;
}

size_t fv_batch_scratch(const fv_data *data, const fv_preprocess *p, const fv_augment *augment)
{
    const parts sizes = measure(data, p, augment);

    return sizes.part + sizes.picture + sizes.work + sizes.prepare + sizes.partner;
}

fv_status fv_batch_shelf(const fv_host *host, const fv_data *data, const fv_preprocess *p, const fv_augment *augment,
                         size_t budget, fv_shelf **out, fv_error *err)
{
    *out = NULL;
    return data->in_files ? fv_shelf_create(host, data, p, cuts(augment), budget, out, err) : FV_OK;
}

/* One sample under way. */
typedef struct filling {
    const fv_batch *batch;
    form form;
    uint8_t *part, *picture, *work, *prepare;
    size_t values;
} filling;

/* Cut out of src [height,width] into f->part. */
static const uint8_t *cut(const filling *f, size_t index, const uint8_t *src, size_t height, size_t width, void *work)
{
    const fv_batch *b = f->batch;
    const fv_box box = fv_cut_draw(b->augment->resized_crop, b->seed, b->epoch, index, height, width);
    void *own = work ? NULL : malloc(fv_cut_scratch(&box, f->form.channels, f->form.height, f->form.width));

    if (!work && !own)
        return NULL;
    fv_cut(&box, src, width, f->form.channels, f->part, f->form.height, f->form.width, work ? work : own);
    free(own);
    return f->part;
}

/* From pixels as form says to the net's input. */
static void finish(const filling *f, size_t index, const uint8_t *pixels, float *out)
{
    const fv_batch *b = f->batch;

    if (b->augment && fv_augment_picture(b->augment)) {
        fv_augment_apply(b->augment, b->seed, b->epoch, index, pixels, f->picture, f->form.height, f->form.width,
                         f->form.channels, (float *)(void *)f->work);
        pixels = f->picture;
    }
    fv_prepare(&f->form.rest, pixels, f->form.height, f->form.width, f->form.channels, out, f->prepare);
}

/* False where the file cannot be read any more. */
static bool from_file(const filling *f, size_t index, size_t at, float *out)
{
    const fv_shelved *kept = fv_shelf_take(f->batch->shelf, f->batch->split, at);
    const uint8_t *pixels = kept ? kept->pixels : NULL;

    if (kept && cuts(f->batch->augment))
        pixels = cut(f, index, kept->pixels, kept->height, kept->width, NULL);
    if (pixels)
        finish(f, index, pixels, out);
    if (kept)
        fv_shelf_give_back(kept);
    return pixels;
}

/* Tries those behind a picture that went bad since it was first read; at last black. Returns the label. */
static int32_t from_files(const filling *f, size_t index, float *out)
{
    enum { TRIES = 16 };
    const fv_batch *b = f->batch;
    const size_t count = fv_data_count(b->data, b->split);
    size_t k = 0, at;
    uint32_t label = 0;

    while (k < TRIES && !from_file(f, index, (index + k) % count, out))
        k++;
    at = (index + k % TRIES) % count;
    if (k == TRIES)
        memset(out, 0, f->values * sizeof *out);
    fv_data_sample(b->data, b->split, at, &label);
    return (int32_t)label;
}

static int32_t fill(const filling *f, size_t index, float *out)
{
    const fv_batch *b = f->batch;
    const size_t count = fv_data_count(b->data, b->split);
    const uint8_t *pixels;
    uint32_t label = 0;

    if (b->data->in_files) {
        label = (uint32_t)from_files(f, index, out);
    } else if (b->data->floats) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): only data in files, taken above, is not in memory */
        memcpy(out, fv_data_input(b->data, b->split, index % count, &label), f->values * sizeof *out);
    } else {
        pixels = fv_data_sample(b->data, b->split, index % count, &label);
        if (cuts(b->augment))
            pixels = cut(f, index, pixels, b->data->height, b->data->width, f->work);
        finish(f, index, pixels, out);
    }
    if (b->augment && b->augment->erase > 0)
        fv_erase(b->augment, b->seed, b->epoch, index, out, b->p->height, b->p->width, b->p->channels);
    return (int32_t)label;
}

/* Mix the sample's partner into it; of both labels the one with the larger share comes first. */
static void mix(const filling *f, size_t index, float *out, float *partner, int32_t *label, int32_t *other,
                float *share)
{
    const fv_batch *b = f->batch;
    const fv_preprocess *p = b->p;
    const fv_mix drawn =
        fv_mix_draw(b->augment, b->seed, b->epoch, index, fv_data_count(b->data, b->split), p->height, p->width);
    const int32_t own = *label, its = fill(f, drawn.partner, partner);

    fv_mix_apply(&drawn, out, partner, p->height, p->width, p->channels);
    *label = drawn.share < .5f ? its : own;
    *other = drawn.share < .5f ? own : its;
    *share = drawn.share < .5f ? 1 - drawn.share : drawn.share;
}

void fv_batch_fill(const fv_batch *b, const uint32_t *indices, size_t begin, size_t end, float *out,
                   const fv_targets *targets, void *scratch)
{
    const parts sizes = measure(b->data, b->p, b->augment);
    filling f = {.batch = b, .form = form_of(b->data, b->p, b->augment), .part = scratch};
    float *partner = NULL;

    f.values = b->p->height * b->p->width * b->p->channels;
    if (scratch) { /* NULL where nothing needs any */
        f.picture = f.part + sizes.part;
        f.work = f.picture + sizes.picture;
        f.prepare = sizes.prepare ? f.work + sizes.work : NULL;
        partner = (float *)(void *)(f.work + sizes.work + sizes.prepare);
    }
    for (size_t i = begin; i < end; i++) {
        targets->label[i] = fill(&f, indices[i], out + i * f.values);
        if (targets->share)
            mix(&f, indices[i], out + i * f.values, partner, &targets->label[i], &targets->other[i],
                &targets->share[i]);
    }
}
