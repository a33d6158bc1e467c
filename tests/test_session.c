/* Sessions: the numbers they give, on every instruction set, any batch, several at once, and what they allocate. */
#include "golden.h"
#include "models.h"

#include <pthread.h>

enum { BATCH = 5 };

/* ---------------------------------------------------------------------------------------------------------- numbers */

static const char *const nets[] = {"lenet-5", "lenet-5-1998"};

/* Every instruction set of this CPU against the plain kernels in double. */
static void instruction_sets_agree(void **state)
{
    (void)state;
    for (size_t k = 0; k < FV_COUNT(nets); k++) {
        fv_model *model = loud_model(nets[k]);
        float *input = make_input(model, BATCH, 1), want[BATCH * 10], have[BATCH * 10];
        fv_session *judge = open_session(NULL, model, "ref64", BATCH, 1);
        const fv_kernels *kernels;

        run(judge, input, BATCH, want);
        fv_session_free(judge);
        print_message("%s: samples differ by %.2g\n", nets[k], distance(want, want + 10, 10));
        assert_true(distance(want, want + 10, 10) > 1e-2); /* the input is read */
        for (size_t i = 0; (kernels = fv_kernels_list(i)); i++) {
            fv_session *session = open_session(NULL, model, kernels->isa, BATCH, 2);
            double worst;

            memset(have, 0, sizeof have);
            run(session, input, BATCH, have);
            worst = distance(have, want, BATCH * 10);
            print_message("%s on %s: %.2g\n", nets[k], kernels->isa, worst);
            assert_true(worst < 1e-4);
            fv_session_free(session);
        }
        free(input);
        fv_model_free(model);
    }
}

/* A short batch gives the numbers of a full one, after a run that left others behind; and of a session of batch 1. */
static void short_batches_are_padded(void **state)
{
    fv_model *model = zoo_model("lenet-5");
    float *input = make_input(model, BATCH, 1), *other = make_input(model, BATCH, 2);
    float want[BATCH * 10], have[BATCH * 10 + 1];
    const size_t pixels = 28 * 28;
    fv_session *session = open_session(NULL, model, NULL, BATCH, 2), *one = open_session(NULL, model, NULL, 0, 1);

    (void)state;
    run(session, input, BATCH, want);
    for (size_t n = 1; n < BATCH; n++) {
        run(session, other, BATCH, have);
        have[n * 10] = 123;
        run(session, input, n, have);
        assert_memory_equal(have, want, n * 10 * sizeof *have);
        assert_true(have[n * 10] == 123); /* no more than n samples are written */
    }
    for (size_t n = 0; n < BATCH; n++) {
        run(one, input + n * pixels, 1, have);
        assert_true(distance(have, want + n * 10, 10) < 1e-5);
    }
    fv_session_free(session);
    fv_session_free(one);
    free(input);
    free(other);
    fv_model_free(model);
}

/* Where the smallest distance wins, the output is its negative: the largest wins everywhere. */
static void distances_are_negated(void **state)
{
    fv_model *model = zoo_model("lenet-5-1998");
    float *input = make_input(model, 1, 1), out[10];
    fv_session *session = open_session(NULL, model, NULL, 1, 1);

    (void)state;
    assert_true(fv_net_smallest_wins(fv_model_net(model)));
    run(session, input, 1, out);
    for (size_t c = 0; c < 10; c++) {
        const double x = fv_exec_get(fv_session_exec(session), fv_session_logits(session), c);

        assert_true(x > 0 && out[c] == (float)-x);
    }
    fv_session_free(session);
    free(input);
    fv_model_free(model);
}

/* A model that was saved and opened gives the same bits. */
static void opened_models_give_the_same_bits(void **state)
{
    const char *path = test_path("lenet.safetensors");
    fv_model *model = zoo_model("lenet-5"), *opened;
    float *input = make_input(model, BATCH, 1), want[BATCH * 10], have[BATCH * 10];
    fv_session *a = open_session(NULL, model, NULL, BATCH, 1), *b;
    fv_error err = {0};

    (void)state;
    test_ok(fv_model_save(model, path, &err), &err);
    test_ok(fv_model_open(NULL, path, &opened, &err), &err);
    b = open_session(NULL, opened, NULL, BATCH, 2);
    run(a, input, BATCH, want);
    run(b, input, BATCH, have);
    assert_memory_equal(have, want, sizeof want);
    fv_session_free(a);
    fv_session_free(b);
    free(input);
    fv_model_free(model);
    fv_model_free(opened);
}

/* ------------------------------------------------------------------------------------------------------ golden data */

