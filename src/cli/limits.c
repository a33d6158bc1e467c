/* The best of several short runs: a limit is what nothing disturbed. */
#include "cli/limits.h"
#include "base/file.h"
#include "base/memory.h"
#include "kernels/copy.h"
#include "kernels/limits.h"

#include <string.h>

enum { RUNS = 12, FMA_ITEMS = 128, CHANNELS = 64, COPY_BYTES = 64 << 20 };

static double best_s(fv_pool *pool, fv_kernel *kernel, const void *args, size_t items)
{
    double best = 1e9;

    for (int run = 0; run < RUNS; run++) {
        const double begin_s = fv_clock_s();

        fv_pool_run(pool, kernel, args, items, fv_pool_threads(pool));
        best = fv_clock_s() - begin_s < best ? fv_clock_s() - begin_s : best;
    }
    return best;
}

static void measure(fv_cli_limits *limits, const fv_host *host, const fv_kernels *kernels, fv_pool *pool)
{
    const float start[3] = {.5f, .25f, 1};
    const size_t threads = fv_pool_threads(pool), items = FMA_ITEMS / threads * threads,
                 rows = COPY_BYTES / (4 * CHANNELS);
    float *x = fv_alloc(host, COPY_BYTES, 2), out[FMA_ITEMS];
    const fv_limit_args fma = {start, out};
    const fv_copy_args copy = {x, x ? x + COPY_BYTES / 4 : NULL, rows, CHANNELS, CHANNELS, CHANNELS};

    if (!x)
        return;
    memset(x, 0, 2 * (size_t)COPY_BYTES);
    limits->fma = 2e-9 * FV_LIMIT_FMAS * (double)items / best_s(pool, kernels->run[FV_K_limit_fma], &fma, items);
    limits->memory = 2e-9 * COPY_BYTES / best_s(pool, kernels->run[FV_K_copy_channels], &copy, rows);
    fv_release(host, x);
}

void fv_cli_limits_measure(fv_cli_limits *limits, const fv_host *host, const fv_kernels *kernels, size_t threads)
{
    fv_pool *pool;

    *limits = (fv_cli_limits){0};
    if (threads > FMA_ITEMS || fv_pool_create(host, threads, &pool, NULL))
        return;
    measure(limits, host, kernels, pool);
    fv_pool_free(pool);
}
