#include "cli/measured.h"
#include "cli/grid.h"
#include "cli/json.h"
#include "cli/memory.h"
#include <stdio.h>
#include <stdlib.h>

const char *const fv_cli_split_words[] = {"train", "val", "test", NULL};

const char *fv_cli_measured_class(const fv_cli_measured *m, size_t c)
{
    const char *name = c < fv_model_classes(m->model) ? fv_model_class_name(m->model, c) : NULL;

    if (!name && c < fv_data_classes(m->data))
        name = fv_data_class_name(m->data, c);
    return name ? name : "?";
}

size_t fv_cli_measured_best(const fv_cli_measured *m, size_t i, size_t *label)
{
    const float *p = m->probabilities + i * m->result.classes;
    uint32_t own;
    size_t best = 0;

    fv_data_sample(m->data, m->split, i, &own);
    *label = own;
    for (size_t c = 1; c < m->result.classes; c++)
        if (p[c] > p[best])
            best = c;
    return best;
}

const char *fv_cli_measured_path(const fv_cli_measured *m, size_t i)
{
    const char *path = fv_data_path(m->data, m->split, i);

    return path ? path : "";
}

/* ------------------------------------------------------------------------------------------------------- text */

/* A table of more classes than this cannot be read; --json has it. */
enum { CONFUSION_MOST = 30 };

