/* Cases of batch normalisation. */
#include "check.h"

#include "kernels/norm.h"

/* Parameters: n, pixels, channels, [3] lowest and [4] width of x's range in tenths; backward: [5] the mean in
 * tenths. */
static void build_sums(job *j, const size_t *p)
{
    const bool backward = j->kernel == FV_K_bn_sums;
    const double low = (double)p[3] / 10, width = p[4] ? (double)p[4] / 10 : 2;
    JOB_ARGS(
        j, fv_bn_sum_args,
        {.n = p[0], .pixels = p[1], .channels = p[2], .parts = fv_bn_parts(p[0]), .blocks = fv_bn_blocks(p[0], p[2])});
    const size_t count = p[0] * p[1] * p[2];

    job_in(j, &a->x, count, low, low + width);
    if (backward) {
        job_in(j, &a->dy, count, -1, 1);
        job_in(j, &a->mean, p[2], low + width / 4, low + width * 3 / 4);
    }
    job_out(j, &a->first, a->parts * p[2]);
    job_out(j, &a->second, a->parts * p[2]);
    j->work = fv_work_items(a->parts * a->blocks, 4 * count / a->parts);
    j->bytes = (double)((backward ? 2 : 1) * count * j->set->real_bytes);
    job_text(j, "%zux%zux%zu from %g to %g", p[0], p[1], p[2], low, low + width);
}

/* Parameters: n, pixels, channels, frozen. */
static void build_channel(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_bn_channel_args,
             {.n = p[0], .pixels = p[1], .channels = p[2], .parts = fv_bn_parts(p[0]), .eps = 1e-3, .frozen = p[3]});

    if (j->kernel != FV_K_bn_scale) {
        job_in(j, &a->first, a->parts * p[2], -1, 1);
        job_in(j, &a->second, a->parts * p[2], .1, 1);
    }
    job_in(j, &a->gamma, p[2], -2, 2);
    if (j->kernel == FV_K_bn_combine) {
        job_out(j, &a->mean, p[2]);
        job_out(j, &a->var, p[2]);
    } else {
        job_in(j, &a->var_in, p[2], .1, 4);
    }
    if (j->kernel == FV_K_bn_combine_backward) {
        job_out(j, &a->dgamma, p[2]);
        job_out(j, &a->dbeta, p[2]);
        job_out(j, &a->coefficients, 3 * p[2]);
    } else {
        job_out(j, &a->scale, p[2]);
    }
    j->work = fv_work_items(p[2], 64);
    job_text(j, "%zux%zux%zu%s", p[0], p[1], p[2], p[3] ? " frozen" : "");
}

/* Parameters: rows, channels, act or gate, channels of others between those of two pixels of the result. */
static void build_apply(job *j, const size_t *p)
{
    const bool backward = j->kernel == FV_K_bn_backward_x;
    const size_t count = p[0] * p[1];
    JOB_ARGS(j, fv_bn_apply_args,
             {.rows = p[0],
              .channels = p[1],
              .out_step = p[1] + p[3],
              .act = backward ? FV_ACT_NONE : (fv_act)p[2],
              .gate_act = backward ? (fv_act)p[2] : FV_ACT_NONE});

    job_in(j, &a->x, count, -1, 1);
    job_in(j, &a->mean, p[1], -1, 1);
    if (backward) {
        job_in(j, &a->dy, count, -1, 1);
        job_in(j, &a->coefficients, 3 * p[1], -1, 1);
    } else {
        job_in(j, &a->scale, p[1], -2, 2);
        job_in(j, &a->beta, p[1], -1, 1);
    }
    job_out(j, &a->out, count + (p[0] - 1) * p[3]);
    j->work = fv_work_items(p[0], 8 * p[1]);
    j->bytes = (double)((backward ? 3 : 2) * count * j->set->real_bytes);
    job_text(j, "%zu pixels of %zu channels act %zu beside %zu", p[0], p[1], p[2], p[3]);
}

