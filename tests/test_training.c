/* Training runs as a whole: the same bits on any number of threads, after a stop, after being killed; numbers that break;
 * folders that are in use; nothing allocated while it runs. The data is made here: blobs whose place tells the class. */
#include "support.h"

#include "base/random.h"
#include "train/trainer.h"
#include "train/transfer.h"
#include <signal.h>
#include <sys/wait.h>

enum { COUNT = 150, SIZE = 12, CLASSES = 3 };

static const char net_text[] = "net blobs input 12x12x1 classes 3\n"
                               "conv1: conv 3x3 6 pad 1 relu maxpool conv2: conv 3x3 8 relu maxpool\n"
                               "fc1: dense 16 relu dropout .3 fc2: dense classes";

static fv_data *make_data(double val)
{
    static uint8_t pixels[COUNT][SIZE][SIZE];
    static uint32_t labels[COUNT];
    const fv_random random = {9, FV_STREAM_TEST, 0};
    fv_data_options options = FV_DATA_OPTIONS;
    fv_error err = {0};
    fv_data *data;

    for (size_t n = 0; n < COUNT; n++) {
        labels[n] = (uint32_t)(n % CLASSES);
        for (size_t i = 0; i < SIZE * SIZE; i++) {
            const size_t h = i / SIZE, w = i % SIZE;
            const bool ink = h / 4 == labels[n] && w > 2 && w < 9;

            pixels[n][h][w] = (uint8_t)(fv_random_uniform(random, n * SIZE * SIZE + i) * 60 + (ink ? 150 : 0));
        }
    }
    options.val = val;
    test_ok(fv_data_from_memory(NULL, &pixels[0][0][0], labels, COUNT, SIZE, SIZE, 1, CLASSES, &options, &data, &err),
            &err);
    return data;
}

static fv_net *make_net(void)
{
    fv_error err = {0};
    fv_net *net;

    test_ok(fv_net_parse(NULL, net_text, "blobs.net", &net, &err), &err);
    return net;
}

typedef struct stopper {
    uint64_t at; /* stop after this many steps; 0 = never */
    int signal;  /* raise this instead of stopping */
} stopper;

static int watch(void *user, const fv_progress *p)
{
    const stopper *s = user;

    if (!s->at || p->total_steps != s->at)
        return 0;
    if (s->signal)
        raise(s->signal);
    return 1;
}

static const char options_text[] =
    "epochs 3 batch 32 lr .02 momentum .9 schedule cosine warmup 1 shift 1 rotate 5 seed 4";

/* Train in `folder`, from its beginning or on from its checkpoint. */
static fv_status train(const char *folder, bool resume, size_t threads, const char *text, stopper *stop, double val,
                       fv_error *err)
{
    fv_train_options options = FV_TRAIN_OPTIONS;
    fv_net *net = make_net();
    fv_data *data = make_data(val);
    fv_trainer *trainer = NULL;
    fv_status status;

    options.out = folder;
    options.text = text;
    options.threads = threads;
    options.progress = watch;
    options.user = stop;
    if (resume)
        status = fv_trainer_resume(NULL, folder, data, &options, &trainer, err);
    else
        status = fv_trainer_create(NULL, net, data, &options, &trainer, err);
    if (!status)
        status = fv_trainer_run(trainer, err);
    fv_trainer_free(trainer);
    fv_data_free(data);
    fv_net_free(net);
    return status;
}

static void same_file(const char *a, const char *b)
{
    size_t n, m;
    unsigned char *x = test_read_file(a, &n), *y = test_read_file(b, &m);

    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    free(x);
    free(y);
}

static void same_models(const char *folder, const char *other)
{
    static const char *const names[] = {"last", "best"};

    for (size_t i = 0; i < 2; i++) {
        char a[PATH_MAX], b[PATH_MAX];

        snprintf(a, sizeof a, "%s/weights/%s.safetensors", folder, names[i]);
        snprintf(b, sizeof b, "%s/weights/%s.safetensors", other, names[i]);
        same_file(a, b);
    }
}

