/* Cases of local response normalisation. */
#include "check.h"

#include "kernels/lrn.h"

/* Parameters: pixels, channels, n, k in hundredths, alpha in millionths, beta in hundredths, largest value, in place. */
static void build(job *j, const size_t *p)
{
    const bool backward = j->kernel == FV_K_lrn_backward;
    const double most = (double)p[6];
    JOB_ARGS(j, fv_lrn_args,
             {.pixels = p[0],
              .channels = p[1],
              .n = p[2],
              .k = (double)p[3] / 100,
              .alpha = (double)p[4] / 1e6,
              .beta = (double)p[5] / 100});

    if (backward)
        job_in(j, &a->x, p[0] * p[1], -most, most);
    if (p[7]) {
        job_inout(j, backward ? &a->dy : &a->x, p[0] * p[1], -most, most);
        job_point(j, backward ? &a->dx : &a->y, j->buffers - 1);
    } else {
        job_in(j, backward ? &a->dy : &a->x, p[0] * p[1], -most, most);
        job_out(j, backward ? &a->dx : &a->y, p[0] * p[1]);
    }
    j->work = fv_work_items(p[0], 16 * p[1]);
    j->work.scratch_bytes = a->scratch_bytes = fv_lrn_scratch(a, backward, j->set->real_bytes);
    j->scratch_offset = offsetof(fv_lrn_args, scratch);
    j->bytes = (double)((backward ? 3 : 2) * p[0] * p[1] * j->set->real_bytes);
    job_text(j, "%zu pixels of %zu channels n %zu k %g alpha %g beta %g +-%g", p[0], p[1], p[2], a->k, a->alpha,
             a->beta, most);
}

#define LRN(flags, ...)                                                                                                \
    CASE(lrn_forward, build, 16, (flags) | EACH, __VA_ARGS__), CASE(lrn_backward, build, 32, flags, __VA_ARGS__)

static const check_case cases[] = {
    LRN(0, 1, 1, 5, 200, 100, 75, 1),
    LRN(0, 9, 3, 5, 200, 100000, 75, 3), /* fewer channels than the window, one block and a rest */
    LRN(0, 3, 15, 5, 100, 300000, 75, 3),
    LRN(0, 17, 16, 5, 200, 50000, 75, 40),
    LRN(0, 5, 33, 5, 200, 20, 75, 200),
    LRN(0, 19, 37, 5, 100, 100000, 75, 3, 1),
    LRN(0, 10, 21, 7, 100, 100000, 60, 3, 1),
    LRN(0, 2, 96, 5, 10, 1000000, 75, 2),
    LRN(0, 4, 17, 1, 150, 200000, 75, 3),
    LRN(0, 4, 31, 3, 100, 400000, 50, 3),
    LRN(0, 3, 20, 9, 100, 400000, 100, 3),
    LRN(0, 3, 8, 21, 300, 100000, 135, 2), /* the window is wider than all channels */
    LRN(0, 2, 40, 5, 100, 100000, 0, 2),
    LRN(BENCH_ONLY, 12100, 96, 5, 200, 100, 75, 1),
    LRN(BENCH_ONLY, 12544, 64, 5, 100, 20, 75, 1),
    LRN(BENCH_ONLY, 3136, 64, 5, 100, 20, 60, 1),
};

const check_family family_lrn = {cases, COUNT(cases)};
