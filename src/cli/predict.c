/* predict: names what is on pictures. A picture that cannot be read is named on standard error and the others go on. */
#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/fris_predict.h"
#include "cli/json.h"
#include "cli/overlay.h"
#include "cli/photos.h"
#include "cli/tune.h"
#include "model/session.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct predict_values {
    fv_cli_common common;
    uint64_t top;
    bool csv, wide, jsonl;
    const char *explain, *layer;
    int tta; /* index in fv_cli_tta_words, -1 = none */
} predict_values;

enum { AT_ONCE = 16 };

typedef struct predictor {
    const fv_cli *cli;
    fv_model *model;
    fv_session *session;
    fv_pictures files;            /* what the operands name, in their order */
    float *batch;                 /* [AT_ONCE, classes] probabilities */
    fv_guess *guesses;            /* of the picture at hand: the `top` likeliest classes */
    size_t classes, top, at_once; /* at_once: AT_ONCE or less */
    fv_cli_overlay overlay;       /* of --explain */
} predictor;

static void print_text(const predictor *p, const char *path)
{
    printf("%s:", path);
    for (size_t i = 0; i < p->top; i++)
        printf("%s %s %.4f", i ? "," : "", p->guesses[i].name, (double)p->guesses[i].probability);
    putchar('\n');
}

/* One row a rank; a picture that could not be read is a row with the error alone. */
static void print_csv(const predictor *p, const char *path, const char *error)
{
    for (size_t i = 0; i < (error ? 1 : p->top); i++) {
        fv_cli_csv_field(stdout, path);
        putchar(',');
        if (error) {
            fputs(",,", stdout);
            fv_cli_csv_field(stdout, error);
            putchar('\n');
        } else {
            fv_cli_csv_field(stdout, p->guesses[i].name);
            printf(",%.9g,\n", (double)p->guesses[i].probability);
        }
    }
}

static void print_wide(const predictor *p, const char *path, const char *error)
{
    fv_cli_csv_field(stdout, path);
    for (size_t i = 0; i < p->top; i++) {
        putchar(',');
        if (!error)
            fv_cli_csv_field(stdout, p->guesses[i].name);
        putchar(',');
        if (!error)
            printf("%.9g", (double)p->guesses[i].probability);
    }
    putchar(',');
    fv_cli_csv_field(stdout, error ? error : "");
    putchar('\n');
}

static void print_header(const predictor *p)
{
    const predict_values *values = p->cli->values;

    if (values->csv)
        puts("path,class,probability,error");
    for (size_t i = 0; values->wide && i < p->top; i++)
        printf("%sclass%zu,probability%zu,", i ? "" : "path,", i + 1, i + 1);
    if (values->wide)
        puts("error");
}

static void print_json(const predictor *p, const char *path, const char *error)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 0);
    fv_cli_json_text(&json, "path", path);
    if (error) {
        fv_cli_json_text(&json, "error", error);
        fv_cli_json_print(&json, stdout);
        return;
    }
    fv_cli_json_text(&json, "class", p->guesses[0].name);
    fv_cli_json_real(&json, "probability", (double)p->guesses[0].probability);
    fv_cli_json_array(&json, "top");
    for (size_t i = 0; i < p->top; i++) {
        fv_cli_json_object(&json, NULL);
        fv_cli_json_text(&json, "class", p->guesses[i].name);
        fv_cli_json_real(&json, "probability", (double)p->guesses[i].probability);
        fv_cli_json_end(&json);
    }
    fv_cli_json_print(&json, stdout);
}

static void print(predictor *p, const char *path, const float *probabilities, const fv_error *error)
{
    const predict_values *values = p->cli->values;
    const char *why = error->code ? error->message : NULL;

    if (why)
        fv_cli_fail(p->cli, error);
    else
        fv_model_rank(p->model, probabilities, p->guesses, p->top);
    if (values->csv)
        print_csv(p, path, why);
    else if (values->wide)
        print_wide(p, path, why);
    else if (values->common.json || values->jsonl)
        print_json(p, path, why);
    else if (!why)
        print_text(p, path);
}

/* All files, a batch at a time; *bad counts those that could not be read. */
static int predict_all(predictor *p, size_t *bad)
{
    fv_error errors[AT_ONCE], err = {0};
    const char *paths[AT_ONCE];
    int code = FV_EXIT_OK;

    print_header(p);
    for (size_t at = 0, n; !code && at < p->files.count; at += n) {
        n = p->files.count - at < p->at_once ? p->files.count - at : p->at_once;
        for (size_t i = 0; i < n; i++)
            paths[i] = p->files.items[at + i].path;
        if (fv_session_classify_files(p->session, paths, n, p->batch, errors, &err))
            return fv_cli_fail(p->cli, &err);
        for (size_t i = 0; !code && i < n; i++) {
            *bad += errors[i].code != FV_OK;
            print(p, paths[i], p->batch + i * p->classes, &errors[i]);
            if (p->overlay.session && !errors[i].code)
                code = fv_cli_overlay_write(p->cli, &p->overlay, paths[i], p->files.items[at + i].name,
                                            p->guesses[0].index);
        }
    }
    return code;
}

/* ---------------------------------------------------------------------------------------------- working */

