/* info: one row a layer (output, kernel, parameters, multiplications, memory, receptive field), and the totals; or
 * networks as a drawing. */
#include "cli/cli.h"
#include "cli/figure.h"
#include "cli/filters.h"
#include "cli/fris_predict.h"
#include "cli/grid.h"
#include "cli/json.h"
#include "cli/paper.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fv_cli_column columns[] = {
    {"layer", false}, {"operator", false},  {"output", true}, {"kernel", true}, {"stride", true}, {"pad", true},
    {"groups", true}, {"parameters", true}, {"MACs", true},   {"bytes", true},  {"sees", true},
};

static void pair(fv_cli_grid *grid, const uint32_t v[2], uint32_t silent)
{
    if (v[0] == silent && v[1] == silent)
        fv_cli_grid_cell(grid, "%s", "");
    else
        fv_cli_grid_cell(grid, "%ux%u", v[0], v[1]);
}

/* "2" on all sides, or "top,left,bottom,right". */
static void padding(fv_cli_grid *grid, const fv_layer *l)
{
    const uint32_t *a = l->pad_begin, *b = l->pad_end;

    if (!a[0] && !a[1] && !b[0] && !b[1])
        fv_cli_grid_cell(grid, "%s", "");
    else if (a[0] == a[1] && a[0] == b[0] && a[0] == b[1])
        fv_cli_grid_cell(grid, "%u", a[0]);
    else
        fv_cli_grid_cell(grid, "%u,%u,%u,%u", a[0], a[1], b[0], b[1]);
}

static void number(fv_cli_grid *grid, uint64_t n)
{
    char text[32];

    fv_cli_grid_cell(grid, "%s", n ? fv_cli_thousands(n, text) : "");
}

static void grid_row(fv_cli_grid *grid, const fv_layer *l)
{
    fv_cli_grid_cell(grid, "%s", l->name);
    fv_cli_grid_cell(grid, "%s%s%s", l->type, *l->activation ? " " : "", l->activation);
    fv_cli_grid_cell(grid, "%llux%llux%llu", (unsigned long long)l->height, (unsigned long long)l->width,
                     (unsigned long long)l->channels);
    pair(grid, l->kernel, 0);
    pair(grid, l->stride, l->kernel[0] ? 1 : 0);
    padding(grid, l);
    number(grid, l->groups > 1 ? l->groups : 0);
    number(grid, l->parameters);
    number(grid, l->macs);
    number(grid, l->activation_bytes);
    number(grid, l->receptive_field);
}

static bool print_table(const fv_cli *cli, const char *name, const fv_net_info *info)
{
    fv_cli_grid grid;
    char text[32], bytes[32];

    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t i = 0; i < info->count; i++)
        grid_row(&grid, &info->layers[i]);
    printf("%s: input %ux%ux%u, %u classes\n\n", name, info->height, info->width, info->channels, info->classes);
    if (!fv_cli_grid_print(&grid, stdout, cli->terminal.out_color))
        return false;
    printf("\nparameters       %s\n", fv_cli_thousands(info->parameters, text));
    if (info->parameters_training)
        printf("  training only  %s\n", fv_cli_thousands(info->parameters_training, text));
    printf("MACs             %s a sample\n", fv_cli_thousands(info->macs, text));
    printf("connections      %s\n", fv_cli_thousands(info->connections, text));
    printf("activations      %s bytes a sample (%s)\n", fv_cli_thousands(info->activation_bytes, text),
           fv_text_bytes(bytes, info->activation_bytes));
    printf("receptive field  %s pixels\n", fv_cli_thousands(info->receptive_field, text));
    return true;
}

static void json_row(fv_cli_json *json, const fv_net_info *info, const fv_layer *l)
{
    fv_cli_json_object(json, NULL);
    fv_cli_json_text(json, "name", l->name);
    fv_cli_json_text(json, "type", l->type);
    fv_cli_json_text(json, "text", l->text);
    fv_cli_json_array(json, "inputs");
    for (size_t i = 0; i < l->n_inputs; i++)
        fv_cli_json_text(json, NULL, l->inputs[i] ? info->layers[l->inputs[i] - 1].name : "input");
    fv_cli_json_end(json);
    fv_cli_json_counts(json, "out", (uint64_t[]){l->height, l->width, l->channels}, 3);
    fv_cli_json_count(json, "params", l->parameters);
    fv_cli_json_count(json, "macs", l->macs);
    fv_cli_json_count(json, "connections", l->connections);
    fv_cli_json_count(json, "activation_bytes", l->activation_bytes);
    if (l->kernel[0]) {
        fv_cli_json_counts(json, "kernel", (uint64_t[]){l->kernel[0], l->kernel[1]}, 2);
        fv_cli_json_counts(json, "stride", (uint64_t[]){l->stride[0], l->stride[1]}, 2);
        fv_cli_json_counts(json, "pad", (uint64_t[]){l->pad_begin[0], l->pad_begin[1]}, 2);
        fv_cli_json_counts(json, "pad_end", (uint64_t[]){l->pad_end[0], l->pad_end[1]}, 2);
    }
    if (l->groups)
        fv_cli_json_count(json, "groups", l->groups);
    fv_cli_json_count(json, "rf", l->receptive_field);
    if (*l->activation)
        fv_cli_json_text(json, "act", l->activation);
    if (l->training_only)
        fv_cli_json_flag(json, "training_only", true);
    fv_cli_json_end(json);
}

