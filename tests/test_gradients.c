/* Gradients against central differences, in double, through the whole engine: notation, graph, differentiation, plan,
 * kernels. Each case is a net; every parameter and the input are perturbed (at most SAMPLES elements of each).
 *
 * Kinks are avoided by construction: a difference is taken only where the two halves of the step agree about the slope;
 * where an activation or a maximum changes hands within the step (relu, maxpool), the halves differ by far more than
 * rounding, and the element is passed over. A case fails if more than a tenth of its elements are. */
#include "support.h"

#include "base/random.h"
#include "train/learner.h"
#include <math.h>

enum { SAMPLES = 60, BATCH = 3 };

static const struct {
    const char *name, *text;
} cases[] = {
    {"dense", "input 7x1x1 dense 5 dense classes"},
    {"dense of maps", "input 3x2x4 dense 6 tanh dense classes"},
    {"conv", "input 7x6x3 conv 3x3 4 tanh dense classes"},
    {"conv pad", "input 5x5x2 conv 3x3 3 pad 1 tanh dense classes"},
    {"conv pad uneven", "input 5x6x2 conv 4x3 3 pad 1,0,2,1 tanh dense classes"},
    {"conv stride", "input 9x8x3 conv 3x3 4 stride 2 pad 1 tanh conv 2x3 5 stride 2x1 dense classes"},
    {"conv dilation", "input 9x9x2 conv 3x3 3 dilation 2 tanh conv 3x3 2 dilation 2x1 pad 1 dense classes"},
    {"conv groups", "input 6x6x4 conv 3x3 6 groups 2 tanh conv 3x3 8 groups 2 pad 1 tanh dense classes"},
    {"conv depthwise", "input 6x6x4 conv 3x3 4 groups 4 pad 1 tanh dense classes"},
    {"depthwise stride", "input 9x8x3 conv 1x1 20 tanh conv 3x3 20 groups 20 stride 2 pad 1 relu dense classes"},
    {"depthwise 5x4",
     "input 8x9x4 conv 5x4 4 groups 4 pad 2 tanh conv 2x3 4 groups 4 stride 1x3 dilation 2x1 dense classes"},
    {"depthwise separable",
     "input 6x6x3 conv 1x1 6 relu6 conv 3x3 6 groups 6 pad 1 nobias bn relu6 conv 1x1 4 bn dense classes"},
    {"conv table", "input 7x7x2 conv 1x1 6 tanh conv 5x5 16 table lenet tanh dense classes"},
    {"conv 1x1", "input 4x5x3 conv 1x1 9 tanh conv 1x1 3 dense classes"},
    {"conv whole", "input 4x5x3 tanh conv 4x5 9 tanh dense classes"},
    {"conv many channels", "input 4x4x3 conv 3x3 17 pad 1 conv 3x3 33 pad 1 tanh dense classes"},
    {"conv first layer", "input 12x12x3 conv 7x7 18 stride 2 pad 3 tanh dense classes"},
    {"maxpool", "input 6x6x3 conv 3x3 5 pad 1 maxpool dense classes"},
    {"maxpool overlapping", "input 9x9x3 conv 1x1 4 maxpool 3x3 stride 2 pad 1 dense classes"},
    {"maxpool ceil", "input 8x8x3 conv 1x1 4 maxpool 3x3 stride 2 ceil dense classes"},
    {"avgpool", "input 6x6x3 conv 3x3 5 pad 1 avgpool 2x2 dense classes"},
    {"avgpool pad", "input 7x7x3 conv 1x1 4 avgpool 3x3 stride 2 pad 1 dense classes"},
    {"avgpool count-pad", "input 7x7x3 conv 1x1 4 avgpool 3x3 stride 2 pad 1 count-pad dense classes"},
    {"avgpool global", "input 7x5x3 conv 1x1 4 avgpool global dense classes"},
    {"subsample", "input 8x6x3 conv 1x1 4 subsample 2x2 lecun-tanh dense classes"},
    {"relu", "input 5x5x3 conv 3x3 7 relu dense 6 relu dense classes"},
    {"relu before maxpool", "input 10x10x3 conv 3x3 6 relu maxpool conv 3x3 5 relu maxpool dense classes"},
    {"tanh", "input 3x3x1 dense 8 tanh dense classes"},
    {"lecun-tanh", "input 3x3x1 dense 8 lecun-tanh dense classes"},
    {"sigmoid", "input 3x3x1 dense 8 sigmoid dense classes"},
    {"relu6", "input 5x5x3 conv 3x3 7 relu6 dense 20 init normal std 3 relu6 dense classes"},
    {"leaky-relu", "input 5x5x3 conv 3x3 7 leaky-relu dense 9 leaky-relu .2 dense classes"},
    {"hard-sigmoid", "input 3x3x1 dense 20 init normal std 2 hard-sigmoid dense classes"},
    {"hard-swish", "input 3x3x1 dense 20 init normal std 2 hard-swish conv 1x1 4 hard-swish dense classes"},
    {"silu", "input 3x3x1 dense 8 silu dense classes"},
    {"flatten", "input 4x3x2 conv 1x1 3 tanh flatten dense 5 tanh flatten dense classes"},
    {"activation of the input", "input 4x4x2 sigmoid conv 3x3 3 relu tanh dense classes"},
    {"dropout", "input 4x5x1 dense 30 tanh dropout .4 dense classes"},
    {"squared", "input 3x3x1 dense 8 tanh dense classes loss squared"},
    {"rbf", "input 3x3x1 dense 84 lecun-tanh rbf loss rbf"},
    {"rbf-map", "input 3x3x1 dense 84 lecun-tanh rbf loss rbf-map j 1"},
    {"residual", "input 5x5x4 residual { conv 3x3 4 pad 1 tanh conv 3x3 4 pad 1 } tanh dense classes"},
    {"avgpool to", "input 7x9x3 conv 1x1 4 avgpool to 4x3 tanh dense classes"},
    {"avgpool to a divisor", "input 6x8x3 conv 1x1 4 avgpool to 3x2 tanh dense classes"},
    {"avgpool to more", "input 3x4x3 conv 1x1 4 avgpool to 5 tanh dense classes"},
    {"bn", "input 4x5x3 conv 3x3 6 pad 1 nobias bn tanh conv 1x1 4 bn relu dense classes"},
    {"bn of the input", "input 3x4x4 bn eps .1 conv 3x3 4 tanh dense classes"},
    {"bn behind dense", "input 3x3x2 dense 9 bn relu dense classes"},
    {"bn behind an activation", "input 4x4x3 conv 1x1 5 relu bn conv 3x3 4 sigmoid bn dense classes"},
    {"bn frozen", "input 4x4x3 conv 1x1 6 bn frozen tanh conv 1x1 7 relu bn frozen dense classes"},
    {"residual bn",
     "input 6x6x4 residual stride 2 project { conv 3x3 6 pad 1 nobias bn relu conv 3x3 6 pad 1 nobias bn } "
     "relu dense classes"},
    {"lrn", "input 4x4x3 conv 1x1 11 lrn k 1 alpha .1 conv 1x1 3 dense classes"},
    {"lrn caffe", "input 4x4x3 conv 1x1 6 lrn caffe n 3 alpha .5 beta .6 dense classes"},
    {"concat", "input 6x5x3 branch { conv 1x1 4 tanh | conv 3x3 5 pad 1 tanh | maxpool 3x3 stride 1 pad 1 } "
               "branch { conv 1x1 3 | conv 1x1 1 } tanh dense classes"},
    {"concat of one value twice", "input 4x4x2 a: conv 1x1 3 tanh from a, a concat conv 3x3 4 tanh dense classes"},
    {"pad-shortcut", "input 7x6x3 conv 1x1 3 tanh pad-shortcut 8 stride 2 conv 2x2 4 tanh dense classes"},
    {"pad-shortcut both",
     "input 6x7x4 conv 1x1 4 tanh residual stride 3 pad-both { conv 3x3 9 pad 1 tanh } dense classes"},
    {"lenet", "input 12x12x1 conv 5x5 3 pad 2 relu maxpool conv 3x3 5 relu maxpool dense 9 relu dense classes"},
    {"lenet 1998", "input 20x20x1 conv 5x5 6 lecun-tanh subsample conv 5x5 16 table lenet lecun-tanh subsample "
                   "conv 2x2 12 lecun-tanh dense 84 lecun-tanh rbf loss rbf-map j 5"},
};

