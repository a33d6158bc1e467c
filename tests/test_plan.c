/* The planner: no two values that are alive at once share memory, passes change no result, every step's order respects who
 * writes what, and the plan says what it did. */
#include "support.h"

#include "base/random.h"
#include "train/learner.h"
#include <math.h>

static const struct {
    const char *name, *text;
} nets[] = {
    {"lenet",
     "input 28x28x1 classes 10 conv 5x5 6 pad 2 relu maxpool conv 5x5 16 relu maxpool dense 120 relu dense 84 relu "
     "dense classes"},
    {"1998", "input 32x32x1 classes 10 conv 5x5 6 lecun-tanh subsample lecun-tanh conv 5x5 16 table lenet lecun-tanh "
             "subsample lecun-tanh conv 5x5 120 lecun-tanh dense 84 lecun-tanh rbf loss rbf-map j 5"},
    {"residual", "input 9x9x3 classes 5 conv 3x3 8 pad 1 relu residual { conv 3x3 8 pad 1 relu conv 3x3 8 pad 1 } relu "
                 "residual { conv 3x3 8 pad 1 sigmoid } avgpool global dropout .3 dense classes"},
    {"chain", "input 4x4x2 classes 3 relu sigmoid tanh conv 1x1 4 dropout .2 relu dropout .3 dense classes"},
};

typedef struct rig {
    fv_net *net;
    fv_pool *pool;
    fv_store store;
    fv_learner learner;
    uint64_t step;
} rig;

static void open_rig(rig *r, size_t i, size_t batch, size_t threads, const char *without, bool update)
{
    char text[1024];
    fv_settings settings;
    fv_error err = {0};
    fv_exec_options exec = {.kernels = fv_kernels_find("ref64"), .seed = 7, .without = without};

    *r = (rig){0};
    snprintf(text, sizeof text, "net case %s", nets[i].text);
    test_ok(fv_net_parse(NULL, text, "case.net", &r->net, &err), &err);
    test_ok(fv_pool_create(NULL, threads, &r->pool, &err), &err);
    fv_store_init(&r->store, NULL, sizeof(double));
    fv_settings_default(&settings);
    exec.pool = r->pool;
    exec.store = &r->store;
    exec.step = &r->step;
    test_ok(fv_learner_create(NULL, r->net, batch, &settings, &exec, update, &r->learner, &err), &err);
    fv_store_initialise(&r->store, 3);
}

static void close_rig(rig *r)
{
    fv_learner_free(&r->learner);
    fv_store_free(&r->store);
    fv_pool_free(r->pool);
    fv_net_free(r->net);
}

/* ---------------------------------------------------------------------------------------------- memory */

/* Region of a step; values are alive from the first region that touches them to the last, those of one unit from step to
 * step. */
static size_t region_of(const fv_plan *plan, size_t step)
{
    size_t r = 0;

    while (step >= plan->regions[r].first + plan->regions[r].count)
        r++;
    return r;
}

typedef struct life {
    size_t from, to; /* regions, or steps of a value that is local to a region */
} life;

static void touch(life *l, size_t at)
{
    l->from = at < l->from ? at : l->from;
    l->to = at > l->to ? at : l->to;
}

static void find_lives(const fv_plan *plan, life *lives)
{
    const fv_graph *graph = plan->graph;

    for (size_t v = 0; v < graph->n_values; v++)
        lives[v] = (life){SIZE_MAX, 0};
    for (size_t i = 0; i < plan->n_steps; i++)
        for (size_t k = 0; k < plan->steps[i].n_binds; k++) {
            const fv_value v = plan->steps[i].binds[k].value;

            touch(&lives[v], plan->local[v] ? i : region_of(plan, i));
        }
    for (size_t v = 1; v < graph->n_values; v++) {
        const fv_role role = graph->values[v].role;

        if (lives[v].from == SIZE_MAX)
            continue;
        if (role == FV_ROLE_INPUT || role == FV_ROLE_CONST)
            touch(&lives[v], 0);
        if (graph->values[v].keep || role == FV_ROLE_CONST)
            touch(&lives[v], plan->n_regions);
    }
}

/* Two values that are both of the batch, or both of a unit. */
static bool alike(const fv_plan *plan, const life *lives, size_t a, size_t b)
{
    return plan->offset[a] != SIZE_MAX && plan->offset[b] != SIZE_MAX && lives[a].from != SIZE_MAX &&
           lives[b].from != SIZE_MAX && plan->home[a] != plan->home[b] && plan->local[a] == plan->local[b];
}

static size_t end_of(const fv_plan *plan, size_t v, const fv_kernels *kernels)
{
    return plan->offset[v] + (plan->local[v] ? fv_plan_unit_most(plan->graph->batch) * plan->stride[v]
                                             : fv_plan_bytes(plan, (fv_value)v, kernels));
}

