/* Values that a unit of samples alone needs: made and read in one region of units. A thread has room for those of the unit
 * that it works on, in its slice of the scratch memory, and not the batch: what the next step reads is still in the cache,
 * and a large batch takes no more memory than a small one. */
#include "plan/plan.h"

/* May this value be one, as far as it alone can tell? */
static bool may_be(const fv_plan *plan, fv_value v)
{
    const fv_value_info *info = &plan->graph->values[v];

    return info->role == FV_ROLE_ACTIVATION && !info->keep && plan->first[v] != UINT32_MAX;
}

/* Can the step run on what looks like a batch of one unit? Parts of units that differ in size it would cut elsewhere. */
static bool can_be_cut(const fv_plan *plan, const fv_plan_step *step)
{
    const size_t n = plan->graph->batch;

    for (size_t k = 0; k < step->n_binds; k++)
        if (step->binds[k].layout == FV_PARTS && n % fv_plan_units(n))
            return false;
    return step->args_bytes <= FV_ARGS_BYTES;
}

/* What binds say of the homes in one region. `region_of` [n_values]: the first region that touches a home, counted from 1. */
static void look_at_region(fv_plan *plan, const fv_kernels *kernels, uint32_t number, uint32_t *region_of)
{
    const fv_region *region = &plan->regions[number];
    const size_t n = plan->graph->batch;

    for (size_t i = region->first; i < region->first + region->count; i++) {
        const fv_plan_step *step = &plan->steps[i];
        const bool cut = region->units && can_be_cut(plan, step);

        for (size_t k = 0; k < step->n_binds; k++) {
            const fv_bind *bind = &step->binds[k];
            const fv_value home = plan->home[bind->value];

            if (!region_of[home])
                region_of[home] = number + 1;
            if (!cut || bind->layout != FV_SAMPLES || region_of[home] != number + 1)
                plan->local[home] = false;
            if (bind->layout != FV_WHOLE)
                plan->stride[bind->value] =
                    fv_plan_bytes(plan, bind->value, kernels) / (bind->layout == FV_PARTS ? fv_plan_units(n) : n);
        }
    }
}

fv_status fv_plan_find_local(fv_plan *plan, const fv_kernels *kernels, fv_error *err)
{
    const size_t n = plan->graph->n_values;
    uint32_t *region_of = fv_arena_alloc(&plan->graph->arena, n, sizeof *region_of);

    plan->local = fv_arena_alloc(&plan->graph->arena, n, sizeof *plan->local);
    plan->stride = fv_arena_alloc(&plan->graph->arena, n, sizeof *plan->stride);
    if (!region_of || !plan->local || !plan->stride)
        return fv_fail_memory(err, n * sizeof *plan->stride, "a memory plan");
    for (size_t v = 1; v < n; v++)
        plan->local[v] = plan->home[v] == v;
    for (size_t v = 1; v < n; v++)
        if (!may_be(plan, (fv_value)v))
            plan->local[plan->home[v]] = false;
    for (size_t r = 0; r < plan->n_regions; r++)
        look_at_region(plan, kernels, (uint32_t)r, region_of);
    for (size_t v = 1; v < n; v++)
        plan->local[v] = plan->local[plan->home[v]];
    for (size_t i = 0; i < plan->n_steps; i++)
        for (size_t k = 0; k < plan->steps[i].n_binds; k++)
            plan->steps[i].local |= plan->local[plan->steps[i].binds[k].value];
    return FV_OK;
}
