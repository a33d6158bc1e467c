/* A planned graph with its memory: what sessions and trainers run. */
#ifndef FV_RUN_EXEC_H
#define FV_RUN_EXEC_H
#include "plan/plan.h"
#include "run/pool.h"
#include "run/store.h"

/* Memory in which several plans take turns: no value outlives a run but constants, and those are written again. */
typedef struct fv_room {
    fv_host host;
    char *at;
    size_t bytes;
    const struct fv_exec *tenant; /* who ran last */
} fv_room;

typedef struct fv_exec {
    fv_host host;
    fv_graph graph; /* owned, rewritten by the planner; the plan lies in its arena */
    fv_plan plan;
    char *memory;    /* the arena: values, then scratch slices; the room's, or own */
    fv_room *room;   /* shared, or NULL */
    fv_pool *pool;   /* shared */
    fv_store *store; /* shared */
    const fv_kernels *kernels;
    bool loaded; /* by fv_exec_load: nothing to prepare again, and the weights that only that read are not kept */
} fv_exec;

typedef struct fv_exec_options {
    const fv_kernels *kernels;
    fv_pool *pool;
    fv_store *store;
    uint64_t seed;
    const uint64_t *step;
    const char *without;            /* passes to leave out */
    bool exact;                     /* no algorithm that rounds more than the plain one */
    bool bf16;                      /* inference in words of two bf16 where that is faster */
    bool low_memory;                /* no layout of a weight is kept that is larger than the weight */
    const struct fv_tuning *tuning; /* measured choices, or NULL (ops/tuning.h) */
} fv_exec_options;

/* The table of kernels called `isa`; NULL means the best of this CPU. */
fv_status fv_kernels_choose(const char *isa, const fv_kernels **out, fv_error *err);

/* Plan *graph, which is taken over (and freed on failure), with its memory and the store's missing entries. Nothing is
 * allocated after this. An inference graph's `once` steps are run by fv_exec_prepare. */
fv_status fv_exec_create(const fv_host *host, fv_graph *graph, const fv_exec_options *options, fv_exec **out,
                         fv_error *err);
void fv_exec_free(fv_exec *exec);

/* The same in two halves. The first one plans and allocates nothing that grows with the batch; its graph's values are
 * looked at, but not run. The second one makes the store's entries and the memory, or takes it in `room`, which several
 * plans may share when they take turns: what depends on weights alone is then prepared anew after another one ran. */
fv_status fv_exec_plan(const fv_host *host, fv_graph *graph, const fv_exec_options *options, fv_exec **out,
                       fv_error *err);
fv_status fv_exec_open(fv_exec *exec, fv_room *room, fv_error *err);

/* Where an inference plan finds its weights. read: columns [first, first + count) of a weight's last axis, as reals,
 * the first of them at `to`, [everything else][ld]; called from several threads at once, for values that `check` took. */
typedef struct fv_source {
    void *user;
    fv_status (*check)(void *user, const fv_value_info *weight, fv_error *err);
    void (*read)(void *user, const fv_value_info *weight, size_t first, size_t count, void *to, size_t ld);
} fv_source;

/* In place of fv_exec_open, fill the store, fv_exec_prepare: for weights that never change. Those that are only read to
 * be brought into a kernel's layout are never held as they are: they pass through a buffer piece by piece. */
fv_status fv_exec_load(fv_exec *exec, const fv_source *source, fv_error *err);
/* Bytes of that buffer, and of the weights that are kept as they are. */
size_t fv_exec_passing_bytes(const fv_exec *exec);
size_t fv_exec_kept_bytes(const fv_exec *exec);

/* A room for plans of up to so many bytes. */
fv_status fv_room_create(const fv_host *host, size_t bytes, fv_room *out, fv_error *err);
void fv_room_free(fv_room *room);

/* Run what depends on weights alone: after creation, and whenever the store has changed. */
void fv_exec_prepare(fv_exec *exec);

/* Run all steps once. */
void fv_exec_run(fv_exec *exec);

/* The same in two halves: everything but updates, then the updates of parameters. */
void fv_exec_compute(fv_exec *exec);
void fv_exec_update(fv_exec *exec);

/* Compute again and name the first node with a result that is not finite: "conv2 (conv_backward_w)", or NULL. */
const char *fv_exec_find_bad(fv_exec *exec, char *buffer, size_t size);

/* Run all steps once, adding the seconds each took to elapsed_s[i] (plan.n_steps entries); false if
 * memory ran out. */
bool fv_exec_profile(fv_exec *exec, double *elapsed_s);

/* Where a value lies. */
void *fv_exec_at(const fv_exec *exec, fv_value value);

/* Reals to and from floats or doubles, whatever the session's real is. */
double fv_exec_get(const fv_exec *exec, fv_value value, size_t i);
void fv_exec_set(const fv_exec *exec, fv_value value, size_t i, double x);

/* ---- inside this room */

/* fv_exec_open with a store that lacks the values `without` (NULL = none) names. */
fv_status fv_exec_open_without(fv_exec *exec, fv_room *room, const bool *without, fv_error *err);
/* In a shared room others have written over the constants. */
void fv_exec_move_in(fv_exec *exec);
/* One unit's share of a step of a region of units, and how many threads share such a region. */
void fv_exec_run_unit(const fv_plan *plan, const fv_plan_step *step, size_t unit, size_t slice);
size_t fv_exec_sharers(const fv_exec *exec, const fv_region *region);
/* One step by itself, all of its rounds. */
void fv_exec_run_step(fv_exec *exec, const fv_plan_step *step);

#endif
