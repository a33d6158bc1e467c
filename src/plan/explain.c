/* The plan in words. */
#include "plan/plan.h"

#include "kernels/winograd.h"
#include "ops/ops.h"
#include <stdio.h>

enum { WORDS = 96 }; /* room for what stands in a column */

/* The operator and what was folded into it, "conv + add + relu", "conv + maxpool + relu". */
static const char *operator_text(const fv_node *node, char text[WORDS])
{
    const char *activation = NULL;
    const fv_op *op;
    int act = 0, pool = 0;

    if (node->op->act_offset)
        memcpy(&act, (const char *)node->attrs + node->op->act_offset, sizeof act);
    if (node->op->pool_offset)
        memcpy(&pool, (const char *)node->attrs + node->op->pool_offset, sizeof pool);
    for (size_t i = 0; act && !activation && (op = fv_op_list(i)); i++)
        activation = op->activation == act ? op->name : NULL;
    snprintf(text, WORDS, "%s%s%s%s%s", node->op->name, fv_node_summand(node) ? " + add" : "", pool ? " + maxpool" : "",
             activation ? " + " : "", activation ? activation : "");
    return text;
}

/* The kernel, Winograd's with the size of its tiles: "winograd F(4x4,3x3)". */
static const char *kernel_text(const fv_plan_step *step, char text[WORDS])
{
    const fv_winograd_args *w = step->args;

    if (step->kernel != FV_K_winograd_forward)
        return fv_kernel_name(step->kernel);
    snprintf(text, WORDS, "winograd F(%zux%zu,%zux%zu)", w->side, w->side, w->g.kernel_h, w->g.kernel_w);
    return text;
}

void fv_plan_explain(const fv_plan *plan, const fv_kernels *kernels, fv_text *text)
{
    const fv_graph *graph = plan->graph;
    double flops = 0, bytes = 0;
    const fv_pass *pass;

    fv_text_print(text, "passes\n");
    for (size_t i = 0; (pass = fv_pass_list(i)); i++)
        fv_text_print(text, "  %-16s %s\n", pass->name, pass->help);
    fv_text_print(text, "steps on %s, batch %zu\n", kernels->isa, graph->batch);
    fv_text_print(text, "  %-4s %-20s %-22s %-22s %8s %8s %10s %10s\n", "no", "layer", "operator", "kernel", "items",
                  "chunks", "MFLOP", "KiB moved");
    for (size_t i = 0, r = 0; i < plan->n_steps; i++) {
        const fv_plan_step *step = &plan->steps[i];
        const fv_region *region = &plan->regions[r];
        const fv_node *node = &graph->nodes[step->node];
        char op[WORDS], kernel[WORDS];

        if (region->first == i) {
            fv_text_print(text, "  region %zu: %s%s\n", r++,
                          region->units ? "each unit of samples runs through" : "independent",
                          region->once     ? ", when the session is made"
                          : region->update ? ", update"
                                           : "");
        }
        fv_text_print(text, "  %-4zu %-20s %-22s %-22s %8zu %8zu %10.3f %10.1f%s\n", i, node->label,
                      operator_text(node, op), kernel_text(step, kernel), step->items, step->chunks,
                      step->cost.flops / 1e6, step->cost.bytes / 1024, step->once ? "  once" : "");
        if (!step->once) {
            flops += step->cost.flops;
            bytes += step->cost.bytes;
        }
    }
    fv_text_print(text, "  sum: %.3f MFLOP, %.1f KiB moved a run\n", flops / 1e6, bytes / 1024);
    char arena[FV_BYTES_TEXT], values[FV_BYTES_TEXT], scratch[FV_BYTES_TEXT], sum[FV_BYTES_TEXT];

    fv_text_print(text,
                  "memory: %s in one arena (values %s, scratch %s); each value in memory of its own would take %s\n",
                  fv_text_bytes(arena, plan->arena_bytes), fv_text_bytes(values, plan->scratch_at),
                  fv_text_bytes(scratch, plan->arena_bytes - plan->scratch_at), fv_text_bytes(sum, plan->sum_bytes));
}

static const char *where_text(const fv_plan *plan, fv_value v)
{
    const bool in_place = plan->home[v] != v;

    if (plan->local[v])
        return in_place ? "  of one unit, in place" : "  of one unit";
    return in_place ? "  in place" : "";
}

void fv_plan_explain_memory(const fv_plan *plan, const fv_kernels *kernels, fv_text *text)
{
    const fv_graph *graph = plan->graph;

    fv_text_print(text, "  %-20s %-22s %-16s %12s %12s %6s %6s\n", "layer", "made by", "shape", "offset", "bytes",
                  "from", "to");
    for (size_t v = 1; v < graph->n_values; v++) {
        const fv_value_info *info = &graph->values[v];
        const fv_node *node =
            info->producer && info->producer <= graph->n_nodes ? &graph->nodes[info->producer - 1] : NULL;
        const size_t bytes = fv_plan_bytes(plan, (fv_value)v, kernels);
        char shape[96];

        fv_shape_text(&info->shape, shape);
        if (plan->first[v] == UINT32_MAX)
            continue;
        if (plan->offset[v] == SIZE_MAX)
            fv_text_print(text, "  %-20s %-22s %-16s %12s %12zu\n", info->name, "(stored)", shape, "-", bytes);
        else
            fv_text_print(text, "  %-20s %-22s %-16s %12zu %12zu %6u %6u%s\n", node ? node->label : "",
                          node         ? node->op->name
                          : info->name ? info->name
                                       : "constant",
                          shape, plan->offset[v],
                          plan->local[v] ? fv_plan_unit_most(graph->batch) * plan->stride[v] : bytes,
                          plan->first[plan->home[v]], plan->last[plan->home[v]], where_text(plan, (fv_value)v));
    }
}
