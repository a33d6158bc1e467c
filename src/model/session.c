/* A model planned for inference: the plan, its memory, its threads, and the weights as its kernels want them. */
#include "model/session.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------- making */

fv_session_options fv_session_options_of(const fv_session_options *options)
{
    fv_session_options o = FV_SESSION_OPTIONS;

    if (options)
        memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    return o;
}

static fv_status plan(fv_session *s, const fv_session_end *end, const fv_kernels *kernels, const fv_session_options *o,
                      fv_error *err)
{
    const fv_exec_options options = {.kernels = kernels,
                                     .pool = s->pool,
                                     .store = &s->store,
                                     .exact = o->exact,
                                     .bf16 = o->bf16,
                                     .low_memory = o->low_memory,
                                     .tuning = &s->tuning};
    const fv_net *net = fv_model_net(s->model);
    const char *layer = end->back ? NULL : end->layer;
    fv_status status = end->back ? fv_inference_plan_back(&s->host, net, end->layer, &options, &s->run, err)
                                 : fv_inference_plan_to(&s->host, net, layer, o->batch, &options, &s->run, err);
    size_t outputs;

    if (status)
        return status;
    s->inputs = fv_elements(fv_shape_of(&s->run.exec->graph, s->run.input)) / s->run.batch;
    outputs = fv_elements(fv_shape_of(&s->run.exec->graph, s->run.logits)) / s->run.batch;
    s->to_layer = layer != NULL;
    s->as_stored = o->as_stored;
    s->classes = layer ? outputs : fv_model_classes(s->model);
    s->smallest_wins = !layer && fv_net_smallest_wins(net);
    if (outputs != s->classes)
        return fv_fail(err, FV_E_SHAPE, "%s: its result has %zu elements a sample, and it has %zu classes",
                       fv_net_name(net), outputs, s->classes);
    status = fv_inference_check(&s->run, net, o->memory_limit, err);
    if (!status)
        status = fv_model_load(s->model, s->run.exec, err);
    if (status)
        return status;
    fv_plan_explain(&s->run.exec->plan, kernels, &s->explanation);
    return s->explanation.failed ? fv_fail_memory(err, s->explanation.size, "a plan's explanation") : FV_OK;
}

/* Fills in what 0 stands for. */
static fv_status check_views(const fv_model *model, const fv_session_end *end, fv_session_options *o, fv_error *err)
{
    const fv_preprocess *p = fv_net_preprocess(fv_model_net(model));

    o->views = o->views && !end->layer && !end->back ? o->views : 1;
    if (o->views != 1 && o->views != 2 && o->views != 10)
        return fv_fail(err, FV_E_ARGUMENT, "%zu views of a picture: 1, 2 and 10 are known", o->views);
    if (o->views == 10 && !p->shorter)
        return fv_fail(err, FV_E_ARGUMENT,
                       "%s does not cut its pictures ('shorter' in its input line): there are no 10 views",
                       fv_net_name(fv_model_net(model)));
    o->batch = o->batch > o->views ? o->batch : o->views;
    return FV_OK;
}

fv_status fv_session_plan(const fv_host *host, const fv_model *model, const fv_session_end *end,
                          const fv_session_options *options, fv_session **out, fv_error *err)
{
    fv_session_options o = fv_session_options_of(options);
    const fv_host h = fv_host_or_default(host);
    const fv_kernels *kernels;
    fv_session *s;
    fv_status status;

    *out = NULL;
    if (!model)
        return fv_fail(err, FV_E_ARGUMENT, "fv_session_create: no model was given");
    status = check_views(model, end, &o, err);
    if (status)
        return status;
    status = fv_kernels_choose(o.isa, &kernels, err);
    if (status)
        return status;
    s = fv_alloc(&h, 1, sizeof *s);
    if (!s)
        return fv_fail_memory(err, sizeof *s, "a session");
    s->host = h;
    s->model = model;
    s->views = o.views;
    fv_store_init(&s->store, &h, kernels->real_bytes);
    fv_text_init(&s->explanation, &h);
    status = fv_pool_create(&h, o.threads, &s->pool, err);
    if (!status && o.tuning)
        status = fv_tuning_read(&h, o.tuning, &s->tuning, err);
    if (!status)
        status = plan(s, end, kernels, &o, err);
    if (status) {
        fv_session_free(s);
        return status;
    }
    *out = s;
    return FV_OK;
}

fv_status fv_session_create(const fv_host *host, const fv_model *model, const fv_session_options *options,
                            fv_session **out, fv_error *err)
{
    return fv_session_plan(host, model, &(fv_session_end){0}, options, out, err);
}

