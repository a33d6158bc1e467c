/* Cases of activations that have a parameter or whose gradient reads x. */
#include "check.h"

#include "kernels/curve.h"

/* Parameters: count, curve, in place, whole numbers (the kinks themselves), slope in hundredths. */
static void build(job *j, const size_t *p)
{
    const bool backward = j->kernel == FV_K_curve_backward;
    JOB_ARGS(j, fv_curve_args, {.count = p[0], .curve = (fv_curve)p[1], .slope = (double)p[4] / 100});
    const void *first = backward ? &a->dy : &a->x;

    if (backward)
        job_point(j, &a->x,
                  job_add(j, (job_buffer){.kind = JOB_IN, .count = p[0], .low = -6, .high = 6, .integers = p[3]}));
    job_point(j, first,
              job_add(j, (job_buffer){.kind = p[2] ? JOB_INOUT : JOB_IN,
                                      .count = p[0],
                                      .low = -6,
                                      .high = 6,
                                      .integers = p[3] && !backward}));
    if (p[2])
        job_point(j, &a->out, j->buffers - 1);
    else
        job_out(j, &a->out, p[0]);
    j->work = fv_work_items(p[0], 8);
    j->bytes = (double)(p[0] * j->set->real_bytes * (backward ? 3 : 2));
    job_text(j, "%zu curve %zu%s%s slope %g", p[0], p[1], p[2] ? " in place" : "", p[3] ? " kinks" : "", a->slope);
}

#define BOTH(flags, ...)                                                                                               \
    CASE(curve_forward, build, 8, flags, __VA_ARGS__), CASE(curve_backward, build, 8, flags, __VA_ARGS__)
#define CURVE(curve)                                                                                                   \
    BOTH(0, 1, curve, 0, 0, 1), BOTH(0, 31, curve, 1, 0, 20), BOTH(0, 1009, curve, 0, 0, 1),                           \
        BOTH(0, 257, curve, 0, 1, 10), BOTH(BENCH_ONLY, 602112, curve, 0, 0, 1)

static const check_case cases[] = {CURVE(0), CURVE(1), CURVE(2), CURVE(3)};

const check_family family_curve = {cases, COUNT(cases)};
