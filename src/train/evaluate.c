#include "train/evaluate.h"
#include "data/data.h"
#include "model/session.h"
#include <math.h>

/* ---------------------------------------------------------------------------------------------- feeding */

fv_status fv_feeder_create(const fv_host *host, const fv_data *data, const fv_net *net, size_t batch, size_t threads,
                           const fv_kernels *kernels, const fv_augment *augment, fv_feeder *out, fv_error *err)
{
    const fv_preprocess *p = fv_net_preprocess(net);
    const size_t pixels = p->height * p->width * p->channels;
    fv_status status = fv_batch_check(data, p, augment, err);

    *out = (fv_feeder){.host = fv_host_or_default(host),
                       .data = data,
                       .preprocess = p,
                       .batch = batch,
                       .threads = threads,
                       .augmented = augment != NULL};
    if (status)
        return status;
    if (augment)
        out->augment = *augment;
    out->scratch_bytes = (fv_batch_scratch(data, p, augment) + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
    out->scratch = fv_alloc(&out->host, threads, out->scratch_bytes);
    out->indices = fv_alloc(&out->host, batch, sizeof *out->indices);
    if (kernels->real_bytes == sizeof(double))
        out->pixels = fv_alloc(&out->host, batch * pixels, sizeof *out->pixels);
    if (augment && fv_mix_any(augment)) {
        out->other = fv_alloc(&out->host, batch, sizeof *out->other);
        out->share = fv_alloc(&out->host, batch, sizeof *out->share);
    }
    if (!out->scratch || !out->indices || (kernels->real_bytes == sizeof(double) && !out->pixels) ||
        (augment && fv_mix_any(augment) && (!out->other || !out->share))) {
        fv_feeder_free(out);
        return fv_fail_memory(err, batch * pixels * sizeof *out->pixels, "a batch");
    }
    status = fv_batch_shelf(&out->host, data, p, augment, FV_SHELF_BYTES, &out->shelf, err);
    if (status)
        fv_feeder_free(out);
    return status;
}

size_t fv_feeder_bytes(const fv_feeder *f)
{
    const fv_preprocess *p = f->preprocess;
    const size_t pixels = f->pixels ? f->batch * p->height * p->width * p->channels : 0;

    const size_t mixed = f->share ? f->batch * (sizeof *f->other + sizeof *f->share) : 0;

    return f->threads * f->scratch_bytes + f->batch * sizeof *f->indices + pixels * sizeof *f->pixels + mixed;
}

void fv_feeder_free(fv_feeder *feeder)
{
    if (feeder->indices || feeder->scratch) {
        fv_release(&feeder->host, feeder->scratch);
        fv_release(&feeder->host, feeder->indices);
        fv_release(&feeder->host, feeder->pixels);
        fv_release(&feeder->host, feeder->other);
        fv_release(&feeder->host, feeder->share);
    }
    fv_shelf_free(feeder->shelf);
    *feeder = (fv_feeder){0};
}

typedef struct fill_args {
    const fv_feeder *feeder;
    fv_batch batch;
    fv_targets targets;
    const uint32_t *indices;
    float *out;
} fill_args;

static void fill(const void *args, size_t begin, size_t end, size_t slice)
{
    const fill_args *a = args;

    fv_batch_fill(&a->batch, a->indices, begin, end, a->out, &a->targets,
                  a->feeder->scratch + slice * a->feeder->scratch_bytes);
}

void fv_feeder_fill(fv_feeder *f, fv_exec *exec, fv_value input, int32_t *labels, fv_split split,
                    const uint32_t *indices, size_t n, uint64_t seed, uint32_t epoch)
{
    const fv_preprocess *p = f->preprocess;
    const fill_args args = {f,
                            {f->data, split, p, f->augmented ? &f->augment : NULL, seed, epoch, f->shelf},
                            {labels, f->other, f->share},
                            indices,
                            f->pixels ? f->pixels : fv_exec_at(exec, input)};

    fv_pool_run(exec->pool, fill, &args, n, f->threads < n ? f->threads : n);
    for (size_t i = 0; f->pixels && i < n * p->height * p->width * p->channels; i++)
        fv_exec_set(exec, input, i, (double)f->pixels[i]);
}

/* ---------------------------------------------------------------------------------------------- measuring */

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

void fv_evaluator_run(fv_evaluator *e, fv_split split, fv_evaluation *result, float *probabilities)
{
    const size_t count = fv_data_count(e->feeder.data, split), batch = e->run.batch;

    *result = (fv_evaluation){.n = count, .classes = e->classes};
    fv_exec_prepare(e->run.exec);
    for (size_t begin = 0; begin < count; begin += batch) {
        const size_t n = count - begin < batch ? count - begin : batch;

        for (size_t i = 0; i < n; i++)
            e->feeder.indices[i] = (uint32_t)(begin + i);
        fv_feeder_fill(&e->feeder, e->run.exec, e->run.input, e->labels, split, e->feeder.indices, n, 0, 0);
        fv_exec_compute(e->run.exec);
        for (size_t i = 0; i < n; i++)
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
