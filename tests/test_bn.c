/* Batch normalisation: folded into weights it gives the same results, running averages follow the batches, frozen ones
 * do not; and what is made once for an inference session is not overwritten by what is computed in each run. */
#include "support.h"

#include "base/random.h"
#include "train/learner.h"
#include <math.h>

/* More than 16 MiB of weights: the planner then keeps steps in their order (plan/schedule.c). */
#define LARGE "dense 1100 relu dense classes"

typedef struct rig {
    fv_net *net;
    fv_pool *pool;
    fv_store store;
    uint64_t step;
} rig;

static void open_rig(rig *r, const char *text, const fv_kernels *kernels)
{
    char whole[1024];
    fv_error err = {0};

    *r = (rig){0};
    snprintf(whole, sizeof whole, "net case classes 10 %s", text);
    test_ok(fv_net_parse(NULL, whole, "case.net", &r->net, &err), &err);
    test_ok(fv_pool_create(NULL, 2, &r->pool, &err), &err);
    fv_store_init(&r->store, NULL, kernels->real_bytes);
}

static void close_rig(rig *r)
{
    fv_store_free(&r->store);
    fv_pool_free(r->pool);
    fv_net_free(r->net);
}

static fv_exec *open_inference(rig *r, const fv_kernels *kernels, size_t batch, const char *without, fv_value *logits)
{
    const fv_exec_options options = {.kernels = kernels, .pool = r->pool, .store = &r->store, .without = without};
    fv_graph graph;
    fv_exec *exec;
    fv_error err = {0};

    fv_graph_init(&graph, NULL, batch, false);
    test_ok(fv_net_build(r->net, &graph, &err), &err);
    test_ok(fv_plan_simplify(&graph, without, &err), &err);
    *logits = graph.logits;
    graph.values[graph.logits].keep = true;
    test_ok(fv_exec_create(NULL, &graph, &options, &exec, &err), &err);
    return exec;
}

static void open_learner(rig *r, const fv_kernels *kernels, size_t batch, bool update, fv_learner *learner)
{
    const fv_exec_options options = {.kernels = kernels, .pool = r->pool, .store = &r->store, .step = &r->step};
    fv_settings settings;
    fv_error err = {0};

    fv_settings_default(&settings);
    test_ok(fv_learner_create(NULL, r->net, batch, &settings, &options, update, learner, &err), &err);
}

static double uniform(uint32_t stream, size_t i)
{
    return fv_random_uniform((fv_random){9, FV_STREAM_TEST, stream}, i);
}

/* First values, and batch norm's moved away from 0 and 1. */
static void fill_store(rig *r)
{
    fv_store_initialise(&r->store, 3);
    for (size_t k = 0; k < r->store.count; k++) {
        fv_stored *item = &r->store.items[k];

        for (size_t i = 0; item->param.file_rank == 1 && i < item->elements; i++)
            fv_store_set(&r->store, item, i, fv_store_get(&r->store, item, i) + uniform((uint32_t)k, i) - .3);
    }
}

static double pixel(size_t run, size_t i)
{
    return 3 * uniform((uint32_t)(1000 + run), i) - 1;
}

static void fill_input(fv_exec *exec, fv_value input, size_t run)
{
    for (size_t i = 0; i < fv_elements(&exec->graph.values[input].shape); i++)
        fv_exec_set(exec, input, i, pixel(run, i));
}

/* max |a - b| / max |b| */
static double distance(const fv_exec *a, fv_value x, const fv_exec *b, fv_value y)
{
    const size_t n = fv_elements(&a->graph.values[x].shape);
    double most = 0, largest = 0;

    for (size_t i = 0; i < n; i++) {
        const double u = fv_exec_get(a, x, i), v = fv_exec_get(b, y, i);

        most = isfinite(u) ? fmax(most, fabs(u - v)) : (double)INFINITY;
        largest = fmax(largest, fabs(v));
    }
    return most / largest;
}

/* ------------------------------------------------------------------------------------------------- folding */

static size_t count_nodes(const fv_exec *exec, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < exec->graph.n_nodes; i++)
        n += strcmp(exec->graph.nodes[i].op->name, name) == 0;
    return n;
}

