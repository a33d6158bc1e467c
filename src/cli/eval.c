/* eval: measures a model on a split of a data set: loss, top-1, the confusion matrix, precision, recall and F1 of each
 * class, and the mistakes that the model was surest of. */
#include "base/error.h"
#include "cli/measured.h"
#include "cli/photos.h"
#include "data/data.h"
#include "train/options.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { VIEWED = 8 }; /* pictures of --tta in one pass */

typedef struct eval_values {
    fv_cli_common common;
    uint64_t batch, worst;
    int tta;   /* index in fv_cli_tta_words, -1 = none */
    int split; /* fv_split, -1 = test if there is one */
    const char *csv, *confusion, *wrong;
} eval_values;

/* The best class of each sample against its label. */
static void count(fv_cli_measured *m)
{
    for (size_t i = 0; i < m->result.n; i++) {
        size_t label;
        const size_t best = fv_cli_measured_best(m, i, &label);
        const float probability = m->probabilities[i * m->result.classes + best];

        fv_cli_confusion_add(&m->confusion, i, label, best, probability);
        fv_calibration_add(&m->calibration, probability, best == label);
    }
}

/* ------------------------------------------------------------------------------------------------------- verb */

/* Probabilities of samples at .. at + n - 1, whose files or pixels are classified view by view. */
static fv_status classify(const fv_cli_measured *m, fv_session *session, size_t at, size_t n, fv_error *err)
{
    float *probabilities = m->probabilities + at * fv_model_classes(m->model);
    const char *paths[VIEWED] = {NULL};
    size_t height, width, channels;
    fv_error errors[VIEWED] = {{0}};
    fv_status status = FV_OK;
    uint32_t label;

    fv_data_size(m->data, &height, &width, &channels);
    for (size_t i = 0; i < n; i++)
        paths[i] = fv_data_path(m->data, m->split, at + i);
    if (n && paths[0])
        status = fv_session_classify_files(session, paths, n, probabilities, errors, err);
    for (size_t i = 0; !status && i < n; i++)
        if (paths[i] && errors[i].code)
            status = fv_fail(err, errors[i].code, "%s", errors[i].message);
        else if (!paths[i])
            status = fv_session_classify(session, fv_data_sample(m->data, m->split, at + i, &label), height, width,
                                         channels, probabilities + i * fv_model_classes(m->model), err);
    return status;
}

/* As fv_evaluate, with probabilities that are means over views. */
static int measure_views(const fv_cli *cli, fv_cli_measured *m, size_t n)
{
    const eval_values *values = cli->values;
    const size_t classes = fv_model_classes(m->model);
    fv_session_options options = fv_cli_session_options(cli, VIEWED * fv_cli_tta_views(values->tta));
    fv_session *session;
    fv_error err = {0};
    fv_status status;

    m->result = (fv_evaluation){.n = n, .classes = classes};
    options.views = fv_cli_tta_views(values->tta);
    if (m->data->floats || fv_data_classes(m->data) > classes)
        return fv_cli_usage(cli, "--tta: %s",
                            m->data->floats ? "arrays of floats have no mirror image"
                                            : "the data has more classes than the model");
    status = fv_session_create(&cli->host, m->model, &options, &session, &err);
    for (size_t at = 0; !status && at < n; at += VIEWED)
        status = classify(m, session, at, n - at < VIEWED ? n - at : VIEWED, &err);
    fv_session_free(session);
    for (size_t i = 0; !status && i < n; i++) {
        const float *p = m->probabilities + i * classes;
        size_t label, rank = 0;

        fv_cli_measured_best(m, i, &label);
        for (size_t c = 0; c < classes; c++)
            rank += p[c] > p[label] || (c < label && p[c] >= p[label]);
        m->result.loss -= log(fmax((double)p[label], FLT_MIN)) / (double)n;
        m->result.top1 += rank == 0;
        m->result.top5 += rank < 5;
    }
    m->result.top1 /= (double)n;
    m->result.top5 /= (double)n;
    return status ? fv_cli_fail(cli, &err) : FV_EXIT_OK;
}

static int measure(const fv_cli *cli, fv_cli_measured *m)
{
    const eval_values *values = cli->values;
    const fv_session_options options = fv_cli_session_options(cli, values->batch);
    const size_t classes = fv_model_classes(m->model);
    fv_error err = {0};
    int code = FV_EXIT_OK;

    m->split = FV_TEST;
    if (values->split >= 0)
        m->split = (fv_split)values->split;
    else if (!fv_data_count(m->data, FV_TEST))
        m->split = fv_data_count(m->data, FV_VAL) ? FV_VAL : FV_TRAIN;
    const size_t n = fv_data_count(m->data, m->split);
    if (!n) {
        fv_cli_say(cli, "%s: there are no images in split %s", cli->operands[1], fv_cli_split_words[m->split]);
        return FV_EXIT_FAILURE;
    }
    m->probabilities = calloc(n * classes, sizeof *m->probabilities);
    if (!m->probabilities || !fv_cli_confusion_init(&m->confusion, classes, values->worst))
        return fv_cli_memory(cli);
    if (values->tta >= 0)
        code = measure_views(cli, m, n);
    else if (fv_evaluate(&cli->host, m->model, m->data, m->split, &options, &m->result, m->probabilities, &err))
        code = fv_cli_fail(cli, &err);
    if (code)
        return code;
    count(m);
    fv_cli_detail(cli, "%s: %zu images of %s in batches of %zu", fv_net_name(fv_model_net(m->model)), n,
                  fv_cli_split_words[m->split], (size_t)values->batch);
    return FV_EXIT_OK;
}

