/* Censoring: take the worst object away, renew the values of those that it was a neighbour of, and so on.
 *
 * An object keeps the nearest of its own class and of the few classes nearest to it, more of them than values need. A
 * neighbour that is taken away changes the values of those who list it. Who has too few of its own left is searched anew.
 * Whose rivals have become too few, or may now be of a class that it keeps no list of, still has a bound: what is not listed
 * is no nearer than the last that is, and S falls with the rival's distance. It is searched when that bound is the worst of
 * all, which for most objects is never: wrong labels of one class among another are all near the same objects. */
#include "fris/doubt.h"
#include <stdlib.h>
#include <string.h>

enum { SPARE = 8, LISTS = 12 }; /* neighbours beyond k; the most classes that an object keeps, its own first */

typedef struct neighbours {
    uint32_t class, have; /* class FV_FRIS_NONE: no list */
} neighbours;

typedef struct node {
    uint32_t object, next; /* who lists it */
} node;

typedef struct censor {
    const fv_fris *set;
    fv_fris_classes classes;
    uint32_t k, room; /* of a list */
    size_t n_lists;   /* of an object: as many as there are classes, but at most LISTS */
    uint8_t *taken, *stale;
    uint8_t *vague;     /* [all] now.s is a lower bound */
    uint32_t *left;     /* [classes] */
    neighbours *lists;  /* [all, n_lists] */
    fv_fris_hit *hits;  /* [all, n_lists, room] */
    double *floor;      /* [all] no class without a list is nearer */
    fv_fris_doubt *now; /* [all] */
    uint32_t *head;     /* [all] of a list of nodes */
    node *nodes;
    size_t n_nodes, room_nodes;
    uint32_t *refs, *first, *queries; /* of a search */
    size_t n_queries;
} censor;

/* ---------------------------------------------------------------------------------------------------- values */

typedef struct value {
    double mean, least; /* of the k nearest, or a lower bound where it is short of them */
    bool short_of;      /* neighbours were taken, and there are others that the list does not hold */
} value;

static const fv_fris_hit *hits_of(const censor *c, uint32_t i, size_t list)
{
    return c->hits + ((size_t)i * c->n_lists + list) * c->room;
}

static value list_value(const censor *c, uint32_t i, size_t list)
{
    const neighbours *l = &c->lists[(size_t)i * c->n_lists + list];
    const fv_fris_hit *hit = hits_of(c, i, list);
    const uint32_t others = c->left[l->class] - (list == 0);
    const uint32_t want = others < c->k ? others : c->k;
    uint32_t n = 0;
    double sum = 0, least = INFINITY;

    for (uint32_t h = 0; h < l->have && n < c->k; h++)
        if (!c->taken[hit[h].index]) {
            least = n ? least : hit[h].distance;
            sum += hit[h].distance;
            n++;
        }
    if (n < want && l->have == c->room)
        return (value){(sum + (want - n) * hit[l->have - 1].distance) / want, least, true};
    return (value){n ? sum / n : (double)INFINITY, least, false};
}

static uint32_t lowest(const censor *c, uint32_t i, size_t list, double least)
{
    const neighbours *l = &c->lists[(size_t)i * c->n_lists + list];
    const fv_fris_hit *hit = hits_of(c, i, list);
    uint32_t best = FV_FRIS_NONE;

    for (uint32_t h = 0; h < l->have && hit[h].distance <= least * (1 + c->set->tie); h++)
        if (!c->taken[hit[h].index] && hit[h].index < best)
            best = hit[h].index;
    return best;
}

/* Values of object i from its lists, or a lower bound of S; false if they do not tell. `sure` is just after a search. */
static bool renew(censor *c, uint32_t i, bool sure)
{
    const neighbours *lists = &c->lists[(size_t)i * c->n_lists];
    const value own = list_value(c, i, 0);
    fv_fris_doubt *d = &c->now[i];
    value of[LISTS] = {{0}};
    double rival = INFINITY, unseen = sure ? (double)INFINITY : c->floor[i]; /* rivals whose distance is a bound */
    size_t best = 0;

    if (own.short_of && !sure)
        return false;
    for (size_t l = 1; l < c->n_lists && lists[l].class != FV_FRIS_NONE; l++) {
        of[l] = list_value(c, i, l);
        if (of[l].short_of)
            unseen = fmin(unseen, of[l].mean);
        else
            rival = fmin(rival, of[l].mean);
    }
    c->vague[i] = unseen < INFINITY && rival * (1 + c->set->tie) >= unseen;
    if (c->vague[i]) {
        d->s = fv_fris_s(own.mean, fmin(rival, unseen));
        return true;
    }
    for (size_t l = 1; l < c->n_lists && lists[l].class != FV_FRIS_NONE; l++)
        if (of[l].mean <= rival * (1 + c->set->tie) && (!best || lists[l].class < lists[best].class))
            best = l;
    *d = (fv_fris_doubt){.index = i,
                         .label = c->classes.label[c->classes.of[i]],
                         .suggested = best ? c->classes.label[lists[best].class] : FV_FRIS_NONE,
                         .own_index = lowest(c, i, 0, own.least),
                         .rival_index = best ? lowest(c, i, best, of[best].least) : FV_FRIS_NONE,
                         .s = fv_fris_s(own.mean, rival)};
    return true;
}

