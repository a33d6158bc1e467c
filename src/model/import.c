/* Weights that another tool saved, put into a network of ours.
 *
 * Tensors that bear our names are taken by name (the ResNets' labels make torchvision's names). The others go in order:
 * our remaining weights and the file's remaining tensors, as both list them, must have equal shapes one after another.
 * Heads that exist in training only may be absent; they begin as the network's initialisers make them. */
#include "base/error.h"
#include "graph/param.h"
#include "model/model.h"

#include <string.h>

typedef struct import {
    fv_model *model;
    const char *path;
    uint64_t seed;
    bool *needed; /* [model->count] inference reads this weight */
    bool *used;   /* [model->file.count] */
    fv_import_report report;
} import;

/* PyTorch's batch norm counts its batches; nobody reads them. */
static bool is_counter(const fv_st_tensor *t)
{
    static const char end[] = "num_batches_tracked";
    const size_t length = strlen(t->name);

    return length >= sizeof end - 1 && strcmp(t->name + length - (sizeof end - 1), end) == 0;
}

static fv_status find_needed(import *im, fv_error *err)
{
    fv_graph graph = {0};
    fv_status status;

    fv_graph_init(&graph, &im->model->host, 1, false);
    status = fv_net_build(im->model->net, &graph, err);
    for (size_t k = 0; !status && k < im->model->count; k++)
        for (size_t v = 1; v < graph.n_values && !im->needed[k]; v++)
            im->needed[k] = graph.values[v].name && strcmp(graph.values[v].name, im->model->weights[k].name) == 0;
    fv_graph_free(&graph);
    return status;
}

static bool fits(const fv_weight *w, const fv_st_tensor *t)
{
    bool same = t->rank == w->shape.rank;

    for (int i = 0; same && i < t->rank; i++)
        same = t->dim[i] == w->shape.dim[i];
    return same;
}

static fv_status take(import *im, size_t k, const fv_st_tensor *t, fv_error *err)
{
    fv_weight *w = &im->model->weights[k];
    fv_status status;
    float *data;

    if ((w->data = fv_st_floats(t)))
        return FV_OK;
    status = fv_model_own(im->model, k, &data, err);
    if (!status)
        status = fv_st_read_float(t, 0, w->elements, data, err);
    return status && status != FV_E_MEMORY ? fv_fail_at(err, status, "%s", im->path) : status;
}

static fv_status misfit(const import *im, const fv_weight *w, const fv_st_tensor *t, fv_error *err)
{
    char want[96], have[FV_ST_SHAPE_TEXT], quoted[FV_QUOTE];
    const char *net = fv_net_name(im->model->net);

    if (!t)
        return fv_fail(err, FV_E_SHAPE,
                       "%s: no tensor is left for '%s' (%s) of network %s: the weights are another network's", im->path,
                       w->name, fv_shape_text(&w->shape, want), net);
    return fv_fail(err, FV_E_SHAPE,
                   "%s: tensor '%s' is %s; '%s' of network %s needs %s: the weights are another network's", im->path,
                   fv_text_quote(quoted, t->name, strlen(t->name)), fv_st_shape_text(t, have), w->name, net,
                   fv_shape_text(&w->shape, want));
}

static fv_status by_name(import *im, fv_error *err)
{
    const fv_safetensors *file = &im->model->file;
    fv_status status = FV_OK;

    for (size_t k = 0; !status && k < im->model->count; k++) {
        fv_weight *w = &im->model->weights[k];
        const fv_st_tensor *t = fv_safetensors_find(file, w->name);

        if (!t)
            continue;
        if (!fits(w, t))
            return misfit(im, w, t, err);
        im->used[t - file->tensors] = true;
        im->report.by_name++;
        status = take(im, k, t, err);
    }
    return status;
}

