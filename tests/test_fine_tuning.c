/* Fine-tuning: what is frozen keeps its bytes, what is trained changes, at rates of its own; the start is kept where no
 * epoch is better; a stopped run ends with the bits of an unbroken one. And weights of classes in the loss, against
 * sums by hand. */
#include "support.h"

#include "base/random.h"
#include "model/model.h"
#include "train/trainer.h"
#include <math.h>

enum { COUNT = 90, SIZE = 8, CLASSES = 3 };

#define NET(bn)                                                                                                        \
    "net blobs input 8x8x1 classes 3\n"                                                                                \
    "conv1: conv 3x3 4 pad 1 bn1: bn " bn " relu maxpool conv2: conv 3x3 6 bn2: bn " bn " relu head: dense classes"

static fv_data *make_data(double val)
{
    static uint8_t pixels[COUNT][SIZE][SIZE];
    static uint32_t labels[COUNT];
    const fv_random random = {9, FV_STREAM_TEST, 0};
    fv_data_options options = FV_DATA_OPTIONS;
    fv_error err = {0};
    fv_data *data;

    for (size_t n = 0; n < COUNT; n++) {
        labels[n] = n % 6 < 3 ? 0 : n % 6 < 5 ? 1 : 2; /* 3 : 2 : 1 */
        for (size_t i = 0; i < SIZE * SIZE; i++)
            pixels[n][i / SIZE][i % SIZE] =
                (uint8_t)(fv_random_uniform(random, n * SIZE * SIZE + i) * 100 + (i / SIZE / 3 == labels[n] ? 100 : 0));
    }
    options.val = val;
    test_ok(fv_data_from_memory(NULL, &pixels[0][0][0], labels, COUNT, SIZE, SIZE, 1, CLASSES, &options, &data, &err),
            &err);
    return data;
}

static fv_model *make_model(const char *text)
{
    fv_model *model;
    fv_net *net;
    fv_error err = {0};

    test_ok(fv_net_parse(NULL, text, "blobs.net", &net, &err), &err);
    test_ok(fv_model_create(NULL, net, 5, &model, &err), &err);
    fv_net_free(net);
    return model;
}

static int stop_at(void *user, const fv_progress *p)
{
    return p->total_steps == *(const uint64_t *)user;
}

/* Train on from `from`, in a folder or (NULL) in none. *out: the weights in the end, may be NULL. */
static fv_status tune(const fv_model *from, const char *folder, const char *text, uint64_t stop, double val,
                      fv_model **out, fv_error *err)
{
    fv_train_options options = FV_TRAIN_OPTIONS;
    fv_data *data = make_data(val);
    fv_trainer *trainer = NULL;
    fv_status status;

    options.out = folder;
    options.text = text;
    options.threads = 1;
    options.from = from;
    options.progress = stop_at;
    options.user = &stop;
    status = fv_trainer_create(NULL, fv_model_net(from), data, &options, &trainer, err);
    if (!status)
        status = fv_trainer_run(trainer, err);
    if (!status && out)
        status = fv_trainer_model(trainer, out, err);
    fv_trainer_free(trainer);
    fv_data_free(data);
    return status;
}

static bool same(const fv_model *a, const fv_model *b, const char *name)
{
    const fv_weight *x = fv_model_weight(a, name), *y = fv_model_weight(b, name);

    assert_non_null(x);
    assert_non_null(y);
    return memcmp(x->data, y->data, x->elements * sizeof(float)) == 0;
}

/* ---------------------------------------------------------------------------------------------------- frozen */

static const char *const all_names[] = {"conv1.weight",     "conv1.bias",      "bn1.weight",       "bn1.bias",
                                        "bn1.running_mean", "bn1.running_var", "conv2.weight",     "conv2.bias",
                                        "bn2.weight",       "bn2.bias",        "bn2.running_mean", "bn2.running_var",
                                        "head.weight",      "head.bias"};

/* Which of these change, as digits: 1 = changes. */
static const struct {
    const char *options, *changes;
} freezes[] = {
    {"unfreeze 1", "00000000000011"},
    {"unfreeze 2", "00000011000011"},
    {"unfreeze 3", "11000011000011"},
    {"unfreeze all", "11000011000011"},
    {"unfreeze 2 bn train", "00000011111111"},
    {"unfreeze all bn train", "11111111111111"},
    {"unfreeze 2 optimizer adam", "00000011000011"},
};

