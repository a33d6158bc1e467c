/* train: teaches a network on a data set, or goes on with a run that was stopped. */
#include "base/memory.h"
#include "cli/augmented.h"
#include "cli/class_weights.h"
#include "cli/cli.h"
#include "cli/memory.h"
#include "cli/photos.h"
#include "cli/place.h"
#include "cli/progress.h"
#include "cli/stop.h"
#include "cli/trained.h"
#include "cli/training.h"
#include "cli/transfer.h"
#include "cli/weights.h"
#include "data/data.h"
#include "net/net.h"
#include "train/memory.h"
#include "train/options.h"
#include "train/trainer.h"
#include <stdlib.h>
#include <string.h>

typedef struct train_values {
    fv_cli_common common;
    const char *out, *resume, *from, *cache, *class_weights, *show_augment;
    uint64_t views;
} train_values;

/* One run of training, as this verb holds it. */
typedef struct session {
    const fv_cli *cli;
    const char *folder;
    fv_net *net;      /* of a new run */
    fv_run_args args; /* of one that is resumed: what its folder says */
    fv_data *data;
    fv_trainer *trainer;
    fv_text text;          /* options for the library */
    double *class_weights; /* of a file, or NULL */
    fv_model *fitted;      /* fine-tuning begins with it */
    bool fine_tuned;
    fv_cli_progress progress;
    fv_progress last;  /* the newest report, */
    fv_progress epoch; /*   that of the newest epoch that was finished, */
    fv_progress best;  /*   and of the newest one whose model was kept as the best */
} session;

static int report(void *user, const fv_progress *now)
{
    session *s = user;

    s->last = *now;
    if (now->epoch_done)
        s->epoch = *now;
    if (now->epoch_done && now->best)
        s->best = *now;
    fv_cli_progress_show(&s->progress, now);
    return fv_cli_stop_signal();
}

/* ------------------------------------------------------------------------------------------------------ begin */

static const char *options_text(const session *s)
{
    return s->text.data ? s->text.data : "";
}

/* The words that the library reads, --class-weights auto and none among them. */
static int make_text(session *s)
{
    const char *weights = ((const train_values *)s->cli->values)->class_weights;

    fv_text_init(&s->text, NULL);
    fv_text_print(&s->text, "%s", s->cli->forward);
    if (weights && (strcmp(weights, "auto") == 0 || strcmp(weights, "none") == 0))
        fv_text_print(&s->text, " balance %s", strcmp(weights, "auto") == 0 ? "yes" : "no");
    return s->text.failed ? fv_cli_memory(s->cli) : FV_EXIT_OK;
}

/* --class-weights FILE */
static int read_class_weights(session *s)
{
    const char *weights = ((const train_values *)s->cli->values)->class_weights;

    if (!weights || strcmp(weights, "auto") == 0 || strcmp(weights, "none") == 0)
        return FV_EXIT_OK;
    return fv_cli_class_weights(s->cli, s->data, weights, &s->class_weights);
}

/* The words of the command line on top of settings; what can be refused is refused before work begins. */
static int apply_options(const session *s, fv_settings *settings)
{
    const fv_cli *cli = s->cli;
    fv_error err = {0};

    if (!fv_settings_apply_text(&cli->host, settings, options_text(s), "options", &err) &&
        !fv_settings_check(settings, &err))
        return FV_EXIT_OK;
    return err.code == FV_E_MEMORY ? fv_cli_fail(cli, &err) : fv_cli_usage(cli, "%s", err.message);
}

static int read_settings(const session *s, fv_settings *settings)
{
    size_t count;
    int line;
    const char *const *words = fv_net_train_words(s->net, &count, &line);
    fv_error err = {0};

    fv_settings_default(settings);
    if (fv_settings_apply(settings, words, count, fv_net_file(s->net), &err))
        return fv_cli_fail(s->cli, &err);
    return apply_options(s, settings);
}

/* For --verbose: every option as it holds now, and what there is to learn from. */
static void tell(const session *s, const fv_settings *settings)
{
    fv_text text;
    size_t height, width, channels;

    fv_text_init(&text, NULL);
    fv_settings_print(settings, &text);
    fv_data_size(s->data, &height, &width, &channels);
    fv_cli_detail(s->cli, "options: %s", text.failed ? "?" : text.data);
    fv_cli_detail(s->cli, "data: %zu to train on, %zu to validate, %zu to test; %zux%zux%zu, %zu classes",
                  fv_data_count(s->data, FV_TRAIN), fv_data_count(s->data, FV_VAL), fv_data_count(s->data, FV_TEST),
                  height, width, channels, fv_data_classes(s->data));
    fv_text_free(&text);
}

