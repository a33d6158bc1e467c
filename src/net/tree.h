/* What was written: statements, blocks inside blocks. The parser makes them, the printer writes them, the builder walks
 * them. All of it lies in the net's arena. */
#ifndef FV_NET_TREE_H
#define FV_NET_TREE_H
#include "base/memory.h"
#include "base/text.h"
#include "net/lexer.h"
#include "net/net.h"

enum {
    FV_NET_BYTES_MAX = 1 << 20,   /* of a text */
    FV_NET_SIDE_MAX = 1 << 16,    /* of a picture */
    FV_NET_DEPTH_MAX = 32,        /* blocks inside blocks */
    FV_NET_REPEAT_MAX = 10000,    /* x10000 */
    FV_NET_NODES_MAX = 100000,    /* statements after repeats are written out, and nodes */
    FV_NET_ARMS_MAX = 32,         /* branches of a block, names of a `from` */
    FV_NET_NAME_MAX = 255,        /* "layer1.0.conv1" */
    FV_NET_CLASSES_DEFAULT = 1000 /* `classes` without a `classes` line: ImageNet */
};

typedef enum fv_stmt_kind {
    FV_STMT_OP,
    FV_STMT_DEFAULT,   /* default conv init normal: attributes of the operators below */
    FV_STMT_FROM,      /* from conv1, conv2: what the next operator reads */
    FV_STMT_GROUP,     /* [ ... ] x2 */
    FV_STMT_BRANCH,    /* branch { a | b }: side by side, concatenated */
    FV_STMT_RESIDUAL,  /* residual { ... }: added to what went in */
    FV_STMT_INCEPTION, /* inception and the six numbers of GoogLeNet's table 1 */
    FV_STMT_AUX        /* aux weight 0.3 { ... }: a head of its own, in training only */
} fv_stmt_kind;

/* He et al. 2015, section 3.3: what a residual block does where its input and output differ in shape. */
typedef enum fv_shortcut {
    FV_SHORTCUT_IDENTITY, /* nothing: they may not differ */
    FV_SHORTCUT_PROJECT,  /* option B: a 1x1 convolution */
    FV_SHORTCUT_PAD,      /* option A: zero channels behind */
    FV_SHORTCUT_PAD_BOTH  /* option A, half of them before, half behind */
} fv_shortcut;
extern const char *const fv_shortcut_words[]; /* in that order, "" first */

/* Does this operator take the stride of the residual block around it? */
typedef enum fv_stride_from {
    FV_STRIDE_OWN,
    FV_STRIDE_WRITTEN, /* its own, and the text says so */
    FV_STRIDE_BLOCK,   /* `stride block` */
    FV_STRIDE_FIRST    /* as the first operator of a block where none says */
} fv_stride_from;

typedef struct fv_stmt fv_stmt;
typedef struct fv_arm fv_arm;

typedef struct fv_stmts {
    fv_stmt *first, *last;
} fv_stmts;

struct fv_arm {
    fv_arm *next;
    fv_stmts body;
};

struct fv_stmt {
    fv_stmt *next;
    fv_stmt_kind kind;
    fv_place place;
    const char *label; /* NULL = none written */

    /* OP, DEFAULT */
    const fv_op *op;
    void *attrs;
    const void *base;     /* attributes where nothing is written: the printer writes what differs */
    const char *spelling; /* "conv3-64" in VGG's way, else NULL */
    bool implied;         /* the ReLU of such a spelling: not written */
    fv_stride_from stride;

    /* blocks */
    fv_arm *arms;   /* one, but for BRANCH */
    size_t repeat;  /* 0 = no xN written */
    fv_stmts after; /* RESIDUAL: activations behind the addition, in each repetition */
    fv_shortcut shortcut;
    size_t block_stride;
    size_t numbers[6];  /* INCEPTION */
    double weight;      /* AUX: of its loss */
    fv_stmts project;   /* RESIDUAL: the projection, its features and stride still open */
    const char **names; /* FROM */
    size_t n_names;
};

