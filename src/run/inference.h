/* A network planned for use: what sessions, the measuring between epochs and the self-test run. */
#ifndef FV_RUN_INFERENCE_H
#define FV_RUN_INFERENCE_H
#include "net/net.h"
#include "run/exec.h"

typedef struct fv_inference {
    fv_exec *exec;
    fv_value input, logits; /* [batch,H,W,C], [batch,1,1,classes]; logits may be read after a run */
    size_t batch;
} fv_inference;

/* Planned, without memory: fv_exec_open makes it. */
fv_status fv_inference_plan(const fv_host *host, const fv_net *net, size_t batch, const fv_exec_options *options,
                            fv_inference *out, fv_error *err);
/* What it takes, its store included; and FV_E_MEMORY if that is more than limit bytes (0 = no limit). */
size_t fv_inference_bytes(const fv_inference *inference);
fv_status fv_inference_check(const fv_inference *inference, const fv_net *net, size_t limit, fv_error *err);
void fv_inference_free(fv_inference *inference);

#endif