static int open_data(session *s, const char *path, const fv_settings *settings)
{
    fv_data_options options = FV_DATA_OPTIONS;
    fv_error err = {0};

    options.val = settings->val;
    options.seed = settings->seed;
    options.limit = settings->limit;
    options.threads = s->cli->common->threads;
    if (fv_data_open(&s->cli->host, path, &options, &s->data, &err))
        return fv_cli_fail(s->cli, &err);
    tell(s, settings);
    return FV_EXIT_OK;
}

static fv_train_options library_options(session *s, const char *data_path)
{
    fv_train_options options = FV_TRAIN_OPTIONS;

    options.out = s->folder;
    options.data_path = data_path;
    options.text = options_text(s);
    options.class_weights = s->class_weights;
    options.from = s->fitted;
    options.threads = s->cli->common->threads;
    options.isa = s->cli->common->isa;
    options.memory_limit = fv_cli_memory_available();
    options.progress = report;
    options.user = s;
    return options;
}

/* Options that do not go together, or not with the run that is resumed, are mistakes in the command line. */
static int refused(const fv_cli *cli, const fv_error *err)
{
    return err->code == FV_E_ARGUMENT ? fv_cli_usage(cli, "%s", err->message) : fv_cli_fail(cli, err);
}

static int create(session *s, const fv_net *net, const char *data)
{
    const fv_train_options options = library_options(s, data);
    fv_error err = {0};

    if (fv_trainer_create(&s->cli->host, net, s->data, &options, &s->trainer, &err))
        return refused(s->cli, &err);
    return fv_cli_write_split(s->cli, s->data, s->folder);
}

/* Where nobody named a rate, the one that the features bear. */
static int lower_rate(session *s, double lr)
{
    if (lr >= FV_FINE_TUNING_LR)
        return FV_EXIT_OK;
    fv_text_print(&s->text, " lr ");
    fv_text_print_real(&s->text, lr);
    fv_cli_note(s->cli, "the features are large: the learning rate is %.2g in place of %g; --lr names another", lr,
                FV_FINE_TUNING_LR);
    return s->text.failed ? fv_cli_memory(s->cli) : FV_EXIT_OK;
}

/* Photos and a trained backbone: a new last layer, and where more of the network shall learn, a trainer behind it. */
static int transfer(session *s, const char *net, const char *from, const char *data)
{
    const train_values *values = s->cli->values;
    fv_cli_transfer_job job = {
        .net = net, .from = from, .folder = s->folder, .cache = values->cache, .views = values->views};
    fv_settings settings;
    double lr = FV_FINE_TUNING_LR;
    bool named;
    int code;

    fv_settings_default(&settings);
    settings.lr = -1; /* until an option names one */
    code = apply_options(s, &settings);
    named = settings.lr >= 0;
    settings.lr = named ? settings.lr : lr;
    if (!code)
        code = open_data(s, data, &settings);
    if (!code && !s->data->in_files)
        code = fv_cli_usage(s->cli, "--from wants a folder or a list of pictures; %s holds arrays", data);
    if (!code)
        code = read_class_weights(s);
    job.seed = settings.seed;
    job.balance = settings.balance || settings.sampling == FV_BALANCED; /* it sees all pictures at once */
    job.class_weights = s->class_weights;
    job.fine_tuned = s->fine_tuned = settings.unfreeze > 0;
    if (!code)
        code = fv_cli_transfer(s->cli, &job, s->data, &s->fitted, &lr);
    if (!code && job.fine_tuned && !named)
        code = lower_rate(s, lr);
    if (!code && job.fine_tuned)
        code = create(s, fv_model_net(s->fitted), data);
    fv_model_free(s->fitted);
    s->fitted = NULL;
    return code;
}

/* DATA alone: weights that lie about, else a compact network from scratch. */
static const char small_net[] = "resnet-20";

