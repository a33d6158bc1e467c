/* Which training samples an epoch meets, and in what order: a function of seed and epoch. */
#ifndef FV_TRAIN_ORDER_H
#define FV_TRAIN_ORDER_H
#include "base/memory.h"
#include "fovea/fovea.h"

typedef struct fv_order {
    fv_host host;
    size_t count;    /* training samples, and places of an epoch */
    uint32_t *items; /* [count] of the epoch asked for last, as fv_batch_fill takes them */
    bool balanced;
    uint32_t *drawn;       /* balanced: [count], */
    uint32_t *rows;        /*   [count] samples, those of a class side by side, */
    size_t *first;         /*   [classes + 1] where each begins, */
    size_t classes, known; /*   and how many of them have samples */
} fv_order;

/* Each sample once an epoch; or balanced: as many, but of each class that has samples equally often (to within one). A class
 * then goes through its samples again and again, each round shuffled anew, and where it stands is kept from epoch to epoch:
 * over many epochs its samples come equally often. A sample that comes for the k-th time (from 0) in an epoch stands there as
 * sample + k * count, so that each time is augmented anew. */
fv_status fv_order_create(const fv_host *host, const fv_data *data, bool balanced, fv_order *out, fv_error *err);
void fv_order_free(fv_order *order);
void fv_order_epoch(fv_order *order, uint64_t seed, uint32_t epoch);
size_t fv_order_bytes(size_t count, size_t classes, bool balanced);

#endif
