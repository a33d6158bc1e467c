/* The cache of features: one file a backbone, mapped, replaced atomically.
 *
 *     "FVFEAT01" | u64 features a picture | u64 pictures | u64 XXH3 of what follows
 *     pictures x { u64 low, u64 high }: XXH3-128 of the file, sorted | pictures x features float32
 *
 * In the machine's own byte order: the cache stays on the machine that made it. A file that is cut short, damaged or of
 * another version is left unread and replaced. */
#include "base/error.h"
#include "base/file.h"
#include "train/features.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct header {
    char magic[8];
    uint64_t size, count, sum;
} header;
static const char magic[8] = "FVFEAT01";

void fv_feature_key(const fv_model *model, const fv_features_options *options, char key[33])
{
    const uint64_t view[] = {options->view, options->seed};
    const char *text = fv_net_text(model->net);
    XXH3_state_t state;
    XXH128_canonical_t canonical;

    XXH3_128bits_reset(&state);
    XXH3_128bits_update(&state, text, strlen(text) + 1);
    XXH3_128bits_update(&state, options->layer, strlen(options->layer) + 1);
    if (options->view)
        XXH3_128bits_update(&state, view, sizeof view);
    for (size_t k = 0; k < model->count; k++)
        XXH3_128bits_update(&state, model->weights[k].data, model->weights[k].elements * sizeof(float));
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
    for (size_t i = 0; i < sizeof canonical.digest; i++)
        snprintf(key + 2 * i, 3, "%02x", canonical.digest[i]);
}

static int by_content(const uint64_t *a, const uint64_t *b)
{
    if (a[1] != b[1])
        return a[1] < b[1] ? -1 : 1;
    return (a[0] > b[0]) - (a[0] < b[0]);
}

static const char *check(const uint8_t *map, size_t bytes, size_t size)
{
    header h;

    if (bytes < sizeof h)
        return "it is cut short";
    memcpy(&h, map, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0)
        return "it is of another version";
    if (h.size != size)
        return "it holds another number of features";
    if (h.count > (bytes - sizeof h) / (FV_FEATURE_KEY + size * sizeof(float)) ||
        bytes != sizeof h + h.count * (FV_FEATURE_KEY + size * sizeof(float)))
        return "it is cut short";
    return XXH3_64bits(map + sizeof h, bytes - sizeof h) == h.sum ? NULL : "it is damaged";
}

void fv_feature_cache_open(const char *path, size_t size, fv_feature_cache *cache, const char **remark)
{
    header h;

    *cache = (fv_feature_cache){.size = size};
    *remark = NULL;
    if (fv_file_map(path, &cache->map, &cache->bytes, NULL) || !cache->map)
        return;
    *remark = check(cache->map, cache->bytes, size);
    if (*remark) {
        fv_feature_cache_close(cache);
        return;
    }
    memcpy(&h, cache->map, sizeof h);
    cache->count = (size_t)h.count;
    cache->keys = (const uint64_t *)(const void *)(cache->map + sizeof h);
    cache->values = (const float *)(const void *)(cache->map + sizeof h + FV_FEATURE_KEY * cache->count);
}

void fv_feature_cache_close(fv_feature_cache *cache)
{
    if (cache->map)
        fv_file_unmap(cache->map, cache->bytes);
    *cache = (fv_feature_cache){.size = cache->size};
}

const float *fv_feature_cache_find(const fv_feature_cache *cache, const uint64_t content[2])
{
    size_t begin = 0, end = cache->count;

    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;
        const int order = by_content(cache->keys + 2 * middle, content);

        if (order == 0)
            return cache->values + middle * cache->size;
        if (order < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

typedef struct entry {
    const uint64_t *key;
    const float *values;
} entry;

static int by_entry(const void *a, const void *b)
{
    return by_content(((const entry *)a)->key, ((const entry *)b)->key);
}

/* Old and new ones, sorted, each once. */
static size_t merge(const fv_feature_cache *old, const fv_pictures *pictures, const fv_feature_table *features,
                    entry *out)
{
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < old->count; i++)
        out[n++] = (entry){old->keys + 2 * i, old->values + i * old->size};
    for (size_t i = 0; i < pictures->count; i++)
        if (features->known[i])
            out[n++] = (entry){pictures->items[i].content, features->values + i * features->size};
    qsort(out, n, sizeof *out, by_entry);
    for (size_t i = 0; i < n; i++)
        if (!kept || by_content(out[kept - 1].key, out[i].key) != 0)
            out[kept++] = out[i];
    return kept;
}

fv_status fv_feature_cache_write(const char *path, const fv_feature_cache *old, const fv_pictures *pictures,
                                 const fv_feature_table *features, fv_error *err)
{
    const fv_host *host = &pictures->host;
    const size_t most = old->count + pictures->count, row = features->size * sizeof(float);
    entry *entries = fv_alloc(host, most, sizeof *entries);
    uint8_t *body = fv_alloc(host, most, FV_FEATURE_KEY + row);
    fv_status status = FV_OK;

    if (entries && body) {
        const size_t n = merge(old, pictures, features, entries);
        header h = {.size = features->size, .count = n};

        memcpy(h.magic, magic, sizeof magic);
        for (size_t i = 0; i < n; i++) {
            memcpy(body + FV_FEATURE_KEY * i, entries[i].key, FV_FEATURE_KEY);
            memcpy(body + FV_FEATURE_KEY * n + row * i, entries[i].values, row);
        }
        h.sum = XXH3_64bits(body, n * (FV_FEATURE_KEY + row));
        status = fv_file_replace(path, (const fv_piece[]){{&h, sizeof h}, {body, n * (FV_FEATURE_KEY + row)}}, 2, err);
    } else {
        status = fv_fail_memory(err, most * (FV_FEATURE_KEY + row), "a cache of features");
    }
    fv_release(host, entries);
    fv_release(host, body);
    return status;
}