fv_status fv_session_create_to(const fv_host *host, const fv_model *model, const char *layer,
                               const fv_session_options *options, fv_session **out, fv_error *err)
{
    *out = NULL;
    if (!layer)
        return fv_fail(err, FV_E_ARGUMENT, "fv_session_create_to: no layer was named");
    return fv_session_plan(host, model, &(fv_session_end){.layer = layer}, options, out, err);
}

void fv_session_free(fv_session *session)
{
    if (!session)
        return;
    const fv_host host = session->host;

    fv_inference_free(&session->run);
    fv_store_free(&session->store);
    fv_tuning_free(&session->tuning);
    fv_pool_free(session->pool);
    fv_text_free(&session->explanation);
    fv_release(&host, session);
}

/* ---------------------------------------------------------------------------------------------- running */

/* n samples, and zeros in place of those that the plan has more. */
static void write_input(fv_session *s, const float *input, size_t n)
{
    void *at = fv_exec_at(s->run.exec, s->run.input);
    const size_t used = n * s->inputs, all = s->run.batch * s->inputs;

    if (s->run.exec->kernels->real_bytes == sizeof(float)) {
        if (input != at)
            memcpy(at, input, used * sizeof(float));
        memset((float *)at + used, 0, (all - used) * sizeof(float));
        return;
    }
    for (size_t i = 0; i < used; i++)
        ((double *)at)[i] = (double)input[i];
    memset((double *)at + used, 0, (all - used) * sizeof(double));
}

fv_status fv_session_run(fv_session *session, const float *input, size_t batch, float *output, fv_error *err)
{
    if (batch == 0 || batch > session->run.batch)
        return fv_fail(err, FV_E_RANGE, "a batch of %zu: this session runs 1 to %zu samples at once", batch,
                       session->run.batch);
    write_input(session, input, batch);
    fv_exec_compute(session->run.exec);
    for (size_t i = 0; i < batch * session->classes; i++) {
        const double x = fv_exec_get(session->run.exec, session->run.logits, i);

        output[i] = (float)(session->smallest_wins ? -x : x);
    }
    return FV_OK;
}

float *fv_session_slot(fv_session *session)
{
    return session->run.exec->kernels->real_bytes == sizeof(float) ? fv_exec_at(session->run.exec, session->run.input)
                                                                   : NULL;
}

void fv_session_mean(const fv_session *session, float *logits, float *probabilities)
{
    const size_t classes = session->classes;

    for (size_t v = 0; v < session->views; v++)
        fv_session_softmax(logits + v * classes, classes);
    for (size_t c = 0; c < classes; c++) {
        double sum = 0;

        for (size_t v = 0; v < session->views; v++)
            sum += (double)logits[v * classes + c];
        probabilities[c] = (float)(sum / (double)session->views);
    }
}

/* ---------------------------------------------------------------------------------------------- asking */

const char *fv_session_explain(const fv_session *session)
{
    return session->explanation.data ? session->explanation.data : "";
}

size_t fv_session_bytes(const fv_session *session)
{
    return fv_inference_bytes(&session->run);
}

void fv_session_output(const fv_session *session, size_t *height, size_t *width, size_t *channels)
{
    const fv_shape *shape = fv_shape_of(&session->run.exec->graph, session->run.logits);

    *height = shape->dim[1];
    *width = shape->dim[2];
    *channels = shape->dim[3];
}

fv_exec *fv_session_exec(fv_session *session)
{
    return session->run.exec;
}
fv_value fv_session_logits(const fv_session *session)
{
    return session->run.logits;
}

void fv_session_softmax(float *x, size_t classes)
{
    double top = (double)x[0], sum = 0;

    for (size_t c = 1; c < classes; c++)
        top = (double)x[c] > top ? (double)x[c] : top;
    for (size_t c = 0; c < classes; c++)
        sum += exp((double)x[c] - top);
    for (size_t c = 0; c < classes; c++)
        x[c] = (float)(exp((double)x[c] - top) / sum);
}

void fv_model_rank(const fv_model *model, const float *probabilities, fv_guess *top, size_t count)
{
    size_t found = 0, at;

    for (size_t c = 0; c < fv_model_classes(model); c++) {
        for (at = found; at && probabilities[c] > top[at - 1].probability; at--)
            if (at < count)
                top[at] = top[at - 1];
        if (at < count)
            top[at] = (fv_guess){fv_model_class_name(model, c), c, probabilities[c]};
        found += found < count;
    }
    for (; found < count; found++)
        top[found] = (fv_guess){0};
}
