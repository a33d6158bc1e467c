/* A training step for one batch size: forward, backward and update in one planned graph. Learners of several batch sizes
 * share a store. */
#ifndef FV_TRAIN_LEARNER_H
#define FV_TRAIN_LEARNER_H
#include "net/net.h"
#include "run/exec.h"
#include "train/options.h"

typedef struct fv_learner {
    fv_exec *exec;
    size_t batch, classes;
    bool smallest_wins;
    fv_value input, labels, logits; /* of the forward graph */
    fv_value other, share;          /* [N] of mixed samples: the second label and the first one's share; else 0 */
    fv_value hyper;                 /* [2]: learning rate, step number from 1 */
    fv_value norm;                  /* [1]: of all gradients, before clipping */
    fv_value squares;               /* of each part of each gradient: doubles, the parameters' one after another */
    fv_value *params;               /* [n_params] whose gradients those are */
    size_t n_params;
    fv_value
        head; /* fine-tuning: first parameter of the last layer; those in front have a learning rate of their own */
    fv_value losses[8]; /* [N] each */
    double weights[8];
    size_t n_losses;
    fv_value *gradients; /* of each value below n_gradients; 0 = none; for tests */
    size_t n_gradients;
} fv_learner;

/* options->step counts steps from 0. update false: gradients only, kept in memory (for gradient checks). */
fv_status fv_learner_create(const fv_host *host, const fv_net *net, size_t batch, const fv_settings *settings,
                            const fv_exec_options *options, bool update, fv_learner *out, fv_error *err);
/* The same without memory to run in (fv_exec_open). */
fv_status fv_learner_plan(const fv_host *host, const fv_net *net, size_t batch, const fv_settings *settings,
                          const fv_exec_options *options, bool update, fv_learner *out, fv_error *err);
void fv_learner_free(fv_learner *learner);

/* What a step that was run says: mean loss of the batch (auxiliary heads weighted) and how many it got right. */
double fv_learner_loss(const fv_learner *learner);
size_t fv_learner_right(const fv_learner *learner);

#endif