static int begin(session *s)
{
    const fv_cli *cli = s->cli;
    const train_values *values = cli->values;
    fv_settings settings;
    static char name[FV_CLI_RUN_FOLDER];
    int code;

    const char *from = values->from, *found = NULL, *data = cli->count ? cli->operands[cli->count - 1] : NULL;
    const char *net = cli->count > 1 ? cli->operands[0] : NULL;
    static char path[4096];

    if (!data || (!net && !from && !fv_folder_found(data)))
        return fv_cli_usage(cli, "train needs NET DATA, a folder of pictures, or --resume FOLDER");
    if (values->out && !fv_cli_folder_is_free(values->out))
        return fv_cli_usage(cli, "--out %s: the folder is not empty; name another, or go on with --resume %s",
                            values->out, values->out);
    s->folder = values->out ? values->out : fv_cli_folder_for_run(name);
    if (from && values->show_augment)
        return fv_cli_usage(cli, "--show-augment shows what training without --from does to pictures");
    if (!net && !from && !values->show_augment && fv_cli_find_weights(cli, &found, path))
        return transfer(s, found, path, data);
    if (from)
        return transfer(s, net, from, data);
    code = fv_cli_net_open(cli, net ? net : small_net, &s->net);
    if (!code)
        code = read_settings(s, &settings);
    if (!code)
        code = open_data(s, data, &settings);
    if (!code)
        code = fv_cli_fit_classes(cli, s->data, &s->net);
    if (!code && values->show_augment)
        return fv_cli_show_augment(cli, s->net, s->data, &settings, values->show_augment);
    if (!code)
        code = read_class_weights(s);
    return code ? code : create(s, s->net, data);
}

/* The folder says what was trained on what; an operand names the data where they stand elsewhere by now. */
static int resume(session *s)
{
    const fv_cli *cli = s->cli;
    const train_values *values = cli->values;
    fv_train_options options;
    fv_settings settings;
    fv_error err = {0};
    const char *path;
    int code;

    if (values->out)
        return fv_cli_usage(cli, "--out and --resume exclude each other");
    if (values->from || values->class_weights)
        return fv_cli_usage(cli, "--%s and --resume exclude each other", values->from ? "from" : "class-weights");
    if (cli->count > 1)
        return fv_cli_usage(cli, "--resume takes at most DATA, has '%s' and '%s'", cli->operands[0], cli->operands[1]);
    s->folder = values->resume;
    fv_settings_default(&settings);
    if (fv_folder_read_args(&cli->host, s->folder, &s->args, &err) ||
        fv_settings_apply_text(&cli->host, &settings, s->args.options, s->folder, &err))
        return fv_cli_fail(cli, &err);
    code = apply_options(s, &settings);
    if (code)
        return code;
    path = cli->count ? cli->operands[0] : s->args.data_path;
    if (!path)
        return fv_cli_usage(cli, "%s does not say where its data are; name them: --resume %s DATA", s->folder,
                            s->folder);
    code = open_data(s, path, &settings);
    if (code)
        return code;
    options = library_options(s, path);
    return fv_trainer_resume(&cli->host, s->folder, s->data, &options, &s->trainer, &err) ? refused(cli, &err) : code;
}

/* -------------------------------------------------------------------------------------------------------- end */

static int finish(session *s)
{
    if (!s->last.epoch) {
        fv_cli_note(s->cli, "%s: the run is finished already; more epochs: fovea train --resume %s --epochs N",
                    s->folder, s->folder);
        return FV_EXIT_OK;
    }
    return fv_cli_trained_print(s->cli, &(fv_cli_trained){s->folder, &s->epoch, &s->best, s->fine_tuned});
}

/* A frozen backbone's part has said so before; this is the next one. */
static void tell_memory(const session *s)
{
    char bytes[FV_BYTES_TEXT];
    fv_memory memory;

    fv_memory_of_trainer(s->trainer, &memory);
    fv_cli_note(s->cli, "training in %s; at the fullest %s of memory", s->folder,
                fv_text_bytes(bytes, fv_memory_sum(&memory)));
}

