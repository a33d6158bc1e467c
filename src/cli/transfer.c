#include "cli/transfer.h"
#include "base/file.h"
#include "cli/json.h"
#include "cli/photos.h"
#include "cli/place.h"
#include "cli/stop.h"
#include "train/trainer.h"
#include "train/transfer.h"
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = FV_CLI_PATH };
static const char *const split_words[] = {"train", "val", "test"};

/* ---------------------------------------------------------------------------------------------- places */

/* The zoo's network that a file name begins with, the longest where several do ("resnet18-f37072fd": resnet-18). */
static const char *named_like(const char *file)
{
    char bare[256] = "", name[256];
    const char *best = NULL;
    size_t n = 0, longest = 0;

    for (; *file && *file != '.' && n + 1 < sizeof bare; file++)
        if (*file != '-' && *file != '_')
            bare[n++] = *file;
    for (size_t i = 0; i < fv_zoo_count(); i++) {
        size_t length = 0;

        for (const char *c = fv_zoo_name(i); *c && *c != '.'; c++) /* squeezenet-1.0: compared up to the point */
            if (*c != '-')
                name[length++] = *c;
        if (length > longest && strncmp(bare, name, length) == 0) {
            best = fv_zoo_name(i);
            longest = length;
        }
    }
    return best;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool search(const fv_cli *cli, const char *folder, const char **net, char *path)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir))) {
        const char *exact = NULL, *like = named_like(entry->d_name);
        const size_t length = strlen(entry->d_name);

        for (size_t i = 0; i < fv_zoo_count(); i++)
            if (length == strlen(fv_zoo_name(i)) + strlen(".safetensors") && ends_with(entry->d_name, ".safetensors") &&
                strncmp(entry->d_name, fv_zoo_name(i), strlen(fv_zoo_name(i))) == 0)
                exact = fv_zoo_name(i);
        *net = exact ? exact : like;
        if (*net && ends_with(entry->d_name, ".safetensors"))
            found = snprintf(path, PATH, "%s/%s", folder, entry->d_name) < PATH;
        else if (*net && ends_with(entry->d_name, ".pth"))
            fv_cli_note(cli, "%s/%s would do once it is safetensors", folder, entry->d_name);
    }
    if (dir)
        closedir(dir);
    return found;
}

bool fv_cli_find_weights(const fv_cli *cli, const char **net, char *path)
{
    static const struct {
        const char *variable, *behind, *below;
    } places[] = {{"FOVEA_HOME", "", ".local/share/fovea"},
                  {"XDG_DATA_HOME", "/fovea", ".local/share/fovea"},
                  {"TORCH_HOME", "/hub/checkpoints", ".cache/torch/hub/checkpoints"},
                  {"XDG_CACHE_HOME", "/torch/hub/checkpoints", ".cache/torch/hub/checkpoints"}};
    char folder[PATH];

    for (size_t i = 0; i < FV_COUNT(places); i++)
        if (fv_cli_place(places[i].variable, places[i].behind, places[i].below, folder) &&
            search(cli, folder, net, path)) {
            fv_cli_note(cli, "backbone: %s with %s", *net, path);
            return true;
        }
    if (!fv_cli_place("FOVEA_HOME", "", ".local/share/fovea", folder))
        snprintf(folder, sizeof folder, "$FOVEA_HOME");
    fv_cli_note(cli,
                "no trained backbone was found; one helps much where pictures are few. Any of these in %s would do: "
                "resnet18-f37072fd.safetensors, vgg16-397923af.safetensors, googlenet-1378be20.safetensors "
                "(PyTorch's files, saved as safetensors), or name one with --from",
                folder);
    return false;
}

/* ---------------------------------------------------------------------------------------------- a run */

fv_cli_watch fv_cli_watch_begin(const fv_cli *cli)
{
    const double now = fv_clock_s();

    return (fv_cli_watch){cli, now, now, false};
}

int fv_cli_watch_report(void *user, size_t done, size_t count)
{
    fv_cli_watch *w = user;
    const double now = fv_clock_s(), left = (now - w->began_s) / (double)done * (double)(count - done);

    if ((!w->told && left > 1) || now - w->told_s > 10)
        fv_cli_note(w->cli, "features of %zu of %zu pictures, about %.0f s left", done, count, left);
    if (now - w->told_s > 10)
        w->told_s = now;
    w->told = true;
    return fv_cli_stop_signal();
}

/* A model of ours is taken as it is, whatever its number of classes. */
static bool is_own(const fv_cli *cli, const fv_cli_transfer_job *job, fv_model **source)
{
    if (fv_model_open(&cli->host, job->from, source, NULL))
        return false;
    if (strcmp(fv_net_name(fv_model_net(*source)), job->net) == 0)
        return true;
    fv_model_free(*source);
    *source = NULL;
    return false;
}

static int open_source(const fv_cli *cli, const fv_cli_transfer_job *job, fv_model **source)
{
    fv_import_report imported;
    fv_net *net = NULL;
    fv_error err = {0};
    int code;

    if (!job->net)
        return fv_cli_model_open(cli, job->from, source);
    if (is_own(cli, job, source))
        return FV_EXIT_OK;
    code = fv_cli_net_open(cli, job->net, &net);
    if (!code && fv_model_import(&cli->host, net, job->from, cli->common->seed, source, &imported, &err))
        code = fv_cli_fail(cli, &err);
    fv_net_free(net);
    return code;
}

