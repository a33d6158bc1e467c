#include "data/shelf.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"
#include "image/prepare.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Threads allocate with the C library's allocator: the host's belongs to the caller's thread. */
struct fv_shelf {
    fv_host host;
    const fv_data *data;
    fv_preprocess form;
    _Atomic(uint8_t *) *kept; /* [pictures of the data] */
    _Atomic size_t used;
    size_t budget, bytes;
};

size_t fv_shelf_picture(const fv_preprocess *p)
{
    return p->height * p->width * p->channels;
}

fv_status fv_shelf_create(const fv_host *host, const fv_data *data, const fv_preprocess *p, size_t budget,
                          fv_shelf **out, fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    fv_shelf *shelf = fv_alloc(&h, 1, sizeof *shelf);

    *out = NULL;
    if (!shelf)
        return fv_fail_memory(err, sizeof *shelf, "pictures");
    shelf->host = h;
    shelf->data = data;
    shelf->form = *p;
    shelf->budget = budget;
    shelf->bytes = fv_shelf_picture(p);
    shelf->kept = fv_alloc(&h, data->pictures.count, sizeof *shelf->kept);
    if (!shelf->kept) {
        fv_release(&h, shelf);
        return fv_fail_memory(err, data->pictures.count * sizeof *shelf->kept, "pictures");
    }
    *out = shelf;
    return FV_OK;
}

void fv_shelf_free(fv_shelf *shelf)
{
    if (!shelf)
        return;
    const fv_host host = shelf->host;

    for (size_t i = 0; i < shelf->data->pictures.count; i++)
        free(atomic_load(&shelf->kept[i]));
    fv_release(&host, shelf->kept);
    fv_release(&host, shelf);
}

fv_status fv_picture_read(const char *path, const fv_preprocess *p, uint8_t *out, fv_error *err)
{
    fv_image image;
    void *scratch = NULL;
    fv_status status = fv_image_open(NULL, path, &image, err);

    if (status)
        return status;
    status = fv_prepare_check(p, image.height, image.width, image.channels, err);
    if (!status && !(scratch = fv_alloc(NULL, fv_prepare_scratch(p, image.height, image.width, image.channels), 1)))
        status = fv_fail_memory(err, image.height * image.width, path);
    if (!status)
        fv_prepare_bytes(p, image.pixels, image.height, image.width, image.channels, out, scratch);
    fv_release(NULL, scratch);
    fv_image_free(NULL, &image);
    return status;
}

/* Keep a copy if there is room; another thread may have been faster with the same one. */
static void keep(fv_shelf *shelf, size_t row, const uint8_t *pixels)
{
    uint8_t *none = NULL, *copy;

    if (atomic_fetch_add(&shelf->used, shelf->bytes) + shelf->bytes <= shelf->budget && (copy = malloc(shelf->bytes))) {
        memcpy(copy, pixels, shelf->bytes);
        if (atomic_compare_exchange_strong(&shelf->kept[row], &none, copy))
            return;
        free(copy);
    }
    atomic_fetch_sub(&shelf->used, shelf->bytes);
}

const uint8_t *fv_shelf_fetch(fv_shelf *shelf, fv_split split, size_t index, uint8_t *own)
{
    const uint32_t row = shelf->data->rows[split][index];
    const uint8_t *kept = atomic_load(&shelf->kept[row]);

    if (kept)
        return kept;
    if (fv_picture_read(shelf->data->pictures.items[row].path, &shelf->form, own, NULL))
        return NULL;
    keep(shelf, row, own);
    return own;
}