/* In double through the plan itself, for a session's output is float. */
static void golden_in_double(const golden *g, const char *name)
{
    fv_net *net = zoo(name);
    fv_store store;
    fv_pool *pool;
    fv_exec *exec;
    fv_graph graph;
    fv_error err = {0};
    double have[20], want[20], worst;

    test_ok(fv_pool_create(NULL, 1, &pool, &err), &err);
    fv_store_init(&store, NULL, sizeof(double));
    fv_graph_init(&graph, NULL, g->batch, false);
    test_ok(fv_net_build(net, &graph, &err), &err);
    test_ok(fv_plan_simplify(&graph, NULL, &err), &err);
    graph.values[graph.logits].keep = true;
    const fv_value input = graph.input, logits = graph.logits;
    const fv_exec_options options = {.kernels = fv_kernels_find("ref64"), .pool = pool, .store = &store};

    test_ok(fv_exec_create(NULL, &graph, &options, &exec, &err), &err);
    golden_fill_store(g, &store, false);
    golden_fill_input(g, exec, input);
    fv_exec_prepare(exec);
    fv_exec_compute(exec);
    golden_read(g, "eval/logits", want, g->batch * g->classes);
    for (size_t i = 0; i < g->batch * g->classes; i++)
        have[i] = fv_exec_get(exec, logits, i);
    worst = golden_distance(have, want, g->batch * g->classes);
    print_message("%s in double: %.2g\n", name, worst);
    assert_true(worst < 1e-9);
    fv_exec_free(exec);
    fv_store_free(&store);
    fv_pool_free(pool);
    fv_net_free(net);
}

/* In float, through a model and sessions of every instruction set. */
static void golden_in_float(const golden *g, const char *name)
{
    fv_net *net = zoo(name);
    fv_model *model;
    fv_store store;
    fv_graph graph;
    fv_error err = {0};
    fv_shape x = fv_shape4(g->batch, g->size, g->size, g->channels);
    double have[20], want[20];
    float *input = malloc(fv_elements(&x) * sizeof *input), out[20];
    const fv_kernels *kernels;

    fv_graph_init(&graph, NULL, 1, true);
    test_ok(fv_net_build(net, &graph, &err), &err);
    fv_store_init(&store, NULL, sizeof(float));
    test_ok(fv_store_add_graph(&store, &graph, NULL, &err), &err);
    fv_graph_free(&graph);
    golden_fill_store(g, &store, false);
    test_ok(fv_model_from_store(NULL, net, &store, &model, &err), &err);
    fv_store_free(&store);
    for (size_t i = 0; i < fv_elements(&x); i++)
        input[i] = (float)golden_pixel(g, &x, i);
    golden_read(g, "eval/logits", want, g->batch * g->classes);
    for (size_t i = 0; (kernels = fv_kernels_list(i)); i++) {
        fv_session *session = open_session(NULL, model, kernels->isa, g->batch, 2);
        double worst;

        run(session, input, g->batch, out);
        for (size_t k = 0; k < g->batch * g->classes; k++)
            have[k] = fv_net_smallest_wins(net) ? -(double)out[k] : (double)out[k];
        worst = golden_distance(have, want, g->batch * g->classes);
        print_message("%s on %s: %.2g\n", name, kernels->isa, worst);
        assert_true(worst < 1e-4);
        fv_session_free(session);
    }
    free(input);
    fv_model_free(model);
    fv_net_free(net);
}

static void generator_is_the_golden_datas(void **state)
{
    static const double want[] = {0.99916111651706818, 0.35708120794421272, -0.52374171388912649, -0.96245548523347635};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(want); i++)
        assert_true(golden_uniform(20261, 7, i) == want[i]);
    assert_true(golden_uniform(20261, 7, 12345) == -0.70180618505484538);
}

static void golden_logits(void **state)
{
    static golden g;

    (void)state;
    for (size_t k = 0; k < FV_COUNT(nets); k++) {
        char name[64];

        snprintf(name, sizeof name, "reduced/%s", nets[k]);
        if (!golden_open(&g, name)) {
            skip();
            return;
        }
        golden_in_double(&g, nets[k]);
        golden_in_float(&g, nets[k]);
        golden_close(&g);
    }
}

/* ----------------------------------------------------------------------------------------------------------- memory */

static void running_allocates_nothing(void **state)
{
    fv_model *model = zoo_model("lenet-5");
    float *input = make_input(model, BATCH, 1), output[BATCH * 10];

    (void)state;
    for (size_t threads = 1; threads <= 3; threads++) {
        test_host h;
        fv_session *session;
        size_t before;

        test_host_init(&h);
        session = open_session(&h.host, model, NULL, BATCH, threads);
        assert_true(fv_session_bytes(session) > 61706 * sizeof(float) && fv_session_bytes(session) <= h.live_bytes);
        before = h.total;
        assert_true(before > 0);
        for (size_t n = 1; n <= BATCH; n++)
            run(session, input, n, output);
        assert_int_equal(h.total, before);
        fv_session_free(session);
        assert_int_equal(h.live, 0);
    }
    free(input);
    fv_model_free(model);
}