static int open_session(const fv_cli *cli, predictor *p)
{
    char tuning[FV_CLI_PATH];
    const predict_values *values = cli->values;
    const size_t views = fv_cli_tta_views(values->tta);
    fv_session_options options;
    fv_error err = {0};

    p->at_once = views < AT_ONCE / 2 ? AT_ONCE / views : 2;
    p->at_once = p->files.count < p->at_once ? p->files.count : p->at_once;
    options = fv_cli_session_options(cli, p->at_once * views);
    options.views = views;
    p->classes = fv_model_classes(p->model);
    p->top = values->top < p->classes ? values->top : p->classes;
    p->batch = calloc(AT_ONCE * p->classes, sizeof *p->batch);
    p->guesses = calloc(p->top, sizeof *p->guesses);
    if (!p->batch || !p->guesses)
        return fv_cli_memory(cli);
    if (fv_cli_tuning_found(tuning))
        options.tuning = tuning;
    if (fv_session_create(&cli->host, p->model, &options, &p->session, &err))
        return fv_cli_fail(cli, &err);
    fv_cli_detail(cli, "%s: %zu classes, a session of %zu bytes", fv_net_name(fv_model_net(p->model)), p->classes,
                  fv_session_bytes(p->session));
    return FV_EXIT_OK;
}

/* By prototypes where the model's file holds some, else by the network's own classes. */
static int predict(predictor *p, size_t *bad)
{
    const fv_cli *cli = p->cli;
    const predict_values *values = cli->values;
    int code = fv_cli_model_open(cli, cli->operands[0], &p->model);

    if (!code && fv_fris_in_model(p->model) && values->explain)
        return fv_cli_usage(
            cli,
            "%s decides by prototypes: --explain follows a class's score back through the last layer, and "
            "these have none; --csv names the nearest prototypes, and a model of 'fovea train' can be "
            "explained",
            cli->operands[0]);
    if (!code && fv_fris_in_model(p->model))
        return fv_fris_predict(cli, cli->operands[0], p->model, &p->files,
                               values->csv                            ? FV_FRIS_CSV
                               : values->wide                         ? FV_FRIS_WIDE
                               : values->common.json || values->jsonl ? FV_FRIS_JSON
                                                                      : FV_FRIS_TEXT,
                               bad);
    if (!code)
        code = open_session(cli, p);
    if (!code && values->explain)
        code = fv_cli_overlay_open(cli, p->model, values->layer, values->explain, &p->overlay);
    return code ? code : predict_all(p, bad);
}

static int run(const fv_cli *cli)
{
    const predict_values *values = cli->values;
    predictor p = {.cli = cli};
    size_t bad = 0;
    int code = fv_cli_check_machine(cli);

    if (values->csv + values->wide + (values->common.json || values->jsonl) > 1)
        return fv_cli_usage(cli, "--csv, --wide and --json exclude each other");
    if (values->layer && !values->explain)
        return fv_cli_usage(cli, "--layer says which maps --explain looks at");
    fv_pictures_init(&p.files, &cli->host);
    if (!code)
        code = fv_cli_take_pictures(cli, 1, &p.files);
    if (!code)
        code = predict(&p, &bad);
    if (!code && bad && p.files.count > 1)
        fv_cli_note(cli, "%zu of %zu pictures could not be read", bad, p.files.count);
    if (!code && bad == p.files.count)
        code = FV_EXIT_FAILURE;
    else if (!code && (bad || p.files.bad_count))
        code = FV_EXIT_PARTLY;
    fv_pictures_free(&p.files);
    fv_cli_overlay_close(&p.overlay);
    fv_session_free(p.session);
    fv_model_free(p.model);
    free(p.batch);
    free(p.guesses);
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
     .help = "print path,class,probability,error, a row a class, quoted as RFC 4180 says"},
    {.name = "wide", .type = FV_CLI_FLAG, .at = AT(wide), .help = "the same with one row a picture"},
    {.name = "jsonl", .type = FV_CLI_FLAG, .at = AT(jsonl), .help = "as --json: one document a line"},
    FV_CLI_TTA(AT(tta)),
    {.name = "explain",
     .argument = "FOLDER",
     .type = FV_CLI_TEXT,
     .at = AT(explain),
     .help = "write each picture there with the places that spoke for the class it was given, in red (Grad-CAM)"},
    {.name = "layer",
     .argument = "NAME",
     .type = FV_CLI_TEXT,
     .at = AT(layer),
     .help = "whose maps --explain looks at; without it the last convolution's"},
    {.name = "no-exif",
     .type = FV_CLI_FLAG,
     .at = offsetof(fv_cli_common, as_stored),
     .help = "take pictures as they are stored, not turned upright as their EXIF orientation says"},
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

const fv_cli_verb fv_cli_verb_predict = {
    .name = "predict",
    .operands = "MODEL FILE|FOLDER|-...",
    .least = 2,
    .most = SIZE_MAX,
    .help = "Name what is on pictures (JPEG, PNG and others)",
    .text =
        "Pictures are prepared as the model says. Digits may be grey or coloured, of any size, dark on light or light "
        "on dark. With --json there is one document a line. A picture that cannot be read is named on standard error "
        "and the exit code is 3, or 1 if none could be read. Models of 'fovea fris train' answer with the nearest "
        "prototype, how sure that is (S*), or \"none of these\" and why; their --wide has a column of S for each "
        "class.",
    .examples = {{"predict runs/train digit.png", "which digit is it?"},

                 {"predict model.safetensors *.png --csv > said.csv", "a table for other programs"},
                 {"predict runs/train photos --explain looked", "where did the network look?"}},
    .more = "doc/training.md",
    .tables = tables,
    .value_bytes = sizeof(predict_values),
    .run = run,
};
