/* Model files: safetensors whose metadata say what the weights belong to.
 *
 *     "fovea"     version of the format, "1"; a number behind a dot may follow for what old readers can ignore
 *     "net"       the network's text, preprocessing included
 *     "classes"   JSON list of the class names
 *     "selftest"  {"seed":1,"logits":[...]}, see selfcheck.c
 *     others      provenance, as the maker set it
 *
 * Tensors are the parameters and running averages in the order of the training graph, float32 in PyTorch's layouts. A
 * file is mapped and its floats are used where they lie; only what another tool wrote in another type is converted. */
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "graph/param.h"
#include "model/model.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------- opening: metadata */

static fv_status check_version(const fv_safetensors *file, const char *path, fv_error *err)
{
    const char *text = fv_safetensors_meta(file, FV_META_VERSION);
    char quoted[FV_QUOTE], *end;
    unsigned long version;

    if (!text)
        return fv_fail(err, FV_E_FORMAT,
                       "%s: a safetensors file, but no Fovea model: its metadata have no '" FV_META_VERSION
                       "', so it does not say which network its weights belong to; wanted a file that Fovea saved",
                       path);
    version = strtoul(text, &end, 10);
    if (*text < '1' || *text > '9' || (*end && *end != '.'))
        return fv_fail(err, FV_E_FORMAT, "%s: format version '%s' is no number", path,
                       fv_text_quote(quoted, text, strlen(text)));
    if (version > FV_MODEL_VERSION)
        return fv_fail(
            err, FV_E_VERSION,
            "%s: made by a newer version of Fovea: format %s; this one (%s) reads format %d, get a newer one", path,
            fv_text_quote(quoted, text, strlen(text)), fv_version(), FV_MODEL_VERSION);
    return FV_OK;
}

/* The net's text, which nobody vouches for, as a model without data. */
static fv_status read_net(const fv_host *host, const fv_safetensors *file, const char *path, fv_model **out,
                          fv_error *err)
{
    const char *text = fv_safetensors_meta(file, FV_META_NET);
    fv_net *net = NULL;
    fv_status status;

    if (!text)
        return fv_fail(err, FV_E_FORMAT, "%s: the metadata have no '" FV_META_NET "', the network's text", path);
    status = fv_net_parse(host, text, path, &net, err);
    if (!status)
        status = fv_model_begin(host, net, out, err);
    fv_net_free(net);
    return status;
}

/* A name costs at most six bytes a byte (\u0001), quotes and a comma. */
static size_t most_classes_bytes(size_t classes)
{
    return classes * (6 * FV_CLASS_NAME + 3) + 64;
}

static fv_status read_classes(fv_model *model, const char *path, fv_error *err)
{
    const char *text = fv_safetensors_meta(&model->file, FV_META_CLASSES);
    const size_t count = model->classes;
    const char **names;
    fv_status status;
    json_t *list;

    if (!text)
        return FV_OK; /* numbers are their names */
    list = strlen(text) <= most_classes_bytes(count) ? json_loads(text, 0, NULL) : NULL;
    if (!json_is_array(list) || json_array_size(list) != count) {
        status =
            fv_fail(err, FV_E_FORMAT, "%s: metadata '" FV_META_CLASSES "' is no JSON list of %zu names", path, count);
        json_decref(list);
        return status;
    }
    names = fv_alloc(&model->host, count, sizeof *names);
    for (size_t i = 0; names && i < count; i++)
        names[i] = json_string_value(json_array_get(list, i)); /* NULL, which is refused, if it is no string */
    status = names ? fv_model_set_classes(model, names, count, err)
                   : fv_fail_memory(err, count * sizeof *names, "class names");
    if (status == FV_E_ARGUMENT)
        status = fv_fail_at(err, FV_E_FORMAT, "%s: metadata '" FV_META_CLASSES "'", path);
    fv_release(&model->host, names);
    json_decref(list);
    return status;
}

