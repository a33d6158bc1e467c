/* Three plans of one net run in turn, each with another algorithm for all convolutions that have a choice. Steps are timed
 * where they stand, with the caches as the steps before leave them. */
#include "cli/tune.h"
#include "base/file.h"
#include "cli/grid.h"
#include "cli/version.h"
#include "ops/conv.h"
#include "ops/winograd.h"
#include "run/inference.h"
#include "train/trainer.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CANDIDATES = 3, LEAST_ROUNDS = 5, MOST_ROUNDS = 200, MOST_SECONDS = 3 };
static const size_t sides[CANDIDATES] = {0, 2, 4};

/* A convolution as it was measured; several layers may be alike. */
typedef struct measured {
    char layer[48];
    fv_conv_geometry g;
    double ms[CANDIDATES]; /* of all layers alike together, the least of all rounds */
    size_t model, best;    /* sides: what the cost model says, what was fastest */
} measured;

typedef struct tuner {
    const fv_cli *cli;
    const fv_kernels *kernels;
    fv_pool *pool;
    fv_store store;
    fv_tuned forced[CANDIDATES];
    fv_tuning tunings[CANDIDATES];
    fv_inference runs[CANDIDATES];
    double *least_s[CANDIDATES]; /* [steps of that plan] */
    measured *list;
    size_t count;
    fv_tuning known; /* what the file holds */
} tuner;

/* ---------------------------------------------------------------------------------------------- the file */

static bool tuning_path(char folder[FV_CLI_PATH], char path[FV_CLI_PATH])
{
    char cpu[FV_CLI_PROCESSOR];
    int length;

    if (!fv_cli_cache_place(folder))
        return false;
    fv_cli_processor(cpu);
    for (char *at = cpu; *at; at++)
        *at = isalnum((unsigned char)*at) ? *at : '-';
    length = snprintf(path, FV_CLI_PATH, "%s/tuning-%s-%s.txt", folder, cpu, fv_version());
    return length > 0 && length < FV_CLI_PATH;
}

bool fv_cli_tuning_found(char path[FV_CLI_PATH])
{
    char folder[FV_CLI_PATH];

    return tuning_path(folder, path) && access(path, R_OK) == 0;
}

static fv_status keep(tuner *t, const char *folder, const char *path, fv_error *err)
{
    fv_status status = fv_folder_make(&t->cli->host, folder, err);

    t->known.host = t->cli->host;
    if (!status && access(path, F_OK) == 0)
        status = fv_tuning_read(&t->cli->host, path, &t->known, err);
    for (size_t i = 0; !status && i < t->count; i++) {
        fv_tuned tuned = {.g = t->list[i].g, .side = t->list[i].best};

        snprintf(tuned.isa, sizeof tuned.isa, "%s", t->kernels->isa);
        status = fv_tuning_set(&t->known, &tuned, err);
    }
    return status ? status : fv_tuning_write(&t->known, path, err);
}

/* ---------------------------------------------------------------------------------------------- measuring */

static fv_status open_candidate(tuner *t, const fv_net *net, size_t batch, size_t c, fv_error *err)
{
    /* Pooling stays apart: the plain kernel cannot take it in, and would look faster by its time. */
    fv_exec_options options = {
        .kernels = t->kernels, .pool = t->pool, .store = &t->store, .tuning = &t->tunings[c], .without = "fuse-pool"};
    fv_status status;

    t->forced[c].side = sides[c];
    t->tunings[c].forced = &t->forced[c];
    status = fv_inference_plan(&t->cli->host, net, batch, &options, &t->runs[c], err);
    if (!status)
        status = fv_exec_open(t->runs[c].exec, NULL, err);
    if (status)
        return status;
    fv_exec_prepare(t->runs[c].exec);
    t->least_s[c] = calloc(t->runs[c].exec->plan.n_steps, sizeof(double));
    return t->least_s[c] ? FV_OK : fv_fail_memory(err, t->runs[c].exec->plan.n_steps, "times of steps");
}