/* ---------------------------------------------------------------------------------------------------- searches */

static void keep(censor *c, const fv_fris_search *s, uint32_t i, size_t list, const void *near, size_t class)
{
    const fv_fris_near *n = fv_fris_class_near(s, near, class);

    c->lists[(size_t)i * c->n_lists + list] = (neighbours){(uint32_t) class, n->have};
    memcpy(c->hits + ((size_t)i * c->n_lists + list) * c->room, n->kept, n->have * sizeof *n->kept);
}

/* What a class can not become nearer than: its mean, as long as there are more than k of it; with fewer, taking the
 * farthest away makes the mean smaller, but never smaller than the least distance. */
static double bound(const censor *c, const fv_fris_search *s, const void *near, size_t class)
{
    const fv_fris_near *n = fv_fris_class_near(s, near, class);

    return c->left[class] > c->k ? fv_fris_mean(n, c->k) : fv_fris_least(n);
}

static void found(void *user, const fv_fris_search *s, size_t query, const void *near)
{
    censor *c = user;
    const uint32_t i = s->queries[query];
    const size_t own = c->classes.of[i];
    size_t chosen[LISTS];
    double floor = INFINITY;

    chosen[0] = own;
    keep(c, s, i, 0, near, own);
    for (size_t l = 1; l < c->n_lists; l++) { /* the nearest of those not chosen yet, the lowest of equals */
        size_t best = FV_FRIS_NONE;
        double least = INFINITY;

        for (size_t k = 0; k < s->classes; k++) {
            const double mean = fv_fris_mean(fv_fris_class_near(s, near, k), c->k);
            bool seen = false;

            for (size_t m = 0; m < l; m++)
                seen |= chosen[m] == k;
            if (!seen && mean < least) {
                least = mean;
                best = k;
            }
        }
        chosen[l] = best;
        c->lists[(size_t)i * c->n_lists + l].class = FV_FRIS_NONE;
        if (best != FV_FRIS_NONE)
            keep(c, s, i, l, near, best);
    }
    for (size_t k = 0; k < s->classes; k++) {
        bool seen = false;

        for (size_t m = 0; m < c->n_lists; m++)
            seen |= chosen[m] == k;
        if (!seen)
            floor = fmin(floor, bound(c, s, near, k));
    }
    c->floor[i] = floor;
}

/* Link the neighbours of object i to it. */
static fv_status link_neighbours(censor *c, uint32_t i, fv_error *err)
{
    for (size_t l = 0; l < c->n_lists && c->lists[(size_t)i * c->n_lists + l].class != FV_FRIS_NONE; l++) {
        const neighbours *list = &c->lists[(size_t)i * c->n_lists + l];
        const fv_fris_hit *hit = hits_of(c, i, l);

        if (c->n_nodes + list->have > c->room_nodes) {
            const size_t room = c->room_nodes * 2 + list->have + 64;
            node *grown =
                room < FV_FRIS_NONE ? fv_grow(&c->set->host, c->nodes, c->n_nodes, room, sizeof *c->nodes) : NULL;

            if (!grown)
                return fv_fail_memory(err, room * sizeof *grown, "neighbours");
            c->nodes = grown;
            c->room_nodes = room;
        }
        for (uint32_t h = 0; h < list->have; h++) {
            c->nodes[c->n_nodes] = (node){i, c->head[hit[h].index]};
            c->head[hit[h].index] = (uint32_t)c->n_nodes++;
        }
    }
    return FV_OK;
}

/* Search the neighbours of c->queries anew, among what is left. */
static fv_status search(censor *c, fv_error *err)
{
    const fv_fris_classes *k = &c->classes;
    size_t n = 0;
    fv_status status = FV_OK;

    for (size_t a = 0; a < k->count; a++) {
        c->first[a] = (uint32_t)n;
        for (size_t i = k->first[a]; i < k->first[a + 1]; i++)
            if (!c->taken[k->order[i]])
                c->refs[n++] = k->order[i];
    }
    c->first[k->count] = (uint32_t)n;

    fv_fris_search s = {.from = c->set,
                        .to = c->set,
                        .queries = c->queries,
                        .n_queries = c->n_queries,
                        .refs = c->refs,
                        .first = c->first,
                        .classes = k->count,
                        .keep = c->room,
                        .leave_out = true,
                        .found = found,
                        .user = c};

    if ((status = fv_fris_search_run(&s, err)))
        return status;
    for (size_t q = 0; !status && q < c->n_queries; q++) {
        status = link_neighbours(c, c->queries[q], err);
        (void)renew(c, c->queries[q], true);
        c->stale[c->queries[q]] = 0;
    }
    return status;
}

static void ask(censor *c, uint32_t i)
{
    if (c->stale[i] || c->taken[i])
        return;
    c->stale[i] = 1;
    c->queries[c->n_queries++] = i;
}

