/* Uniform, normal and integer draws, and permutations, from Philox (random.h). */
#include "base/random.h"

#include <math.h>

__extension__ typedef unsigned __int128 wide;

static uint64_t join(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

/* The upper 53 bits as a multiple of 2^-53 in [0, 1). */
static double unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

uint64_t fv_random_bits(fv_random random, uint64_t index)
{
    uint32_t r[4];

    fv_philox(random.seed, random.stream, random.step, index, r);
    return join(r[0], r[1]);
}

double fv_random_uniform(fv_random random, uint64_t index)
{
    return unit(fv_random_bits(random, index));
}

/* z = sqrt(-2 ln u) cos(2 pi v), u in (0, 1] so that the logarithm is finite: |z| <= 8.6. One draw takes a whole block
 * of 128 bits, which makes z a function of its index alone. */
double fv_random_normal(fv_random random, uint64_t index)
{
    const double two_pi = 6.283185307179586476925286766559;
    uint32_t r[4];

    fv_philox(random.seed, random.stream, random.step, index, r);
    return sqrt(-2.0 * log(unit(join(r[0], r[1])) + 0x1p-53)) * cos(two_pi * unit(join(r[2], r[3])));
}

/* floor(bits n / 2^64): Lemire, "Fast random integer generation in an interval", 2019, without the rejection. */
uint64_t fv_random_below(fv_random random, uint64_t index, uint64_t n)
{
    return (uint64_t)((wide)fv_random_bits(random, index) * n >> 64);
}

void fv_random_shuffle(fv_random random, uint32_t *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t j = (uint32_t)fv_random_below(random, i, (uint64_t)i + 1);

        items[i] = items[j];
        items[j] = i;
    }
}
