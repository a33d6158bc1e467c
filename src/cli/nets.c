/* nets: the networks inside the library, or the text of one. */
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/json.h"
#include <stdio.h>
#include <string.h>

static const fv_cli_column columns[] = {
    {"net", false}, {"input", false}, {"classes", true}, {"layers", true}, {"parameters", true}, {"MACs", true},
};

static void grid_row(fv_cli_grid *grid, const char *name, const fv_net_info *info)
{
    char number[32];

    fv_cli_grid_cell(grid, "%s", name);
    fv_cli_grid_cell(grid, "%ux%ux%u", info->height, info->width, info->channels);
    fv_cli_grid_cell(grid, "%u", info->classes);
    fv_cli_grid_cell(grid, "%zu", info->count);
    fv_cli_grid_cell(grid, "%s", fv_cli_thousands(info->parameters, number));
    fv_cli_grid_cell(grid, "%s", fv_cli_thousands(info->macs, number));
}

static void json_row(fv_cli_json *json, const char *name, const fv_net_info *info)
{
    fv_cli_json_object(json, NULL);
    fv_cli_json_text(json, "name", name);
    fv_cli_json_counts(json, "input", (uint64_t[]){info->height, info->width, info->channels}, 3);
    fv_cli_json_count(json, "classes", info->classes);
    fv_cli_json_count(json, "layers", info->count);
    fv_cli_json_count(json, "parameters", info->parameters);
    fv_cli_json_count(json, "macs", info->macs);
    fv_cli_json_end(json);
}

static int list(const fv_cli *cli)
{
    fv_cli_grid grid;
    fv_cli_json json;
    fv_error err = {0};
    int code = FV_EXIT_OK;
    bool good;

    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    fv_cli_json_begin(&json, 2);
    fv_cli_json_array(&json, "nets");
    for (size_t i = 0; !code && i < fv_zoo_count(); i++) {
        fv_net_info info;
        fv_net *net;

        if (fv_net_open(&cli->host, fv_zoo_name(i), &net, &err) || fv_net_describe(net, &info, &err)) {
            code = fv_cli_fail(cli, &err);
        } else if (cli->common->json) {
            json_row(&json, fv_zoo_name(i), &info);
        } else {
            grid_row(&grid, fv_zoo_name(i), &info);
        }
        fv_net_free(net);
    }
    good = cli->common->json && !code ? fv_cli_json_print(&json, stdout)
                                      : fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
    if (cli->common->json)
        fv_text_free(&grid.cells);
    else
        fv_text_free(&json.text);
    return code || good ? code : fv_cli_memory(cli);
}

static int run(const fv_cli *cli)
{
    fv_error err = {0};
    fv_net *net;

    if (!cli->count)
        return list(cli);
    if (fv_net_open(&cli->host, cli->operands[0], &net, &err))
        return fv_cli_fail(cli, &err);
    fputs(fv_net_text(net), stdout);
    fv_net_free(net);
    return FV_EXIT_OK;
}

static const fv_cli_table tables[] = {{"Output", fv_cli_json_output}, {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_nets = {
    .name = "nets",
    .operands = "[NET]",
    .least = 0,
    .most = 1,
    .help = "List the networks that are built in, or print the text of one",
    .text = "Wherever a verb takes NET, it is one of these names or the path of a .net file.",
    .examples = {{"nets", "list them with their sizes"},
                 {"nets lenet-5 > my.net", "begin a network of your own with the text of one"},
                 {"nets --json", "the same list for a script"}},
    .more = "doc/notation.md",
    .tables = tables,
    .value_bytes = sizeof(fv_cli_common),
    .run = run,
};
