/* plan: what the planner decided about a network in use or in training: steps and kernels, or the place of each value
 * in memory. */
#include "plan/plan.h"
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/json.h"
#include "train/learner.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct plan_values {
    fv_cli_common common;
    uint64_t batch;
    int mode;
    bool explain, memory;
    const char *without;
} plan_values;

enum { INFER, TRAIN };
static const char *const mode_words[] = {"infer", "train", NULL};

/* A planned network; what is shown is exec->plan. */
typedef struct planned {
    const fv_cli *cli;
    fv_net *net;
    fv_pool *pool;
    fv_store store;
    uint64_t step;
    fv_exec *inference;
    fv_learner learner;
    const fv_exec *exec; /* one of both */
} planned;

/* The steps of an inference session, as fv_session_create plans them. */
static fv_status plan_inference(planned *p, const fv_exec_options *options, size_t batch, fv_error *err)
{
    const fv_host *host = &p->cli->host;
    fv_graph graph;
    fv_status status;

    fv_graph_init(&graph, host, batch, false);
    status = fv_net_build(p->net, &graph, err);
    if (!status)
        status = fv_plan_simplify(&graph, options->without, err);
    if (status) {
        fv_graph_free(&graph);
        return status;
    }
    graph.values[graph.logits].keep = true;
    status = fv_exec_create(host, &graph, options, &p->inference, err);
    p->exec = p->inference;
    return status;
}

/* The steps of training with the options that the net's own text names. */
static fv_status plan_training(planned *p, const fv_exec_options *options, size_t batch, fv_error *err)
{
    fv_settings settings;
    size_t count;
    int line;
    const char *const *words = fv_net_train_words(p->net, &count, &line);
    fv_status status;

    fv_settings_default(&settings);
    status = fv_settings_apply(&settings, words, count, fv_net_file(p->net), err);
    if (!status)
        status = fv_learner_create(&p->cli->host, p->net, batch, &settings, options, true, &p->learner, err);
    p->exec = p->learner.exec;
    return status;
}

static int make(planned *p)
{
    const fv_cli *cli = p->cli;
    const plan_values *values = cli->values;
    const fv_kernels *kernels;
    fv_error err = {0};

    if (fv_kernels_choose(cli->common->isa, &kernels, &err) ||
        fv_pool_create(&cli->host, cli->common->threads, &p->pool, &err))
        return fv_cli_fail(cli, &err);
    fv_store_init(&p->store, &cli->host, kernels->real_bytes);
    const fv_exec_options options = {.kernels = kernels,
                                     .pool = p->pool,
                                     .store = &p->store,
                                     .seed = 1,
                                     .step = &p->step,
                                     .without = values->without};
    const fv_status status = values->mode == TRAIN ? plan_training(p, &options, values->batch, &err)
                                                   : plan_inference(p, &options, values->batch, &err);
    return status ? fv_cli_fail(cli, &err) : FV_EXIT_OK;
}

/* ------------------------------------------------------------------------------------------------------- text */

static uint64_t stored_bytes(const planned *p)
{
    uint64_t elements = 0;

    for (size_t i = 0; i < p->store.count; i++)
        elements += p->store.items[i].elements;
    return elements * p->store.real_bytes;
}

static bool print_text(const planned *p)
{
    const plan_values *values = p->cli->values;
    const fv_plan *plan = &p->exec->plan;
    char exact[32], words[32];
    fv_text text;

    fv_text_init(&text, NULL);
    if (values->explain || !values->memory)
        fv_plan_explain(plan, p->exec->kernels, &text);
    if (values->memory) {
        const uint64_t stored = stored_bytes(p), all = stored + plan->arena_bytes;

        fv_plan_explain_memory(plan, p->exec->kernels, &text);
        fv_text_print(&text, "arena   %s bytes (%s)\n", fv_cli_thousands(plan->arena_bytes, exact),
                      fv_cli_bytes(plan->arena_bytes, words));
        fv_text_print(&text, "stored  %s bytes (%s)\n", fv_cli_thousands(stored, exact), fv_cli_bytes(stored, words));
        fv_text_print(&text, "memory  %s bytes (%s) in all, batch %" PRIu64 "\n", fv_cli_thousands(all, exact),
                      fv_cli_bytes(all, words), values->batch);
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
    fv_cli_json json;

    fv_cli_json_begin(&json, 2);
    fv_cli_json_text(&json, "net", fv_net_name(p->net));
    fv_cli_json_text(&json, "mode", mode_words[values->mode]);
    fv_cli_json_count(&json, "batch", values->batch);
    fv_cli_json_text(&json, "isa", p->exec->kernels->isa);
    fv_cli_json_count(&json, "arena_bytes", plan->arena_bytes);
    fv_cli_json_count(&json, "stored_bytes", stored_bytes(p));
    fv_cli_json_count(&json, "values_bytes", plan->sum_bytes);
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
    if (!code)
        code = make(&p);
    if (!code && !(cli->common->json ? print_json(&p) : print_text(&p)))
        code = fv_cli_memory(cli);
    fv_exec_free(p.inference);
    fv_learner_free(&p.learner);
    if (p.store.real_bytes)
        fv_store_free(&p.store);
    fv_pool_free(p.pool);
    fv_net_free(p.net);
    return code;
}

#define AT(member) offsetof(plan_values, member)
static const fv_cli_option options[] = {
    {.name = "explain",
     .type = FV_CLI_FLAG,
     .at = AT(explain),
     .help = "passes, steps and kernels in words; without --memory that is what is printed"},
    {.name = "memory", .type = FV_CLI_FLAG, .at = AT(memory), .help = "which value lies where, how long, and the sums"},
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
    {.name = "no-pass",
     .argument = "PASS",
     .type = FV_CLI_TEXT,
     .at = AT(without),
     .help = "plan without this pass, to see what it is good for"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options},           {"Size of the network", fv_cli_size}, {"Machine", fv_cli_machine},
    {"Output", fv_cli_json_output}, {"General", fv_cli_general},          {0},
};

const fv_cli_verb fv_cli_verb_plan = {
    .name = "plan",
    .operands = "NET|MODEL",
    .least = 1,
    .most = 1,
    .help = "Show what the planner decided: kernels, fusions, order and memory",
    .examples = {{"plan lenet-5 --explain", "how will it run here, step by step?"},
                 {"plan lenet-5 --mode train --memory --batch 128", "where do the values of a training step lie?"},
                 {"plan lenet-5 --isa ref --no-pass fuse-activation", "plain code, and one pass less"}},
    .more = "doc/ARCHITECTURE.md",
    .tables = tables,
    .value_bytes = sizeof(plan_values),
    .run = run,
};
