#include "train/transfer.h"
#include "base/error.h"
#include "base/file.h"
#include "train/calibration.h"
#include "train/classes.h"
#include "train/options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct sets {
    fv_arena arena;
    fv_logistic_set set[3];
} sets;

/* Rate times squared length; measured with momentum .9 on SqueezeNet's features, of length 340: from 25 on the loss jumps. */
static const double steadiest = 5;

double fv_transfer_lr(const fv_transfer_result *result)
{
    return fmin(FV_FINE_TUNING_LR, steadiest / result->square);
}

static double mean_square(const fv_logistic_set *set, size_t size)
{
    double sum = 0;

    for (size_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < size; k++)
            sum += (double)set->rows[i][k] * (double)set->rows[i][k];
    return sum / (double)set->count;
}

/* Rows of features and labels of each split; training pictures stand there with each of their views. */
static fv_status collect(const fv_data *data, const fv_feature_table *features, size_t views, sets *out, fv_error *err)
{
    for (int s = 0; s < 3; s++) {
        const size_t each = s == FV_TRAIN ? views : 1, pictures = fv_data_count(data, (fv_split)s), n = pictures * each;
        const float **rows = fv_arena_alloc(&out->arena, n, sizeof *rows);
        uint32_t *labels = fv_arena_alloc(&out->arena, n, sizeof *labels);

        if (!rows || !labels)
            return fv_fail_memory(err, n * sizeof *rows, "a split");
        for (size_t i = 0; i < n; i++) {
            const uint32_t row = data->rows[s][i % pictures];
            const fv_feature_table *view = &features[i / pictures];

            rows[i] = view->values + row * view->size;
            labels[i] = data->pictures.items[row].label;
        }
        out->set[s] = (fv_logistic_set){rows, labels, n};
    }
    return FV_OK;
}

/* Of the surest class of each picture. */
static double calibration(const float *probabilities, const fv_logistic_set *set, size_t classes)
{
    fv_calibration sum = {0};

    for (size_t i = 0; i < set->count; i++) {
        const float *p = probabilities + i * classes;
        size_t best = 0;

        for (size_t c = 1; c < classes; c++)
            best = p[c] > p[best] ? c : best;
        fv_calibration_add(&sum, p[best], best == set->labels[i]);
    }
    return fv_calibration_error(&sum);
}

static fv_status measure(const fv_logistic *head, sets *all, fv_transfer_result *out, fv_error *err)
{
    for (int s = 0; s < 3; s++) {
        const fv_logistic_set *set = &all->set[s];
        float *p = fv_arena_alloc(&all->arena, set->count * head->classes, sizeof *p);

        if (!p)
            return fv_fail_memory(err, set->count * head->classes * sizeof *p, "probabilities");
        out->split[s].count = set->count;
        out->split[s].right = fv_logistic_measure(head, set, &out->split[s].loss, p);
        out->split[s].ece = calibration(p, set, head->classes);
    }
    return FV_OK;
}

/* The backbone's weights and the head's in a model of the new network. */
static fv_status assemble(const fv_model *source, const fv_net *net, const fv_logistic *head, fv_model **out,
                          fv_error *err)
{
    fv_status status = fv_model_begin(&source->host, net, out, err);

    for (size_t k = 0; !status && k < (*out)->count; k++) {
        const fv_weight *w = &(*out)->weights[k], *from = fv_model_weight(source, w->name);
        const float *values = from ? from->data : NULL;
        float *data;

        if (strcmp(w->name, FV_HEAD ".weight") == 0)
            values = head->weight;
        else if (strcmp(w->name, FV_HEAD ".bias") == 0)
            values = head->bias;
        else if (!from || !fv_shape_equal(&from->shape, &w->shape))
            return fv_fail(err, FV_E_SHAPE, "%s: the weights that were given have none of its name and shape", w->name);
        status = fv_model_own(*out, k, &data, err);
        if (!status)
            memcpy(data, values, w->elements * sizeof *data);
    }
    return status;
}

