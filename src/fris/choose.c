/* Rounds of FRiS-Stolp, and how well the stolps describe all objects. */
#include "fris/stolp.h"
#include <stdatomic.h>
#include <string.h>

typedef struct describe {
    const fv_fris_classes *classes;
    double unit, *s;
    uint32_t *own, *rival;
    _Atomic int64_t *sums;
} describe;

/* Against all stolps but those of the own class, as one: the lowest number wins, whatever its class. */
static void found(void *user, const fv_fris_search *s, size_t query, const void *near)
{
    describe *d = user;
    const uint32_t i = s->queries[query], own = d->classes->of[i];
    const fv_fris_near *mine = fv_fris_class_near(s, near, own);
    const double least = fv_fris_least(mine);
    double rival = INFINITY;

    for (size_t c = 0; c < s->classes; c++)
        if (c != own)
            rival = fmin(rival, fv_fris_least(fv_fris_class_near(s, near, c)));
    for (size_t c = 0; c < s->classes; c++) {
        const uint32_t lowest = fv_fris_lowest(fv_fris_class_near(s, near, c), rival * (1 + s->to->tie));

        if (c != own && lowest < d->rival[i])
            d->rival[i] = lowest;
    }
    d->own[i] = fv_fris_lowest(mine, least * (1 + s->to->tie));
    d->s[i] = fv_fris_s(least, rival);
    atomic_fetch_add(&d->sums[own], fv_fris_whole(d->s[i], d->unit));
}

static fv_status run_describe(const fv_fris *set, const fv_fris_classes *classes, const fv_fris_list *list,
                              fv_arena *arena, fv_fris_stolps *out, fv_error *err)
{
    describe d = {.classes = classes, .unit = fv_fris_unit(set->count)};
    uint32_t *refs;
    int64_t *sums;
    fv_status status;

    if ((status = FV_FRIS_ALLOC(arena, d.s, set->count, "stolps", err)) ||
        (status = FV_FRIS_ALLOC(arena, d.own, set->count, "stolps", err)) ||
        (status = FV_FRIS_ALLOC(arena, d.rival, set->count, "stolps", err)) ||
        (status = FV_FRIS_ALLOC(arena, d.sums, classes->count, "stolps", err)) ||
        (status = FV_FRIS_ALLOC(arena, sums, classes->count, "stolps", err)) ||
        (status = FV_FRIS_ALLOC(arena, refs, list->count, "stolps", err)))
        return status;
    for (size_t i = 0; i < set->count; i++) {
        d.own[i] = d.rival[i] = FV_FRIS_NONE;
        d.s[i] = NAN;
    }
    fv_fris_list_sorted(list, classes, refs);

    fv_fris_search search = {.from = set,
                             .to = set,
                             .queries = classes->order,
                             .n_queries = classes->objects,
                             .refs = refs,
                             .first = list->first,
                             .classes = classes->count,
                             .keep = 1,
                             .found = found,
                             .user = &d};

    if ((status = fv_fris_search_run(&search, err)))
        return status;
    for (size_t c = 0; c < classes->count; c++)
        sums[c] = atomic_load(&d.sums[c]);
    out->own_stolp = d.own;
    out->rival_stolp = d.rival;
    out->s = d.s;
    return fv_fris_compact(classes, sums, d.unit, arena, &out->f, err);
}

static bool same(const fv_fris_list *a, const fv_fris_list *b, const fv_fris_classes *c)
{
    return a->count == b->count && !memcmp(a->first, b->first, (c->count + 1) * sizeof *a->first) &&
           !memcmp(a->stolp, b->stolp, a->count * sizeof *a->stolp);
}

/* Rounds take turns with two lists; the last one becomes the result. */
static fv_status run_rounds(fv_fris_round *r, fv_fris_list list[2], uint32_t *done, fv_error *err)
{
    const uint32_t rounds = r->options->rounds ? r->options->rounds : 1;

    for (*done = 0; *done < rounds;) {
        fv_fris_list *now = &list[*done % 2];
        fv_status status;

        r->chosen = *done ? &list[(*done + 1) % 2] : NULL;
        if ((status = fv_fris_round_run(r, now, err)))
            return status;
        ++*done;
        if (r->chosen && same(now, r->chosen, r->classes))
            break;
    }
    return FV_OK;
}

static fv_status choose(const fv_fris *set, const fv_fris_classes *classes, const fv_fris_stolp_options *options,
                        fv_arena *arena, fv_fris_stolps *out, fv_error *err)
{
    fv_fris_round round = {.set = set, .classes = classes, .options = options, .only = FV_FRIS_NONE};
    fv_fris_list list[2];
    uint32_t *label;
    fv_status status;

    if ((status = fv_fris_round_prepare(&round, arena, err)) ||
        (status = fv_fris_list_prepare(&list[0], classes, arena, err)) ||
        (status = fv_fris_list_prepare(&list[1], classes, arena, err)) ||
        (status = run_rounds(&round, list, &out->rounds, err)))
        return status;

    const fv_fris_list *last = &list[(out->rounds + 1) % 2];

    if ((status = FV_FRIS_ALLOC(arena, label, last->count, "stolps", err)))
        return status;
    for (size_t c = 0; c < classes->count; c++)
        for (size_t i = last->first[c]; i < last->first[c + 1]; i++)
            label[i] = classes->label[c];
    out->count = last->count;
    out->stolp = last->stolp;
    out->label = label;
    out->covers = last->covers;
    out->efficiency = last->efficiency;
    out->uncovered = last->uncovered;
    out->n_uncovered = last->n_uncovered;
    out->objects = set->count;
    return run_describe(set, classes, last, arena, out, err);
}

fv_status fv_fris_check_stolp_options(const fv_fris_stolp_options *o, fv_error *err)
{
    if (!(o->lambda >= 0 && o->lambda <= 1) || !(o->f_star >= -1 && o->f_star <= 1) || !(o->r_star >= 0))
        return fv_fail(err, FV_E_RANGE, "lambda %g is from 0 to 1, F* %g from -1 to 1, r* %g a distance", o->lambda,
                       o->f_star, o->r_star);
    return FV_OK;
}

fv_status fv_fris_choose(const fv_fris *set, const uint32_t *labels, size_t n_labels,
                         const fv_fris_stolp_options *options, fv_fris_stolps **out, fv_error *err)
{
    const fv_fris_stolp_options o = options ? *options : (fv_fris_stolp_options)FV_FRIS_STOLP_OPTIONS;
    fv_fris_classes classes;
    fv_arena *arena;
    fv_fris_stolps *result;
    fv_status status = fv_fris_check_stolp_options(&o, err);

    *out = NULL;
    if (status)
        return status;
    if (!(result = fv_fris_result(&set->host, sizeof *result, &arena)))
        return fv_fail_memory(err, sizeof *result, "stolps");
    if ((status = fv_fris_classify_labels(set, labels, n_labels, arena, &classes, err)) ||
        (status = choose(set, &classes, &o, arena, result, err))) {
        fv_fris_release(result);
        return status;
    }
    *out = result;
    return FV_OK;
}
