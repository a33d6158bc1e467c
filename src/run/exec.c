#include "run/exec.h"
#include <stdalign.h>
#include <string.h>

typedef struct fv_region_args {
    const fv_region *region;
    const fv_plan_step *steps;
    const fv_plan *plan;
    size_t round;
} fv_region_args;

static void *stored(void *user, fv_value value)
{
    const fv_exec *exec = user;
    const fv_stored *item = fv_store_find(exec->store, exec->graph.values[value].name);

    return item ? item->data : NULL;
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

fv_status fv_exec_plan(const fv_host *host, fv_graph *graph, const fv_exec_options *options, fv_exec **out,
                       fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    const size_t threads = fv_pool_threads(options->pool);
    fv_exec *exec = fv_alloc(&h, 1, sizeof *exec);
    fv_plan_options plan = {.kernels = options->kernels,
                            .slices = threads,
                            .seed = options->seed,
                            .step = options->step,
                            .without = options->without,
                            .exact = options->exact,
                            .bf16 = options->bf16,
                            .low_memory = options->low_memory,
                            .tuning = options->tuning};
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
    if (status) {
        fv_exec_free(exec);
        return status;
    }
    *out = exec;
    return FV_OK;
}

fv_status fv_exec_open_without(fv_exec *exec, fv_room *room, const bool *without, fv_error *err)
{
    const size_t bytes = exec->plan.arena_bytes;
    fv_status status = fv_store_add_graph(exec->store, &exec->graph, without, err);

    if (status)
        return status;
    if (room && room->bytes < bytes)
        return fv_fail(err, FV_E_MEMORY, "a plan of %zu bytes in a room of %zu", bytes, room->bytes);
    exec->room = room;
    exec->memory = room ? room->at : fv_alloc(&exec->host, bytes, 1);
    if (!exec->memory)
        return fv_fail_memory(err, bytes, "a session's values; use a smaller batch");
    fv_plan_bind(&exec->plan, exec->memory, stored, exec);
    if (!room)
        write_constants(exec);
    return FV_OK;
}

fv_status fv_exec_open(fv_exec *exec, fv_room *room, fv_error *err)
{
    return fv_exec_open_without(exec, room, NULL, err);
}

fv_status fv_exec_create(const fv_host *host, fv_graph *graph, const fv_exec_options *options, fv_exec **out,
                         fv_error *err)
{
    fv_status status = fv_exec_plan(host, graph, options, out, err);

    if (!status && (status = fv_exec_open(*out, NULL, err))) {
        fv_exec_free(*out);
        *out = NULL;
    }
    return status;
}

void fv_exec_free(fv_exec *exec)
{
    if (!exec)
        return;
    const fv_host host = exec->host;

    if (!exec->room)
        fv_release(&host, exec->memory);
    fv_graph_free(&exec->graph);
    fv_release(&host, exec);
}

fv_status fv_room_create(const fv_host *host, size_t bytes, fv_room *out, fv_error *err)
{
    *out = (fv_room){.host = fv_host_or_default(host), .bytes = bytes};
    out->at = fv_alloc(&out->host, bytes, 1);
    return out->at ? FV_OK : fv_fail_memory(err, bytes, "the values of a run; use a smaller batch");
}

void fv_room_free(fv_room *room)
{
    if (room->at)
        fv_release(&room->host, room->at);
    *room = (fv_room){0};
}

void fv_exec_move_in(fv_exec *exec)
{
    if (!exec->room || exec->room->tenant == exec)
        return;
    write_constants(exec);
    exec->room->tenant = exec;
}

/* Where values have memory of one unit alone, the step runs on what looks like a batch of this unit, whose first sample is
 * `sample`. */
static void run_local(const fv_plan *plan, const fv_plan_step *s, size_t unit, size_t sample, size_t items,
                      size_t slice)
{
    alignas(max_align_t) char args[FV_ARGS_BYTES];

    memcpy(args, s->args, s->args_bytes);
    for (size_t k = 0; k < s->n_binds; k++) {
        const fv_bind *bind = &s->binds[k];
        char *at;

        if (bind->layout == FV_WHOLE || !bind->value)
            continue;
        memcpy(&at, args + bind->offset, sizeof at);
        at += plan->local[bind->value] ? slice * plan->scratch_bytes
                                       : (bind->layout == FV_PARTS ? unit : sample) * plan->stride[bind->value];
        memcpy(args + bind->offset, &at, sizeof at);
    }
    s->run(args, 0, items, slice);
}

void fv_exec_run_unit(const fv_plan *plan, const fv_plan_step *s, size_t unit, size_t slice)
{
    const size_t n = plan->graph->batch, units = fv_plan_units(n), k = s->per_sample;
    const size_t sample = fv_plan_unit_begin(n, unit), next = fv_plan_unit_begin(n, unit + 1);
    const size_t begin = k ? sample * k : unit * s->items / units, end = k ? next * k : (unit + 1) * s->items / units;

    if (s->local)
        run_local(plan, s, unit, sample, end - begin, slice);
    else
        s->run(s->args, begin, end, slice);
}

/* Units [begin, end) of a region, each through all its steps. */
static void run_units(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_region_args *a = args;

    for (size_t u = begin; u < end; u++)
        for (size_t i = 0; i < a->region->count; i++)
            fv_exec_run_unit(a->plan, &a->steps[i], u, slice);
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

size_t fv_exec_sharers(const fv_exec *exec, const fv_region *region)
{
    const size_t threads = fv_pool_threads(exec->pool);

    return threads < region->tasks ? threads : region->tasks;
}

static void run_region(fv_exec *exec, const fv_region *region)
{
    const fv_plan_step *steps = exec->plan.steps + region->first;
    fv_region_args args = {region, steps, &exec->plan, 0};

    if (region->units)
        fv_pool_run(exec->pool, run_units, &args, region->tasks, fv_exec_sharers(exec, region));
    else
        for (args.round = 0; args.round < steps->rounds; args.round++) /* of a step that is alone; otherwise one */
            fv_pool_run(exec->pool, run_chunks, &args, region->tasks, region->tasks);
}

void fv_exec_run_step(fv_exec *exec, const fv_plan_step *step)
{
    const fv_region region = {.first = (uint32_t)(step - exec->plan.steps), .count = 1, .tasks = step->chunks};

    run_region(exec, &region);
}

/* Regions that run once, that compute, or that update. */
static void run_regions(fv_exec *exec, bool once, bool update)
{
    fv_exec_move_in(exec);
    for (size_t r = 0; r < exec->plan.n_regions; r++)
        if (exec->plan.regions[r].once == once && exec->plan.regions[r].update == update)
            run_region(exec, &exec->plan.regions[r]);
}

void fv_exec_prepare(fv_exec *exec)
{
    if (!exec->loaded)
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