/* The next tensor that nobody took, from index *at on; NULL behind the last. */
static const fv_st_tensor *next(const import *im, size_t *at)
{
    const fv_safetensors *file = &im->model->file;

    while (*at < file->count && (im->used[*at] || is_counter(&file->tensors[*at])))
        ++*at;
    return *at < file->count ? &file->tensors[*at] : NULL;
}

static fv_status by_order(import *im, fv_error *err)
{
    fv_status status = FV_OK;
    size_t at = 0;

    for (size_t k = 0; !status && k < im->model->count; k++) {
        fv_weight *w = &im->model->weights[k];
        const fv_st_tensor *t = next(im, &at);

        if (w->data)
            continue;
        if (t && fits(w, t)) {
            im->used[at] = true;
            im->report.by_order++;
            status = take(im, k, t, err);
        } else if (im->needed[k]) {
            return misfit(im, w, t, err);
        }
    }
    return status;
}

/* What no tensor was there for begins as training would begin it. */
static fv_status initialise(import *im, fv_error *err)
{
    for (size_t k = 0; k < im->model->count; k++) {
        fv_weight *w = &im->model->weights[k];
        float *data;

        if (w->data)
            continue;
        if (fv_model_own(im->model, k, &data, err))
            return FV_E_MEMORY;
        for (size_t i = 0; i < w->elements; i++)
            data[i] = (float)fv_param_first_value(&w->param, im->seed, w->number, i);
        im->report.initialised++;
    }
    return FV_OK;
}

static fv_status check_rest(import *im, fv_error *err)
{
    const fv_safetensors *file = &im->model->file;
    char quoted[FV_QUOTE], have[FV_ST_SHAPE_TEXT];

    for (size_t i = 0; i < file->count; i++) {
        const fv_st_tensor *t = &file->tensors[i];

        im->report.ignored += is_counter(t);
        if (!im->used[i] && !is_counter(t))
            return fv_fail(err, FV_E_SHAPE, "%s: tensor '%s' (%s) belongs to no layer of network %s", im->path,
                           fv_text_quote(quoted, t->name, strlen(t->name)), fv_st_shape_text(t, have),
                           fv_net_name(im->model->net));
    }
    return FV_OK;
}

static fv_status fill(import *im, fv_error *err)
{
    const fv_host *host = &im->model->host;
    fv_status status = FV_OK;

    im->needed = fv_alloc(host, im->model->count, sizeof *im->needed);
    im->used = fv_alloc(host, im->model->file.count, sizeof *im->used);
    if (!im->needed || !im->used)
        status = fv_fail_memory(err, im->model->count + im->model->file.count, "matching weights");
    if (!status) {
        memset(im->needed, 0, im->model->count * sizeof *im->needed);
        memset(im->used, 0, im->model->file.count * sizeof *im->used);
        status = find_needed(im, err);
    }
    if (!status)
        status = by_name(im, err);
    if (!status)
        status = by_order(im, err);
    if (!status)
        status = check_rest(im, err);
    if (!status)
        status = initialise(im, err);
    fv_release(host, im->needed);
    fv_release(host, im->used);
    return status;
}

fv_status fv_model_import(const fv_host *host, const fv_net *net, const char *path, uint64_t seed, fv_model **out,
                          fv_import_report *report, fv_error *err)
{
import im = {.path = path, .seed = seed };
    fv_safetensors file;
    fv_status status;

    *out = NULL;
    if (!net || !path)
        return fv_fail(err, FV_E_ARGUMENT, "fv_model_import: a network and a file of weights are needed");
    status = fv_safetensors_open(host, path, &file, err);
    if (status)
        return status;
    status = fv_model_begin(host, net, &im.model, err);
    if (status) {
        fv_safetensors_free(&file);
        return status;
    }
    im.model->file = file;
    status = fill(&im, err);
    if (status) {
        fv_model_free(im.model);
        return status;
    }
    if (report)
        *report = im.report;
    *out = im.model;
    return FV_OK;
}
