/* The store: parameters, running averages and momenta of one model as kernels want them. Sessions planned for
 * different batch sizes share one, so that a training step, a short last batch and an evaluation see the same numbers. */
#ifndef FV_RUN_STORE_H
#define FV_RUN_STORE_H
#include "graph/graph.h"
#include "graph/param.h"

typedef struct fv_stored {
    char *name;
    fv_param param; /* layout and initialiser; file_rank 0 for what no file holds under its own name (momenta) */
    size_t elements;
    void *data; /* reals */
} fv_stored;

typedef struct fv_store {
    fv_host host;
    size_t real_bytes;
    fv_stored *items;
    size_t count, size;
} fv_store;

void fv_store_init(fv_store *store, const fv_host *host, size_t real_bytes);
void fv_store_free(fv_store *store);

/* Make room for every parameter and state of the graph that is not there yet; new ones are zeros. Those that `without` (of
 * the graph's values; NULL = none) says are left out. */
fv_status fv_store_add_graph(fv_store *store, const fv_graph *graph, const bool *without, fv_error *err);

fv_stored *fv_store_find(const fv_store *store, const char *name);

/* Element i in the order of files, and the same set. */
double fv_store_get(const fv_store *store, const fv_stored *item, size_t i);
void fv_store_set(const fv_store *store, fv_stored *item, size_t i, double value);

/* First values of all parameters (not of momenta) from `seed`. */
void fv_store_initialise(fv_store *store, uint64_t seed);

#endif
