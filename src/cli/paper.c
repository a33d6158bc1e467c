/* The paper of a network: which it is, its figures, its modules; and all of that as JSON. */
#include "cli/paper.h"
#include "cli/grid.h"
#include <stdio.h>
#include <string.h>

typedef enum counted { NOTHING, PARAMETERS, PARAMETERS_M, HEADS_M, MACS_G, CONNECTIONS, DEPTH } counted;

typedef struct figure {
    const char *net, *what;
    counted counted;
    const char *printed, *lecture, *source, *reason;
} figure;

#define PAPER(name, reference, nets, table)
#define FIGURE(net, what, counted, printed, lecture, source, reason)
#define ROW(net, title, layers, params_k, ops_m)

#undef PAPER
#define PAPER(name, reference, nets, table) {#name, reference, nets, fv_cli_paper_##table},
static const fv_cli_paper papers[] = {
#include "cli/paper.def"
};
#undef PAPER
#define PAPER(name, reference, nets, table)

#undef FIGURE
#define FIGURE(...) {__VA_ARGS__},
static const figure figures[] = {
#include "cli/paper.def"
};
#undef FIGURE
#define FIGURE(net, what, counted, printed, lecture, source, reason)

#undef ROW
#define ROW(...) {__VA_ARGS__},
const fv_cli_paper_row fv_cli_paper_rows[] = {
#include "cli/paper.def"
};
#undef ROW
#undef FIGURE
#undef PAPER
const size_t fv_cli_paper_row_count = FV_COUNT(fv_cli_paper_rows);

/* ---------------------------------------------------------------------------------------------------- counting */

/* Is `name` a word of the list, or does it begin with a word that ends with a dot? */
static bool listed(const char *list, const char *name)
{
    while (*list) {
        const size_t length = strcspn(list, " ");

        if (strncmp(list, name, length) == 0 && (!name[length] || list[length - 1] == '.'))
            return true;
        list += length + strspn(list + length, " ");
    }
    return false;
}

/* Biases: what a layer has beyond the weights that its multiplications read. */
static uint64_t weights_of(const fv_layer *l)
{
    return l->macs && l->parameters ? l->macs / (l->height * l->width) : l->parameters;
}

fv_cli_paper_sum fv_cli_paper_add(const fv_net_info *info, const char *layers)
{
    fv_cli_paper_sum sum = {0};

    for (size_t i = 0; i < info->count; i++) {
        const fv_layer *l = &info->layers[i];

        if (!listed(layers, l->name))
            continue;
        sum.first = sum.first ? sum.first : l;
        sum.last = l;
        sum.parameters += l->parameters;
        sum.weights += weights_of(l);
        sum.macs += l->macs;
    }
    return sum;
}

/* Layers with parameters on the longest path, heads not counted: 22 of GoogLeNet. */
static size_t depth_of(const fv_net_info *info)
{
    size_t *depth = fv_alloc(NULL, info->count + 1, sizeof *depth), most = 0;

    for (size_t i = 0; depth && i < info->count; i++) {
        const fv_layer *l = &info->layers[i];

        for (size_t k = 0; k < l->n_inputs; k++)
            depth[i + 1] = depth[l->inputs[k]] > depth[i + 1] ? depth[l->inputs[k]] : depth[i + 1];
        depth[i + 1] += l->macs > 0;
        most = !l->training_only && depth[i + 1] > most ? depth[i + 1] : most;
    }
    fv_release(NULL, depth);
    return most;
}

static const char *count(counted what, const fv_net_info *info, char out[32])
{
    switch (what) {
    case PARAMETERS:
        return fv_cli_thousands(info->parameters, out);
    case PARAMETERS_M:
        snprintf(out, 32, "%.2f", (double)info->parameters / 1e6);
        return out;
    case HEADS_M:
        snprintf(out, 32, "%.2f", (double)info->parameters_training / 1e6);
        return out;
    case MACS_G:
        snprintf(out, 32, "%.2f", (double)info->macs / 1e9);
        return out;
    case CONNECTIONS:
        return fv_cli_thousands(info->connections, out);
    case DEPTH:
        snprintf(out, 32, "%zu", depth_of(info));
        return out;
    case NOTHING:
        break;
    }
    return "";
}

/* ----------------------------------------------------------------------------------------------------- modules */

static const fv_layer *read_by(const fv_net_info *info, const fv_layer *l)
{
    return l->n_inputs == 1 && l->inputs[0] ? &info->layers[l->inputs[0] - 1] : NULL;
}

/* The convolution of a branch's end, through batch norm. */
static const fv_layer *conv_of(const fv_net_info *info, const fv_layer *l)
{
    while (l && strcmp(l->type, "bn") == 0)
        l = read_by(info, l);
    return l && strcmp(l->type, "conv") == 0 ? l : NULL;
}

static bool is_reduction(const fv_layer *l)
{
    return l && l->kernel[0] == 1 && l->kernel[1] == 1;
}

