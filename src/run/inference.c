#include "run/inference.h"
#include "base/text.h"
#include "ops/ops.h"

#include <string.h>

/* The value of a layer as descriptions have it: of the last node called so, behind activations that read it alone. */
static fv_status find_layer(const fv_net *net, const fv_graph *graph, const char *layer, fv_value *out, fv_error *err)
{
    const char *names[512], *near;
    size_t count = 0;

    *out = 0;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const fv_node *node = &graph->nodes[i];

        if (strcmp(node->label, layer) == 0 || (*out && node->op->activation && node->in[0] == *out))
            *out = node->out[0];
        if (count < FV_COUNT(names))
            names[count++] = node->label;
    }
    if (*out)
        return FV_OK;
    near = fv_text_nearest(layer, names, count);
    return fv_fail(err, FV_E_UNKNOWN, "%s: no layer is called '%.80s'%s%s%s", fv_net_name(net), layer,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

fv_status fv_inference_plan(const fv_host *host, const fv_net *net, size_t batch, const fv_exec_options *options,
                            fv_inference *out, fv_error *err)
{
    return fv_inference_plan_to(host, net, NULL, batch, options, out, err);
}

fv_status fv_inference_plan_to(const fv_host *host, const fv_net *net, const char *layer, size_t batch,
                               const fv_exec_options *options, fv_inference *out, fv_error *err)
{
    fv_graph graph;
    fv_status status;

    *out = (fv_inference){.batch = batch};
    fv_graph_init(&graph, host, batch, false);
    status = fv_net_build(net, &graph, err);
    if (!status && layer)
        status = find_layer(net, &graph, layer, &graph.logits, err);
    if (!status)
        graph.values[graph.logits].keep = true;
    if (!status)
        status = fv_plan_simplify(&graph, options->without, err);
    if (status) {
        fv_graph_free(&graph);
        return status;
    }
    out->input = graph.input;
    out->logits = graph.logits;
    return fv_exec_plan(host, &graph, options, &out->exec, err);
}

/* The last convolution's maps, followed as long as they keep their size. */
static fv_value last_maps(const fv_graph *graph)
{
    fv_value maps = 0;

    for (size_t i = 0; i < graph->n_nodes; i++) {
        const fv_node *node = &graph->nodes[i];
        const fv_shape *out = fv_shape_of(graph, node->out[0]), *have = fv_shape_of(graph, maps);
        bool follows = node->op == &fv_op_conv;

        for (int k = 0; k < node->n_in; k++)
            follows =
                follows || (maps && node->in[k] == maps && out->dim[1] == have->dim[1] && out->dim[2] == have->dim[2]);
        if (follows && out->dim[1] * out->dim[2] > 1)
            maps = node->out[0];
    }
    return maps;
}

/* Append the way back; the maps' memory is kept, so that no pass moves or merges them. */
static fv_status look_back(const fv_net *net, fv_graph *graph, const char *layer, const char *without,
                           fv_inference *out, fv_error *err)
{
    fv_value *gradients;
    fv_status status = FV_OK;

    out->maps = last_maps(graph);
    if (layer)
        status = find_layer(net, graph, layer, &out->maps, err);
    if (status)
        return status;
    if (!out->maps)
        return fv_fail(err, FV_E_ARGUMENT, "%s: has no convolution whose maps could be looked at", fv_net_name(net));
    graph->values[out->maps].keep = graph->values[graph->logits].keep = true;
    status = fv_plan_simplify(graph, without, err);
    if (status)
        return status;
    out->input = graph->input;
    out->logits = graph->logits;
    out->seed = fv_graph_value(graph, FV_ROLE_INPUT, FV_REAL_T, *fv_shape_of(graph, graph->logits), "seed");
    gradients = fv_arena_alloc(&graph->arena, graph->n_values, sizeof *gradients);
    if (!gradients)
        return fv_fail_memory(err, graph->n_values * sizeof *gradients, "gradients");
    fv_autodiff_between(graph, &fv_op_add, graph->logits, out->seed, out->maps, gradients);
    status = fv_graph_status(graph, err);
    if (status)
        return status;
    out->gradient = gradients[out->maps];
    if (!out->gradient)
        return fv_fail(err, FV_E_ARGUMENT, "%s: its result does not depend on layer %s", fv_net_name(net), layer);
    graph->values[out->gradient].keep = true;
    return FV_OK;
}

fv_status fv_inference_plan_back(const fv_host *host, const fv_net *net, const char *layer,
                                 const fv_exec_options *options, fv_inference *out, fv_error *err)
{
    fv_graph graph;
    fv_status status;

    *out = (fv_inference){.batch = 1};
    fv_graph_init(&graph, host, 1, false);
    status = fv_net_build(net, &graph, err);
    if (!status)
        status = look_back(net, &graph, layer, options->without, out, err);
    if (status) {
        fv_graph_free(&graph);
        return status;
    }
    return fv_exec_plan(host, &graph, options, &out->exec, err);
}

size_t fv_inference_bytes(const fv_inference *inference)
{
    const fv_exec *exec = inference->exec;

    return exec->plan.arena_bytes + exec->graph.arena.bytes + fv_exec_kept_bytes(exec);
}

fv_status fv_inference_check(const fv_inference *inference, const fv_net *net, size_t limit, fv_error *err)
{
    const size_t bytes = fv_inference_bytes(inference) + fv_exec_passing_bytes(inference->exec);
    char need[FV_BYTES_TEXT], most[FV_BYTES_TEXT];

    if (!limit || bytes <= limit)
        return FV_OK;
    return fv_fail(err, FV_E_MEMORY, "%s, batch %zu: needs %s of memory, %s are available; use a smaller batch",
                   fv_net_name(net), inference->batch, fv_text_bytes(need, bytes), fv_text_bytes(most, limit));
}

void fv_inference_free(fv_inference *inference)
{
    fv_exec_free(inference->exec);
    *inference = (fv_inference){0};
}
