/* Cases of the weight gradient by Winograd's method. */
#include "check.h"

#include "kernels/winograd_weights.h"

/* Parameters: n, h, w, in_c, out_c, kernel, pad, groups, bias. */
static void build(job *j, const size_t *p)
{
    const size_t planes = FV_WINOGRAD_PLANES, out_h = p[1] + 2 * p[6] - p[5] + 1, out_w = p[2] + 2 * p[6] - p[5] + 1;

    JOB_ARGS(j, fv_winograd_weights_args,
             {.g = {.n = p[0],
                    .in_h = p[1],
                    .in_w = p[2],
                    .in_c = p[3],
                    .out_h = out_h,
                    .out_w = out_w,
                    .out_c = p[4],
                    .kernel_h = p[5],
                    .kernel_w = p[5],
                    .stride_h = 1,
                    .stride_w = 1,
                    .dilation_h = 1,
                    .dilation_w = 1,
                    .groups = p[7],
                    .pad_top = p[6],
                    .pad_left = p[6],
                    .pad_bottom = p[6],
                    .pad_right = p[6]}});
    const size_t depth = p[5] * p[5] * p[3] / p[7];

    j->work = fv_work_winograd_weights(j->set, a);
    j->scratch_offset = offsetof(fv_winograd_weights_args, scratch);
    const fv_winograd_weights_layout l = fv_winograd_weights_planes(a);

    job_in(j, &a->x, p[0] * p[1] * p[2] * p[3], -1, 1);
    job_in(j, &a->dy, p[0] * out_h * out_w * p[4], -1, 1);
    job_out(j, &a->dw, depth * p[4]);
    if (p[8])
        job_out(j, &a->db, p[4]);
    job_temp(j, &a->v, planes * l.v_plane);
    job_temp(j, &a->z, planes * l.z_plane);
    job_temp(j, &a->du, planes * l.du_plane);
    j->flops = 2.0 * (double)(p[0] * out_h * out_w * depth * p[4]);
    job_text(j, "%zux%zux%zux%zu k%zu p%zu g%zu -> %zu%s", p[0], p[1], p[2], p[3], p[5], p[6], p[7], p[4],
             p[8] ? " bias" : "");
}

/* Measured against double: errors reach 4 to 50 epsilons of the largest gradient with 3x3 kernels, 35 to 120
 * with 5x5. */
#define WEIGHTS(bound, flags, ...) CASE(winograd_weights, build, bound, flags, __VA_ARGS__)

static const check_case cases[] = {
    WEIGHTS(150, 0, 1, 4, 4, 1, 1, 3, 1, 1, 1),
    WEIGHTS(150, 0, 1, 3, 9, 17, 5, 3, 1, 1, 0),
    WEIGHTS(150, 0, 2, 7, 7, 33, 31, 3, 1, 1, 1),
    WEIGHTS(150, 0, 1, 9, 6, 24, 40, 3, 0, 2, 1),
    WEIGHTS(150, 0, 3, 5, 8, 16, 47, 3, 2, 1, 0),
    WEIGHTS(150, 0, 3, 30, 29, 8, 16, 3, 1, 1, 1), /* several chunks */
    WEIGHTS(150, 0, 2, 8, 7, 15, 18, 5, 2, 1, 1),
    WEIGHTS(150, 0, 1, 9, 9, 34, 66, 5, 2, 2, 0),
    WEIGHTS(150, FULL, 2, 14, 14, 64, 96, 3, 1, 1, 1),
    WEIGHTS(150, FULL, 1, 27, 27, 64, 192, 5, 2, 1, 1),
    WEIGHTS(150, BENCH_ONLY, 4, 56, 56, 64, 64, 3, 1, 1, 0),
    WEIGHTS(150, BENCH_ONLY, 4, 28, 28, 128, 128, 3, 1, 1, 0),
    WEIGHTS(150, BENCH_ONLY, 8, 14, 14, 256, 256, 3, 1, 1, 0),
    WEIGHTS(150, BENCH_ONLY, 16, 7, 7, 512, 512, 3, 1, 1, 0),
    WEIGHTS(150, BENCH_ONLY, 1, 14, 14, 512, 512, 3, 1, 1, 0),
    WEIGHTS(150, BENCH_ONLY, 8, 27, 27, 64, 192, 5, 2, 1, 1),
};

const check_family family_winograd_weights = {cases, COUNT(cases)};
