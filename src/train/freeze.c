/* A value's number tells where it stands: the builder makes a layer's parameters where it makes the layer, so that those
 * of a picture's first layer are the lowest. Layers with weights are those whose parameters decay (convolutions and dense
 * layers, not batch normalisation, which belongs to the layer in front of it). */
#include "train/freeze.h"
#include "ops/bn.h"
#include "ops/ops.h"

#include <string.h>

/* The weight of the n-th layer from the end that has any, or of the first one. */
static fv_value weight_from_end(const fv_graph *graph, size_t n)
{
    fv_value found = 0;

    for (size_t v = graph->n_values - 1; v > 0 && n; v--)
        if (graph->values[v].role == FV_ROLE_PARAM && graph->values[v].param->decay) {
            found = (fv_value)v;
            n--;
        }
    return found;
}

static void freeze_bn(fv_graph *graph, fv_node *node)
{
    fv_bn_attrs *attrs = fv_arena_alloc(&graph->arena, 1, sizeof *attrs);

    if (!attrs) {
        fv_fail_memory(&graph->error, sizeof *attrs, "batch normalisation");
        return;
    }
    memcpy(attrs, node->attrs, sizeof *attrs);
    attrs->frozen = true;
    node->attrs = attrs;
    graph->values[node->in[FV_BN_GAMMA]].role = graph->values[node->in[FV_BN_BETA]].role = FV_ROLE_STATE;
}

fv_value fv_freeze(fv_graph *graph, const fv_settings *s)
{
    const fv_value head = weight_from_end(graph, 1);
    const fv_value first = s->unfreeze < graph->n_values ? weight_from_end(graph, s->unfreeze) : 0;

    for (fv_value v = 1; v < first; v++)
        if (graph->values[v].role == FV_ROLE_PARAM)
            graph->values[v].role = FV_ROLE_STATE;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        fv_node *node = &graph->nodes[i];

        if (node->op == &fv_op_bn && (!s->bn || node->in[FV_BN_GAMMA] < first))
            freeze_bn(graph, node);
    }
    return head;
}
