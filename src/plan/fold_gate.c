/* fold-gate: the gradient of an activation behind batch normalisation is taken by the two kernels that read it.
 *
 *     y = relu(bn(x));  dz = dy where y > 0;  bn's gradients from dz and x  ->  the same from dy and x
 *
 * They read x anyway and make y of it again, so y is not read from memory, and dz is never written. The same bits. */
#include "ops/activation.h"
#include "ops/bn.h"
#include "plan/rewrite.h"
#include <string.h>

/* Of the node and the one value that the gate made, does it take dy in front of `bn`'s activation? */
static bool takes(const fv_node *node, fv_value dz, const fv_node *bn)
{
    const fv_value x = bn->in[FV_BN_X];

    return node->op == &fv_op_bn_backward_w
               ? node->in[FV_BN_W_DY] == dz && node->in[FV_BN_W_X] == x
               : node->op == &fv_op_bn_backward_x && node->in[FV_BN_X_DY] == dz && node->in[FV_BN_X_X] == x;
}

static bool fold(fv_graph *graph, fv_node *node, const fv_node *gate, const fv_node *bn)
{
    fv_value *in = fv_arena_alloc(&graph->arena, (size_t)node->n_in + 1, sizeof *in);
    fv_bn_backward_attrs *attrs = in ? fv_own_attrs(graph, node) : NULL;

    if (!attrs) {
        fv_fail_memory(&graph->error, sizeof *in, "a pass");
        return false;
    }
    attrs->act = ((const fv_act_attrs *)gate->attrs)->act;
    memcpy(in, node->in, (size_t)node->n_in * sizeof *in);
    in[node->op == &fv_op_bn_backward_w ? FV_BN_W_DY : FV_BN_X_DY] = gate->in[0];
    in[node->n_in++] = bn->in[FV_BN_BETA];
    node->in = in;
    return true;
}

void fv_fold_gates(fv_graph *graph, const fv_plan_options *options)
{
    fv_uses u;

    (void)options;
    if (!fv_count_uses(graph, &u))
        return;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        fv_node *gate = &graph->nodes[i];
        const fv_node *bn = gate->op == &fv_op_act_backward ? fv_producer(graph, gate->in[1]) : NULL;
        const int act = bn ? ((const fv_act_attrs *)gate->attrs)->act : FV_ACT_NONE;
        uint32_t takers = 0;

        if (!bn || bn->op != &fv_op_bn || (act != FV_ACT_RELU && act != FV_ACT_RELU6))
            continue;
        for (size_t k = i + 1; k < graph->n_nodes; k++)
            takers += takes(&graph->nodes[k], gate->out[0], bn);
        if (!takers || takers != u.count[gate->out[0]])
            continue;
        for (size_t k = i + 1; k < graph->n_nodes; k++)
            if (takes(&graph->nodes[k], gate->out[0], bn) && !fold(graph, &graph->nodes[k], gate, bn))
                return;
        gate->op = NULL;
    }
    fv_sweep(graph);
}
