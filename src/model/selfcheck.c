/* The self-test that a model carries: the logits of one made-up input, as the kernels that trained or made it computed
 * them where it was saved. The check computes them twice, by the kernels that a session here chooses and by the plain
 * ones (`ref`): if both come within 1e-3 (expected: 1e-4 and less), then the file is what was saved, and neither the
 * kernels here nor those of the machine that saved it are at fault. The plain code is run when somebody asks, not at
 * each save: of a large net that takes half a minute and the memory of another session.
 *
 * The input is what preprocessing would make of a picture of CELLS x CELLS tiles, each channel of each 0 or 255 by
 * chance (Philox, with the seed that the file names): edges and planes, which move logits more than noise does. */
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "model/session.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { CELLS = 7 };

static const double bound = 1e-3;

void fv_selftest_input(const fv_preprocess *p, uint64_t seed, float *input)
{
    const fv_random random = {seed, FV_STREAM_TEST, 0};

    for (size_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++)
            for (size_t c = 0; c < p->channels; c++) {
                const size_t tile = y * CELLS / p->height * CELLS + x * CELLS / p->width;
                const bool light = fv_random_bits(random, tile * p->channels + c) & 1;

                *input++ = (light ? 255.0f : 0.0f) * p->scale[c] + p->shift[c];
            }
}

/* The logits of that input by the kernels called isa (NULL: as any session chooses); fv_release *logits. */
static fv_status compute(const fv_model *model, const char *isa, uint64_t seed, float **logits, fv_error *err)
{
    const fv_session_options options = {.size = sizeof options, .batch = 1, .isa = isa};
    const fv_preprocess *p = fv_net_preprocess(fv_model_net(model));
    const size_t inputs = p->height * p->width * p->channels;
    float *input = fv_alloc(&model->host, inputs, sizeof *input);
    fv_session *session = NULL;
    fv_status status;

    *logits = fv_alloc(&model->host, model->classes, sizeof **logits);
    if (!input || !*logits)
        status = fv_fail_memory(err, (inputs + model->classes) * sizeof *input, "a self-test");
    else
        status = fv_session_create(&model->host, model, &options, &session, err);
    if (!status) {
        fv_selftest_input(p, seed, input);
        status = fv_session_run(session, input, 1, *logits, err);
    }
    fv_session_free(session);
    fv_release(&model->host, input);
    if (status) {
        fv_release(&model->host, *logits);
        *logits = NULL;
    }
    return status;
}

static bool all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

void fv_selftest_print(const float *logits, size_t classes, fv_text *out)
{
    if (!all_finite(logits, classes))
        return;
    fv_text_print(out, "{\"seed\":%d,\"logits\":[", FV_SELFTEST_SEED);
    for (size_t i = 0; i < classes; i++)
        fv_text_print(out, "%s%.9g", i ? "," : "", (double)logits[i]);
    fv_text_print(out, "]}");
}

fv_status fv_model_selftest(const fv_model *model, fv_text *out, fv_error *err)
{
    float *logits;
    fv_status status = compute(model, NULL, FV_SELFTEST_SEED, &logits, err);

    if (status)
        return status;
    fv_selftest_print(logits, model->classes, out);
    fv_release(&model->host, logits);
    return out->failed ? fv_fail_memory(err, out->size, "a self-test") : FV_OK;
}

/* What the file says: its seed and `classes` logits. */
static bool read_expected(const json_t *test, size_t classes, uint64_t *seed, double *logits)
{
    const json_t *list = json_object_get(test, "logits"), *number = json_object_get(test, "seed");

    if (!json_is_integer(number) || json_integer_value(number) < 0 || json_array_size(list) != classes)
        return false;
    *seed = (uint64_t)json_integer_value(number);
    for (size_t i = 0; i < classes; i++) {
        const json_t *x = json_array_get(list, i);

        if (!json_is_number(x))
            return false;
        logits[i] = json_number_value(x);
    }
    return true;
}

/* max |a - b| / max |b|; infinite where a is not finite. */
static double difference(const float *a, const double *b, size_t n)
{
    double most = 0, largest = 0;

    for (size_t i = 0; i < n; i++) {
        most = isfinite(a[i]) ? fmax(most, fabs((double)a[i] - b[i])) : INFINITY;
        largest = fmax(largest, fabs(b[i]));
    }
    return most > 0 ? most / largest : 0;
}

/* The difference of the logits by the kernels called isa; NULL: as any session chooses. */
static fv_status measure(const fv_model *model, const char *isa, uint64_t seed, const double *expected, double *far,
                         fv_error *err)
{
    float *logits;
    fv_status status = compute(model, isa, seed, &logits, err);

    if (status)
        return status;
    *far = difference(logits, expected, model->classes);
    fv_release(&model->host, logits);
    return FV_OK;
}

static fv_status compare(const fv_model *model, uint64_t seed, const double *expected, double *worst, fv_error *err)
{
    double own, plain;
    fv_status status = measure(model, NULL, seed, expected, &own, err);

    if (!status)
        status = measure(model, "ref", seed, expected, &plain, err);
    if (status)
        return status;
    *worst = fmax(own, plain);
    if (*worst <= bound)
        return FV_OK;
    return fv_fail(err, FV_E_RANGE,
                   "self-check of %s: the logits differ by %.3g of the largest, by plain code %.3g, at most %g are "
                   "allowed: %s",
                   fv_net_name(model->net), own, plain, bound,
                   own <= bound     ? "the kernels of the machine that saved it are at fault, and these too"
                   : plain <= bound ? "the kernels of this machine are at fault"
                                    : "the file is damaged, or was saved where numbers come out wrong");
}

fv_status fv_model_selfcheck(const fv_model *model, double *worst, fv_error *err)
{
    const char *text = fv_model_meta(model, FV_META_SELFTEST);
    double *expected, ignored = NAN;
    uint64_t seed = 0;
    fv_status status;
    json_t *test;

    worst = worst ? worst : &ignored;
    *worst = NAN;
    if (!text)
        return fv_fail(err, FV_E_UNSUPPORTED, "the model of %s carries no self-test: only saved models do",
                       fv_net_name(model->net));
    expected = fv_alloc(&model->host, model->classes, sizeof *expected);
    if (!expected)
        return fv_fail_memory(err, model->classes * sizeof *expected, "a self-test");
    /* 64 bytes hold any number with its comma; the limit bounds what a hostile file makes the reader allocate. */
    test = strlen(text) <= 256 + 64 * model->classes ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (read_expected(test, model->classes, &seed, expected))
        status = compare(model, seed, expected, worst, err);
    else
        status = fv_fail(err, FV_E_FORMAT, "the self-test of %s is no JSON object with a seed and %zu logits",
                         fv_net_name(model->net), model->classes);
    json_decref(test);
    fv_release(&model->host, expected);
    return status;
}