/* Wilson's interval of 95 % for k of n. */
static void interval(size_t k, size_t n, double out[2])
{
    const double z = 1.959964, count = (double)n, p = (double)k / count, scale = 1 + z * z / count;
    const double middle = (p + z * z / (2 * count)) / scale;
    const double half = z * sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / scale;

    out[0] = middle - half;
    out[1] = middle + half;
}

static void print_text(const fv_cli_transfer_job *job, const fv_transfer_result *r)
{
    printf("%s: new head on %zu features of %s; %zu of %zu pictures computed in %.1f s, head in %.1f s\n", job->folder,
           r->features, r->layer, r->computed, r->pictures, r->features_s, r->head_s);
    for (int s = 0; s < 3; s++) {
        const fv_transfer_split *t = &r->split[s];
        double range[2];

        if (!t->count)
            continue;
        interval(t->right, t->count, range);
        printf("%-5s  top-1 %6.2f %%  (%zu of %zu; 95 %%: %.1f to %.1f)  loss %.4f  ECE %.3f\n", split_words[s],
               100 * (double)t->right / (double)t->count, t->right, t->count, 100 * range[0], 100 * range[1], t->loss,
               t->ece);
    }
}

static bool print_json(const fv_cli_transfer_job *job, const fv_transfer_result *r)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 1);
    fv_cli_json_text(&json, "out", job->folder);
    fv_cli_json_text(&json, "layer", r->layer);
    fv_cli_json_count(&json, "features", r->features);
    fv_cli_json_count(&json, "pictures", r->pictures);
    fv_cli_json_count(&json, "computed", r->computed);
    fv_cli_json_real(&json, "features_s", r->features_s);
    fv_cli_json_real(&json, "head_s", r->head_s);
    fv_cli_json_real(&json, "temperature", r->temperature);
    for (int s = 0; s < 3; s++) {
        const fv_transfer_split *t = &r->split[s];
        double range[2] = {NAN, NAN};

        if (t->count)
            interval(t->right, t->count, range);
        fv_cli_json_object(&json, split_words[s]);
        fv_cli_json_count(&json, "n", t->count);
        fv_cli_json_count(&json, "right", t->right);
        fv_cli_json_real(&json, "top1", (double)t->right / (double)t->count);
        fv_cli_json_real(&json, "low", range[0]);
        fv_cli_json_real(&json, "high", range[1]);
        fv_cli_json_real(&json, "loss", t->loss);
        fv_cli_json_real(&json, "ece", t->ece);
        fv_cli_json_end(&json);
    }
    return fv_cli_json_print(&json, stdout);
}

static int save(const fv_cli *cli, const fv_cli_transfer_job *job, const fv_data *data, const fv_model *model)
{
    char path[PATH];
    fv_error err = {0};

    snprintf(path, sizeof path, "%s/weights/best.safetensors", job->folder);
    if (fv_model_save(model, path, &err))
        return fv_cli_fail(cli, &err);
    return fv_cli_write_split(cli, data, job->folder);
}

int fv_cli_cache_folder(const fv_cli *cli, const char *asked, char own[FV_CLI_PATH], const char **cache)
{
    fv_error err = {0};

    *cache = asked;
    if (!asked && fv_cli_cache_place(own))
        *cache = own;
    if (*cache && !**cache)
        *cache = NULL;
    return *cache && fv_folder_make(&cli->host, *cache, &err) ? fv_cli_fail(cli, &err) : FV_EXIT_OK;
}

/* The folders that are written to. */
static int make_folders(const fv_cli *cli, const fv_cli_transfer_job *job, const char **cache, char own[PATH])
{
    char weights[PATH];
    fv_error err = {0};

    snprintf(weights, sizeof weights, "%s/weights", job->folder);
    return fv_folder_make(&cli->host, weights, &err) ? fv_cli_fail(cli, &err)
                                                     : fv_cli_cache_folder(cli, job->cache, own, cache);
}

int fv_cli_transfer(const fv_cli *cli, const fv_cli_transfer_job *job, const fv_data *data)
{
    enum { AT_ONCE = 16 };
    fv_cli_watch w;
    fv_transfer_options options = {.balance = job->balance, .progress = fv_cli_watch_report, .user = &w};
    fv_transfer_result result = {0};
    fv_model *source = NULL;
    fv_error err = {0};
    char own[PATH];
    int code = open_source(cli, job, &source);

    if (!code)
        code = make_folders(cli, job, &options.cache, own);
    options.session = fv_cli_session_options(cli, AT_ONCE);
    w = fv_cli_watch_begin(cli);
    fv_cli_stop_begin();
    if (!code && fv_transfer(source, data, &options, &result, &err))
        code = err.code == FV_E_STOPPED && fv_cli_stop_signal() ? 128 + fv_cli_stop_signal() : fv_cli_fail(cli, &err);
    fv_cli_stop_end();
    if (!code && result.cache_remark)
        fv_cli_note(cli, "the cache of features was made anew: %s", result.cache_remark);
    if (!code)
        code = save(cli, job, data, result.model);
    if (!code && cli->common->json)
        code = print_json(job, &result) ? FV_EXIT_OK : fv_cli_memory(cli);
    else if (!code)
        print_text(job, &result);
    fv_model_free(result.model);
    fv_model_free(source);
    return code;
}
