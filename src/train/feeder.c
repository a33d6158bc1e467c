#include "train/feeder.h"
#include "data/data.h"
#include "net/net.h"
#include <pthread.h>
#include <string.h>

/* One batch that is being filled. */
typedef struct filling {
    fv_batch batch;
    fv_targets targets;
    const uint32_t *indices;
    float *out;
    char *scratch;
    size_t scratch_bytes;
} filling;

/* The thread that fills batches ahead, with a pool of its own. Under `lock`; what is to be filled is written by the owner
 * while no batch is under way. */
struct fv_ahead {
    fv_host host;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    fv_pool *pool;
    bool started, stop;
    bool busy;         /* a batch is wanted and not yet filled */
    fv_feed feed;      /* of the newest batch; n 0 = none, or it was fetched */
    uint32_t *indices; /* its own copy */
    filling filling;
};

static void fill(const void *args, size_t begin, size_t end, size_t slice)
{
    const filling *f = args;

    fv_batch_fill(&f->batch, f->indices, begin, end, f->out, &f->targets, f->scratch + slice * f->scratch_bytes);
}

static void fill_all(fv_pool *pool, const filling *f, size_t n, size_t threads)
{
    fv_pool_run(pool, fill, f, n, threads < n ? threads : n);
}

/* ------------------------------------------------------------------------------------------------ the thread */

