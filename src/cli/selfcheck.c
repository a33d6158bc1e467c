/* selfcheck: proves that this machine computes what it should. Of a model the vector that its file carries; without one
 * every net of the zoo that is small enough, each instruction set against the plain one, and one thread against three. */
#include "base/random.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "kernels/kernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 3 };
static const double bound = 1e-4;           /* of max|a - b| / max|b| between instruction sets, before soft-max */
static const uint64_t most_macs = 50000000; /* larger nets take seconds with plain code, a minute in an emulator */

/* One net, its pictures, and the logits of each way to compute them. */
typedef struct check {
    const fv_cli *cli;
    fv_model *model;
    float *input, *logits, *reference;
    size_t outputs;
} check;

static fv_status compute(const check *c, const char *isa, size_t threads, float *logits, fv_error *err)
{
    fv_session_options options = FV_SESSION_OPTIONS;
    fv_session *session;
    fv_status status;

    options.batch = BATCH;
    options.threads = threads;
    options.isa = isa;
    status = fv_session_create(&c->cli->host, c->model, &options, &session, err);
    if (!status)
        status = fv_session_run(session, c->input, BATCH, logits, err);
    fv_session_free(session);
    return status;
}

static double difference(const float *a, const float *b, size_t n)
{
    double worst = 0, largest = 0;

    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - (double)b[i]);

        worst = !(d <= worst) ? d : worst; /* NaN is the worst */
        largest = fmax(largest, fabs((double)b[i]));
    }
    return largest > 0 ? worst / largest : worst;
}

/* Compare one instruction set with the reference, and its threads with each other. */
static int check_isa(const check *c, const char *net, const char *isa)
{
    fv_error err = {0};
    float *again = calloc(c->outputs, sizeof *again);
    int code = again ? FV_EXIT_OK : fv_cli_memory(c->cli);

    if (!code && (compute(c, isa, 1, c->logits, &err) || compute(c, isa, 3, again, &err)))
        code = fv_cli_fail(c->cli, &err);
    if (!code) {
        const double far = difference(c->logits, c->reference, c->outputs);
        const bool same = memcmp(c->logits, again, c->outputs * sizeof *again) == 0;

        if (!(far <= bound) || !same)
            code = FV_EXIT_FAILURE;
        if (!c->cli->common->quiet || code)
            printf("%s  %s  %s: differs from ref by %.1e, bound %.0e; 1 and 3 threads give %s bits\n",
                   code ? "BAD " : "good", net, isa, far, bound, same ? "the same" : "different");
    }
    free(again);
    return code;
}

static int check_net(const fv_cli *cli, const char *name)
{
    const fv_random random = {.seed = 1, .stream = FV_STREAM_TEST};
    const fv_kernels *kernels;
    check c = {.cli = cli};
    fv_net *net = NULL;
    fv_net_info info;
    fv_error err = {0};
    size_t inputs;
    int code = FV_EXIT_OK;

    if (fv_net_open(&cli->host, name, &net, &err) || fv_net_describe(net, &info, &err) ||
        (info.macs <= most_macs && fv_model_create(&cli->host, net, 1, &c.model, &err))) {
        code = fv_cli_fail(cli, &err);
        goto done;
    }
    if (!c.model)
        goto done;
    inputs = (size_t)BATCH * info.height * info.width * info.channels;
    c.outputs = (size_t)BATCH * info.classes;
    c.input = calloc(inputs, sizeof *c.input);
    c.logits = calloc(c.outputs, sizeof *c.logits);
    c.reference = calloc(c.outputs, sizeof *c.reference);
    if (!c.input || !c.logits || !c.reference) {
        code = fv_cli_memory(cli);
        goto done;
    }
    for (size_t i = 0; i < inputs; i++)
        c.input[i] = (float)fv_random_uniform(random, i);
    if (compute(&c, "ref", 1, c.reference, &err)) {
        code = fv_cli_fail(cli, &err);
        goto done;
    }
    for (size_t i = 0; (kernels = fv_kernels_list(i)); i++)
        if (check_isa(&c, name, kernels->isa))
            code = FV_EXIT_FAILURE;
done:
    free(c.input);
    free(c.logits);
    free(c.reference);
    fv_model_free(c.model);
    fv_net_free(net);
    return code;
}

static int check_model(const fv_cli *cli, const char *path)
{
    fv_model *model;
    fv_error err = {0};
    double worst = NAN;
    int code = fv_cli_model_open(cli, path, &model);

    if (!code && fv_model_selfcheck(model, &worst, &err)) {
        fv_fail_at(&err, err.code, "%s", path);
        code = fv_cli_fail(cli, &err);
    }
    if (!code)
        printf("good  %s: differs from its maker's logits by %.1e, bound 1e-03\n", path, worst);
    fv_model_free(model);
    return code;
}

static int run(const fv_cli *cli)
{
    int code = FV_EXIT_OK;

    if (cli->count)
        return check_model(cli, cli->operands[0]);
    for (size_t i = 0; i < fv_zoo_count(); i++)
        if (check_net(cli, fv_zoo_name(i)))
            code = FV_EXIT_FAILURE;
    return code;
}

static const fv_cli_table tables[] = {{"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_selfcheck = {
    .name = "selfcheck",
    .operands = "[MODEL]",
    .least = 0,
    .most = 1,
    .help = "Prove that this machine computes what it should",
    .text =
        "A model carries an input and the logits that its maker's machine computed from it: they must come out here. "
        "Without a model, every instruction set of this CPU is compared with the plain one on nets of the zoo, and "
        "one thread with three, bit for bit.",
    .examples = {{"selfcheck", "is this build right for this machine?"},
                 {"selfcheck runs/train", "does the model of a run compute here what it did there?"},
                 {"selfcheck model.safetensors -q", "the exit code alone"}},
    .tables = tables,
    .value_bytes = sizeof(fv_cli_common),
    .run = run,
};
