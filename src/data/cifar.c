/* The CIFAR reader. A row is the labels, then 1,024 bytes of red, of green and of blue; samples hold pixels with their
 * channels together. CIFAR-100 has two labels a picture: the coarse one is checked and passed over. */
#define _POSIX_C_SOURCE 200809L
#include "data/cifar.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/data.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SIDE = 32, CHANNELS = 3, PLANE = SIDE * SIDE, PIXELS = PLANE * CHANNELS, FILES = 5, NAME_MAX_BYTES = 255 };

/* What a family's files are called, and the limits of the labels that a row begins with; the last one is the class. */
typedef struct family {
    const char *name, *train[FILES], *test, *names;
    size_t n_labels;
    uint32_t labels[2];
} family;

static const family families[] = {
    {"CIFAR-10",
     {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
     "test_batch.bin",
     "batches.meta.txt",
     1,
     {10}},
    {"CIFAR-100", {"train.bin"}, "test.bin", "fine_label_names.txt", 2, {20, 100}},
};

static bool exists(const char *folder, const char *name)
{
    char path[4096];
    struct stat info;
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);

    /* What is there but cannot be looked at is found: reading it says why. */
    return length > 0 && (size_t)length < sizeof path && (stat(path, &info) == 0 || errno != ENOENT);
}

/* The family whose file lies in the folder, or NULL. */
static const family *find(const char *folder)
{
    for (size_t f = 0; f < FV_COUNT(families); f++) {
        if (exists(folder, families[f].test))
            return &families[f];
        for (size_t i = 0; i < FILES && families[f].train[i]; i++)
            if (exists(folder, families[f].train[i]))
                return &families[f];
    }
    return NULL;
}

bool fv_cifar_found(const char *folder)
{
    struct stat info;

    return stat(folder, &info) == 0 && S_ISDIR(info.st_mode) && find(folder) != NULL;
}

/* ---------------------------------------------------------------------------------------------- one file */

typedef struct mapped {
    const uint8_t *bytes;
    size_t size;
} mapped;

static fv_status check_rows(const family *f, const char *path, const mapped *file, fv_error *err)
{
    const size_t row = f->n_labels + PIXELS;

    if (file->size == 0 || file->size % row)
        return fv_fail(
            err, FV_E_FORMAT,
            "%s: %zu bytes are no whole number of rows of %zu (%zu of labels, %dx%dx%d of pixels), as %s has "
            "them; the file is cut short or another one, fetch it again",
            path, file->size, row, f->n_labels, CHANNELS, SIDE, SIDE, f->name);
    for (size_t i = 0; i < file->size / row; i++)
        for (size_t k = 0; k < f->n_labels; k++)
            if (file->bytes[i * row + k] >= f->labels[k])
                return fv_fail(err, FV_E_RANGE,
                               "%s: label %u of picture %zu; %s has 0 to %u there, the file is damaged", path,
                               file->bytes[i * row + k], i, f->name, f->labels[k] - 1);
    return FV_OK;
}

static void copy_rows(const family *f, const mapped *file, uint8_t *pixels, uint32_t *labels)
{
    const size_t row = f->n_labels + PIXELS;

    for (size_t i = 0; i < file->size / row; i++) {
        const uint8_t *in = file->bytes + i * row + f->n_labels;

        labels[i] = in[-1];
        for (size_t p = 0; p < PLANE; p++)
            for (size_t c = 0; c < CHANNELS; c++)
                *pixels++ = in[c * PLANE + p];
    }
}

/* ---------------------------------------------------------------------------------------------- a set */

/* Map folder/name, *path is printed for messages. */
static fv_status map_file(const family *f, const char *folder, const char *name, fv_text *path, mapped *file,
                          fv_error *err)
{
    fv_status status;

    path->length = 0;
    fv_text_print(path, "%s/%s", folder, name);
    if (path->failed)
        return fv_fail_memory(err, strlen(folder) + strlen(name), "the path of a data file");
    status = fv_file_map(path->data, &file->bytes, &file->size, err);
    return status ? status : check_rows(f, path->data, file, err);
}

