/*
 * peak.c: what this machine can do at most, so that other figures can be given as a share of it.
 *
 *   gcc -O2 -pthread peak.c -o peak && ./peak [rounds]
 *
 * Measures, for 1 and for 2 threads (each thread pinned to its own core):
 *   - FP32 fused multiply-add rate with 256-bit (AVX2+FMA) and 512-bit (AVX-512F) vectors,
 *     registers only, in GFLOP/s (1 FMA = 2 FLOP);
 *   - bandwidth of a read-only sum over buffers sized for L1, L2, L3 and memory (GB/s, 1e9 bytes),
 *     and of a copy in memory (bytes read + bytes written);
 *   - time of an empty barrier between two spinning threads, the floor of one parallel step.
 * Every figure is the median of `rounds` (default 9) and min..max are printed beside it, because
 * a virtual machine's clock and neighbours vary.  Needs x86-64; nothing is assumed about the maker.
 */
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 2, MAX_ROUNDS = 99 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* ---- FMA loops: 12 independent chains hide a latency of 4 at 2 (or up to 3) per cycle ---------- */

__attribute__((target("avx2,fma"), noinline)) static float fma256(long n)
{
    __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f), s[12];
    for (int i = 0; i < 12; i++)
        s[i] = _mm256_set1_ps(1.0f + i);
    for (long k = 0; k < n; k++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++)
            s[i] = _mm256_fmadd_ps(s[i], a, b);
    }
    for (int i = 1; i < 12; i++)
        s[0] = _mm256_add_ps(s[0], s[i]);
    return _mm256_cvtss_f32(s[0]);
}

__attribute__((target("avx512f"), noinline)) static float fma512(long n)
{
    __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f), s[12];
    for (int i = 0; i < 12; i++)
        s[i] = _mm512_set1_ps(1.0f + i);
    for (long k = 0; k < n; k++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++)
            s[i] = _mm512_fmadd_ps(s[i], a, b);
    }
    for (int i = 1; i < 12; i++)
        s[0] = _mm512_add_ps(s[0], s[i]);
    return _mm512_cvtss_f32(s[0]);
}

/* ---- reading: 8 accumulators, 512 bytes a step ---------------------------------------------- */

__attribute__((target("avx2"), noinline)) static float read256(const float *p, size_t n)
{
    __m256 s[8];
    for (int i = 0; i < 8; i++)
        s[i] = _mm256_setzero_ps();
    for (size_t k = 0; k + 64 <= n; k += 64) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++)
            s[i] = _mm256_add_ps(s[i], _mm256_loadu_ps(p + k + 8 * i));
    }
    for (int i = 1; i < 8; i++)
        s[0] = _mm256_add_ps(s[0], s[i]);
    return _mm256_cvtss_f32(s[0]);
}

__attribute__((target("avx512f"), noinline)) static float read512(const float *p, size_t n)
{
    __m512 s[8];
    for (int i = 0; i < 8; i++)
        s[i] = _mm512_setzero_ps();
    for (size_t k = 0; k + 128 <= n; k += 128) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++)
            s[i] = _mm512_add_ps(s[i], _mm512_loadu_ps(p + k + 16 * i));
    }
    for (int i = 1; i < 8; i++)
        s[0] = _mm512_add_ps(s[0], s[i]);
    return _mm512_cvtss_f32(s[0]);
}

/* ---- running one job on t threads at once ---------------------------------------------------- */

enum kind { FMA256, FMA512, READ, COPY };

struct job {
    enum kind kind;
    int cpu;
    int wide;     /* read with 512-bit loads */
    long n;       /* FMA steps, or passes over the buffer */
    size_t count; /* floats in the buffer */
    float *buf, *dst;
    double t0, t1;
    float sink;
    atomic_int *gate;
    int threads;
};

static void *work(void *arg)
{
    struct job *j = arg;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(j->cpu, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    atomic_fetch_add(j->gate, 1);
    while (atomic_load(j->gate) < j->threads) {
    }
    j->t0 = now();
    switch (j->kind) {
    case FMA256:
        j->sink = fma256(j->n);
        break;
    case FMA512:
        j->sink = fma512(j->n);
        break;
    case READ:
        for (long k = 0; k < j->n; k++)
            j->sink += j->wide ? read512(j->buf, j->count) : read256(j->buf, j->count);
        break;
    case COPY:
        for (long k = 0; k < j->n; k++)
            memcpy(j->dst, j->buf, j->count * sizeof(float));
        j->sink = j->dst[0];
        break;
    }
    j->t1 = now();
    return NULL;
}

/* Seconds from the first start to the last end. */
static double run(struct job *j, int threads)
{
    pthread_t th[MAX_THREADS];
    atomic_int gate = 0;
    for (int i = 0; i < threads; i++) {
        j[i].gate = &gate;
        j[i].threads = threads;
        j[i].cpu = i;
        pthread_create(&th[i], NULL, work, &j[i]);
    }
    for (int i = 0; i < threads; i++)
        pthread_join(th[i], NULL);
    double a = j[0].t0, b = j[0].t1;
    for (int i = 1; i < threads; i++) {
        if (j[i].t0 < a)
            a = j[i].t0;
        if (j[i].t1 > b)
            b = j[i].t1;
    }
    return b - a;
}

static int cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, int threads, double *v, int n, const char *unit)
{
    qsort(v, n, sizeof *v, cmp);
    printf("%-28s %d thread%s  median %9.1f %s  (%.1f .. %.1f)\n", name, threads, threads > 1 ? "s" : " ", v[n / 2],
           unit, v[0], v[n - 1]);
    fflush(stdout);
}