/* Everything but what fv_model_save writes by itself; the self-test stays as its maker wrote it. */
static fv_status read_meta(fv_model *model, fv_error *err)
{
    static const char *const apart[] = {FV_META_VERSION, FV_META_NET, FV_META_CLASSES};
    fv_status status = FV_OK;

    for (size_t i = 0; !status && i < model->file.meta_count; i++) {
        const fv_st_meta *meta = &model->file.meta[i];
        bool keep = true;

        for (size_t k = 0; k < FV_COUNT(apart); k++)
            keep = keep && strcmp(meta->key, apart[k]) != 0;
        if (keep)
            status = fv_model_put_meta(model, meta->key, meta->value, err);
    }
    return status;
}

/* ---------------------------------------------------------------------------------------------- opening: weights */

/* The tensor of that name is missing: is there one with almost that name? */
static fv_status fail_missing(const fv_model *model, const fv_weight *w, const char *path, fv_error *err)
{
    const fv_safetensors *file = &model->file;
    const char **names = fv_alloc(&model->host, file->count, sizeof *names), *near = NULL;
    char want[96], quoted[FV_QUOTE];

    for (size_t i = 0; names && i < file->count; i++)
        names[i] = file->tensors[i].name;
    if (names)
        near = fv_text_nearest(w->name, names, file->count);
    if (near)
        fv_text_quote(quoted, near, strlen(near));
    fv_release(&model->host, names);
    return fv_fail(err, FV_E_FORMAT, "%s: no tensor '%s' (%s), which network %s needs%s%s%s", path, w->name,
                   fv_shape_text(&w->shape, want), fv_net_name(model->net), near ? "; there is '" : "",
                   near ? quoted : "", near ? "'" : "");
}

static bool same_shape(const fv_st_tensor *t, const fv_shape *shape)
{
    if (t->rank != shape->rank)
        return false;
    for (int i = 0; i < t->rank; i++)
        if (t->dim[i] != shape->dim[i])
            return false;
    return true;
}

static fv_status read_weight(fv_model *model, size_t k, const char *path, fv_error *err)
{
    fv_weight *w = &model->weights[k];
    const fv_st_tensor *t = fv_safetensors_find(&model->file, w->name);
    char want[96], have[FV_ST_SHAPE_TEXT];
    fv_status status;
    float *data;

    if (!t)
        return fail_missing(model, w, path, err);
    if (!same_shape(t, &w->shape))
        return fv_fail(err, FV_E_FORMAT, "%s: tensor '%s' is %s, network %s needs %s", path, w->name,
                       fv_st_shape_text(t, have), fv_net_name(model->net), fv_shape_text(&w->shape, want));
    if ((w->data = fv_st_floats(t)))
        return FV_OK;
    status = fv_model_own(model, k, &data, err);
    if (!status)
        status = fv_st_read_float(t, 0, w->elements, data, err);
    return status && status != FV_E_MEMORY ? fv_fail_at(err, status, "%s", path) : status;
}

static bool is_extra(const fv_st_tensor *t)
{
    return strncmp(t->name, FV_MODEL_EXTRA, sizeof FV_MODEL_EXTRA - 1) == 0;
}

/* PyTorch's batch norm counts batches in a tensor of its own; whatever else is over is a mistake. */
static fv_status check_extra(const fv_model *model, const char *path, fv_error *err)
{
    static const char counter[] = ".num_batches_tracked";

    for (size_t i = 0; model->file.count > model->count && i < model->file.count; i++) {
        const char *name = model->file.tensors[i].name;
        const size_t length = strlen(name);
        char quoted[FV_QUOTE], have[FV_ST_SHAPE_TEXT];

        if (fv_model_weight(model, name) || is_extra(&model->file.tensors[i]) ||
            (length >= sizeof counter && strcmp(name + length - (sizeof counter - 1), counter) == 0))
            continue;
        return fv_fail(err, FV_E_FORMAT, "%s: tensor '%s' (%s) belongs to no layer of network %s", path,
                       fv_text_quote(quoted, name, length), fv_st_shape_text(&model->file.tensors[i], have),
                       fv_net_name(model->net));
    }
    return FV_OK;
}

