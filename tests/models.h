/* Models and sessions that several test programs use. */
#ifndef FV_TESTS_MODELS_H
#define FV_TESTS_MODELS_H
#include "support.h"

#include "base/random.h"
#include "model/session.h"

#include <math.h>

/* A convolution, a dense layer behind maps (axes are merged in its file), a plain one. */
#define TINY(classes, fc1)                                                                                             \
    "net tiny\nclasses " classes "\ninput 6x5x2\nconv1: conv 3x2 4 tanh\n" fc1 "\nfc2: dense classes\n"
static const char tiny[] __attribute__((unused)) = TINY("3", "fc1: dense 5 relu");

static inline fv_net *tiny_net(void)
{
    fv_net *net;
    fv_error err = {0};

    test_ok(fv_net_parse(NULL, tiny, "tiny.net", &net, &err), &err);
    return net;
}

static inline fv_model *tiny_model(uint64_t seed)
{
    fv_net *net = tiny_net();
    fv_model *model;
    fv_error err = {0};

    test_ok(fv_model_create(NULL, net, seed, &model, &err), &err);
    fv_net_free(net);
    return model;
}

static inline fv_net *zoo(const char *name)
{
    fv_net *net;
    fv_error err = {0};

    test_ok(fv_net_open(NULL, name, &net, &err), &err);
    return net;
}

static inline fv_model *zoo_model(const char *name)
{
    fv_net *net = zoo(name);
    fv_model *model;
    fv_error err = {0};

    test_ok(fv_model_create(NULL, net, 3, &model, &err), &err);
    fv_net_free(net);
    return model;
}

/* First weights are small, so that the distances of lenet-5-1998 hardly depend on the input. These are larger. */
static inline fv_model *loud_model(const char *name)
{
    fv_model *model = zoo_model(name);

    for (size_t k = 0; k < model->count; k++)
        for (size_t i = 0; i < model->weights[k].elements; i++)
            model->weights[k].owned[i] *= 4;
    return model;
}

/* n samples in -1 .. 1 */
static inline float *make_input(const fv_model *model, size_t n, uint64_t seed)
{
    const fv_preprocess *p = fv_net_preprocess(fv_model_net(model));
    const size_t elements = n * p->height * p->width * p->channels;
    const fv_random random = {seed, FV_STREAM_TEST, 0};
    float *x = malloc(elements * sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < elements; i++)
        x[i] = (float)(2 * fv_random_uniform(random, i) - 1);
    return x;
}

static inline fv_session *open_session(const fv_host *host, const fv_model *model, const char *isa, size_t batch,
                                       size_t threads)
{
    fv_session_options options = FV_SESSION_OPTIONS;
    fv_session *session;
    fv_error err = {0};

    options.isa = isa;
    options.batch = batch;
    options.threads = threads;
    test_ok(fv_session_create(host, model, &options, &session, &err), &err);
    return session;
}

static inline void run(fv_session *session, const float *input, size_t n, float *output)
{
    fv_error err = {0};

    test_ok(fv_session_run(session, input, n, output, &err), &err);
}

/* max |a - b| / max |b| */
static inline double distance(const float *a, const float *b, size_t n)
{
    double most = 0, largest = 0;

    for (size_t i = 0; i < n; i++) {
        most = isfinite(a[i]) ? fmax(most, fabs((double)a[i] - (double)b[i])) : INFINITY;
        largest = fmax(largest, fabs((double)b[i]));
    }
    return most / largest;
}

#endif
