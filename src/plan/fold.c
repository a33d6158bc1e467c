/* fold-bn: batch normalisation at inference is a factor and a constant a channel.
 *
 *     conv or dense, then bn  ->  the same with weights w[..,f] scale[f] and biases (b[f] - mean[f]) scale[f] + beta[f]
 *     bn behind anything else ->  one multiplication and addition a value
 *
 * with scale = gamma / sqrt(var + eps). The new weights are values of nodes that read parameters alone, so they are
 * made once. Results differ from the unfolded ones by rounding. */
#include "ops/bn.h"
#include "plan/rewrite.h"
#include <string.h>

/* Operators of inputs x, weight [.., outputs] and maybe bias [outputs]. */
static bool has_weights(const fv_op *op)
{
    return op == &fv_op_conv || op == &fv_op_dense;
}

/* Does batch norm alone read what the node makes? Then its index + 1, else 0. */
static size_t bn_behind(const fv_graph *graph, const fv_uses *u, const fv_node *node)
{
    size_t reader;
    int act;

    if (!has_weights(node->op) || u->count[node->out[0]] != 1)
        return 0;
    memcpy(&act, (const char *)node->attrs + node->op->act_offset, sizeof act);
    reader = u->reader[node->out[0]];
    return !act && graph->nodes[reader].op == &fv_op_bn && graph->nodes[reader].in[FV_BN_X] == node->out[0] ? reader + 1
                                                                                                            : 0;
}

/* The factors of a bn node, made by a node of its own. */
static fv_value emit_scale(fv_graph *graph, fv_rebuilt *r, const fv_node *bn)
{
    const fv_node *node;

    graph->label = bn->label;
    node =
        fv_rebuild_emit(graph, r, &fv_op_bn_scale, bn->attrs, (fv_value[]){bn->in[FV_BN_GAMMA], bn->in[FV_BN_VAR]}, 2);
    return node ? node->out[0] : 0;
}

/* `node` with the weights of `bn` folded in. */
static void emit_folded(fv_graph *graph, fv_rebuilt *r, fv_node node, fv_node bn)
{
    const fv_value scale = emit_scale(graph, r, &bn);
    const fv_value from[] = {node.in[1], scale, bn.in[FV_BN_MEAN], bn.in[FV_BN_BETA], node.n_in > 2 ? node.in[2] : 0};
    const fv_node *fold = fv_rebuild_emit(graph, r, &fv_op_bn_fold, NULL, from, node.n_in > 2 ? 5 : 4);
    fv_value *in = fv_arena_alloc(&graph->arena, 3, sizeof *in);

    if (!fold || !in) {
        if (graph->error.code == FV_OK)
            fv_fail_memory(&graph->error, 3 * sizeof *in, "a pass");
        return;
    }
    in[0] = node.in[0];
    in[1] = fold->out[0];
    in[2] = fold->out[1];
    node.in = in;
    node.n_in = 3;
    node.out[0] = bn.out[0];
    r->nodes[r->count++] = node;
}

/* A bn node that stands behind something else. */
static void emit_applied(fv_graph *graph, fv_rebuilt *r, fv_node bn)
{
    const fv_value scale = emit_scale(graph, r, &bn);
    const fv_value in[] = {bn.in[FV_BN_X], bn.in[FV_BN_MEAN], scale, bn.in[FV_BN_BETA]};
    const fv_node *apply = fv_rebuild_emit(graph, r, &fv_op_bn_apply, bn.attrs, in, 4);

    if (apply)
        apply->out[0] = bn.out[0];
}

void fv_fold_bn(fv_graph *graph, const fv_plan_options *options)
{
    const size_t n = graph->n_nodes;
    fv_rebuilt r;
    fv_uses u;
    bool *folded;

    (void)options;
    if (graph->training || !fv_count_uses(graph, &u) || !fv_rebuild(graph, 3 * n, &r))
        return;
    folded = fv_arena_alloc(&graph->arena, n + 1, sizeof *folded);
    if (!folded) {
        fv_fail_memory(&graph->error, n + 1, "a pass");
        return;
    }
    for (size_t i = 0; i < n && graph->error.code == FV_OK; i++) {
        const fv_node node = graph->nodes[i]; /* a copy: emitting may move the array */
        const size_t bn = bn_behind(graph, &u, &node);

        if (bn) {
            folded[bn - 1] = true;
            emit_folded(graph, &r, node, graph->nodes[bn - 1]);
        } else if (node.op == &fv_op_bn && !folded[i]) {
            emit_applied(graph, &r, node);
        } else if (!folded[i]) {
            r.nodes[r.count++] = node;
        }
    }
    if (graph->error.code == FV_OK)
        fv_rebuild_end(graph, &r);
}
