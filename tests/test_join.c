/* Joined values: what branches write into their concatenation is, bit for bit, what copies would bring there, on every set
 * of kernels and any number of threads; and copies are left only where they must be. In training, gradients of activations
 * that end branches are taken of the joined value, with the same bits too. */
#include "support.h"

#include "base/random.h"
#include "ops/ops.h"
#include "run/inference.h"
#include "train/learner.h"

static const struct {
    const char *text;
    size_t copies; /* that are left */
} nets[] = {
    /* each kernel of a convolution, and activations that the register tile does not do */
    {"branch { conv 1x1 20 relu | conv 3x3 36 pad 1 tanh | conv 1x1 8 relu conv 5x5 12 pad 2 relu | "
     "conv 3x3 7 pad 1 dilation 1 sigmoid }",
     0},
    {"branch { conv 1x1 24 bn relu | conv 2x2 5 pad same sigmoid | conv 3x3 18 pad 1 groups 2 }", 0},
    /* branches in branches; a picture of one pixel */
    {"branch { conv 1x1 8 branch { conv 1x1 9 relu | conv 3x3 32 pad 1 relu } | conv 1x1 3 }", 0},
    {"branch { conv 14x14 6 relu | conv 14x14 11 }", 0},
    /* pooling, filters of one channel, a sum, the value in front, and one that is read elsewhere are copied */
    {"branch { maxpool 3x3 stride 1 pad 1 | conv 3x3 24 pad 1 groups 24 | residual { conv 1x1 24 relu } | conv 1x1 4 }",
     3},
    {"a: conv 1x1 5 relu b: conv 1x1 6 relu from a, b concat conv 1x1 3 relu", 1},
    {"a: conv 1x1 5 relu from a, a concat conv 1x1 3 relu", 2},
};

typedef struct rig {
    fv_net *net;
    fv_pool *pool;
    fv_store store;
    fv_inference inference;
} rig;

static void open_rig(rig *r, const char *text, const char *isa, size_t threads, const char *without)
{
    char whole[512];
    fv_exec_options options = {.kernels = fv_kernels_find(isa), .without = without};
    fv_error err = {0};

    *r = (rig){0};
    snprintf(whole, sizeof whole, "net case input 14x14x3 classes 5 conv 3x3 24 pad 1 relu %s conv 1x1 7 dense classes",
             text);
    test_ok(fv_net_parse(NULL, whole, "case.net", &r->net, &err), &err);
    test_ok(fv_pool_create(NULL, threads, &r->pool, &err), &err);
    fv_store_init(&r->store, NULL, options.kernels->real_bytes);
    options.pool = r->pool;
    options.store = &r->store;
    test_ok(fv_inference_plan(NULL, r->net, 3, &options, &r->inference, &err), &err);
    test_ok(fv_exec_open(r->inference.exec, NULL, &err), &err);
    fv_store_initialise(&r->store, 3);
}

static void close_rig(rig *r)
{
    fv_inference_free(&r->inference);
    fv_store_free(&r->store);
    fv_pool_free(r->pool);
    fv_net_free(r->net);
}

static void run(rig *r, size_t seed)
{
    const fv_exec *exec = r->inference.exec;
    const fv_random random = {seed, FV_STREAM_TEST, 0};

    for (size_t i = 0; i < fv_elements(&exec->graph.values[r->inference.input].shape); i++)
        fv_exec_set(exec, r->inference.input, i, 2 * fv_random_uniform(random, i) - 1);
    fv_exec_run(r->inference.exec);
}

/* Steps that copy to a concatenation. */
static size_t copies(const fv_exec *exec)
{
    size_t n = 0;

    for (size_t i = 0; i < exec->plan.n_steps; i++)
        n += exec->graph.nodes[exec->plan.steps[i].node].op == &fv_op_concat;
    return n;
}

static void check(size_t i, const char *isa, size_t threads)
{
    rig joined, copied;

    open_rig(&joined, nets[i].text, isa, threads, NULL);
    open_rig(&copied, nets[i].text, isa, 1, "join");
    assert_int_equal(copies(joined.inference.exec), nets[i].copies);
    fv_exec_prepare(joined.inference.exec);
    fv_exec_prepare(copied.inference.exec);
    for (size_t seed = 1; seed < 4; seed++) {
        run(&joined, seed);
        run(&copied, seed);
        for (size_t k = 0; k < 3 * 5; k++) {
            const double a = fv_exec_get(joined.inference.exec, joined.inference.logits, k);
            const double b = fv_exec_get(copied.inference.exec, copied.inference.logits, k);

            if (!(a == b)) /* NaN is wrong too */
                fail_msg("'%s' on %s, %zu threads: output %zu is %.17g, with copies %.17g", nets[i].text, isa, threads,
                         k, a, b);
        }
    }
    close_rig(&joined);
    close_rig(&copied);
}

static void test_same_bits(void **state)
{
    static const char *const sets[] = {"ref", "ref64", "avx2", "avx512", "neon"};
    static const size_t threads[] = {1, 2, 7};

    (void)state;
    for (size_t s = 0; s < FV_COUNT(sets); s++)
        for (size_t i = 0; fv_kernels_find(sets[s]) && i < FV_COUNT(nets); i++)
            for (size_t t = 0; t < FV_COUNT(threads); t++)
                check(i, sets[s], threads[t]);
}