bool fv_cli_paper_module_at(const fv_net_info *info, size_t at, fv_cli_paper_module *module)
{
    const fv_layer *join = &info->layers[at];
    const char *dot = strrchr(join->name, '.');
    uint64_t reduced = 0;

    if (strcmp(join->type, "concat") != 0 || !dot)
        return false;
    *module = (fv_cli_paper_module){0};
    snprintf(module->name, sizeof module->name, "%.*s", (int)(dot - join->name), join->name);
    for (size_t i = 0; i < at; i++) {
        const fv_layer *l = &info->layers[i];

        if (strncmp(l->name, join->name, (size_t)(dot - join->name) + 1) != 0)
            continue;
        module->parameters += l->parameters;
        module->macs += l->macs;
    }
    module->parameters_without = module->parameters;
    module->macs_without = module->macs;
    for (size_t k = 0; k < join->n_inputs; k++) {
        const fv_layer *conv = join->inputs[k] ? conv_of(info, &info->layers[join->inputs[k] - 1]) : NULL;
        const fv_layer *before = conv && !is_reduction(conv) ? conv_of(info, read_by(info, conv)) : NULL;
        const fv_layer *source = is_reduction(before) ? read_by(info, before) : NULL;

        if (!source)
            continue;
        const uint64_t pixels = conv->height * conv->width, weights = weights_of(conv) / before->channels;

        reduced++;
        module->parameters_without += weights * source->channels - weights_of(conv) - before->parameters;
        module->macs_without += weights * source->channels * pixels - conv->macs - before->macs;
    }
    return reduced > 0;
}

static bool print_modules(const fv_cli *cli, const fv_net_info *info)
{
    static const fv_cli_column columns[] = {{"module", false}, {"parameters", true}, {"without 1x1", true},
                                            {"", true},        {"MACs", true},       {"without 1x1", true},
                                            {"", true}};
    fv_cli_paper_module m;
    fv_cli_grid grid;
    char a[32], b[32];

    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t i = 0; i < info->count; i++) {
        if (!fv_cli_paper_module_at(info, i, &m))
            continue;
        fv_cli_grid_cell(&grid, "%s", m.name);
        fv_cli_grid_cell(&grid, "%s", fv_cli_thousands(m.parameters, a));
        fv_cli_grid_cell(&grid, "%s", fv_cli_thousands(m.parameters_without, b));
        fv_cli_grid_cell(&grid, "x%.1f", (double)m.parameters_without / (double)m.parameters);
        fv_cli_grid_cell(&grid, "%s", fv_cli_thousands(m.macs, a));
        fv_cli_grid_cell(&grid, "%s", fv_cli_thousands(m.macs_without, b));
        fv_cli_grid_cell(&grid, "x%.1f", (double)m.macs_without / (double)m.macs);
    }
    if (grid.count)
        fputs(
            "\nModules with their 1x1 reductions and without: then the 3x3 and 5x5 read the module's input itself\n\n",
            stdout);
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

/* ----------------------------------------------------------------------------------------------------- figures */

static const fv_cli_paper_net *net_of(const fv_cli_paper_net *nets, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(nets[i].name, name) == 0)
            return &nets[i];
    return NULL;
}

static bool print_figures(const fv_cli *cli, const fv_cli_paper_net *nets, size_t n)
{
    static const fv_cli_column columns[] = {{"net", false},    {"figure", false}, {"printed", true}, {"counted", true},
                                            {"lecture", true}, {"where", false},  {"remark", false}};
    fv_cli_grid grid;
    char number[32];

    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t i = 0; i < FV_COUNT(figures); i++) {
        const figure *f = &figures[i];
        const fv_cli_paper_net *net = net_of(nets, n, f->net);

        if (!net)
            continue;
        fv_cli_grid_cell(&grid, "%s", f->net);
        fv_cli_grid_cell(&grid, "%s", f->what);
        fv_cli_grid_cell(&grid, "%s", f->printed);
        fv_cli_grid_cell(&grid, "%s", count(f->counted, &net->info, number));
        fv_cli_grid_cell(&grid, "%s", f->lecture);
        fv_cli_grid_cell(&grid, "%s", f->source);
        fv_cli_grid_cell(&grid, "%s", f->reason);
    }
    fputc('\n', stdout);
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

static void text_if(fv_cli_json *json, const char *key, const char *text)
{
    if (*text)
        fv_cli_json_text(json, key, text);
}

