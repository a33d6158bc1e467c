/* ops: the operators of the notation, or one operator's attributes, from the tables that the parser reads. */
#include "ops/ops.h"
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/json.h"
#include <stdio.h>
#include <string.h>

enum { MOST = 128 };

/* The operators that a .net may name; the list ends with NULL. */
static size_t words_of_notation(const fv_op *ops[MOST])
{
    const fv_op *op;
    size_t count = 0;

    for (size_t i = 0; (op = fv_op_list(i)) && count + 1 < MOST; i++)
        if (!(op->flags & FV_OP_HIDDEN))
            ops[count++] = op;
    ops[count] = NULL;
    return count;
}

/* How a value of that type is written: "64", "3x3". */
static const char *form(const fv_attr *attr, char out[128])
{
    size_t at = 0;

    switch (attr->type) {
    case FV_ATTR_INT:
        return "N";
    case FV_ATTR_REAL:
        return "X";
    case FV_ATTR_FLAG:
        return "";
    case FV_ATTR_SIZE:
        return "HxW or N";
    case FV_ATTR_PAD:
        return "N, HxW, T,L,B,R or same";
    case FV_ATTR_CLASSES:
        return "N or classes";
    case FV_ATTR_WORD:
        *out = 0;
        for (size_t i = 0; attr->words[i] && at < 128; i++)
            at += (size_t)snprintf(out + at, 128 - at, "%s%s", i ? " | " : "", attr->words[i]);
        return out;
    }
    return "";
}

static const char *fallback(const fv_attr *attr, char out[64])
{
    const double x = attr->fallback;

    *out = 0;
    if (x <= FV_REQUIRED)
        return "required";
    switch (attr->type) {
    case FV_ATTR_FLAG:
        return x > 0 ? "on" : "off";
    case FV_ATTR_WORD:
        return x >= 0 ? attr->words[(size_t)x] : "";
    case FV_ATTR_INT:
    case FV_ATTR_REAL:
    case FV_ATTR_SIZE:
    case FV_ATTR_PAD:
    case FV_ATTR_CLASSES:
        snprintf(out, 64, "%g", x);
        return out;
    }
    return out;
}

static const fv_cli_column attr_columns[] = {
    {"attribute", false}, {"written", false}, {"default", false}, {"least", true}, {"most", true}, {"meaning", false},
};

static void limit(fv_cli_grid *grid, bool ranged, double value)
{
    char text[32] = "";

    if (ranged)
        snprintf(text, sizeof text, "%.7g", value);
    fv_cli_grid_cell(grid, "%s", text);
}

static bool print_attrs(const fv_cli *cli, const fv_op *op)
{
    fv_cli_grid grid;
    char value[128];

    fv_cli_grid_init(&grid, attr_columns, FV_COUNT(attr_columns));
    for (const fv_attr *attr = op->attrs; attr && attr->name; attr++) {
        const bool ranged = attr->type != FV_ATTR_FLAG && attr->type != FV_ATTR_WORD && attr->most < 1e15;

        fv_cli_grid_cell(&grid, "%s%s%s", attr->positional ? "(" : "", attr->name, attr->positional ? ")" : "");
        fv_cli_grid_cell(&grid, "%s", form(attr, value));
        fv_cli_grid_cell(&grid, "%s", fallback(attr, value));
        limit(&grid, ranged, attr->least);
        limit(&grid, ranged, attr->most);
        fv_cli_grid_cell(&grid, "%s", attr->help);
    }
    printf("%s: %s\n", op->name, op->help);
    if (grid.count)
        puts("\nAttributes; those in brackets are written without their name, in this order:");
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

static void json_op(fv_cli_json *json, const fv_op *op)
{
    char value[128];

    fv_cli_json_object(json, NULL);
    fv_cli_json_text(json, "name", op->name);
    fv_cli_json_text(json, "help", op->help);
    fv_cli_json_array(json, "attributes");
    for (const fv_attr *attr = op->attrs; attr && attr->name; attr++) {
        fv_cli_json_object(json, NULL);
        fv_cli_json_text(json, "name", attr->name);
        fv_cli_json_text(json, "written", form(attr, value));
        fv_cli_json_text(json, "default", fallback(attr, value));
        fv_cli_json_flag(json, "positional", attr->positional);
        fv_cli_json_text(json, "help", attr->help);
        fv_cli_json_end(json);
    }
    fv_cli_json_end(json);
    fv_cli_json_end(json);
}

static const fv_cli_column op_columns[] = {{"operator", false}, {"parameters", false}, {"meaning", false}};

static int run(const fv_cli *cli)
{
    const char *names[MOST] = {0};
    const fv_op *ops[MOST], *only = NULL;
    const size_t count = words_of_notation(ops);
    fv_cli_grid grid;
    fv_cli_json json;

    for (size_t i = 0; i < count; i++)
        names[i] = ops[i]->name;
    if (cli->count && !(only = fv_op_find(cli->operands[0]))) {
        const char *near = fv_cli_nearest(cli->operands[0], names);
        return fv_cli_usage(cli, "no operator is called '%s'%s%s%s", cli->operands[0], near ? "; did you mean '" : "",
                            near ? near : "", near ? "'?" : "");
    }
    if (cli->common->json) {
        fv_cli_json_begin(&json, 2);
        fv_cli_json_array(&json, "operators");
        for (size_t i = 0; i < count; i++)
            if (!only || only == ops[i])
                json_op(&json, ops[i]);
        return fv_cli_json_print(&json, stdout) ? FV_EXIT_OK : fv_cli_memory(cli);
    }
    if (only)
        return print_attrs(cli, only) ? FV_EXIT_OK : fv_cli_memory(cli);
    fv_cli_grid_init(&grid, op_columns, FV_COUNT(op_columns));
    for (size_t i = 0; i < count; i++) {
        fv_cli_grid_cell(&grid, "%s", ops[i]->name);
        fv_cli_grid_cell(&grid, "%s", ops[i]->params ? "learned" : "");
        fv_cli_grid_cell(&grid, "%s", ops[i]->help);
    }
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color) ? FV_EXIT_OK : fv_cli_memory(cli);
}

static const fv_cli_table tables[] = {{"Output", fv_cli_json_output}, {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_ops = {
    .name = "ops",
    .operands = "[OPERATOR]",
    .least = 0,
    .most = 1,
    .help = "List the operators of the notation, or the attributes of one",
    .examples = {{"ops", "which operators are there?"},
                 {"ops conv", "what can stand behind conv, and what holds otherwise"},
                 {"ops --json", "all of it for a script"}},
    .more = "doc/notation.md",
    .tables = tables,
    .value_bytes = sizeof(fv_cli_common),
    .run = run,
};
