/* A network as text, as statements and as a graph. The statements are what was written (blocks included), so that the
 * printer prints what the parser reads; fv_net_build walks them and emits nodes. */
#ifndef FV_NET_NET_H
#define FV_NET_NET_H
#include "graph/graph.h"
#include "net/preprocess.h"
#include "ops/ops.h"

typedef struct fv_build_options {
    size_t batch;  /* 0 = 1 */
    bool training; /* dropout, auxiliary heads, losses */
} fv_build_options;

/* Emit the net's nodes into an initialised graph: sets input, labels (training), logits, losses. The graph's batch and
 * training flag say what is built. Values that end up in the graph point into the graph's own arena only. */
fv_status fv_net_build(const fv_net *net, fv_graph *graph, fv_error *err);

/* The same network with a new last layer for `classes` classes, called FV_HEAD: everything from its own last layer on is
 * replaced by a mean over the map, if there is one, a dense layer and soft-max; heads of training and the train line go.
 * *layer (if not NULL; FV_NET_LABEL bytes) is the layer that feeds it, as fv_net_describe calls it. */
#define FV_HEAD "head"
enum { FV_NET_LABEL = 256 };
fv_status fv_net_new_head(const fv_host *host, fv_net *net, size_t classes, char layer[FV_NET_LABEL], fv_net **out,
                          fv_error *err);

fv_status fv_net_clone(const fv_host *host, const fv_net *net, fv_net **out, fv_error *err);

const fv_preprocess *fv_net_preprocess(const fv_net *net);
size_t fv_net_classes(const fv_net *net);

/* The loss that the net's last word names. With `rbf` the logits are distances: the smallest wins. */
bool fv_net_smallest_wins(const fv_net *net);

/* The words of the net's `train` lines ("epochs", "20", "lr", "0.05"), for the train room to read; *line is the line of
 * the first one. */
const char *const *fv_net_train_words(const fv_net *net, size_t *count, int *line);
const char *fv_net_file(const fv_net *net); /* for messages */

/* One entry of the zoo, generated at build time from nets/. */
typedef struct fv_zoo_entry {
    const char *name, *text;
} fv_zoo_entry;
extern const fv_zoo_entry fv_zoo[];
extern const size_t fv_zoo_length;

#endif