fv_status fv_model_open(const fv_host *host, const char *path, fv_model **out, fv_error *err)
{
    fv_safetensors file;
    fv_model *model = NULL;
    fv_status status;

    *out = NULL;
    status = fv_safetensors_open(host, path, &file, err);
    if (status)
        return status;
    status = check_version(&file, path, err);
    if (!status)
        status = read_net(host, &file, path, &model, err);
    if (status) {
        fv_safetensors_free(&file);
        return status;
    }
    model->file = file;
    for (size_t k = 0; !status && k < model->count; k++)
        status = read_weight(model, k, path, err);
    if (!status)
        status = check_extra(model, path, err);
    if (!status)
        status = read_classes(model, path, err);
    if (!status)
        status = read_meta(model, err);
    if (status) {
        fv_model_free(model);
        return status;
    }
    *out = model;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------- saving */

static void print_classes(const fv_model *model, fv_text *text)
{
    fv_text_append(text, "[", 1);
    for (size_t i = 0; i < model->classes; i++) {
        if (i)
            fv_text_append(text, ",", 1);
        fv_json_string(text, model->class_names[i]);
    }
    fv_text_append(text, "]", 1);
}

/* What a model file holds beside its network: tensors and one entry of metadata; NULL = what the model came with. */
typedef struct guest {
    const fv_st_tensor *tensors;
    size_t count;
    const fv_st_meta *meta;
} guest;

/* What the writer is given: the weights as they lie, and metadata. */
static fv_status write_model(const fv_model *model, const char *path, const char *classes, const char *selftest,
                             const guest *g, fv_arena *arena, fv_error *err)
{
    const size_t most = model->count + (g ? g->count : model->file.count);
    fv_st_tensor *tensors = fv_arena_alloc(arena, most, sizeof *tensors);
    fv_st_meta *meta = fv_arena_alloc(arena, model->n_meta + 5, sizeof *meta);
    size_t n = 0, count = model->count;

    if (!tensors || !meta)
        return fv_fail_memory(err, most * sizeof *tensors, "the list of what is written");
    for (size_t k = 0; k < model->count; k++) {
        const fv_weight *w = &model->weights[k];

        tensors[k] = (fv_st_tensor){.name = w->name,
                                    .type = FV_ST_F32,
                                    .rank = w->shape.rank,
                                    .data = (const uint8_t *)w->data,
                                    .bytes = w->elements * sizeof *w->data};
        for (int i = 0; i < w->shape.rank; i++)
            tensors[k].dim[i] = w->shape.dim[i];
    }
    for (size_t i = 0; i < (g ? g->count : model->file.count); i++) {
        const fv_st_tensor *t = g ? &g->tensors[i] : &model->file.tensors[i];

        if (is_extra(t))
            tensors[count++] = *t;
    }
    for (size_t i = 0; i < model->n_meta; i++)
        if (!g || strcmp(model->meta[i].key, g->meta->key) != 0)
            meta[n++] = (fv_st_meta){model->meta[i].key, model->meta[i].value};
    if (g)
        meta[n++] = *g->meta;
    meta[n++] = (fv_st_meta){FV_META_VERSION, "1"};
    meta[n++] = (fv_st_meta){FV_META_NET, fv_net_text(model->net)};
    meta[n++] = (fv_st_meta){FV_META_CLASSES, classes};
    if (selftest)
        meta[n++] = (fv_st_meta){FV_META_SELFTEST, selftest};
    return fv_safetensors_write(&model->host, path, tensors, count, meta, n, err);
}

static fv_status save(const fv_model *model, const char *path, const guest *g, fv_error *err)
{
    fv_text classes, selftest;
    fv_arena arena;
    fv_status status = FV_OK;

    fv_text_init(&classes, &model->host);
    fv_text_init(&selftest, &model->host);
    fv_arena_init(&arena, &model->host);
    print_classes(model, &classes);
    if (classes.failed)
        status = fv_fail_memory(err, classes.size, "class names");
    if (!status && !fv_model_meta(model, FV_META_SELFTEST))
        status = fv_model_selftest(model, &selftest, err);
    if (!status)
        status = write_model(model, path, classes.data, selftest.data, g, &arena, err);
    fv_text_free(&classes);
    fv_text_free(&selftest);
    fv_arena_free(&arena);
    return status;
}

fv_status fv_model_save(const fv_model *model, const char *path, fv_error *err)
{
    return save(model, path, NULL, err);
}

fv_status fv_model_save_with(const fv_model *model, const char *path, const fv_st_tensor *extra, size_t n_extra,
                             const fv_st_meta *meta, fv_error *err)
{
    return save(model, path, &(guest){extra, n_extra, meta}, err);
}