/* ---- the barrier ------------------------------------------------------------------------------ */

static atomic_long turn_a, turn_b;
enum { TURNS = 200000 };

static void *pong(void *arg)
{
    cpu_set_t set;
    (void)arg;
    CPU_ZERO(&set);
    CPU_SET(1, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    for (long i = 1; i <= TURNS; i++) {
        while (atomic_load_explicit(&turn_a, memory_order_acquire) < i) {
        }
        atomic_store_explicit(&turn_b, i, memory_order_release);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 9;
    int wide = __builtin_cpu_supports("avx512f") != 0;
    int cores = 0;
    double v[MAX_ROUNDS];
    cpu_set_t mine;
    if (rounds < 1 || rounds > MAX_ROUNDS)
        rounds = 9;
    CPU_ZERO(&mine);
    if (!sched_getaffinity(0, sizeof mine, &mine))
        cores = CPU_COUNT(&mine);
    int maxt = cores >= 2 ? 2 : 1;

    for (int t = 1; t <= maxt; t++) {
        for (int k = 0; k < 1 + wide; k++) {
            struct job j[MAX_THREADS] = {0};
            long n = 40000000; /* about 0.1 s */
            for (int r = 0; r < rounds; r++) {
                for (int i = 0; i < t; i++)
                    j[i] = (struct job){.kind = k ? FMA512 : FMA256, .n = n};
                double s = run(j, t);
                v[r] = 12.0 * 2 * (k ? 16 : 8) * n * t / s / 1e9;
            }
            report(k ? "FMA, 512-bit" : "FMA, 256-bit", t, v, rounds, "GFLOP/s");
        }
    }

    static const struct {
        const char *name;
        size_t bytes;
    } level[] = {
        {"read, 24 KiB (L1)", 24 << 10},
        {"read, 512 KiB (L2)", 512 << 10},
        {"read, 8 MiB (L3)", 8 << 20},
        {"read, 512 MiB (memory)", (size_t)512 << 20},
    };
    for (int t = 1; t <= maxt; t++) {
        for (size_t l = 0; l < sizeof level / sizeof *level; l++) {
            size_t count = level[l].bytes / sizeof(float);
            long n = (long)(((size_t)2 << 30) / level[l].bytes);
            struct job j[MAX_THREADS] = {0};
            float *buf[MAX_THREADS] = {0};
            if (level[l].bytes <= 1 << 20)
                n *= 4;
            for (int i = 0; i < t; i++) {
                buf[i] = aligned_alloc(64, level[l].bytes);
                for (size_t k = 0; k < count; k++)
                    buf[i][k] = 1e-6f * (k & 255);
            }
            for (int r = 0; r < rounds; r++) {
                for (int i = 0; i < t; i++)
                    j[i] = (struct job){.kind = READ, .wide = wide, .n = n, .count = count, .buf = buf[i]};
                v[r] = (double)level[l].bytes * n * t / run(j, t) / 1e9;
            }
            report(level[l].name, t, v, rounds, "GB/s");
            for (int i = 0; i < t; i++)
                free(buf[i]);
        }
        size_t bytes = (size_t)256 << 20;
        struct job j[MAX_THREADS] = {0};
        float *a[MAX_THREADS], *b[MAX_THREADS];
        for (int i = 0; i < t; i++) {
            a[i] = aligned_alloc(64, bytes), b[i] = aligned_alloc(64, bytes);
            memset(a[i], 1, bytes), memset(b[i], 2, bytes);
        }
        for (int r = 0; r < rounds; r++) {
            for (int i = 0; i < t; i++)
                j[i] = (struct job){.kind = COPY, .n = 4, .count = bytes / sizeof(float), .buf = a[i], .dst = b[i]};
            v[r] = 2.0 * bytes * 4 * t / run(j, t) / 1e9;
        }
        report("copy, 256 MiB (read+write)", t, v, rounds, "GB/s");
        for (int i = 0; i < t; i++)
            free(a[i]), free(b[i]);
    }

    if (maxt == 2) {
        for (int r = 0; r < rounds; r++) {
            pthread_t th;
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(0, &set);
            pthread_setaffinity_np(pthread_self(), sizeof set, &set);
            atomic_store(&turn_a, 0), atomic_store(&turn_b, 0);
            pthread_create(&th, NULL, pong, NULL);
            double t0 = now();
            for (long i = 1; i <= TURNS; i++) {
                atomic_store_explicit(&turn_a, i, memory_order_release);
                while (atomic_load_explicit(&turn_b, memory_order_acquire) < i) {
                }
            }
            v[r] = (now() - t0) / TURNS * 1e9;
            pthread_join(th, NULL);
        }
        report("hand-over there and back", 2, v, rounds, "ns");
    }
    return 0;
}