static const struct {
    const char *text;
    size_t folded, applied; /* bn nodes that end in weights, and those that cannot */
} folds[] = {
    {"input 9x8x3 conv 3x3 7 pad 1 nobias bn relu conv 3x3 5 bn sigmoid dense classes", 2, 0},
    {"input 6x6x4 conv 3x3 6 groups 2 bn conv 3x3 6 groups 6 pad 1 nobias bn tanh dense 9 bn relu dense classes bn", 4,
     0},
    {"input 6x6x3 bn conv 3x3 4 relu bn maxpool bn dense classes", 0, 3},
    {"input 6x6x3 conv 3x3 4 bn relu bn dense classes", 1, 1},
    {"input 8x8x3 conv 3x3 4 pad 1 residual { conv 3x3 4 pad 1 nobias bn relu conv 3x3 4 pad 1 nobias bn } relu "
     "residual stride 2 project { conv 3x3 6 pad 1 bn } avgpool global dense classes",
     4, 0},
    {"input 8x8x3 c: conv 3x3 4 pad 1 bn from c, input concat conv 1x1 4 dense classes", 1, 0},
    {"input 8x8x3 c: conv 3x3 4 pad 1 r: relu from c b: bn from r, b add dense classes", 0, 1}, /* c is read twice */
    {"input 32x32x3 conv 3x3 4 pad 1 bn relu maxpool conv 3x3 16 pad 1 nobias bn relu " LARGE, 2, 0},
};

static void check_fold(size_t i, const fv_kernels *kernels, double bound)
{
    fv_value logits[2];
    fv_exec *exec[2];
    rig r;

    open_rig(&r, folds[i].text, kernels);
    exec[0] = open_inference(&r, kernels, 3, NULL, &logits[0]);
    exec[1] = open_inference(&r, kernels, 3, "fold-bn", &logits[1]);
    fill_store(&r);
    for (size_t k = 0; k < 2; k++)
        fv_exec_prepare(exec[k]);
    for (size_t run = 0; run < 2; run++) { /* nothing that was made once may be gone in the second run */
        for (size_t k = 0; k < 2; k++) {
            fill_input(exec[k], exec[k]->graph.input, run);
            fv_exec_compute(exec[k]);
        }
        const double error = distance(exec[0], logits[0], exec[1], logits[1]);

        if (!(error <= bound))
            fail_msg("net %zu on %s, run %zu: folded results are off by %.3g", i, kernels->isa, run, error);
    }
    assert_int_equal(count_nodes(exec[0], "bn"), 0);
    assert_int_equal(count_nodes(exec[0], "bn_fold"), folds[i].folded);
    assert_int_equal(count_nodes(exec[0], "bn_apply"), folds[i].applied);
    assert_int_equal(count_nodes(exec[1], "bn"), folds[i].folded + folds[i].applied);
    fv_exec_free(exec[0]);
    fv_exec_free(exec[1]);
    close_rig(&r);
}

static void folding_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < FV_COUNT(folds); i++) {
        check_fold(i, fv_kernels_find(NULL), 1e-5);
        check_fold(i, fv_kernels_find("ref64"), 1e-12);
    }
}

/* Folded weights are packed and then done with: of all layers together they would take as much as the net again. */
static void folded_weights_are_not_kept(void **state)
{
    const fv_kernels *kernels = fv_kernels_find(NULL);
    fv_value logits;
    size_t bytes[2];
    rig r;

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        open_rig(&r,
                 k ? "input 32x32x3 conv 3x3 4 pad 1 dense 1100 dense 1100 dense classes"
                   : "input 32x32x3 conv 3x3 4 pad 1 bn dense 1100 bn dense 1100 bn dense classes",
                 kernels);
        fv_exec *exec = open_inference(&r, kernels, 1, NULL, &logits);

        bytes[k] = exec->plan.arena_bytes;
        fv_exec_free(exec);
        close_rig(&r);
    }
    /* the largest matrix may lie there twice while the session is made */
    assert_in_range(bytes[0], 0, bytes[1] + (size_t)4096 * 1100 * sizeof(float) + (64 << 10));
}

