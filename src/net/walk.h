/* What the files of the builder share: the walk through a net's statements. */
#ifndef FV_NET_WALK_H
#define FV_NET_WALK_H
#include "net/names.h"

/* A head of its own: logits that get a loss. */
typedef struct fv_head {
    struct fv_head *next;
    fv_value value;
    double weight;
    fv_place place;
} fv_head;

typedef struct fv_walk {
    const fv_net *net;
    fv_graph *graph;
    fv_error *err;
    fv_status status;
    fv_names names;
    const char *scope;            /* in front of names: "layer1.0." */
    fv_value in[FV_NET_ARMS_MAX]; /* what the next operator reads */
    int n_in;
    fv_name *open[8]; /* names of the layer that the last value belongs to */
    size_t n_open;
    size_t block_stride;  /* of the residual block around, in this repetition */
    size_t head, n_heads; /* the auxiliary head that is built, 0 = none; how many there were */
    size_t steps, layers;
    fv_place place; /* of the last statement that made a value */
    fv_head *heads, **heads_end;
    fv_aux_range *aux, **aux_end;
} fv_walk;

/* All return false (NULL) when w->status says why. */
bool fv_walk_fail(fv_walk *w, fv_place place); /* the graph failed */
bool fv_walk_step(fv_walk *w, fv_place place);
bool fv_walk_list(fv_walk *w, const fv_stmts *list, bool head);
bool fv_walk_block(fv_walk *w, const fv_stmt *s);
bool fv_walk_single(fv_walk *w, fv_place place); /* exactly one value may be at hand */
const fv_op *fv_walk_op(fv_walk *w, const char *name, fv_place place);

const char *fv_walk_scoped(fv_walk *w, const char *name);   /* behind the scope */
const char *fv_walk_bare(fv_walk *w, const char *word);     /* add, add2, ... */
const char *fv_walk_numbered(fv_walk *w, const char *word); /* conv1, conv2, ... */
fv_name *fv_walk_define(fv_walk *w, const char *text, fv_place place);
bool fv_walk_apply(fv_walk *w, const fv_op *op, const void *attrs, const char *label, fv_place place);

#endif
