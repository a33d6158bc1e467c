/* A folder or a list of pictures as data. */
#include "base/error.h"
#include "data/data.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Where nobody says how much is held out. */
static const double held_out = 0.15;

/* What lists of pictures are called. */
static bool listed(const char *path)
{
    static const char *const endings[] = {".csv", ".tsv", ".txt", ".list", ".lst"};
    const char *dot = strrchr(path, '.');
    struct stat info;

    for (size_t i = 0; dot && i < FV_COUNT(endings); i++)
        if (strcmp(dot, endings[i]) == 0)
            return stat(path, &info) == 0 && S_ISREG(info.st_mode);
    return false;
}

bool fv_folder_found(const char *path)
{
    return listed(path) || fv_pictures_found(path);
}

fv_status fv_pictures_open(fv_pictures *pictures, const char *path, fv_error *err)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return fv_fail_errno(err, errno, "%s: cannot be opened", path);
    return S_ISDIR(info.st_mode) ? fv_pictures_scan(pictures, path, false, err) : fv_pictures_list(pictures, path, err);
}

static fv_status check(const fv_data *data, const char *path, bool fixed, fv_error *err)
{
    const fv_pictures *p = &data->pictures;

    if (!p->count && p->bad_count)
        return fv_fail(err, FV_E_IO, "%s: none of its pictures can be used; the first: %.160s: %.160s", path,
                       p->bad[0].path, p->bad[0].reason);
    if (!p->count)
        return fv_fail(
            err, FV_E_IO,
            "%s: no pictures; wanted a folder a class with pictures inside, in train/ and val/ or without, or "
            "a list of paths and classes",
            path);
    if (!fixed && p->n_classes < 2)
        return fv_fail(err, FV_E_ARGUMENT,
                       "%s: one class only ('%.80s'); telling things apart needs a folder for each of two or more",
                       path, p->classes[0]);
    return FV_OK;
}

static fv_status list_rows(fv_data *data, size_t limit, fv_error *err)
{
    const fv_pictures *p = &data->pictures;

    for (int split = 0; split < 3; split++) {
        size_t n = 0;

        data->rows[split] = fv_alloc(&data->host, p->count, sizeof **data->rows);
        if (!data->rows[split])
            return fv_fail_memory(err, p->count * sizeof **data->rows, "a split");
        for (size_t i = 0; i < p->count; i++)
            if (p->items[i].split == split)
                data->rows[split][n++] = (uint32_t)i;
        if (split == FV_TRAIN && limit && limit < n) { /* spread over the classes, which lie one behind the other */
            for (size_t i = 0; i < limit; i++)
                data->rows[split][i] = data->rows[split][i * n / limit];
            n = limit;
        }
        data->counts[split] = n;
    }
    return FV_OK;
}

fv_status fv_folder_open(fv_data *data, const char *path, const fv_data_options *options, fv_error *err)
{
    const double val = options->val > 0 ? options->val : held_out, test = options->test > 0 ? options->test : held_out;
    fv_status status;

    fv_pictures_init(&data->pictures, &data->host);
    data->in_files = true;
    status = fv_pictures_open(&data->pictures, path, err);
    if (!status)
        status = fv_pictures_probe(&data->pictures, options->threads, true, err);
    if (!status)
        status = fv_pictures_label(&data->pictures, options->classes, options->class_count, path, err);
    if (!status)
        status = check(data, path, options->classes != NULL, err);
    if (!status && options->splits)
        status = fv_data_keep_splits(data, options->splits, err);
    if (!status)
        status = fv_pictures_portion(&data->pictures, val, test, options->seed, err);
    if (!status)
        status = list_rows(data, options->limit, err);
    data->classes = data->pictures.n_classes;
    return status;
}
