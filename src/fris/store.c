/* A classifier of prototypes, and its file: safetensors that other tools read too.
 *
 *     fris.prototypes  F32 or F64 [n, dims]   as they were prepared     fris.class   I64 [n]   places in the class names
 *     fris.centre      F64 [dims]             if one was subtracted     fris.covers  I64 [n]   objects each stands for
 *     metadata "fris": {"version":1,"metric":"euclidean","norm":"l2","r_star":..,"theta":..,"accept":..,"layer":"fc",
 *                       "classes":[..],"names":[..]}
 *
 * "layer" is in model files only: the layer of their network that makes the vectors, averaged over its map. */
#include "base/json.h"
#include "fris/set.h"
#include "model/model.h"
#include <jansson.h>
#include <string.h>

enum { VERSION = 1 };

struct fv_fris_classifier {
    fv_host host;
    fv_fris *prototypes;
    uint32_t *labels, *covers; /* [count] */
    char **names;              /* [count] */
    char **class_names;
    size_t count, classes;
    fv_fris_line line;
    char *layer; /* of the network in the same file, or NULL */
    fv_arena arena;
};

static const char *const metrics[] = {"euclidean", "squared", "cosine", "manhattan"};
static const char *const norms[] = {"l2", "none"};

/* ---------------------------------------------------------------------------------------------------- life */

static fv_status begin(const fv_host *host, size_t count, size_t classes, fv_fris_classifier **out, fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    fv_fris_classifier *c = fv_alloc(&h, 1, sizeof *c);
    fv_status status;

    *out = NULL;
    if (!c)
        return fv_fail_memory(err, sizeof *c, "a classifier");
    *c = (fv_fris_classifier){.host = h, .count = count, .classes = classes};
    fv_arena_init(&c->arena, &h);
    if ((status = FV_FRIS_ALLOC(&c->arena, c->labels, count, "a classifier", err)) ||
        (status = FV_FRIS_ALLOC(&c->arena, c->covers, count, "a classifier", err)) ||
        (status = FV_FRIS_ALLOC(&c->arena, c->names, count, "a classifier", err)) ||
        (status = FV_FRIS_ALLOC(&c->arena, c->class_names, classes, "a classifier", err))) {
        fv_fris_classifier_free(c);
        return status;
    }
    *out = c;
    return FV_OK;
}

static fv_status set_text(fv_fris_classifier *c, char **to, const char *text, fv_error *err)
{
    *to = fv_arena_strndup(&c->arena, text, strlen(text));
    return *to ? FV_OK : fv_fail_memory(err, strlen(text), "a classifier");
}

fv_status fv_fris_classifier_create(const fv_fris *prototypes, const fv_fris_prototype *each, size_t count,
                                    const char *const *class_names, size_t classes, const fv_fris_line *line,
                                    fv_fris_classifier **out, fv_error *err)
{
    uint32_t *all = NULL;
    fv_fris_classifier *c;
    fv_status status;

    *out = NULL;
    if (count != prototypes->count)
        return fv_fail(err, FV_E_SHAPE, "%zu descriptions for %zu prototypes", count, prototypes->count);
    for (size_t i = 0; i < count; i++)
        if (each[i].label >= classes)
            return fv_fail(err, FV_E_RANGE, "prototype %zu is of class %u of %zu", i, each[i].label, classes);
    if ((status = begin(&prototypes->host, count, classes, &c, err)))
        return status;
    c->line = *line;
    if (!(status = FV_FRIS_ALLOC(&c->arena, all, count, "a classifier", err)))
        for (uint32_t i = 0; i < count; i++)
            all[i] = i;
    for (size_t i = 0; !status && i < count; i++) {
        c->labels[i] = each[i].label;
        c->covers[i] = each[i].covers;
        status = set_text(c, &c->names[i], each[i].name ? each[i].name : "", err);
    }
    for (size_t i = 0; !status && i < classes; i++)
        status = set_text(c, &c->class_names[i], class_names[i], err);
    if (!status)
        status = fv_fris_subset(prototypes, all, count, &c->prototypes, err);
    if (status) {
        fv_fris_classifier_free(c);
        return status;
    }
    *out = c;
    return FV_OK;
}

