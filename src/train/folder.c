#define _XOPEN_SOURCE 700 /* realpath, gmtime_r */
/* The run folder: args.json, written before any work; results.csv, one row an epoch; weights/. */
#include "base/file.h"
#include "base/json.h"
#include "data/data.h"
#include "train/trainer.h"
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char header[] =
    "epoch,step,lr,train_loss,train_top1,val_loss,val_top1,val_top5,images_per_s,data_s,compute_s,eval_s,elapsed_s,"
    "train_images,val_images,bad_images,grad_norm,weight_norm,peak_bytes,test_loss,test_top1\n";

char *fv_folder_path(const fv_host *host, const char *folder, const char *name)
{
    fv_text text;

    fv_text_init(&text, host);
    fv_text_print(&text, "%s/%s", folder, name);
    if (text.failed)
        fv_text_free(&text);
    return text.data;
}

static fv_status write_text(const fv_host *host, const char *folder, const char *name, const char *data, size_t length,
                            fv_error *err)
{
    char *path = fv_folder_path(host, folder, name);
    const fv_piece piece = {data, length};
    const fv_status status =
        path && data ? fv_file_replace(path, &piece, 1, err) : fv_fail_memory(err, length, "a file of the run folder");

    fv_release(host, path);
    return status;
}

/* ---------------------------------------------------------------------------------------------- creation */

static fv_status check_empty(const char *folder, fv_error *err)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    bool empty = true;

    if (!dir)
        return errno == ENOENT ? FV_OK : fv_fail(err, FV_E_IO, "%s: cannot read the folder", folder);
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            empty = false;
    closedir(dir);
    return empty ? FV_OK
                 : fv_fail(err, FV_E_EXISTS, "%s: is not empty; resume the run that is in it, or name another folder",
                           folder);
}

/* The folder and those above it. */
fv_status fv_folder_make(const fv_host *host, const char *path, fv_error *err)
{
    char *copy = fv_strdup(host, path);
    fv_status status = FV_OK;

    if (!copy)
        return fv_fail_memory(err, strlen(path), "a path");
    for (char *at = copy + 1; !status; at++) {
        const char end = *at;

        if (end != '/' && end != 0)
            continue;
        *at = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            status = fv_fail(err, FV_E_IO, "%s: cannot make the folder (is the place writable?)", copy);
        *at = end;
        if (!end)
            break;
    }
    fv_release(host, copy);
    return status;
}

static void print_pair(fv_text *text, const char *key, const char *value, const char *end)
{
    fv_text_print(text, "  \"%s\": ", key);
    if (value)
        fv_json_string(text, value);
    else
        fv_text_print(text, "null");
    fv_text_print(text, "%s\n", end);
}

static void print_args(const fv_trainer *t, const fv_train_options *options, fv_text *text)
{
    const time_t now = time(NULL);
    char started[32] = "", *place = options->data_path ? realpath(options->data_path, NULL) : NULL;
    fv_text settings;
    struct tm utc;

    if (gmtime_r(&now, &utc))
        strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    fv_text_init(&settings, &t->host);
    fv_settings_print(&t->settings, &settings);
    fv_text_print(text, "{\n");
    print_pair(text, "fovea", fv_version(), ",");
    print_pair(text, "name", fv_net_name(t->net), ",");
    print_pair(text, "net", fv_net_text(t->net), ",");
    print_pair(text, "options", settings.data, ",");
    print_pair(text, "data", place, ",");
    print_pair(text, "data_hash", fv_data_hash(t->data), ",");
    if (options->class_weights) {
        fv_text_print(text, "  \"class_weights\": [");
        for (size_t i = 0; i < fv_data_classes(t->data); i++) {
            fv_text_print(text, "%s", i ? ", " : "");
            fv_text_print_real(text, options->class_weights[i]);
        }
        fv_text_print(text, "],\n");
    }
    print_pair(text, "isa", t->kernels->isa, ",");
    fv_text_print(text, "  \"threads\": %zu,\n", fv_pool_threads(t->pool));
    print_pair(text, "started", started, "");
    fv_text_print(text, "}\n");
    text->failed = text->failed || settings.failed;
    fv_text_free(&settings);
    free(place);
}

fv_status fv_folder_create(const fv_trainer *t, const fv_train_options *options, fv_error *err)
{
    char *weights = fv_folder_path(&t->host, t->out, "weights");
    fv_text text;
    fv_status status;

    if (!weights)
        return fv_fail_memory(err, 64, "a path");
    fv_text_init(&text, &t->host);
    status = check_empty(t->out, err);
    if (!status)
        status = fv_folder_make(&t->host, weights, err);
    if (!status) {
        print_args(t, options, &text);
        status = text.failed ? fv_fail_memory(err, text.size, "args.json")
                             : write_text(&t->host, t->out, "args.json", text.data, text.length, err);
    }
    if (!status)
        status = write_text(&t->host, t->out, "results.csv", header, sizeof header - 1, err);
    fv_text_free(&text);
    fv_release(&t->host, weights);
    return status;
}

/* ---------------------------------------------------------------------------------------------- args.json */

static fv_status take_string(const fv_host *host, const json_t *object, const char *key, const char *path, char **out,
                             fv_error *err)
{
    const json_t *value = json_object_get(object, key);

    if (json_is_null(value))
        return FV_OK;
    if (!json_is_string(value))
        return fv_fail(err, FV_E_FORMAT, "%s: '%s' is missing or no text; the folder was not made by a run", path, key);
    *out = fv_strdup(host, json_string_value(value));
    return *out ? FV_OK : fv_fail_memory(err, json_string_length(value), key);
}