static void test_frozen_keeps_its_bytes(void **state)
{
    fv_model *from = make_model(NET(""));

    (void)state;
    for (size_t i = 0; i < FV_COUNT(freezes); i++) {
        char text[128];
        fv_model *tuned;
        fv_error err = {0};

        snprintf(text, sizeof text, "epochs 2 lr .05 %s", freezes[i].options);
        test_ok(tune(from, NULL, text, 0, .2, &tuned, &err), &err);
        for (size_t k = 0; k < FV_COUNT(all_names); k++)
            if (same(from, tuned, all_names[k]) != (freezes[i].changes[k] == '0'))
                fail_msg("%s: %s %s", freezes[i].options, all_names[k],
                         freezes[i].changes[k] == '0' ? "has changed" : "is as before");
        fv_model_free(tuned);
    }
    fv_model_free(from);
}

/* Nothing is computed for gradients of what is frozen. */
static void test_frozen_is_not_differentiated(void **state)
{
    static const char *const texts[] = {"unfreeze all", "unfreeze 2", "unfreeze 1"};
    static const bool differentiated[][2] = {{true, true}, {false, true}, {false, false}}; /* conv1, conv2 */
    fv_model *from = make_model(NET(""));
    fv_data *data = make_data(0);

    (void)state;
    for (size_t i = 0; i < FV_COUNT(texts); i++) {
        fv_train_options options = FV_TRAIN_OPTIONS;
        bool found[2] = {false, false};
        fv_trainer *trainer;
        fv_error err = {0};

        options.text = texts[i];
        options.from = from;
        options.threads = 1;
        test_ok(fv_trainer_create(NULL, fv_model_net(from), data, &options, &trainer, &err), &err);
        for (size_t k = 0; k < trainer->full.exec->graph.n_nodes; k++) {
            const fv_node *node = &trainer->full.exec->graph.nodes[k];

            for (int c = 0; c < 2; c++)
                found[c] =
                    found[c] || (strstr(node->op->name, "backward") && strcmp(node->label, c ? "conv2" : "conv1") == 0);
        }
        assert_int_equal(found[0], differentiated[i][0]);
        assert_int_equal(found[1], differentiated[i][1]);
        fv_trainer_free(trainer);
    }
    fv_data_free(data);
    fv_model_free(from);
}

/* Change of a weight's element in one plain step. */
static double change(const fv_model *from, const fv_model *to, const char *name, size_t i)
{
    return (double)fv_model_weight(to, name)->data[i] - (double)fv_model_weight(from, name)->data[i];
}

#define ONE_STEP "epochs 1 batch 90 schedule constant warmup 0 momentum 0 weight-decay 0 lr .1 "

/* The gradient through frozen batch normalisation is the same whether its own factors are trained or not. */
static void test_gradient_through_frozen_bn(void **state)
{
    fv_model *plain = make_model(NET("")), *frozen = make_model(NET("frozen")), *a, *b;
    fv_error err = {0};

    (void)state;
    test_ok(tune(plain, NULL, ONE_STEP "unfreeze all", 0, 0, &a, &err), &err);
    test_ok(tune(frozen, NULL, ONE_STEP "unfreeze all bn train", 0, 0, &b, &err), &err);
    assert_true(same(frozen, b, "bn1.running_mean") && !same(frozen, b, "bn1.weight"));
    for (size_t i = 0; i < fv_model_weight(a, "conv1.weight")->elements; i++) {
        const double x = change(plain, a, "conv1.weight", i), y = change(frozen, b, "conv1.weight", i);

        assert_true(x != 0 && fabs(x - y) <= 1e-4 * fabs(x) + 1e-7);
    }
    fv_model_free(a);
    fv_model_free(b);
    fv_model_free(plain);
    fv_model_free(frozen);
}

static void test_rates(void **state)
{
    static const struct {
        const char *text;
        double rate;
    } cases[] = {{ONE_STEP "unfreeze all", .01}, {ONE_STEP "unfreeze all lr-backbone .05", .05}};
    fv_model *from = make_model(NET("")), *whole;
    fv_error err = {0};

    (void)state;
    test_ok(tune(from, NULL, ONE_STEP "unfreeze all lr-backbone .1", 0, 0, &whole, &err), &err);
    for (size_t k = 0; k < FV_COUNT(cases); k++) {
        fv_model *tuned;

        test_ok(tune(from, NULL, cases[k].text, 0, 0, &tuned, &err), &err);
        assert_true(same(whole, tuned, "head.weight") && same(whole, tuned, "head.bias"));
        for (size_t i = 0; i < fv_model_weight(from, "conv2.weight")->elements; i++)
            assert_true(fabs(change(from, tuned, "conv2.weight", i) -
                             change(from, whole, "conv2.weight", i) * cases[k].rate / .1) < 1e-6);
        fv_model_free(tuned);
    }
    fv_model_free(whole);
    fv_model_free(from);
}