static fv_status copy_files(fv_data *data, const family *f, const mapped *files, size_t n, fv_samples *out,
                            fv_error *err)
{
    const size_t row = f->n_labels + PIXELS;
    size_t count = 0, at = 0;

    for (size_t i = 0; i < n; i++)
        count += files[i].size / row;
    if (count > UINT32_MAX)
        return fv_fail(err, FV_E_RANGE, "%s: %zu pictures, at most %u are read", f->name, count, UINT32_MAX);
    out->block = fv_alloc(&data->host, count, PIXELS);
    out->labels = fv_alloc(&data->host, count, sizeof *out->labels);
    if (!out->block || !out->labels)
        return fv_fail_memory(err, count * (PIXELS + sizeof *out->labels), f->name);
    out->pixels = out->block;
    out->count = count;
    for (size_t i = 0; i < n; at += files[i++].size / row)
        copy_rows(f, &files[i], out->block + at * PIXELS, out->labels + at);
    return FV_OK;
}

/* Read files[0..] of a set, one after another; later ones may be absent. A set without its first file stays empty. */
static fv_status read_set(fv_data *data, const char *folder, const family *f, const char *const *names, size_t count,
                          fv_samples *out, fv_error *err)
{
    mapped files[FILES] = {{0}};
    fv_status status = FV_OK;
    size_t n = 0;
    fv_text path;

    fv_text_init(&path, &data->host);
    while (n < count && names[n] && exists(folder, names[n]))
        n++;
    for (size_t i = n; !status && i < count && names[i]; i++)
        if (exists(folder, names[i]))
            status = fv_fail(err, FV_E_IO, "%s: has %s, but not %s before it; fetch that as well", folder, names[i],
                             names[n]);
    for (size_t i = 0; !status && i < n; i++)
        status = map_file(f, folder, names[i], &path, &files[i], err);
    if (!status && n)
        status = copy_files(data, f, files, n, out, err);
    for (size_t i = 0; i < n; i++)
        fv_file_unmap(files[i].bytes, files[i].size);
    fv_text_free(&path);
    return status;
}

/* ---------------------------------------------------------------------------------------------- class names */

static bool is_name(const char *text)
{
    const size_t length = strlen(text);

    for (size_t at = 0, n; at < length; at += n)
        if ((n = fv_text_utf8(text + at, length - at)) == 0 || (unsigned char)text[at] < ' ')
            return false;
    return length > 0 && length <= NAME_MAX_BYTES;
}

/* One name a line; the block becomes the strings that the names point to. */
static fv_status split_names(fv_data *data, const char *path, char *text, fv_error *err)
{
    size_t count = 0;

    for (char *line = text; *line; count++) {
        char *end = line + strcspn(line, "\r\n"), *next = end + strspn(end, "\r\n");

        *end = 0;
        if (!is_name(line))
            return fv_fail(err, FV_E_FORMAT, "%s:%zu: is no name of a class: 1 to %d bytes of UTF-8 are", path,
                           count + 1, NAME_MAX_BYTES);
        if (count < data->classes)
            data->names[count] = line;
        line = next;
    }
    return count == data->classes ? FV_OK
                                  : fv_fail(err, FV_E_FORMAT, "%s: %zu names for %zu classes; one a line is wanted",
                                            path, count, data->classes);
}

static fv_status read_names(fv_data *data, const char *folder, const family *f, fv_error *err)
{
    uint8_t *bytes = NULL;
    size_t size;
    fv_text path;
    fv_status status;

    if (!exists(folder, f->names))
        return FV_OK;
    fv_text_init(&path, &data->host);
    fv_text_print(&path, "%s/%s", folder, f->names);
    data->names = fv_alloc(&data->host, data->classes, sizeof *data->names);
    if (path.failed || !data->names)
        status = fv_fail_memory(err, data->classes * sizeof *data->names, "class names");
    else
        status = fv_file_read(&data->host, path.data, 1 << 16, &bytes, &size, err);
    data->name_text = (char *)bytes;
    if (!status)
        status = split_names(data, path.data, data->name_text, err);
    fv_text_free(&path);
    return status;
}

fv_status fv_cifar_open(fv_data *data, const char *folder, fv_error *err)
{
    const family *f = find(folder);
    fv_status status;

    if (!f)
        return fv_fail(err, FV_E_IO, "%s: holds none of CIFAR's files", folder);
    data->height = data->width = SIDE;
    data->channels = CHANNELS;
    data->classes = f->labels[f->n_labels - 1];
    status = read_set(data, folder, f, f->train, FILES, &data->train, err);
    if (!status)
        status = read_set(data, folder, f, &f->test, 1, &data->test, err);
    return status ? status : read_names(data, folder, f, err);
}
