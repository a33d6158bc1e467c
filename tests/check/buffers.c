/* Memory that ends at a page nobody may touch, filled from a seed. */
#define _GNU_SOURCE
#include "buffers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A number that no kernel leaves by chance; exact as float and as double. */
#define PATTERN (-0x1p40)
enum { FRONT = 64 }; /* patterned bytes in front of the data */

size_t buffer_width(job_kind kind, size_t real_bytes)
{
    static const size_t widths[] = {[JOB_BYTES] = 1,   [JOB_BYTES_OUT] = 1,   [JOB_LABELS] = 4,
                                    [JOB_DOUBLES] = 8, [JOB_DOUBLES_OUT] = 8, [JOB_STEP] = 8};

    if (kind == JOB_WORDS_OUT)
        return real_bytes == sizeof(double) ? 2 * sizeof(double) : real_bytes;
    return kind < COUNT(widths) && widths[kind] ? widths[kind] : real_bytes;
}

bool buffer_written(job_kind kind)
{
    return kind == JOB_OUT || kind == JOB_INOUT || kind == JOB_BYTES_OUT || kind == JOB_WORDS_OUT ||
           kind == JOB_DOUBLES_OUT;
}

guarded guarded_new(size_t bytes, bool slack)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), behind = slack ? page : 0;
    const size_t size = (bytes + behind + FRONT + page - 1) / page * page;
    guarded g = {.bytes = bytes, .mapped = size + 2 * page};
    char *base = mmap(NULL, g.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED || mprotect(base + page, size, PROT_READ | PROT_WRITE)) {
        fprintf(stderr, "check: no memory for %zu bytes\n", bytes);
        exit(2);
    }
    g.base = base;
    g.data = base + page + size - behind - bytes;
    memset(base + page, 0x5a, size - behind - bytes);
    memset(base + page + size - behind, 0x5a, behind); /* there for real, not only mapped */
    return g;
}

void guarded_read_only(const guarded *g)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    mprotect((char *)g->base + page, g->mapped - 2 * page, PROT_READ);
}

void guarded_free(guarded *g)
{
    if (g->base)
        munmap(g->base, g->mapped);
    *g = (guarded){0};
}

/* The bytes in front of the data, back to its page, still hold what guarded_new left. */
bool guarded_front_whole(const guarded *g)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const unsigned char *p = (const unsigned char *)g->base + page;

    for (; p < (const unsigned char *)g->data; p++)
        if (*p != 0x5a)
            return false;
    return true;
}

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void put_real(void *data, size_t real_bytes, size_t i, double x)
{
    if (real_bytes == 8)
        ((double *)data)[i] = x;
    else
        ((float *)data)[i] = (float)x;
}

double get_real(const void *data, size_t real_bytes, size_t i)
{
    return real_bytes == 8 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

bool is_pattern(double x)
{
    return x == PATTERN;
}

/* Reals are rounded to float first, so that all sets begin with the same numbers. */
void buffer_fill(const job_buffer *b, void *data, size_t real_bytes, uint64_t seed)
{
    uint64_t state = seed;

    for (size_t i = 0; i < b->count; i++) {
        const uint64_t bits = next(&state);
        const double unit = (double)(bits >> 11) * 0x1p-53;
        double x = (double)(float)(b->low + unit * (b->high - b->low));

        if (b->integers)
            x = floor(x);
        switch (b->kind) {
        case JOB_IN:
        case JOB_INOUT:
        case JOB_PACKED:
        case JOB_ROUNDED:
        case JOB_FILTERS:
        case JOB_TILES:
            put_real(data, real_bytes, i, x);
            break;
        case JOB_OUT:
            put_real(data, real_bytes, i, PATTERN);
            break;
        case JOB_TEMP:
            put_real(data, real_bytes, i, NAN);
            break;
        case JOB_WORDS_OUT: /* all of it is written */
            break;
        case JOB_BYTES:
            ((uint8_t *)data)[i] = (uint8_t)(bits % (uint64_t)b->high);
            break;
        case JOB_BYTES_OUT:
            ((uint8_t *)data)[i] = 0xee;
            break;
        case JOB_LABELS:
            ((int32_t *)data)[i] = (int32_t)(bits % (uint64_t)b->high);
            break;
        case JOB_DOUBLES:
            ((double *)data)[i] = x;
            break;
        case JOB_DOUBLES_OUT:
            ((double *)data)[i] = PATTERN;
            break;
        case JOB_STEP:
            ((uint64_t *)data)[i] = (uint64_t)b->high;
            break;
        }
    }
}
