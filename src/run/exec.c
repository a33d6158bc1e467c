#include "run/exec.h"
#include "base/file.h"

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

static void run_steps(fv_exec *exec, bool once)
{
    for (size_t i = 0; i < exec->plan.n_steps; i++) {
        const fv_plan_step *step = &exec->plan.steps[i];

        if (step->once == once)
            fv_pool_run(exec->pool, step->run, step->args, step->items, step->chunks);
    }
}

void fv_exec_prepare(fv_exec *exec) { run_steps(exec, true); }
void fv_exec_run(fv_exec *exec) { run_steps(exec, false); }

void fv_exec_profile(fv_exec *exec, double *elapsed_s)
{
    for (size_t i = 0; i < exec->plan.n_steps; i++) {
        const fv_plan_step *step = &exec->plan.steps[i];
        const double start = fv_clock_s();

        if (step->once)
            continue;
        fv_pool_run(exec->pool, step->run, step->args, step->items, step->chunks);
        elapsed_s[i] += fv_clock_s() - start;
    }
}
