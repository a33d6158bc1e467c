/* A folder with MNIST's files: which of the usual names are there, and do pictures and labels belong together. */
#define _POSIX_C_SOURCE 200809L
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/data.h"
#include "data/idx.h"
#include "image/resize.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* MNIST has ten classes even where a small set lacks some of them; an IDX label is one byte. */
enum { DIGITS = 10, LABELS = 256 };

/* Spellings of "train-images-idx3-ubyte" in order of preference: what need not be unpacked opens faster. */
static const struct form {
    char before_idx;
    const char *extension;
} forms[] = {{'-', ""}, {'.', ""}, {'-', ".gz"}, {'.', ".gz"}};

/* The words that the names of a set's two files begin with. */
typedef struct set_names {
    const char *pictures, *labels;
} set_names;
static const set_names train_names = {"train-images", "train-labels"};
static const set_names test_names = {"t10k-images", "t10k-labels"};

/* Print the first spelling that exists in `folder` into *path; *found tells whether one does. */
static fv_status find(const char *folder, const char *stem, int rank, fv_text *path, bool *found, fv_error *err)
{
    *found = false;
    for (size_t i = 0; i < FV_COUNT(forms) && !*found; i++) {
        struct stat info;

        path->length = 0;
        fv_text_print(path, "%s/%s%cidx%d-ubyte%s", folder, stem, forms[i].before_idx, rank, forms[i].extension);
        if (path->failed)
            return fv_fail_memory(err, strlen(folder) + strlen(stem), "the path of a data file");
        /* What is there but cannot be looked at is found: reading it says why. */
        *found = stat(path->data, &info) == 0 || errno != ENOENT;
    }
    return FV_OK;
}

/* All sets of one folder have pictures of one size. */
static fv_status take_size(fv_data *data, const char *path, size_t height, size_t width, fv_error *err)
{
    if (height > FV_SIDE_MAX || width > FV_SIDE_MAX)
        return fv_fail(err, FV_E_RANGE, "%s: pictures of %zux%zu pixels; at most %d a side are read", path, height,
                       width, FV_SIDE_MAX);
    if (data->height && (data->height != height || data->width != width))
        return fv_fail(err, FV_E_SHAPE, "%s: pictures of %zux%zu pixels, but the training set's have %zux%zu", path,
                       height, width, data->height, data->width);
    data->height = height;
    data->width = width;
    data->channels = 1;
    return FV_OK;
}

static fv_status read_pictures(fv_data *data, const char *path, fv_samples *samples, fv_error *err)
{
    fv_idx idx;
    fv_status status = fv_idx_read(&data->host, path, 3, &idx, err);

    if (status)
        return status;
    samples->block = idx.block;
    samples->pixels = idx.values;
    samples->count = idx.dim[0];
    return take_size(data, path, idx.dim[1], idx.dim[2], err);
}

static fv_status read_labels(fv_data *data, const char *path, const char *pictures, fv_samples *samples, fv_error *err)
{
    fv_idx idx;
    fv_status status = fv_idx_read(&data->host, path, 1, &idx, err);

    if (status)
        return status;
    if (idx.count != samples->count) {
        status =
            fv_fail(err, FV_E_FORMAT, "%s: %zu labels for the %zu pictures of %s; the files do not belong together",
                    path, idx.count, samples->count, pictures);
        goto done;
    }
    samples->labels = fv_alloc(&data->host, idx.count, sizeof *samples->labels);
    if (!samples->labels) {
        status = fv_fail_memory(err, idx.count * sizeof *samples->labels, path);
        goto done;
    }
    for (size_t i = 0; i < idx.count; i++)
        samples->labels[i] = idx.values[i];
done:
    fv_release(&data->host, idx.block);
    return status;
}

