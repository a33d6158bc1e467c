/* What passes over the graph share. */
#ifndef FV_PLAN_REWRITE_H
#define FV_PLAN_REWRITE_H
#include "plan/plan.h"

/* Who reads each value: how many nodes (and the caller), and the last of the nodes. */
typedef struct fv_uses {
    uint32_t *count, *reader;
} fv_uses;

/* False with the graph's error set if memory ran out. */
bool fv_count_uses(fv_graph *graph, fv_uses *uses);

/* The node that makes v, or NULL. */
fv_node *fv_producer(const fv_graph *graph, fv_value v);

/* Remove nodes without operator and number the producers again. */
void fv_sweep(fv_graph *graph);

/* A copy of the node's attributes that may be changed; NULL with the graph's error set if memory ran out. */
void *fv_own_attrs(fv_graph *graph, fv_node *node);

/* A new array for the graph's nodes under construction: passes that put nodes between others fill it in order. */
typedef struct fv_rebuilt {
    fv_node *nodes;
    size_t count, size;
} fv_rebuilt;

/* Room for `most` nodes; false with the graph's error set if memory ran out. */
bool fv_rebuild(fv_graph *graph, size_t most, fv_rebuilt *rebuilt);

/* Append a node as fv_emit does, but to the new array; NULL once the graph has an error. */
const fv_node *fv_rebuild_emit(fv_graph *graph, fv_rebuilt *rebuilt, const fv_op *op, const void *attrs,
                               const fv_value *in, int n);

/* The new array takes the old one's place. */
void fv_rebuild_end(fv_graph *graph, const fv_rebuilt *rebuilt);

/* ---- passes that have a file of their own */
void fv_fold_bn(fv_graph *graph, const fv_plan_options *options);
void fv_lift_gates(fv_graph *graph, const fv_plan_options *options);
void fv_join(fv_graph *graph, const fv_plan_options *options);

#endif
