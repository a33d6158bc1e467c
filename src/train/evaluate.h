/* Measuring on a split: loss, top-1, top-5. */
#ifndef FV_TRAIN_EVALUATE_H
#define FV_TRAIN_EVALUATE_H
#include "data/batch.h"
#include "run/inference.h"

/* Filling batches on the pool's threads; nothing is allocated after creation. */
/* Of pictures in files, so many bytes are kept decoded. */
enum { FV_SHELF_BYTES = 512 << 20 };

typedef struct fv_feeder {
    fv_host host;
    const fv_data *data;
    const fv_preprocess *preprocess;
    fv_augment augment;
    bool augmented;
    size_t batch, threads;
    float *pixels; /* of a batch, when the session's reals are doubles; else NULL */
    char *scratch; /* a slice a thread */
    size_t scratch_bytes;
    uint32_t *indices; /* of a batch */
    int32_t *other;    /* second labels and shares of a batch; NULL where nothing is mixed */
    float *share;
    fv_shelf *shelf; /* of pictures in files, else NULL */
} fv_feeder;

/* augment may be NULL. */
fv_status fv_feeder_create(const fv_host *host, const fv_data *data, const fv_net *net, size_t batch, size_t threads,
                           const fv_kernels *kernels, const fv_augment *augment, fv_feeder *out, fv_error *err);
void fv_feeder_free(fv_feeder *feeder);
size_t fv_feeder_bytes(const fv_feeder *feeder);

/* Write samples indices[0..n-1] of the split into the executable's input, and their labels; where samples are mixed, second
 * labels and shares stand in the feeder. */
void fv_feeder_fill(fv_feeder *feeder, fv_exec *exec, fv_value input, int32_t *labels, fv_split split,
                    const uint32_t *indices, size_t n, uint64_t seed, uint32_t epoch);

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
