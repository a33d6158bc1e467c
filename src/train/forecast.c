/* What a transfer takes, told before it begins. Its stages follow one another, and each frees what is its own:
 *
 *     looking    the tables of features; the plan with its weights, a batch of pictures
 *     keeping    the tables; the same plan, and the new cache before it is written
 *     fitting    the tables; the training pictures standardised, the new layer and what L-BFGS remembers
 *     assembling the tables; the weights of the new model
 *     saving     those weights, and a plan for one sample, which makes the model's self-test */
#include "base/error.h"
#include "data/shelf.h"
#include "model/session.h"
#include "train/memory.h"
#include "train/transfer.h"

typedef struct planned {
    size_t bytes, idle; /* of the plan; of that, what is touched where no picture runs through it */
    size_t batch;       /* pictures at once */
    size_t outputs;     /* values of the layer, a picture */
    size_t features, threads;
} planned;

/* The net up to a layer, NULL = all of it. */
static fv_status plan_to(const fv_host *host, const fv_net *net, const char *layer, const fv_session_options *session,
                         planned *out, fv_error *err)
{
    const fv_session_options o = fv_session_options_of(session);
    fv_exec_options options = {.exact = o.exact, .bf16 = o.bf16, .low_memory = o.low_memory};
    fv_inference run = {0};
    fv_store store;
    fv_memory memory;
    fv_status status = fv_kernels_choose(o.isa, &options.kernels, err);

    if (status)
        return status;
    fv_store_init(&store, host, options.kernels->real_bytes);
    options.store = &store;
    status = fv_pool_create(host, o.threads, &options.pool, err);
    if (!status)
        status = fv_inference_plan_to(host, net, layer, o.batch ? o.batch : 1, &options, &run, err);
    if (!status) {
        const fv_shape *shape = fv_shape_of(&run.exec->graph, run.logits);

        fv_memory_of_exec(run.exec, &memory);
        *out = (planned){.bytes = fv_memory_sum(&memory),
                         .idle = memory.weights + memory.passing + memory.packed + memory.plans + memory.process,
                         .batch = run.batch,
                         .outputs = fv_elements(shape) / run.batch,
                         .features = (size_t)shape->dim[3],
                         .threads = fv_pool_threads(options.pool)};
    }
    fv_inference_free(&run);
    fv_store_free(&store);
    fv_pool_free(options.pool);
    return status;
}

/* What one view's cache lacks, and how large it will be; *keeping: what writing it takes. */
static fv_status look_up(const fv_model *source, const fv_data *data, const fv_features_options *o, const planned *plan,
                         bool *wanted, fv_transfer_forecast *out, size_t *keeping, fv_error *err)
{
    const size_t row = FV_FEATURE_KEY + plan->features * sizeof(float);
    fv_feature_cache cache = {0};
    const char *remark;
    size_t missing = 0;
    fv_text path;
    fv_status status = FV_OK;

    fv_text_init(&path, &source->host);
    if (o->cache)
        status = fv_features_path(source, o, &path, err);
    if (o->cache && !status)
        fv_feature_cache_open(path.data, plan->features, &cache, &remark);
    out->seen += fv_features_mark(data, o->view, wanted);
    for (size_t i = 0; i < data->pictures.count; i++)
        missing += wanted[i] && !fv_feature_cache_find(&cache, data->pictures.items[i].content);
    out->missing += missing;
    *keeping = o->cache && missing ? (cache.count + data->pictures.count) * (row + 2 * sizeof(void *)) : 0;
    out->cache_bytes += o->cache ? (cache.count + missing) * row : 0;
    fv_feature_cache_close(&cache);
    fv_text_free(&path);
    return status;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The largest picture as it is decoded. */
static size_t decoded(const fv_pictures *pictures)
{
    size_t most = 0;

    for (size_t i = 0; i < pictures->count; i++)
        most = larger(most, (size_t)pictures->items[i].height * pictures->items[i].width * pictures->items[i].channels);
    return most;
}

/* Weights that were read into memory, not mapped; and the numbers of all of them. */
static size_t owned(const fv_model *model, size_t *elements)
{
    size_t bytes = 0;

    *elements = 0;
    for (size_t k = 0; k < model->count; k++) {
        *elements += model->weights[k].elements;
        bytes += model->weights[k].owned ? model->weights[k].elements * sizeof(float) : 0;
    }
    return bytes;
}

/* Anonymous memory at the fullest. one: the new net for one sample; keeping: beside the plan's, where a cache is written;
 * missing: pictures to be computed. */
static size_t fullest(const fv_model *source, const fv_data *data, const planned *plan, const planned *one,
                      size_t views, size_t keeping, size_t missing)
{
    const size_t pictures = data->pictures.count, training = fv_data_count(data, FV_TRAIN) * views;
    const size_t tables = views * pictures * (plan->features * sizeof(float) + 1),
                 head = plan->features * data->classes;
    const size_t input = fv_shelf_picture(fv_net_preprocess(source->net));
    const size_t batch = plan->batch * (plan->outputs * sizeof(float) + input * (1 + sizeof(float)) + sizeof(fv_error));
    const size_t rows = training * (sizeof(float *) + sizeof(uint32_t));
    size_t weights, base = owned(source, &weights) + fv_data_bytes(data);
    const size_t model = (weights + head) * sizeof(float);
    const size_t looking = missing ? plan->bytes + batch + plan->threads * decoded(&data->pictures) : plan->idle;
    const size_t fitting = rows + fv_logistic_bytes(training, plan->features, data->classes) + head * sizeof(float);
    const size_t assembling = rows + model + training * data->classes * sizeof(float);
    const size_t learning = larger(larger(looking, keeping ? plan->bytes + keeping : 0), larger(fitting, assembling));

    return base + larger(tables + learning, model + one->bytes);
}

fv_status fv_transfer_foretell(const fv_model *source, const fv_data *data, const fv_transfer_options *options,
                               fv_transfer_forecast *out, fv_error *err)
{
    fv_features_options o = {.cache = options->cache, .session = options->session, .seed = options->seed};
    const size_t views = options->views ? options->views : 1;
    char layer[FV_NET_LABEL], need[FV_BYTES_TEXT], most[FV_BYTES_TEXT];
    bool *wanted = fv_alloc(&source->host, data->pictures.count, sizeof *wanted);
    size_t keeping, most_kept = 0;
    fv_net *net = NULL;
    planned plan = {0}, one = {0};
    fv_status status = wanted ? FV_OK : fv_fail_memory(err, data->pictures.count, "pictures");

    *out = (fv_transfer_forecast){0};
    if (!status)
        status = fv_net_new_head(&source->host, source->net, data->classes, layer, &net, err);
    o.layer = layer;
    if (!status)
        status = plan_to(&source->host, source->net, layer, &o.session, &plan, err);
    if (!status)
        status = plan_to(&source->host, net, NULL, NULL, &one, err);
    for (; !status && o.view < views; o.view++) {
        status = look_up(source, data, &o, &plan, wanted, out, &keeping, err);
        most_kept = larger(most_kept, keeping);
    }
    if (!status)
        out->memory = fullest(source, data, &plan, &one, views, most_kept, out->missing);
    if (!status && options->memory_limit && out->memory > options->memory_limit)
        status = fv_fail(err, FV_E_MEMORY,
                         "%zu pictures of %zu features in %zu views: need %s of memory, %s are available; use fewer "
                         "views or pictures",
                         data->pictures.count, plan.features, views, fv_text_bytes(need, out->memory),
                         fv_text_bytes(most, options->memory_limit));
    fv_net_free(net);
    fv_release(&source->host, wanted);
    return status;
}
