/* Reverse-mode differentiation on the graph: nodes are visited from the last to the first, each emits its backward
 * nodes through its operator's own rule. A gradient that nobody needs is never emitted. */
#include "graph/op.h"
#include <string.h>

typedef struct walk {
    fv_graph *graph;
    const fv_op *add;
    fv_value *gradient; /* of each value of the forward graph */
    bool *need;         /* a parameter or asked-for input lies behind this value */
} walk;

/* False with the graph's error set if memory ran out, or if there is one already. */
static bool begin(walk *w, fv_graph *graph, const fv_op *add, fv_value *gradients)
{
    *w = (walk){.graph = graph, .add = add, .gradient = gradients};
    if (graph->error.code != FV_OK)
        return false;
    memset(gradients, 0, graph->n_values * sizeof *gradients);
    w->need = fv_arena_alloc(&graph->arena, graph->n_values, sizeof *w->need);
    graph->gradients = true;
    if (!w->need)
        fv_fail_memory(&graph->error, graph->n_values, "differentiation");
    return w->need != NULL;
}

/* What is made of values that need a gradient needs one. */
static void spread_needs(walk *w)
{
    const fv_graph *graph = w->graph;

    for (size_t i = 0; i < graph->n_nodes; i++) {
        const fv_node *node = &graph->nodes[i];
        bool any = false;

        for (int k = 0; k < node->n_in; k++)
            any = any || w->need[node->in[k]];
        for (int k = 0; k < node->n_out && node->op->grad; k++)
            w->need[node->out[k]] = w->need[node->out[k]] || any;
    }
}

/* Add `part` to the gradient of v; a second contribution becomes a sum. */
static void contribute(walk *w, fv_value v, fv_value part)
{
    if (!part)
        return;
    w->gradient[v] = w->gradient[v] ? fv_emit(w->graph, w->add, NULL, (fv_value[]){w->gradient[v], part}, 2) : part;
}

enum { MOST_INPUTS = 512, MOST_OUTPUTS = 4 };

static void visit(walk *w, size_t index)
{
    const fv_node node = w->graph->nodes[index]; /* a copy: emitting moves the array */
    fv_value dy[MOST_OUTPUTS] = {0}, dx[MOST_INPUTS] = {0};
    bool need[MOST_INPUTS] = {false}, wanted = false, reached = false;

    for (int i = 0; i < node.n_out; i++)
        reached = (dy[i] = w->gradient[node.out[i]]) != 0 || reached;
    for (int i = 0; i < node.n_in; i++)
        wanted = (need[i] = w->need[node.in[i]]) || wanted;
    if (!reached || !wanted || !node.op->grad)
        return;
    w->graph->label = node.label;
    node.op->grad(w->graph, &node, dy, need, dx);
    for (int i = 0; i < node.n_in; i++)
        if (need[i])
            contribute(w, node.in[i], dx[i]);
}

/* From the last of the forward graph's nodes to the first. */
static void go_back(walk *w, size_t n_nodes)
{
    for (size_t i = n_nodes; i-- > 0 && w->graph->error.code == FV_OK;)
        visit(w, i);
}

void fv_autodiff(fv_graph *graph, const fv_op *add, bool to_input, fv_value *gradients)
{
    const size_t n_values = graph->n_values, n_nodes = graph->n_nodes;
    walk w;

    if (!begin(&w, graph, add, gradients))
        return;
    for (size_t v = 1; v < n_values; v++)
        w.need[v] = graph->values[v].role == FV_ROLE_PARAM || (to_input && v == graph->input);
    spread_needs(&w);
    for (size_t i = 0; i < graph->n_losses; i++) {
        graph->label = "loss";
        gradients[graph->losses[i].value] =
            fv_graph_constant(graph, fv_shape1(1), &graph->losses[i].weight, "loss.weight");
    }
    go_back(&w, n_nodes);
    for (size_t i = 0; i < n_nodes && graph->error.code == FV_OK; i++) {
        const fv_node node = graph->nodes[i];

        graph->label = node.label;
        if (node.op->update)
            node.op->update(graph, &node);
    }
}

void fv_autodiff_between(fv_graph *graph, const fv_op *add, fv_value from, fv_value seed, fv_value to,
                         fv_value *gradients)
{
    walk w;

    if (!begin(&w, graph, add, gradients))
        return;
    w.need[to] = true;
    spread_needs(&w);
    gradients[from] = seed;
    go_back(&w, graph->n_nodes);
}