typedef struct rig {
    fv_net *net;
    fv_pool *pool;
    fv_store store;
    fv_learner learner;
    uint64_t step;
} rig;

static void open_rig(rig *r, const char *text, double smoothing, double mixup)
{
    fv_settings settings;
    fv_error err = {0};
    fv_exec_options exec = {.kernels = fv_kernels_find("ref64"), .seed = 7, .step = &r->step, .store = &r->store};
    char *whole = malloc(strlen(text) + 64);

    snprintf(whole, strlen(text) + 64, "net case classes 10 %s", text);
    *r = (rig){0};
    test_ok(fv_net_parse(NULL, whole, "case.net", &r->net, &err), &err);
    test_ok(fv_pool_create(NULL, 1, &r->pool, &err), &err);
    fv_store_init(&r->store, NULL, sizeof(double));
    fv_settings_default(&settings);
    settings.smoothing = smoothing;
    settings.mixup = mixup;
    exec.pool = r->pool;
    test_ok(fv_learner_create(NULL, r->net, BATCH, &settings, &exec, false, &r->learner, &err), &err);
    fv_store_initialise(&r->store, 3);
    free(whole);
}

static void close_rig(rig *r)
{
    fv_learner_free(&r->learner);
    fv_store_free(&r->store);
    fv_pool_free(r->pool);
    fv_net_free(r->net);
}