/* The run that all others are compared with: one thread, without a stop. */
static const char *reference(void)
{
    static const char *folder;
    stopper none = {0};
    fv_error err = {0};

    if (!folder) {
        folder = strdup(test_path("reference"));
        test_ok(train(folder, false, 1, options_text, &none, .2, &err), &err);
    }
    return folder;
}

static void test_threads(void **state)
{
    static const size_t threads[] = {2, 3, 8};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(threads); i++) {
        char name[32];
        const char *folder;
        stopper none = {0};
        fv_error err = {0};

        snprintf(name, sizeof name, "threads-%zu", threads[i]);
        folder = test_path(name);
        test_ok(train(folder, false, threads[i], options_text, &none, .2, &err), &err);
        same_models(reference(), folder);
    }
}

/* All of the photos' augmentations at once: the same bits on any number of threads and after a stop. */
static const char photo_text[] =
    "epochs 2 batch 32 lr .02 seed 4 resized-crop .3 flip randaugment 1 jitter .3 lighting .1 "
    "erase .5 mixup .4 cutmix 1";

static void test_photo_options(void **state)
{
    const char *one = test_path("photo-1"), *three = test_path("photo-3"), *stopped = test_path("photo-stopped");
    stopper none = {0}, stop = {.at = 5};
    fv_error err = {0};

    (void)state;
    test_ok(train(one, false, 1, photo_text, &none, .2, &err), &err);
    test_ok(train(three, false, 3, photo_text, &none, .2, &err), &err);
    same_models(one, three);
    test_failed(train(stopped, false, 2, photo_text, &stop, .2, &err), FV_E_STOPPED, &err, "after step 1");
    test_ok(train(stopped, true, 1, NULL, &none, .2, &err), &err);
    same_models(one, stopped);
}

/* Classes drawn equally often: the same, and pictures that come again in an epoch are changed in other ways. */
static void test_balanced_sampling(void **state)
{
    static const char text[] = "epochs 2 batch 32 lr .02 seed 4 flip jitter .3 sampling balanced";
    const char *one = test_path("balanced-1"), *three = test_path("balanced-3"),
               *stopped = test_path("balanced-stopped");
    stopper none = {0}, stop = {.at = 5};
    fv_error err = {0};

    (void)state;
    test_ok(train(one, false, 1, text, &none, .2, &err), &err);
    test_ok(train(three, false, 3, text, &none, .2, &err), &err);
    same_models(one, three);
    test_failed(train(stopped, false, 2, text, &stop, .2, &err), FV_E_STOPPED, &err, "after step 1");
    test_ok(train(stopped, true, 1, NULL, &none, .2, &err), &err);
    same_models(one, stopped);
}

/* Pictures in files, of two classes; batches are filled ahead of the steps by threads of their own. */
static fv_data *photo_folder(void)
{
    const char *root = test_path("photos");
    const fv_random random = {3, FV_STREAM_TEST, 0};
    fv_error err = {0};
    fv_data *data;

    for (size_t n = 0; n < 40; n++) {
        const size_t height = 14 + n % 5, width = 12 + n % 7;
        char path[PATH_MAX];
        FILE *f;

        snprintf(path, sizeof path, "%s/train/%s", root, n % 2 ? "dark" : "light");
        test_ok(fv_folder_make(NULL, path, &err), &err);
        snprintf(path, sizeof path, "%s/train/%s/%zu.pgm", root, n % 2 ? "dark" : "light", n);
        f = fopen(path, "wb");
        assert_non_null(f);
        fprintf(f, "P5 %zu %zu 255\n", width, height);
        for (size_t i = 0; i < height * width; i++)
            fputc((int)(fv_random_uniform(random, n * 1000 + i) * 120) + (n % 2 ? 0 : 100), f);
        fclose(f);
    }
    test_ok(fv_data_open(NULL, root, NULL, &data, &err), &err);
    return data;
}

