/* plan: what the planner decided about a network in use or in training: steps and kernels, or the place of each value
 * in memory. */
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/json.h"
#include "cli/tune.h"
#include "data/data.h"
#include "ops/tuning.h"
#include "train/memory.h"
#include "train/trainer.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct plan_values {
    fv_cli_common common;
    uint64_t batch;
    int mode;
    bool explain, low, bf16, memory, tune;
    const char *without;
} plan_values;

enum { INFER, TRAIN };
static const char *const mode_words[] = {"infer", "train", NULL};

/* A planned network. Nothing that grows with the batch is allocated. */
typedef struct planned {
    const fv_cli *cli;
    fv_net *net;
    fv_data *data;   /* that the command line names, or NULL */
    fv_data pattern; /* what stands in for it: pictures as the net wants them */
    fv_pool *pool;   /* of use; training has its own */
    fv_store store;
    fv_evaluator use;
    fv_tuning tuning; /* what was measured here; of use */
    fv_trainer *trainer;
    const fv_exec *exec; /* what is shown: of one of both */
    fv_memory memory;
} planned;

static const fv_data *data_of(const planned *p)
{
    return p->data ? p->data : &p->pattern;
}

static int open_data(planned *p)
{
    const fv_preprocess *in = fv_net_preprocess(p->net);
    const plan_values *values = p->cli->values;
    fv_error err = {0};

    p->pattern = (fv_data){.height = in->height,
                           .width = in->width,
                           .channels = in->channels,
                           .classes = fv_net_classes(p->net),
                           .counts = {[FV_TRAIN] = values->batch, [FV_TEST] = 1}};
    if (p->cli->count > 1 && fv_data_open(&p->cli->host, p->cli->operands[1], NULL, &p->data, &err))
        return fv_cli_fail(p->cli, &err);
    return FV_EXIT_OK;
}

/* A session, as fv_session_create plans it; with a data set the measuring of a model, as fv_evaluate does. */
static fv_status plan_use(planned *p, fv_error *err)
{
    const fv_cli_common *common = p->cli->common;
    const plan_values *values = p->cli->values;
    const fv_host *host = &p->cli->host;
    fv_exec_options options = {.store = &p->store,
                               .without = values->without,
                               .exact = common->exact,
                               .bf16 = values->bf16,
                               .low_memory = values->low,
                               .tuning = &p->tuning};
    char path[FV_CLI_PATH];
    fv_status status = fv_kernels_choose(common->isa, &options.kernels, err);

    if (!status && fv_cli_tuning_found(path))
        status = fv_tuning_read(host, path, &p->tuning, err);

    if (!status)
        status = fv_pool_create(host, common->threads, &p->pool, err);
    if (status)
        return status;
    options.pool = p->pool;
    fv_store_init(&p->store, host, options.kernels->real_bytes);
    status = fv_evaluator_plan(host, p->net, data_of(p), values->batch, &options, &p->use, err);
    if (status)
        return status;
    p->exec = p->use.run.exec;
    fv_memory_of_exec(p->exec, &p->memory);
    if (p->data) {
        p->memory.data = fv_data_bytes(p->data);
        p->memory.loader = fv_feeder_bytes(&p->use.feeder) + values->batch * sizeof *p->use.labels;
    }
    return FV_OK;
}

/* Training with the options that the net's own text names, its models saved. */
static fv_status plan_training(planned *p, fv_error *err)
{
    const plan_values *values = p->cli->values;
    fv_train_options options = FV_TRAIN_OPTIONS;
    char text[64];
    fv_status status;

    snprintf(text, sizeof text, "batch %" PRIu64 "%s", values->batch, p->cli->common->exact ? " exact" : "");
    options.text = text;
    options.threads = p->cli->common->threads;
    options.isa = p->cli->common->isa;
    status = fv_trainer_prepare(&p->cli->host, p->net, data_of(p), &options, true, values->without, &p->trainer, err);
    if (status)
        return status;
    p->exec = p->trainer->full.exec;
    fv_memory_of_trainer(p->trainer, &p->memory);
    if (!p->data)
        p->memory.data = 0;
    return FV_OK;
}

static int make(planned *p)
{
    const plan_values *values = p->cli->values;
    fv_error err = {0};
    const fv_status status = values->mode == TRAIN ? plan_training(p, &err) : plan_use(p, &err);

    return status ? fv_cli_fail(p->cli, &err) : FV_EXIT_OK;
}