static void json_net(fv_cli_json *json, const char *name, const fv_net_info *info)
{
    fv_cli_json_text(json, "name", name);
    fv_cli_json_counts(json, "input", (uint64_t[]){info->height, info->width, info->channels}, 3);
    fv_cli_json_count(json, "classes", info->classes);
    fv_cli_json_count(json, "parameters", info->parameters);
    fv_cli_json_count(json, "parameters_training", info->parameters_training);
    fv_cli_json_count(json, "macs", info->macs);
    fv_cli_json_count(json, "connections", info->connections);
    fv_cli_json_count(json, "activation_bytes", info->activation_bytes);
    fv_cli_json_count(json, "receptive_field", info->receptive_field);
    fv_cli_json_array(json, "layers");
    for (size_t i = 0; i < info->count; i++)
        json_row(json, info, &info->layers[i]);
    fv_cli_json_end(json);
}

/* ------------------------------------------------------------------------------------------------------- verb */

typedef struct info_values {
    fv_cli_common common;
    const char *svg, *filters;
    bool paper;
} info_values;

/* The networks of the operands, opened and described. */
typedef struct nets {
    fv_net **nets;
    const char **names;
    fv_net_info *infos;
    size_t count;
} nets;

static int open_nets(const fv_cli *cli, nets *n)
{
    fv_error err = {0};
    int code = FV_EXIT_OK;

    *n = (nets){calloc(cli->count, sizeof *n->nets), calloc(cli->count, sizeof *n->names),
                calloc(cli->count, sizeof *n->infos), cli->count};
    if (!n->nets || !n->names || !n->infos)
        return fv_cli_memory(cli);
    for (size_t i = 0; i < n->count && !code; i++) {
        code = fv_cli_net_open(cli, cli->operands[i], &n->nets[i]);
        if (code)
            break;
        n->names[i] = fv_net_name(n->nets[i]);
        if (fv_net_describe(n->nets[i], &n->infos[i], &err))
            code = fv_cli_fail(cli, &err);
    }
    return code;
}

static void close_nets(nets *n)
{
    for (size_t i = 0; n->nets && i < n->count; i++)
        fv_net_free(n->nets[i]);
    free(n->nets);
    free(n->names);
    free(n->infos);
}

/* One network is the document, several are its array. */
static bool print_json(const nets *n)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, n->count > 1 ? 4 : 2);
    if (n->count > 1)
        fv_cli_json_array(&json, "nets");
    for (size_t i = 0; i < n->count; i++) {
        if (n->count > 1)
            fv_cli_json_object(&json, NULL);
        json_net(&json, n->names[i], &n->infos[i]);
        if (n->count > 1)
            fv_cli_json_end(&json);
    }
    return fv_cli_json_print(&json, stdout);
}

static bool print_tables(const fv_cli *cli, const nets *n)
{
    bool good = true;

    for (size_t i = 0; good && i < n->count; i++) {
        fputs(i ? "\n" : "", stdout);
        good = print_table(cli, n->names[i], &n->infos[i]);
    }
    return good;
}

static int run(const fv_cli *cli)
{
    const info_values *values = cli->values;
    fv_error err = {0};
    nets n;
    int code;

    if (values->svg && cli->common->json)
        return fv_cli_usage(cli, "--svg and --json exclude each other");
    if (values->paper && (values->svg || cli->count > 1))
        return fv_cli_usage(cli, values->svg ? "--svg and --paper exclude each other" : "--paper takes one network");
    if (values->filters)
        return cli->count > 1 ? fv_cli_usage(cli, "--filters shows those of one model, and %zu were given", cli->count)
                              : fv_cli_filters_write(cli, cli->operands[0], values->filters);
    code = open_nets(cli, &n);
    if (!code && values->paper) {
        code = fv_cli_paper_show(cli, n.names[0], &n.infos[0]);
    } else if (!code && values->svg) {
        if (fv_cli_figure_write(n.names, n.infos, n.count, values->svg, &err))
            code = fv_cli_fail(cli, &err);
    } else if (!code && !(cli->common->json ? print_json(&n) : print_tables(cli, &n))) {
        code = fv_cli_memory(cli);
    }
    for (size_t i = 0; !code && !values->paper && !values->svg && !cli->common->json && i < n.count; i++)
        code = fv_fris_describe(cli, cli->operands[i]);
    close_nets(&n);
    return code;
}

#define AT(member) offsetof(info_values, member)
static const fv_cli_option options[] = {
    {.name = "paper",
     .type = FV_CLI_FLAG,
     .at = AT(paper),
     .help = "the paper's table, made from the network, beside the numbers that are printed there"},
    {.name = "svg",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(svg),
     .help = "draw the networks side by side, a box a layer, instead of the tables; - is standard output"},
    {.name = "filters",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(filters),
     .help = "draw the filters of a model's first convolution: .png, .ppm or .pgm"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {{"Options", options},        {"Size of the network", fv_cli_size},
                                      {"Weights", fv_cli_weights}, {"Output", fv_cli_json_output},
                                      {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_info = {
    .name = "info",
    .operands = "NET|MODEL...",
    .least = 1,
    .most = SIZE_MAX,
    .help = "Describe or draw networks layer by layer: output, parameters, work and memory",
    .text =
        "MACs are multiplications a sample, biases not counted; bytes those of a layer's output as float32; sees is "
        "the receptive field, the pixels of the input that one output depends on, along the larger side.",
    .examples = {{"info lenet-5", "a table of its layers and the totals"},
                 {"info --paper googlenet", "table 1, counted and as printed, and what the 1x1 convolutions save"},
                 {"info vgg-e plain-34 resnet-34 --svg nets.svg", "three networks side by side, as a picture"}},
    .more = "doc/networks.md",
    .tables = tables,
    .value_bytes = sizeof(info_values),
    .run = run,
};
