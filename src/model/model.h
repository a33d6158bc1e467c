/* A model: a network with weights, class names and metadata. It does not change while sessions use it; a trainer keeps
 * its weights in a store and makes a new model of them.
 *
 * Weights lie in PyTorch's layouts, as in the file: convolution [out,in/groups,kh,kw], dense [out,in]. Which ones there
 * are, and in which order, says the network's training graph, auxiliary heads included. A parameter's place in that
 * order is the number of its random stream, so that a model made from a seed and a store initialised from the same seed
 * (fv_store_initialise, where that graph was the first to be added) hold the same numbers. */
#ifndef FV_MODEL_MODEL_H
#define FV_MODEL_MODEL_H
#include "base/text.h"
#include "model/safetensors.h"
#include "net/net.h"
#include "run/exec.h"

/* One parameter or running average. */
typedef struct fv_weight {
    const char *name;
    fv_param param;
    fv_shape shape; /* in a file */
    size_t elements;
    uint32_t number;   /* among the graph's parameters and states: its random stream */
    const float *data; /* of the mapped file, or owned */
    float *owned;
} fv_weight;

typedef struct fv_meta {
    char *key, *value;
} fv_meta;

struct fv_model {
    fv_host host;
    fv_net *net;
    fv_weight *weights; /* memory of the arena, like their names */
    size_t count;
    char **class_names; /* fv_net_classes(net) of them */
    size_t classes;
    fv_meta *meta; /* sorted by key; without the keys that fv_model_save writes by itself */
    size_t n_meta;
    fv_safetensors file; /* of a model that was opened; else empty */
    fv_arena arena;
};

/* The longest class name in bytes. */
enum { FV_CLASS_NAME = 255 };

/* A model of the store's weights as they are: every parameter and running average of the net must be there. */
fv_status fv_model_from_store(const fv_host *host, const fv_net *net, const fv_store *store, fv_model **out,
                              fv_error *err);

/* Set all entries of the store that files hold (not momenta) to the model's weights. Weights of which the store has no
 * entry (auxiliary heads, in an inference session) are left out. Errors: FV_E_SHAPE if the model lacks an entry or has
 * it in another shape. */
fv_status fv_model_fill_store(const fv_model *model, fv_store *store, fv_error *err);

/* The same for a plan that looks at them once, and its memory (fv_exec_load). Pages of a mapped file are given back on the
 * way. */
fv_status fv_model_load(const fv_model *model, fv_exec *exec, fv_error *err);

const fv_weight *fv_model_weight(const fv_model *model, const char *name);

/* ---- inside this room */

/* A model of a copy of `net`, with weights listed but without data, and classes called "0", "1", ... */
fv_status fv_model_begin(const fv_host *host, const fv_net *net, fv_model **out, fv_error *err);

/* Memory for weight k: owned floats, zero. */
fv_status fv_model_own(fv_model *model, size_t k, float **data, fv_error *err);

/* As fv_model_set_meta, for keys of our own too. */
fv_status fv_model_put_meta(fv_model *model, const char *key, const char *value, fv_error *err);

/* Tensors whose names begin so belong to no layer: another room's, which a model keeps as it was opened with. */
#define FV_MODEL_EXTRA "fris."

/* As fv_model_save, with these tensors (FV_MODEL_EXTRA) and this metadata in place of those that the model was opened
 * with. */
fv_status fv_model_save_with(const fv_model *model, const char *path, const fv_st_tensor *extra, size_t n_extra,
                             const fv_st_meta *meta, fv_error *err);

/* The keys that fv_model_save writes by itself, and the version of the format that this library writes and reads. */
#define FV_META_VERSION "fovea"
#define FV_META_NET "net"
#define FV_META_CLASSES "classes"
#define FV_META_SELFTEST "selftest"
enum { FV_MODEL_VERSION = 1 };

/* The self-test of the model's weights as JSON: {"seed":1,"logits":[...]}. Leaves *out empty (data NULL) where logits
 * are not finite. fv_text_free it. */
fv_status fv_model_selftest(const fv_model *model, fv_text *out, fv_error *err);

/* Its two halves, for who has a session of the weights already: the input [1,H,W,C], and what is made of its logits. */
enum { FV_SELFTEST_SEED = 1 };
void fv_selftest_input(const fv_preprocess *preprocess, uint64_t seed, float *input);
void fv_selftest_print(const float *logits, size_t classes, fv_text *out);

#endif
