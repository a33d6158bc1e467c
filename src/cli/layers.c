#include "cli/layers.h"
#include "base/file.h"
#include "cli/grid.h"
#include <stdlib.h>

enum { LEAST_ROUNDS = 5, MOST_ROUNDS = 1000 };

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_ms(double *elapsed_s, size_t count)
{
    qsort(elapsed_s, count, sizeof *elapsed_s, by_size);
    return (elapsed_s[count / 2] + elapsed_s[(count - 1) / 2]) / 2 * 1e3;
}

/* Rounds of all steps until `seconds` are over, 0 if memory ran out; elapsed_s is [MOST_ROUNDS][n]. */
static size_t run_rounds(fv_exec *exec, double seconds, double *elapsed_s)
{
    const double begin_s = fv_clock_s();
    size_t rounds = 0;

    while (rounds < LEAST_ROUNDS || (rounds < MOST_ROUNDS && fv_clock_s() - begin_s < seconds))
        if (!fv_exec_profile(exec, elapsed_s + rounds++ * exec->plan.n_steps))
            return 0;
    return rounds;
}

bool fv_cli_layers_measure(fv_cli_layers *layers, fv_exec *exec, double seconds)
{
    const fv_plan *plan = &exec->plan;
    const size_t n = plan->n_steps;
    double *elapsed_s = calloc(n, MOST_ROUNDS * sizeof *elapsed_s), column[MOST_ROUNDS];
    size_t rounds;

    *layers = (fv_cli_layers){.steps = calloc(n, sizeof *layers->steps)};
    rounds = elapsed_s && layers->steps ? run_rounds(exec, seconds, elapsed_s) : 0;
    if (!rounds) {
        free(elapsed_s);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const fv_plan_step *step = &plan->steps[i];
        const fv_node *node = &plan->graph->nodes[step->node];
        fv_cli_layer *to = &layers->steps[layers->count];

        if (step->once)
            continue;
        for (size_t r = 0; r < rounds; r++)
            column[r] = elapsed_s[r * n + i];
        snprintf(to->layer, sizeof to->layer, "%s", node->label);
        to->op = node->op->name;
        to->kernel = fv_kernel_name(step->kernel);
        to->ms = median_ms(column, rounds);
        to->flops = step->cost.flops;
        to->bytes = step->cost.bytes;
        layers->count++;
    }
    free(elapsed_s);
    return true;
}

void fv_cli_layers_free(fv_cli_layers *layers)
{
    free(layers->steps);
    *layers = (fv_cli_layers){0};
}

/* 1e9 units a second, of `count` in ms milliseconds. */
static double rate(double count, double ms)
{
    return ms > 0 ? count / ms / 1e6 : 0;
}

static void add_share(fv_cli_grid *grid, double value, double limit)
{
    if (limit > 0)
        fv_cli_grid_cell(grid, "%.0f %%", value / limit * 100);
    else
        fv_cli_grid_cell(grid, "%s", "");
}

static void add_row(fv_cli_grid *grid, const fv_cli_layer *l, const fv_cli_limits *limits, double all_ms)
{
    fv_cli_grid_cell(grid, "%s", l->layer);
    fv_cli_grid_cell(grid, "%s", l->op);
    fv_cli_grid_cell(grid, "%s", l->kernel);
    fv_cli_grid_cell(grid, "%.3f", l->ms);
    fv_cli_grid_cell(grid, "%.1f %%", all_ms > 0 ? l->ms / all_ms * 100 : 0);
    fv_cli_grid_cell(grid, "%.1f", rate(l->flops, l->ms));
    add_share(grid, rate(l->flops, l->ms), limits->fma);
    fv_cli_grid_cell(grid, "%.1f", rate(l->bytes, l->ms));
    add_share(grid, rate(l->bytes, l->ms), limits->memory);
}

bool fv_cli_layers_print(const fv_cli_layers *l, const fv_cli_limits *limits, FILE *out, bool bold)
{
    static const fv_cli_column columns[] = {{"layer", false}, {"operator", false}, {"kernel", false},
                                            {"ms", true},     {"share", true},     {"GFLOP/s", true},
                                            {"of FMA", true}, {"GB/s", true},      {"of memory", true}};
    fv_cli_layer all = {.layer = "all", .op = "", .kernel = ""};
    fv_cli_grid grid;

    for (size_t i = 0; i < l->count; i++) {
        all.ms += l->steps[i].ms;
        all.flops += l->steps[i].flops;
        all.bytes += l->steps[i].bytes;
    }
    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t i = 0; i < l->count; i++)
        add_row(&grid, &l->steps[i], limits, all.ms);
    add_row(&grid, &all, limits, all.ms);
    return fv_cli_grid_print(&grid, out, bold);
}

void fv_cli_layers_json(const fv_cli_layers *l, const fv_cli_limits *limits, fv_cli_json *json)
{
    fv_cli_json_object(json, "limits");
    fv_cli_json_real(json, "gflops", limits->fma);
    fv_cli_json_real(json, "gbytes_per_s", limits->memory);
    fv_cli_json_end(json);
    fv_cli_json_array(json, "layers");
    for (size_t i = 0; i < l->count; i++) {
        fv_cli_json_object(json, NULL);
        fv_cli_json_text(json, "layer", l->steps[i].layer);
        fv_cli_json_text(json, "operator", l->steps[i].op);
        fv_cli_json_text(json, "kernel", l->steps[i].kernel);
        fv_cli_json_real(json, "ms", l->steps[i].ms);
        fv_cli_json_real(json, "flops", l->steps[i].flops);
        fv_cli_json_real(json, "bytes", l->steps[i].bytes);
        fv_cli_json_end(json);
    }
    fv_cli_json_end(json);
}
