/* Models in memory: made from a seed, described, named. */
#include "model/model.h"
#include "base/error.h"
#include "base/text.h"
#include "graph/param.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------- making */

static bool is_stored(const fv_value_info *value)
{
    return value->role == FV_ROLE_PARAM || value->role == FV_ROLE_STATE;
}

static bool is_weight(const fv_value_info *value)
{
    return is_stored(value) && value->param && value->param->file_rank;
}

/* List the weights of the net's training graph, numbered as a store numbers them (fv_store_add_graph). */
static fv_status list_weights(fv_model *model, const fv_graph *graph, fv_error *err)
{
    uint32_t number = 0;
    size_t count = 0;

    for (size_t v = 1; v < graph->n_values; v++)
        count += is_weight(&graph->values[v]);
    model->weights = fv_arena_alloc(&model->arena, count, sizeof *model->weights);
    if (!model->weights)
        return fv_fail_memory(err, count * sizeof *model->weights, "a model's list of weights");
    for (size_t v = 1; v < graph->n_values; v++) {
        const fv_value_info *value = &graph->values[v];
        fv_weight *w = &model->weights[model->count];

        number += is_stored(value);
        if (!is_weight(value))
            continue;
        *w = (fv_weight){.param = *value->param, .elements = fv_elements(&value->shape), .number = number - 1};
        w->shape = fv_param_file_shape(&w->param);
        w->name = fv_arena_strndup(&model->arena, value->name, strlen(value->name));
        if (!w->name)
            return fv_fail_memory(err, strlen(value->name) + 1, "a weight's name");
        model->count++;
    }
    return FV_OK;
}

static fv_status name_classes(fv_model *model, fv_error *err)
{
    model->class_names = fv_alloc(&model->host, model->classes, sizeof *model->class_names);
    for (size_t i = 0; model->class_names && i < model->classes; i++) {
        char digits[24];

        snprintf(digits, sizeof digits, "%zu", i);
        if (!(model->class_names[i] = fv_strdup(&model->host, digits)))
            return fv_fail_memory(err, sizeof digits, "a class name");
    }
    return model->class_names ? FV_OK : fv_fail_memory(err, model->classes * sizeof(char *), "class names");
}

fv_status fv_model_begin(const fv_host *host, const fv_net *net, fv_model **out, fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    fv_model *model = fv_alloc(&h, 1, sizeof *model);
    fv_graph graph = {0};
    fv_status status;

    *out = NULL;
    if (!model)
        return fv_fail_memory(err, sizeof *model, "a model");
    model->host = h;
    fv_arena_init(&model->arena, &h);
    fv_graph_init(&graph, &h, 1, true);
    status = fv_net_clone(&h, net, &model->net, err);
    if (!status)
        status = fv_net_build(model->net, &graph, err);
    if (!status)
        status = list_weights(model, &graph, err);
    if (!status) {
        model->classes = fv_net_classes(model->net);
        status = name_classes(model, err);
    }
    fv_graph_free(&graph);
    if (status) {
        fv_model_free(model);
        return status;
    }
    *out = model;
    return FV_OK;
}

fv_status fv_model_own(fv_model *model, size_t k, float **data, fv_error *err)
{
    fv_weight *w = &model->weights[k];

    w->data = w->owned = *data = fv_alloc(&model->host, w->elements, sizeof *w->owned);
    return w->owned ? FV_OK : fv_fail_memory(err, w->elements * sizeof *w->owned, w->name);
}

fv_status fv_model_create(const fv_host *host, const fv_net *net, uint64_t seed, fv_model **out, fv_error *err)
{
    fv_status status;

    *out = NULL;
    if (!net)
        return fv_fail(err, FV_E_ARGUMENT, "fv_model_create: no network was given");
    status = fv_model_begin(host, net, out, err);
    for (size_t k = 0; !status && k < (*out)->count; k++) {
        const fv_weight *w = &(*out)->weights[k];
        float *data;

        status = fv_model_own(*out, k, &data, err);
        for (size_t i = 0; !status && i < w->elements; i++)
            data[i] = (float)fv_param_first_value(&w->param, seed, w->number, i);
    }
    if (status) {
        fv_model_free(*out);
        *out = NULL;
    }
    return status;
}

static void free_classes(fv_model *model)
{
    for (size_t i = 0; model->class_names && i < model->classes; i++)
        fv_release(&model->host, model->class_names[i]);
    fv_release(&model->host, model->class_names);
    model->class_names = NULL;
}

void fv_model_free(fv_model *model)
{
    if (!model)
        return;
    const fv_host host = model->host;

    free_classes(model);
    for (size_t i = 0; i < model->n_meta; i++) {
        fv_release(&host, model->meta[i].key);
        fv_release(&host, model->meta[i].value);
    }
    fv_release(&host, model->meta);
    for (size_t k = 0; k < model->count; k++)
        fv_release(&host, model->weights[k].owned);
    fv_net_free(model->net);
    fv_safetensors_free(&model->file);
    fv_arena_free(&model->arena);
    fv_release(&host, model);
}

/* ---------------------------------------------------------------------------------------------- weights */

const fv_net *fv_model_net(const fv_model *model)
{
    return model->net;
}

const fv_weight *fv_model_weight(const fv_model *model, const char *name)
{
    for (size_t k = 0; k < model->count; k++)
        if (strcmp(model->weights[k].name, name) == 0)
            return &model->weights[k];
    return NULL;
}