/* The seed and the share that the training held out, so that a folder that was split then is split alike now. */
static void training_split(const fv_cli *cli, const fv_model *model, fv_data_options *options)
{
    const char *text = fv_model_meta(model, "options");
    fv_settings settings;

    fv_settings_default(&settings);
    if (!text || fv_settings_apply_text(&cli->host, &settings, text, "options", NULL))
        return;
    options->seed = settings.seed;
    options->val = settings.val;
}

/* Classes are matched by name where the data are folders; a model knows them in its order. */
static int open_data(const fv_cli *cli, fv_cli_measured *m)
{
    const char **names = fv_cli_class_names(m->model);
    fv_data_options options = FV_DATA_OPTIONS;
    char splits[FV_CLI_PATH];
    fv_error err = {0};
    int code = FV_EXIT_OK;

    if (!names)
        return fv_cli_memory(cli);
    options.classes = names;
    options.class_count = fv_model_classes(m->model);
    options.threads = cli->common->threads;
    if (fv_folder_found(cli->operands[1]))
        training_split(cli, m->model, &options);
    if (fv_cli_run_split(cli->operands[0], splits))
        options.splits = splits;
    if (fv_data_open(&cli->host, cli->operands[1], &options, &m->data, &err))
        code = fv_cli_fail(cli, &err);
    if (!code && m->data->recorded_by_name)
        fv_cli_note(cli, "%s was written before contents were: pictures are found in it by their names alone", splits);
    if (!code && m->data->unrecorded)
        fv_cli_note(cli, "%zu pictures are not in %s: new since the training, and in no split but train",
                    m->data->unrecorded, splits);
    free(names);
    return code;
}

static int run(const fv_cli *cli)
{
    const eval_values *values = cli->values;
    fv_cli_measured m = {0};
    int code = fv_cli_check_machine(cli);

    if (!code)
        code = fv_cli_measured_check(cli, values->confusion, values->wrong);
    if (!code)
        code = fv_cli_model_open(cli, cli->operands[0], &m.model);
    if (!code)
        code = open_data(cli, &m);
    if (!code)
        code = measure(cli, &m);
    if (!code && values->csv)
        code = fv_cli_measured_csv(cli, &m, values->csv);
    if (!code && values->confusion)
        code = fv_cli_measured_confusion(cli, &m, values->confusion);
    if (!code && values->wrong)
        code = fv_cli_measured_wrong(cli, &m, values->wrong);
    if (!code && !(cli->common->json ? fv_cli_measured_json(cli, &m) : fv_cli_measured_text(cli, &m)))
        code = fv_cli_memory(cli);
    if (!code)
        code = fv_cli_tell_bad(cli, m.data, NULL);
    fv_cli_confusion_free(&m.confusion);
    free(m.probabilities);
    fv_data_free(m.data);
    fv_model_free(m.model);
    return code;
}

#define AT(member) offsetof(eval_values, member)
static const fv_cli_option options[] = {
    {.name = "split",
     .argument = "NAME",
     .type = FV_CLI_WORD,
     .at = AT(split),
     .words = fv_cli_split_words,
     .help = "which part of the data; without it test, where there is one"},
    {.name = "batch",
     .letter = 'b',
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(batch),
     .fallback = "256",
     .least = 1,
     .most = 65536,
     .unit = "images",
     .help = "images in one pass through the network"},
    FV_CLI_TTA(AT(tta)),
    {.name = "worst",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(worst),
     .fallback = "10",
     .least = 0,
     .most = 1000,
     .help = "how many of the mistakes are shown"},
    {.name = "csv",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(csv),
     .help = "write a line for each image: index,label,predicted,probability,path"},
    {.name = "confusion",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(confusion),
     .help = "write the confusion matrix: .csv, or .png with a square a pair, rows are labels"},
    {.name = "wrong",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(wrong),
     .help = "write the mistakes that --worst counts: .csv, .html with the pictures, or .png of these alone"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options},
    {"Weights", fv_cli_weights},
    {"Machine", fv_cli_machine},
    {"Arithmetic", fv_cli_exact},
    {"Precision and memory", fv_cli_hold},
    {"Output", fv_cli_json_output},
    {"General", fv_cli_general},
    {0},
};

const fv_cli_verb fv_cli_verb_eval = {
    .name = "eval",
    .operands = "MODEL DATA",
    .least = 2,
    .most = 2,
    .help = "Measure a model on a data set",
    .text =
        "Prints the mean cross-entropy, the share of images named right, the confusion matrix, precision, recall and "
        "F1 of each class, and the mistakes that the model was surest of. Intervals are Wilson's, 95 %. ECE is the "
        "mean "
        "difference between the probability of what was said and how often that is right.",
    .examples = {{"eval runs/train data/mnist", "how good is the best model of a run on the test images?"},
                 {"eval model.safetensors data/mnist --json", "the same for a script: top1, top5, loss, n and more"},
                 {"eval runs/train photos --wrong wrong.html --worst 100", "look at what it gets wrong"}},
    .more = "doc/training.md",
    .tables = tables,
    .value_bytes = sizeof(eval_values),
    .run = run,
};