/* Inputs in +-1, biases and factors away from their first values, labels all over the classes. */
static void fill(rig *r)
{
    const fv_random random = {11, FV_STREAM_TEST, 0};
    const fv_shape *x = &r->learner.exec->graph.values[r->learner.input].shape;
    int32_t *labels = fv_exec_at(r->learner.exec, r->learner.labels);

    for (size_t i = 0; i < fv_elements(x); i++)
        fv_exec_set(r->learner.exec, r->learner.input, i, 2 * fv_random_uniform(random, i) - 1);
    for (size_t n = 0; n < BATCH; n++)
        labels[n] = (int32_t)((n * 7 + 2) % 10);
    for (size_t n = 0; r->learner.share && n < BATCH; n++) {
        ((int32_t *)fv_exec_at(r->learner.exec, r->learner.other))[n] = (int32_t)((n * 3 + 1) % 10);
        fv_exec_set(r->learner.exec, r->learner.share, n, .5 + .1 * (double)n);
    }
    for (size_t k = 0; k < r->store.count; k++)
        for (size_t i = 0; !r->store.items[k].param.decay && i < r->store.items[k].elements; i++)
            fv_store_set(&r->store, &r->store.items[k], i,
                         fv_store_get(&r->store, &r->store.items[k], i) +
                             .3 * fv_random_uniform((fv_random){5, FV_STREAM_TEST, (uint32_t)k}, i) - .1);
}

static double loss_at(rig *r, fv_value value, size_t i, double x)
{
    fv_exec_set(r->learner.exec, value, i, x);
    fv_exec_compute(r->learner.exec);
    return fv_learner_loss(&r->learner);
}