/* ---------------------------------------------------------------------------------------------------- the loop */

static uint32_t worst(const censor *c, double theta)
{
    uint32_t best = FV_FRIS_NONE;

    for (size_t i = 0; i < c->classes.all; i++) {
        const fv_fris_doubt *d = &c->now[i];

        if (c->classes.of[i] == FV_FRIS_NONE || c->taken[i] || c->left[c->classes.of[i]] <= 2 ||
            !(d->s < theta - c->set->tie))
            continue;
        if (best == FV_FRIS_NONE || fv_fris_rank(d->s) < fv_fris_rank(c->now[best].s))
            best = (uint32_t)i;
    }
    return best;
}

/* Object i is gone. Where its class has just become so small that its mean can fall, bounds are void: all anew. */
static fv_status take(censor *c, uint32_t i, fv_error *err)
{
    const size_t class = c->classes.of[i];
    const bool small = c->left[class]-- == c->k + 1 && c->classes.count > c->n_lists;

    c->taken[i] = 1;
    c->n_queries = 0;
    for (size_t n = 0; small && n < c->classes.objects; n++)
        ask(c, c->classes.order[n]);
    for (uint32_t n = c->head[i]; n != FV_FRIS_NONE; n = c->nodes[n].next)
        if (!c->taken[c->nodes[n].object] && !renew(c, c->nodes[n].object, false))
            ask(c, c->nodes[n].object);
    return c->n_queries ? search(c, err) : FV_OK;
}

/* All whose bound is below theta, at once: one by one they would be as many searches. */
static fv_status see_clearly(censor *c, double theta, fv_error *err)
{
    c->n_queries = 0;
    for (size_t n = 0; n < c->classes.objects; n++) {
        const uint32_t i = c->classes.order[n];

        if (c->vague[i] && c->now[i].s < theta - c->set->tie)
            ask(c, i);
    }
    return search(c, err);
}

static fv_status run(censor *c, double theta, size_t most, fv_fris_doubt *out, size_t *count, fv_error *err)
{
    fv_status status;

    memcpy(c->queries, c->classes.order, c->classes.objects * sizeof *c->queries);
    c->n_queries = c->classes.objects;
    memset(c->head, 0xff, c->classes.all * sizeof *c->head); /* FV_FRIS_NONE */
    for (size_t a = 0; a < c->classes.count; a++)
        c->left[a] = fv_fris_size(&c->classes, a);
    status = search(c, err);
    for (*count = 0; !status && *count < most;) {
        const uint32_t i = worst(c, theta);

        if (i == FV_FRIS_NONE)
            break;
        if (c->vague[i]) {
            status = see_clearly(c, theta, err);
            continue;
        }
        out[(*count)++] = c->now[i];
        status = take(c, i, err);
    }
    return status;
}

static fv_status arrays(censor *c, fv_arena *arena, fv_error *err)
{
    const size_t n = c->set->count;
    fv_status status;

    c->n_lists = c->classes.count < LISTS ? c->classes.count : LISTS;
    (void)((status = FV_FRIS_ALLOC(arena, c->taken, n, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->stale, n, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->vague, n, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->left, c->classes.count, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->lists, n * c->n_lists, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->hits, n * c->n_lists * c->room, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->floor, n, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->now, n, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->head, n, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->refs, n, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->first, c->classes.count + 1, "censoring", err)) ||
           (status = FV_FRIS_ALLOC(arena, c->queries, n, "censoring", err)));
    return status;
}

fv_status fv_fris_censor(const fv_fris *set, const uint32_t *labels, size_t n_labels, uint32_t k, double theta,
                         double most, fv_fris_doubts **out, fv_error *err)
{
    censor c = {.set = set, .k = k, .room = k + SPARE};
    fv_arena work, *arena = NULL;
    fv_fris_doubts *result;
    fv_fris_doubt *doubt;
    fv_status status;

    *out = NULL;
    if (!k || !(theta >= -1 && theta <= 1) || !(most >= 0 && most <= 1))
        return fv_fail(err, FV_E_RANGE, "k %u, theta %g, at most %g of all: at least 1, -1 to 1, 0 to 1", k, theta,
                       most);
    fv_arena_init(&work, &set->host);
    if (!(result = fv_fris_result(&set->host, sizeof *result, &arena)))
        return fv_fail_memory(err, sizeof *result, "doubtful labels");
    c.k = k < set->count ? k : (uint32_t)set->count;
    c.room = c.k + SPARE;
    if (!(status = fv_fris_classify_labels(set, labels, n_labels, &work, &c.classes, err)) &&
        !(status = arrays(&c, &work, err)) &&
        !(status = FV_FRIS_ALLOC(arena, doubt, c.classes.objects, "doubtful labels", err))) {
        result->doubt = doubt;
        status = run(&c, theta, (size_t)(most * (double)c.classes.objects), doubt, &result->count, err);
    }
    fv_release(&set->host, c.nodes);
    fv_arena_free(&work);
    if (status) {
        fv_fris_release(result);
        return status;
    }
    *out = result;
    return FV_OK;
}