static bool run_round(fv_exec *exec, double *least_s)
{
    const size_t n = exec->plan.n_steps;
    double *now_s = calloc(n, sizeof *now_s);

    if (!now_s || !fv_exec_profile(exec, now_s)) {
        free(now_s);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        least_s[i] = least_s[i] > 0 ? fmin(least_s[i], now_s[i]) : now_s[i];
    free(now_s);
    return true;
}

static bool run_rounds(tuner *t)
{
    const double begin_s = fv_clock_s();

    for (size_t r = 0; r < LEAST_ROUNDS || (r < MOST_ROUNDS && fv_clock_s() - begin_s < MOST_SECONDS); r++)
        for (size_t c = 0; c < CANDIDATES; c++)
            if (!run_round(t->runs[c].exec, t->least_s[c]))
                return false;
    return true;
}

/* ---------------------------------------------------------------------------------------------- results */

static measured *row_for(tuner *t, const fv_node *node, const fv_conv_geometry *g)
{
    measured *row;

    for (size_t i = 0; i < t->count; i++)
        if (memcmp(&t->list[i].g, g, sizeof *g) == 0)
            return &t->list[i];
    row = &t->list[t->count++];
    row->g = *g;
    snprintf(row->layer, sizeof row->layer, "%s", node->label);
    return row;
}

static void collect(tuner *t, size_t c)
{
    const fv_exec *exec = t->runs[c].exec;
    const fv_plan *plan = &exec->plan;

    for (size_t i = 0; i < plan->n_steps; i++) {
        const fv_node *node = &exec->graph.nodes[plan->steps[i].node];
        fv_conv_geometry g;

        if (!plan->steps[i].once && fv_conv_has_choice(&exec->graph, node, &g))
            row_for(t, node, &g)->ms[c] += t->least_s[c][i] * 1e3;
    }
}

/* The plain kernel rounds least: another one must be a twentieth faster. */
static void judge(const tuner *t, measured *row)
{
    double best = .95 * row->ms[0];

    row->model = fv_winograd_side(&row->g, &(fv_chooser){t->kernels, NULL, false});
    for (size_t c = 1; c < CANDIDATES; c++)
        if (row->ms[c] < best && (sides[c] == 2 || row->g.kernel_h == 3)) {
            best = row->ms[c];
            row->best = sides[c];
        }
}

static double ms_of(const measured *row, size_t side)
{
    return row->ms[side / 2];
}

static const char *side_name(const measured *row, size_t side, char out[96])
{
    if (side)
        snprintf(out, 96, "F(%zux%zu,%zux%zu)", side, side, row->g.kernel_h, row->g.kernel_w);
    else
        snprintf(out, 96, "plain");
    return out;
}

static bool print_table(const tuner *t)
{
    static const fv_cli_column columns[] = {{"layer", false},      {"input", false},       {"to", true},
                                            {"plain ms", true},    {"2x2 tiles", true},    {"4x4 tiles", true},
                                            {"cost model", false}, {"fastest here", false}};
    fv_cli_grid grid;
    char name[96];

    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t i = 0; i < t->count; i++) {
        const measured *row = &t->list[i];

        fv_cli_grid_cell(&grid, "%s", row->layer);
        fv_cli_grid_cell(&grid, "%zux%zux%zux%zu", row->g.n, row->g.in_h, row->g.in_w, row->g.in_c);
        fv_cli_grid_cell(&grid, "%zu", row->g.out_c);
        fv_cli_grid_cell(&grid, "%.3f", row->ms[0]);
        fv_cli_grid_cell(&grid, "%.3f", row->ms[1]);
        if (row->g.kernel_h == 3)
            fv_cli_grid_cell(&grid, "%.3f", row->ms[2]);
        else
            fv_cli_grid_cell(&grid, "%s", "");
        fv_cli_grid_cell(&grid, "%s", side_name(row, row->model, name));
        fv_cli_grid_cell(&grid, "%s", side_name(row, row->best, name));
    }
    return fv_cli_grid_print(&grid, stdout, t->cli->terminal.out_color);
}

static int report(tuner *t)
{
    char folder[FV_CLI_PATH], path[FV_CLI_PATH];
    double model_ms = 0, best_ms = 0;
    fv_error err = {0};

    for (size_t i = 0; i < t->count; i++) {
        judge(t, &t->list[i]);
        model_ms += ms_of(&t->list[i], t->list[i].model);
        best_ms += ms_of(&t->list[i], t->list[i].best);
    }
    if (!print_table(t))
        return fv_cli_memory(t->cli);
    printf("these layers together: %.3f ms as the cost model chooses, %.3f ms as measured\n", model_ms, best_ms);
    if (!tuning_path(folder, path)) {
        fv_cli_say(t->cli, "neither XDG_CACHE_HOME nor HOME says where to keep this");
        return FV_EXIT_FAILURE;
    }
    if (keep(t, folder, path, &err))
        return fv_cli_fail(t->cli, &err);
    printf("kept in %s; predict, bench and plan use it, and not with --exact\n", path);
    return FV_EXIT_OK;
}

static size_t count_choices(const fv_exec *exec)
{
    fv_conv_geometry g;
    size_t count = 0;

    for (size_t i = 0; i < exec->graph.n_nodes; i++)
        count += fv_conv_has_choice(&exec->graph, &exec->graph.nodes[i], &g);
    return count;
}

static int measure(tuner *t, const fv_net *net, size_t batch)
{
    fv_error err = {0};
    size_t choices;

    if (fv_kernels_choose(t->cli->common->isa, &t->kernels, &err) ||
        fv_pool_create(&t->cli->host, t->cli->common->threads, &t->pool, &err))
        return fv_cli_fail(t->cli, &err);
    fv_store_init(&t->store, &t->cli->host, t->kernels->real_bytes);
    for (size_t c = 0; c < CANDIDATES; c++)
        if (open_candidate(t, net, batch, c, &err))
            return fv_cli_fail(t->cli, &err);
    choices = count_choices(t->runs[0].exec);
    if (!choices) {
        fv_cli_say(t->cli, "%s has no convolution with a choice of algorithms (3x3 or 5x5, stride 1)",
                   fv_net_name(net));
        return FV_EXIT_FAILURE;
    }
    t->list = calloc(choices, sizeof *t->list);
    if (!t->list || !run_rounds(t))
        return fv_cli_memory(t->cli);
    for (size_t c = 0; c < CANDIDATES; c++)
        collect(t, c);
    return report(t);
}

int fv_cli_tune(const fv_cli *cli, const fv_net *net, size_t batch)
{
    tuner t = {.cli = cli};
    const int code = measure(&t, net, batch);

    for (size_t c = 0; c < CANDIDATES; c++) {
        fv_inference_free(&t.runs[c]);
        free(t.least_s[c]);
    }
    if (t.store.real_bytes)
        fv_store_free(&t.store);
    fv_pool_free(t.pool);
    fv_tuning_free(&t.known);
    free(t.list);
    return code;
}
