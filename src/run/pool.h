/* Threads that share one list of steps. One pool serves one caller at a time. */
#ifndef FV_RUN_POOL_H
#define FV_RUN_POOL_H
#include "base/error.h"
#include "kernels/kernels.h"

typedef struct fv_pool fv_pool;

/* A pool of `threads` threads, the caller included; 0 = as many as the affinity mask allows. */
fv_status fv_pool_create(const fv_host *host, size_t threads, fv_pool **out, fv_error *err);
void fv_pool_free(fv_pool *pool);
size_t fv_pool_threads(const fv_pool *pool);

/* How many cores this process may use. */
size_t fv_pool_cores(void);

/* Equals: for (c = 0; c < chunks; c++) kernel(args, c * items / chunks, (c + 1) * items / chunks, c); in any order, at
 * once. */
void fv_pool_run(fv_pool *pool, fv_kernel *kernel, const void *args, size_t items, size_t chunks);

#endif
