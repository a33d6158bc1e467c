/* The order of steps, and which of them run without waiting for each other.
 *
 * A *units* region holds steps that work sample by sample: a thread takes a unit of samples (a sixteenth of the batch)
 * through all of them, so that activations stay in its cache and nobody waits in between. An *independent* region holds
 * steps that do not touch each other's results. Values are the same in any order, so this may depend on the number of
 * threads; it never changes a bit.
 *
 * Where weights are small, packing is moved to the front and gradients of dense weights to the back, which leaves one
 * region of units for the whole of forward and backward. Where they are large, that would keep too much memory alive:
 * steps keep their order and neighbours are joined. */
#include "plan/plan.h"
#include <string.h>

/* Weights of up to so many bytes count as small: about the third level cache of one core. */
static const size_t SMALL_WEIGHTS = 16 << 20;

/* What each step waits for: edges from earlier steps, as lists. */
typedef struct edge {
    uint32_t to;
    struct edge *next;
} edge;

typedef struct order {
    fv_plan *plan;
    fv_plan_step *steps; /* in the order they were lowered */
    edge **after;        /* of each step: those that wait for it */
    uint32_t *waits;     /* for how many steps */
    bool *done;
    fv_plan_step *out; /* in their new order */
    size_t n, placed;
    bool reorder, grouped;
} order;

/* Does the node make a run of the value's channels? */
static bool writes_part(const fv_graph *graph, const fv_node *node, fv_value value)
{
    for (int k = 0; k < node->n_out; k++)
        for (fv_value v = node->out[k]; v; v = graph->values[v].whole)
            if (v == value)
                return true;
    return false;
}

bool fv_plan_writes(const fv_plan *plan, const fv_plan_step *step, fv_value value)
{
    const fv_value_info *info = &plan->graph->values[value];

    return writes_part(plan->graph, &plan->graph->nodes[step->node], value) || info->producer == step->node + 1 ||
           (step->update && (info->role == FV_ROLE_PARAM || info->role == FV_ROLE_STATE));
}

/* ---------------------------------------------------------------------------------------------- dependences */

static bool connect(order *o, uint32_t from, uint32_t to)
{
    edge *e = fv_arena_alloc(&o->plan->graph->arena, 1, sizeof *e);

    if (!e)
        return false;
    *e = (edge){to, o->after[from]};
    o->after[from] = e;
    o->waits[to]++;
    return true;
}

/* Steps that have touched a value since it was last written. */
typedef struct toucher {
    uint32_t step;
    bool writes;
    struct toucher *next;
} toucher;

/* Nodes that write one activation write different channels of it. */
static bool apart(const order *o, uint32_t a, uint32_t b, fv_value v)
{
    return o->plan->graph->values[v].role == FV_ROLE_ACTIVATION && o->steps[a].node != o->steps[b].node;
}

static bool touch(order *o, toucher **touched, uint32_t i, fv_value v)
{
    const bool writes = fv_plan_writes(o->plan, &o->steps[i], v);
    toucher *t;

    for (t = touched[v]; t; t = t->next)
        if (t->step != i && (writes || t->writes) && !(writes && t->writes && apart(o, t->step, i, v)) &&
            !connect(o, t->step, i))
            return false;
    if (!(t = fv_arena_alloc(&o->plan->graph->arena, 1, sizeof *t)))
        return false;
    *t = (toucher){i, writes, touched[v]};
    touched[v] = t;
    return true;
}

static bool find_dependences(order *o)
{
    toucher **touched = fv_arena_alloc(&o->plan->graph->arena, o->plan->graph->n_values, sizeof *touched);

    for (uint32_t i = 0; touched && i < o->n; i++)
        for (size_t k = 0; k < o->steps[i].n_binds; k++)
            if (o->steps[i].binds[k].value && !touch(o, touched, i, o->steps[i].binds[k].value))
                return false;
    return touched != NULL;
}

/* ---------------------------------------------------------------------------------------------- regions */

static bool unit_step(const order *o, size_t i)
{
    const fv_plan_step *s = &o->steps[i];

    return o->grouped && !s->once && !s->update && (s->per_sample || s->per_unit);
}

static void place(order *o, size_t i)
{
    o->done[i] = true;
    o->out[o->placed++] = o->steps[i];
    for (const edge *e = o->after[i]; e; e = e->next)
        o->waits[e->to]--;
}

