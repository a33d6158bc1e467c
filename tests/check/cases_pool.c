/* Cases of pooling and subsampling. */
#include "check.h"

/* Parameters: n, h, w, c, kernel_h, kernel_w, stride_h, stride_w, top, left, ceil, [11] act, [12] count_pad, [13] sum,
 * [14] whole numbers (ties), [15] no argmax. */
static fv_pool_args pool_args(const size_t *p)
{
    fv_pool_args a = {.n = p[0],
                      .in_h = p[1],
                      .in_w = p[2],
                      .c = p[3],
                      .kernel_h = p[4],
                      .kernel_w = p[5],
                      .stride_h = p[6],
                      .stride_w = p[7],
                      .pad_top = p[8],
                      .pad_left = p[9],
                      .act = (fv_act)p[11],
                      .count_pad = p[12],
                      .sum = p[13]};
    const size_t up_h = p[10] ? a.stride_h - 1 : 0, up_w = p[10] ? a.stride_w - 1 : 0;

    a.out_h = (a.in_h + 2 * a.pad_top - a.kernel_h + up_h) / a.stride_h + 1;
    a.out_w = (a.in_w + 2 * a.pad_left - a.kernel_w + up_w) / a.stride_w + 1;
    /* a window begins inside the picture */
    a.out_h -= (a.out_h - 1) * a.stride_h >= a.in_h + a.pad_top;
    a.out_w -= (a.out_w - 1) * a.stride_w >= a.in_w + a.pad_left;
    return a;
}

static size_t in_size(const fv_pool_args *a)
{
    return a->n * a->in_h * a->in_w * a->c;
}
static size_t out_size(const fv_pool_args *a)
{
    return a->n * a->out_h * a->out_w * a->c;
}

static void describe(job *j, const fv_pool_args *a)
{
    job_text(j, "%zux%zux%zux%zu k%zux%zu s%zux%zu p%zu,%zu -> %zux%zu act %d", a->n, a->in_h, a->in_w, a->c,
             a->kernel_h, a->kernel_w, a->stride_h, a->stride_w, a->pad_top, a->pad_left, a->out_h, a->out_w,
             (int)a->act);
    j->bytes = (double)((in_size(a) + out_size(a)) * j->set->real_bytes);
}

static void build_forward(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_pool_args, {0});
    *a = pool_args(p);
    job_point(j, &a->x,
              job_add(j, (job_buffer){.kind = JOB_IN,
                                      .count = in_size(a),
                                      .low = p[14] ? -2 : -1,
                                      .high = p[14] ? 2 : 1,
                                      .integers = p[14]}));
    job_out(j, &a->out, out_size(a));
    if (j->kernel == FV_K_maxpool_forward) {
        j->work = fv_work_maxpool_forward(j->set, a);
        if (!p[15])
            job_point(j, &a->argmax, job_add(j, (job_buffer){.kind = JOB_BYTES_OUT, .count = out_size(a)}));
    } else {
        j->work = fv_work_avgpool_forward(j->set, a);
    }
    describe(j, a);
}

/* The arg-max of a backward case is random in a window that lies inside the picture. */
static void build_backward(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_pool_args, {0});
    *a = pool_args(p);
    j->work = fv_work_pool_backward(j->set, a);
    job_in(j, &a->dy, out_size(a), -1, 1);
    if (a->act != FV_ACT_NONE)
        job_in(j, &a->y, out_size(a), -1, 1);
    if (j->kernel == FV_K_maxpool_backward)
        job_point(
            j, &a->argmax,
            job_add(
                j, (job_buffer){.kind = JOB_BYTES, .count = out_size(a), .high = (double)(a->kernel_h * a->kernel_w)}));
    job_out(j, &a->dx, in_size(a));
    describe(j, a);
}

/* Parameters: n, out_h, out_w, c, kernel_h, kernel_w, rest_h, rest_w, act. */
static void build_subsample(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_subsample_args,
             {.n = p[0],
              .out_h = p[1],
              .out_w = p[2],
              .c = p[3],
              .kernel_h = p[4],
              .kernel_w = p[5],
              .in_h = p[1] * p[4] + p[6],
              .in_w = p[2] * p[5] + p[7],
              .act = (fv_act)p[8]});
    const size_t in = a->n * a->in_h * a->in_w * a->c, out = a->n * a->out_h * a->out_w * a->c;

    j->work = fv_work_subsample(j->set, a);
    job_in(j, &a->weight, a->c, -1, 1);
    if (j->kernel != FV_K_subsample_backward_x)
        job_in(j, &a->x, in, -1, 1);
    if (j->kernel != FV_K_subsample_forward) {
        job_in(j, &a->y, out, -1, 1);
        job_in(j, &a->dy, out, -1, 1);
    }
    if (j->kernel == FV_K_subsample_forward) {
        job_in(j, &a->bias, a->c, -1, 1);
        job_out(j, &a->out, out);
    } else if (j->kernel == FV_K_subsample_backward_x) {
        job_out(j, &a->dx, in);
    } else {
        job_out(j, &a->dweight_parts, a->parts * a->c);
        job_out(j, &a->dbias_parts, a->parts * a->c);
        j->work.items = a->parts;
    }
    j->bytes = (double)((in + out) * j->set->real_bytes);
    job_text(j, "%zux%zux%zux%zu k%zux%zu act %d", a->n, a->in_h, a->in_w, a->c, a->kernel_h, a->kernel_w, (int)a->act);
}

