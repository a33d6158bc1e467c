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

/* Bytes alive at a step, by kind; their sum. Values in another's place take none of their own. */
static size_t alive(const fv_plan *plan, const fv_kernels *kernels, size_t step, size_t bytes[FV_KINDS])
{
    size_t sum = 0;

    for (size_t k = 0; k < FV_KINDS; k++)
        bytes[k] = 0;
    for (size_t v = 1; v < plan->graph->n_values; v++)
        if (plan->home[v] == v && plan->offset[v] != SIZE_MAX && plan->first[v] <= step && step <= plan->last[v]) {
            const size_t size = fv_plan_bytes(plan, (fv_value)v, kernels);

            bytes[plan->kind[v]] += size;
            sum += size;
        }
    return sum;
}

void fv_plan_count(const fv_plan *plan, const fv_kernels *kernels, fv_plan_parts *parts)
{
    size_t bytes[FV_KINDS], most = 0;

    *parts = (fv_plan_parts){.unused = plan->scratch_at, .scratch = plan->arena_bytes - plan->scratch_at};
    for (size_t i = 0; i < plan->n_steps; i++) {
        const size_t sum = alive(plan, kernels, i, bytes);

        if (sum <= most)
            continue;
        most = sum;
        parts->packed = bytes[FV_KIND_PACKED];
        parts->activations = bytes[FV_KIND_ACTIVATION];
        parts->gradients = bytes[FV_KIND_GRADIENT];
        parts->unused = plan->scratch_at - sum;
    }
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
