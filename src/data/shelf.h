/* Pictures of files as bytes, in the form that a net reads or whole: decoded when they are first asked for, by whichever thread
 * asks, and kept as long as there is room. */
#ifndef FV_DATA_SHELF_H
#define FV_DATA_SHELF_H
#include "data/data.h"
#include "net/preprocess.h"

typedef struct fv_shelf fv_shelf;

/* [height,width,channels of the net] */
typedef struct fv_shelved {
    size_t height, width;
    bool kept; /* on the shelf, else the caller's alone */
    uint8_t pixels[];
} fv_shelved;

/* Room for `budget` bytes of pictures. whole: as large as they are, to be cut by the caller; else in the net's form. */
fv_status fv_shelf_create(const fv_host *host, const fv_data *data, const fv_preprocess *p, bool whole, size_t budget,
                          fv_shelf **out, fv_error *err);
void fv_shelf_free(fv_shelf *shelf);

/* Sample `index` of the split, to be given back; NULL if the file cannot be read any more. Threads: any number at once. */
const fv_shelved *fv_shelf_take(fv_shelf *shelf, fv_split split, size_t index);
void fv_shelf_give_back(const fv_shelved *picture);

/* Bytes of one picture in the net's form: p->height * p->width * p->channels. */
size_t fv_shelf_picture(const fv_preprocess *p);

/* Decode one file into the net's form; `out` has fv_shelf_picture bytes. Threads: any. */
fv_status fv_picture_read(const char *path, const fv_preprocess *p, uint8_t *out, fv_error *err);

#endif
