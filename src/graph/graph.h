/* The graph: values and the nodes that make them, in an order in which they can run. One mechanism for forward,
 * backward and update: all are nodes here.
 *
 * Building never fails in the middle: the first error is kept in graph->error, later calls do nothing and return value 0.
 * The owner checks fv_graph_status once. All memory is the graph's arena. */
#ifndef FV_GRAPH_GRAPH_H
#define FV_GRAPH_GRAPH_H
#include "base/error.h"
#include "base/memory.h"
#include "tensor/shape.h"

typedef struct fv_op fv_op;
typedef struct fv_graph fv_graph;
typedef uint32_t fv_value; /* index into graph->values; 0 is no value */

typedef enum fv_role {
    FV_ROLE_ACTIVATION, /* made by a node, lives as long as someone reads it */
    FV_ROLE_INPUT,      /* written by the caller before each run: pictures, labels, hyper-parameters */
    FV_ROLE_PARAM,      /* trained; lives in the store */
    FV_ROLE_STATE,      /* running averages, momenta; lives in the store */
    FV_ROLE_CONST       /* numbers of the net's text */
} fv_role;

typedef struct fv_value_info {
    fv_shape shape;
    fv_dtype dtype;
    fv_role role;
    const char *name;             /* "conv1.weight" of parameters and states, "input"; NULL for most */
    uint32_t producer;            /* node index + 1, 0 = none */
    const struct fv_param *param; /* layout and initialiser of parameters and running averages */
    const double *constant;       /* elements of a FV_ROLE_CONST */
    bool keep;                    /* read by the caller after the run: its memory is not reused */
    fv_value whole;  /* if not 0 it has no memory: its producer writes it there, as a run of the channels */
    size_t whole_at; /*   from here on */
} fv_value_info;

typedef struct fv_node {
    const fv_op *op;
    const void *attrs;
    const char *label; /* of the layer this node belongs to; never NULL */
    fv_value *in, *out;
    int n_in, n_out;
    bool once; /* depends on parameters alone: an inference session runs it when it is made */
} fv_node;

typedef struct fv_loss {
    fv_value value; /* [N] */
    double weight;
} fv_loss;

struct fv_graph {
    fv_arena arena;
    fv_error error; /* the first failure, code FV_OK if none */
    size_t batch;
    bool training;
    bool gradients; /* differentiated: nodes read what others save for them */

    fv_value_info *values; /* values[0] is unused */
    size_t n_values, size_values;
    fv_node *nodes;
    size_t n_nodes, size_nodes;

    fv_value input, labels; /* [N,H,W,C] reals; [N] FV_I32 or 0 */
    fv_value logits;        /* [N,1,1,classes] */
    fv_loss *losses;        /* main head first */
    size_t n_losses, size_losses;
    uint32_t n_random; /* random nodes so far: the next one's stream */
    const char *label; /* given to nodes emitted next */
};

/* An empty graph for one batch size. The host is copied. */
void fv_graph_init(fv_graph *graph, const fv_host *host, size_t batch, bool training);
void fv_graph_free(fv_graph *graph);
fv_status fv_graph_status(const fv_graph *graph, fv_error *err);

fv_value fv_graph_value(fv_graph *graph, fv_role role, fv_dtype dtype, fv_shape shape, const char *name);
fv_value fv_graph_constant(fv_graph *graph, fv_shape shape, const double *elements, const char *name); /* copied */
void fv_graph_add_loss(fv_graph *graph, fv_value value, double weight);

/* Append a node reading in[0..n-1]; attrs (attr_bytes of op, may be NULL) is copied. Returns its first output. */
fv_value fv_emit(fv_graph *graph, const fv_op *op, const void *attrs, const fv_value *in, int n);
/* The same, for a node of several outputs. */
const fv_node *fv_emit_node(fv_graph *graph, const fv_op *op, const void *attrs, const fv_value *in, int n);

/* As fv_emit for an operator of the notation: makes its parameters, named label.suffix, behind the inputs. `label` is
 * copied. Operators that are the identity at inference return in[0] when the graph is not for training. */
fv_value fv_apply(fv_graph *graph, const fv_op *op, const void *attrs, const char *label, const fv_value *in, int n);

static inline const fv_shape *fv_shape_of(const fv_graph *graph, fv_value v)
{
    return &graph->values[v].shape;
}

/* Append the backward nodes of graph->losses, and behind them what a training step changes besides parameters. gradients[v] (n_values of the graph before the call) receives the gradient
 * of each parameter, and of the input if `to_input`; 0 where there is none. `add` sums contributions.
 * gradients must hold graph->n_values entries; the function may add values. */
void fv_autodiff(fv_graph *graph, const fv_op *add, bool to_input, fv_value *gradients);

/* The same of one value with respect to one in front of it: `seed` is the gradient of `from`, gradients[to] is wanted (0
 * where `from` does not depend on it). */
void fv_autodiff_between(fv_graph *graph, const fv_op *add, fv_value from, fv_value seed, fv_value to,
                         fv_value *gradients);

#endif
