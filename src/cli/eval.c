/* eval: measures a model on a split of a data set: loss, top-1, the confusion matrix, precision, recall and F1 of each
 * class, and the mistakes that the model was surest of. */
#include "cli/cli.h"
#include "cli/confusion.h"
#include "cli/csv.h"
#include "cli/grid.h"
#include "cli/json.h"
#include "cli/memory.h"
#include "cli/photos.h"
#include "data/data.h"
#include "train/options.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct eval_values {
    fv_cli_common common;
    uint64_t batch, worst;
    int split; /* fv_split, -1 = test if there is one */
    const char *csv;
} eval_values;

/* All that was measured and what it was measured with. */
typedef struct measured {
    fv_model *model;
    fv_data *data;
    fv_split split;
    fv_evaluation result;
    float *probabilities; /* [n, classes] */
    fv_cli_confusion confusion;
} measured;

static const char *const split_words[] = {"train", "val", "test", NULL};

static const char *class_name(const measured *m, size_t c)
{
    const char *name = c < fv_model_classes(m->model) ? fv_model_class_name(m->model, c) : NULL;

    if (!name && c < fv_data_classes(m->data))
        name = fv_data_class_name(m->data, c);
    return name ? name : "?";
}

/* The best class of each sample against its label. Ties go to the lower class, as fv_evaluate counts them. */
static void count(measured *m)
{
    const size_t classes = m->result.classes;

    for (size_t i = 0; i < m->result.n; i++) {
        const float *p = m->probabilities + i * classes;
        uint32_t label;
        size_t best = 0;

        fv_data_sample(m->data, m->split, i, &label);
        for (size_t c = 1; c < classes; c++)
            if (p[c] > p[best])
                best = c;
        fv_cli_confusion_add(&m->confusion, i, label, best, p[best]);
    }
}

/* ------------------------------------------------------------------------------------------------------- text */

/* A table of more classes than this cannot be read; --json has it. */
enum { CONFUSION_MOST = 30 };

static bool print_confusion(const fv_cli *cli, const measured *m)
{
    const size_t classes = m->result.classes;
    fv_cli_column *columns = calloc(classes + 1, sizeof *columns);
    fv_cli_grid grid;
    bool good = columns != NULL;

    if (good && classes <= CONFUSION_MOST) {
        columns[0] = (fv_cli_column){"label", false};
        for (size_t c = 0; c < classes; c++)
            columns[c + 1] = (fv_cli_column){class_name(m, c), true};
        fv_cli_grid_init(&grid, columns, classes + 1);
        for (size_t label = 0; label < classes; label++) {
            fv_cli_grid_cell(&grid, "%s", class_name(m, label));
            for (size_t c = 0; c < classes; c++) {
                const uint64_t n = fv_cli_confusion_at(&m->confusion, label, c);

                if (n)
                    fv_cli_grid_cell(&grid, "%llu", (unsigned long long)n);
                else
                    fv_cli_grid_cell(&grid, ".");
            }
        }
        puts("\nConfusion: rows are labels, columns what the model said");
        good = fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
    }
    free(columns);
    return good;
}

static const fv_cli_column class_columns[] = {
    {"class", false}, {"samples", true}, {"precision", true}, {"recall", true}, {"F1", true},
};

