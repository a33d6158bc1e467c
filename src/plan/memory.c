/* Memory: how long each value lives, which lie in another's place, and one offset in the arena for each.
 * Largest first, each at the lowest offset where nothing alive at the same time lies. */
#include "graph/op.h"
#include "plan/plan.h"
#include <stdlib.h>
#include <string.h>

/* Values in the store have no place in the arena. */
static bool in_store(const fv_value_info *v)
{
    return v->role == FV_ROLE_PARAM || v->role == FV_ROLE_STATE;
}

static void live(fv_plan *plan, fv_value v, size_t step)
{
    if (step < plan->first[v])
        plan->first[v] = (uint32_t)step;
    if (step > plan->last[v])
        plan->last[v] = (uint32_t)step;
}

/* Made by a node that runs once. */
static bool made_once(const fv_graph *graph, fv_value v)
{
    const uint32_t producer = graph->values[v].producer;

    return producer && graph->nodes[producer - 1].once;
}

/* From the first step that touches a value to the last. What the caller writes lives from the start, what it reads to
 * the end, constants for ever; so does what is made once and read in each run, while what only steps that run once touch
 * is done with before the first run. */
static void find_lives(fv_plan *plan)
{
    const fv_graph *graph = plan->graph;

    for (size_t v = 1; v < graph->n_values; v++)
        plan->first[v] = UINT32_MAX;
    for (size_t i = 0; i < plan->n_steps; i++)
        for (size_t k = 0; k < plan->steps[i].n_binds; k++) {
            const fv_value v = plan->steps[i].binds[k].value;

            live(plan, v, i);
            plan->kept[v] |= !plan->steps[i].once;
            if (v && !plan->steps[i].once && made_once(graph, v)) {
                live(plan, v, 0);
                live(plan, v, plan->n_steps);
            }
        }
    for (size_t v = 1; v < graph->n_values; v++) {
        const fv_value_info *info = &graph->values[v];

        if (info->role == FV_ROLE_INPUT || info->role == FV_ROLE_CONST || (info->keep && made_once(graph, (fv_value)v)))
            live(plan, (fv_value)v, 0);
        if (info->keep || info->role == FV_ROLE_CONST)
            live(plan, (fv_value)v, plan->n_steps);
    }
}

/* Inside a region steps run in any order of units: what one of them touches is alive in all of it, unless each thread has
 * its own. */
static void widen_to_regions(fv_plan *plan)
{
    for (size_t v = 1; v < plan->graph->n_values; v++) {
        if (plan->first[v] == UINT32_MAX || plan->local[v])
            continue;
        for (size_t r = 0; r < plan->n_regions; r++) {
            const uint32_t begin = plan->regions[r].first, end = begin + plan->regions[r].count - 1;

            if (plan->first[v] > begin && plan->first[v] <= end)
                plan->first[v] = begin;
            if (plan->last[v] >= begin && plan->last[v] < end)
                plan->last[v] = end;
        }
    }
}

/* Steps of an independent region run at once: one of them may not write over what another still reads. */
static bool has_company(const fv_plan *plan, size_t step)
{
    for (size_t r = 0; r < plan->n_regions; r++)
        if (step - plan->regions[r].first < plan->regions[r].count)
            return !plan->regions[r].units && plan->regions[r].count > 1;
    return false;
}

/* The input whose elements the node's kernels read right before they write the result's: of an elementwise node the first,
 * of one with a sum folded in the summand; 0 = none. A summand that is read otherwise too stays. */
static fv_value replaceable(const fv_plan *plan, const fv_node *node)
{
    const fv_value summand = fv_node_summand(node);

    if (node->op->flags & FV_OP_INPLACE)
        return node->in[0];
    for (int k = 0; summand && k < node->n_in; k++)
        if (k != FV_SUMMAND && plan->home[node->in[k]] == plan->home[summand])
            return 0;
    return summand;
}

/* A step writes over an input of its node when nobody reads that afterwards. */
static void find_in_place(fv_plan *plan, const fv_kernels *kernels)
{
    const fv_graph *graph = plan->graph;

    for (size_t i = 0; i < plan->n_steps; i++) {
        const fv_node *node = &graph->nodes[plan->steps[i].node];
        const fv_value in = replaceable(plan, node), home = plan->home[in];

        if (!in || graph->values[in].role != FV_ROLE_ACTIVATION || graph->values[home].role != FV_ROLE_ACTIVATION ||
            graph->values[home].keep || plan->last[home] != i || plan->steps[i].once || has_company(plan, i) ||
            fv_plan_bytes(plan, home, kernels) != fv_plan_bytes(plan, node->out[0], kernels))
            continue;
        plan->home[node->out[0]] = home;
        if (plan->last[node->out[0]] > plan->last[home])
            plan->last[home] = plan->last[node->out[0]];
    }
}

