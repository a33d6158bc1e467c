/* The operator record: everything the rest of the engine knows about an operator stands in one constant of this type,
 * in ops/NAME.c, listed by one line of ops/ops.def. */
#ifndef FV_GRAPH_OP_H
#define FV_GRAPH_OP_H
#include "graph/graph.h"
#include <string.h>

/* ---- attributes: parser, printer, `fovea ops`, documentation and importers all read this table. */
typedef enum fv_attr_type {
    FV_ATTR_INT,    /* size_t:        64 */
    FV_ATTR_REAL,   /* double:        .5 */
    FV_ATTR_FLAG,   /* bool:          the name alone */
    FV_ATTR_SIZE,   /* size_t[2]:     3x3, or 3 for both (rows, columns) */
    FV_ATTR_PAD,    /* fv_pad:        pad 1, pad 1x2, pad 0,0,1,1 (top left bottom right), pad same */
    FV_ATTR_WORD,   /* int:           one of `words`, its index */
    FV_ATTR_CLASSES /* size_t:       64, or the word `classes` for the net's number of classes */
} fv_attr_type;

typedef struct fv_pad {
    bool same; /* (kernel - 1) dilation in all, the odd one behind; needs stride 1 to keep the size */
    size_t top, left, bottom, right;
} fv_pad;

typedef struct fv_attr {
    const char *name;
    fv_attr_type type;
    size_t offset;      /* in the operator's attribute struct */
    double fallback;    /* value when not written (both numbers of a SIZE); FV_REQUIRED: must be written */
    double least, most; /* inclusive */
    const char *help;
    bool positional;          /* written without its name, in the table's order, right after the operator */
    const char *const *words; /* FV_ATTR_WORD: NULL-terminated */
} fv_attr;
#define FV_REQUIRED (-1e300)

/* ---- parameters that an operator owns; the builder makes them as inputs behind the operator's first one. */
typedef enum fv_init {
    FV_INIT_HE,      /* normal, variance 2 / fan_in (He et al. 2015) */
    FV_INIT_GLOROT,  /* uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010) */
    FV_INIT_LECUN,   /* normal, variance 1 / fan_in */
    FV_INIT_LECUN98, /* uniform in +-2.4 / fan_in (LeCun et al. 1998, appendix A) */
    FV_INIT_TORCH,  /* uniform in +-1 / sqrt(fan_in), biases too: PyTorch's default for convolutions and dense layers */
    FV_INIT_NORMAL, /* normal, standard deviation init_value */
    FV_INIT_VALUE   /* init_value everywhere */
} fv_init;

typedef struct fv_param {
    const char *suffix;     /* "weight": the parameter is called label.weight */
    fv_shape shape;         /* as kernels want it */
    int file_rank;          /* how files hold it: axis a of the unmerged file tensor is axis file_order[a] of shape; */
    int file_order[4];      /*   trailing axes are merged until file_rank are left (dense: [O,C,H,W] -> [O, C*H*W]) */
    double fan_in, fan_out; /* of the initialisers */
    fv_init init;
    double init_value;
    bool decay;          /* weight decay applies (weights yes; biases and factors no) */
    bool state;          /* not trained: a running average */
    uint64_t trainable;  /* numbers that training changes when fewer than elements (connection table), else 0 */
    const uint8_t *mask; /* [in_c, out_c] of a connection table, or NULL: weights outside begin and stay as 0 */
    void (*constant)(
        double *elements); /* writes fixed numbers (RBF targets): neither trained nor kept in model files */
} fv_param;
enum { FV_MAX_PARAMS = 4 };

/* What tables print and the receptive field needs. */
typedef struct fv_facts {
    size_t kernel[2], stride[2], pad_begin[2], pad_end[2], dilation[2], groups; /* 0 where it has none */
    uint64_t macs;                                                              /* multiplications a sample */
    uint64_t connections;                                                       /* LeCun 1998's count a sample */
    bool global; /* each output sees the whole input (dense, global pooling) */
} fv_facts;

/* ---- flags */
enum {
    FV_OP_INPLACE = 1,  /* the output may lie in the first input's memory */
    FV_OP_TRAINING = 2, /* identity at inference: not built */
    FV_OP_LOSS = 4,     /* takes labels as its last input; gives one value a sample */
    FV_OP_HIDDEN = 8,   /* not a word of the notation (gradients, updates, packing) */
    FV_OP_EFFECT = 16,  /* writes its inputs (updates): never removed as dead */
    FV_OP_WORD = 32     /* says something to the reader alone: its value is its input's, no node is made */
};