static void json_rows(fv_cli_json *json, const fv_cli_paper_net *nets, size_t n)
{
    fv_cli_json_array(json, "rows");
    for (size_t i = 0; i < fv_cli_paper_row_count; i++) {
        const fv_cli_paper_row *row = &fv_cli_paper_rows[i];
        const fv_cli_paper_net *net = net_of(nets, n, row->net);
        fv_cli_paper_sum sum;

        if (!net)
            continue;
        sum = fv_cli_paper_add(&net->info, row->layers);
        fv_cli_json_object(json, NULL);
        fv_cli_json_text(json, "type", row->title);
        fv_cli_json_text(json, "layers", row->layers);
        if (sum.last)
            fv_cli_json_counts(json, "out", (uint64_t[]){sum.last->height, sum.last->width, sum.last->channels}, 3);
        if (row->params_k > 0) {
            fv_cli_json_real(json, "printed_params_k", row->params_k);
            fv_cli_json_real(json, "printed_ops_m", row->ops_m);
        }
        fv_cli_json_count(json, "weights", sum.weights);
        fv_cli_json_count(json, "parameters", sum.parameters);
        fv_cli_json_count(json, "macs", sum.macs);
        fv_cli_json_end(json);
    }
    fv_cli_json_end(json);
}

static void json_modules(fv_cli_json *json, const fv_net_info *info)
{
    fv_cli_paper_module m;

    fv_cli_json_array(json, "modules");
    for (size_t i = 0; i < info->count; i++) {
        if (!fv_cli_paper_module_at(info, i, &m))
            continue;
        fv_cli_json_object(json, NULL);
        fv_cli_json_text(json, "name", m.name);
        fv_cli_json_count(json, "parameters", m.parameters);
        fv_cli_json_count(json, "parameters_without_reductions", m.parameters_without);
        fv_cli_json_count(json, "macs", m.macs);
        fv_cli_json_count(json, "macs_without_reductions", m.macs_without);
        fv_cli_json_end(json);
    }
    fv_cli_json_end(json);
}

static bool print_json(const fv_cli_paper *paper, const fv_cli_paper_net *nets, size_t n, const fv_net_info *info)
{
    fv_cli_json json;
    char number[32];

    fv_cli_json_begin(&json, 2);
    fv_cli_json_text(&json, "paper", paper->reference);
    fv_cli_json_array(&json, "figures");
    for (size_t i = 0; i < FV_COUNT(figures); i++) {
        const fv_cli_paper_net *net = net_of(nets, n, figures[i].net);

        if (!net)
            continue;
        fv_cli_json_object(&json, NULL);
        fv_cli_json_text(&json, "net", figures[i].net);
        fv_cli_json_text(&json, "figure", figures[i].what);
        text_if(&json, "printed", figures[i].printed);
        text_if(&json, "counted", count(figures[i].counted, &net->info, number));
        text_if(&json, "lecture", figures[i].lecture);
        text_if(&json, "source", figures[i].source);
        text_if(&json, "remark", figures[i].reason);
        fv_cli_json_end(&json);
    }
    fv_cli_json_end(&json);
    json_rows(&json, nets, n);
    json_modules(&json, info);
    return fv_cli_json_print(&json, stdout);
}

/* -------------------------------------------------------------------------------------------------------- show */

static int unknown(const fv_cli *cli, const char *name)
{
    char known[512] = "";
    size_t at = 0;

    for (size_t i = 0; i < FV_COUNT(papers) && at < sizeof known; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, " %s", papers[i].nets);
    return fv_cli_usage(cli, "--paper: nothing printed is known of '%s', but of%s", name, known);
}

/* The paper's nets, that of the caller among them. */
static int open_nets(const fv_cli *cli, const fv_cli_paper *paper, const char *name, const fv_net_info *info,
                     fv_cli_paper_net nets[FV_CLI_PAPER_NETS], size_t *n)
{
    fv_error err = {0};

    *n = 0;
    for (const char *at = paper->nets; *at && *n < FV_CLI_PAPER_NETS; at += strcspn(at, " "), at += *at == ' ') {
        fv_cli_paper_net *net = &nets[*n];

        snprintf(net->name, sizeof net->name, "%.*s", (int)strcspn(at, " "), at);
        net->net = NULL;
        net->info = *info;
        ++*n;
        if (strcmp(net->name, name) == 0)
            continue;
        if (fv_net_open(&cli->host, net->name, &net->net, &err) || fv_net_describe(net->net, &net->info, &err))
            return fv_cli_fail(cli, &err);
    }
    return FV_EXIT_OK;
}

int fv_cli_paper_show(const fv_cli *cli, const char *name, const fv_net_info *info)
{
    const fv_cli_paper *paper = NULL;
    fv_cli_paper_net nets[FV_CLI_PAPER_NETS];
    size_t n;
    bool good;
    int code;

    for (size_t i = 0; i < FV_COUNT(papers); i++)
        if (listed(papers[i].nets, name))
            paper = &papers[i];
    if (!paper)
        return unknown(cli, name);
    code = open_nets(cli, paper, name, info, nets, &n);
    if (!code && cli->common->json) {
        good = print_json(paper, nets, n, info);
        code = good ? FV_EXIT_OK : fv_cli_memory(cli);
    } else if (!code) {
        printf("%s\n\n", paper->reference);
        paper->print(cli, nets, n);
        good = print_figures(cli, nets, n) && print_modules(cli, info);
        code = good ? FV_EXIT_OK : fv_cli_memory(cli);
    }
    for (size_t i = 0; i < n; i++)
        fv_net_free(nets[i].net);
    return code;
}
