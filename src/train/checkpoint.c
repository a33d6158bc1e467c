/* Checkpoints: weights, momenta and position in one safetensors file, weights/checkpoint.safetensors. Tensors lie as the
 * kernels hold them, so nothing is rounded or turned on the way. */
#include "base/file.h"
#include "model/safetensors.h"
#include "train/trainer.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char name[] = "weights/checkpoint.safetensors";

/* The position as text and back: one table for both. Doubles are written in hexadecimal, to the last bit. */
typedef struct field {
    const char *key;
    size_t offset;
    bool real;
} field;
#define WHOLE(member)                                                                                                  \
    {                                                                                                                  \
#member, offsetof(fv_position, member), false                                                                  \
    }
#define REAL(member)                                                                                                   \
    {                                                                                                                  \
#member, offsetof(fv_position, member), true                                                                   \
    }
static const field fields[] = {
    WHOLE(epoch),    WHOLE(step),     WHOLE(total_steps), REAL(loss_sum),    REAL(norm_sum),
    WHOLE(right),    WHOLE(seen),     REAL(lr),           WHOLE(best_epoch), REAL(best_top1),
    REAL(best_loss), REAL(elapsed_s), REAL(data_s),       REAL(compute_s),
};
enum { FIELDS = FV_COUNT(fields), VALUE = 24 };

static uint64_t bits_at(const fv_position *at, const field *f)
{
    uint64_t bits;

    memcpy(&bits, (const char *)at + f->offset, sizeof bits);
    return bits;
}

fv_status fv_checkpoint_save(fv_trainer *t, fv_error *err)
{
    const fv_st_type type = t->kernels->real_bytes == sizeof(double) ? FV_ST_F64 : FV_ST_F32;
    fv_st_tensor *tensors = fv_alloc(&t->host, t->store.count, sizeof *tensors);
    char *path = fv_folder_path(&t->host, t->out, name), values[FIELDS][VALUE];
    fv_st_meta meta[FIELDS + 1];
    fv_status status;

    t->checkpoint_s = fv_clock_s();
    for (size_t i = 0; tensors && i < t->store.count; i++) {
        const fv_stored *item = &t->store.items[i];

        tensors[i] = (fv_st_tensor){.name = item->name,
                                    .type = type,
                                    .rank = 1,
                                    .dim = {item->elements},
                                    .data = item->data,
                                    .bytes = item->elements * t->kernels->real_bytes};
    }
    for (size_t i = 0; i < FIELDS; i++) {
        snprintf(values[i], VALUE, "%016llx", (unsigned long long)bits_at(&t->at, &fields[i]));
        meta[i] = (fv_st_meta){fields[i].key, values[i]};
    }
    meta[FIELDS] = (fv_st_meta){"fovea-checkpoint", "1"};
    status = tensors && path ? fv_safetensors_write(&t->host, path, tensors, t->store.count, meta, FIELDS + 1, err)
                             : fv_fail_memory(err, t->store.count * sizeof *tensors, "a checkpoint");
    fv_release(&t->host, tensors);
    fv_release(&t->host, path);
    return status;
}

static fv_status read_position(const fv_safetensors *st, const char *path, fv_position *at, fv_error *err)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const char *text = fv_safetensors_meta(st, fields[i].key);
        uint64_t bits = 0;

        if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
            return fv_fail(err, FV_E_FORMAT, "%s: is not a checkpoint: its %s is %s", path, fields[i].key,
                           text ? text : "missing");
        for (; *text; text++)
            bits = bits << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
        memcpy((char *)at + fields[i].offset, &bits, sizeof bits);
    }
    return FV_OK;
}

static fv_status read_tensors(fv_trainer *t, const fv_safetensors *st, const char *path, fv_error *err)
{
    for (size_t i = 0; i < t->store.count; i++) {
        const fv_stored *item = &t->store.items[i];
        const fv_st_tensor *tensor = fv_safetensors_find(st, item->name);
        const size_t bytes = item->elements * t->kernels->real_bytes;

        if (!tensor || tensor->bytes != bytes)
            return fv_fail(err, FV_E_FORMAT, "%s: tensor %s has %zu bytes where this run has %zu", path, item->name,
                           tensor ? tensor->bytes : 0, bytes);
        memcpy(item->data, tensor->data, bytes);
    }
    return FV_OK;
}

fv_status fv_checkpoint_load(fv_trainer *t, fv_error *err)
{
    char *path = fv_folder_path(&t->host, t->out, name);
    fv_position at = {0};
    fv_safetensors st;
    fv_status status = FV_OK;

    if (!path)
        return fv_fail_memory(err, sizeof name, "a path");
    if (access(path, F_OK) != 0 && errno == ENOENT) { /* killed before the first one: the run begins again */
        if (t->settings.unfreeze)
            status = fv_fail(err, FV_E_IO,
                             "%s: is missing, and the weights that the run began with are in it alone; "
                             "train again",
                             path);
        fv_release(&t->host, path);
        return status;
    }
    status = fv_safetensors_open(&t->host, path, &st, err);
    if (!status) {
        status = read_position(&st, path, &at, err);
        if (!status && (at.step > t->steps_per_epoch || at.epoch > t->settings.epochs))
            status = fv_fail(
                err, FV_E_FORMAT, "%s: stands at epoch %llu, step %llu of a run with %zu epochs of %zu steps", path,
                (unsigned long long)at.epoch, (unsigned long long)at.step, t->settings.epochs, t->steps_per_epoch);
        if (!status)
            status = read_tensors(t, &st, path, err);
        if (!status)
            t->at = at;
        fv_safetensors_free(&st);
    }
    fv_release(&t->host, path);
    return status;
}