static bool print_classes(const fv_cli *cli, const measured *m)
{
    fv_cli_grid grid;

    fv_cli_grid_init(&grid, class_columns, FV_COUNT(class_columns));
    for (size_t c = 0; c < m->result.classes; c++) {
        const fv_cli_class_score s = fv_cli_confusion_score(&m->confusion, c);

        if (m->result.classes > CONFUSION_MOST && !s.samples)
            continue;
        fv_cli_grid_cell(&grid, "%s", class_name(m, c));
        fv_cli_grid_cell(&grid, "%llu", (unsigned long long)s.samples);
        fv_cli_grid_cell(&grid, s.said ? "%.4f" : "-", s.precision);
        fv_cli_grid_cell(&grid, s.samples ? "%.4f" : "-", s.recall);
        fv_cli_grid_cell(&grid, s.said || s.samples ? "%.4f" : "-", s.f1);
    }
    putchar('\n');
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

static const fv_cli_column worst_columns[] = {
    {"sample", true},
    {"label", false},
    {"said", false},
    {"probability", true},
};

static bool print_worst(const fv_cli *cli, const measured *m)
{
    fv_cli_grid grid;

    if (!m->confusion.worst_count)
        return true;
    fv_cli_grid_init(&grid, worst_columns, FV_COUNT(worst_columns));
    for (size_t i = 0; i < m->confusion.worst_count; i++) {
        const fv_cli_mistake *w = &m->confusion.worst[i];

        fv_cli_grid_cell(&grid, "%zu", w->index);
        fv_cli_grid_cell(&grid, "%s", class_name(m, w->label));
        fv_cli_grid_cell(&grid, "%s", class_name(m, w->predicted));
        fv_cli_grid_cell(&grid, "%.4f", (double)w->probability);
    }
    puts("\nMistakes that the model was surest of; samples count from 0");
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

static bool print_text(const fv_cli *cli, const measured *m)
{
    const fv_evaluation *r = &m->result;
    char number[32];

    printf("%s images of %s, split %s\n", fv_cli_thousands(r->n, number), cli->operands[1], split_words[m->split]);
    printf("loss   %.5f\ntop-1  %.2f %%  (%zu wrong)\n", r->loss, 100 * r->top1, m->confusion.wrong);
    if (r->classes > 5)
        printf("top-5  %.2f %%\n", 100 * r->top5);
    return print_confusion(cli, m) && print_classes(cli, m) && print_worst(cli, m);
}

/* ------------------------------------------------------------------------------------------------------- JSON */

static void json_classes(fv_cli_json *json, const measured *m)
{
    fv_cli_json_array(json, "classes");
    for (size_t c = 0; c < m->result.classes; c++) {
        const fv_cli_class_score s = fv_cli_confusion_score(&m->confusion, c);

        fv_cli_json_object(json, NULL);
        fv_cli_json_text(json, "name", class_name(m, c));
        fv_cli_json_count(json, "n", s.samples);
        fv_cli_json_real(json, "precision", s.precision);
        fv_cli_json_real(json, "recall", s.recall);
        fv_cli_json_real(json, "f1", s.f1);
        fv_cli_json_end(json);
    }
    fv_cli_json_end(json);
    fv_cli_json_array(json, "confusion");
    for (size_t label = 0; label < m->result.classes; label++)
        fv_cli_json_counts(json, NULL, m->confusion.counts + label * m->result.classes, m->result.classes);
    fv_cli_json_end(json);
}

static bool print_json(const fv_cli *cli, const measured *m)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 2);
    fv_cli_json_text(&json, "model", cli->operands[0]);
    fv_cli_json_text(&json, "data", cli->operands[1]);
    fv_cli_json_text(&json, "split", split_words[m->split]);
    fv_cli_json_count(&json, "n", m->result.n);
    fv_cli_json_real(&json, "loss", m->result.loss);
    fv_cli_json_real(&json, "top1", m->result.top1);
    fv_cli_json_real(&json, "top5", m->result.top5);
    json_classes(&json, m);
    fv_cli_json_array(&json, "worst");
    for (size_t i = 0; i < m->confusion.worst_count; i++) {
        const fv_cli_mistake *w = &m->confusion.worst[i];

        fv_cli_json_object(&json, NULL);
        fv_cli_json_count(&json, "index", w->index);
        fv_cli_json_text(&json, "label", class_name(m, w->label));
        fv_cli_json_text(&json, "predicted", class_name(m, w->predicted));
        fv_cli_json_real(&json, "probability", (double)w->probability);
        fv_cli_json_end(&json);
    }
    fv_cli_json_end(&json);
    fv_cli_json_count(&json, "memory_peak_bytes", fv_cli_memory_peak());
    return fv_cli_json_print(&json, stdout);
}

/* -------------------------------------------------------------------------------------------------------- CSV */