size_t fv_model_tensors(const fv_model *model)
{
    return model->count;
}

fv_status fv_model_tensor(const fv_model *model, size_t index, fv_tensor *tensor, fv_error *err)
{
    const fv_weight *w;

    *tensor = (fv_tensor){0};
    if (index >= model->count)
        return fv_fail(err, FV_E_RANGE, "tensor %zu: the model has %zu, counted from 0", index, model->count);
    w = &model->weights[index];
    *tensor = (fv_tensor){.name = w->name, .rank = w->shape.rank, .data = w->data};
    memcpy(tensor->dim, w->shape.dim, sizeof tensor->dim);
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------- class names */

size_t fv_model_classes(const fv_model *model)
{
    return model->classes;
}

const char *fv_model_class_name(const fv_model *model, size_t index)
{
    return index < model->classes ? model->class_names[index] : NULL;
}

static bool is_utf8(const char *text)
{
    for (size_t left = strlen(text), n; left; left -= n, text += n)
        if ((n = fv_text_utf8(text, left)) == 0)
            return false;
    return true;
}

static fv_status check_classes(const fv_model *model, const char *const *names, size_t count, fv_error *err)
{
    char quoted[FV_QUOTE];

    if (count != model->classes)
        return fv_fail(err, FV_E_ARGUMENT, "%zu class names for %s, which has %zu classes", count,
                       fv_net_name(model->net), model->classes);
    for (size_t i = 0; i < count; i++) {
        if (!names[i] || !*names[i])
            return fv_fail(err, FV_E_ARGUMENT, "class %zu has no name", i);
        if (strlen(names[i]) > FV_CLASS_NAME)
            return fv_fail(err, FV_E_ARGUMENT, "the name of class %zu has %zu bytes, at most %d are kept", i,
                           strlen(names[i]), FV_CLASS_NAME);
        if (!is_utf8(names[i]))
            return fv_fail(err, FV_E_ARGUMENT, "the name of class %zu, '%s', is not UTF-8", i,
                           fv_text_quote(quoted, names[i], strlen(names[i])));
    }
    return FV_OK;
}

fv_status fv_model_set_classes(fv_model *model, const char *const *names, size_t count, fv_error *err)
{
    fv_status status = check_classes(model, names, count, err);
    char **copies;
    size_t made = 0;

    if (status)
        return status;
    copies = fv_alloc(&model->host, count, sizeof *copies);
    while (copies && made < count && (copies[made] = fv_strdup(&model->host, names[made])))
        made++;
    if (!copies || made < count) {
        while (made)
            fv_release(&model->host, copies[--made]);
        fv_release(&model->host, copies);
        return fv_fail_memory(err, count * sizeof *copies, "class names");
    }
    free_classes(model);
    model->class_names = copies;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------- metadata */

/* Index of the first key that is not below `key`. */
static size_t meta_place(const fv_model *model, const char *key)
{
    size_t begin = 0, end = model->n_meta;

    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;

        if (strcmp(model->meta[middle].key, key) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

static bool meta_found(const fv_model *model, size_t at, const char *key)
{
    return at < model->n_meta && strcmp(model->meta[at].key, key) == 0;
}

const char *fv_model_meta(const fv_model *model, const char *key)
{
    const size_t at = meta_place(model, key);

    return meta_found(model, at, key) ? model->meta[at].value : NULL;
}

fv_status fv_model_put_meta(fv_model *model, const char *key, const char *value, fv_error *err)
{
    const size_t at = meta_place(model, key), n = model->n_meta;
    char *copy = fv_strdup(&model->host, value), *name;
    fv_meta *meta;

    if (!copy)
        return fv_fail_memory(err, strlen(value) + 1, "metadata");
    if (meta_found(model, at, key)) {
        fv_release(&model->host, model->meta[at].value);
        model->meta[at].value = copy;
        return FV_OK;
    }
    name = fv_strdup(&model->host, key);
    meta = name ? fv_grow(&model->host, model->meta, n, n + 1, sizeof *meta) : NULL;
    if (!meta) {
        fv_release(&model->host, name);
        fv_release(&model->host, copy);
        return fv_fail_memory(err, (n + 1) * sizeof *meta, "metadata");
    }
    memmove(&meta[at + 1], &meta[at], (n - at) * sizeof *meta);
    meta[at] = (fv_meta){name, copy};
    model->meta = meta;
    model->n_meta = n + 1;
    return FV_OK;
}

fv_status fv_model_set_meta(fv_model *model, const char *key, const char *value, fv_error *err)
{
    static const char *const ours[] = {FV_META_VERSION, FV_META_NET, FV_META_CLASSES, FV_META_SELFTEST};
    char quoted[FV_QUOTE];

    if (!key || !*key || !value)
        return fv_fail(err, FV_E_ARGUMENT, "metadata needs a key and a value");
    fv_text_quote(quoted, key, strlen(key));
    for (size_t i = 0; i < FV_COUNT(ours); i++)
        if (strcmp(key, ours[i]) == 0)
            return fv_fail(err, FV_E_ARGUMENT, "metadata '%s' is written by the library itself; use another key", key);
    if (!is_utf8(key) || !is_utf8(value))
        return fv_fail(err, FV_E_ARGUMENT, "metadata '%s' is not UTF-8", quoted);
    return fv_model_put_meta(model, key, value, err);
}
