/* Photos as the source of `fris`: features through the same cache as transfer learning. */
#include "cli/fris_photos.h"
#include "base/file.h"
#include "cli/photos.h"
#include "cli/stop.h"
#include "cli/transfer.h"
#include "model/model.h"
#include "train/features.h"
#include <string.h>
#include <sys/stat.h>

enum { AT_ONCE = 16 };

int fv_fris_eye_open(const fv_cli *cli, const char *model, const char *layer, fv_fris_eye *out)
{
    fv_net *other = NULL;
    fv_error err = {0};
    int code = fv_cli_model_open(cli, model, &out->model);

    if (code)
        return code;
    if (!layer && fv_net_new_head(&cli->host, out->model->net, 2, out->layer, &other, &err))
        code = fv_cli_fail(cli, &err);
    fv_net_free(other);
    if (layer && snprintf(out->layer, sizeof out->layer, "%s", layer) >= (int)sizeof out->layer)
        code = fv_cli_usage(cli, "--layer: the name is longer than any layer's");
    return code;
}

void fv_fris_eye_close(fv_fris_eye *eye)
{
    fv_model_free(eye->model);
    eye->model = NULL;
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool fv_fris_is_photos(const fv_cli *cli, const fv_fris_wanted *wanted)
{
    const fv_fris_values *v = cli->values;
    const size_t length = strlen(wanted->path);

    return is_folder(wanted->path) ||
           ((wanted->model || v->model) && !(length > 4 && strcmp(wanted->path + length - 4, ".npy") == 0));
}

/* Pictures at any depth, of no class. */
static fv_status scan(const fv_cli *cli, const char *path, fv_data **out, fv_error *err)
{
    fv_data *data = fv_alloc(&cli->host, 1, sizeof *data);
    fv_status status;

    if (!data)
        return fv_fail_memory(err, sizeof *data, "a folder of pictures");
    data->host = cli->host;
    data->in_files = true;
    fv_pictures_init(&data->pictures, &cli->host);
    status = fv_pictures_scan(&data->pictures, path, true, err);
    if (!status)
        status = fv_pictures_probe(&data->pictures, (size_t)cli->common->threads, true, err);
    if (!status && !data->pictures.count)
        status = fv_fail(err, FV_E_IO, "%s: there is no picture that can be used", path);
    *out = data;
    return status;
}

/* Classes and splits as folders or the list say; else those that a run of `train` with this seed makes. */
static fv_status open_pictures(const fv_cli *cli, const fv_fris_wanted *wanted, fv_data **out, fv_error *err)
{
    fv_data_options options = FV_DATA_OPTIONS;

    if (is_folder(wanted->path) && (wanted->flat || (!wanted->need_labels && !fv_pictures_found(wanted->path))))
        return scan(cli, wanted->path, out, err);
    options.seed = cli->common->seed;
    options.threads = (size_t)cli->common->threads;
    return fv_data_open(&cli->host, wanted->path, &options, out, err);
}

static int read_features(const fv_cli *cli, const fv_fris_eye *eye, const fv_data *data, fv_feature_table *out)
{
    const fv_fris_values *v = cli->values;
    fv_features_options options = {.layer = eye->layer, .session = fv_cli_session_options(cli, AT_ONCE)};
    fv_cli_watch watch = fv_cli_watch_begin(cli);
    char own[FV_CLI_PATH];
    fv_error err = {0};
    int code = FV_EXIT_OK;

    options.cache = fv_cli_cache_folder(cli, v->cache, own);
    options.progress = fv_cli_watch_report;
    options.user = &watch;
    fv_cli_stop_begin();
    if (fv_features_of(eye->model, data, &options, out, &err))
        code = err.code == FV_E_STOPPED && fv_cli_stop_signal() ? 128 + fv_cli_stop_signal() : fv_cli_fail(cli, &err);
    fv_cli_stop_end();
    if (!code)
        fv_cli_cache_say(cli, out->remark, &out->unkept);
    return code;
}

/* The photos of --split, their names and classes. */
static fv_status take(const fv_fris_values *v, const fv_data *data, const fv_feature_table *features,
                      fv_fris_source *out, const char ***texts, fv_error *err)
{
    const size_t size = features->size, all = data->pictures.count;
    float *values = fv_alloc(&out->arena.host, all * size, sizeof *values);
    bool labelled = false;
    size_t n = 0;

    out->vectors.arena.host = out->arena.host;
    out->vectors.floats = values;
    out->names = fv_arena_alloc(&out->arena, all, sizeof *out->names);
    out->split = fv_arena_alloc(&out->arena, all, sizeof *out->split);
    *texts = fv_arena_alloc(&out->arena, all, sizeof **texts);
    if (!values || !out->names || !out->split || !*texts)
        return fv_fail_memory(err, all * size * sizeof *values, "features");
    for (size_t i = 0; i < all; i++) {
        const fv_picture *p = &data->pictures.items[i];

        if (v->split >= 0 && p->split != v->split)
            continue;
        memcpy(values + n * size, features->values + i * size, size * sizeof *values);
        out->names[n] = p->path;
        out->split[n] = p->split;
        (*texts)[n++] = p->class_name ? p->class_name : "";
        labelled = labelled || p->class_name;
    }
    out->vectors.count = n;
    out->vectors.dims = size;
    if (!labelled)
        *texts = NULL;
    return n ? FV_OK : fv_fail(err, FV_E_RANGE, "no photos are in the split that --split names");
}

int fv_fris_photos_open(const fv_cli *cli, const fv_fris_wanted *wanted, fv_fris_source *out, const char ***texts)
{
    const fv_fris_values *v = cli->values;
    const char *model = wanted->model ? wanted->model : v->model;
    fv_feature_table features = {0};
    fv_fris_eye eye = {0};
    fv_error err = {0};
    int code = FV_EXIT_OK;

    if (!model)
        return fv_cli_usage(cli, "%s is a folder: --model names the network that looks at its photos", wanted->path);
    if (wanted->labels || v->names)
        return fv_cli_usage(cli, "%s: photos have their names and classes; --labels and --names are for vectors",
                            wanted->path);
    code = fv_fris_eye_open(cli, model, wanted->model ? wanted->layer : v->layer, &eye);
    if (!code && open_pictures(cli, wanted, &out->photos, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        code = read_features(cli, &eye, out->photos, &features);
    if (!code && take(v, out->photos, &features, out, texts, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        out->partly = fv_cli_tell_bad(cli, out->photos, NULL) == FV_EXIT_PARTLY;
    fv_features_free(&features);
    fv_fris_eye_close(&eye);
    return code;
}