/* The input line's scaling, as written: value = ((low + pixel / 255 (high - low)) - mean) / std. */
typedef struct fv_input_line {
    fv_place place;
    bool ranged;
    double low, high, mean[4], std[4];
    size_t n_mean, n_std; /* 0 = not written, 1 = one for all channels, or one each */
} fv_input_line;

/* Attributes that `default` lines gave an operator. */
typedef struct fv_preset {
    struct fv_preset *next;
    const fv_op *op;
    const void *attrs;
    uint64_t given; /* bit i: attribute i was written */
} fv_preset;

/* A described net, made on demand. */
typedef struct fv_description {
    fv_arena arena;
    fv_net_info info;
} fv_description;

struct fv_net {
    fv_arena arena;
    const char *file, *name;
    const char *source; /* the text that was parsed; NULL after fv_net_add */
    char *text;         /* canonical; a block of the host */
    int lines;          /* read so far */

    fv_preprocess input;
    fv_input_line input_line;
    size_t classes; /* as the `classes` line says, 0 = there is none */
    fv_place classes_place;
    size_t outputs; /* channels of the last value */
    fv_stmts body;
    fv_preset *presets;
    fv_stmt *loss; /* an OP statement, NULL = cross-entropy */
    const char **train;
    size_t n_train, size_train;
    int train_line;

    const char *last;    /* name of the last value */
    const char **values; /* names of what fv_net_add made; value i + 1 is values[i] */
    size_t n_values, size_values;
    fv_description described;
    bool is_described;
};

/* ---- attributes (net/attrs.c) */

/* Print the attributes in which `attrs` differs from `base`, a leading space each. Unless `spelled` (the word before
 * says them), those that must be written are printed too. */
void fv_attrs_print(fv_text *text, const fv_op *op, const void *attrs, const void *base, bool spelled);

bool fv_attrs_equal(const fv_op *op, const void *a, const void *b);
const fv_attr *fv_attr_find(const fv_op *op, const char *name);

/* Set an attribute by name from code: both numbers of a SIZE, a flag, an INT or CLASSES. False if there is none. */
bool fv_attr_set(const fv_op *op, void *attrs, const char *name, size_t value);

/* An operator and those without number behind its name that belong to it, "conv 5x5 6 pad 2". */
void fv_op_print(fv_text *text, const fv_op *op, const void *attrs);

void fv_net_print_real(fv_text *text, double value);

/* The last layer with features, where the classes come out; NULL if there is none (net/resize.c). */
fv_stmt *fv_net_head_of(const fv_stmts *list);

/* ---- printer (net/print.c): the whole net as the parser reads it; a block of the net's host. NULL without memory. */
char *fv_net_print(const fv_net *net);
const char *fv_loss_word(const fv_op *op, const void *attrs); /* "rbf-map" of rbf-loss */

/* ---- parser (net/parse.c): append the statements of `text` to net. `whole`: the lines that describe a net as a whole
 * (net, input, classes) may be there. */
fv_status fv_net_read(fv_net *net, const char *text, bool whole, fv_error *err);

/* A failure at a place of the net's text: "vgg.net:12:1: ". */
fv_status fv_net_fail(const fv_net *net, fv_place place, fv_error *err, fv_status code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- builder (net/build.c) */
typedef struct fv_aux_range {
    struct fv_aux_range *next;
    size_t first, last; /* nodes of an auxiliary head: first <= node < last */
} fv_aux_range;

typedef struct fv_walked {
    fv_value last;    /* the last value, 0 with several or none */
    const char *name; /* by which `from` finds it; in the graph's arena */
    fv_place place;   /* of the statement that made it */
    size_t layers;
    fv_aux_range *aux;
} fv_walked;

/* Emit the net's nodes. With `whole`, the net must end in one value a class, and training gets its losses; without, it may be unfinished. */
fv_status fv_net_walk(const fv_net *net, fv_graph *graph, bool whole, fv_walked *walked, fv_error *err);

#endif