static void test_photos_ahead(void **state)
{
    static const size_t threads[] = {1, 2, 5};
    static const char text[] = "net photos input 12x12x1 classes 2\n"
                               "conv1: conv 3x3 6 relu maxpool fc: dense classes";
    char names[FV_COUNT(threads)][32];

    (void)state;
    for (size_t i = 0; i < FV_COUNT(threads); i++) {
        fv_train_options options = FV_TRAIN_OPTIONS;
        fv_error err = {0};
        fv_data *data = photo_folder();
        fv_trainer *trainer;
        fv_net *net;

        snprintf(names[i], sizeof names[i], "ahead-%zu", threads[i]);
        options.out = test_path(names[i]);
        options.text = "epochs 3 batch 6 lr .05 resized-crop .4 flip jitter .2 mixup .3";
        options.threads = threads[i];
        test_ok(fv_net_parse(NULL, text, "photos.net", &net, &err), &err);
        test_ok(fv_trainer_create(NULL, net, data, &options, &trainer, &err), &err);
        assert_non_null(trainer->feeder.ahead);
        test_ok(fv_trainer_run(trainer, &err), &err);
        fv_trainer_free(trainer);
        fv_net_free(net);
        fv_data_free(data);
        same_models(test_path(names[0]), test_path(names[i]));
    }
}

static fv_status foretell_within(const fv_host *host, const fv_data *data, size_t limit, fv_transfer_forecast *out,
                                 fv_error *err)
{
    static const char text[] = "net photos input 12x12x1 classes 3\n"
                               "conv1: conv 3x3 6 relu maxpool fc: dense 5 relu out: dense classes";
    fv_transfer_options options = {
        .cache = "no-cache", .views = 3, .session = FV_SESSION_OPTIONS, .memory_limit = limit};
    fv_model *model = NULL;
    fv_net *net = NULL;
    fv_status status = fv_net_parse(host, text, "photos.net", &net, err);

    options.session.threads = 1;
    if (!status)
        status = fv_model_create(host, net, 1, &model, err);
    if (!status)
        status = fv_transfer_foretell(model, data, &options, out, err);
    fv_model_free(model);
    fv_net_free(net);
    return status;
}

static fv_status foretell(const fv_host *host, void *data, fv_error *err)
{
    fv_transfer_forecast unused;

    return foretell_within(host, data, 0, &unused, err);
}

/* Features of each picture and of two more views of training pictures; refused before it begins where there is less memory. */
static void test_transfer_foretold(void **state)
{
    fv_data *data = photo_folder();
    const size_t training = fv_data_count(data, FV_TRAIN), all = training + fv_data_count(data, FV_VAL);
    fv_transfer_forecast forecast;
    fv_error err = {0};

    (void)state;
    test_ok(foretell_within(NULL, data, 0, &forecast, &err), &err);
    assert_int_equal(forecast.seen, all + 2 * training);
    assert_int_equal(forecast.missing, forecast.seen);
    assert_int_equal(forecast.cache_bytes, forecast.seen * (16 + 5 * sizeof(float)));
    test_ok(foretell_within(NULL, data, forecast.memory, &forecast, &err), &err);
    test_failed(foretell_within(NULL, data, forecast.memory - 1, &forecast, &err), FV_E_MEMORY, &err,
                "of 5 features in 3 views: need");
    assert_true(test_every_failure(foretell, data) > 20);
    fv_data_free(data);
}

/* Another seed must give another model, or the comparison above says nothing. */
static void test_seed_matters(void **state)
{
    const char *folder = test_path("seed");
    char a[PATH_MAX], b[PATH_MAX];
    stopper none = {0};
    fv_error err = {0};
    size_t n, m;
    unsigned char *x, *y;

    (void)state;
    test_ok(train(folder, false, 1,
                  "epochs 3 batch 32 lr .02 momentum .9 schedule cosine warmup 1 shift 1 rotate 5 seed 5", &none, .2,
                  &err),
            &err);
    snprintf(a, sizeof a, "%s/weights/last.safetensors", reference());
    snprintf(b, sizeof b, "%s/weights/last.safetensors", folder);
    x = test_read_file(a, &n);
    y = test_read_file(b, &m);
    assert_true(n != m || memcmp(x, y, n) != 0);
    free(x);
    free(y);
}