/* fv_op.activation of an activation that is none of fv_act: it reads like one, but no other kernel computes it. */
enum { FV_OP_OWN_ACTIVATION = -1 };

struct fv_node;
struct fv_chooser; /* ops/tuning.h */

/* How the planner must pack input `input` of this operator before running it (0 = not). */
typedef struct fv_packing {
    int input;                                   /* index of the input, 0 = none is packed */
    bool transposed;                             /* the gradient to the data reads the turned matrix */
    size_t groups_offset;                        /* of the number of groups in the attributes, 0 = one group */
    size_t side_offset;                          /* of the side of Winograd's tiles in the attributes, 0 = none */
    size_t (*parts)(const struct fv_node *node); /* into how many matrices a turned group is cut, NULL = 1 */
    /* Does this node's kernel read weights of this shape as they are? NULL = no node's does. */
    bool (*unpacked)(const struct fv_node *node, const fv_shape *weight);
    size_t run_offset; /* of the run of words of two bf16 in the attributes (ops/half.h), 0 = none */
} fv_packing;

struct fv_lower; /* graph/lower.h */

struct fv_op {
    const char *name, *help;
    const fv_attr *attrs; /* ends with a NULL name; NULL = none */
    int activation;       /* the fv_act that this operator applies, 0 = it is not an activation, FV_OP_OWN_ACTIVATION */
    size_t attr_bytes;
    int inputs, outputs; /* inputs counts parameters too; -1 = any number (concat) */
    unsigned flags;

    /* Parameters for input x, or none. Fills list and returns their number, or -1 with *err filled. */
    int (*params)(const void *attrs, const fv_shape *x, fv_param list[FV_MAX_PARAMS], fv_error *err);
    /* Fill the outputs' shapes and dtypes (reals unless set), or explain with numbers what does not fit. */
    fv_status (*shape)(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err);
    /* Emit backward nodes: dy[i] is the gradient of output i (0 = nobody needs it); set dx[i] for inputs whose
     * need[i] is true. Loss operators get the scale of their mean as dy[0]. */
    void (*grad)(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx);
    /* Emit what a training step changes besides parameters (running averages), as nodes with FV_OP_EFFECT; NULL = nothing.
     * fv_autodiff asks for it behind all gradients. */
    void (*update)(fv_graph *graph, const fv_node *node);
    /* Offer the steps (kernel, arguments, split) that compute this node. */
    void (*lower)(struct fv_lower *lower, const fv_node *node);
    void (*facts)(const fv_node *node, const fv_shape *in, const fv_shape *out, fv_facts *facts);
    fv_packing packing;
    /* Offsets in the attribute struct of an int fv_act, 0 = cannot: an activation behind this node is folded into
     * act_offset; a gradient to the input multiplies its result by the gradient of the activation that made the input
     * when gate_offset is set and that activation's output is given as an input more; a sum behind this node is folded in
     * when add_offset is, and the other summand becomes input FV_SUMMAND. */
    size_t act_offset, gate_offset, add_offset;
    /* Offset of an int that tells Winograd's kernel to keep the largest of each 2x2, before the activation; 0 = cannot. */
    size_t pool_offset;
    /* Write into a copy of the node's attributes which algorithm computes it, of those that round otherwise than the
     * plain one; NULL = there is one only. */
    void (*choose)(void *attrs, const fv_shape *in, const struct fv_chooser *chooser);
    /* Can this node write its result with a distance between pixels (fv_lower_target)? NULL = no. */
    bool (*joins)(const struct fv_node *node);
    /* Offset of a uint32_t that fv_apply sets to a number of this node's own: the stream of its random numbers; 0 = none. */
    size_t stream_offset;
};

/* Where an operator of add_offset finds the summand: behind what it reads and its weights. */
enum { FV_SUMMAND = 2 };

/* The value that was folded into this node as a summand, or 0. Its memory may be the result's. */
static inline fv_value fv_node_summand(const fv_node *node)
{
    int add = 0;

    if (node->op->add_offset)
        memcpy(&add, (const char *)node->attrs + node->op->add_offset, sizeof add);
    return add ? node->in[FV_SUMMAND] : 0;
}

/* Set every attribute of op to its fallback. */
void fv_attrs_default(const fv_op *op, void *attrs);

#endif
