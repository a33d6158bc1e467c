/* Labels in doubt: objects in the order of their local values. */
#include "fris/doubt.h"
#include <stdlib.h>

static int worst_first(const void *a, const void *b)
{
    const fv_fris_doubt *x = a, *y = b;
    const double p = fv_fris_rank(x->s), q = fv_fris_rank(y->s);

    if (x->singleton != y->singleton)
        return x->singleton ? 1 : -1;
    return p != q ? (p > q) - (p < q) : (x->index > y->index) - (x->index < y->index);
}

fv_status fv_fris_queue(const fv_fris *set, const uint32_t *labels, size_t n_labels, uint32_t k, fv_fris_doubts **out,
                        fv_error *err)
{
    fv_fris_objects *o;
    fv_arena *arena;
    fv_fris_doubts *result;
    fv_fris_doubt *doubt;
    size_t n = 0;
    fv_status status = fv_fris_measure(set, labels, n_labels, k, 0, &o, err);

    *out = NULL;
    if (status)
        return status;
    if (!(result = fv_fris_result(&set->host, sizeof *result, &arena)) ||
        !(doubt = fv_arena_alloc(arena, set->count, sizeof *doubt))) {
        fv_fris_release(result);
        fv_fris_release(o);
        return fv_fail_memory(err, set->count * sizeof *doubt, "doubtful labels");
    }
    for (uint32_t i = 0; i < set->count; i++)
        if (labels[i] != FV_FRIS_NONE)
            doubt[n++] = (fv_fris_doubt){i,
                                         labels[i],
                                         o->rival_class[i],
                                         o->own_index[i],
                                         o->rival_index[i],
                                         o->s[i],
                                         o->own_index[i] == FV_FRIS_NONE};
    qsort(doubt, n, sizeof *doubt, worst_first);
    fv_fris_release(o);
    result->count = n;
    result->doubt = doubt;
    *out = result;
    return FV_OK;
}
