/* Concatenations that copy little: what their branches write lies in the joined value, and gradients of the activations that
 * end the branches are taken of the joined value too, by the kernel that makes its gradient. */
#include "ops/ops.h"
#include "plan/rewrite.h"
#include <string.h>

/* What only a concatenation reads is written where it would copy it to. */
void fv_join(fv_graph *graph, const fv_plan_options *options)
{
    fv_uses u;

    (void)options;
    if (!fv_count_uses(graph, &u))
        return;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const fv_node *node = &graph->nodes[i];
        size_t at = 0;

        for (int k = 0; node->op == &fv_op_concat && k < node->n_in; k++) {
            fv_value_info *part = &graph->values[node->in[k]];
            const fv_node *maker = fv_producer(graph, node->in[k]);

            if (maker && maker->out[0] == node->in[k] && u.count[node->in[k]] == 1 && maker->op->joins &&
                maker->op->joins(maker)) {
                part->whole = node->out[0];
                part->whole_at = at;
            }
            at += fv_channels(&part->shape);
        }
    }
}

/* ---------------------------------------------------------------------------------------------- gates */

/* What is known of the backward half of a concatenation. */
typedef struct joined {
    const fv_node *gate; /* the first gradient of an activation behind one of its slices */
    fv_value dy;         /* that the slices are cut from */
    int gates;           /* found; -1 = they differ */
} joined;

typedef struct lift {
    fv_graph *graph;
    fv_uses u;
    uint32_t *concat; /* of each value, the concatenation that reads it + 1; UINT32_MAX = several do */
    uint32_t *gate;   /* of each slice, the node behind it + 1 */
    joined *all;      /* of each concatenation */
} lift;

static bool lift_begin(lift *l)
{
    const size_t n = l->graph->n_nodes, n_values = l->graph->n_values;
    fv_arena *arena = &l->graph->arena;

    if (!fv_count_uses(l->graph, &l->u))
        return false;
    l->concat = fv_arena_alloc(arena, n_values, sizeof *l->concat);
    l->gate = fv_arena_alloc(arena, n + 1, sizeof *l->gate);
    l->all = fv_arena_alloc(arena, n + 1, sizeof *l->all);
    if (!l->concat || !l->gate || !l->all) {
        fv_fail_memory(&l->graph->error, n_values * sizeof *l->concat, "a pass");
        return false;
    }
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; l->graph->nodes[i].op == &fv_op_concat && k < l->graph->nodes[i].n_in; k++) {
            const fv_value part = l->graph->nodes[i].in[k];

            l->concat[part] = l->concat[part] ? UINT32_MAX : i + 1;
        }
    return true;
}

/* Note the node if it is the gradient of an activation between a slice and a concatenation. */
static void look_at(lift *l, uint32_t i)
{
    const fv_node *node = &l->graph->nodes[i];
    const fv_node *slice = node->op == &fv_op_act_backward ? fv_producer(l->graph, node->in[0]) : NULL;
    const uint32_t concat = slice ? l->concat[node->in[1]] : 0;
    joined *j;

    if (!slice || slice->op != &fv_op_slice || l->u.count[node->in[0]] != 1 || !concat || concat == UINT32_MAX)
        return;
    j = &l->all[concat - 1];
    if (!j->gates)
        *j = (joined){node, slice->in[0], 0};
    if (j->gates < 0 || j->dy != slice->in[0] || memcmp(j->gate->attrs, node->attrs, node->op->attr_bytes) != 0) {
        j->gates = -1;
        return;
    }
    j->gates++;
    l->gate[slice - l->graph->nodes] = i + 1;
}

static bool lifts(const lift *l, uint32_t concat)
{
    const int parts = l->graph->nodes[concat].n_in;

    return l->all[concat].gates == parts && l->u.count[l->all[concat].dy] == (uint32_t)parts;
}

/* slice(dy), then the gradient of an activation, for all parts -> the gradient of the activation of all, then slices: the
 * same values, and `fuse-gate` finds the kernel that makes dy before it. */
void fv_lift_gates(fv_graph *graph, const fv_plan_options *options)
{
    const size_t n = graph->n_nodes;
    lift l = {.graph = graph};
    fv_value *whole; /* of each concatenation, the gradient behind the activation */
    fv_rebuilt r;

    (void)options;
    if (!lift_begin(&l) || !fv_rebuild(graph, 2 * n, &r))
        return;
    if (!(whole = fv_arena_alloc(&graph->arena, n + 1, sizeof *whole))) {
        fv_fail_memory(&graph->error, n * sizeof *whole, "a pass");
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        look_at(&l, i);
    for (size_t i = 0; i < n; i++) {
        fv_node node = graph->nodes[i]; /* a copy: emitting may move the array */
        fv_node *gate = l.gate[i] ? &graph->nodes[l.gate[i] - 1] : NULL;
        const uint32_t concat = gate ? l.concat[gate->in[1]] - 1 : 0;

        if (gate && lifts(&l, concat)) {
            const fv_value in[] = {node.in[0], graph->nodes[concat].out[0]};
            const fv_node copy = *gate;

            gate->op = NULL;
            if (!whole[concat]) {
                const fv_node *made;

                graph->label = copy.label;
                if (!(made = fv_rebuild_emit(graph, &r, copy.op, copy.attrs, in, 2)))
                    return;
                whole[concat] = made->out[0];
            }
            node.in[0] = whole[concat];
            node.out[0] = copy.out[0];
        }
        r.nodes[r.count++] = node;
    }
    fv_rebuild_end(graph, &r);
}