void fv_fris_classifier_free(fv_fris_classifier *c)
{
    if (!c)
        return;
    const fv_host host = c->host;

    fv_fris_free(c->prototypes);
    fv_arena_free(&c->arena);
    fv_release(&host, c);
}

const fv_fris *fv_fris_classifier_prototypes(const fv_fris_classifier *c)
{
    return c->prototypes;
}

fv_fris_prototype fv_fris_classifier_prototype(const fv_fris_classifier *c, size_t i)
{
    return (fv_fris_prototype){c->labels[i], c->covers[i], c->names[i]};
}

const uint32_t *fv_fris_classifier_labels(const fv_fris_classifier *c)
{
    return c->labels;
}

size_t fv_fris_classifier_classes(const fv_fris_classifier *c)
{
    return c->classes;
}

const char *fv_fris_classifier_class(const fv_fris_classifier *c, size_t i)
{
    return i < c->classes ? c->class_names[i] : NULL;
}

fv_fris_line fv_fris_classifier_line(const fv_fris_classifier *c)
{
    return c->line;
}

const char *fv_fris_classifier_layer(const fv_fris_classifier *c)
{
    return c->layer;
}

fv_status fv_fris_classifier_run(const fv_fris_classifier *c, const fv_fris *vectors, fv_fris_decisions **out,
                                 fv_error *err)
{
    return fv_fris_decide(c->prototypes, c->labels, c->count, vectors, c->line.r_star, c->line.theta, out, err);
}

/* ---------------------------------------------------------------------------------------------------- writing */

static void describe(const fv_fris_classifier *c, const char *layer, fv_text *text)
{
    fv_text_print(text, "{\"version\":%d,\"metric\":\"%s\",\"norm\":\"%s\",\"r_star\":", VERSION,
                  metrics[c->prototypes->metric], norms[c->prototypes->norm]);
    fv_text_print_real(text, c->line.r_star);
    fv_text_print(text, ",\"theta\":");
    fv_text_print_real(text, c->line.theta);
    fv_text_print(text, ",\"accept\":");
    fv_text_print_real(text, c->line.accept);
    if (layer) {
        fv_text_print(text, ",\"layer\":");
        fv_json_string(text, layer);
    }
    fv_text_print(text, ",\"classes\":[");
    for (size_t i = 0; i < c->classes; i++) {
        fv_text_append(text, ",", i ? 1 : 0);
        fv_json_string(text, c->class_names[i]);
    }
    fv_text_print(text, "],\"names\":[");
    for (size_t i = 0; i < c->count; i++) {
        fv_text_append(text, ",", i ? 1 : 0);
        fv_json_string(text, c->names[i]);
    }
    fv_text_print(text, "]}");
}

/* Alone, or in the file of a model whose layer makes the vectors. */
static fv_status save(const fv_fris_classifier *c, const fv_model *model, const char *layer, const char *path,
                      fv_error *err)
{
    const fv_fris *p = c->prototypes;
    const size_t bytes = p->wide ? sizeof(double) : sizeof(float);
    int64_t *numbers = fv_alloc(&c->host, 2 * c->count, sizeof *numbers);
    fv_text text;
    fv_status status;

    if (!numbers)
        return fv_fail_memory(err, 2 * c->count * sizeof *numbers, "a classifier");
    for (size_t i = 0; i < c->count; i++) {
        numbers[i] = c->labels[i];
        numbers[c->count + i] = c->covers[i];
    }
    fv_text_init(&text, &c->host);
    describe(c, layer, &text);

    const fv_st_tensor tensors[] = {
        {.name = "fris.prototypes",
         .type = p->wide ? FV_ST_F64 : FV_ST_F32,
         .rank = 2,
         .dim = {c->count, p->dims},
         .data = p->rows,
         .bytes = c->count * p->dims * bytes},
        {.name = "fris.class",
         .type = FV_ST_I64,
         .rank = 1,
         .dim = {c->count},
         .data = (const uint8_t *)numbers,
         .bytes = c->count * sizeof *numbers},
        {.name = "fris.covers",
         .type = FV_ST_I64,
         .rank = 1,
         .dim = {c->count},
         .data = (const uint8_t *)(numbers + c->count),
         .bytes = c->count * sizeof *numbers},
        {.name = "fris.centre",
         .type = FV_ST_F64,
         .rank = 1,
         .dim = {p->dims},
         .data = (const uint8_t *)p->centre,
         .bytes = p->dims * sizeof *p->centre},
    };
    const fv_st_meta meta = {"fris", text.data};

    const size_t count = p->centre ? 4 : 3;

    if (text.failed)
        status = fv_fail_memory(err, text.length, "a classifier");
    else
        status = model ? fv_model_save_with(model, path, tensors, count, &meta, err)
                       : fv_safetensors_write(&c->host, path, tensors, count, &meta, 1, err);
    fv_text_free(&text);
    fv_release(&c->host, numbers);
    return status;
}

