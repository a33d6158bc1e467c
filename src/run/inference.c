#include "run/inference.h"
#include "base/text.h"

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
