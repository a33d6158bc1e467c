/* fv_data: samples in memory, cut into splits. */
#include "data/data.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "data/arrays.h"
#include "data/cifar.h"
#include "data/idx.h"
#include "image/resize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Digits of the largest class number and the closing zero. */
enum { CLASS_NAME = 21, CHANNELS_MAX = 4 };

fv_status fv_data_read_options(const fv_data_options *options, fv_data_options *out, fv_error *err)
{
    *out = (fv_data_options)FV_DATA_OPTIONS;
    if (!options)
        return FV_OK;
    if (options->size < sizeof options->size)
        return fv_fail(err, FV_E_ARGUMENT, "data options: size is %zu; begin with FV_DATA_OPTIONS", options->size);
    memcpy(out, options, options->size < sizeof *out ? options->size : sizeof *out);
    if (!(out->val >= 0 && out->val < 1))
        return fv_fail(err, FV_E_RANGE, "data options: val is %g, wanted a share of at least 0 and below 1", out->val);
    return FV_OK;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static fv_status split(fv_data *data, const char *place, const fv_data_options *options, fv_error *err)
{
    const fv_random random = {.seed = options->seed, .stream = FV_STREAM_SPLIT};
    const size_t count = data->train.count;
    size_t val = (size_t)llround((double)count * options->val);
    size_t rest;

    if (options->val > 0 && count < 2)
        return fv_fail(err, FV_E_RANGE, "%s: %zu training samples, too few to hold out %g of them for validation",
                       place, count, options->val);
    if (options->val > 0 && val == 0)
        val = 1;
    if (options->val > 0 && val >= count)
        val = count - 1;
    rest = count - val;
    data->counts[FV_VAL] = val;
    data->counts[FV_TRAIN] = options->limit && options->limit < rest ? options->limit : rest;
    data->counts[FV_TEST] = data->test.count;
    if (data->counts[FV_TRAIN] == count)
        return FV_OK;

    data->order = fv_alloc(&data->host, count, sizeof *data->order);
    if (!data->order)
        return fv_fail_memory(err, count * sizeof *data->order, place);
    fv_random_shuffle(random, data->order, (uint32_t)count);
    qsort(data->order, val, sizeof *data->order, by_number);
    qsort(data->order + val, data->counts[FV_TRAIN], sizeof *data->order, by_number);
    return FV_OK;
}

/* Classes whose reader knew no names are called by their numbers. */
static fv_status name_classes(fv_data *data, const char *place, fv_error *err)
{
    if (data->names || data->in_files)
        return FV_OK;
    data->names = fv_alloc(&data->host, data->classes, sizeof *data->names);
    data->name_text = fv_alloc(&data->host, data->classes, CLASS_NAME);
    if (!data->names || !data->name_text)
        return fv_fail_memory(err, data->classes * CLASS_NAME, place);
    for (size_t i = 0; i < data->classes; i++) {
        char *name = data->name_text + i * CLASS_NAME;

        snprintf(name, CLASS_NAME, "%zu", i);
        data->names[i] = name;
    }
    return FV_OK;
}

/* Numbers enter the hash as 8 little-endian bytes, so that every machine gives the same one. */
static void hash_number(XXH3_state_t *state, uint64_t number)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
    XXH3_128bits_update(state, bytes, sizeof bytes);
}

/* Names, classes and contents of the pictures; not where they lie. */
static void hash_pictures(XXH3_state_t *state, const fv_data *data)
{
    hash_number(state, data->pictures.count);
    for (size_t i = 0; i < data->pictures.count; i++) {
        const fv_picture *p = &data->pictures.items[i];

        XXH3_128bits_update(state, p->name, strlen(p->name));
        hash_number(state, p->label);
        hash_number(state, p->content[0]);
        hash_number(state, p->content[1]);
    }
}

static void hash(fv_data *data)
{
    const fv_samples *samples = data->train.count ? &data->train : &data->test;
    const size_t bytes =
        samples->count * data->height * data->width * data->channels * (data->floats ? sizeof(float) : 1);
    XXH3_state_t state; /* 576 bytes, 64-byte aligned by its type */
    XXH128_canonical_t canonical;

    XXH3_128bits_reset(&state);
    hash_number(&state, samples->count);
    hash_number(&state, data->height);
    hash_number(&state, data->width);
    hash_number(&state, data->channels);
    if (data->in_files)
        hash_pictures(&state, data);
    else
        XXH3_128bits_update(&state, samples->pixels, bytes);
    for (size_t i = 0; i < samples->count; i++)
        hash_number(&state, samples->labels[i]);
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
    for (size_t i = 0; i < sizeof canonical.digest; i++)
        snprintf(data->hash + 2 * i, 3, "%02x", canonical.digest[i]);
}

