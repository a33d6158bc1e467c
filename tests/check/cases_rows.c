/* Cases of soft-max, losses and radial basis functions. */
#include "check.h"

/* Parameters: rows, classes, spread of the inputs. */
static void build_softmax(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_softmax_args, {.n = p[0], .classes = p[1]});
    job_in(j, &a->x, p[0] * p[1], -(double)p[2], (double)p[2]);
    job_out(j, &a->out, p[0] * p[1]);
    j->bound += 2 * (double)p[2]; /* x - max is rounded, and its error is the result's relative error */
    j->tiny = 1e-30;              /* e^-200 is 0 as a float */
    j->work = fv_work_items(p[0], 8 * p[1]);
    j->bytes = (double)(2 * p[0] * p[1] * j->set->real_bytes);
    job_text(j, "[%zu, %zu] +-%zu", p[0], p[1], p[2]);
}

/* Parameters: rows, classes, spread, smoothing in percent, map, j, least input + 1 (0: -spread), mixed, weighted. */
static void build_loss(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_loss_args,
             {.n = p[0], .classes = p[1], .smoothing = (double)p[3] / 100, .map = p[4], .j = (double)p[5]});
    const bool forward = j->kernel == FV_K_cross_entropy_forward || j->kernel == FV_K_squared_forward ||
                         j->kernel == FV_K_rbf_loss_forward;

    job_in(j, &a->x, p[0] * p[1], p[6] ? (double)p[6] - 1 : -(double)p[2], (double)p[2]);
    if (p[8])
        job_in(j, &a->weights, p[1], .1, 3);
    job_point(j, &a->labels, job_add(j, (job_buffer){.kind = JOB_LABELS, .count = p[0], .high = (double)p[1]}));
    if (p[7]) {
        job_point(j, &a->other, job_add(j, (job_buffer){.kind = JOB_LABELS, .count = p[0], .high = (double)p[1]}));
        job_in(j, &a->share, p[0], 0, 1);
    }
    if (forward) {
        job_out(j, &a->loss, p[0]);
    } else {
        job_in(j, &a->scale, 1, .5, 2);
        job_out(j, &a->dx, p[0] * p[1]);
    }
    j->tiny = forward ? (double)p[2] : 0;
    j->work = fv_work_items(p[0], 8 * p[1]);
    j->bytes = (double)(p[0] * p[1] * j->set->real_bytes * (forward ? 1 : 2));
    job_text(j, "[%zu, %zu] +-%zu smoothing %zu %% map %zu j %zu%s%s", p[0], p[1], p[2], p[3], p[4], p[5],
             p[7] ? " mixed" : "", p[8] ? " weighted" : "");
}

/* Parameters: rows, classes, depth. */
static void build_rbf(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_rbf_args, {.n = p[0], .classes = p[1], .depth = p[2]});
    job_in(j, &a->x, p[0] * p[2], -1, 1);
    job_in(j, &a->w, p[1] * p[2], -1, 1);
    if (j->kernel == FV_K_rbf_forward) {
        job_out(j, &a->y, p[0] * p[1]);
    } else {
        job_in(j, &a->dy, p[0] * p[1], -1, 1);
        job_out(j, &a->dx, p[0] * p[2]);
    }
    j->flops = 3.0 * (double)(p[0] * p[1] * p[2]);
    j->work = fv_work_items(p[0], 4 * p[1] * p[2]);
    job_text(j, "[%zu, %zu] to %zu classes", p[0], p[2], p[1]);
}

#define CROSS_ENTROPY(flags, ...)                                                                                      \
    CASE(cross_entropy_forward, build_loss, 4, flags, __VA_ARGS__),                                                    \
        CASE(cross_entropy_backward, build_loss, 16, flags, __VA_ARGS__)
#define SQUARED(flags, ...)                                                                                            \
    CASE(squared_forward, build_loss, 2, flags, __VA_ARGS__), CASE(squared_backward, build_loss, 2, flags, __VA_ARGS__)
#define RBF_LOSS(flags, ...)                                                                                           \
    CASE(rbf_loss_forward, build_loss, 2, flags, __VA_ARGS__),                                                         \
        CASE(rbf_loss_backward, build_loss, 64, flags, __VA_ARGS__)
#define RBF(flags, ...)                                                                                                \
    CASE(rbf_forward, build_rbf, 8, flags, __VA_ARGS__), CASE(rbf_backward, build_rbf, 8, flags, __VA_ARGS__)

static const check_case cases[] = {
    CASE(softmax, build_softmax, 4, 0, 1, 1, 3),
    CASE(softmax, build_softmax, 8, EACH, 5, 10, 8),
    CASE(softmax, build_softmax, 8, EACH, 3, 16, 20),
    CASE(softmax, build_softmax, 8, EACH, 3, 17, 100),
    CASE(softmax, build_softmax, 16, EACH, 2, 1000, 5),
    CASE(softmax, build_softmax, 8, EACH | BENCH, 128, 10, 8),
    CASE(softmax, build_softmax, 16, EACH | BENCH, 64, 1000, 8),
    CROSS_ENTROPY(0, 1, 1, 3),
    CROSS_ENTROPY(0, 7, 10, 8),
    CROSS_ENTROPY(0, 7, 10, 8, 10),
    CROSS_ENTROPY(0, 3, 17, 90),
    CROSS_ENTROPY(0, 2, 1000, 5, 20),
    CROSS_ENTROPY(0, 9, 4, 8, 0, 0, 0, 0, 1),
    CROSS_ENTROPY(0, 7, 10, 8, 10, 0, 0, 0, 1),
    CROSS_ENTROPY(0, 9, 5, 4, 0, 0, 0, 0, 0, 1),
    CROSS_ENTROPY(0, 9, 5, 4, 10, 0, 0, 0, 1, 1),
    CROSS_ENTROPY(BENCH, 128, 10, 8),
    CROSS_ENTROPY(BENCH, 64, 1000, 8),
    SQUARED(0, 1, 1, 2),
    SQUARED(0, 9, 10, 2),
    SQUARED(BENCH, 128, 10, 2),
    RBF_LOSS(0, 1, 1, 4, 0, 0, 0, 1),
    RBF_LOSS(0, 9, 10, 20, 0, 0, 0, 1),
    RBF_LOSS(0, 9, 10, 20, 0, 1, 5, 1),
    RBF_LOSS(0, 9, 10, 900, 0, 1, 150, 1),     /* nothing of exp(-x) is left in a float */
    RBF_LOSS(0, 3, 10, 1100, 0, 1, 1000, 801), /* nor in a double */
    RBF_LOSS(BENCH, 128, 10, 100, 0, 1, 50, 1),
    RBF(0, 1, 1, 1),
    RBF(0, 3, 10, 84),
    RBF(0, 2, 7, 33),
    RBF(BENCH, 128, 10, 84),
};

const check_family family_rows = {cases, COUNT(cases)};
