/* Batches: samples of a split as the floats that a net reads. */
#ifndef FV_DATA_BATCH_H
#define FV_DATA_BATCH_H
#include "data/augment.h"
#include "data/shelf.h"
#include "fovea/fovea.h"
#include "net/preprocess.h"

/* Can this data feed this net, augmented so? `augment` may be NULL. Call it once; fv_batch_fill relies on it. */
fv_status fv_batch_check(const fv_data *data, const fv_preprocess *p, const fv_augment *augment, fv_error *err);

/* Bytes of scratch of one call of fv_batch_fill, aligned to 64; may be 0. */
size_t fv_batch_scratch(const fv_data *data, const fv_preprocess *p, const fv_augment *augment);

/* The right answers of a batch, [n] each. Where samples are mixed, sample i is share[i] >= .5 of class label[i] and the rest
 * of class other[i]; else other and share are NULL. */
typedef struct fv_targets {
    int32_t *label, *other;
    float *share;
} fv_targets;

/* Where the pictures of a batch come from and what is done to them. */
typedef struct fv_batch {
    const fv_data *data;
    fv_split split;
    const fv_preprocess *p;
    const fv_augment *augment; /* NULL = samples as they are; */
    uint64_t seed;             /*   seed and epoch are augment's */
    uint32_t epoch;
    fv_shelf *shelf; /* where pictures in files are (fv_batch_shelf); NULL for other data */
} fv_batch;

/* A shelf for pictures in files; NULL for other data. */
fv_status fv_batch_shelf(const fv_host *host, const fv_data *data, const fv_preprocess *p, const fv_augment *augment,
                         size_t budget, fv_shelf **out, fv_error *err);

/* Fill samples begin..end-1 of a batch:
 *     out [n, p->height, p->width, p->channels], sample i from the split at indices[i] % its count
 * Augmentation goes by indices[i] as it is, so that a sample may come more than once, changed each time in another way.
 * indices, out and targets are the whole batch's. A picture that cannot be read any more is replaced by the next one of its
 * split that can. Cannot fail and, but for decoding, allocates nothing. Calls with disjoint ranges and different scratch may
 * run at once, and every cut into ranges gives the same bits. */
void fv_batch_fill(const fv_batch *batch, const uint32_t *indices, size_t begin, size_t end, float *out,
                   const fv_targets *targets, void *scratch);

#endif
