/* Training mode against PyTorch in double: loss, logits, and a digest of every gradient (golden.h), in ref64 and in the
 * floats of this CPU. Tolerances: design, section 7. */
#include "golden.h"
#include "train/learner.h"

static const struct {
    const char *name, *file, *prefix; /* test, golden file, arrays' prefix ("train" but for LeNet's other losses) */
    const char *net, *loss, *instead; /* zoo net; how its loss line begins and what stands there instead for this test, or NULL */
} cases[] = {
    {"lenet-5", "lenet-5", "train", "lenet-5", NULL, NULL},
    {"lenet-5-1998, equation 8", "lenet-5-1998", "train", "lenet-5-1998", "loss ", "loss rbf"},
    {"lenet-5-1998, equation 9, j 1", "lenet-5-1998", "map1", "lenet-5-1998", "loss ", "loss rbf-map j 1"},
    {"lenet-5-1998, equation 9, j 150", "lenet-5-1998", "map150", "lenet-5-1998", NULL, NULL},
};

typedef struct rig {
    fv_net *net;
    fv_pool *pool;
    fv_store store;
    fv_learner learner;
    uint64_t step;
} rig;

static fv_net *open_net(size_t i)
{
    fv_error err = {0};
    fv_net *net, *changed;
    char text[8192];
    const char *at;

    test_ok(fv_net_open(NULL, cases[i].net, &net, &err), &err);
    if (!cases[i].loss)
        return net;
    at = strstr(fv_net_text(net), cases[i].loss);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - fv_net_text(net)), fv_net_text(net), cases[i].instead,
             at + strcspn(at, "\n"));
    test_ok(fv_net_parse(NULL, text, cases[i].net, &changed, &err), &err);
    fv_net_free(net);
    return changed;
}

static void open_rig(rig *r, size_t i, const golden *g, const fv_kernels *kernels)
{
    fv_error err = {0};
    fv_settings settings;
    fv_exec_options exec = {.kernels = kernels};

    *r = (rig){.net = open_net(i)};
    test_ok(fv_pool_create(NULL, 1, &r->pool, &err), &err);
    fv_store_init(&r->store, NULL, kernels->real_bytes);
    fv_settings_default(&settings);
    exec.pool = r->pool;
    exec.store = &r->store;
    exec.step = &r->step;
    test_ok(fv_learner_create(NULL, r->net, g->batch, &settings, &exec, false, &r->learner, &err), &err);
    golden_fill_store(g, &r->store);
    golden_fill_input(g, r->learner.exec, r->learner.input);
    memcpy(fv_exec_at(r->learner.exec, r->learner.labels), g->labels, g->batch * sizeof *g->labels);
    fv_exec_compute(r->learner.exec);
}

static void close_rig(rig *r)
{
    fv_learner_free(&r->learner);
    fv_store_free(&r->store);
    fv_pool_free(r->pool);
    fv_net_free(r->net);
}

static const char *array(char buffer[64], const char *prefix, const char *name)
{
    snprintf(buffer, 64, "%s/%s", prefix, name);
    return buffer;
}

static void check_forward(const rig *r, size_t i, const golden *g, double tolerance)
{
    char name[64];
    double want[64], have[64], loss;
    const size_t n = g->batch * g->classes;

    golden_read(g, array(name, cases[i].prefix, "loss"), &loss, 1);
    if (!(fabs(fv_learner_loss(&r->learner) - loss) <= tolerance * fabs(loss)))
        fail_msg("%s: loss %.12g, PyTorch has %.12g", cases[i].name, fv_learner_loss(&r->learner), loss);
    assert_true(n <= FV_COUNT(want));
    if (strcmp(cases[i].prefix, "train") != 0)
        return;
    golden_read(g, "train/logits", want, n);
    for (size_t k = 0; k < n; k++)
        have[k] = fv_exec_get(r->learner.exec, r->learner.logits, k);
    if (!(golden_distance(have, want, n) <= tolerance))
        fail_msg("%s: logits differ by %.3g", cases[i].name, golden_distance(have, want, n));
}

static void check_gradients(const rig *r, size_t i, const golden *g, double tolerance)
{
    static double want[GOLDEN_TENSORS][GOLDEN_DIGEST];
    const fv_graph *graph = &r->learner.exec->graph;
    char name[64];
    double have[GOLDEN_DIGEST], input[GOLDEN_DIGEST], largest = 0;
    size_t checked = 0;

    golden_read(g, array(name, cases[i].prefix, "digest"), &want[0][0], g->count * GOLDEN_DIGEST);
    golden_read(g, array(name, cases[i].prefix, "input"), input, GOLDEN_DIGEST);
    for (size_t t = 0; t < g->count; t++)
        largest = strcmp(g->tensors[t].role, "mean") && strcmp(g->tensors[t].role, "var") ? fmax(largest, want[t][0]) : largest;
    for (size_t v = 1; v < r->learner.n_gradients; v++) {
        const fv_value gradient = r->learner.gradients[v];

        if (graph->values[v].role != FV_ROLE_PARAM)
            continue;
        const size_t t = golden_find(g, graph->values[v].name);

        golden_digest_param(g, t, r->learner.exec, gradient, graph->values[v].param, have);
        if (!(golden_gradient_error(have, want[t], largest) <= tolerance))
            fail_msg("%s: gradient of %s is off by %.3g", cases[i].name, graph->values[v].name,
                     golden_gradient_error(have, want[t], largest));
        checked++;
    }
    assert_true(checked > 0);
    golden_digest_input(g, r->learner.exec, r->learner.gradients[r->learner.input], have);
    if (!(golden_gradient_error(have, input, largest) <= tolerance))
        fail_msg("%s: gradient of the input is off by %.3g", cases[i].name, golden_gradient_error(have, input, largest));
}

static void test_case(void **state)
{
    const size_t i = (size_t)(uintptr_t)*state;
    const fv_kernels *sets[8] = {fv_kernels_find("ref64")};
    char file[64];
    golden g;

    if (!golden_open(&g, array(file, "reduced", cases[i].file)))
        skip();
    for (size_t k = 0; k + 1 < FV_COUNT(sets) && fv_kernels_list(k); k++)
        sets[k + 1] = fv_kernels_list(k);
    for (size_t k = 0; k < FV_COUNT(sets) && sets[k]; k++) {
        rig r;

        open_rig(&r, i, &g, sets[k]);
        check_forward(&r, i, &g, k ? 1e-4 : 1e-9);
        check_gradients(&r, i, &g, k ? 1e-3 : 1e-7);
        close_rig(&r);
    }
    golden_close(&g);
}

int main(void)
{
    struct CMUnitTest tests[FV_COUNT(cases)];

    for (size_t i = 0; i < FV_COUNT(cases); i++)
        tests[i] = (struct CMUnitTest){cases[i].name, test_case, NULL, NULL, (void *)(uintptr_t)i};
    return cmocka_run_group_tests_name("golden data", tests, NULL, NULL);
}
