/* Memory: what plans of the published sizes take, that a run which cannot fit is refused before anything is allocated,
 * and that plans which share a room compute what they compute alone. */
#include "support.h"

#include "data/data.h"
#include "model/model.h"
#include "train/memory.h"
#include "train/trainer.h"

enum { MIB = 1 << 20 };

static fv_net *open_net(const char *name)
{
    fv_net *net;
    fv_error err = {0};

    test_ok(fv_net_open(NULL, name, &net, &err), &err);
    return net;
}

/* Pictures that nobody looks at, as the net wants them. */
static fv_data pattern(const fv_net *net, size_t count)
{
    const fv_preprocess *p = fv_net_preprocess(net);

    return (fv_data){.height = p->height,
                     .width = p->width,
                     .channels = p->channels,
                     .classes = fv_net_classes(net),
                     .counts = {[FV_TRAIN] = count, [FV_TEST] = 1}};
}

/* ---------------------------------------------------------------------------------------------- published sizes */

/* Everything that a process takes, the data set aside. Limits are the project's own, stated in doc/memory.md. */
static void training_takes(void **state)
{
    static const struct {
        const char *net;
        size_t batch, most_mib;
    } cases[] = {{"resnet-34", 16, 1638}, {"googlenet", 16, 1536}, {"alexnet", 64, 2048}};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_net *net = open_net(cases[i].net);
        const fv_data data = pattern(net, cases[i].batch);
        fv_train_options options = FV_TRAIN_OPTIONS;
        fv_memory memory;
        fv_trainer *t;
        fv_error err = {0};
        char text[32];

        snprintf(text, sizeof text, "batch %zu", cases[i].batch);
        options.text = text;
        options.threads = 2;
        test_ok(fv_trainer_prepare(NULL, net, &data, &options, true, NULL, &t, &err), &err);
        fv_memory_of_trainer(t, &memory);
        const size_t taken = fv_memory_sum(&memory) - memory.data;

        if (taken / MIB >= cases[i].most_mib)
            fail_msg("training %s, batch %zu: %zu MiB planned, less than %zu wanted", cases[i].net, cases[i].batch,
                     taken / MIB, cases[i].most_mib);
        assert_true(memory.optimizer > 0 && memory.gradients > 0 && memory.saving > 0 && memory.activations > 0);
        fv_trainer_free(t);
        fv_net_free(net);
    }
}

/* VGG-D for one picture: each weight once, in its kernel's layout or as it is, and under 60 MiB beyond that. Winograd's
 * filters are four times as large as the convolutions' weights (56 MiB), the dense layers' panels as large (472 MiB). */
static void using_vgg_takes(void **state)
{
    fv_net *net = open_net("vgg-d");
    fv_exec_options options = {.kernels = fv_kernels_find(NULL)};
    fv_inference run;
    fv_memory memory;
    fv_store store;
    fv_error err = {0};

    (void)state;
    fv_store_init(&store, NULL, sizeof(float));
    options.store = &store;
    test_ok(fv_pool_create(NULL, 2, &options.pool, &err), &err);
    test_ok(fv_inference_plan(NULL, net, 1, &options, &run, &err), &err);
    fv_memory_of_exec(run.exec, &memory);
    assert_true(memory.packed / MIB >= 528 && memory.packed / MIB <= 4 * 56 + 472 && memory.weights < MIB);
    if (memory.activations + memory.scratch + memory.unused + memory.passing >= 60 * MIB)
        fail_msg("activations %zu, scratch %zu, unused %zu, passing %zu bytes", memory.activations, memory.scratch,
                 memory.unused, memory.passing);
    test_failed(fv_inference_check(&run, net, 500 * MIB, &err), FV_E_MEMORY, &err, "vgg-d, batch 1: needs 7");
    test_message(&err, " MiB of memory, 500.0 MiB are available; use a smaller batch");
    fv_inference_free(&run);
    fv_pool_free(options.pool);
    fv_store_free(&store);
    fv_net_free(net);
}

/* With low_memory what is planned comes near the weights, and every bit stays. */
static void low_memory_changes_no_bit(void **state)
{
    static const char *const nets[] = {"resnet-34", "vgg-a"};
    const fv_net_size size = {sizeof size, 1, 8, 64, 64, 0};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(nets); i++) {
        fv_net *whole = open_net(nets[i]), *net;
        float logits[2][1000], input[64 * 64 * 3];
        size_t bytes[2];
        fv_model *model;
        fv_error err = {0};

        for (size_t k = 0; k < FV_COUNT(input); k++)
            input[k] = (float)(k % 251) / 251;
        test_ok(fv_net_resize(NULL, whole, &size, &net, &err), &err);
        test_ok(fv_model_create(NULL, net, 1, &model, &err), &err);
        for (int low = 0; low < 2; low++) {
            fv_session_options options = FV_SESSION_OPTIONS;
            fv_session *session;

            options.low_memory = low;
            options.threads = 2;
            test_ok(fv_session_create(NULL, model, &options, &session, &err), &err);
            for (int run = 0; run < 2; run++)
                test_ok(fv_session_run(session, input, 1, logits[low], &err), &err);
            bytes[low] = fv_session_bytes(session);
            fv_session_free(session);
        }
        assert_memory_equal(logits[0], logits[1], sizeof logits[0]);
        print_message("%s: %zu bytes, with low memory %zu\n", nets[i], bytes[0], bytes[1]);
        assert_true(strstr(fv_kernels_find(NULL)->isa, "ref") || bytes[1] < bytes[0]);
        fv_model_free(model);
        fv_net_free(net);
        fv_net_free(whole);
    }
}

