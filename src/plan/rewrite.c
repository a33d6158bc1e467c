#include "plan/rewrite.h"
#include <string.h>

bool fv_count_uses(fv_graph *graph, fv_uses *u)
{
    u->count = fv_arena_alloc(&graph->arena, graph->n_values, sizeof *u->count);
    u->reader = fv_arena_alloc(&graph->arena, graph->n_values, sizeof *u->reader);
    if (!u->count || !u->reader) {
        fv_fail_memory(&graph->error, graph->n_values * sizeof *u->count, "a pass");
        return false;
    }
    for (size_t i = 0; i < graph->n_nodes; i++)
        for (int k = 0; k < graph->nodes[i].n_in; k++) {
            u->count[graph->nodes[i].in[k]]++;
            u->reader[graph->nodes[i].in[k]] = (uint32_t)i;
        }
    for (size_t v = 0; v < graph->n_values; v++)
        if (graph->values[v].keep)
            u->count[v]++; /* the caller reads it too */
    return true;
}

fv_node *fv_producer(const fv_graph *graph, fv_value v)
{
    const uint32_t p = graph->values[v].producer;

    return p ? &graph->nodes[p - 1] : NULL;
}

void fv_sweep(fv_graph *graph)
{
    size_t kept = 0;

    for (size_t i = 0; i < graph->n_nodes; i++) {
        if (!graph->nodes[i].op)
            continue;
        graph->nodes[kept] = graph->nodes[i];
        for (int k = 0; k < graph->nodes[kept].n_out; k++)
            graph->values[graph->nodes[kept].out[k]].producer = (uint32_t)kept + 1;
        kept++;
    }
    graph->n_nodes = kept;
}

void *fv_own_attrs(fv_graph *graph, fv_node *node)
{
    void *copy = fv_arena_alloc(&graph->arena, 1, node->op->attr_bytes);

    if (!copy) {
        fv_fail_memory(&graph->error, node->op->attr_bytes, "attributes");
        return NULL;
    }
    memcpy(copy, node->attrs, node->op->attr_bytes);
    node->attrs = copy;
    return copy;
}

bool fv_rebuild(fv_graph *graph, size_t most, fv_rebuilt *r)
{
    *r = (fv_rebuilt){.size = most + 1};
    r->nodes = fv_arena_alloc(&graph->arena, r->size, sizeof *r->nodes);
    if (!r->nodes)
        fv_fail_memory(&graph->error, r->size * sizeof *r->nodes, "a pass");
    return r->nodes != NULL;
}

const fv_node *fv_rebuild_emit(fv_graph *graph, fv_rebuilt *r, const fv_op *op, const void *attrs, const fv_value *in,
                               int n)
{
    const fv_node *node = fv_emit_node(graph, op, attrs, in, n);

    if (!node)
        return NULL;
    r->nodes[r->count] = *node;
    graph->n_nodes--;
    return &r->nodes[r->count++];
}

void fv_rebuild_end(fv_graph *graph, const fv_rebuilt *r)
{
    graph->nodes = r->nodes;
    graph->n_nodes = r->count;
    graph->size_nodes = r->size;
    fv_sweep(graph);
}