/* Parameters: channels, momentum in percent, values a channel. */
static void build_update(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_bn_update_args,
             {.channels = p[0], .momentum = (double)p[1] / 100, .unbiased = (double)p[2] / (double)(p[2] - 1)});

    job_in(j, &a->mean, p[0], -1, 1);
    job_in(j, &a->var, p[0], 0, 4);
    job_inout(j, &a->running_mean, p[0], -1, 1);
    job_inout(j, &a->running_var, p[0], 0, 4);
    j->work = fv_work_items(p[0], 24);
    job_text(j, "%zu momentum %zu %% of %zu values", p[0], p[1], p[2]);
}

/* Parameters: rows, channels, with a bias. */
static void build_fold(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_bn_fold_args, {.rows = p[0], .channels = p[1]});

    job_in(j, &a->w, p[0] * p[1], -1, 1);
    if (p[2])
        job_in(j, &a->bias, p[1], -1, 1);
    job_in(j, &a->mean, p[1], -1, 1);
    job_in(j, &a->scale, p[1], -2, 2);
    job_in(j, &a->beta, p[1], -1, 1);
    job_out(j, &a->w_out, p[0] * p[1]);
    job_out(j, &a->bias_out, p[1]);
    j->work = fv_work_items(p[0] + 1, 8 * p[1]);
    job_text(j, "%zux%zu%s", p[0], p[1], p[2] ? " bias" : "");
}

#define SUMS(flags, ...)                                                                                               \
    CASE(bn_stats, build_sums, 24, flags, __VA_ARGS__), CASE(bn_sums, build_sums, 24, flags, __VA_ARGS__)
#define APPLY(flags, ...)                                                                                              \
    CASE(bn_apply, build_apply, 8, flags, __VA_ARGS__), CASE(bn_backward_x, build_apply, 8, flags, __VA_ARGS__)

static const check_case cases[] = {
    SUMS(0, 1, 1, 1),
    SUMS(0, 2, 3, 5, 0, 20),
    SUMS(0, 3, 63, 16), /* one value less than a block */
    SUMS(0, 1, 65, 17),
    SUMS(0, 5, 131, 70),
    SUMS(0, 19, 9, 33),   /* more images than parts, parts of two sizes */
    SUMS(0, 1, 30, 1030), /* blocks of channels */
    SUMS(0, 2, 49, 323),
    SUMS(FULL, 2, 12544, 24),      /* many blocks */
    SUMS(0, 4, 200, 9, 10000, 10), /* from 1000 to 1001: nothing cancels */
    SUMS(BENCH_ONLY, 16, 3136, 64),
    SUMS(BENCH_ONLY, 16, 49, 512),
    SUMS(BENCH_ONLY, 16, 1024, 16),
    CASE(bn_combine, build_channel, 16, 0, 1, 7, 1),
    CASE(bn_combine, build_channel, 16, 0, 3, 5, 17),
    CASE(bn_combine, build_channel, 16, 0, 33, 4, 40),
    CASE(bn_scale, build_channel, 8, EACH, 1, 1, 1),
    CASE(bn_scale, build_channel, 8, EACH, 1, 1, 35),
    CASE(bn_combine_backward, build_channel, 16, 0, 1, 7, 1),
    CASE(bn_combine_backward, build_channel, 16, 0, 3, 5, 17),
    CASE(bn_combine_backward, build_channel, 16, 0, 33, 4, 40, 1),
    APPLY(0, 1, 1, 0),
    APPLY(0, 7, 16, 1),
    APPLY(0, 5, 31, 2),
    APPLY(0, 9, 33, 3),
    APPLY(0, 3, 70, 4),
    APPLY(0, 4, 35, 1, 13),
    APPLY(BENCH_ONLY, 50176, 64, 1),
    APPLY(BENCH_ONLY, 784, 512, 1),
    APPLY(BENCH_ONLY, 16384, 16, 1),
    CASE(bn_update, build_update, 4, 0, 1, 10, 2),
    CASE(bn_update, build_update, 4, 0, 37, 90, 300),
    CASE(bn_fold, build_fold, 4, 0, 1, 1, 1),
    CASE(bn_fold, build_fold, 4, 0, 27, 19, 0),
    CASE(bn_fold, build_fold, 4, 0, 9, 64, 1),
};

const check_family family_norm = {cases, COUNT(cases)};