/* ---------------------------------------------------------------------------------------------- training */

static const struct {
    const char *text;
    size_t copies, gates; /* left: to concatenations, and gradients of activations that have a step of their own */
} trained[] = {
    {"branch { conv 1x1 24 bn relu | conv 3x3 18 pad 1 bn relu | maxpool 3x3 stride 1 pad 1 conv 1x1 7 bn relu }", 0,
     0},
    {"branch { conv 1x1 20 tanh | conv 3x3 36 pad 1 tanh } branch { conv 1x1 8 relu | conv 5x5 5 pad 2 relu }", 0, 0},
    {"branch { conv 1x1 8 relu | conv 3x3 32 pad 1 relu } maxpool 2x2", 0, 1}, /* pooling has no gate */
    /* activations that differ, a branch without one, and a value that is read elsewhere too */
    {"branch { conv 1x1 8 relu | conv 3x3 9 pad 1 tanh }", 2, 2},
    {"branch { conv 1x1 8 relu | conv 3x3 9 pad 1 }", 1, 1},
    {"a: conv 1x1 5 relu b: conv 1x1 6 relu from a, b concat conv 1x1 3 relu", 2, 1},
};

/* Parameters after two steps; `values` has room for them all, or is NULL. Returns how many. */
static size_t train(size_t i, const char *isa, size_t threads, const char *without, double *values)
{
    static const char frame[] = "net case input 14x14x3 classes 5 conv 3x3 24 pad 1 relu %s conv 1x1 7 dense classes";
    enum { BATCH = 17 };
    char text[512];
    uint64_t step = 0;
    fv_settings settings;
    fv_learner learner;
    fv_error err = {0};
    size_t n = 0, gates = 0;
    rig r = {0};

    snprintf(text, sizeof text, frame, trained[i].text);
    test_ok(fv_net_parse(NULL, text, "case.net", &r.net, &err), &err);
    test_ok(fv_pool_create(NULL, threads, &r.pool, &err), &err);
    const fv_exec_options options = {
        .kernels = fv_kernels_find(isa), .pool = r.pool, .store = &r.store, .step = &step, .without = without};

    fv_store_init(&r.store, NULL, options.kernels->real_bytes);
    fv_settings_default(&settings);
    test_ok(fv_learner_create(NULL, r.net, BATCH, &settings, &options, true, &learner, &err), &err);
    for (size_t k = 0; k < learner.exec->plan.n_steps; k++)
        gates += learner.exec->plan.steps[k].kernel == FV_K_act_backward;
    if (!without) {
        assert_int_equal(copies(learner.exec), trained[i].copies);
        assert_int_equal(gates, trained[i].gates);
    }
    fv_store_initialise(&r.store, 3);
    for (; step < 2; step++) {
        for (size_t k = 0; k < fv_elements(fv_shape_of(&learner.exec->graph, learner.input)); k++)
            fv_exec_set(learner.exec, learner.input, k,
                        2 * fv_random_uniform((fv_random){step, FV_STREAM_TEST, 0}, k) - 1);
        for (int k = 0; k < BATCH; k++)
            ((int32_t *)fv_exec_at(learner.exec, learner.labels))[k] = k % 5;
        fv_exec_set(learner.exec, learner.hyper, 0, .1);
        fv_exec_set(learner.exec, learner.hyper, 1, (double)(step + 1));
        fv_exec_run(learner.exec);
    }
    for (size_t k = 0; k < r.store.count; k++)
        for (size_t e = 0; r.store.items[k].param.file_rank && e < r.store.items[k].elements; e++, n++)
            if (values)
                values[n] = fv_store_get(&r.store, &r.store.items[k], e);
    fv_learner_free(&learner);
    close_rig(&r);
    return n;
}

static void test_training(void **state)
{
    static const char *const sets[] = {"ref64", "avx2", "avx512", "neon"};
    enum { MOST = 65536 };
    double *values[2] = {malloc(MOST * sizeof(double)), malloc(MOST * sizeof(double))};

    (void)state;
    for (size_t s = 0; s < FV_COUNT(sets); s++)
        for (size_t i = 0; fv_kernels_find(sets[s]) && i < FV_COUNT(trained); i++) {
            const size_t n = train(i, sets[s], 1, NULL, NULL);

            assert_in_range(n, 1, MOST);
            train(i, sets[s], 1, "lift-gate,join", values[0]);
            for (size_t threads = 1; threads < 4; threads += 2) {
                train(i, sets[s], threads, NULL, values[1]);
                for (size_t k = 0; k < n; k++)
                    if (!(values[0][k] == values[1][k]))
                        fail_msg("'%s' on %s, %zu threads: parameter %zu is %.17g, with copies %.17g", trained[i].text,
                                 sets[s], threads, k, values[1][k], values[0][k]);
            }
        }
    free(values[0]);
    free(values[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bits), cmocka_unit_test(test_training)};

    return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
