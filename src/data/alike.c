/* Which pictures look alike: pairs of looks with at most FV_ALIKE of their 256 bits apart. Cut into 16 pieces of 16
 * bits, two such looks have at least one piece in common (15 differences cannot touch all 16), so only pictures with an
 * equal piece are compared. */
#include "base/error.h"
#include "data/pictures.h"

#include <stdlib.h>

enum { PIECES = 16, NEIGHBOURS = 4096 /* compared at most in a row of equal pieces: thousands of blank pictures */ };

unsigned fv_look_distance(const fv_picture *a, const fv_picture *b)
{
    unsigned bits = 0;

    for (size_t k = 0; k < FV_LOOK_WORDS; k++)
        bits += (unsigned)__builtin_popcountll(a->look[k] ^ b->look[k]);
    return bits;
}

static uint32_t root(uint32_t *group, uint32_t i)
{
    while (group[i] != i)
        i = group[i] = group[group[i]];
    return i;
}

/* The smaller number becomes the root. */
static void join(uint32_t *group, uint32_t a, uint32_t b)
{
    a = root(group, a);
    b = root(group, b);
    group[a > b ? a : b] = a > b ? b : a;
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

fv_status fv_pictures_alike(const fv_pictures *pictures, uint32_t *group, fv_error *err)
{
    const size_t n = pictures->count;
    uint64_t *keys = fv_alloc(&pictures->host, n, sizeof *keys); /* piece << 32 | picture */

    if (!keys)
        return fv_fail_memory(err, n * sizeof *keys, "the search for pictures that look alike");
    for (size_t i = 0; i < n; i++)
        group[i] = (uint32_t)i;
    for (unsigned piece = 0; piece < PIECES && n; piece++) {
        for (size_t i = 0; i < n; i++)
            keys[i] = (pictures->items[i].look[piece / 4] >> 16 * (piece % 4) & 0xFFFF) << 32 | i;
        qsort(keys, n, sizeof *keys, by_key);
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n && j - i <= NEIGHBOURS && keys[j] >> 32 == keys[i] >> 32; j++) {
                const uint32_t a = (uint32_t)keys[i], b = (uint32_t)keys[j];

                if (fv_look_distance(&pictures->items[a], &pictures->items[b]) <= FV_ALIKE)
                    join(group, a, b);
            }
    }
    for (size_t i = 0; i < n; i++)
        group[i] = root(group, (uint32_t)i);
    fv_release(&pictures->host, keys);
    return FV_OK;
}
