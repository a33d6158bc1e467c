/* predict: names what is on pictures. A picture that cannot be read is named on standard error and the others go on. */
#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct predict_values {
    fv_cli_common common;
    uint64_t top;
    bool csv;
} predict_values;

typedef struct predictor {
    const fv_cli *cli;
    fv_model *model;
    fv_session *session;
    float *probabilities; /* [classes] */
    size_t *order;        /* classes, the likeliest first */
    size_t classes, top;
} predictor;

/* The `top` likeliest classes to the front of `order`; ties go to the lower class. */
static void rank(predictor *p)
{
    for (size_t c = 0; c < p->classes; c++)
        p->order[c] = c;
    for (size_t i = 0; i < p->top; i++) {
        size_t best = i;

        for (size_t j = i + 1; j < p->classes; j++)
            if (p->probabilities[p->order[j]] > p->probabilities[p->order[best]])
                best = j;
        const size_t chosen = p->order[best];
        memmove(p->order + i + 1, p->order + i, (best - i) * sizeof *p->order);
        p->order[i] = chosen;
    }
}

static void print_text(const predictor *p, const char *path)
{
    printf("%s:", path);
    for (size_t i = 0; i < p->top; i++)
        printf("%s %s %.4f", i ? "," : "", fv_model_class_name(p->model, p->order[i]),
               (double)p->probabilities[p->order[i]]);
    putchar('\n');
}

static void print_csv(const predictor *p, const char *path)
{
    for (size_t i = 0; i < p->top; i++) {
        fv_cli_csv_field(stdout, path);
        putchar(',');
        fv_cli_csv_field(stdout, fv_model_class_name(p->model, p->order[i]));
        printf(",%.9g\n", (double)p->probabilities[p->order[i]]);
    }
}

static void print_json(const predictor *p, const char *path)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 0);
    fv_cli_json_text(&json, "path", path);
    fv_cli_json_text(&json, "class", fv_model_class_name(p->model, p->order[0]));
    fv_cli_json_real(&json, "probability", (double)p->probabilities[p->order[0]]);
    fv_cli_json_array(&json, "top");
    for (size_t i = 0; i < p->top; i++) {
        fv_cli_json_object(&json, NULL);
        fv_cli_json_text(&json, "class", fv_model_class_name(p->model, p->order[i]));
        fv_cli_json_real(&json, "probability", (double)p->probabilities[p->order[i]]);
        fv_cli_json_end(&json);
    }
    fv_cli_json_print(&json, stdout);
}

static bool predict(predictor *p, const char *path)
{
    const predict_values *values = p->cli->values;
    fv_error err = {0};

    if (fv_session_classify_file(p->session, path, p->probabilities, &err)) {
        fv_cli_fail(p->cli, &err);
        return false;
    }
    rank(p);
    if (values->csv)
        print_csv(p, path);
    else if (values->common.json)
        print_json(p, path);
    else
        print_text(p, path);
    return true;
}

static int open_model(const fv_cli *cli, predictor *p)
{
    const fv_session_options options = fv_cli_session_options(cli, 1);
    const predict_values *values = cli->values;
    fv_error err = {0};
    int code = fv_cli_model_open(cli, cli->operands[0], &p->model);

    if (code)
        return code;
    p->classes = fv_model_classes(p->model);
    p->top = values->top < p->classes ? values->top : p->classes;
    p->probabilities = calloc(p->classes, sizeof *p->probabilities);
    p->order = calloc(p->classes, sizeof *p->order);
    if (!p->probabilities || !p->order)
        return fv_cli_memory(cli);
    if (fv_session_create(&cli->host, p->model, &options, &p->session, &err))
        return fv_cli_fail(cli, &err);
    fv_cli_detail(cli, "%s: %zu classes, a session of %zu bytes", fv_net_name(fv_model_net(p->model)), p->classes,
                  fv_session_bytes(p->session));
    return FV_EXIT_OK;
}

static int run(const fv_cli *cli)
{
    const predict_values *values = cli->values;
    predictor p = {.cli = cli};
    size_t bad = 0;
    int code = fv_cli_check_machine(cli);

    if (values->csv && values->common.json)
        return fv_cli_usage(cli, "--csv and --json exclude each other");
    if (!code)
        code = open_model(cli, &p);
    if (!code && values->csv)
        puts("path,class,probability");
    for (size_t i = 1; !code && i < cli->count; i++)
        bad += !predict(&p, cli->operands[i]);
    if (!code && bad) {
        if (cli->count > 2)
            fv_cli_note(cli, "%zu of %zu pictures could not be read", bad, cli->count - 1);
        code = bad == cli->count - 1 ? FV_EXIT_FAILURE : FV_EXIT_PARTLY;
    }
    fv_session_free(p.session);
    fv_model_free(p.model);
    free(p.probabilities);
    free(p.order);
    return code;
}

#define AT(member) offsetof(predict_values, member)
static const fv_cli_option options[] = {
    {.name = "top",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(top),
     .fallback = "1",
     .least = 1,
     .most = 1000,
     .unit = "class",
     .help = "how many classes are printed, the likeliest first"},
    {.name = "csv",
     .type = FV_CLI_FLAG,
     .at = AT(csv),
     .help = "print path,class,probability, quoted as RFC 4180 says"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options},
    {"Weights", fv_cli_weights},
    {"Machine", fv_cli_machine},
    {"Arithmetic", fv_cli_exact},
    {"Output", fv_cli_json_output},
    {"General", fv_cli_general},
    {0},
};

const fv_cli_verb fv_cli_verb_predict = {
    .name = "predict",
    .operands = "MODEL FILE...",
    .least = 2,
    .most = SIZE_MAX,
    .help = "Name what is on pictures (JPEG, PNG and others)",
    .text =
        "Pictures are prepared as the model says. Digits may be grey or coloured, of any size, dark on light or light "
        "on dark. With --json there is one document a line. A picture that cannot be read is named on standard error "
        "and the exit code is 3, or 1 if none could be read.",
    .examples = {{"predict runs/train digit.png", "which digit is it?"},
                 {"predict model.safetensors *.png --top 3", "the three likeliest classes of each"},
                 {"predict model.safetensors *.png --csv > said.csv", "a table for other programs"}},
    .more = "doc/training.md",
    .tables = tables,
    .value_bytes = sizeof(predict_values),
    .run = run,
};