/* ------------------------------------------------------------------------------------------------------ runs */

static const char *model_in(const char *folder, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/weights/%s.safetensors", folder, name);
    return path;
}

/* Where decay wears the last layer away, the best model is the one that training began with. */
static void test_the_start_is_kept_unless_beaten(void **state)
{
    const char *folder = test_path("worse");
    char path[PATH_MAX];
    fv_model *seeded = make_model(NET("")), *good, *best, *last;
    fv_error err = {0};

    (void)state;
    test_ok(tune(seeded, NULL, "epochs 30 lr .05 lr-backbone .05 unfreeze all bn train", 0, .2, &good, &err), &err);
    test_ok(tune(good, folder, "epochs 2 lr .05 unfreeze 1 weight-decay 10 momentum 0", 0, .2, NULL, &err), &err);
    test_ok(fv_model_open(NULL, model_in(folder, "best", path), &best, &err), &err);
    test_ok(fv_model_open(NULL, model_in(folder, "last", path), &last, &err), &err);
    assert_true(same(good, best, "head.weight"));
    assert_false(same(good, last, "head.weight"));
    fv_model_free(best);
    fv_model_free(last);
    fv_model_free(good);
    fv_model_free(seeded);
}

static void same_file(const char *a, const char *b, const char *name)
{
    char x[PATH_MAX], y[PATH_MAX];
    size_t size;
    unsigned char *data = test_read_file(model_in(a, name, x), &size);

    test_holds(model_in(b, name, y), data, size);
    free(data);
}

static void test_resume(void **state)
{
    static const char text[] = "epochs 3 batch 16 lr .05 unfreeze 2 seed 4";
    static const uint64_t stops[] = {2, 5, 9};
    const char *whole = strdup(test_path("whole"));
    fv_model *from = make_model(NET(""));
    fv_error err = {0};

    (void)state;
    test_ok(tune(from, whole, text, 0, .2, NULL, &err), &err);
    for (size_t i = 0; i < FV_COUNT(stops); i++) {
        fv_train_options options = FV_TRAIN_OPTIONS;
        fv_data *data = make_data(.2);
        fv_trainer *trainer;
        char name[32];
        const char *folder;

        snprintf(name, sizeof name, "stopped-%d", (int)stops[i]);
        folder = test_path(name);
        test_failed(tune(from, folder, text, stops[i], .2, NULL, &err), FV_E_STOPPED, &err, "stopped in epoch");
        options.threads = 2;
        test_ok(fv_trainer_resume(NULL, folder, data, &options, &trainer, &err), &err);
        test_ok(fv_trainer_run(trainer, &err), &err);
        fv_trainer_free(trainer);
        fv_data_free(data);
        same_file(whole, folder, "last");
        same_file(whole, folder, "best");
    }
    fv_model_free(from);
    free((void *)(uintptr_t)whole);
}

/* The weights that a run began with are in its checkpoint alone. */
static void test_no_checkpoint(void **state)
{
    const char *folder = test_path("no-checkpoint");
    fv_train_options options = FV_TRAIN_OPTIONS;
    fv_data *data = make_data(.2);
    fv_model *from = make_model(NET(""));
    fv_trainer *trainer;
    char path[PATH_MAX];
    fv_error err = {0};

    (void)state;
    test_failed(tune(from, folder, "unfreeze all", 1, .2, NULL, &err), FV_E_STOPPED, &err, "stopped in epoch");
    assert_int_equal(unlink(model_in(folder, "checkpoint", path)), 0);
    test_failed(fv_trainer_resume(NULL, folder, data, &options, &trainer, &err), FV_E_IO, &err, "train again");
    fv_data_free(data);
    fv_model_free(from);
}

