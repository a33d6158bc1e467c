/* A network planned for use: what sessions, the measuring between epochs and the self-test run. */
#ifndef FV_RUN_INFERENCE_H
#define FV_RUN_INFERENCE_H
#include "net/net.h"
#include "run/exec.h"

typedef struct fv_inference {
    fv_exec *exec;
    fv_value input, logits; /* [batch,H,W,C], [batch,1,1,classes]; logits, or a layer's maps, may be read after a run */
    size_t batch;
    fv_value maps, gradient, seed; /* of a plan that looks back (fv_inference_plan_back), else 0 */
} fv_inference;

/* Planned, without memory: fv_exec_open makes it. */
fv_status fv_inference_plan(const fv_host *host, const fv_net *net, size_t batch, const fv_exec_options *options,
                            fv_inference *out, fv_error *err);
/* The same up to a layer, by the name that descriptions give it, with its activation; what is read is called `logits` all the
 * same. NULL = all of the net. FV_E_UNKNOWN if there is no such layer. */
fv_status fv_inference_plan_to(const fv_host *host, const fv_net *net, const char *layer, size_t batch,
                               const fv_exec_options *options, fv_inference *out, fv_error *err);
/* All of the net, for one sample, and back to a layer, or with NULL to the maps of the last convolution, behind what follows it
 * without changing their size (batch norm, a sum, an activation): `gradient` is that of the sum of seed * logits with respect
 * to `maps`, both [1,H,W,C]. The caller writes `seed`, of the logits' shape, before each run. */
fv_status fv_inference_plan_back(const fv_host *host, const fv_net *net, const char *layer,
                                 const fv_exec_options *options, fv_inference *out, fv_error *err);
/* What it takes when it is loaded (fv_exec_load), its store included; and FV_E_MEMORY if loading takes more than limit
 * bytes (0 = no limit). */
size_t fv_inference_bytes(const fv_inference *inference);
fv_status fv_inference_check(const fv_inference *inference, const fv_net *net, size_t limit, fv_error *err);
void fv_inference_free(fv_inference *inference);

#endif