/* ---------------------------------------------------------------------------------------------- refusing */

static void what_cannot_fit_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t limit;
        const char *message;
    } cases[] = {
        {"batch 64", 384 * MIB, "; batch 8 needs "},
        {"batch 64", 16 * MIB, "); no batch is small enough"},
        {"batch 64 optimizer adam", 256 * MIB, "training resnet-18, batch 64: needs "},
    };
    fv_net *net = open_net("resnet-18");
    const fv_data data = pattern(net, 64);

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_train_options options = FV_TRAIN_OPTIONS;
        fv_trainer *t;
        fv_error err = {0};
        test_host h;

        test_host_init(&h);
        options.text = cases[i].text;
        options.memory_limit = cases[i].limit;
        test_failed(fv_trainer_create(&h.host, net, &data, &options, &t, &err), FV_E_MEMORY, &err, cases[i].message);
        test_message(&err, "MiB are available (activations ");
        assert_null(t);
        assert_true(h.peak_bytes < 16 * MIB);
        assert_int_equal(h.live, 0);
    }
    fv_net_free(net);
}

/* A trainer takes no more from its host than was foretold, and what it says of each part comes to what it takes. */
static void the_host_gives_what_was_planned(void **state)
{
    fv_net *net = open_net("lenet-5");
    const fv_data data = pattern(net, 40);
    fv_train_options options = FV_TRAIN_OPTIONS;
    fv_memory memory;
    fv_trainer *t;
    fv_error err = {0};
    test_host h;

    (void)state;
    test_host_init(&h);
    options.text = "batch 16";
    test_ok(fv_trainer_create(&h.host, net, &data, &options, &t, &err), &err);
    fv_memory_of_trainer(t, &memory);
    const size_t planned = fv_memory_sum(&memory) - memory.data - memory.process;

    assert_true(planned <= h.live_bytes && h.live_bytes < planned + (64 << 10));
    fv_trainer_free(t);
    assert_int_equal(h.live, 0);
    fv_net_free(net);
}

/* ---------------------------------------------------------------------------------------------- one room */

enum { COUNT = 30, SIDE = 8, WEIGHTS = 4 * 9 };

/* As if another plan had run in the trainer's room and left nothing as it was. */
static int another_ran(void *user, const fv_progress *progress)
{
    static fv_exec stranger;
    fv_trainer *const *t = user;

    (void)progress;
    memset((*t)->room.at, 0x3C, (*t)->room.bytes);
    (*t)->room.tenant = &stranger;
    return 0;
}

/* The first layer after two epochs of three steps, from a short batch to a whole one and back. */
static void learn(const fv_data *data, fv_progress_fn between, float weights[WEIGHTS])
{
    fv_train_options options = FV_TRAIN_OPTIONS;
    fv_trainer *t;
    fv_model *model;
    fv_error err = {0};
    fv_net *net;

    test_ok(fv_net_parse(NULL,
                         "net t input 8x8x1 classes 3 conv 3x3 4 relu maxpool h: aux weight .3 { dense classes } dense "
                         "classes",
                         "t.net", &net, &err),
            &err);
    options.text = "epochs 2 batch 12";
    options.progress = between;
    options.user = &t;
    test_ok(fv_trainer_create(NULL, net, data, &options, &t, &err), &err);
    assert_non_null(t->rest.exec);
    test_ok(fv_trainer_run(t, &err), &err);
    test_ok(fv_trainer_model(t, &model, &err), &err);
    memcpy(weights, fv_model_weight(model, "conv1.weight")->data, WEIGHTS * sizeof *weights);
    fv_model_free(model);
    fv_trainer_free(t);
    fv_net_free(net);
}

/* Steps read constants (the losses' weights), which another plan writes over in the same memory; nothing else that a
 * plan reads may be left from its last run. */
static void plans_take_turns(void **state)
{
    static uint8_t pixels[COUNT * SIDE * SIDE];
    uint32_t labels[COUNT];
    float alone[WEIGHTS], disturbed[WEIGHTS];
    fv_error err = {0};
    fv_data *data;

    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    for (uint32_t i = 0; i < COUNT; i++)
        labels[i] = i % 3;
    test_ok(fv_data_from_memory(NULL, pixels, labels, COUNT, SIDE, SIDE, 1, 3, NULL, &data, &err), &err);
    learn(data, NULL, alone);
    learn(data, another_ran, disturbed);
    assert_memory_equal(alone, disturbed, sizeof alone);
    fv_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_takes),
        cmocka_unit_test(using_vgg_takes),
        cmocka_unit_test(low_memory_changes_no_bit),
        cmocka_unit_test(what_cannot_fit_is_refused),
        cmocka_unit_test(the_host_gives_what_was_planned),
        cmocka_unit_test(plans_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
