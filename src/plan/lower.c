/* Lowering: operators append the steps of their nodes. */
#include "plan/plan.h"
#include <string.h>

const fv_kernels *fv_lower_kernels(const fv_lower *lower)
{
    return lower->options->kernels;
}

const fv_shape *fv_lower_shape(const fv_lower *lower, fv_value value)
{
    return fv_shape_of(lower->plan->graph, value);
}

fv_target fv_lower_target(const fv_lower *lower, fv_value value)
{
    const fv_value_info *values = lower->plan->graph->values;
    size_t at = 0;

    for (; values[value].whole; value = values[value].whole)
        at += values[value].whole_at;
    return (fv_target){value, at * lower->options->kernels->real_bytes, fv_channels(&values[value].shape)};
}

bool fv_lower_training(const fv_lower *lower)
{
    return lower->plan->graph->training;
}
bool fv_lower_gradients(const fv_lower *lower)
{
    return lower->plan->graph->training || lower->plan->graph->gradients;
}
size_t fv_lower_batch(const fv_lower *lower)
{
    return lower->plan->graph->batch;
}

uint64_t fv_lower_seed(const fv_lower *lower)
{
    return lower->options->seed;
}
const uint64_t *fv_lower_step_counter(const fv_lower *lower)
{
    return lower->options->step;
}

fv_value fv_lower_temp(fv_lower *lower, size_t elements)
{
    fv_graph *graph = lower->plan->graph;
    const fv_value value = fv_graph_value(graph, FV_ROLE_ACTIVATION, FV_REAL_T, fv_shape1(elements), NULL);

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

/* Kernels whose items belong to one sample each, in the order of samples; and those that may make a part a unit. */
typedef enum fv_alignment { ANY, SAMPLES, UNITS } fv_alignment;
static const unsigned char alignment[FV_KERNELS] = {
    [FV_K_conv_forward] = SAMPLES,
    [FV_K_conv_backward_x] = SAMPLES,
    [FV_K_conv_backward_w] = UNITS,
    [FV_K_winograd_input] = SAMPLES,
    [FV_K_winograd_forward] = SAMPLES,
    [FV_K_maxpool_forward] = SAMPLES,
    [FV_K_maxpool_backward] = SAMPLES,
    [FV_K_avgpool_forward] = SAMPLES,
    [FV_K_avgpool_backward] = SAMPLES,
    [FV_K_subsample_forward] = SAMPLES,
    [FV_K_subsample_backward_x] = SAMPLES,
    [FV_K_subsample_backward_w] = UNITS,
    [FV_K_act_forward] = SAMPLES,
    [FV_K_act_backward] = SAMPLES,
    [FV_K_add] = SAMPLES,
    [FV_K_dropout] = SAMPLES,
    [FV_K_softmax] = SAMPLES,
    [FV_K_cross_entropy_forward] = SAMPLES,
    [FV_K_squared_forward] = SAMPLES,
    [FV_K_rbf_forward] = SAMPLES,
    [FV_K_cross_entropy_backward] = SAMPLES,
    [FV_K_squared_backward] = SAMPLES,
    [FV_K_rbf_backward] = SAMPLES,
    [FV_K_depthwise_forward] = SAMPLES,
    [FV_K_depthwise_backward_x] = SAMPLES,
    [FV_K_depthwise_backward_w] = UNITS,
    [FV_K_curve_forward] = SAMPLES,
    [FV_K_curve_backward] = SAMPLES,
    [FV_K_adaptive_forward] = SAMPLES,
    [FV_K_adaptive_backward] = SAMPLES,
    [FV_K_bn_stats] = UNITS,
    [FV_K_bn_sums] = UNITS,
    [FV_K_bn_apply] = SAMPLES,
    [FV_K_bn_backward_x] = SAMPLES,
    [FV_K_lrn_forward] = SAMPLES,
    [FV_K_lrn_backward] = SAMPLES,
    [FV_K_copy_channels] = SAMPLES,
    [FV_K_pad_shortcut_forward] = SAMPLES,
    [FV_K_pad_shortcut_backward] = SAMPLES,
    [FV_K_rbf_loss_forward] = SAMPLES,
    [FV_K_rbf_loss_backward] = SAMPLES,
    [FV_K_gemm_tn] = UNITS,
    [FV_K_half_round] = SAMPLES,
    [FV_K_half_conv_forward] = SAMPLES,
};

/* Does the step's first result have one part a sample? (Weights' gradients have not; partial sums are made in units.) */
static bool of_samples(const fv_plan *plan, const fv_plan_step *step)
{
    const fv_graph *graph = plan->graph;
    const fv_node *node = &graph->nodes[step->node];

    return node->n_out > 0 && graph->values[node->out[0]].shape.dim[0] == graph->batch;
}

static void find_units(const fv_plan *plan, fv_plan_step *step, const fv_work *work)
{
    const size_t n = plan->graph->batch, units = fv_plan_units(n);

    if ((alignment[step->kernel] == SAMPLES || work->by_samples) && !work->together && of_samples(plan, step) &&
        step->items % n == 0)
        step->per_sample = step->items / n;
    if (alignment[step->kernel] == UNITS)
        step->per_unit = work->parts == units && units > 1;
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
        .run = lower->options->kernels->run[kernel],
        .kernel = kernel,
        .args = args_copy,
        .args_bytes = args_bytes,
        .items = work.items,
        .rounds = work.rounds ? work.rounds : 1,
        .chunks = most < lower->options->slices ? most : lower->options->slices,
        .node = lower->node,
        .binds = binds_copy,
        .n_binds = n_binds,
        .scratch_offset = scratch_offset,
        .scratch_bytes = work.scratch_bytes,
        .once = graph->nodes[lower->node].once,
        .update = (graph->nodes[lower->node].op->flags & FV_OP_EFFECT) != 0,
        .cost = cost,
    };
    find_units(plan, step, &work);
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
