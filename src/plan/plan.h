/* The planner: from a graph to a list of steps with all memory laid out, before the first sample runs.
 *
 * Passes rewrite the graph (plan/passes.c), operators offer steps for each node (plan/lower.c), liveness gives every value
 * its place in one arena (plan/memory.c). Nothing here depends on how many threads will run, except how many slices of
 * scratch memory there are. */
#ifndef FV_PLAN_PLAN_H
#define FV_PLAN_PLAN_H
#include "base/text.h"
#include "graph/lower.h"

typedef struct fv_plan_options {
    const fv_kernels *kernels;
    size_t slices;                  /* how many calls of a kernel may run at once */
    uint64_t seed;                  /* of random operators */
    const uint64_t *step;           /* counts training steps; must outlive the plan */
    const char *without;            /* comma-separated passes to leave out, or NULL */
    bool exact;                     /* no algorithm that rounds more than the plain one */
    bool bf16;                      /* words of two bf16 where they are faster; with `exact` nothing */
    bool low_memory;                /* layouts larger than their weights are made anew in each run */
    const struct fv_tuning *tuning; /* measured choices, or NULL: the cost model's (ops/tuning.h) */
} fv_plan_options;

typedef struct fv_plan_step {
    fv_kernel *run;
    fv_kernel_id kernel;
    void *args;
    size_t args_bytes;
    size_t items, chunks; /* a chunk is what one call does; chunk i takes items [i * items / chunks, (i+1) * ...) */
    size_t rounds;        /* round r takes those of chunk i from r * items on, when round r - 1 is done */
    uint32_t node;
    const fv_bind *binds;
    size_t n_binds, scratch_offset, scratch_bytes;
    bool once;         /* run when the session is made, not at each run */
    bool update;       /* writes parameters */
    size_t per_sample; /* items that a sample has, when items of a sample read and write that sample's data alone; */
    bool per_unit;     /*   or items belong to units of samples (fv_plan_units) in order; neither: any item may */
    bool local;        /* touches values that have memory for one unit alone */
    fv_cost cost;
} fv_plan_step;

/* Steps that need no one to wait between them: either each unit of samples runs through all of them (its data stay in
 * cache), or they have nothing to do with each other. */
typedef struct fv_region {
    uint32_t first, count;
    bool units, once, update;
    size_t tasks; /* what is shared out: units, or the chunks of all steps */
} fv_region;

/* A batch is cut into so many units, unit u holding samples [u n / units, (u + 1) n / units): of the batch alone. */
static inline size_t fv_plan_units(size_t n)
{
    return n < 16 ? n : 16;
}

static inline size_t fv_plan_unit_begin(size_t n, size_t unit)
{
    return unit * n / fv_plan_units(n);
}

/* Samples of the largest unit. */
static inline size_t fv_plan_unit_most(size_t n)
{
    return (n + fv_plan_units(n) - 1) / fv_plan_units(n);
}

/* Argument blocks of steps that run unit by unit are copied to the stack when they are no larger. */
enum { FV_ARGS_BYTES = 512 };

/* What a value in the arena is there for. */
typedef enum fv_plan_kind {
    FV_KIND_ACTIVATION, /* of the forward pass, inputs included */
    FV_KIND_PACKED,     /* made of weights alone: a copy in a kernel's layout */
    FV_KIND_GRADIENT,   /* of activations and of weights, and what is made of them */
    FV_KINDS
} fv_plan_kind;

/* What lies in the arena when it is fullest: the parts' sum is arena_bytes. */
typedef struct fv_plan_parts {
    size_t packed, activations, gradients; /* see fv_plan_kind */
    size_t unused;                         /* between the others */
    size_t scratch;                        /* of all threads */
} fv_plan_parts;

typedef struct fv_plan {
    fv_graph *graph;
    fv_plan_step *steps; /* memory of the graph's arena, like all of this */
    size_t n_steps, size_steps;
    fv_region *regions;
    size_t n_regions;
    fv_value *home;         /* the value in whose memory a value lies (itself, unless in place) */
    unsigned char *kind;    /* fv_plan_kind of each value */
    size_t *offset;         /* of each value's home in the arena; SIZE_MAX = lies in the store */
    bool *kept;             /* of a value in the store: a step of each run reads it */
    uint32_t *first, *last; /* step indexes between which a home is alive */
    bool *local;            /* each slice has room for one unit's samples alone, this one's in slice 0 (plan/local.c) */
    size_t *stride;         /* bytes of one sample of a value, or of one part, where steps bind it so */
    size_t arena_bytes;     /* values, then scratch */
    size_t scratch_at, scratch_bytes; /* of one slice: what kernels want, then local values */
    size_t local_bytes;               /* of these in a slice */
    size_t sum_bytes;                 /* of all values, had each its own memory */
    fv_plan_parts parts;
} fv_plan;

/* Passes of the first kind, before differentiation; each is listed with a name. */
fv_status fv_plan_simplify(fv_graph *graph, const char *without, fv_error *err);

/* Plan the graph; it is rewritten, and must outlive the plan, which lies in its arena. */
fv_status fv_plan_make(fv_graph *graph, const fv_plan_options *options, fv_plan *plan, fv_error *err);

/* Bytes of parameters and running averages, and of the optimizer's states, that the graph wants from the store. */
void fv_plan_stored(const fv_plan *plan, const fv_kernels *kernels, size_t *weights, size_t *optimizer);

/* Bytes of a value; reals take kernels->real_bytes. */
size_t fv_plan_bytes(const fv_plan *plan, fv_value value, const fv_kernels *kernels);

/* Write addresses into all argument blocks. stored(user, value) gives the address of parameters and states, NULL for those
 * that fv_plan_bind_value is left to say. */
void fv_plan_bind(fv_plan *plan, char *arena, void *(*stored)(void *user, fv_value value), void *user);
/* The address of one value in one step's argument block. */
void fv_plan_bind_value(fv_plan_step *step, fv_value value, void *at);

/* What was decided: steps with kernels, work and memory. */
void fv_plan_explain(const fv_plan *plan, const fv_kernels *kernels, fv_text *text);
/* Which value lies where and how long. */
void fv_plan_explain_memory(const fv_plan *plan, const fv_kernels *kernels, fv_text *text);

/* ---- inside this room */

/* One pass: rewrite the graph. Those before differentiation get options without kernels. */
typedef struct fv_pass {
    const char *name, *help;
    void (*run)(fv_graph *graph, const fv_plan_options *options);
    bool before;  /* differentiation */
    bool inexact; /* results round otherwise, and more: left out where exactness is asked for */
} fv_pass;
const fv_pass *fv_pass_list(size_t i);

struct fv_lower {
    fv_plan *plan;
    const fv_plan_options *options;
    uint32_t node; /* being lowered */
};

fv_status fv_plan_lower(fv_plan *plan, const fv_plan_options *options, fv_error *err);
fv_status fv_plan_schedule(fv_plan *plan, const fv_plan_options *options, fv_error *err);
/* True if the step writes the value (its node makes it, or updates it in place). */
bool fv_plan_writes(const fv_plan *plan, const fv_plan_step *step, fv_value value);

fv_status fv_plan_kinds(fv_plan *plan, fv_error *err);
fv_status fv_plan_count(fv_plan *plan, const fv_kernels *kernels, fv_error *err);      /* fills parts */
fv_status fv_plan_find_local(fv_plan *plan, const fv_kernels *kernels, fv_error *err); /* fills local and stride */
fv_status fv_plan_memory(fv_plan *plan, const fv_kernels *kernels, size_t slices, fv_error *err);

#endif
