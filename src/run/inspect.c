/* Runs that look at each step: where a value went bad, and where the time goes. */
#include "base/file.h"
#include "run/exec.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Is what a step left in a value finite? Of a unit, if it ran for that alone. */
static bool finite_value(const fv_exec *exec, fv_value v, bool units, size_t unit)
{
    const fv_plan *plan = &exec->plan;
    const size_t n = exec->graph.batch, all = fv_elements(&exec->graph.values[v].shape), sample = all / n;
    const size_t from = units ? fv_plan_unit_begin(n, unit) : 0, to = units ? fv_plan_unit_begin(n, unit + 1) : n;
    const size_t count = units ? (to - from) * sample : all, begin = plan->local[v] ? 0 : from * sample;

    for (size_t i = 0; exec->graph.values[v].dtype == FV_REAL_T && i < count; i++)
        if (!isfinite(fv_exec_get(exec, v, begin + i)))
            return false;
    return true;
}

/* The node of a step just run, if that was its last and one of its results is not finite. */
static const fv_node *bad_node(const fv_exec *exec, size_t step, bool units, size_t unit)
{
    const fv_plan *plan = &exec->plan;
    const fv_node *node = &exec->graph.nodes[plan->steps[step].node];

    if (step + 1 < plan->n_steps && plan->steps[step + 1].node == plan->steps[step].node)
        return NULL;
    for (int k = 0; k < node->n_out; k++)
        if (!finite_value(exec, node->out[k], units, unit))
            return node;
    return NULL;
}

static const fv_node *bad_in_region(fv_exec *exec, const fv_region *region)
{
    const size_t units = region->units ? region->tasks : 1;
    const fv_node *bad = NULL;

    for (size_t u = 0; u < units; u++)
        for (size_t i = region->first; i < region->first + region->count && !bad; i++) {
            if (region->units)
                fv_exec_run_unit(&exec->plan, &exec->plan.steps[i], u, 0);
            else
                fv_exec_run_step(exec, &exec->plan.steps[i]);
            bad = bad_node(exec, i, region->units, u);
        }
    return bad;
}

const char *fv_exec_find_bad(fv_exec *exec, char *buffer, size_t size)
{
    for (size_t r = 0; r < exec->plan.n_regions; r++) {
        const fv_region *region = &exec->plan.regions[r];
        const fv_node *bad = region->once || region->update ? NULL : bad_in_region(exec, region);

        if (bad) {
            snprintf(buffer, size, "%s (%s)", bad->label, bad->op->name);
            return buffer;
        }
    }
    return NULL;
}

typedef struct timing {
    const fv_plan *plan;
    const fv_region *region;
    double *by_slice_s; /* [slices][steps of the region] */
} timing;

static void time_units(const void *args, size_t begin, size_t end, size_t slice)
{
    const timing *t = args;

    for (size_t u = begin; u < end; u++)
        for (size_t i = 0; i < t->region->count; i++) {
            const double start = fv_clock_s();

            fv_exec_run_unit(t->plan, &t->plan->steps[t->region->first + i], u, slice);
            t->by_slice_s[slice * t->region->count + i] += fv_clock_s() - start;
        }
}

/* Threads are in different steps at once: a step takes its share of their time. */
static void profile_units(fv_exec *exec, const fv_region *region, double *elapsed_s, double *by_slice_s)
{
    const size_t slices = fv_exec_sharers(exec, region);
    const timing t = {&exec->plan, region, by_slice_s};

    memset(by_slice_s, 0, slices * region->count * sizeof *by_slice_s);
    fv_pool_run(exec->pool, time_units, &t, region->tasks, slices);
    for (size_t s = 0; s < slices; s++)
        for (size_t i = 0; i < region->count; i++)
            elapsed_s[region->first + i] += by_slice_s[s * region->count + i] / (double)slices;
}

bool fv_exec_profile(fv_exec *exec, double *elapsed_s)
{
    const size_t slices = fv_pool_threads(exec->pool);
    double *by_slice_s = fv_alloc(&exec->host, exec->plan.n_steps, slices * sizeof *by_slice_s);

    if (!by_slice_s)
        return false;
    fv_exec_move_in(exec);
    for (size_t r = 0; r < exec->plan.n_regions; r++) {
        const fv_region *region = &exec->plan.regions[r];

        if (region->once)
            continue;
        if (region->units)
            profile_units(exec, region, elapsed_s, by_slice_s);
        for (size_t i = region->first; !region->units && i < region->first + region->count; i++) {
            const double start = fv_clock_s();

            fv_exec_run_step(exec, &exec->plan.steps[i]);
            elapsed_s[i] += fv_clock_s() - start;
        }
    }
    fv_release(&exec->host, by_slice_s);
    return true;
}