static fv_status use_session(const fv_host *host, void *arg, fv_error *err)
{
    fv_session_options options = FV_SESSION_OPTIONS;
    fv_session *session;
    fv_status status;

    options.threads = 1;
    status = fv_session_create(host, arg, &options, &session, err);
    assert_true((session == NULL) == (status != FV_OK));
    fv_session_free(session);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    fv_model *model = zoo_model("lenet-5");

    (void)state;
    assert_true(test_every_failure(use_session, model) >= 20);
    fv_model_free(model);
}

/* ---------------------------------------------------------------------------------------------------------- threads */

typedef struct job {
    const fv_model *model;
    size_t threads;
    const float *input;
    float output[BATCH * 10];
    bool same;
} job;

static void *run_job(void *arg)
{
    job *j = arg;
    fv_session_options options = FV_SESSION_OPTIONS;
    fv_session *session = NULL;
    float again[BATCH * 10];

    options.batch = BATCH;
    options.threads = j->threads;
    if (fv_session_create(NULL, j->model, &options, &session, NULL) ||
        fv_session_run(session, j->input, BATCH, j->output, NULL))
        return NULL;
    j->same = true;
    for (int i = 0; i < 50; i++)
        j->same = j->same && fv_session_run(session, j->input, BATCH, again, NULL) == FV_OK &&
                  memcmp(again, j->output, sizeof again) == 0;
    fv_session_free(session);
    return NULL;
}

/* Three sessions of one model at once, of 1, 2 and 3 threads: the same bits as one after the other. */
static void sessions_of_a_model_run_at_once(void **state)
{
    fv_model *model = zoo_model("lenet-5");
    float *input = make_input(model, BATCH, 1), want[BATCH * 10];
    fv_session *session = open_session(NULL, model, NULL, BATCH, 1);
    pthread_t threads[3];
    job jobs[3] = {{0}};

    (void)state;
    run(session, input, BATCH, want);
    fv_session_free(session);
    for (size_t i = 0; i < FV_COUNT(jobs); i++) {
        jobs[i] = (job){.model = model, .threads = i + 1, .input = input};
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (size_t i = 0; i < FV_COUNT(jobs); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(jobs[i].same);
        assert_memory_equal(jobs[i].output, want, sizeof want);
    }
    free(input);
    fv_model_free(model);
}

/* ---------------------------------------------------------------------------------------------------------- options */

static void options_are_checked(void **state)
{
    fv_model *model = zoo_model("lenet-5");
    fv_session_options options = FV_SESSION_OPTIONS;
    float *input = make_input(model, 1, 1), output[20];
    fv_session *session;
    fv_error err = {0};

    (void)state;
    test_failed(fv_session_create(NULL, NULL, NULL, &session, &err), FV_E_ARGUMENT, &err, "no model");
    options.isa = "avx1024";
    test_failed(fv_session_create(NULL, model, &options, &session, &err), FV_E_UNKNOWN, &err, "'avx1024'");
    test_message(&err, "ref");
    assert_null(session);
    options.isa = "ref";
    session = open_session(NULL, model, "ref", 1, 1);
    assert_string_equal(fv_session_exec(session)->kernels->isa, "ref");
    fv_session_free(session);
    options = (fv_session_options){.size = offsetof(fv_session_options, threads), .batch = 2, .isa = "none"};
    test_ok(fv_session_create(NULL, model, &options, &session, &err), &err); /* of an older header: isa is not read */
    test_failed(fv_session_run(session, input, 0, output, &err), FV_E_RANGE, &err, "a batch of 0");
    test_failed(fv_session_run(session, input, 3, output, &err), FV_E_RANGE, &err,
                "a batch of 3: this session runs 1 to 2");
    assert_non_null(strstr(fv_session_explain(session), "conv"));
    fv_session_free(session);
    options = (fv_session_options){.size = sizeof options, .batch = SIZE_MAX / 1024};
    assert_true(fv_session_create(NULL, model, &options, &session, &err) != FV_OK);
    assert_null(session);
    free(input);
    fv_model_free(model);
}

/* More threads than the plan has work for, or the machine cores. */
static void many_threads_give_the_same_bits(void **state)
{
    fv_model *model = zoo_model("lenet-5");
    float *input = make_input(model, BATCH, 1), want[BATCH * 10], have[BATCH * 10];

    (void)state;
    for (size_t threads = 1; threads <= 8; threads++) {
        fv_session *session = open_session(NULL, model, NULL, BATCH, threads);

        run(session, input, BATCH, threads == 1 ? want : have);
        if (threads > 1)
            assert_memory_equal(have, want, sizeof want);
        fv_session_free(session);
    }
    free(input);
    fv_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruction_sets_agree),          cmocka_unit_test(short_batches_are_padded),
        cmocka_unit_test(distances_are_negated),           cmocka_unit_test(opened_models_give_the_same_bits),
        cmocka_unit_test(generator_is_the_golden_datas),   cmocka_unit_test(golden_logits),
        cmocka_unit_test(running_allocates_nothing),       cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(sessions_of_a_model_run_at_once), cmocka_unit_test(options_are_checked),
        cmocka_unit_test(many_threads_give_the_same_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