fv_status fv_data_finish(fv_data *data, const char *place, const fv_data_options *options, fv_error *err)
{
    fv_status status = data->in_files ? FV_OK : split(data, place, options, err);

    if (!status)
        status = name_classes(data, place, err);
    if (!status)
        hash(data);
    return status;
}

static fv_data *new_data(const fv_host *host)
{
    const fv_host owner = fv_host_or_default(host);
    fv_data *data = fv_alloc(&owner, 1, sizeof *data);

    if (data)
        data->host = owner;
    return data;
}

fv_status fv_data_open(const fv_host *host, const char *path, const fv_data_options *options, fv_data **out,
                       fv_error *err)
{
    fv_data_options chosen;
    fv_data *data;
    fv_status status;

    *out = NULL;
    status = fv_data_read_options(options, &chosen, err);
    if (status)
        return status;
    data = new_data(host);
    if (!data)
        return fv_fail_memory(err, sizeof *data, path);
    if (fv_cifar_found(path))
        status = fv_cifar_open(data, path, err);
    else if (fv_arrays_found(path))
        status = fv_arrays_open(data, path, err);
    else
        status = fv_folder_found(path) ? fv_folder_open(data, path, &chosen, err) : fv_mnist_open(data, path, err);
    if (!status)
        status = fv_data_finish(data, path, &chosen, err);
    if (status) {
        fv_data_free(data);
        return status;
    }
    *out = data;
    return FV_OK;
}

static fv_status check_memory(const uint32_t *labels, size_t count, size_t height, size_t width, size_t channels,
                              size_t classes, fv_error *err)
{
    size_t bytes;

    if (count == 0 || count > UINT32_MAX)
        return fv_fail(err, FV_E_RANGE, "data from memory: %zu samples, wanted 1 to %u", count, UINT32_MAX);
    if (height == 0 || width == 0 || height > FV_SIDE_MAX || width > FV_SIDE_MAX)
        return fv_fail(err, FV_E_RANGE, "data from memory: pictures of %zux%zu pixels, wanted 1 to %d a side", height,
                       width, FV_SIDE_MAX);
    if (channels == 0 || channels > CHANNELS_MAX)
        return fv_fail(err, FV_E_RANGE, "data from memory: %zu channels, wanted 1 to %d", channels, CHANNELS_MAX);
    if (classes == 0 || classes > UINT32_MAX)
        return fv_fail(err, FV_E_RANGE, "data from memory: %zu classes, wanted 1 or more", classes);
    if (!fv_mul(count, height * width * channels, &bytes))
        return fv_fail(err, FV_E_RANGE, "data from memory: %zux%zux%zux%zu pixels do not fit in memory", count, height,
                       width, channels);
    for (size_t i = 0; i < count; i++)
        if (labels[i] >= classes)
            return fv_fail(err, FV_E_RANGE, "data from memory: label %u of sample %zu is outside the %zu classes",
                           labels[i], i, classes);
    return FV_OK;
}

/* Copy the caller's arrays; sizes were checked. */
static fv_status copy_samples(fv_data *data, const uint8_t *pixels, const uint32_t *labels, size_t count, fv_error *err)
{
    const size_t bytes = count * data->height * data->width * data->channels;
    fv_samples *samples = &data->train;

    samples->block = fv_alloc(&data->host, bytes, 1);
    samples->labels = fv_alloc(&data->host, count, sizeof *labels);
    if (!samples->block || !samples->labels)
        return fv_fail_memory(err, bytes + count * sizeof *labels, "data from memory");
    memcpy(samples->block, pixels, bytes);
    memcpy(samples->labels, labels, count * sizeof *labels);
    samples->pixels = samples->block;
    samples->count = count;
    return FV_OK;
}