static bool print_confusion(const fv_cli *cli, const fv_cli_measured *m)
{
    const size_t classes = m->result.classes;
    fv_cli_column *columns = calloc(classes + 1, sizeof *columns);
    fv_cli_grid grid;
    bool good = columns != NULL;

    if (good && classes <= CONFUSION_MOST) {
        columns[0] = (fv_cli_column){"label", false};
        for (size_t c = 0; c < classes; c++)
            columns[c + 1] = (fv_cli_column){fv_cli_measured_class(m, c), true};
        fv_cli_grid_init(&grid, columns, classes + 1);
        for (size_t label = 0; label < classes; label++) {
            fv_cli_grid_cell(&grid, "%s", fv_cli_measured_class(m, label));
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

static bool print_classes(const fv_cli *cli, const fv_cli_measured *m)
{
    fv_cli_grid grid;

    fv_cli_grid_init(&grid, class_columns, FV_COUNT(class_columns));
    for (size_t c = 0; c < m->result.classes; c++) {
        const fv_cli_class_score s = fv_cli_confusion_score(&m->confusion, c);

        if (m->result.classes > CONFUSION_MOST && !s.samples)
            continue;
        fv_cli_grid_cell(&grid, "%s", fv_cli_measured_class(m, c));
        fv_cli_grid_cell(&grid, "%llu", (unsigned long long)s.samples);
        fv_cli_grid_cell(&grid, s.said ? "%.4f" : "-", s.precision);
        fv_cli_grid_cell(&grid, s.samples ? "%.4f" : "-", s.recall);
        fv_cli_grid_cell(&grid, s.said || s.samples ? "%.4f" : "-", s.f1);
    }
    putchar('\n');
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

static const fv_cli_column worst_columns[] = {
    {"sample", true}, {"label", false}, {"said", false}, {"probability", true}, {"file", false},
};

static bool print_worst(const fv_cli *cli, const fv_cli_measured *m)
{
    fv_cli_grid grid;

    if (!m->confusion.worst_count)
        return true;
    fv_cli_grid_init(&grid, worst_columns, FV_COUNT(worst_columns));
    for (size_t i = 0; i < m->confusion.worst_count; i++) {
        const fv_cli_mistake *w = &m->confusion.worst[i];

        fv_cli_grid_cell(&grid, "%zu", w->index);
        fv_cli_grid_cell(&grid, "%s", fv_cli_measured_class(m, w->label));
        fv_cli_grid_cell(&grid, "%s", fv_cli_measured_class(m, w->predicted));
        fv_cli_grid_cell(&grid, "%.4f", (double)w->probability);
        fv_cli_grid_cell(&grid, "%s", fv_cli_measured_path(m, w->index));
    }
    puts("\nMistakes that the model was surest of; samples count from 0");
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

/* "top-1  84.21 %, 95 % interval 81.02 to 86.95 %", without the end of the line. */
static void print_share(const char *name, double share, size_t n)
{
    double interval[2];

    fv_share_interval(share, n, interval);
    printf("%s  %.2f %%, 95 %% interval %.2f to %.2f %%", name, 100 * share, 100 * interval[0], 100 * interval[1]);
}

bool fv_cli_measured_text(const fv_cli *cli, const fv_cli_measured *m)
{
    const fv_evaluation *r = &m->result;
    char number[32];
    const char *temperature = fv_model_meta(m->model, "temperature");

    printf("%s images of %s, split %s\n", fv_cli_thousands(r->n, number), cli->operands[1],
           fv_cli_split_words[m->split]);
    printf("loss   %.5f\n", r->loss);
    print_share("top-1", r->top1, r->n);
    printf("  (%zu wrong)\n", m->confusion.wrong);
    if (r->classes > 5) {
        print_share("top-5", r->top5, r->n);
        putchar('\n');
    }
    printf("ECE    %.4f  (expected calibration error%s%s)\n", fv_calibration_error(&m->calibration),
           temperature ? "; the model's temperature " : "", temperature ? temperature : "");
    return print_confusion(cli, m) && print_classes(cli, m) && print_worst(cli, m);
}

/* ------------------------------------------------------------------------------------------------------- JSON */

static void json_classes(fv_cli_json *json, const fv_cli_measured *m)
{
    fv_cli_json_array(json, "classes");
    for (size_t c = 0; c < m->result.classes; c++) {
        const fv_cli_class_score s = fv_cli_confusion_score(&m->confusion, c);

        fv_cli_json_object(json, NULL);
        fv_cli_json_text(json, "name", fv_cli_measured_class(m, c));
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

static void json_share(fv_cli_json *json, const char *name, const char *interval_name, double share, size_t n)
{
    double interval[2];

    fv_share_interval(share, n, interval);
    fv_cli_json_real(json, name, share);
    fv_cli_json_array(json, interval_name);
    fv_cli_json_real(json, NULL, interval[0]);
    fv_cli_json_real(json, NULL, interval[1]);
    fv_cli_json_end(json);
}

bool fv_cli_measured_json(const fv_cli *cli, const fv_cli_measured *m)
{
    const char *temperature = fv_model_meta(m->model, "temperature");
    fv_cli_json json;

    fv_cli_json_begin(&json, 2);
    fv_cli_json_text(&json, "model", cli->operands[0]);
    fv_cli_json_text(&json, "data", cli->operands[1]);
    fv_cli_json_text(&json, "split", fv_cli_split_words[m->split]);
    fv_cli_json_count(&json, "n", m->result.n);
    fv_cli_json_real(&json, "loss", m->result.loss);
    json_share(&json, "top1", "top1_interval", m->result.top1, m->result.n);
    json_share(&json, "top5", "top5_interval", m->result.top5, m->result.n);
    fv_cli_json_real(&json, "ece", fv_calibration_error(&m->calibration));
    if (temperature)
        fv_cli_json_real(&json, "temperature", strtod(temperature, NULL));
    json_classes(&json, m);
    fv_cli_json_array(&json, "worst");
    for (size_t i = 0; i < m->confusion.worst_count; i++) {
        const fv_cli_mistake *w = &m->confusion.worst[i];

        fv_cli_json_object(&json, NULL);
        fv_cli_json_count(&json, "index", w->index);
        fv_cli_json_text(&json, "label", fv_cli_measured_class(m, w->label));
        fv_cli_json_text(&json, "predicted", fv_cli_measured_class(m, w->predicted));
        fv_cli_json_real(&json, "probability", (double)w->probability);
        if (*fv_cli_measured_path(m, w->index))
            fv_cli_json_text(&json, "path", fv_cli_measured_path(m, w->index));
        fv_cli_json_end(&json);
    }
    fv_cli_json_end(&json);
    fv_cli_json_count(&json, "memory_peak_bytes", fv_cli_memory_peak());
    return fv_cli_json_print(&json, stdout);
}