static int work(session *s)
{
    const fv_cli *cli = s->cli;
    fv_error err = {0};
    fv_status status;

    if (s->fine_tuned)
        tell_memory(s);
    else
        fv_cli_note(cli, "training in %s", s->folder);
    s->progress =
        fv_cli_progress_begin(&cli->terminal, (fv_cli_progress_mode)cli->common->progress, cli->common->quiet);
    fv_cli_stop_begin();
    status = fv_trainer_run(s->trainer, &err);
    fv_cli_stop_end();
    fv_cli_progress_end(&s->progress);
    if (status == FV_E_STOPPED && fv_cli_stop_signal()) {
        fv_cli_say(cli, "stopped in epoch %llu of %llu; go on with: fovea train --resume %s",
                   (unsigned long long)s->last.epoch, (unsigned long long)s->last.epochs, s->folder);
        return 128 + fv_cli_stop_signal();
    }
    return status ? fv_cli_fail(cli, &err) : finish(s);
}

static int run(const fv_cli *cli)
{
    const train_values *values = cli->values;
    session s = {.cli = cli};
    int code = fv_cli_check_machine(cli);

    if (!code)
        code = make_text(&s);
    if (!code)
        code = values->resume ? resume(&s) : begin(&s);
    if (!code && s.trainer)
        code = work(&s);
    if (!code && s.data)
        code = fv_cli_tell_bad(cli, s.data, s.folder);
    fv_trainer_free(s.trainer);
    fv_data_free(s.data);
    fv_net_free(s.net);
    fv_release(&cli->host, s.class_weights);
    fv_text_free(&s.text);
    fv_run_args_free(&cli->host, &s.args);
    return code;
}

#define AT(member) offsetof(train_values, member)
static const char *const progress_words[] = {"auto", "plain", "none", NULL};
const fv_cli_option fv_cli_train_own[] = {
    {.name = "out",
     .letter = 'o',
     .argument = "FOLDER",
     .type = FV_CLI_TEXT,
     .at = AT(out),
     .help = "folder of the run, new or empty; without it runs/train, runs/train2, ..."},
    {.name = "resume",
     .argument = "FOLDER",
     .type = FV_CLI_TEXT,
     .at = AT(resume),
     .help = "go on with the run in this folder; it ends with the bits of one that was never stopped"},
    {.name = "from",
     .argument = "WEIGHTS",
     .type = FV_CLI_TEXT,
     .at = AT(from),
     .help = "photos: keep these weights (a model of ours, or safetensors of NET) and train a new last layer on what "
             "they see"},
    {.name = "cache",
     .argument = "FOLDER",
     .type = FV_CLI_TEXT,
     .at = AT(cache),
     .help = "where what they see is kept; without it ~/.cache/fovea, '' for nowhere"},
    {.name = "views",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(views),
     .fallback = "1",
     .least = 1,
     .most = 64,
     .help = "with --from: what is seen of each training picture, itself and parts of it, mirrored or not"},
    {.name = "class-weights",
     .argument = "HOW",
     .type = FV_CLI_TEXT,
     .at = AT(class_weights),
     .help = "auto: classes weigh alike, however many pictures each has; none; or a file with lines 'class weight'"},
    {.name = "show-augment",
     .argument = "FILE.png",
     .type = FV_CLI_TEXT,
     .at = AT(show_augment),
     .help = "do not train: draw some training pictures, each unchanged and as it is in seven epochs"},
    {.name = "progress",
     .argument = "HOW",
     .type = FV_CLI_WORD,
     .at = offsetof(fv_cli_common, progress),
     .fallback = "auto",
     .words = progress_words,
     .help = "a live line on a terminal, plain lines, or nothing"},
    {0},
};
#undef AT

const fv_cli_verb fv_cli_verb_train = {
    .name = "train",
    .operands = "[NET] DATA",
    .least = 0,
    .most = 2,
    .help = "Train a network on a data set or on photos",
    .text =
        "What the network's own train line says holds where an option does not say otherwise. The same seed gives the "
        "same bits on any number of threads. SIGINT and SIGTERM save before they end the run.",
    .examples = {{"train lenet-5 data/mnist --epochs 10 --out runs/digits", "learn handwritten digits"},
                 {"train photos", "a folder a class: a trained network that lies about gets a new last layer"},
                 {"train photos --from runs/train --unfreeze 2", "and then its last two layers are trained on"},
                 {"train --resume runs/digits", "go on where it was stopped"}},
    .more = "doc/training.md",
    .tables = fv_cli_training,
    .value_bytes = sizeof(train_values),
    .run = run,
};
