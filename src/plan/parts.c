/* What the arena holds, kind by kind, at the step where most of it is alive. */
#include "graph/op.h"
#include "plan/plan.h"

/* Does the node read parameters, states and constants alone, or what was made of them? `packs` says so of those before
 * it: nodes stand in an order in which they can run. */
static bool packs_weights(const fv_graph *graph, const fv_node *node, const bool *packs)
{
    for (int k = 0; k < node->n_in; k++) {
        const fv_value_info *in = &graph->values[node->in[k]];
        const bool made = in->producer && packs[in->producer - 1];

        if (!made && in->role != FV_ROLE_PARAM && in->role != FV_ROLE_STATE && in->role != FV_ROLE_CONST)
            return false;
    }
    return true;
}

/* How many nodes there are up to the last one that computes a loss; gradients are made behind it. */
static size_t forward_nodes(const fv_graph *graph)
{
    size_t last = 0;

    for (size_t i = 0; i < graph->n_losses; i++) {
        const uint32_t producer = graph->values[graph->losses[i].value].producer;

        last = producer > last ? producer : last;
    }
    return last ? last : graph->n_nodes;
}

fv_status fv_plan_kinds(fv_plan *plan, fv_error *err)
{
    fv_graph *graph = plan->graph;
    const size_t forward = forward_nodes(graph);
    bool *packs = fv_arena_alloc(&graph->arena, graph->n_nodes, sizeof *packs);

    plan->kind = fv_arena_alloc(&graph->arena, graph->n_values, sizeof *plan->kind);
    if (!packs || !plan->kind)
        return fv_fail_memory(err, graph->n_values * sizeof *plan->kind, "a memory plan");
    for (size_t i = 0; i < graph->n_nodes; i++)
        packs[i] = packs_weights(graph, &graph->nodes[i], packs);
    for (size_t v = 1; v < graph->n_values; v++) {
        const uint32_t producer = graph->values[v].producer;

        plan->kind[v] = producer && packs[producer - 1] ? FV_KIND_PACKED
                        : producer > forward            ? FV_KIND_GRADIENT
                                                        : FV_KIND_ACTIVATION;
    }
    return FV_OK;
}

/* Bytes that begin to live at a step, less those that ended before it; values in another's place take none. */
typedef struct change {
    long long bytes[FV_KINDS];
} change;

fv_status fv_plan_count(fv_plan *plan, const fv_kernels *kernels, fv_error *err)
{
    fv_plan_parts *parts = &plan->parts;
    change *changes = fv_arena_alloc(&plan->graph->arena, plan->n_steps + 2, sizeof *changes), now = {{0}};
    long long most = 0;

    if (!changes)
        return fv_fail_memory(err, plan->n_steps * sizeof *changes, "a memory plan");
    for (size_t v = 1; v < plan->graph->n_values; v++)
        if (plan->home[v] == v && !plan->local[v] && plan->offset[v] != SIZE_MAX && plan->first[v] != UINT32_MAX) {
            const long long bytes = (long long)fv_plan_bytes(plan, (fv_value)v, kernels);

            changes[plan->first[v]].bytes[plan->kind[v]] += bytes;
            changes[plan->last[v] + 1].bytes[plan->kind[v]] -= bytes;
        }
    *parts = (fv_plan_parts){.unused = plan->scratch_at, .scratch = plan->arena_bytes - plan->scratch_at};
    for (size_t i = 0; i < plan->n_steps; i++) {
        long long sum = 0;

        for (size_t k = 0; k < FV_KINDS; k++)
            sum += now.bytes[k] += changes[i].bytes[k];
        if (sum <= most)
            continue;
        most = sum;
        parts->packed = (size_t)now.bytes[FV_KIND_PACKED];
        parts->activations = (size_t)now.bytes[FV_KIND_ACTIVATION];
        parts->gradients = (size_t)now.bytes[FV_KIND_GRADIENT];
        parts->unused = plan->scratch_at - (size_t)sum;
    }
    return FV_OK;
}

void fv_plan_stored(const fv_plan *plan, const fv_kernels *kernels, size_t *weights, size_t *optimizer)
{
    const fv_graph *graph = plan->graph;

    *weights = *optimizer = 0;
    for (size_t v = 1; v < graph->n_values; v++) {
        const fv_value_info *info = &graph->values[v];

        if (info->role == FV_ROLE_PARAM || info->role == FV_ROLE_STATE)
            *(info->param ? weights : optimizer) += fv_plan_bytes(plan, (fv_value)v, kernels);
    }
}