static fv_status take_reals(const fv_host *host, const json_t *object, const char *key, double **out, size_t *count,
                            fv_error *err)
{
    const json_t *list = json_object_get(object, key);

    *count = json_array_size(list); /* 0 of what is no list */
    if (!*count)
        return FV_OK;
    *out = fv_alloc(host, *count, sizeof **out);
    if (!*out)
        return fv_fail_memory(err, *count * sizeof **out, key);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = json_number_value(json_array_get(list, i));
    return FV_OK;
}

fv_status fv_folder_read_args(const fv_host *host, const char *folder, fv_run_args *args, fv_error *err)
{
    char *path = fv_folder_path(host, folder, "args.json");
    const struct {
        const char *key;
        char **out;
    } keys[] = {
        {"net", &args->net}, {"options", &args->options}, {"data", &args->data_path}, {"data_hash", &args->data_hash}};
    uint8_t *data = NULL;
    size_t size = 0;
    json_error_t why;
    json_t *object;
    fv_status status = path ? fv_file_read(host, path, 4 << 20, &data, &size, err) : fv_fail_memory(err, 64, "a path");

    if (!status) {
        object = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, &why);
        if (!object)
            status = fv_fail(err, FV_E_FORMAT, "%s:%d:%d: %s", path, why.line, why.column, why.text);
        for (size_t i = 0; !status && i < FV_COUNT(keys); i++)
            status = take_string(host, object, keys[i].key, path, keys[i].out, err);
        if (!status)
            status = take_reals(host, object, "class_weights", &args->class_weights, &args->n_class_weights, err);
        if (!status && (!args->net || !args->options || !args->data_hash))
            status = fv_fail(err, FV_E_FORMAT, "%s: the net, its options or the data's hash is missing", path);
        json_decref(object);
    }
    fv_release(host, data);
    fv_release(host, path);
    return status;
}

void fv_run_args_free(const fv_host *host, fv_run_args *args)
{
    fv_release(host, args->net);
    fv_release(host, args->options);
    fv_release(host, args->data_path);
    fv_release(host, args->data_hash);
    fv_release(host, args->class_weights);
    *args = (fv_run_args){0};
}

/* ---------------------------------------------------------------------------------------------- results.csv */

static double weight_norm(const fv_trainer *t)
{
    double sum = 0;

    for (size_t k = 0; k < t->store.count; k++)
        for (size_t i = 0; t->store.items[k].param.file_rank && i < t->store.items[k].elements; i++) {
            const double w = fv_store_get(&t->store, &t->store.items[k], i);

            sum += w * w;
        }
    return sqrt(sum);
}

static double peak_bytes(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) ? NAN : (double)usage.ru_maxrss * 1024;
}

/* The file as it is with `rows` rows and what is behind `more` appended, replaced as a whole. */
static fv_status rewrite(const fv_trainer *t, uint64_t rows, const char *more, fv_error *err)
{
    char *path = fv_folder_path(&t->host, t->out, "results.csv");
    uint8_t *data = NULL;
    size_t size = 0, keep = 0;
    fv_text text;
    fv_status status = FV_OK;

    if (!path)
        return fv_fail_memory(err, 64, "a path");
    fv_text_init(&text, &t->host);
    if (access(path, F_OK) == 0 || errno != ENOENT)
        status = fv_file_read(&t->host, path, 64 << 20, &data, &size, err);
    if (!status) {
        if (!size) /* killed before the file was there */
            fv_text_print(&text, "%s", header);
        for (uint64_t lines = 0; keep < size && lines < rows + 1; keep++) /* the header is a line too */
            lines += data[keep] == '\n';
        fv_text_append(&text, (const char *)data, keep);
        fv_text_append(&text, more, strlen(more));
        status = text.failed ? fv_fail_memory(err, size, "results.csv")
                             : write_text(&t->host, t->out, "results.csv", text.data, text.length, err);
    }
    fv_text_free(&text);
    fv_release(&t->host, data);
    fv_release(&t->host, path);
    return status;
}

fv_status fv_results_add(const fv_trainer *t, const fv_progress *p, fv_error *err)
{
    const double figures[] = {
        (double)p->epoch,
        (double)p->total_steps,
        p->lr,
        p->loss,
        p->top1,
        p->val_loss,
        p->val_top1,
        p->val_top5,
        p->images_per_s,
        p->data_s,
        p->compute_s,
        p->eval_s,
        p->elapsed_s,
        (double)fv_data_count(t->data, FV_TRAIN),
        (double)fv_data_count(t->data, FV_VAL),
        0,
        p->grad_norm,
        weight_norm(t),
        peak_bytes(),
        p->test_loss,
        p->test_top1,
    };
    fv_text row;
    fv_status status;

    fv_text_init(&row, &t->host);
    for (size_t i = 0; i < FV_COUNT(figures); i++) {
        fv_text_print(&row, "%s", i ? "," : "");
        if (!isnan(figures[i]))
            fv_text_print_real(&row, figures[i]);
    }
    fv_text_print(&row, "\n");
    status = row.failed ? fv_fail_memory(err, 512, "results.csv") : rewrite(t, t->at.epoch - 1, row.data, err);
    fv_text_free(&row);
    return status;
}

fv_status fv_results_cut(const fv_trainer *t, uint64_t epochs, fv_error *err)
{
    return rewrite(t, epochs, "", err);
}
