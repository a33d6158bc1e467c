#include "run/exec.h"
#include "base/file.h"
#include <math.h>
#include <stdio.h>

static void *stored(void *user, fv_value value)
{
    const fv_exec *exec = user;

    return fv_store_find(exec->store, exec->graph.values[value].name)->data;
}

void *fv_exec_at(const fv_exec *exec, fv_value value)
{
    if (exec->plan.offset[value] == SIZE_MAX)
        return fv_store_find(exec->store, exec->graph.values[value].name)->data;
    return exec->memory + exec->plan.offset[value];
}

double fv_exec_get(const fv_exec *exec, fv_value value, size_t i)
{
    const void *at = fv_exec_at(exec, value);

    return exec->kernels->real_bytes == sizeof(double) ? ((const double *)at)[i] : (double)((const float *)at)[i];
}

void fv_exec_set(const fv_exec *exec, fv_value value, size_t i, double x)
{
    void *at = fv_exec_at(exec, value);

    if (exec->kernels->real_bytes == sizeof(double))
        ((double *)at)[i] = x;
    else
        ((float *)at)[i] = (float)x;
}

static void write_constants(fv_exec *exec)
{
    const fv_graph *graph = &exec->graph;

    for (size_t v = 1; v < graph->n_values; v++)
        for (size_t i = 0; graph->values[v].constant && i < fv_elements(&graph->values[v].shape); i++)
            fv_exec_set(exec, (fv_value)v, i, graph->values[v].constant[i]);
}

fv_status fv_exec_create(const fv_host *host, fv_graph *graph, const fv_exec_options *options, fv_exec **out,
                         fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    const size_t threads = fv_pool_threads(options->pool);
    fv_exec *exec = fv_alloc(&h, 1, sizeof *exec);
    fv_plan_options plan = {.kernels = options->kernels, .slices = threads, .seed = options->seed,
                            .step = options->step, .without = options->without};
    fv_status status;

    *out = NULL;
    if (!exec) {
        fv_graph_free(graph);
        return fv_fail_memory(err, sizeof *exec, "a session");
    }
    *exec = (fv_exec){.host = h, .graph = *graph, .pool = options->pool, .store = options->store,
                      .kernels = options->kernels};
    *graph = (fv_graph){0};
    status = fv_plan_make(&exec->graph, &plan, &exec->plan, err);
    if (!status)
        status = fv_store_add_graph(exec->store, &exec->graph, err);
    if (!status && !(exec->memory = fv_alloc(&h, exec->plan.arena_bytes, 1)))
        status = fv_fail_memory(err, exec->plan.arena_bytes, "a session's values; use a smaller batch");
    if (status) {
        fv_exec_free(exec);
        return status;
    }
    fv_plan_bind(&exec->plan, exec->memory, stored, exec);
    write_constants(exec);
    *out = exec;
    return FV_OK;
}

void fv_exec_free(fv_exec *exec)
{
    if (!exec)
        return;
    const fv_host host = exec->host;

    fv_release(&host, exec->memory);
    fv_graph_free(&exec->graph);
    fv_release(&host, exec);
}

static bool updates(const fv_exec *exec, const fv_plan_step *step)
{
    return (exec->graph.nodes[step->node].op->flags & FV_OP_EFFECT) != 0;
}

static void run_step(fv_exec *exec, const fv_plan_step *step)
{
    fv_pool_run(exec->pool, step->run, step->args, step->items, step->chunks);
}

void fv_exec_prepare(fv_exec *exec)
{
    for (size_t i = 0; i < exec->plan.n_steps; i++)
        if (exec->plan.steps[i].once)
            run_step(exec, &exec->plan.steps[i]);
}

/* Steps that are not `once` and whose being an update is `update`. */
static void run_steps(fv_exec *exec, bool update)
{
    for (size_t i = 0; i < exec->plan.n_steps; i++) {
        const fv_plan_step *step = &exec->plan.steps[i];

        if (!step->once && updates(exec, step) == update)
            run_step(exec, step);
    }
}

void fv_exec_compute(fv_exec *exec) { run_steps(exec, false); }
void fv_exec_update(fv_exec *exec) { run_steps(exec, true); }

void fv_exec_run(fv_exec *exec)
{
    fv_exec_compute(exec);
    fv_exec_update(exec);
}

static bool finite_value(const fv_exec *exec, fv_value v)
{
    const fv_value_info *info = &exec->graph.values[v];

    for (size_t i = 0; info->dtype == FV_REAL_T && i < fv_elements(&info->shape); i++)
        if (!isfinite(fv_exec_get(exec, v, i)))
            return false;
    return true;
}

const char *fv_exec_find_bad(fv_exec *exec, char *buffer, size_t size)
{
    for (size_t i = 0; i < exec->plan.n_steps; i++) {
        const fv_plan_step *step = &exec->plan.steps[i];
        const fv_node *node = &exec->graph.nodes[step->node];
        const bool last = i + 1 == exec->plan.n_steps || exec->plan.steps[i + 1].node != step->node;

        if (step->once || updates(exec, step))
            continue;
        run_step(exec, step);
        for (int k = 0; last && k < node->n_out; k++)
            if (!finite_value(exec, node->out[k])) {
                snprintf(buffer, size, "%s (%s)", node->label, node->op->name);
                return buffer;
            }
    }
    return NULL;
}

void fv_exec_profile(fv_exec *exec, double *elapsed_s)
{
    for (size_t i = 0; i < exec->plan.n_steps; i++) {
        const fv_plan_step *step = &exec->plan.steps[i];
        const double start = fv_clock_s();

        if (step->once)
            continue;
        run_step(exec, step);
        elapsed_s[i] += fv_clock_s() - start;
    }
}