static void test_stop_and_resume(void **state)
{
    static const uint64_t stops[] = {1, 3, 4, 5, 8, 11};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(stops); i++) {
        char name[32];
        const char *folder;
        stopper stop = {stops[i], 0}, none = {0};
        fv_error err = {0};

        snprintf(name, sizeof name, "stop-%d", (int)stops[i]);
        folder = test_path(name);
        test_failed(train(folder, false, 1, options_text, &stop, .2, &err), FV_E_STOPPED, &err, "stopped in epoch");
        test_ok(train(folder, true, 2, NULL, &none, .2, &err), &err);
        same_models(reference(), folder);
    }
}

/* Killed without a word after so many steps, also before the first checkpoint, then resumed. */
static void test_kill_and_resume(void **state)
{
    static const uint64_t kills[] = {2, 6, 10};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(kills); i++) {
        char name[32];
        const char *folder;
        stopper kill_at = {kills[i], SIGKILL}, none = {0};
        fv_error err = {0};
        int how;
        pid_t child;

        snprintf(name, sizeof name, "kill-%d", (int)kills[i]);
        folder = test_path(name);
        child = fork();
        assert_true(child >= 0);
        if (!child) {
            train(folder, false, 1, options_text, &kill_at, .2, &err);
            _exit(9);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        test_ok(train(folder, true, 1, NULL, &none, .2, &err), &err);
        same_models(reference(), folder);
    }
}

static void test_resume_finished(void **state)
{
    fv_train_options options = FV_TRAIN_OPTIONS;
    fv_data *data = make_data(.2);
    fv_trainer *trainer;
    fv_error err = {0};

    (void)state;
    test_ok(fv_trainer_resume(NULL, reference(), data, &options, &trainer, &err), &err);
    assert_true(fv_trainer_done(trainer));
    test_ok(fv_trainer_run(trainer, &err), &err);
    fv_trainer_free(trainer);
    fv_data_free(data);
}

static void test_resume_refuses(void **state)
{
    static const struct {
        const char *text, *message;
        double val;
    } cases[] = {
        {"lr .5", "lr: differs from the run's", .2},
        {"epochs 2", "epochs 2: the run was made for 3", .2},
        {"batch 16", "batch: differs", .2},
        {NULL, "was trained on other data", .3},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        stopper none = {0};
        fv_error err = {0};
        const fv_status status = train(reference(), true, 1, cases[i].text, &none, cases[i].val, &err);

        if (cases[i].text)
            test_failed(status, FV_E_ARGUMENT, &err, cases[i].message);
    }
}

static void test_folder_in_use(void **state)
{
    stopper none = {0};
    fv_error err = {0};

    (void)state;
    test_failed(train(reference(), false, 1, options_text, &none, .2, &err), FV_E_EXISTS, &err, "is not empty");
}

/* A rate that breaks the numbers: the run stops, names a layer, and the last good checkpoint still resumes. */
static void test_nan(void **state)
{
    const char *folder = test_path("nan");
    stopper none = {0};
    fv_error err = {0};

    (void)state;
    test_failed(train(folder, false, 1, "epochs 30 batch 32 lr 100 weight-decay 10 seed 4", &none, .2, &err), FV_E_NAN,
                &err, "not finite");
}