fv_status fv_data_from_memory(const fv_host *host, const uint8_t *pixels, const uint32_t *labels, size_t count,
                              size_t height, size_t width, size_t channels, size_t classes,
                              const fv_data_options *options, fv_data **out, fv_error *err)
{
    fv_data_options chosen;
    fv_data *data;
    fv_status status;

    *out = NULL;
    if (!pixels || !labels)
        return fv_fail(err, FV_E_ARGUMENT, "data from memory: %s are NULL", pixels ? "labels" : "pixels");
    status = fv_data_read_options(options, &chosen, err);
    if (!status)
        status = check_memory(labels, count, height, width, channels, classes, err);
    if (status)
        return status;
    data = new_data(host);
    if (!data)
        return fv_fail_memory(err, sizeof *data, "data from memory");
    data->height = height;
    data->width = width;
    data->channels = channels;
    data->classes = classes;
    status = copy_samples(data, pixels, labels, count, err);
    if (!status)
        status = fv_data_finish(data, "data from memory", &chosen, err);
    if (status) {
        fv_data_free(data);
        return status;
    }
    *out = data;
    return FV_OK;
}

size_t fv_data_count(const fv_data *data, fv_split split)
{
    return data->counts[split];
}

size_t fv_data_classes(const fv_data *data)
{
    return data->classes;
}

const char *fv_data_class_name(const fv_data *data, size_t index)
{
    if (index >= data->classes)
        return NULL;
    return data->in_files ? data->pictures.classes[index] : data->names[index];
}

/* A sample's row in the block of its set; its label. False behind the last. */
static bool find(const fv_data *data, fv_split split, size_t index, const fv_samples **samples, size_t *row,
                 uint32_t *label)
{
    if (index >= data->counts[split])
        return false;
    *samples = split == FV_TEST ? &data->test : &data->train;
    *row = index;
    if (split != FV_TEST && data->order)
        *row = data->order[split == FV_VAL ? index : data->counts[FV_VAL] + index];
    if (label)
        *label = (*samples)->labels[*row];
    return true;
}

const uint8_t *fv_data_sample(const fv_data *data, fv_split split, size_t index, uint32_t *label)
{
    const fv_samples *samples;
    size_t row;

    if (data->in_files && index < data->counts[split] && label)
        *label = data->pictures.items[data->rows[split][index]].label;
    if (data->in_files || !find(data, split, index, &samples, &row, label) || data->floats)
        return NULL;
    return samples->pixels + row * data->height * data->width * data->channels;
}

const float *fv_data_input(const fv_data *data, fv_split split, size_t index, uint32_t *label)
{
    const fv_samples *samples;
    size_t row;

    if (!data->floats || !find(data, split, index, &samples, &row, label))
        return NULL;
    return (const float *)(const void *)samples->pixels + row * data->height * data->width * data->channels;
}

void fv_data_size(const fv_data *data, size_t *height, size_t *width, size_t *channels)
{
    *height = data->height;
    *width = data->width;
    *channels = data->channels;
}

const char *fv_data_path(const fv_data *data, fv_split split, size_t index)
{
    return data->in_files && index < data->counts[split] ? data->pictures.items[data->rows[split][index]].path : NULL;
}

size_t fv_data_bad(const fv_data *data)
{
    return data->pictures.bad_count;
}

const char *fv_data_bad_path(const fv_data *data, size_t index)
{
    return index < data->pictures.bad_count ? data->pictures.bad[index].path : NULL;
}

const char *fv_data_bad_reason(const fv_data *data, size_t index)
{
    return index < data->pictures.bad_count ? data->pictures.bad[index].reason : NULL;
}

const char *fv_data_hash(const fv_data *data)
{
    return data->hash;
}

void fv_data_free(fv_data *data)
{
    fv_host host;

    if (!data)
        return;
    host = data->host;
    fv_release(&host, data->train.block);
    fv_release(&host, data->train.labels);
    fv_release(&host, data->test.block);
    fv_release(&host, data->test.labels);
    fv_release(&host, data->order);
    for (size_t i = 0; data->in_files && i < FV_COUNT(data->rows); i++)
        fv_release(&host, data->rows[i]);
    if (data->in_files)
        fv_pictures_free(&data->pictures);
    fv_release(&host, data->names);
    fv_release(&host, data->name_text);
    fv_release(&host, data);
}

size_t fv_data_bytes(const fv_data *data)
{
    const size_t count = data->train.count + data->test.count;
    const size_t order = data->order ? data->train.count * sizeof *data->order : 0;

    if (data->in_files)
        return data->pictures.size * sizeof *data->pictures.items + 3 * data->pictures.count * sizeof **data->rows;
    return count *
               (data->height * data->width * data->channels * (data->floats ? sizeof(float) : 1) + sizeof(uint32_t)) +
           order + data->classes * (sizeof *data->names + CLASS_NAME);
}