static void test_refused(void **state)
{
    fv_train_options options = FV_TRAIN_OPTIONS;
    const double weights[CLASSES] = {1, 2, 3}, wrong[CLASSES] = {1, -2, 3};
    fv_data *data = make_data(0);
    fv_model *from = make_model(NET(""));
    fv_trainer *trainer;
    fv_error err = {0};

    (void)state;
    test_failed(tune(from, NULL, "epochs 1", 0, 0, NULL, &err), FV_E_ARGUMENT, &err, "unfreeze N");
    test_failed(tune(from, NULL, "unfreeze some", 0, 0, NULL, &err), FV_E_RANGE, &err, "or all");
    options.text = "unfreeze 2";
    test_failed(fv_trainer_create(NULL, fv_model_net(from), data, &options, &trainer, &err), FV_E_ARGUMENT, &err,
                "weights to start from");
    options.text = "balance";
    options.class_weights = weights;
    test_failed(fv_trainer_create(NULL, fv_model_net(from), data, &options, &trainer, &err), FV_E_ARGUMENT, &err,
                "exclude each other");
    options.text = NULL;
    options.class_weights = wrong;
    test_failed(fv_trainer_create(NULL, fv_model_net(from), data, &options, &trainer, &err), FV_E_RANGE, &err,
                "class weights: 1 has -2");
    fv_data_free(data);
    fv_model_free(from);
}

/* --------------------------------------------------------------------------------------------- class weights */

/* One dense layer without momentum: after a step of rate 1 each bias has changed by -sum w[y] (p - onehot) / N. Weights
 * are scaled to 1 on average over the training samples: 3/6, 2/6, 1/6 of them are of the classes. */
static void check_biases(const char *text, const double *given, const double wanted_weights[CLASSES])
{
    fv_train_options options = FV_TRAIN_OPTIONS;
    fv_model *before = make_model("net line input 8x8x1 classes 3\nhead: dense classes"), *after;
    const float *w = fv_model_weight(before, "head.weight")->data, *b = fv_model_weight(before, "head.bias")->data;
    double gradient[CLASSES] = {0};
    fv_data *data = make_data(0);
    fv_trainer *trainer;
    fv_error err = {0};

    for (size_t n = 0; n < COUNT; n++) {
        uint32_t y;
        const uint8_t *pixels = fv_data_sample(data, FV_TRAIN, n, &y);
        double z[CLASSES], sum = 0;

        for (size_t c = 0; c < CLASSES; c++) {
            z[c] = (double)b[c];
            for (size_t i = 0; i < SIZE * SIZE; i++)
                z[c] += (double)w[c * SIZE * SIZE + i] * pixels[i] / 255;
            sum += exp(z[c]);
        }
        for (size_t c = 0; c < CLASSES; c++)
            gradient[c] += wanted_weights[y] * (exp(z[c]) / sum - (c == y)) / COUNT;
    }
    options.text = text;
    options.class_weights = given;
    options.threads = 1;
    options.from = before;
    test_ok(fv_trainer_create(NULL, fv_model_net(before), data, &options, &trainer, &err), &err);
    test_ok(fv_trainer_run(trainer, &err), &err);
    test_ok(fv_trainer_model(trainer, &after, &err), &err);
    for (size_t c = 0; c < CLASSES; c++)
        if (!(fabs(change(before, after, "head.bias", c) + gradient[c]) < 2e-6))
            fail_msg("class %zu: changed by %g, wanted %g", c, change(before, after, "head.bias", c), -gradient[c]);
    fv_model_free(after);
    fv_model_free(before);
    fv_trainer_free(trainer);
    fv_data_free(data);
}

static void test_class_weights(void **state)
{
    static const char text[] = "unfreeze 1 epochs 1 batch 90 schedule constant warmup 0 momentum 0 weight-decay 0 lr 1",
                      balanced[] = "unfreeze 1 epochs 1 batch 90 schedule constant warmup 0 momentum 0 weight-decay 0 "
                                   "lr 1 balance";
    const double given[CLASSES] = {1, 1, 4}; /* 1.5 on average */

    (void)state;
    check_biases(text, NULL, (const double[]){1, 1, 1});
    check_biases(balanced, NULL, (const double[]){2. / 3, 1, 2});
    check_biases(text, given, (const double[]){1 / 1.5, 1 / 1.5, 4 / 1.5});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frozen_keeps_its_bytes),
        cmocka_unit_test(test_frozen_is_not_differentiated),
        cmocka_unit_test(test_gradient_through_frozen_bn),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_the_start_is_kept_unless_beaten),
        cmocka_unit_test(test_no_checkpoint),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_class_weights),
    };

    return cmocka_run_group_tests_name("fine-tuning", tests, NULL, NULL);
}
