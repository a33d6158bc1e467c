#define _GNU_SOURCE /* sched_getaffinity */
#include "run/pool.h"
#include "base/memory.h"
#include <pthreadpool.h>
#include <sched.h>

struct fv_pool {
    fv_host host;
    pthreadpool_t threads; /* NULL with one thread: the caller alone */
    size_t count;
};

typedef struct work {
    fv_kernel *kernel;
    const void *args;
    size_t items, chunks;
} work;

size_t fv_pool_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    return CPU_COUNT(&set) > 0 ? (size_t)CPU_COUNT(&set) : 1;
}

fv_status fv_pool_create(const fv_host *host, size_t threads, fv_pool **out, fv_error *err)
{
    fv_host h = fv_host_or_default(host);
    fv_pool *pool = fv_alloc(&h, 1, sizeof *pool);

    *out = NULL;
    if (!pool)
        return fv_fail_memory(err, sizeof *pool, "a thread pool");
    pool->host = h;
    pool->count = threads ? threads : fv_pool_cores();
    if (pool->count > 1 && !(pool->threads = pthreadpool_create(pool->count))) {
        const size_t asked = pool->count;

        fv_release(&h, pool);
        return fv_fail(err, FV_E_MEMORY, "cannot start %zu threads; ask for fewer", asked);
    }
    *out = pool;
    return FV_OK;
}

void fv_pool_free(fv_pool *pool)
{
    if (!pool)
        return;
    if (pool->threads)
        pthreadpool_destroy(pool->threads);
    const fv_host host = pool->host;

    fv_release(&host, pool);
}

size_t fv_pool_threads(const fv_pool *pool) { return pool->count; }

static void chunk(void *context, size_t c)
{
    const work *w = context;

    w->kernel(w->args, c * w->items / w->chunks, (c + 1) * w->items / w->chunks, c);
}

void fv_pool_run(fv_pool *pool, fv_kernel *kernel, const void *args, size_t items, size_t chunks)
{
    work w = {kernel, args, items, chunks};

    if (chunks <= 1 || !pool->threads) {
        for (size_t c = 0; c < chunks; c++)
            chunk(&w, c);
        return;
    }
    pthreadpool_parallelize_1d(pool->threads, chunk, &w, chunks, 0);
}
