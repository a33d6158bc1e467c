/* Lowering: operators append the steps of their nodes. */
#include "plan/plan.h"
#include <string.h>

const fv_kernels *fv_lower_kernels(const fv_lower *lower) { return lower->options->kernels; }

const fv_shape *fv_lower_shape(const fv_lower *lower, fv_value value)
{
    return fv_shape_of(lower->plan->graph, value);
}

uint64_t fv_lower_seed(const fv_lower *lower) { return lower->options->seed; }
const uint64_t *fv_lower_step_counter(const fv_lower *lower) { return lower->options->step; }

fv_value fv_lower_temp(fv_lower *lower, size_t elements)
{
    fv_graph *graph = lower->plan->graph;
    const fv_value value =
        fv_graph_value(graph, FV_ROLE_ACTIVATION, FV_REAL_T, fv_shape1(elements), NULL);

    if (value)
        graph->values[value].producer = lower->node + 1;
    return value;
}

static fv_plan_step *new_step(fv_plan *plan)
{
    if (plan->n_steps == plan->size_steps) {
        const size_t size = plan->size_steps ? 2 * plan->size_steps : 64;
        fv_plan_step *steps = fv_arena_alloc(&plan->graph->arena, size, sizeof *steps);

        if (!steps)
            return NULL;
        if (plan->n_steps)
            memcpy(steps, plan->steps, plan->n_steps * sizeof *steps);
        plan->steps = steps;
        plan->size_steps = size;
    }
    return &plan->steps[plan->n_steps++];
}

void fv_lower_step(fv_lower *lower, fv_kernel_id kernel, const void *args, size_t args_bytes, fv_work work,
                   const fv_bind *binds, size_t n_binds, size_t scratch_offset, fv_cost cost)
{
    fv_plan *plan = lower->plan;
    fv_graph *graph = plan->graph;
    const size_t least = work.least_items ? work.least_items : 1, most = work.items / least ? work.items / least : 1;
    fv_plan_step *step = new_step(plan);
    void *args_copy = fv_arena_alloc(&graph->arena, 1, args_bytes);
    fv_bind *binds_copy = fv_arena_alloc(&graph->arena, n_binds, sizeof *binds_copy);

    if (!step || !args_copy || !binds_copy) {
        if (graph->error.code == FV_OK)
            fv_fail_memory(&graph->error, args_bytes, "a plan");
        return;
    }
    memcpy(args_copy, args, args_bytes);
    memcpy(binds_copy, binds, n_binds * sizeof *binds);
    *step = (fv_plan_step){
        .run = lower->options->kernels->run[kernel], .kernel = kernel, .args = args_copy, .args_bytes = args_bytes,
        .items = work.items, .chunks = most < lower->options->slices ? most : lower->options->slices,
        .node = lower->node, .binds = binds_copy, .n_binds = n_binds, .scratch_offset = scratch_offset,
        .scratch_bytes = work.scratch_bytes, .once = graph->nodes[lower->node].once, .cost = cost,
    };
    if (work.scratch_bytes > plan->scratch_bytes)
        plan->scratch_bytes = work.scratch_bytes;
}

fv_status fv_plan_lower(fv_plan *plan, const fv_plan_options *options, fv_error *err)
{
    fv_lower lower = {plan, options, 0};
    fv_graph *graph = plan->graph;

    for (size_t i = 0; i < graph->n_nodes && graph->error.code == FV_OK; i++) {
        lower.node = (uint32_t)i;
        graph->nodes[i].op->lower(&lower, &graph->nodes[i]);
    }
    return fv_graph_status(graph, err);
}
