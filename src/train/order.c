/* The order of an epoch. Balanced: class number k of K takes part in epoch e of n places with its draws
 *
 *     floor((e n + k) / K) .. floor(((e + 1) n + k) / K) - 1
 *
 * which are n / K to within one, and n of all classes together, as the sum over k of floor((x + k) / K) is x (Hermite). Draw d of
 * a class of m samples is number d % m of its round d / m, a permutation of its own. */
#include "train/order.h"
#include "base/error.h"
#include "base/random.h"
#include "data/data.h"

static uint32_t label_of(const fv_data *data, size_t sample)
{
    uint32_t label = 0;

    fv_data_sample(data, FV_TRAIN, sample, &label);
    return label;
}

/* Samples by class, each class in the order of the data. */
static void sort(const fv_data *data, fv_order *o)
{
    for (size_t i = 0; i < o->count; i++)
        o->first[label_of(data, i) + 1]++;
    for (size_t c = 0; c < o->classes; c++) {
        o->known += o->first[c + 1] > 0;
        o->first[c + 1] += o->first[c];
    }
    for (size_t i = 0; i < o->count; i++)
        o->rows[o->first[label_of(data, i)]++] = (uint32_t)i;
    for (size_t c = o->classes; c > 0; c--) /* each beginning has become its end */
        o->first[c] = o->first[c - 1];
    o->first[0] = 0;
}

fv_status fv_order_create(const fv_host *host, const fv_data *data, bool balanced, fv_order *out, fv_error *err)
{
    *out = (fv_order){.host = fv_host_or_default(host), .count = fv_data_count(data, FV_TRAIN), .balanced = balanced};
    out->classes = fv_data_classes(data);
    out->items = fv_alloc(&out->host, out->count, sizeof *out->items);
    if (balanced) {
        out->drawn = fv_alloc(&out->host, out->count, sizeof *out->drawn);
        out->rows = fv_alloc(&out->host, out->count, sizeof *out->rows);
        out->first = fv_alloc(&out->host, out->classes + 1, sizeof *out->first);
    }
    if (!out->items || (balanced && (!out->drawn || !out->rows || !out->first))) {
        fv_order_free(out);
        return fv_fail_memory(err, fv_order_bytes(out->count, out->classes, balanced), "the order of samples");
    }
    if (balanced)
        sort(data, out);
    return FV_OK;
}

void fv_order_free(fv_order *o)
{
    void *const blocks[] = {o->items, o->drawn, o->rows, o->first};

    for (size_t i = 0; i < FV_COUNT(blocks); i++)
        if (blocks[i])
            fv_release(&o->host, blocks[i]);
    o->items = o->drawn = o->rows = NULL;
    o->first = NULL;
}

size_t fv_order_bytes(size_t count, size_t classes, bool balanced)
{
    return count * sizeof(uint32_t) * (balanced ? 3 : 1) + (balanced ? (classes + 1) * sizeof(size_t) : 0);
}

/* Draws begin..end-1 of class c. items is free until the epoch's order is made. */
static void draw(fv_order *o, uint64_t seed, size_t c, uint64_t begin, uint64_t end, uint32_t *out)
{
    const uint32_t *rows = o->rows + o->first[c];
    const size_t n = o->first[c + 1] - o->first[c], turns = UINT32_MAX / o->count;
    const uint64_t first = begin / n;

    for (uint64_t d = begin; d < end; d++) {
        const uint64_t round = d / n;

        if (d == begin || d % n == 0)
            fv_random_shuffle((fv_random){seed, FV_STREAM_BALANCE, (uint32_t)(round * o->classes + c)}, o->items,
                              (uint32_t)n);
        out[d - begin] = rows[o->items[d % n]] + (uint32_t)((round - first) % turns * o->count);
    }
}

static void balance(fv_order *o, uint64_t seed, uint32_t epoch)
{
    const uint64_t begin = (uint64_t)epoch * o->count, end = begin + o->count;
    size_t k = 0, at = 0;

    for (size_t c = 0; c < o->classes; c++) {
        if (o->first[c] == o->first[c + 1])
            continue;
        const uint64_t from = (begin + k) / o->known, to = (end + k) / o->known;

        draw(o, seed, c, from, to, o->drawn + at);
        at += (size_t)(to - from);
        k++;
    }
}

void fv_order_epoch(fv_order *o, uint64_t seed, uint32_t epoch)
{
    if (o->balanced)
        balance(o, seed, epoch);
    fv_random_shuffle((fv_random){seed, FV_STREAM_SHUFFLE, epoch}, o->items, (uint32_t)o->count);
    for (size_t i = 0; o->balanced && i < o->count; i++)
        o->items[i] = o->drawn[o->items[i]];
}