/* The slope at element i, or NaN on a kink. Two central differences and Richardson's step leave an error of h^4. */
static double slope(rig *r, fv_value value, size_t i)
{
    const double h = 1e-4, x = fv_exec_get(r->learner.exec, value, i), at = loss_at(r, value, i, x);
    const double up = loss_at(r, value, i, x + h), down = loss_at(r, value, i, x - h);
    const double up2 = loss_at(r, value, i, x + h / 2), down2 = loss_at(r, value, i, x - h / 2);
    const double wide = (up - down) / (2 * h), narrow = (up2 - down2) / h;
    const double curve = (up - 2 * at + down) / h, curve2 = 2 * (up2 - 2 * at + down2) / h;

    loss_at(r, value, i, x);
    /* for a smooth function the second difference halves with h; at a kink it stays */
    if (fabs(wide - narrow) > 1e-6 * (1 + fabs(wide)) || fabs(curve - 2 * curve2) > 1e-5 * (1 + fabs(curve)))
        return NAN;
    return (4 * narrow - wide) / 3;
}

typedef struct tally {
    double error, norm; /* squared */
    size_t taken, passed_over;
} tally;

static void compare(rig *r, fv_value value, tally *sum)
{
    const fv_graph *graph = &r->learner.exec->graph;
    const fv_value gradient = r->learner.gradients[value];
    const size_t count = fv_elements(&graph->values[value].shape), samples = count < SAMPLES ? count : SAMPLES;
    const fv_param *param = graph->values[value].param;

    if (!gradient)
        fail_msg("%s has no gradient", graph->values[value].name);
    for (size_t s = 0; s < samples; s++) {
        const size_t i = s * count / samples;
        const bool fixed = param && param->mask && !param->mask[i % (param->shape.dim[2] * param->shape.dim[3])];
        const double numeric = fixed ? 0 : slope(r, value, i);
        double analytic;

        fv_exec_compute(r->learner.exec);
        analytic = fv_exec_get(r->learner.exec, gradient, i);
        if (isnan(numeric)) {
            sum->passed_over++;
            continue;
        }
        sum->taken++;
        sum->error += (numeric - analytic) * (numeric - analytic);
        sum->norm += numeric * numeric;
    }
}

static void check_case(const char *name, const char *text, double smoothing, double mixup)
{
    rig r;
    const fv_graph *graph;
    tally all = {0};

    open_rig(&r, text, smoothing, mixup);
    fill(&r);
    graph = &r.learner.exec->graph;
    for (size_t v = 1; v < r.learner.n_gradients; v++) {
        tally sum = {0};

        if (graph->values[v].role != FV_ROLE_PARAM && v != r.learner.input)
            continue;
        compare(&r, (fv_value)v, &sum);
        if (!(sqrt(sum.error) <= 1e-6 * sqrt(sum.norm) + 1e-10))
            fail_msg("%s: gradient of %s is off by %.3g of a norm of %.3g over %zu elements", name,
                     graph->values[v].name ? graph->values[v].name : "the input", sqrt(sum.error), sqrt(sum.norm),
                     sum.taken);
        all.taken += sum.taken;
        all.passed_over += sum.passed_over;
    }
    if (all.passed_over * 10 > all.taken)
        fail_msg("%s: %zu of %zu elements lie on kinks", name, all.passed_over, all.taken + all.passed_over);
    close_rig(&r);
}

static void test_case(void **state)
{
    const size_t i = (size_t)(uintptr_t)*state;

    check_case(cases[i].name, cases[i].text, 0, 0);
}

static void test_smoothing(void **state)
{
    (void)state;
    check_case("label smoothing", "input 3x3x1 dense 8 tanh dense classes", .1, 0);
}

static void test_mixing(void **state)
{
    (void)state;
    check_case("mixed labels", "input 3x3x1 dense 8 tanh dense classes", .1, 1);
}

int main(void)
{
    struct CMUnitTest tests[FV_COUNT(cases) + 2];

    for (size_t i = 0; i < FV_COUNT(cases); i++)
        tests[i] = (struct CMUnitTest){cases[i].name, test_case, NULL, NULL, (void *)(uintptr_t)i};
    tests[FV_COUNT(cases)] = (struct CMUnitTest)cmocka_unit_test(test_smoothing);
    tests[FV_COUNT(cases) + 1] = (struct CMUnitTest)cmocka_unit_test(test_mixing);
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