#define POOL(flags, ...)                                                                                               \
    CASE(maxpool_forward, build_forward, 4, (flags) | EACH, __VA_ARGS__),                                              \
        CASE(avgpool_forward, build_forward, 8, flags, __VA_ARGS__),                                                   \
        CASE(avgpool_backward, build_backward, 8, flags, __VA_ARGS__)
/* Windows that lie inside the picture: any arg-max is possible. */
#define POOL_INSIDE(flags, ...) POOL(flags, __VA_ARGS__), CASE(maxpool_backward, build_backward, 8, flags, __VA_ARGS__)
#define SUBSAMPLE(flags, ...)                                                                                          \
    CASE(subsample_forward, build_subsample, 8, flags, __VA_ARGS__),                                                   \
        CASE(subsample_backward_x, build_subsample, 8, flags, __VA_ARGS__),                                            \
        CASE(subsample_backward_w, build_subsample, 24, flags, __VA_ARGS__)

static const check_case cases[] = {
    POOL_INSIDE(0, 1, 1, 1, 1, 1, 1, 1, 1),
    POOL_INSIDE(0, 2, 4, 6, 6, 2, 2, 2, 2, 0, 0, 0, 2),
    POOL_INSIDE(0, 2, 5, 7, 7, 2, 2, 2, 2, 0, 0, 0, 1),  /* a row and a column are left over */
    POOL_INSIDE(0, 2, 6, 6, 16, 3, 3, 2, 2, 0, 0, 0, 4), /* windows overlap */
    POOL_INSIDE(0, 2, 7, 11, 33, 3, 3, 2, 2, 0, 0, 0, 1),
    POOL_INSIDE(0, 1, 4, 9, 9, 3, 3, 2, 2, 0, 0, 0, 0),
    POOL_INSIDE(0, 1, 9, 8, 17, 3, 2, 3, 2, 0, 0, 0, 3),
    POOL_INSIDE(0, 1, 9, 9, 33, 2, 2, 3, 3, 0, 0, 0, 0),      /* windows with gaps */
    POOL_INSIDE(0, 3, 7, 7, 5, 7, 7, 1, 1, 0, 0, 0, 0),       /* global */
    POOL_INSIDE(0, 1, 16, 16, 1, 16, 16, 16, 16, 0, 0, 0, 0), /* the largest window an arg-max byte can hold */
    POOL_INSIDE(0, 2, 8, 8, 3, 2, 2, 1, 1, 0, 0, 0, 1, 0, 1, 1),
    POOL(0, 2, 7, 9, 8, 3, 3, 2, 2, 1, 1, 0, 1),             /* pads */
    POOL(0, 2, 7, 9, 15, 3, 3, 2, 2, 1, 1, 0, 0, 1),         /* pads count */
    POOL(0, 1, 6, 8, 31, 3, 3, 2, 2, 0, 0, 1, 2),            /* ceil */
    POOL(0, 1, 5, 5, 9, 2, 2, 2, 2, 0, 0, 1, 1, 0, 0, 1),    /* ceil, ties */
    POOL(0, 2, 5, 5, 4, 3, 3, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1), /* no arg-max */
    POOL(FULL, 1, 90, 80, 40, 3, 3, 2, 2, 1, 1, 0, 1),       /* row blocks */
    POOL_INSIDE(BENCH_ONLY, 128, 28, 28, 6, 2, 2, 2, 2, 0, 0, 0, 2),
    POOL_INSIDE(BENCH_ONLY, 128, 10, 10, 16, 2, 2, 2, 2, 0, 0, 0, 2),
    POOL_INSIDE(BENCH_ONLY, 128, 28, 28, 6, 2, 2, 2, 2),
    POOL_INSIDE(BENCH_ONLY, 128, 10, 10, 16, 2, 2, 2, 2),
    POOL_INSIDE(BENCH_ONLY, 4, 112, 112, 64, 3, 3, 2, 2, 1, 1, 0, 1),
    POOL_INSIDE(BENCH_ONLY, 4, 28, 28, 192, 3, 3, 1, 1, 1, 1, 0, 0),
    POOL(BENCH_ONLY, 4, 112, 112, 64, 3, 3, 2, 2, 1, 1, 0, 1, 0, 0, 0, 1),
    POOL(BENCH_ONLY, 1, 28, 28, 192, 3, 3, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1),

    SUBSAMPLE(0, 1, 1, 1, 1, 1, 1, 0, 0, 0),
    SUBSAMPLE(0, 2, 3, 4, 6, 2, 2, 0, 0, 3),
    SUBSAMPLE(0, 17, 3, 2, 16, 2, 2, 1, 1, 4),
    SUBSAMPLE(0, 3, 2, 3, 33, 3, 2, 0, 1, 2),
    SUBSAMPLE(BENCH_ONLY, 128, 14, 14, 6, 2, 2, 0, 0, 3),
    SUBSAMPLE(BENCH_ONLY, 128, 5, 5, 16, 2, 2, 0, 0, 3),
};

const check_family family_pool = {cases, COUNT(cases)};
