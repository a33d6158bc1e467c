/* Random numbers that are a function of (seed, stream, step, index), never of time, thread or order of calls.
 * Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 * Counter = (index low, index high, step, stream), key = seed. */
#ifndef FV_BASE_RANDOM_H
#define FV_BASE_RANDOM_H
#include <stdint.h>

typedef struct fv_random {
    uint64_t seed;
    uint32_t stream, step;
} fv_random;

/* What a stream is used for; operators of a graph take FV_STREAM_NODE + node number. */
enum {
    FV_STREAM_INIT = 0x1000,
    FV_STREAM_SHUFFLE = 1,
    FV_STREAM_AUGMENT = 2,
    FV_STREAM_SPLIT = 3,
    FV_STREAM_TEST = 4,
    FV_STREAM_CUT = 5, /* of augmentation, as the next three */
    FV_STREAM_EDIT = 6,
    FV_STREAM_ERASE = 7,
    FV_STREAM_MIX = 8,
    FV_STREAM_BALANCE = 9,
    FV_STREAM_NODE = 0x100000
};

static inline void fv_philox(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index, uint32_t out[4])
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32), c2 = step, c3 = stream;

    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t fv_random_bits(fv_random random, uint64_t index);              /* 64 random bits */
double fv_random_uniform(fv_random random, uint64_t index);             /* [0, 1), 53 bits */
double fv_random_normal(fv_random random, uint64_t index);              /* mean 0, variance 1 (Box-Muller) */
uint64_t fv_random_below(fv_random random, uint64_t index, uint64_t n); /* 0 .. n-1, n > 0, bias below 2^-64 n */

/* Fisher-Yates: items[0..n-1] become a permutation of 0..n-1 that depends on `random` alone. */
void fv_random_shuffle(fv_random random, uint32_t *items, uint32_t n);

#endif
