/* Stolps of one more class beside those that are there. */
#include "fris/stolp.h"
#include <stdlib.h>
#include <string.h>

/* The old stolps as the list of a round before. */
static fv_status old_list(const fv_fris_classes *classes, const uint32_t *stolps, size_t n, size_t added,
                          fv_fris_list *list, fv_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (stolps[i] >= classes->all || classes->of[stolps[i]] == FV_FRIS_NONE || classes->of[stolps[i]] == added)
            return fv_fail(err, FV_E_RANGE, "stolp %u is no object of another class", stolps[i]);
    for (size_t c = 0; c < classes->count; c++) {
        list->first[c] = (uint32_t)list->count;
        for (size_t i = 0; i < n; i++)
            if (classes->of[stolps[i]] == c && list->count < classes->objects)
                list->stolp[list->count++] = stolps[i];
    }
    list->first[classes->count] = (uint32_t)list->count;
    return FV_OK;
}

static fv_status extend(const fv_fris *set, const fv_fris_classes *classes, const uint32_t *stolps, size_t n_stolps,
                        size_t added, const fv_fris_stolp_options *options, fv_arena *arena, fv_fris_stolps *out,
                        fv_error *err)
{
    fv_fris_list old, list;
    fv_fris_round round = {.set = set, .classes = classes, .options = options, .chosen = &old, .only = added};
    uint32_t *label;
    fv_status status;

    if ((status = fv_fris_round_prepare(&round, arena, err)) ||
        (status = fv_fris_list_prepare(&old, classes, arena, err)) ||
        (status = fv_fris_list_prepare(&list, classes, arena, err)) ||
        (status = old_list(classes, stolps, n_stolps, added, &old, err)) ||
        (status = fv_fris_round_run(&round, &list, err)) ||
        (status = FV_FRIS_ALLOC(arena, label, list.count, "stolps", err)))
        return status;
    for (size_t i = 0; i < list.count; i++)
        label[i] = classes->label[added];
    *out = (fv_fris_stolps){.count = list.count,
                            .stolp = list.stolp,
                            .label = label,
                            .covers = list.covers,
                            .efficiency = list.efficiency,
                            .uncovered = list.uncovered,
                            .n_uncovered = list.n_uncovered,
                            .rounds = 1};
    return FV_OK;
}

fv_status fv_fris_extend(const fv_fris *set, const uint32_t *labels, size_t n_labels, const uint32_t *stolps,
                         size_t n_stolps, uint32_t label, const fv_fris_stolp_options *options, fv_fris_stolps **out,
                         fv_error *err)
{
    const fv_fris_stolp_options o = options ? *options : (fv_fris_stolp_options)FV_FRIS_STOLP_OPTIONS;
    fv_fris_classes classes;
    fv_arena *arena;
    fv_fris_stolps *result;
    size_t added = 0;
    fv_status status = fv_fris_check_stolp_options(&o, err);

    *out = NULL;
    if (status)
        return status;
    if (!(result = fv_fris_result(&set->host, sizeof *result, &arena)))
        return fv_fail_memory(err, sizeof *result, "stolps");
    if (!(status = fv_fris_classify_labels(set, labels, n_labels, arena, &classes, err))) {
        while (added < classes.count && classes.label[added] != label)
            added++;
        status = added == classes.count ? fv_fail(err, FV_E_RANGE, "no object is of class %u", label)
                                        : extend(set, &classes, stolps, n_stolps, added, &o, arena, result, err);
    }
    if (status) {
        fv_fris_release(result);
        return status;
    }
    *out = result;
    return FV_OK;
}