static int write_csv(const fv_cli *cli, const measured *m, const char *path)
{
    FILE *file = fopen(path, "w");
    bool good = file != NULL;

    for (size_t i = 0; good && i < m->result.n; i++) {
        const float *p = m->probabilities + i * m->result.classes;
        uint32_t label;
        size_t best = 0;

        if (!i)
            fputs("index,label,predicted,probability\n", file);
        fv_data_sample(m->data, m->split, i, &label);
        for (size_t c = 1; c < m->result.classes; c++)
            if (p[c] > p[best])
                best = c;
        fprintf(file, "%zu,", i);
        fv_cli_csv_field(file, class_name(m, label));
        fputc(',', file);
        fv_cli_csv_field(file, class_name(m, best));
        good = fprintf(file, ",%.9g\n", (double)p[best]) > 0;
    }
    if (file && fclose(file) != 0)
        good = false;
    if (!good)
        fv_cli_say(cli, "%s: %s", path, strerror(errno));
    return good ? FV_EXIT_OK : FV_EXIT_FAILURE;
}

/* ------------------------------------------------------------------------------------------------------- verb */

static int measure(const fv_cli *cli, measured *m)
{
    const eval_values *values = cli->values;
    const fv_session_options options = fv_cli_session_options(cli, values->batch);
    const size_t classes = fv_model_classes(m->model);
    fv_error err = {0};

    m->split = FV_TEST;
    if (values->split >= 0)
        m->split = (fv_split)values->split;
    else if (!fv_data_count(m->data, FV_TEST))
        m->split = fv_data_count(m->data, FV_VAL) ? FV_VAL : FV_TRAIN;
    const size_t n = fv_data_count(m->data, m->split);
    if (!n) {
        fv_cli_say(cli, "%s: there are no images in split %s", cli->operands[1], split_words[m->split]);
        return FV_EXIT_FAILURE;
    }
    m->probabilities = calloc(n * classes, sizeof *m->probabilities);
    if (!m->probabilities || !fv_cli_confusion_init(&m->confusion, classes, values->worst))
        return fv_cli_memory(cli);
    if (fv_evaluate(&cli->host, m->model, m->data, m->split, &options, &m->result, m->probabilities, &err))
        return fv_cli_fail(cli, &err);
    count(m);
    fv_cli_detail(cli, "%s: %zu images of %s in batches of %zu", fv_net_name(fv_model_net(m->model)), n,
                  split_words[m->split], (size_t)values->batch);
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
static int open_data(const fv_cli *cli, measured *m)
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
    if (!code && m->data->unrecorded)
        fv_cli_note(cli, "%zu pictures are not in %s: new since the training, and in no split but train",
                    m->data->unrecorded, splits);
    free(names);
    return code;
}

static int run(const fv_cli *cli)
{
    const eval_values *values = cli->values;
    measured m = {0};
    int code = fv_cli_check_machine(cli);

    if (!code)
        code = fv_cli_model_open(cli, cli->operands[0], &m.model);
    if (!code)
        code = open_data(cli, &m);
    if (!code)
        code = measure(cli, &m);
    if (!code && values->csv)
        code = write_csv(cli, &m, values->csv);
    if (!code && !(cli->common->json ? print_json(cli, &m) : print_text(cli, &m)))
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
     .words = split_words,
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
     .help = "write a line for each image: index,label,predicted,probability"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options},    {"Weights", fv_cli_weights},    {"Machine", fv_cli_machine}, {"Arithmetic", fv_cli_exact},
    {"Memory", fv_cli_hold}, {"Output", fv_cli_json_output}, {"General", fv_cli_general}, {0},
};

const fv_cli_verb fv_cli_verb_eval = {
    .name = "eval",
    .operands = "MODEL DATA",
    .least = 2,
    .most = 2,
    .help = "Measure a model on a data set",
    .text =
        "Prints the mean cross-entropy, the share of images named right, the confusion matrix, precision, recall and "
        "F1 of each class, and the mistakes that the model was surest of.",
    .examples = {{"eval runs/train data/mnist", "how good is the best model of a run on the test images?"},
                 {"eval model.safetensors data/mnist --json", "the same for a script: top1, top5, loss, n and more"},
                 {"eval model.safetensors data/mnist --split train --csv said.csv", "every prediction in a file"}},
    .more = "doc/training.md",
    .tables = tables,
    .value_bytes = sizeof(eval_values),
    .run = run,
};