/* Read a set's two files; a set of which neither file is there stays empty. *labels_path is printed for messages. */
static fv_status read_set(fv_data *data, const char *folder, const set_names *names, fv_samples *samples,
                          fv_text *labels_path, fv_error *err)
{
    fv_text pictures_path;
    bool pictures, labels;
    fv_status status;

    fv_text_init(&pictures_path, &data->host);
    status = find(folder, names->pictures, 3, &pictures_path, &pictures, err);
    if (!status)
        status = find(folder, names->labels, 1, labels_path, &labels, err);
    if (status)
        goto done;
    if (pictures != labels)
        status = fv_fail(err, FV_E_IO, "%s: has %s, but not %s-idx%d-ubyte or .gz beside it", folder,
                         pictures ? names->pictures : names->labels, pictures ? names->labels : names->pictures,
                         pictures ? 1 : 3);
    if (status || !pictures)
        goto done;
    status = read_pictures(data, pictures_path.data, samples, err);
    if (!status)
        status = read_labels(data, labels_path->data, pictures_path.data, samples, err);
done:
    fv_text_free(&pictures_path);
    return status;
}

/* The number of classes of a set: one more than its largest label. A class in between that has no sample is taken for
 * damage: one wrong byte would otherwise become a net with 200 outputs. */
static fv_status count_classes(fv_data *data, const fv_samples *samples, const char *path, fv_error *err)
{
    size_t first[LABELS], classes = 0;

    for (size_t i = 0; i < LABELS; i++)
        first[i] = samples->count;
    for (size_t i = samples->count; i-- > 0;) {
        const uint32_t label = samples->labels[i];

        first[label] = i;
        classes = label >= classes ? label + 1 : classes;
    }
    if (classes > DIGITS && first[classes - 2] == samples->count)
        return fv_fail(err, FV_E_RANGE, "%s: label %zu of sample %zu is outside the classes: no sample has label %zu",
                       path, classes - 1, first[classes - 1], classes - 2);
    data->classes = classes < DIGITS ? DIGITS : classes;
    return FV_OK;
}

static fv_status check_labels(const fv_data *data, const fv_samples *samples, const char *path, fv_error *err)
{
    for (size_t i = 0; i < samples->count; i++)
        if (samples->labels[i] >= data->classes)
            return fv_fail(err, FV_E_RANGE, "%s: label %u of sample %zu is outside the %zu classes of the training set",
                           path, samples->labels[i], i, data->classes);
    return FV_OK;
}

static fv_status check_folder(const char *folder, fv_error *err)
{
    struct stat info;

    if (stat(folder, &info) != 0)
        return fv_fail_errno(err, errno, "%s: cannot open the folder of the data", folder);
    if (!S_ISDIR(info.st_mode))
        return fv_fail(err, FV_E_IO, "%s: is not a folder; give the folder that holds MNIST's or CIFAR's files",
                       folder);
    return FV_OK;
}

fv_status fv_mnist_open(fv_data *data, const char *folder, fv_error *err)
{
    fv_text train_path, test_path; /* of the labels */
    fv_status status = check_folder(folder, err);

    if (status)
        return status;
    fv_text_init(&train_path, &data->host);
    fv_text_init(&test_path, &data->host);
    status = read_set(data, folder, &train_names, &data->train, &train_path, err);
    if (!status)
        status = read_set(data, folder, &test_names, &data->test, &test_path, err);
    if (status)
        goto done;

    if (data->train.count)
        status = count_classes(data, &data->train, train_path.data, err);
    else if (data->test.count)
        status = count_classes(data, &data->test, test_path.data, err);
    else
        status =
            fv_fail(err, FV_E_IO,
                    "%s: no data that Fovea reads: wanted train-images-idx3-ubyte and train-labels-idx1-ubyte, or "
                    "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or .gz; or CIFAR's data_batch_1.bin, "
                    "test_batch.bin (CIFAR-100: train.bin, test.bin)",
                    folder);
    if (!status)
        status = check_labels(data, &data->test, test_path.data, err);
done:
    fv_text_free(&train_path);
    fv_text_free(&test_path);
    return status;
}