fv_status fv_fris_classifier_save(const fv_fris_classifier *c, const char *path, fv_error *err)
{
    return save(c, NULL, NULL, path, err);
}

fv_status fv_fris_classifier_save_in(const fv_fris_classifier *c, const fv_model *model, const char *layer,
                                     const char *path, fv_error *err)
{
    return save(c, model, layer, path, err);
}

/* ---------------------------------------------------------------------------------------------------- reading */

typedef struct file {
    const char *path;
    fv_safetensors st;
    json_t *meta;
    const fv_st_tensor *rows, *labels, *covers, *centre;
    int metric, norm;
} file;

static int word(const json_t *v, const char *const *words, int count)
{
    const char *text = json_string_value(v);
    int i = 0;

    while (i < count && (!text || strcmp(text, words[i]) != 0))
        i++;
    return i;
}

static fv_status broken(const file *f, const char *what, fv_error *err)
{
    return fv_fail(err, FV_E_FORMAT, "%s: no classifier of prototypes: %s", f->path, what);
}

static bool texts(const json_t *list, size_t count)
{
    const json_t *v;
    size_t i;

    json_array_foreach (list, i, v)
        if (!json_is_string(v))
            return false;
    return json_array_size(list) == count;
}

static fv_status check(file *f, fv_error *err)
{
    const char *text = fv_safetensors_meta(&f->st, "fris");

    f->meta = text ? json_loads(text, 0, NULL) : NULL;
    f->rows = fv_safetensors_find(&f->st, "fris.prototypes");
    f->labels = fv_safetensors_find(&f->st, "fris.class");
    f->covers = fv_safetensors_find(&f->st, "fris.covers");
    f->centre = fv_safetensors_find(&f->st, "fris.centre");
    if (!f->meta || !f->rows || !f->labels || !f->covers)
        return broken(f, "metadata 'fris' or a tensor is missing", err);
    if (json_integer_value(json_object_get(f->meta, "version")) > VERSION)
        return fv_fail(err, FV_E_VERSION, "%s: a classifier of version %lld, this program knows %d", f->path,
                       (long long)json_integer_value(json_object_get(f->meta, "version")), VERSION);
    if (f->rows->rank != 2 || !f->rows->dim[0] || !f->rows->dim[1] || f->rows->dim[0] >= FV_FRIS_NONE ||
        (f->rows->type != FV_ST_F32 && f->rows->type != FV_ST_F64))
        return broken(f, "prototypes are floats or doubles [n, dims]", err);
    if (f->labels->type != FV_ST_I64 || f->labels->rank != 1 || f->labels->dim[0] != f->rows->dim[0] ||
        f->covers->type != FV_ST_I64 || f->covers->rank != 1 || f->covers->dim[0] != f->rows->dim[0])
        return broken(f, "there is a class and a number of objects for each prototype", err);
    if (f->centre && (f->centre->type != FV_ST_F64 || f->centre->rank != 1 || f->centre->dim[0] != f->rows->dim[1]))
        return broken(f, "the centre has not as many columns as prototypes", err);
    f->metric = word(json_object_get(f->meta, "metric"), metrics, (int)FV_COUNT(metrics));
    f->norm = word(json_object_get(f->meta, "norm"), norms, (int)FV_COUNT(norms));
    if (f->metric == FV_COUNT(metrics) || f->norm == FV_COUNT(norms) ||
        !texts(json_object_get(f->meta, "names"), f->rows->dim[0]) ||
        !texts(json_object_get(f->meta, "classes"), json_array_size(json_object_get(f->meta, "classes"))))
        return broken(f, "metric, norm, names or classes", err);
    return FV_OK;
}

