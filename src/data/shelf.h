/* Pictures of files in the form that a net reads, as bytes: decoded when they are first asked for, by whichever thread
 * asks, and kept as long as there is room. */
#ifndef FV_DATA_SHELF_H
#define FV_DATA_SHELF_H
#include "data/data.h"
#include "net/preprocess.h"

typedef struct fv_shelf fv_shelf;

/* Room for `budget` bytes of pictures. */
fv_status fv_shelf_create(const fv_host *host, const fv_data *data, const fv_preprocess *p, size_t budget,
                          fv_shelf **out, fv_error *err);
void fv_shelf_free(fv_shelf *shelf);

/* Bytes of one picture: p->height * p->width * p->channels. */
size_t fv_shelf_picture(const fv_preprocess *p);

/* Sample `index` of the split: kept pixels, or `own` (fv_shelf_picture bytes) filled. NULL if the file cannot be read
 * any more. Threads: any number at once. */
const uint8_t *fv_shelf_fetch(fv_shelf *shelf, fv_split split, size_t index, uint8_t *own);

/* Decode one file into the net's form; `out` has fv_shelf_picture bytes. Threads: any. */
fv_status fv_picture_read(const char *path, const fv_preprocess *p, uint8_t *out, fv_error *err);

#endif
