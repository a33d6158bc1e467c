#include "plan/plan.h"
#include <string.h>

/* True if `name` stands in a comma-separated list. */
static bool listed(const char *list, const char *name)
{
    const size_t length = strlen(name);

    while (list && *list) {
        const char *end = strchr(list, ',');
        const size_t n = end ? (size_t)(end - list) : strlen(list);

        if (n == length && strncmp(list, name, n) == 0)
            return true;
        list = end ? end + 1 : NULL;
    }
    return false;
}

/* Packing is not a choice: kernels read packed weights. */
static bool left_out(const fv_pass *pass, const char *without)
{
    return strcmp(pass->name, "pack") != 0 && listed(without, pass->name);
}

static fv_status run_passes(fv_graph *graph, const fv_plan_options *options, bool before, fv_error *err)
{
    const fv_pass *pass;

    for (size_t i = 0; (pass = fv_pass_list(i)); i++) {
        if (pass->before != before || left_out(pass, options->without) || (pass->inexact && options->exact))
            continue;
        pass->run(graph, options);
        if (graph->error.code != FV_OK)
            return fv_graph_status(graph, err);
    }
    return fv_graph_status(graph, err);
}

fv_status fv_plan_simplify(fv_graph *graph, const char *without, fv_error *err)
{
    return run_passes(graph, &(fv_plan_options){.without = without}, true, err);
}

fv_status fv_plan_make(fv_graph *graph, const fv_plan_options *options, fv_plan *plan, fv_error *err)
{
    fv_status status;

    *plan = (fv_plan){.graph = graph};
    status = run_passes(graph, options, false, err);
    if (!status)
        status = fv_plan_lower(plan, options, err);
    if (!status)
        status = fv_plan_schedule(plan, options, err);
    if (!status)
        status = fv_plan_kinds(plan, err);
    if (!status)
        status = fv_plan_memory(plan, options->kernels, options->slices, err);
    if (!status)
        status = fv_plan_count(plan, options->kernels, err);
    return status;
}

size_t fv_plan_bytes(const fv_plan *plan, fv_value value, const fv_kernels *kernels)
{
    const fv_value_info *info = &plan->graph->values[value];
    const size_t elements = fv_elements(&info->shape);

    switch (info->dtype) {
    case FV_REAL_T:
        return elements * kernels->real_bytes;
    case FV_U8:
        return elements;
    case FV_I32:
        return elements * sizeof(int32_t);
    }
    return 0;
}

static void *address(const fv_plan *plan, char *arena, void *(*stored)(void *user, fv_value value), void *user,
                     const fv_bind *bind)
{
    char *base;

    if (!bind->value)
        return NULL;
    base = plan->offset[bind->value] == SIZE_MAX ? stored(user, bind->value) : arena + plan->offset[bind->value];
    return base ? base + bind->shift : NULL;
}

void fv_plan_bind_value(fv_plan_step *step, fv_value value, void *at)
{
    for (size_t k = 0; k < step->n_binds; k++)
        if (step->binds[k].value == value) {
            void *shifted = (char *)at + step->binds[k].shift;

            memcpy((char *)step->args + step->binds[k].offset, &shifted, sizeof shifted);
        }
}

void fv_plan_bind(fv_plan *plan, char *arena, void *(*stored)(void *user, fv_value value), void *user)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        const fv_plan_step *step = &plan->steps[i];

        for (size_t k = 0; k < step->n_binds; k++) {
            void *at = address(plan, arena, stored, user, &step->binds[k]);

            memcpy((char *)step->args + step->binds[k].offset, &at, sizeof at);
        }
        if (step->scratch_bytes) {
            void *at = arena + plan->scratch_at;

            memcpy((char *)step->args + step->scratch_offset, &at, sizeof at);
            memcpy((char *)step->args + step->scratch_offset + sizeof at, &plan->scratch_bytes,
                   sizeof plan->scratch_bytes); /* threads in different steps at once: one stride for all */
        }
    }
}
