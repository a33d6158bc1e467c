#include "train/evaluate.h"
#include "data/data.h"
#include "model/session.h"
#include <math.h>

fv_status fv_evaluator_plan(const fv_host *host, const fv_net *net, const fv_data *data, size_t batch,
                            const fv_exec_options *options, fv_evaluator *out, fv_error *err)
{
    fv_status status;

    *out = (fv_evaluator){
        .host = fv_host_or_default(host), .classes = fv_net_classes(net), .smallest_wins = fv_net_smallest_wins(net)};
    status = fv_inference_plan(host, net, batch, options, &out->run, err);
    if (!status)
        status = fv_feeder_create(host, data, net, batch, fv_pool_threads(options->pool), options->kernels, NULL,
                                  &out->feeder, err);
    if (!status && !(out->labels = fv_alloc(&out->host, batch, sizeof *out->labels)))
        status = fv_fail_memory(err, batch * sizeof *out->labels, "labels");
    if (status)
        fv_evaluator_free(out);
    return status;
}

void fv_evaluator_free(fv_evaluator *evaluator)
{
    fv_inference_free(&evaluator->run);
    fv_feeder_free(&evaluator->feeder);
    if (evaluator->labels)
        fv_release(&evaluator->host, evaluator->labels);
    *evaluator = (fv_evaluator){0};
}

/* Score of class c of sample n: larger is better. */
static double score(const fv_evaluator *e, size_t n, size_t c)
{
    const double x = fv_exec_get(e->run.exec, e->run.logits, n * e->classes + c);

    return e->smallest_wins ? -x : x;
}

/* Add sample n's cross-entropy and ranks; ties are ranked by the lower class. */
static void measure(const fv_evaluator *e, size_t n, size_t label, fv_evaluation *sum, float *probabilities)
{
    const double own = score(e, n, label);
    double top = own, total = 0;
    size_t rank = 0;

    for (size_t c = 0; c < e->classes; c++) {
        const double s = score(e, n, c);

        rank += s > own || (s == own && c < label);
        top = s > top ? s : top;
    }
    for (size_t c = 0; c < e->classes; c++)
        total += exp(score(e, n, c) - top);
    for (size_t c = 0; probabilities && c < e->classes; c++)
        probabilities[c] = (float)(exp(score(e, n, c) - top) / total);
    sum->loss += log(total) + top - own;
    sum->top1 += rank == 0;
    sum->top5 += rank < 5;
}

/* The batch from sample `begin` of count on, in the feeder's indices. */
static fv_feed feed_from(const fv_evaluator *e, fv_split split, size_t begin, size_t count)
{
    const fv_feed feed = {split, e->feeder.indices, count - begin < e->run.batch ? count - begin : e->run.batch, 0, 0};

    for (size_t i = 0; i < feed.n; i++)
        e->feeder.indices[i] = (uint32_t)(begin + i);
    return feed;
}

void fv_evaluator_run(fv_evaluator *e, fv_split split, fv_evaluation *result, float *probabilities)
{
    const size_t count = fv_data_count(e->feeder.batch.data, split);

    *result = (fv_evaluation){.n = count, .classes = e->classes};
    fv_exec_prepare(e->run.exec);
    for (size_t begin = 0; begin < count; begin += e->run.batch) {
        const fv_feed feed = feed_from(e, split, begin, count);

        fv_feeder_fill(&e->feeder, e->run.exec, e->run.input, e->labels, &feed);
        if (begin + feed.n < count) {
            const fv_feed next = feed_from(e, split, begin + feed.n, count);

            fv_feeder_prefetch(&e->feeder, &next);
        }
        fv_exec_compute(e->run.exec);
        for (size_t i = 0; i < feed.n; i++)
            measure(e, i, (size_t)e->labels[i], result,
                    probabilities ? probabilities + (begin + i) * e->classes : NULL);
    }
    if (count) {
        result->loss /= (double)count;
        result->top1 /= (double)count;
        result->top5 /= (double)count;
    }
}

fv_status fv_evaluate(const fv_host *host, const fv_model *model, const fv_data *data, fv_split split,
                      const fv_session_options *options, fv_evaluation *result, float *probabilities, fv_error *err)
{
    const fv_session_options o = fv_session_options_of(options);
    const fv_net *net = fv_model_net(model);
    fv_exec_options exec = {0};
    fv_evaluator evaluator = {0};
    fv_store store;
    fv_status status;

    if (!fv_data_count(data, split))
        return fv_fail(err, FV_E_ARGUMENT, "the data has no samples in the split that was asked for");
    if (fv_data_classes(data) > fv_net_classes(net))
        return fv_fail(err, FV_E_SHAPE, "%s tells %zu classes apart, the data has %zu", fv_net_name(net),
                       fv_net_classes(net), fv_data_classes(data));
    status = fv_kernels_choose(o.isa, &exec.kernels, err);
    if (status)
        return status;
    fv_store_init(&store, host, exec.kernels->real_bytes);
    exec.store = &store;
    exec.exact = o.exact;
    exec.low_memory = o.low_memory;
    exec.bf16 = o.bf16;
    status = fv_pool_create(host, o.threads, &exec.pool, err);
    if (!status)
        status = fv_evaluator_plan(host, net, data, o.batch ? o.batch : 256, &exec, &evaluator, err);
    if (!status)
        status = fv_inference_check(&evaluator.run, net, o.memory_limit, err);
    if (!status)
        status = fv_model_load(model, evaluator.run.exec, err);
    if (!status)
        fv_evaluator_run(&evaluator, split, result, probabilities);
    fv_evaluator_free(&evaluator);
    fv_store_free(&store);
    fv_pool_free(exec.pool);
    return status;
}
