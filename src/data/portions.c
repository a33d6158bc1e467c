/* Cutting pictures into splits: a group of pictures that look alike is one thing, which belongs to the class of its
 * first picture. Each class's groups are ordered by a hash of the seed and of the smallest content in the group; the
 * first make test, the next val. */
#include "base/error.h"
#include "data/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct portion {
    uint64_t key;
    uint32_t first, label; /* the group, and its class */
    uint32_t count;
} portion;

static int by_class_and_key(const void *a, const void *b)
{
    const portion *x = a, *y = b;

    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return x->key == y->key ? (x->first > y->first) - (x->first < y->first) : x->key < y->key ? -1 : 1;
}

/* One portion a group of pictures that are to be cut (split == from). */
static size_t gather(const fv_pictures *pictures, const uint32_t *group, uint64_t seed, int from, portion *out,
                     uint32_t *place)
{
    size_t n = 0;

    for (size_t i = 0; i < pictures->count; i++) {
        const fv_picture *p = &pictures->items[i];
        const uint64_t key = XXH3_64bits_withSeed(p->content, sizeof p->content, seed);
        const uint32_t g = group[i];

        if (p->split != from)
            continue;
        if (place[g] == UINT32_MAX) {
            place[g] = (uint32_t)n;
            out[n++] = (portion){key, (uint32_t)i, p->label, 0};
        }
        out[place[g]].count++;
        if (key < out[place[g]].key)
            out[place[g]].key = key;
    }
    return n;
}

/* A share of n, at least 1 where n allows it. */
static size_t share(size_t n, double part)
{
    const size_t k = (size_t)llround((double)n * part);

    return part <= 0 || n < 3 ? 0 : k ? k : 1;
}

/* Does at least half of a group find room? */
static bool fits(size_t given, size_t count, size_t room)
{
    return 2 * given + count <= 2 * room;
}

static void cut(const fv_pictures *pictures, const uint32_t *group, const portion *portions, size_t n, double val,
                double test, int from, uint8_t *to)
{
    for (size_t begin = 0, end; begin < n; begin = end) {
        size_t total = 0, tests = 0, vals = 0, room, more;

        for (end = begin; end < n && portions[end].label == portions[begin].label; end++)
            total += portions[end].count;
        room = share(total, test);
        more = share(total, val);
        for (size_t k = begin; k + 1 < end; k++) { /* the last group of a class always trains */
            const size_t count = portions[k].count;

            if (room && fits(tests, count, room)) {
                tests += count;
                to[group[portions[k].first]] = FV_TEST;
            } else if (more && fits(vals, count, more)) {
                vals += count;
                to[group[portions[k].first]] = FV_VAL;
            }
        }
    }
    for (size_t i = 0; i < pictures->count; i++)
        if (pictures->items[i].split == from)
            pictures->items[i].split = to[group[i]];
}

fv_status fv_pictures_portion(fv_pictures *pictures, double val, double test, uint64_t seed, fv_error *err)
{
    const size_t n = pictures->count;
    const fv_host *host = &pictures->host;
    uint32_t *group = fv_alloc(host, n, sizeof *group), *place = fv_alloc(host, n, sizeof *place);
    portion *portions = fv_alloc(host, n, sizeof *portions);
    uint8_t *to = fv_alloc(host, n, 1);
    bool seen[4] = {false};
    fv_status status = FV_OK;

    for (size_t i = 0; i < n; i++)
        seen[pictures->items[i].split + 1] = true;
    const int from = seen[0] ? -1 : FV_TRAIN; /* of no split yet, or val out of train */

    if (!group || !place || !portions || !to) {
        status = fv_fail_memory(err, n * sizeof *portions, "a split");
    } else if (seen[0] || (!seen[FV_VAL + 1] && val > 0)) {
        status = fv_pictures_alike(pictures, group, err);
        memset(place, 0xFF, n * sizeof *place);
        if (!status) {
            const size_t count = gather(pictures, group, seed, from, portions, place);

            if (count)
                qsort(portions, count, sizeof *portions, by_class_and_key);
            cut(pictures, group, portions, count, seen[FV_VAL + 1] ? 0 : val, seen[0] && !seen[FV_TEST + 1] ? test : 0,
                from, to);
        }
    }
    fv_release(host, group);
    fv_release(host, place);
    fv_release(host, portions);
    fv_release(host, to);
    return status;
}
