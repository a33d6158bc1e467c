/* Cases of the kernels over single elements and of the optimizer. */
#include "check.h"

#include "kernels/limits.h"

/* Parameters: count, act, in place, spread in thousandths, largest y if that is to be whole numbers. */
static void build_act(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_elementwise_args, {.count = p[0], .act = (fv_act)p[1]});
    const double spread = p[3] ? (double)p[3] / 1000 : 4;
    const bool backward = j->kernel == FV_K_act_backward;
    const void *first = backward ? &a->dy : &a->x;

    if (backward)
        job_point(j, &a->y,
                  job_add(j, (job_buffer){.kind = JOB_IN,
                                          .count = p[0],
                                          .low = p[4] ? -(double)p[4] : -1,
                                          .high = p[4] ? (double)p[4] + 1 : 1,
                                          .integers = p[4]}));
    if (j->kernel == FV_K_add)
        job_in(j, &a->b, p[0], -1, 1);
    if (p[2]) {
        job_inout(j, first, p[0], -spread, spread);
        job_point(j, &a->out, j->buffers - 1);
    } else {
        job_in(j, first, p[0], -spread, spread);
        job_out(j, &a->out, p[0]);
    }
    j->tiny = 1e-31; /* below the smallest normal float */
    j->work = fv_work_items(p[0], 8);
    j->bytes = (double)(p[0] * j->set->real_bytes * (j->kernel == FV_K_act_forward ? 2 : 3));
    job_text(j, "%zu act %zu%s +-%g", p[0], p[1], p[2] ? " in place" : "", spread);
}

/* Parameters: count, rate in percent, step. */
static void build_dropout(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_elementwise_args, {.count = p[0], .rate = (double)p[1] / 100, .seed = 77, .stream = 5});
    job_in(j, &a->x, p[0], -1, 1);
    job_point(j, &a->step, job_add(j, (job_buffer){.kind = JOB_STEP, .count = 1, .high = (double)p[2]}));
    job_out(j, &a->out, p[0]);
    j->work = fv_work_items(p[0], 8);
    j->bytes = (double)(p[0] * j->set->real_bytes * 2);
    job_text(j, "%zu rate %zu %% step %zu", p[0], p[1], p[2]);
}

static void build_fill(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_fill_args, {.count = p[0], .value = (double)p[1] / 8});
    job_out(j, &a->out, p[0]);
    j->work = fv_work_items(p[0], 4);
    j->bytes = (double)(p[0] * j->set->real_bytes);
    job_text(j, "%zu of %g", p[0], a->value);
}

static void build_square(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_square_args, {.count = p[0]});
    job_in(j, &a->x, p[0], -1, 1);
    job_point(j, &a->out, job_add(j, (job_buffer){.kind = JOB_DOUBLES_OUT, .count = fv_square_parts(p[0])}));
    j->bound = j->set->real_bytes == 8 ? 256 : 1e-6; /* sums are double: squares of floats are exact */
    j->work = fv_work_items(fv_square_parts(p[0]), 65536);
    j->bytes = (double)(p[0] * j->set->real_bytes);
    job_text(j, "%zu", p[0]);
}

/* Parameters: items. The chains begin anywhere and end at their fixed point. */
static void build_limit(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_limit_args, {0});
    job_in(j, &a->x, 3, .1, .6);
    job_out(j, &a->out, p[0]);
    j->work = fv_work_items(p[0], 65536);
    j->flops = 2.0 * FV_LIMIT_FMAS * (double)p[0];
    job_text(j, "%zu", p[0]);
}

/* Parameters: parts, max_norm in hundredths. */
static void build_clip(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_clip_args, {.n_parts = p[0], .max_norm = (double)p[1] / 100});
    job_point(j, &a->parts, job_add(j, (job_buffer){.kind = JOB_DOUBLES, .count = p[0], .low = 0, .high = 3}));
    job_out(j, &a->norm, 1);
    job_out(j, &a->factor, 1);
    j->work = fv_work_items(1, 8 * p[0]);
    job_text(j, "%zu parts, at most %g", p[0], a->max_norm);
}

/* Parameters: count, step, momentum or beta1 in percent, decay in thousandths, nesterov or decoupled, factor. */
static void build_update(job *j, const size_t *p)
{
    const bool adam = j->kernel == FV_K_adam;
    JOB_ARGS(j, fv_update_args,
             {.count = p[0],
              .rate = .25,
              .momentum = (double)p[2] / 100,
              .beta1 = (double)p[2] / 100,
              .beta2 = .999,
              .eps = 1e-8,
              .decay = (double)p[3] / 1000,
              .nesterov = p[4],
              .decoupled = p[4]});

    job_in(j, &a->g, p[0], -1, 1);
    job_point(j, &a->hyper,
              job_add(j, (job_buffer){.kind = JOB_IN,
                                      .count = 2,
                                      .low = (double)p[1],
                                      .high = (double)p[1] + 1,
                                      .integers = true})); /* lr = step: large, so that an error shows */
    if (p[5])
        job_in(j, &a->factor, 1, .3, .7);
    job_inout(j, &a->w, p[0], -1, 1);
    if (adam || p[2])
        job_inout(j, &a->m, p[0], -1, 1);
    if (adam)
        job_inout(j, &a->v, p[0], .01, 1);
    j->work = fv_work_items(p[0], adam ? 28 : 20);
    j->bytes = (double)(p[0] * j->set->real_bytes * (adam ? 7 : 5));
    job_text(j, "%zu step %zu momentum %zu %% decay %zu/1000%s%s", p[0], p[1], p[2], p[3],
             p[4] ? (adam ? " decoupled" : " nesterov") : "", p[5] ? " factor" : "");
}