static void *run(void *argument)
{
    fv_ahead *a = argument;

    pthread_mutex_lock(&a->lock);
    for (;;) {
        while (!a->busy && !a->stop)
            pthread_cond_wait(&a->begin, &a->lock);
        if (a->stop)
            break;
        pthread_mutex_unlock(&a->lock);
        fill_all(a->pool, &a->filling, a->feed.n, fv_pool_threads(a->pool));
        pthread_mutex_lock(&a->lock);
        a->busy = false;
        pthread_cond_signal(&a->end);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static void stop(fv_ahead *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_signal(&a->begin);
    pthread_mutex_unlock(&a->lock);
    if (a->started)
        pthread_join(a->thread, NULL);
    pthread_cond_destroy(&a->begin);
    pthread_cond_destroy(&a->end);
    pthread_mutex_destroy(&a->lock);
    fv_pool_free(a->pool);
    fv_release(&a->host, a->indices);
    fv_release(&a->host, a);
}

static fv_status start(const fv_host *host, size_t size, size_t threads, fv_ahead **out, fv_error *err)
{
    fv_ahead *a = fv_alloc(host, 1, sizeof *a);
    fv_status status;

    *out = NULL;
    if (!a)
        return fv_fail_memory(err, sizeof *a, "a loader");
    a->host = *host;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->begin, NULL);
    pthread_cond_init(&a->end, NULL);
    status = fv_pool_create(host, threads, &a->pool, err);
    if (!status && !(a->indices = fv_alloc(host, size, sizeof *a->indices)))
        status = fv_fail_memory(err, size * sizeof *a->indices, "a loader");
    if (!status && pthread_create(&a->thread, NULL, run, a))
        status = fv_fail(err, FV_E_MEMORY, "cannot start a thread that reads pictures");
    if (status) {
        stop(a);
        return status;
    }
    a->started = true;
    *out = a;
    return FV_OK;
}

static void wait_for(fv_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    while (a->busy)
        pthread_cond_wait(&a->end, &a->lock);
    pthread_mutex_unlock(&a->lock);
}

/* -------------------------------------------------------------------------------------------------- the feeder */

fv_status fv_feeder_create(const fv_host *host, const fv_data *data, const fv_net *net, size_t size, size_t threads,
                           const fv_kernels *kernels, const fv_augment *augment, fv_feeder *out, fv_error *err)
{
    const fv_preprocess *p = fv_net_preprocess(net);
    const size_t pixels = size * p->height * p->width * p->channels;
    const bool mixed = augment && fv_mix_any(augment), aside = data->in_files || kernels->real_bytes == sizeof(double);
    fv_status status = fv_batch_check(data, p, augment, err);

    *out = (fv_feeder){
        .host = fv_host_or_default(host), .batch = {.data = data, .p = p}, .size = size, .threads = threads};
    if (status)
        return status;
    if (augment) {
        out->augment = *augment;
        out->batch.augment = &out->augment;
    }
    out->scratch_bytes = (fv_batch_scratch(data, p, augment) + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
    out->scratch = fv_alloc(&out->host, threads, out->scratch_bytes);
    out->indices = fv_alloc(&out->host, size, sizeof *out->indices);
    out->targets.label = fv_alloc(&out->host, size, sizeof *out->targets.label);
    if (aside)
        out->pixels = fv_alloc(&out->host, pixels, sizeof *out->pixels);
    if (mixed) {
        out->targets.other = fv_alloc(&out->host, size, sizeof *out->targets.other);
        out->targets.share = fv_alloc(&out->host, size, sizeof *out->targets.share);
    }
    if (!out->scratch || !out->indices || !out->targets.label || (aside && !out->pixels) ||
        (mixed && (!out->targets.other || !out->targets.share)))
        status = fv_fail_memory(err, pixels * sizeof *out->pixels, "a batch");
    if (!status)
        status = fv_batch_shelf(&out->host, data, p, augment, FV_SHELF_BYTES, &out->batch.shelf, err);
    if (!status && data->in_files)
        status = start(&out->host, size, threads, &out->ahead, err);
    if (status)
        fv_feeder_free(out);
    return status;
}

size_t fv_feeder_bytes(const fv_feeder *f)
{
    const fv_preprocess *p = f->batch.p;
    const size_t pixels = f->pixels ? p->height * p->width * p->channels * sizeof *f->pixels : 0;
    const size_t indices = (f->ahead ? 2 : 1) * sizeof *f->indices;
    const size_t mixed = f->targets.share ? sizeof *f->targets.other + sizeof *f->targets.share : 0;

    return f->threads * f->scratch_bytes + f->size * (pixels + indices + sizeof *f->targets.label + mixed);
}

void fv_feeder_free(fv_feeder *f)
{
    void *const blocks[] = {f->scratch, f->indices, f->pixels, f->targets.label, f->targets.other, f->targets.share};

    stop(f->ahead);
    for (size_t i = 0; i < FV_COUNT(blocks); i++)
        if (blocks[i])
            fv_release(&f->host, blocks[i]);
    fv_shelf_free(f->batch.shelf);
    *f = (fv_feeder){0};
}

static filling filling_of(const fv_feeder *f, const fv_feed *feed, const uint32_t *indices, float *out,
                          const fv_targets *targets)
{
    filling one = {f->batch, *targets, indices, out, f->scratch, f->scratch_bytes};

    one.batch.split = feed->split;
    one.batch.seed = feed->seed;
    one.batch.epoch = feed->epoch;
    return one;
}

/* Is it the batch that the thread fills or has filled? */
static bool under_way(const fv_ahead *a, const fv_feed *feed)
{
    return a->feed.n == feed->n && a->feed.split == feed->split && a->feed.seed == feed->seed &&
           a->feed.epoch == feed->epoch && memcmp(a->indices, feed->indices, feed->n * sizeof *feed->indices) == 0;
}

void fv_feeder_prefetch(fv_feeder *f, const fv_feed *feed)
{
    fv_ahead *a = f->ahead;

    if (!a || under_way(a, feed))
        return;
    wait_for(a);
    memcpy(a->indices, feed->indices, feed->n * sizeof *feed->indices);
    a->feed = *feed;
    a->filling = filling_of(f, feed, a->indices, f->pixels, &f->targets);
    pthread_mutex_lock(&a->lock);
    a->busy = true;
    pthread_cond_signal(&a->begin);
    pthread_mutex_unlock(&a->lock);
}

void fv_feeder_fill(fv_feeder *f, fv_exec *exec, fv_value input, int32_t *labels, const fv_feed *feed)
{
    const fv_preprocess *p = f->batch.p;
    const size_t values = feed->n * p->height * p->width * p->channels;

    if (f->ahead) {
        fv_feeder_prefetch(f, feed);
        wait_for(f->ahead);
        f->ahead->feed.n = 0;
        memcpy(labels, f->targets.label, feed->n * sizeof *labels);
    } else {
        const fv_targets targets = {labels, f->targets.other, f->targets.share};
        const filling one =
            filling_of(f, feed, feed->indices, f->pixels ? f->pixels : fv_exec_at(exec, input), &targets);

        fill_all(exec->pool, &one, feed->n, f->threads);
    }
    if (f->pixels && exec->kernels->real_bytes == sizeof(float))
        memcpy(fv_exec_at(exec, input), f->pixels, values * sizeof *f->pixels);
    else
        for (size_t i = 0; f->pixels && i < values; i++)
            fv_exec_set(exec, input, i, (double)f->pixels[i]);
}
