/* Threads that take chunks of a kernel's items.
 *
 * One 64-bit ticket holds the number of the parallel call, how many chunks it has and which one is taken next. Who takes
 * a chunk keeps the call alive until that chunk is done, so a thread that wakes up late reads nothing that is gone: it
 * finds no chunk, or a chunk of the call under way.
 *
 * Between calls threads spin for some tens of microseconds, longer than the gaps inside a training step, and then sleep.
 * That bound is why this is not the pthreadpool library, which spins about a hundred times longer: where other
 * processes want the cores too, a thread that spins holds up the one that it waits for. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "run/pool.h"
#include "base/memory.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { SPINS = 2000 /* about 40 us */, NEXT_BITS = 20, CHUNK_BITS = 20, MOST_CHUNKS = (1 << CHUNK_BITS) - 1 };

struct fv_pool {
    fv_host host;
    size_t count, started; /* threads, the caller included; threads of our own that run */
    unsigned spins;        /* 0 where there are more threads than cores */
    pthread_t *threads;

    /* the call under way; written before the ticket, read after a chunk was taken */
    fv_kernel *kernel;
    const void *args;
    size_t items;

    _Atomic uint64_t ticket;   /* call, chunks, next chunk: from the highest bit to the lowest */
    _Atomic uint32_t finished; /* chunks of this call */
    _Atomic bool stop;

    pthread_mutex_t lock; /* of sleeping only */
    pthread_cond_t wake, done;
    _Atomic uint32_t sleeping; /* threads on `wake` */
    _Atomic bool waiting;      /* the caller, on `done` */
};

size_t fv_pool_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    return CPU_COUNT(&set) > 0 ? (size_t)CPU_COUNT(&set) : 1;
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* ---------------------------------------------------------------------------------------------- chunks */

static uint32_t chunks_of(uint64_t ticket)
{
    return (uint32_t)(ticket >> NEXT_BITS) & MOST_CHUNKS;
}
static uint32_t next_of(uint64_t ticket)
{
    return (uint32_t)ticket & ((1 << NEXT_BITS) - 1);
}

/* Take the next chunk of the call under way; false when none is left. */
static bool take(fv_pool *pool, uint32_t *chunk, uint32_t *chunks)
{
    uint64_t ticket = atomic_load(&pool->ticket);

    do {
        if (next_of(ticket) >= chunks_of(ticket))
            return false;
    } while (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1));
    *chunk = next_of(ticket);
    *chunks = chunks_of(ticket);
    return true;
}

static void work(fv_pool *pool)
{
    uint32_t c, chunks;

    while (take(pool, &c, &chunks)) {
        pool->kernel(pool->args, c * pool->items / chunks, (c + 1) * pool->items / chunks, c);
        if (atomic_fetch_add(&pool->finished, 1) + 1 == chunks && atomic_load(&pool->waiting)) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

static uint32_t call_number(fv_pool *pool)
{
    return (uint32_t)(atomic_load(&pool->ticket) >> (CHUNK_BITS + NEXT_BITS));
}

/* Until another call than `seen` is under way. */
static uint32_t next_call(fv_pool *pool, uint32_t seen)
{
    for (unsigned i = 0; i < pool->spins; i++) {
        if (call_number(pool) != seen)
            return call_number(pool);
        pause_briefly();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleeping, 1);
    while (call_number(pool) == seen)
        pthread_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->sleeping, 1);
    pthread_mutex_unlock(&pool->lock);
    return call_number(pool);
}

static void *run_thread(void *argument)
{
    fv_pool *pool = argument;

    for (uint32_t call = 0;;) {
        call = next_call(pool, call);
        if (atomic_load(&pool->stop))
            return NULL;
        work(pool);
    }
}

static void announce(fv_pool *pool, uint32_t chunks)
{
    const uint64_t call = (uint64_t)call_number(pool) + 1;

    atomic_store(&pool->finished, 0);
    atomic_store(&pool->ticket, (call << CHUNK_BITS | chunks) << NEXT_BITS);
    if (atomic_load(&pool->sleeping)) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
}

static void wait_for_all(fv_pool *pool, uint32_t chunks)
{
    for (unsigned i = 0; i < pool->spins; i++) {
        if (atomic_load(&pool->finished) == chunks)
            return;
        pause_briefly();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->waiting, true);
    while (atomic_load(&pool->finished) != chunks)
        pthread_cond_wait(&pool->done, &pool->lock);
    atomic_store(&pool->waiting, false);
    pthread_mutex_unlock(&pool->lock);
}

void fv_pool_run(fv_pool *pool, fv_kernel *kernel, const void *args, size_t items, size_t chunks)
{
    if (chunks <= 1 || pool->count == 1 || chunks > MOST_CHUNKS) {
        for (size_t c = 0; c < chunks; c++)
            kernel(args, c * items / chunks, (c + 1) * items / chunks, c);
        return;
    }
    pool->kernel = kernel;
    pool->args = args;
    pool->items = items;
    announce(pool, (uint32_t)chunks);
    work(pool);
    wait_for_all(pool, (uint32_t)chunks);
}

/* ---------------------------------------------------------------------------------------------- life */

fv_status fv_pool_create(const fv_host *host, size_t threads, fv_pool **out, fv_error *err)
{
    fv_host h = fv_host_or_default(host);
    fv_pool *pool = fv_alloc(&h, 1, sizeof *pool);
    const size_t cores = fv_pool_cores(), count = threads ? threads : cores;

    *out = NULL;
    if (!pool)
        return fv_fail_memory(err, sizeof *pool, "a thread pool");
    pool->host = h;
    pool->count = count;
    pool->spins = count <= cores ? SPINS : 0;
    pool->threads = fv_alloc(&h, count, sizeof *pool->threads);
    if (!pool->threads) {
        fv_release(&h, pool);
        return fv_fail_memory(err, count * sizeof *pool->threads, "a thread pool");
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    while (pool->started + 1 < count) {
        if (pthread_create(&pool->threads[pool->started], NULL, run_thread, pool)) {
            fv_pool_free(pool);
            return fv_fail(err, FV_E_MEMORY, "cannot start %zu threads; ask for fewer", count);
        }
        pool->started++;
    }
    *out = pool;
    return FV_OK;
}

void fv_pool_free(fv_pool *pool)
{
    if (!pool)
        return;
    const fv_host host = pool->host;

    atomic_store(&pool->stop, true);
    announce(pool, 0);
    for (size_t i = 0; i < pool->started; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    fv_release(&host, pool->threads);
    fv_release(&host, pool);
}

size_t fv_pool_threads(const fv_pool *pool)
{
    return pool->count;
}