/* One activation over counts around every width, in place and not, and where its curve bends and ends. */
#define ACT(act)                                                                                                       \
    CASE(act_forward, build_act, 4, EACH, 1, act), CASE(act_forward, build_act, 4, EACH, 15, act, 1),                  \
        CASE(act_forward, build_act, 4, EACH, 16, act), CASE(act_forward, build_act, 4, EACH, 1009, act),              \
        CASE(act_forward, build_act, 4, EACH, 5003, act, 0, 1),                                                        \
        CASE(act_forward, build_act, 4, EACH, 5003, act, 0, 400),                                                      \
        CASE(act_forward, build_act, 4, EACH, 5003, act, 0, 20000),                                                    \
        CASE(act_forward, build_act, 4, EACH, 5003, act, 0, 200000),                                                   \
        CASE(act_forward, build_act, 4, BENCH_ONLY, 602112, act), CASE(act_backward, build_act, 4, 0, 1, act),         \
        CASE(act_backward, build_act, 4, 0, 31, act, 1), CASE(act_backward, build_act, 4, 0, 257, act),                \
        CASE(act_backward, build_act, 4, BENCH_ONLY, 602112, act), CASE(add, build_act, 4, 0, 1, act),                 \
        CASE(add, build_act, 4, 0, 33, act, 1), CASE(add, build_act, 4, 0, 263, act)

static const check_case cases[] = {
    ACT(0),
    ACT(1),
    ACT(2),
    ACT(3),
    ACT(4),
    ACT(5),
    CASE(act_backward, build_act, 0, 0, 203, 1, 0, 0, 1), /* the kinks themselves */
    CASE(act_backward, build_act, 0, 0, 203, 5, 0, 0, 7),
    CASE(dropout, build_dropout, 2, EACH, 1, 50, 0),
    CASE(dropout, build_dropout, 2, EACH, 1003, 50, 3),
    CASE(dropout, build_dropout, 2, EACH, 259, 0, 1),
    CASE(dropout, build_dropout, 2, EACH | BENCH, 4099, 30, 12345),
    CASE(fill, build_fill, 0, 0, 1, 8),
    CASE(fill, build_fill, 0, 0, 37, 0),
    CASE(fill, build_fill, 0, 0, 1031, 5),
    CASE(square_sum, build_square, 2, EACH, 1),
    CASE(square_sum, build_square, 2, EACH, 33),
    CASE(square_sum, build_square, 2, EACH, 300),
    CASE(square_sum, build_square, 2, EACH | BENCH, 61706),
    CASE(square_sum, build_square, 2, EACH | FULL, 5000003),
    CASE(square_sum, build_square, 2, EACH | BENCH_ONLY, 37748736),
    CASE(limit_fma, build_limit, 4, EACH | BENCH, 3),
    CASE(clip_factor, build_clip, 2, EACH, 1, 0),
    CASE(clip_factor, build_clip, 2, EACH, 7, 100),
    CASE(clip_factor, build_clip, 2, EACH, 40, 100000),
    CASE(sgd, build_update, 8, 0, 1, 1, 0, 0, 0, 0),
    CASE(sgd, build_update, 8, 0, 35, 1, 90, 5, 0, 1),
    CASE(sgd, build_update, 8, 0, 1001, 2, 90, 5, 0, 0),
    CASE(sgd, build_update, 8, 0, 129, 3, 90, 0, 1, 1),
    CASE(sgd, build_update, 8, 0, 129, 1, 90, 1, 1, 0),
    CASE(sgd, build_update, 8, BENCH, 61706, 2, 90, 5, 0, 1),
    CASE(adam, build_update, 8, 0, 1, 1, 90, 0, 0, 0),
    CASE(adam, build_update, 8, 0, 1001, 1, 90, 5, 0, 1),
    CASE(adam, build_update, 8, 0, 1001, 3, 90, 5, 0, 1),
    CASE(adam, build_update, 8, 0, 35, 2, 90, 5, 1, 0),
    CASE(adam, build_update, 8, BENCH, 61706, 2, 90, 5, 1, 1),
};

const check_family family_elements = {cases, COUNT(cases)};
