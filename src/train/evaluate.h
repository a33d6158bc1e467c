/* Measuring on a split: loss, top-1, top-5. */
#ifndef FV_TRAIN_EVALUATE_H
#define FV_TRAIN_EVALUATE_H
#include "run/inference.h"
#include "train/feeder.h"

/* An inference plan on a store, ready to measure. */
typedef struct fv_evaluator {
    fv_host host;
    fv_inference run;
    fv_feeder feeder;
    int32_t *labels;
    size_t classes;
    bool smallest_wins;
} fv_evaluator;

/* Planned, without memory for run.exec: fv_exec_open makes it. */
fv_status fv_evaluator_plan(const fv_host *host, const fv_net *net, const fv_data *data, size_t batch,
                            const fv_exec_options *options, fv_evaluator *out, fv_error *err);
void fv_evaluator_free(fv_evaluator *evaluator);

/* Measure the split with the store's weights as they are. probabilities [n, classes] may be NULL. */
void fv_evaluator_run(fv_evaluator *evaluator, fv_split split, fv_evaluation *result, float *probabilities);

#endif