static void test_bad_options(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"batch 0", "batch 0: needs a whole number from 1"},
        {"epochs 1.5", "epochs 1.5: needs a whole number"},
        {"lr -1", "lr -1: needs a number from 0"},
        {"lr fast", "lr fast: needs a number"},
        {"lr", "lr needs a value"},
        {"epoch 3", "did you mean 'epochs'"},
        {"optimizer adm", "did you mean 'adam'"},
        {"schedule multistep", "needs milestones"},
        {"milestones 5,3", "rising numbers"},
        {"patience 2", "needs a validation set"},
        {"nesterov momentum 0", "needs a momentum"},
        {"warmup 20 epochs 3", "longer than the 3 epochs"},
        {"seed -4", "seed -4: needs a whole number"},
        {"randaugment 2 trivialaugment", "RandAugment and TrivialAugment at once"},
        {"magnitude 31", "magnitude 31: needs a whole number from 0 to 30"},
        {"erase 1.5", "erase 1.5: needs a number from 0 to 1"},
        {"sampling balanced balance", "exclude each other"},
        {"sampling balanced mixup .2", "mixup and cutmix draw the picture"},
        {"sampling even", "sampling 'even' is not one of: each"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_train_options options = FV_TRAIN_OPTIONS;
        fv_net *net = make_net();
        fv_data *data = make_data(0);
        fv_trainer *trainer;
        fv_error err = {0};

        options.text = cases[i].text;
        assert_true(fv_trainer_create(NULL, net, data, &options, &trainer, &err) != FV_OK);
        assert_null(trainer);
        test_message(&err, cases[i].message);
        fv_data_free(data);
        fv_net_free(net);
    }
}

/* ---------------------------------------------------------------------------------------------- memory */

static int count_at_step(void *user, const fv_progress *p)
{
    size_t *seen = user;
    const test_host *h = (const test_host *)seen[0];

    if (!p->epoch_done && p->total_steps == 1)
        seen[1] = h->total;
    if (!p->epoch_done && p->total_steps > 1 && h->total != seen[1])
        seen[2]++;
    return 0;
}

static void test_steps_allocate_nothing(void **state)
{
    fv_train_options options = FV_TRAIN_OPTIONS;
    test_host h;
    size_t seen[3] = {(size_t)&h, 0, 0};
    fv_net *net = make_net();
    fv_data *data = make_data(0);
    fv_trainer *trainer;
    fv_error err = {0};

    (void)state;
    test_host_init(&h);
    options.text =
        "epochs 2 batch 32 seed 4 shift 1 elastic 8 resized-crop .5 trivialaugment jitter .2 erase .5 mixup .2";
    options.progress = count_at_step;
    options.user = seen;
    options.threads = 2;
    test_ok(fv_trainer_create(&h.host, net, data, &options, &trainer, &err), &err);
    test_ok(fv_trainer_run(trainer, &err), &err);
    assert_true(seen[1] > 0);
    assert_int_equal(seen[2], 0);
    fv_trainer_free(trainer);
    assert_int_equal(h.live, 0);
    fv_data_free(data);
    fv_net_free(net);
}

static fv_status create_and_save(const fv_host *host, void *arg, fv_error *err)
{
    fv_train_options options = FV_TRAIN_OPTIONS;
    fv_trainer *trainer;
    fv_status status;
    char folder[64];

    (void)arg;
    snprintf(folder, sizeof folder, "memory-%zu", ((const test_host *)host->user)->fail_at);
    options.text = "epochs 1 batch 64 seed 4 limit 64";
    options.out = test_path(folder);
    options.threads = 1;

    fv_net *net = make_net();
    fv_data *data = make_data(0);

    status = fv_trainer_create(host, net, data, &options, &trainer, err);
    if (!status)
        status = fv_trainer_run(trainer, err);
    fv_trainer_free(trainer);
    fv_data_free(data);
    fv_net_free(net);
    return status;
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    assert_true(test_every_failure(create_and_save, NULL) > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),           cmocka_unit_test(test_seed_matters),
        cmocka_unit_test(test_stop_and_resume),   cmocka_unit_test(test_kill_and_resume),
        cmocka_unit_test(test_resume_finished),   cmocka_unit_test(test_resume_refuses),
        cmocka_unit_test(test_folder_in_use),     cmocka_unit_test(test_nan),
        cmocka_unit_test(test_bad_options),       cmocka_unit_test(test_steps_allocate_nothing),
        cmocka_unit_test(test_memory_runs_out),   cmocka_unit_test(test_photo_options),
        cmocka_unit_test(test_photos_ahead),      cmocka_unit_test(test_balanced_sampling),
        cmocka_unit_test(test_transfer_foretold),
    };

    return cmocka_run_group_tests_name("training", tests, NULL, NULL);
}