static void check_memory(const fv_plan *plan, const fv_kernels *kernels, const char *name)
{
    const size_t n = plan->graph->n_values;
    life *lives = calloc(n, sizeof *lives);

    find_lives(plan, lives);
    for (size_t a = 1; a < n; a++)
        for (size_t b = 1; b < a; b++) {
            const size_t a_end = end_of(plan, a, kernels), b_end = end_of(plan, b, kernels);
            const size_t limit = plan->scratch_at + (plan->local[a] ? plan->scratch_bytes : 0);

            if (!alike(plan, lives, a, b))
                continue;
            if (a_end > limit || b_end > limit || (plan->local[a] && plan->offset[a] < limit - plan->local_bytes))
                fail_msg("%s: values %zu and %zu reach into memory of others", name, a, b);
            if (lives[a].from <= lives[b].to && lives[b].from <= lives[a].to && plan->offset[a] < b_end &&
                plan->offset[b] < a_end)
                fail_msg("%s: values %zu and %zu are alive at once and overlap", name, a, b);
        }
    free(lives);
}

static void test_memory(void **state)
{
    static const size_t batches[] = {1, 7, 32}, threads[] = {1, 2, 8};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(nets); i++)
        for (size_t b = 0; b < FV_COUNT(batches); b++)
            for (size_t t = 0; t < FV_COUNT(threads); t++) {
                rig r;

                open_rig(&r, i, batches[b], threads[t], NULL, true);
                check_memory(&r.learner.exec->plan, r.learner.exec->kernels, nets[i].name);
                assert_true(r.learner.exec->plan.scratch_at < r.learner.exec->plan.sum_bytes);
                if (i == 0 && threads[t] == 1) /* between two layers without weights, say */
                    assert_true((r.learner.exec->plan.local_bytes > 0) == (batches[b] > 1));
                close_rig(&r);
            }
}

/* ---------------------------------------------------------------------------------------------- results */

static void fill(rig *r)
{
    const fv_random random = {11, FV_STREAM_TEST, 0};
    const fv_shape *x = &r->learner.exec->graph.values[r->learner.input].shape;
    int32_t *labels = fv_exec_at(r->learner.exec, r->learner.labels);

    for (size_t i = 0; i < fv_elements(x); i++)
        fv_exec_set(r->learner.exec, r->learner.input, i, 2 * fv_random_uniform(random, i) - 1);
    for (size_t n = 0; n < r->learner.batch; n++)
        labels[n] = (int32_t)(n % r->learner.classes);
}

static double difference(const fv_store *a, const fv_store *b)
{
    double worst = 0;

    for (size_t k = 0; k < a->count; k++) {
        const fv_stored *other = fv_store_find(b, a->items[k].name);

        for (size_t i = 0; i < a->items[k].elements; i++)
            worst = fmax(worst, fabs(fv_store_get(a, &a->items[k], i) - fv_store_get(b, other, i)));
    }
    return worst;
}

/* Three updates with and without a pass: the same numbers but for rounding. */
static void test_passes(void **state)
{
    const fv_pass *pass;

    (void)state;
    for (size_t i = 0; i < FV_COUNT(nets); i++)
        for (size_t p = 0; (pass = fv_pass_list(p)); p++) {
            rig with, without;
            rig *const both[] = {&with, &without};

            open_rig(&with, i, 8, 1, NULL, true);
            open_rig(&without, i, 8, 2, pass->name, true);
            for (size_t k = 0; k < 2; k++)
                for (both[k]->step = 0; both[k]->step < 3; both[k]->step++) {
                    fill(both[k]);
                    fv_exec_set(both[k]->learner.exec, both[k]->learner.hyper, 0, .1);
                    fv_exec_set(both[k]->learner.exec, both[k]->learner.hyper, 1, (double)both[k]->step + 1);
                    fv_exec_run(both[k]->learner.exec);
                }
            if (!(difference(&with.store, &without.store) < 1e-12))
                fail_msg("%s: weights differ by %g without pass %s", nets[i].name,
                         difference(&with.store, &without.store), pass->name);
            close_rig(&with);
            close_rig(&without);
        }
}

/* The passes do something: LeNet's plan without them is longer. */
static void test_passes_matter(void **state)
{
    rig with, without;

    (void)state;
    open_rig(&with, 0, 8, 1, NULL, true);
    open_rig(&without, 0, 8, 1, "pool-first,fuse-activation,fuse-gate", true);
    assert_true(with.learner.exec->plan.n_steps + 6 <= without.learner.exec->plan.n_steps);
    close_rig(&with);
    close_rig(&without);
}

static void test_explain(void **state)
{
    static const char *const words[] = {"pool-first",           "conv_forward", "maxpool",
                                        "each unit of samples", "memory:",      "MFLOP"};
    rig r;
    fv_text text;

    (void)state;
    open_rig(&r, 0, 32, 1, NULL, true);
    fv_text_init(&text, NULL);
    fv_plan_explain(&r.learner.exec->plan, r.learner.exec->kernels, &text);
    fv_plan_explain_memory(&r.learner.exec->plan, r.learner.exec->kernels, &text);
    for (size_t i = 0; i < FV_COUNT(words); i++)
        assert_non_null(strstr(text.data, words[i]));
    fv_text_free(&text);
    close_rig(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_passes),
                                       cmocka_unit_test(test_passes_matter), cmocka_unit_test(test_explain)};

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
