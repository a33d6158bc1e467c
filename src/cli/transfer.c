#include "cli/transfer.h"
#include "base/file.h"
#include "cli/json.h"
#include "cli/memory.h"
#include "cli/photos.h"
#include "cli/place.h"
#include "cli/stop.h"
#include "train/trainer.h"
#include "train/transfer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = FV_CLI_PATH };
static const char *const split_words[] = {"train", "val", "test"};

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
           r->features, r->layer, r->computed, r->seen, r->features_s, r->head_s);
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

static bool print_json(const fv_cli_transfer_job *job, const fv_transfer_forecast *foretold,
                       const fv_transfer_result *r)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 1);
    fv_cli_json_text(&json, "out", job->folder);
    fv_cli_json_text(&json, "layer", r->layer);
    fv_cli_json_count(&json, "features", r->features);
    fv_cli_json_count(&json, "pictures", r->pictures);
    fv_cli_json_count(&json, "views", job->views);
    fv_cli_json_count(&json, "computed", r->computed);
    fv_cli_json_real(&json, "features_s", r->features_s);
    fv_cli_json_real(&json, "head_s", r->head_s);
    fv_cli_json_real(&json, "temperature", r->temperature);
    fv_cli_json_count(&json, "cache_bytes", foretold->cache_bytes);
    fv_cli_json_count(&json, "memory_foretold_bytes", foretold->memory);
    fv_cli_json_count(&json, "memory_peak_bytes", fv_cli_memory_peak());
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

const char *fv_cli_cache_folder(const fv_cli *cli, const char *asked, char own[FV_CLI_PATH])
{
    const char *cache = asked;
    fv_error err = {0};

    if (!asked && fv_cli_cache_place(own))
        cache = own;
    if (!cache || !*cache)
        return NULL;
    if (!fv_folder_make(&cli->host, cache, &err))
        return cache;
    fv_cli_cache_say(cli, NULL, &err);
    return NULL;
}

void fv_cli_cache_say(const fv_cli *cli, const char *remark, const fv_error *unkept)
{
    if (unkept->code)
        fv_cli_note(cli, "features are not kept, the next run computes them again: %s", unkept->message);
    else if (remark)
        fv_cli_note(cli, "the cache of features was made anew: %s", remark);
}

static int make_folder(const fv_cli *cli, const fv_cli_transfer_job *job)
{
    char weights[PATH];
    fv_error err = {0};

    snprintf(weights, sizeof weights, "%s/weights", job->folder);
    return fv_folder_make(&cli->host, weights, &err) ? fv_cli_fail(cli, &err) : FV_EXIT_OK;
}

/* How long it takes shows a first batch (fv_cli_watch_report); the rest is known before. */
static int foretell(const fv_cli *cli, const fv_model *source, const fv_data *data, const fv_transfer_options *options,
                    fv_transfer_forecast *out)
{
    char memory[FV_BYTES_TEXT], kept[FV_BYTES_TEXT];
    fv_error err = {0};

    if (fv_transfer_foretell(source, data, options, out, &err))
        return fv_cli_fail(cli, &err);
    fv_cli_note(cli, "features of %zu pictures, %zu of them to be computed; at the fullest %s of memory%s%s%s%s",
                out->seen, out->missing, fv_text_bytes(memory, out->memory), options->cache ? ", and then " : "",
                options->cache ? fv_text_bytes(kept, out->cache_bytes) : "", options->cache ? " in " : "",
                options->cache ? options->cache : "");
    return FV_EXIT_OK;
}

int fv_cli_transfer(const fv_cli *cli, const fv_cli_transfer_job *job, const fv_data *data, fv_model **model,
                    double *lr)
{
    enum { AT_ONCE = 16 };
    fv_cli_watch w;
    fv_transfer_options options = {.views = job->views,
                                   .seed = job->seed,
                                   .balance = job->balance,
                                   .class_weights = job->class_weights,
                                   .memory_limit = fv_cli_memory_available(),
                                   .progress = fv_cli_watch_report,
                                   .user = &w};
    fv_transfer_forecast foretold = {0};
    fv_transfer_result result = {0};
    fv_model *source = NULL;
    fv_error err = {0};
    char own[PATH];
    int code = open_source(cli, job, &source);

    if (!code && !job->fine_tuned)
        code = make_folder(cli, job);
    if (!code)
        options.cache = fv_cli_cache_folder(cli, job->cache, own);
    options.session = fv_cli_session_options(cli, AT_ONCE);
    if (!code)
        code = foretell(cli, source, data, &options, &foretold);
    w = fv_cli_watch_begin(cli);
    fv_cli_stop_begin();
    if (!code && fv_transfer(source, data, &options, &result, &err))
        code = err.code == FV_E_STOPPED && fv_cli_stop_signal() ? 128 + fv_cli_stop_signal() : fv_cli_fail(cli, &err);
    fv_cli_stop_end();
    if (!code)
        fv_cli_cache_say(cli, result.cache_remark, &result.unkept);
    if (!code && !job->fine_tuned)
        code = save(cli, job, data, result.model);
    if (!code && cli->common->json)
        code = job->fine_tuned ? FV_EXIT_OK : print_json(job, &foretold, &result) ? FV_EXIT_OK : fv_cli_memory(cli);
    else if (!code)
        print_text(job, &result);
    if (!code && job->fine_tuned) {
        *model = result.model;
        *lr = fv_transfer_lr(&result);
    } else {
        fv_model_free(result.model);
    }
    fv_model_free(source);
    return code;
}
