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
    bool whole;
    _Atomic(fv_shelved *) *kept; /* [pictures of the data] */
    _Atomic size_t used;
    size_t budget;
};

size_t fv_shelf_picture(const fv_preprocess *p)
{
    return p->height * p->width * p->channels;
}

fv_status fv_shelf_create(const fv_host *host, const fv_data *data, const fv_preprocess *p, bool whole, size_t budget,
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
    shelf->whole = whole;
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

/* The picture in a form, in out [form->height,form->width,form->channels]. */
static fv_status shape(const char *path, const fv_preprocess *form, const fv_image *image, uint8_t *out, fv_error *err)
{
    void *scratch;
    fv_status status = fv_prepare_check(form, image->height, image->width, image->channels, err);

    if (status)
        return status;
    scratch = fv_alloc(NULL, fv_prepare_scratch(form, image->height, image->width, image->channels), 1);
    if (!scratch)
        return fv_fail_memory(err, image->height * image->width, path);
    fv_prepare_bytes(form, image->pixels, image->height, image->width, image->channels, out, scratch);
    fv_release(NULL, scratch);
    return FV_OK;
}

fv_status fv_picture_read(const char *path, const fv_preprocess *p, uint8_t *out, fv_error *err)
{
    fv_image image;
    fv_status status = fv_image_open(NULL, path, &image, err);

    if (!status)
        status = shape(path, p, &image, out, err);
    fv_image_free(NULL, &image);
    return status;
}

/* The file decoded, in new memory; NULL if that fails. */
static fv_shelved *decode(const char *path, const fv_preprocess *p, bool whole)
{
    fv_preprocess form = *p;
    fv_shelved *out = NULL;
    fv_image image;

    if (fv_image_open(NULL, path, &image, NULL))
        return NULL;
    if (whole)
        form = (fv_preprocess){.height = image.height, .width = image.width, .channels = p->channels};
    out = malloc(sizeof *out + fv_shelf_picture(&form));
    if (out)
        *out = (fv_shelved){.height = form.height, .width = form.width};
    if (out && shape(path, &form, &image, out->pixels, NULL)) {
        free(out);
        out = NULL;
    }
    fv_image_free(NULL, &image);
    return out;
}

/* Keep it if there is room; another thread may have been faster with the same one. */
static void keep(fv_shelf *shelf, size_t row, fv_shelved *picture)
{
    const size_t bytes = picture->height * picture->width * shelf->form.channels;
    fv_shelved *none = NULL;

    if (atomic_fetch_add(&shelf->used, bytes) + bytes <= shelf->budget) {
        picture->kept = true;
        if (atomic_compare_exchange_strong(&shelf->kept[row], &none, picture))
            return;
        picture->kept = false;
    }
    atomic_fetch_sub(&shelf->used, bytes);
}

const fv_shelved *fv_shelf_take(fv_shelf *shelf, fv_split split, size_t index)
{
    const uint32_t row = shelf->data->rows[split][index];
    fv_shelved *picture = atomic_load(&shelf->kept[row]);

    if (!picture) {
        picture = decode(shelf->data->pictures.items[row].path, &shelf->form, shelf->whole);
        if (picture)
            keep(shelf, row, picture);
    }
    return picture;
}

void fv_shelf_give_back(const fv_shelved *picture)
{
    if (!picture->kept)
        free((void *)(uintptr_t)picture);
}