/* A session's results are those of the training graph where that does the same. */
static void what_is_made_once_stays(void **state)
{
    const fv_kernels *kernels = fv_kernels_find(NULL);
    fv_learner learner;
    fv_value logits;
    fv_exec *exec;
    rig r;

    (void)state;
    open_rig(&r,
             "input 32x32x3 conv 3x3 12 pad 1 relu conv 3x3 12 pad 1 relu maxpool conv 3x3 16 pad 1 relu maxpool "
             "conv 3x3 64 pad 1 relu " LARGE,
             kernels);
    exec = open_inference(&r, kernels, 2, NULL, &logits);
    open_learner(&r, kernels, 2, false, &learner);
    fill_store(&r);
    fv_exec_prepare(exec);
    memset(fv_exec_at(learner.exec, learner.labels), 0, 2 * sizeof(int32_t));
    for (size_t run = 0; run < 2; run++) {
        fill_input(exec, exec->graph.input, run);
        fill_input(learner.exec, learner.input, run);
        fv_exec_compute(exec);
        fv_exec_compute(learner.exec);
        const double error = distance(exec, logits, learner.exec, learner.logits);

        if (!(error <= 1e-5))
            fail_msg("run %zu: the session is off by %.3g", run, error);
    }
    fv_exec_free(exec);
    fv_learner_free(&learner);
    close_rig(&r);
}

/* ------------------------------------------------------------------------------------------------- averages */

enum { BATCH = 5, CHANNELS = 3 };

/* Mean and variance (divided by m - 1) of a channel of the input. */
static void statistics(size_t run, size_t pixels, size_t c, double *mean, double *var)
{
    *mean = *var = 0;
    for (size_t p = 0; p < pixels; p++)
        *mean += pixel(run, p * CHANNELS + c) / (double)pixels;
    for (size_t p = 0; p < pixels; p++)
        *var += (pixel(run, p * CHANNELS + c) - *mean) * (pixel(run, p * CHANNELS + c) - *mean) / (double)(pixels - 1);
}

/* Updates run behind everything else (fv_exec_update), so that nothing may stand behind them in the plan: its values
 * could lie where those lay that the updates still read. */
static void check_updates_are_last(const fv_plan *plan)
{
    bool update = false;

    for (size_t r = 0; r < plan->n_regions; r++) {
        assert_true(plan->regions[r].update || !update);
        update = plan->regions[r].update;
    }
    assert_true(update);
}

/* After two steps; `momentum` 0 is frozen. */
static void check_averages(const char *text, size_t pixels, double momentum, bool update)
{
    const fv_kernels *kernels = fv_kernels_find(NULL);
    fv_learner learner;
    double want[2][CHANNELS];
    rig r;

    open_rig(&r, text, kernels);
    open_learner(&r, kernels, BATCH, update, &learner);
    if (update)
        check_updates_are_last(&learner.exec->plan);
    fill_store(&r);
    fv_stored *stored[2] = {fv_store_find(&r.store, "bn1.running_mean"), fv_store_find(&r.store, "bn1.running_var")};

    for (size_t k = 0; k < 2; k++) {
        assert_non_null(stored[k]);
        for (size_t c = 0; c < CHANNELS; c++)
            want[k][c] = fv_store_get(&r.store, stored[k], c);
    }
    memset(fv_exec_at(learner.exec, learner.labels), 0, BATCH * sizeof(int32_t));
    for (size_t run = 0; run < 2; run++) {
        fill_input(learner.exec, learner.input, run);
        for (size_t i = 0; update && i < 2; i++)
            fv_exec_set(learner.exec, learner.hyper, i, i ? (double)(run + 1) : 1e-3);
        fv_exec_compute(learner.exec);
        for (size_t c = 0; c < CHANNELS; c++) /* not before the updates */
            assert_true(fabs(fv_store_get(&r.store, stored[0], c) - want[0][c]) < 1e-5);
        fv_exec_update(learner.exec);
        for (size_t c = 0; c < CHANNELS; c++) {
            double mean, var;

            statistics(run, pixels, c, &mean, &var);
            want[0][c] += momentum * (mean - want[0][c]);
            want[1][c] += momentum * (var - want[1][c]);
            for (size_t k = 0; k < 2; k++)
                if (fabs(fv_store_get(&r.store, stored[k], c) - want[k][c]) > 1e-5)
                    fail_msg("%s: running %s of channel %zu is %.8g after step %zu, should be %.8g", text,
                             k ? "variance" : "mean", c, fv_store_get(&r.store, stored[k], c), run, want[k][c]);
        }
    }
    fv_learner_free(&learner);
    close_rig(&r);
}

static void averages_follow_the_batches(void **state)
{
    (void)state;
    check_averages("input 4x3x3 bn dense classes", BATCH * 12, .1, false);
    check_averages("input 7x11x3 bn momentum .25 relu dense classes", BATCH * 77, .25, true);
    check_averages("input 1x1x3 bn momentum 1 dense classes", BATCH, 1, true);
    check_averages("input 4x3x3 bn frozen dense classes", BATCH * 12, 0, false);
    /* in the order of the text, where updates stand between other steps: what they read must still be there */
    check_averages("input 32x32x3 bn conv 3x3 8 pad 1 relu maxpool conv 3x3 16 pad 1 bn relu " LARGE, BATCH * 1024, .1,
                   true);
}

