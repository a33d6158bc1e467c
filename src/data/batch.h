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

/* Fill samples begin..end-1 of a batch:
 *     out    [n, p->height, p->width, p->channels], sample i from data's split at indices[i]
 *     labels [n]
 * indices, out and labels are the whole batch's. `augment` NULL = samples as they are; seed and epoch are augment's.
 * shelf: where pictures in files are (NULL for other data); one that cannot be read any more is replaced by the next one
 * of its split that can. Cannot fail and, but for decoding, allocates nothing. Calls with disjoint ranges and different scratch may run at once, and every cut
 * into ranges gives the same bits. */
void fv_batch_fill(const fv_data *data, fv_split split, const uint32_t *indices, size_t begin, size_t end,
                   const fv_preprocess *p, const fv_augment *augment, uint64_t seed, uint32_t epoch, float *out,
                   int32_t *labels, fv_shelf *shelf, void *scratch);

#endif