/* ------------------------------------------------------------------------------------------------------- text */

/* Weights in a model file, which is mapped: no anonymous memory. Of a net in training there is none. */
static size_t mapped_bytes(const planned *p)
{
    size_t weights, optimizer;

    fv_plan_stored(&p->exec->plan, p->exec->kernels, &weights, &optimizer);
    return p->trainer ? 0 : weights / p->exec->kernels->real_bytes * sizeof(float);
}

static void print_parts(const planned *p, fv_text *text)
{
    const char *name, *help;
    char amount[FV_BYTES_TEXT], exact[32];
    size_t bytes;

    fv_text_print(text, "memory of %s, %s, batch %zu\n", fv_net_name(p->net), p->trainer ? "training" : "use",
                  p->exec->graph.batch);
    for (size_t i = 0; (name = fv_memory_part(&p->memory, i, &help, &bytes)); i++)
        if (bytes)
            fv_text_print(text, "  %-12s%12s  %s\n", name, fv_text_bytes(amount, bytes), help);
    bytes = fv_memory_sum(&p->memory);
    fv_text_print(text, "  %-12s%12s  %s bytes of anonymous memory at the most\n", "sum", fv_text_bytes(amount, bytes),
                  fv_cli_thousands(bytes, exact));
    if (mapped_bytes(p))
        fv_text_print(text, "  %-12s%12s  a model file of these weights, not in the sum\n", "mapped",
                      fv_text_bytes(amount, mapped_bytes(p)));
}

static bool print_text(const planned *p)
{
    const plan_values *values = p->cli->values;
    const fv_plan *plan = &p->exec->plan;
    fv_text text;

    fv_text_init(&text, NULL);
    if (values->explain || !values->memory)
        fv_plan_explain(plan, p->exec->kernels, &text);
    if (values->memory) {
        fv_plan_explain_memory(plan, p->exec->kernels, &text);
        print_parts(p, &text);
    }
    const bool good = !text.failed;
    if (good)
        fwrite(text.data, 1, text.length, stdout);
    fv_text_free(&text);
    return good;
}

/* ------------------------------------------------------------------------------------------------------- JSON */

static void json_step(fv_cli_json *json, const fv_plan *plan, const fv_plan_step *step)
{
    const fv_node *node = &plan->graph->nodes[step->node];

    fv_cli_json_object(json, NULL);
    fv_cli_json_text(json, "layer", node->label);
    fv_cli_json_text(json, "operator", node->op->name);
    fv_cli_json_text(json, "kernel", fv_kernel_name(step->kernel));
    fv_cli_json_count(json, "items", step->items);
    fv_cli_json_count(json, "chunks", step->chunks);
    fv_cli_json_real(json, "flops", step->cost.flops);
    fv_cli_json_real(json, "bytes", step->cost.bytes);
    fv_cli_json_flag(json, "once", step->once);
    fv_cli_json_end(json);
}

static bool print_json(const planned *p)
{
    const plan_values *values = p->cli->values;
    const fv_plan *plan = &p->exec->plan;
    const char *name, *help;
    fv_cli_json json;
    size_t bytes;

    fv_cli_json_begin(&json, 2);
    fv_cli_json_text(&json, "net", fv_net_name(p->net));
    fv_cli_json_text(&json, "mode", mode_words[values->mode]);
    fv_cli_json_count(&json, "batch", p->exec->graph.batch);
    fv_cli_json_text(&json, "isa", p->exec->kernels->isa);
    fv_cli_json_count(&json, "arena_bytes", plan->arena_bytes);
    fv_cli_json_count(&json, "stored_bytes", p->memory.weights + p->memory.optimizer);
    fv_cli_json_count(&json, "values_bytes", plan->sum_bytes);
    fv_cli_json_object(&json, "memory");
    for (size_t i = 0; (name = fv_memory_part(&p->memory, i, &help, &bytes)); i++)
        fv_cli_json_count(&json, name, bytes);
    fv_cli_json_count(&json, "sum", fv_memory_sum(&p->memory));
    fv_cli_json_count(&json, "mapped", mapped_bytes(p));
    fv_cli_json_end(&json);
    fv_cli_json_array(&json, "steps");
    for (size_t i = 0; i < plan->n_steps; i++)
        json_step(&json, plan, &plan->steps[i]);
    return fv_cli_json_print(&json, stdout);
}

