/* Cases of adaptive average pooling. */
#include "check.h"

#include "kernels/adaptive.h"

/* Parameters: n, h, w, c, out_h, out_w. */
static void build(job *j, const size_t *p)
{
    const bool forward = j->kernel == FV_K_adaptive_forward;
    const size_t in = p[0] * p[1] * p[2] * p[3], out = p[0] * p[4] * p[5] * p[3];
    JOB_ARGS(j, fv_adaptive_args, {.n = p[0], .in_h = p[1], .in_w = p[2], .c = p[3], .out_h = p[4], .out_w = p[5]});

    job_in(j, forward ? &a->x : &a->dy, forward ? in : out, -1, 1);
    job_out(j, forward ? &a->out : &a->dx, forward ? out : in);
    j->work = fv_work_items(p[0] * (forward ? p[4] : p[1]), 4 * p[2] * p[3]);
    j->bytes = (double)((in + out) * j->set->real_bytes);
    job_text(j, "%zux%zux%zux%zu to %zux%zu", p[0], p[1], p[2], p[3], p[4], p[5]);
}

#define ADAPTIVE(flags, ...)                                                                                           \
    CASE(adaptive_forward, build, 8, flags, __VA_ARGS__), CASE(adaptive_backward, build, 8, flags, __VA_ARGS__)

static const check_case cases[] = {
    ADAPTIVE(0, 1, 1, 1, 1, 1, 1),    ADAPTIVE(0, 2, 7, 7, 16, 4, 4), /* [0,2) [1,4) [3,6) [5,7) */
    ADAPTIVE(0, 2, 5, 8, 17, 3, 5),   ADAPTIVE(0, 3, 13, 6, 33, 6, 6),
    ADAPTIVE(0, 1, 2, 3, 5, 6, 7), /* more results than cells */
    ADAPTIVE(0, 2, 9, 11, 20, 1, 10), ADAPTIVE(BENCH_ONLY, 16, 13, 13, 256, 6, 6),
};

const check_family family_adaptive = {cases, COUNT(cases)};