/* Frozen, training computes what inference does. */
static void frozen_is_inference(void **state)
{
    const fv_kernels *kernels = fv_kernels_find("ref64");
    fv_learner learner;
    fv_value logits;
    fv_exec *exec;
    rig r;

    (void)state;
    open_rig(&r, "input 6x5x3 conv 3x3 4 bn frozen eps .01 relu dense classes", kernels);
    exec = open_inference(&r, kernels, 2, NULL, &logits);
    open_learner(&r, kernels, 2, false, &learner);
    fill_store(&r);
    fv_exec_prepare(exec);
    memset(fv_exec_at(learner.exec, learner.labels), 0, 2 * sizeof(int32_t));
    fill_input(exec, exec->graph.input, 0);
    fill_input(learner.exec, learner.input, 0);
    fv_exec_compute(exec);
    fv_exec_compute(learner.exec);
    assert_true(distance(exec, logits, learner.exec, learner.logits) < 1e-12);
    fv_exec_free(exec);
    fv_learner_free(&learner);
    close_rig(&r);
}

/* ------------------------------------------------------------------------------------------------- threads */

static size_t most_rounds(const fv_plan *plan)
{
    size_t most = 0;

    for (size_t i = 0; i < plan->n_steps; i++)
        most = plan->steps[i].rounds > most ? plan->steps[i].rounds : most;
    return most;
}

/* The same bits on one thread and on three, in both orders of steps, with steps of several rounds. */
static void threads_change_no_bit(void **state)
{
    static const char *const texts[] = {
        "input 8x8x3 conv 3x3 20 pad 1 nobias bn relu residual { conv 3x3 20 pad 1 nobias bn } relu dense classes",
        "input 32x32x3 conv 3x3 8 pad 1 bn relu maxpool conv 3x3 16 pad 1 bn relu " LARGE,
        /* weight gradients in rounds: several chunks of tiles, and one */
        "input 20x20x3 conv 3x3 48 pad 1 bn relu conv 3x3 48 pad 1 bn relu maxpool 3x3 stride 1 "
        "branch { conv 1x1 20 relu | conv 5x5 33 pad 2 relu } maxpool conv 3x3 40 pad 1 relu avgpool global dense "
        "classes"};
    const fv_kernels *kernels = fv_kernels_find(NULL);
    fv_error err = {0};

    (void)state;
    for (size_t t = 0; t < FV_COUNT(texts); t++) {
        fv_learner learner[2];
        rig r[2];

        for (size_t k = 0; k < 2; k++) {
            open_rig(&r[k], texts[t], kernels);
            fv_pool_free(r[k].pool);
            test_ok(fv_pool_create(NULL, k ? 3 : 1, &r[k].pool, &err), &err);
            open_learner(&r[k], kernels, 19, true, &learner[k]);
            fill_store(&r[k]);
            memset(fv_exec_at(learner[k].exec, learner[k].labels), 0, 19 * sizeof(int32_t));
            for (size_t run = 0; run < 2; run++) {
                fill_input(learner[k].exec, learner[k].input, run);
                fv_exec_set(learner[k].exec, learner[k].hyper, 0, .01);
                fv_exec_set(learner[k].exec, learner[k].hyper, 1, (double)(run + 1));
                fv_exec_run(learner[k].exec);
            }
        }
        if (t == 2 && kernels != fv_kernels_find("ref"))
            assert_true(most_rounds(&learner[1].exec->plan) > 3);
        for (size_t i = 0; i < r[0].store.count; i++)
            if (memcmp(r[0].store.items[i].data, r[1].store.items[i].data,
                       r[0].store.items[i].elements * sizeof(float)))
                fail_msg("%s differs between one thread and three", r[0].store.items[i].name);
        for (size_t k = 0; k < 2; k++) {
            fv_learner_free(&learner[k]);
            close_rig(&r[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_changes_nothing), cmocka_unit_test(folded_weights_are_not_kept),
        cmocka_unit_test(what_is_made_once_stays), cmocka_unit_test(averages_follow_the_batches),
        cmocka_unit_test(frozen_is_inference),     cmocka_unit_test(threads_change_no_bit),
    };

    return cmocka_run_group_tests_name("bn", tests, NULL, NULL);
}
