/* Cases of the kernels that move values. */
#include "check.h"

#include "kernels/copy.h"

/* Parameters: pixels, channels, how many more x has, how many more out has. Pointers stand at the first channel; what
 * lies around must stay as it was. */
static void build_copy(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_copy_args, {.pixels = p[0], .channels = p[1], .x_step = p[1] + p[2], .out_step = p[1] + p[3]});

    job_in(j, &a->x, p[0] * a->x_step, -1, 1);
    job_out(j, &a->out, p[0] * a->out_step);
    j->work = fv_work_items(p[0], 8 * p[1]);
    j->bytes = 2 * (double)(p[0] * p[1] * j->set->real_bytes);
    job_text(j, "%zu pixels of %zu channels, steps %zu and %zu", p[0], p[1], a->x_step, a->out_step);
}

/* Parameters: n, h, w, c, features, stride, before. */
static void build_shortcut(job *j, const size_t *p)
{
    const bool forward = j->kernel == FV_K_pad_shortcut_forward;
    JOB_ARGS(j, fv_shortcut_args,
             {.n = p[0], .in_h = p[1], .in_w = p[2], .in_c = p[3], .out_c = p[4], .stride = p[5], .before = p[6]});

    a->out_h = (a->in_h - 1) / a->stride + 1;
    a->out_w = (a->in_w - 1) / a->stride + 1;
    const size_t in = a->n * a->in_h * a->in_w * a->in_c, out = a->n * a->out_h * a->out_w * a->out_c;

    job_in(j, forward ? &a->x : &a->dy, forward ? in : out, -1, 1);
    job_out(j, forward ? &a->y : &a->dx, forward ? out : in);
    j->work = fv_work_items(a->n * (forward ? a->out_h : a->in_h), 8 * a->out_w * a->out_c);
    j->bytes = (double)((in + out) * j->set->real_bytes);
    job_text(j, "%zux%zux%zux%zu -> %zu stride %zu before %zu", a->n, a->in_h, a->in_w, a->in_c, a->out_c, a->stride,
             a->before);
}

#define SHORTCUT(flags, ...)                                                                                           \
    CASE(pad_shortcut_forward, build_shortcut, 0, flags, __VA_ARGS__),                                                 \
        CASE(pad_shortcut_backward, build_shortcut, 0, flags, __VA_ARGS__)

static const check_case cases[] = {
    CASE(copy_channels, build_copy, 0, 0, 1, 1, 0, 0),
    CASE(copy_channels, build_copy, 0, 0, 5, 16, 3, 0),
    CASE(copy_channels, build_copy, 0, 0, 7, 17, 0, 9),
    CASE(copy_channels, build_copy, 0, 0, 30, 31, 1, 2),
    CASE(copy_channels, build_copy, 0, 0, 3, 64, 16, 5),
    CASE(copy_channels, build_copy, 0, BENCH_ONLY, 12544, 64, 192, 0),
    CASE(copy_channels, build_copy, 0, BENCH_ONLY, 12544, 32, 0, 224),
    SHORTCUT(0, 1, 1, 1, 1, 1, 1, 0),
    SHORTCUT(0, 2, 4, 6, 8, 16, 2, 0),
    SHORTCUT(0, 2, 5, 3, 16, 33, 2, 8), /* the last row and column are read */
    SHORTCUT(0, 3, 7, 8, 5, 12, 3, 3),
    SHORTCUT(0, 1, 3, 3, 4, 21, 1, 17), /* all before */
    SHORTCUT(BENCH_ONLY, 16, 56, 56, 64, 128, 2, 0),
};

const check_family family_copy = {cases, COUNT(cases)};
