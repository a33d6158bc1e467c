/* The generator of golden inputs and weights, the same as in the scripts that made them: splitmix64's finaliser on a counter. */
#ifndef FV_TESTS_GOLDEN_UNIFORM_H
#define FV_TESTS_GOLDEN_UNIFORM_H
#include <stdint.h>

static inline uint64_t golden_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* [-1, 1), 53 bits */
static inline double golden_uniform(uint64_t seed, uint64_t stream, uint64_t i)
{
    const uint64_t ratio = 0x9E3779B97F4A7C15u;
    const uint64_t x = golden_mix(golden_mix(seed + ratio * (stream + 1)) + ratio * (i + 1));

    return (double)(x >> 11) * 0x1p-52 - 1.0;
}

#endif
