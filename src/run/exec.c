#include "run/exec.h"
#include "base/file.h"
#include <math.h>
#include <stdio.h>

typedef struct fv_region_args {
    const fv_region *region;
    const fv_plan_step *steps;
    size_t batch, round;
} fv_region_args;

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
    fv_plan_options plan = {.kernels = options->kernels,
                            .slices = threads,
                            .seed = options->seed,
                            .step = options->step,
                            .without = options->without};
    fv_status status;

    *out = NULL;
    if (!exec) {
        fv_graph_free(graph);
        return fv_fail_memory(err, sizeof *exec, "a session");
    }
    *exec = (fv_exec){
        .host = h, .graph = *graph, .pool = options->pool, .store = options->store, .kernels = options->kernels};
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

/* Units [begin, end) of a region, each through all its steps. */
static void run_units(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_region_args *a = args;
    const size_t n = a->batch, units = a->region->tasks;

    for (size_t u = begin; u < end; u++)
        for (size_t i = 0; i < a->region->count; i++) {
            const fv_plan_step *s = &a->steps[i];
            const size_t from = s->per_sample ? u * n / units * s->per_sample : u * s->items / units;
            const size_t to = s->per_sample ? (u + 1) * n / units * s->per_sample : (u + 1) * s->items / units;

            s->run(s->args, from, to, slice);
        }
}

/* Chunks [begin, end) of all steps of a region, counted through. */
static void run_chunks(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_region_args *a = args;

    for (size_t i = 0; i < a->region->count && begin < end; i++) {
        const fv_plan_step *s = &a->steps[i];

        for (size_t c = begin; c < s->chunks && c < end; c++)
            s->run(s->args, a->round * s->items + c * s->items / s->chunks,
                   a->round * s->items + (c + 1) * s->items / s->chunks, a->region->count == 1 ? c : slice);
        begin = begin > s->chunks ? begin - s->chunks : 0;
        end = end > s->chunks ? end - s->chunks : 0;
    }
}

static void run_region(fv_exec *exec, const fv_region *region)
{
    const fv_plan_step *steps = exec->plan.steps + region->first;
    fv_region_args args = {region, steps, exec->graph.batch, 0};
    const size_t threads = fv_pool_threads(exec->pool);

    if (region->units)
        fv_pool_run(exec->pool, run_units, &args, region->tasks, threads < region->tasks ? threads : region->tasks);
    else
        for (args.round = 0; args.round < steps->rounds; args.round++) /* of a step that is alone; otherwise one */
            fv_pool_run(exec->pool, run_chunks, &args, region->tasks, region->tasks);
}

/* One step by itself, all of its rounds. */
static void run_step(fv_exec *exec, const fv_plan_step *step)
{
    const fv_region region = {.first = (uint32_t)(step - exec->plan.steps), .count = 1, .tasks = step->chunks};

    run_region(exec, &region);
}

/* Regions that run once, that compute, or that update. */
static void run_regions(fv_exec *exec, bool once, bool update)
{
    for (size_t r = 0; r < exec->plan.n_regions; r++)
        if (exec->plan.regions[r].once == once && exec->plan.regions[r].update == update)
            run_region(exec, &exec->plan.regions[r]);
}

void fv_exec_prepare(fv_exec *exec)
{
    run_regions(exec, true, false);
}
void fv_exec_compute(fv_exec *exec)
{
    run_regions(exec, false, false);
}
void fv_exec_update(fv_exec *exec)
{
    run_regions(exec, false, true);
}

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

        if (step->once || step->update)
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