typedef struct block {
    fv_value value;
    size_t bytes, offset;
} block;

static int larger_first(const void *a, const void *b)
{
    const block *x = a, *y = b;

    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->value < y->value ? -1 : 1;
}

static bool overlap_in_time(const fv_plan *plan, fv_value a, fv_value b)
{
    return plan->first[a] <= plan->last[b] && plan->first[b] <= plan->last[a];
}

/* The lowest offset for blocks[n] beside those placed before it; `near` is room for n pointers. */
static size_t place(const fv_plan *plan, const block *blocks, size_t n, const block **near)
{
    size_t found = 0, at = 0;

    for (size_t i = 0; i < n; i++) { /* the neighbours in time, by rising offset */
        size_t k = found;

        if (!overlap_in_time(plan, blocks[i].value, blocks[n].value))
            continue;
        for (; k > 0 && near[k - 1]->offset > blocks[i].offset; k--)
            near[k] = near[k - 1];
        near[k] = &blocks[i];
        found++;
    }
    for (size_t i = 0; i < found; i++) {
        if (near[i]->offset >= at + blocks[n].bytes)
            break;
        if (near[i]->offset + near[i]->bytes > at)
            at = near[i]->offset + near[i]->bytes;
    }
    return at;
}

static size_t round_up(size_t bytes)
{
    return (bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
}

/* Give all homes that are `local` or not their offsets, from `from` on. Returns the end of the last. */
static size_t place_all(fv_plan *plan, const fv_kernels *kernels, bool local, size_t from, block *blocks,
                        const block **near)
{
    size_t count = 0, end = from;

    for (size_t v = 1; v < plan->graph->n_values; v++) {
        const size_t bytes =
            local ? fv_plan_unit_most(plan->graph->batch) * plan->stride[v] : fv_plan_bytes(plan, (fv_value)v, kernels);

        if (plan->home[v] == v && plan->local[v] == local && plan->first[v] != UINT32_MAX &&
            !in_store(&plan->graph->values[v]))
            blocks[count++] = (block){(fv_value)v, round_up(bytes), 0};
    }
    qsort(blocks, count, sizeof *blocks, larger_first);
    for (size_t i = 0; i < count; i++) {
        blocks[i].offset = place(plan, blocks, i, near);
        if (from + blocks[i].offset + blocks[i].bytes > end)
            end = from + blocks[i].offset + blocks[i].bytes;
        plan->offset[blocks[i].value] = from + blocks[i].offset;
    }
    return end;
}

fv_status fv_plan_memory(fv_plan *plan, const fv_kernels *kernels, size_t slices, fv_error *err)
{
    fv_graph *graph = plan->graph;
    const size_t n = graph->n_values;
    block *blocks = fv_arena_alloc(&graph->arena, n, sizeof *blocks);
    const block **near = fv_arena_alloc(&graph->arena, n, sizeof *near);
    size_t local_at, scratch;
    fv_status status;

    plan->home = fv_arena_alloc(&graph->arena, n, sizeof *plan->home);
    plan->offset = fv_arena_alloc(&graph->arena, n, sizeof *plan->offset);
    plan->first = fv_arena_alloc(&graph->arena, n, sizeof *plan->first);
    plan->last = fv_arena_alloc(&graph->arena, n, sizeof *plan->last);
    plan->kept = fv_arena_alloc(&graph->arena, n, sizeof *plan->kept);
    if (!blocks || !near || !plan->home || !plan->offset || !plan->first || !plan->last || !plan->kept)
        return fv_fail_memory(err, n * sizeof *blocks, "a memory plan");
    find_lives(plan);
    for (size_t v = 0; v < n; v++)
        plan->home[v] = (fv_value)v;
    find_in_place(plan, kernels);
    status = fv_plan_find_local(plan, kernels, err);
    if (status)
        return status;
    widen_to_regions(plan);
    plan->scratch_at = place_all(plan, kernels, false, 0, blocks, near);
    local_at = plan->scratch_at + round_up(plan->scratch_bytes);
    plan->local_bytes = place_all(plan, kernels, true, local_at, blocks, near) - local_at;
    plan->scratch_bytes = round_up(plan->scratch_bytes) + plan->local_bytes;
    for (size_t v = 1; v < n; v++)
        if (!in_store(&graph->values[v]) && plan->first[v] != UINT32_MAX)
            plan->sum_bytes += round_up(fv_plan_bytes(plan, (fv_value)v, kernels));
    for (size_t v = 0; v < n; v++)
        plan->offset[v] = in_store(&graph->values[v]) ? SIZE_MAX : plan->offset[plan->home[v]];
    if (!fv_mul(plan->scratch_bytes, slices, &scratch) || !fv_add(plan->scratch_at, scratch, &plan->arena_bytes))
        return fv_fail(err, FV_E_RANGE, "the plan needs more memory than a computer can address; use a smaller batch");
    return FV_OK;
}