static fv_status describe(const fv_model *source, const fv_data *data, fv_transfer_result *out, fv_error *err)
{
    char temperature[32], lambda[32];
    const char **names = fv_alloc(&source->host, data->classes, sizeof *names);
    fv_status status = names ? FV_OK : fv_fail_memory(err, data->classes * sizeof *names, "class names");

    for (size_t i = 0; names && i < data->classes; i++)
        names[i] = fv_data_class_name(data, i);
    snprintf(temperature, sizeof temperature, "%.6g", out->temperature);
    snprintf(lambda, sizeof lambda, "%.6g", out->lambda);
    const char *const meta[][2] = {{"samples", "pictures"},       {"data", fv_data_hash(data)},
                                   {"version", fv_version()},     {"temperature", temperature},
                                   {"head_weight_decay", lambda}, {"backbone", fv_net_name(source->net)}};

    if (!status)
        status = fv_model_set_classes(out->model, names, data->classes, err);
    for (size_t i = 0; !status && i < FV_COUNT(meta); i++)
        status = fv_model_set_meta(out->model, meta[i][0], meta[i][1], err);
    fv_release(&source->host, names);
    return status;
}

static fv_status fit(const fv_model *source, const fv_data *data, const fv_transfer_options *o, const fv_net *net,
                     const fv_feature_table *features, fv_transfer_result *out, fv_error *err)
{
    fv_logistic head = {.features = features->size, .classes = data->classes};
    double *weights = NULL;
    sets all = {.set = {{0}}};
    fv_status status;

    fv_arena_init(&all.arena, &source->host);
    head.weight = fv_arena_alloc(&all.arena, head.features * head.classes, sizeof *head.weight);
    head.bias = fv_arena_alloc(&all.arena, head.classes, sizeof *head.bias);
    status = head.weight && head.bias ? collect(data, features, o->views, &all, err)
                                      : fv_fail_memory(err, head.features * head.classes * 4, "a new last layer");
    if (!status && (o->balance || o->class_weights))
        status = fv_class_weights(&source->host, data, o->class_weights, head.classes, &weights, err);
    if (!status)
        status = fv_logistic_fit(&source->host, &all.set[FV_TRAIN], &all.set[FV_VAL], weights, &head, err);
    out->lambda = head.lambda;
    out->square = status ? 0 : mean_square(&all.set[FV_TRAIN], features->size);
    out->temperature = head.temperature;
    if (!status)
        status = measure(&head, &all, out, err);
    if (!status)
        status = assemble(source, net, &head, &out->model, err);
    if (!status)
        status = describe(source, data, out, err);
    fv_release(&source->host, weights);
    fv_arena_free(&all.arena);
    return status;
}

/* A table of features a view. */
static fv_status see(const fv_model *source, const fv_data *data, const fv_transfer_options *o, fv_transfer_result *out,
                     fv_feature_table *views, fv_error *err)
{
    fv_features_options options = {.layer = out->layer,
                                   .cache = o->cache,
                                   .session = o->session,
                                   .seed = o->seed,
                                   .progress = o->progress,
                                   .user = o->user};
    fv_status status = FV_OK;

    for (; !status && options.view < o->views; options.view++) {
        fv_feature_table *view = &views[options.view];

        status = fv_features_of(source, data, &options, view, err);
        out->seen += view->wanted;
        out->computed += view->computed;
        out->features = view->size;
        if (view->remark)
            out->cache_remark = view->remark;
        if (!out->unkept.code)
            out->unkept = view->unkept;
    }
    return status;
}

fv_status fv_transfer(const fv_model *source, const fv_data *data, const fv_transfer_options *options,
                      fv_transfer_result *out, fv_error *err)
{
    const double start = fv_clock_s();
    fv_transfer_options o = *options;
    fv_feature_table *views;
    fv_net *net = NULL;
    fv_status status;

    o.views = o.views ? o.views : 1;
    *out = (fv_transfer_result){.pictures = data->pictures.count};
    if (!fv_data_count(data, FV_TRAIN))
        return fv_fail(err, FV_E_ARGUMENT, "the data has no training samples");
    views = fv_alloc(&source->host, o.views, sizeof *views);
    if (!views)
        return fv_fail_memory(err, o.views * sizeof *views, "views");
    status = fv_net_new_head(&source->host, source->net, data->classes, out->layer, &net, err);
    if (!status)
        status = see(source, data, &o, out, views, err);
    out->features_s = fv_clock_s() - start;
    if (!status)
        status = fit(source, data, &o, net, views, out, err);
    out->head_s = fv_clock_s() - start - out->features_s;
    if (status) {
        fv_model_free(out->model);
        out->model = NULL;
    }
    for (size_t v = 0; v < o.views; v++)
        fv_features_free(&views[v]);
    fv_release(&source->host, views);
    fv_net_free(net);
    return status;
}