/* All steps that units can run through one after another. */
static void collect_units(order *o)
{
    for (size_t i = 0; i < o->n; i++) {
        if (o->done[i])
            continue;
        if (!o->waits[i] && unit_step(o, i))
            place(o, i);
        else if (!o->reorder && !o->steps[i].update)
            return;
    }
}

/* With scratch memory a step is alone: its slices are the threads'. So is one of several rounds. */
static bool alone(const fv_plan_step *s)
{
    return s->scratch_bytes || s->rounds > 1;
}

/* Steps of one kind (once, computing, updating) that wait for nothing that is not placed yet. */
static void collect_independent(order *o, size_t first)
{
    const size_t begin = o->placed;
    const fv_plan_step *kind = &o->steps[first];
    uint32_t *ready = NULL;
    size_t count = 0;

    if (!alone(kind))
        ready = fv_arena_alloc(&o->plan->graph->arena, o->n, sizeof *ready);
    for (size_t i = first; ready && i < o->n; i++) {
        const fv_plan_step *s = &o->steps[i];
        const bool fits = !o->done[i] && !o->waits[i] && !unit_step(o, i) && !alone(s) && s->once == kind->once &&
                          s->update == kind->update;

        if (fits)
            ready[count++] = (uint32_t)i;
        else if (!o->reorder && !o->done[i] && !s->update)
            break;
    }
    for (size_t k = 0; k < count; k++)
        place(o, ready[k]);
    if (o->placed == begin)
        place(o, first);
}

/* The first step that can be placed: what units cannot do comes first, so that a region of units finds all it needs;
 * updates come last. */
static size_t next_step(const order *o)
{
    size_t units = o->n, update = o->n;

    for (size_t i = 0; i < o->n; i++) {
        if (o->done[i] || o->waits[i])
            continue;
        if (o->steps[i].update) /* runs behind everything else, and what it reads must live as long */
            update = update < o->n ? update : i;
        else if (!o->reorder || !unit_step(o, i))
            return i;
        else
            units = units < o->n ? units : i;
    }
    return units < o->n ? units : update;
}

static size_t chunks_of(const order *o, size_t first)
{
    size_t chunks = 0;

    for (size_t i = first; i < o->placed; i++)
        chunks += o->out[i].chunks;
    return chunks;
}

static void make_regions(order *o)
{
    fv_plan *plan = o->plan;

    while (o->placed < o->n) {
        const size_t first = o->placed, next = next_step(o);
        const bool units = unit_step(o, next);
        fv_region *region = &plan->regions[plan->n_regions++];

        if (units)
            collect_units(o);
        else
            collect_independent(o, next);
        *region = (fv_region){.first = (uint32_t)first,
                              .count = (uint32_t)(o->placed - first),
                              .units = units,
                              .once = o->out[first].once,
                              .update = o->out[first].update,
                              .tasks = units ? fv_plan_units(plan->graph->batch) : chunks_of(o, first)};
    }
}

static size_t weight_bytes(const fv_graph *graph)
{
    size_t elements = 0;

    for (size_t v = 1; v < graph->n_values; v++)
        if (graph->values[v].role == FV_ROLE_PARAM)
            elements += fv_elements(&graph->values[v].shape);
    return elements * sizeof(float);
}

fv_status fv_plan_schedule(fv_plan *plan, const fv_plan_options *options, fv_error *err)
{
    fv_arena *arena = &plan->graph->arena;
    const size_t n = plan->n_steps, units = fv_plan_units(plan->graph->batch), slices = options->slices;
    order o = {.plan = plan,
               .steps = plan->steps,
               .n = n,
               .reorder = weight_bytes(plan->graph) <= SMALL_WEIGHTS && !options->low_memory,
               .grouped = units > 1 && (slices == 1 || units >= 2 * slices)};

    o.after = fv_arena_alloc(arena, n, sizeof *o.after);
    o.waits = fv_arena_alloc(arena, n, sizeof *o.waits);
    o.done = fv_arena_alloc(arena, n, sizeof *o.done);
    o.out = fv_arena_alloc(arena, n, sizeof *o.out);
    plan->regions = fv_arena_alloc(arena, n, sizeof *plan->regions);
    if (!o.after || !o.waits || !o.done || !o.out || !plan->regions || !find_dependences(&o))
        return fv_fail_memory(err, n * sizeof *o.out, "a schedule");
    make_regions(&o);
    plan->steps = o.out;
    plan->size_steps = n;
    return FV_OK;
}
