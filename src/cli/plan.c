/* plan: what the planner decided about a network, in words or as memory. */
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/json.h"
#include <inttypes.h>
#include <stdio.h>

typedef struct plan_values {
    fv_cli_common common;
    uint64_t batch;
    bool explain, memory;
} plan_values;

static bool print_json(const fv_cli *cli, const fv_session *session)
{
    const plan_values *values = cli->values;
    fv_cli_json json;

    fv_cli_json_begin(&json, 1);
    fv_cli_json_text(&json, "net", cli->operands[0]);
    fv_cli_json_count(&json, "batch", values->batch);
    fv_cli_json_count(&json, "bytes", fv_session_bytes(session));
    fv_cli_json_text(&json, "explanation", fv_session_explain(session));
    return fv_cli_json_print(&json, stdout);
}

static int run(const fv_cli *cli)
{
    const plan_values *values = cli->values;
    const fv_session_options options = fv_cli_session_options(cli, values->batch);
    fv_session *session = NULL;
    fv_model *model = NULL;
    fv_error err = {0};
    char number[32], words[32];
    int code = fv_cli_check_machine(cli);

    if (!code)
        code = fv_cli_model_or_net(cli, cli->operands[0], &model);
    if (!code && fv_session_create(&cli->host, model, &options, &session, &err))
        code = fv_cli_fail(cli, &err);
    if (!code && cli->common->json) {
        if (!print_json(cli, session))
            code = fv_cli_memory(cli);
    } else if (!code) {
        if (values->explain || !values->memory)
            fputs(fv_session_explain(session), stdout);
        if (values->memory)
            printf("memory: %s bytes (%s) for batch %" PRIu64 "\n", fv_cli_thousands(fv_session_bytes(session), number),
                   fv_cli_bytes(fv_session_bytes(session), words), values->batch);
    }
    fv_session_free(session);
    fv_model_free(model);
    return code;
}

#define AT(member) offsetof(plan_values, member)
static const fv_cli_option options[] = {
    {.name = "explain", .type = FV_CLI_FLAG, .at = AT(explain), .help = "every decision in words; the default"},
    {.name = "memory", .type = FV_CLI_FLAG, .at = AT(memory), .help = "the memory that a session takes"},
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
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options}, {"Machine", fv_cli_machine}, {"Output", fv_cli_json_output}, {"General", fv_cli_general}, {0},
};

const fv_cli_verb fv_cli_verb_plan = {
    .name = "plan",
    .operands = "NET|MODEL",
    .least = 1,
    .most = 1,
    .help = "Show what the planner decided: kernels, fusions, order and memory",
    .examples = {{"plan lenet-5 --explain", "how will it run here, step by step?"},
                 {"plan lenet-5 --memory --batch 128", "how much memory does it take?"},
                 {"plan lenet-5 --isa ref", "the same with plain code"}},
    .more = "doc/ARCHITECTURE.md",
    .tables = tables,
    .value_bytes = sizeof(plan_values),
    .run = run,
};