/* ------------------------------------------------------------------------------------------------------- verb */

static int check_pass(const fv_cli *cli, const char *name)
{
    const char *names[32] = {0};
    const fv_pass *pass;

    for (size_t i = 0; (pass = fv_pass_list(i)) && i + 1 < FV_COUNT(names); i++) {
        names[i] = pass->name;
        if (strcmp(pass->name, name) == 0)
            return FV_EXIT_OK;
    }
    const char *near = fv_cli_nearest(name, names);
    return fv_cli_usage(cli, "--no-pass: no pass is called '%s'%s%s%s", name, near ? "; did you mean '" : "",
                        near ? near : "", near ? "'?" : "");
}

static int run(const fv_cli *cli)
{
    const plan_values *values = cli->values;
    planned p = {.cli = cli};
    int code = fv_cli_check_machine(cli);

    if (!code && values->without)
        code = check_pass(cli, values->without);
    if (!code)
        code = fv_cli_net_open(cli, cli->operands[0], &p.net);
    if (!code && values->tune) {
        code = fv_cli_tune(cli, p.net, values->batch);
        fv_net_free(p.net);
        return code;
    }
    if (!code)
        code = open_data(&p);
    if (!code)
        code = make(&p);
    if (!code && !(cli->common->json ? print_json(&p) : print_text(&p)))
        code = fv_cli_memory(cli);
    fv_evaluator_free(&p.use);
    fv_trainer_free(p.trainer);
    if (p.store.real_bytes)
        fv_store_free(&p.store);
    fv_pool_free(p.pool);
    fv_tuning_free(&p.tuning);
    fv_data_free(p.data);
    fv_net_free(p.net);
    return code;
}

#define AT(member) offsetof(plan_values, member)
static const fv_cli_option options[] = {
    {.name = "explain",
     .type = FV_CLI_FLAG,
     .at = AT(explain),
     .help = "passes, steps and kernels in words; without --memory that is what is printed"},
    {.name = "memory",
     .type = FV_CLI_FLAG,
     .at = AT(memory),
     .help = "which value lies where and how long, and what the process takes, part by part"},
    {.name = "bf16",
     .type = FV_CLI_FLAG,
     .at = AT(bf16),
     .help = "plan the use of the network as predict, eval and bench do with --precision bf16"},
    {.name = "low",
     .type = FV_CLI_FLAG,
     .at = AT(low),
     .help = "plan the use of the network as predict, eval and bench do with --memory low"},
    {.name = "batch",
     .letter = 'b',
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(batch),
     .fallback = "1",
     .least = 1,
     .most = 65536,
     .unit = "image",
     .help = "images in one run"},
    {.name = "mode",
     .argument = "MODE",
     .type = FV_CLI_WORD,
     .at = AT(mode),
     .fallback = "infer",
     .words = mode_words,
     .help = "use the network, or train it"},
    {.name = "tune",
     .type = FV_CLI_FLAG,
     .at = AT(tune),
     .help = "measure the algorithms of each convolution here, and keep what is fastest for predict, bench and plan"},
    {.name = "no-pass",
     .argument = "PASS",
     .type = FV_CLI_TEXT,
     .at = AT(without),
     .help = "plan without this pass, to see what it is good for"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options},
    {"Size of the network", fv_cli_size},
    {"Machine", fv_cli_machine},
    {"Arithmetic", fv_cli_exact},
    {"Output", fv_cli_json_output},
    {"General", fv_cli_general},
    {0},
};

const fv_cli_verb fv_cli_verb_plan = {
    .name = "plan",
    .operands = "NET|MODEL [DATA]",
    .least = 1,
    .most = 2,
    .help = "Show what the planner decided: kernels, fusions, order and memory",
    .text = "Nothing is run, and no memory is taken, but with --tune. With DATA, --memory counts the pictures too.",
    .examples = {{"plan lenet-5 --explain", "how will it run here, step by step?"},
                 {"plan lenet-5 --mode train --memory --batch 128", "where do the values of a training step lie?"},
                 {"plan lenet-5 --isa ref --no-pass fuse-activation", "plain code, and one pass less"}},
    .more = "doc/memory.md",
    .tables = tables,
    .value_bytes = sizeof(plan_values),
    .run = run,
};
