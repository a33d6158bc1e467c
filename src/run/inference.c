#include "run/inference.h"
#include "base/text.h"

fv_status fv_inference_plan(const fv_host *host, const fv_net *net, size_t batch, const fv_exec_options *options,
                            fv_inference *out, fv_error *err)
{
    fv_graph graph;
    fv_status status;

    *out = (fv_inference){.batch = batch};
    fv_graph_init(&graph, host, batch, false);
    status = fv_net_build(net, &graph, err);
    if (!status)
        status = fv_plan_simplify(&graph, options->without, err);
    if (status) {
        fv_graph_free(&graph);
        return status;
    }
    out->input = graph.input;
    out->logits = graph.logits;
    graph.values[graph.logits].keep = true;
    return fv_exec_plan(host, &graph, options, &out->exec, err);
}

size_t fv_inference_bytes(const fv_inference *inference)
{
    const fv_exec *exec = inference->exec;
    size_t weights, states;

    fv_plan_stored(&exec->plan, exec->kernels, &weights, &states);
    return exec->plan.arena_bytes + exec->graph.arena.bytes + weights + states;
}

fv_status fv_inference_check(const fv_inference *inference, const fv_net *net, size_t limit, fv_error *err)
{
    const size_t bytes = fv_inference_bytes(inference);
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