static int64_t whole(const fv_st_tensor *t, size_t i)
{
    int64_t v;

    memcpy(&v, t->data + i * sizeof v, sizeof v);
    return v;
}

/* Prototypes are prepared already: taken as they are, then told how others are to be. */
static fv_status read_set(const file *f, const fv_fris_options *o, fv_fris_classifier *c, fv_error *err)
{
    fv_fris_options options = *o;
    fv_fris_vectors v = {.count = f->rows->dim[0], .dims = f->rows->dim[1]};
    float *floats = NULL;
    double *doubles = NULL;
    fv_status status = FV_OK;

    if (f->rows->type == FV_ST_F32) {
        if (!(status = FV_FRIS_ALLOC(&c->arena, floats, v.count * v.dims, "prototypes", err)))
            status = fv_st_read_float(f->rows, 0, v.count * v.dims, floats, err);
    } else if (!(status = FV_FRIS_ALLOC(&c->arena, doubles, v.count * v.dims, "prototypes", err))) {
        status = fv_st_read_double(f->rows, 0, v.count * v.dims, doubles, err);
    }
    v.floats = floats;
    v.doubles = doubles;
    options.metric = FV_FRIS_EUCLIDEAN;
    options.norm = FV_FRIS_AS_IS;
    options.centre = false;
    options.centre_at = NULL;
    options.precision = FV_FRIS_AS_GIVEN;
    if (status || (status = fv_fris_create(&c->host, &v, &options, &c->prototypes, err)))
        return status;
    c->prototypes->metric = (fv_fris_metric)f->metric;
    c->prototypes->norm = (fv_fris_norm)f->norm;
    if (!f->centre)
        return FV_OK;
    if (!(c->prototypes->centre = fv_alloc(&c->host, v.dims, sizeof *c->prototypes->centre)))
        return fv_fail_memory(err, v.dims * sizeof *c->prototypes->centre, "a centre");
    return fv_st_read_double(f->centre, 0, v.dims, c->prototypes->centre, err);
}

static fv_status read_rest(const file *f, fv_fris_classifier *c, fv_error *err)
{
    fv_status status = FV_OK;

    for (size_t i = 0; !status && i < c->count; i++) {
        const int64_t label = whole(f->labels, i), covers = whole(f->covers, i);

        if (label < 0 || (uint64_t)label >= c->classes || covers < 0 || covers >= FV_FRIS_NONE)
            return broken(f, "a prototype is of a class that does not exist", err);
        c->labels[i] = (uint32_t)label;
        c->covers[i] = (uint32_t)covers;
        status =
            set_text(c, &c->names[i], json_string_value(json_array_get(json_object_get(f->meta, "names"), i)), err);
    }
    for (size_t i = 0; !status && i < c->classes; i++)
        status = set_text(c, &c->class_names[i],
                          json_string_value(json_array_get(json_object_get(f->meta, "classes"), i)), err);
    if (!status && json_is_string(json_object_get(f->meta, "layer")))
        status = set_text(c, &c->layer, json_string_value(json_object_get(f->meta, "layer")), err);
    c->line.r_star = json_number_value(json_object_get(f->meta, "r_star"));
    c->line.theta = json_number_value(json_object_get(f->meta, "theta"));
    c->line.accept = json_number_value(json_object_get(f->meta, "accept"));
    if (!status && !(c->line.r_star >= 0))
        return broken(f, "r_star is no distance", err);
    return status;
}

fv_status fv_fris_classifier_open(const fv_host *host, const char *path, const fv_fris_options *options,
                                  fv_fris_classifier **out, fv_error *err)
{
    const fv_fris_options o = options ? *options : (fv_fris_options)FV_FRIS_OPTIONS;
    file f = {.path = path};
    fv_fris_classifier *c = NULL;
    fv_status status;

    *out = NULL;
    if ((status = fv_safetensors_open(host, path, &f.st, err)))
        return status;
    if (!(status = check(&f, err)) &&
        !(status = begin(host, f.rows->dim[0], json_array_size(json_object_get(f.meta, "classes")), &c, err)) && c &&
        !(status = read_set(&f, &o, c, err)))
        status = read_rest(&f, c, err);
    json_decref(f.meta);
    fv_safetensors_free(&f.st);
    if (status) {
        fv_fris_classifier_free(c);
        return status;
    }
    *out = c;
    return FV_OK;
}
