/* Filling batches: of data in memory on the pool's threads, of pictures in files on threads of its own, one batch ahead, so
 * that a step does not wait for disk and decoder. Nothing is allocated after creation but by decoders. */
#ifndef FV_TRAIN_FEEDER_H
#define FV_TRAIN_FEEDER_H
#include "data/batch.h"
#include "run/exec.h"

/* Of pictures in files, so many bytes are kept decoded. */
enum { FV_SHELF_BYTES = 512 << 20 };

typedef struct fv_ahead fv_ahead;

typedef struct fv_feeder {
    fv_host host;
    fv_batch batch; /* what all batches have in common */
    fv_augment augment;
    size_t size, threads;
    float *pixels; /* of a batch that is not filled in place: reals are doubles, or it was filled ahead; else NULL */
    char *scratch; /* a slice a thread */
    size_t scratch_bytes;
    uint32_t *indices;  /* of a batch, for the caller */
    fv_targets targets; /* second labels and shares, NULL where nothing is mixed; labels of a batch filled ahead */
    fv_ahead *ahead;    /* of pictures in files, else NULL */
} fv_feeder;

/* A batch that is wanted: samples indices[0..n-1] of the split, augmented by (seed, epoch). */
typedef struct fv_feed {
    fv_split split;
    const uint32_t *indices;
    size_t n;
    uint64_t seed;
    uint32_t epoch;
} fv_feed;

/* For batches of up to `size` samples; augment may be NULL. *out must stay where it is. */
fv_status fv_feeder_create(const fv_host *host, const fv_data *data, const fv_net *net, size_t size, size_t threads,
                           const fv_kernels *kernels, const fv_augment *augment, fv_feeder *out, fv_error *err);
void fv_feeder_free(fv_feeder *feeder);
size_t fv_feeder_bytes(const fv_feeder *feeder);

/* Write a batch into the executable's input, and its labels; second labels and shares stand in feeder->targets. */
void fv_feeder_fill(fv_feeder *feeder, fv_exec *exec, fv_value input, int32_t *labels, const fv_feed *feed);

/* The next batch will be this one: begin with it. Whether this is called changes no bits. */
void fv_feeder_prefetch(fv_feeder *feeder, const fv_feed *feed);

#endif
