/* Optimizers, schedules, clipping and label smoothing against 50 steps of torch.optim in double
 * (golden/optimizer.txt, made by tools/make_optimizer_golden.py). */
#include "support.h"

#include "golden_uniform.h"
#include "train/learner.h"
#include "train/schedule.h"
#include <math.h>

enum { STEPS = 50, PER_EPOCH = 5, EPOCHS = 10, BATCH = 4, WEIGHTS = 5 * 6 + 5 + 3 * 5 + 3, CASES = 14 };

typedef struct golden {
    char name[64], options[256];
    double rate[STEPS], weight[WEIGHTS];
} golden;
static golden cases[CASES];

static int read_cases(void **state)
{
    char path[4096];
    FILE *f;

    (void)state;
    snprintf(path, sizeof path, "%s/tests/golden/optimizer.txt", getenv("FOVEA_SOURCE"));
    f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "#%*[^\n]"), 0);
    for (size_t i = 0; i < CASES; i++) {
        assert_int_equal(fscanf(f, " case %63s %255[^\n]", cases[i].name, cases[i].options), 2);
        for (size_t k = 0; k < STEPS; k++)
            assert_int_equal(fscanf(f, "%lf", &cases[i].rate[k]), 1);
        for (size_t k = 0; k < WEIGHTS; k++)
            assert_int_equal(fscanf(f, "%lf", &cases[i].weight[k]), 1);
    }
    assert_int_equal(fscanf(f, " %*s"), EOF);
    return fclose(f);
}

static void first_weights(fv_store *store)
{
    static const char *const names[] = {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"};

    for (size_t t = 0; t < 4; t++) {
        fv_stored *item = fv_store_find(store, names[t]);

        assert_non_null(item);
        for (size_t i = 0; i < item->elements; i++)
            fv_store_set(store, item, i, (t % 2 ? .1 : .5) * golden_uniform(1, t, i));
    }
}

static void one_step(fv_learner *learner, const fv_settings *settings, const golden *g, uint64_t *step)
{
    int32_t *labels = fv_exec_at(learner->exec, learner->labels);
    const double rate = fv_schedule_lr(settings, *step, PER_EPOCH);

    if (fabs(rate - g->rate[*step]) > 1e-9 * g->rate[*step])
        fail_msg("%s: rate of step %llu is %.12g, torch has %.12g", g->name, (unsigned long long)*step, rate,
                 g->rate[*step]);
    for (size_t i = 0; i < BATCH * 6; i++)
        fv_exec_set(learner->exec, learner->input, i, golden_uniform(1, 100 + *step, i));
    for (size_t n = 0; n < BATCH; n++)
        labels[n] = (int32_t)((*step * 5 + n * 2 + *step / 3) % 3);
    fv_exec_set(learner->exec, learner->hyper, 0, rate);
    fv_exec_set(learner->exec, learner->hyper, 1, (double)*step + 1);
    fv_exec_run(learner->exec);
    ++*step;
}

static void compare(const golden *g, const fv_store *store)
{
    static const char *const names[] = {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"};
    size_t at = 0;

    for (size_t t = 0; t < 4; t++) {
        const fv_stored *item = fv_store_find(store, names[t]);

        for (size_t i = 0; i < item->elements; i++, at++) {
            const double have = fv_store_get(store, item, i);

            if (!(fabs(have - g->weight[at]) <= 1e-9 * (1 + fabs(g->weight[at]))))
                fail_msg("%s: %s[%zu] is %.15g, torch has %.15g", g->name, names[t], i, have, g->weight[at]);
        }
    }
    assert_int_equal(at, WEIGHTS);
}

static void test_case(void **state)
{
    const golden *g = &cases[(size_t)(uintptr_t)*state];
    fv_error err = {0};
    fv_net *net;
    fv_pool *pool;
    fv_store store;
    fv_settings settings;
    fv_learner learner;
    uint64_t step = 0;

    test_ok(fv_net_parse(NULL, "net n input 2x3x1 classes 3 fc1: dense 5 tanh fc2: dense classes", "n.net", &net, &err),
            &err);
    fv_settings_default(&settings);
    settings.epochs = EPOCHS;
    test_ok(fv_settings_apply_text(NULL, &settings, g->options, g->name, &err), &err);
    test_ok(fv_pool_create(NULL, 1, &pool, &err), &err);
    fv_store_init(&store, NULL, sizeof(double));
    test_ok(fv_learner_create(
                NULL, net, BATCH, &settings,
                &(fv_exec_options){.kernels = fv_kernels_find("ref64"), .pool = pool, .store = &store, .step = &step},
                true, &learner, &err),
            &err);
    first_weights(&store);
    while (step < STEPS)
        one_step(&learner, &settings, g, &step);
    compare(g, &store);
    fv_learner_free(&learner);
    fv_store_free(&store);
    fv_pool_free(pool);
    fv_net_free(net);
}

int main(void)
{
    static const char *const names[CASES] = {"sgd",        "momentum", "nesterov",  "sgd-decay", "adam",
                                             "adam-decay", "adamw",    "clip",      "smoothing", "step",
                                             "multistep",  "cosine",   "one-cycle", "warmup"};
    struct CMUnitTest tests[CASES];

    for (size_t i = 0; i < CASES; i++)
        tests[i] = (struct CMUnitTest){names[i], test_case, NULL, NULL, (void *)(uintptr_t)i};
    return cmocka_run_group_tests_name("optimizers and schedules", tests, read_cases, NULL);
}
