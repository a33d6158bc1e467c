/* Cases of Winograd's convolution, against the convolution itself. */
#include "check.h"

#include <math.h>

/* Parameters: n, h, w, c, kernel, out_c, side, top, left, bottom, right, groups (0 means one), then [12] bias, [13] add,
 * [14] act, [15] gate_act + 1, [16] gap between pixels of y, add and gate, [17] pool. */
static fv_conv_geometry geometry(const size_t *p)
{
    fv_conv_geometry g = {.n = p[0],
                          .in_h = p[1],
                          .in_w = p[2],
                          .in_c = p[3],
                          .kernel_h = p[4],
                          .kernel_w = p[4],
                          .out_c = p[5],
                          .stride_h = 1,
                          .stride_w = 1,
                          .dilation_h = 1,
                          .dilation_w = 1,
                          .pad_top = p[7],
                          .pad_left = p[8],
                          .pad_bottom = p[9],
                          .pad_right = p[10],
                          .groups = p[11] ? p[11] : 1};

    g.out_h = g.in_h + g.pad_top + g.pad_bottom + 1 - g.kernel_h;
    g.out_w = g.in_w + g.pad_left + g.pad_right + 1 - g.kernel_w;
    return g;
}

static void describe(job *j, const fv_winograd_args *a)
{
    const fv_conv_geometry *g = &a->g;

    job_text(j, "%zux%zux%zux%zu F(%zux%zu,%zux%zu) p%zu,%zu,%zu,%zu g%zu -> %zu%s%s%s%s", g->n, g->in_h, g->in_w,
             g->in_c, a->side, a->side, g->kernel_h, g->kernel_w, g->pad_top, g->pad_left, g->pad_bottom, g->pad_right,
             g->groups, g->out_c, a->add ? " add" : "", a->pool ? " pool" : "", a->act ? " act" : "",
             a->gate_act ? " gate" : "");
    j->flops = 2.0 * (double)(g->n * g->out_h * g->out_w * g->kernel_h * g->kernel_w * g->in_c / g->groups * g->out_c);
    j->scratch_offset = offsetof(fv_winograd_args, scratch);
}

static void build_forward(job *j, const size_t *p)
{
    const fv_conv_geometry g = geometry(p);
    const size_t in = g.n * g.in_h * g.in_w * g.in_c;
    const size_t pixels = g.n * g.out_h * g.out_w / (p[17] ? 4 : 1), out = (pixels - 1) * (g.out_c + p[16]) + g.out_c;
    const size_t taps = g.kernel_h * g.kernel_w;
    bool apart;
    JOB_ARGS(j, fv_winograd_args,
             {.g = g,
              .side = p[6],
              .y_step = p[16] ? g.out_c + p[16] : 0,
              .act = (fv_act)p[14],
              .pool = p[17] != 0,
              .gate_act = p[15] ? (fv_act)(p[15] - 1) : FV_ACT_NONE});

    j->work = fv_work_winograd(j->set, a, &apart);
    if (apart)
        job_point(j, &a->v,
                  job_add(j, (job_buffer){.kind = JOB_TILES, .count = in, .low = -1, .high = 1, .tiles = *a}));
    else
        job_in(j, &a->x, in, -1, 1);
    job_point(
        j, &a->u,
        job_add(j, (job_buffer){
                       .kind = JOB_FILTERS,
                       .count = taps * g.in_c / g.groups * g.out_c,
                       .low = -1,
                       .high = 1,
                       .filters = {
                           .kernel = g.kernel_h, .side = p[6], .in_c = g.in_c, .out_c = g.out_c, .groups = g.groups}}));
    if (p[12])
        job_in(j, &a->bias, g.out_c, -1, 1);
    if (p[13])
        job_in(j, &a->add, out, -1, 1);
    if (p[15])
        job_in(j, &a->gate, out, -1, 1);
    job_out(j, &a->y, out);
    /* Errors of the transforms, and those of the sums, which add up like a random walk; of the largest output. */
    j->bound *= 9 + sqrt((double)(g.in_c / g.groups));
    job_activated(j, a->act, taps * g.in_c);
    describe(j, a);
}

static void build_input(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_winograd_args, {.g = geometry(p), .side = p[6]});

    j->work = fv_work_winograd_input(j->set, a);
    job_in(j, &a->x, a->g.n * a->g.in_h * a->g.in_w * a->g.in_c, -1, 1);
    job_out(j, &a->v, fv_winograd_tiles_size(&a->g, a->side));
    describe(j, a);
    j->flops = 0;
    j->scratch_offset = 0;
}

/* Parameters: kernel, side, in_c, out_c, groups, turned. */
static void build_filters(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_winograd_filter_args,
             {.kernel = p[0], .side = p[1], .in_c = p[2], .out_c = p[3], .groups = p[4], .turned = p[5] != 0});
    const size_t in_c = p[2] / p[4], out_c = p[3] / p[4], count = p[0] * p[0] * in_c * p[3];
    const size_t made = p[4] * fv_winograd_panel(j->panel_set->panel, p[1] + p[0] - 1, p[5] ? out_c : in_c,
                                                 p[5] ? in_c : out_c, SIZE_MAX);

    j->work = fv_work_winograd_filters(j->set, a);
    job_in(j, &a->w, count, -1, 1);
    job_out(j, &a->u, made);
    job_text(j, "F(%zux%zu,%zux%zu) %zu -> %zu g%zu%s", p[1], p[1], p[0], p[0], p[2], p[3], p[4],
             p[5] ? " turned" : "");
    j->bytes = (double)j->set->real_bytes * (double)(count + made);
}

/* One line, two kernels: n, h, w, c, kernel, out_c, side, pads, groups, bias, add, act, gate, gap. */
#define WINOGRAD(bound, flags, ...)                                                                                    \
    CASE(winograd_input, build_input, 8, flags, __VA_ARGS__),                                                          \
        CASE(winograd_forward, build_forward, bound, flags, __VA_ARGS__)

static const check_case cases[] = {
    WINOGRAD(6, 0, 1, 1, 1, 1, 3, 1, 4, 1, 1, 1, 1),
    WINOGRAD(6, 0, 2, 5, 4, 3, 3, 7, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, 0, 1, 9, 10, 17, 3, 33, 4, 0, 2, 1, 0, 0, 1, 1, FV_ACT_RELU, 0),
    WINOGRAD(6, 0, 3, 8, 8, 16, 3, 20, 4, 1, 1, 1, 1, 2, 0, 1, FV_ACT_NONE, 1 + FV_ACT_RELU),
    WINOGRAD(6, 0, 2, 4, 13, 6, 3, 9, 4, 2, 2, 2, 2, 3, 1, 0, FV_ACT_TANH, 0),
    WINOGRAD(6, 0, 2, 6, 5, 31, 3, 64, 4, 1, 0, 0, 1, 0, 0, 0, FV_ACT_NONE, 1 + FV_ACT_TANH),
    WINOGRAD(6, 0, 1, 7, 7, 130, 3, 140, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU6, 1 + FV_ACT_SIGMOID),
    WINOGRAD(6, 0, 1, 14, 14, 64, 3, 66, 4, 1, 1, 1, 1, 0, 1, 1, FV_ACT_RELU, 0), /* columns shared out */
    WINOGRAD(6, 0, 3, 27, 29, 5, 3, 40, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),  /* several blocks of tiles */
    WINOGRAD(6, 0, 1, 32, 32, 16, 3, 16, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0), /* ResNet-20 */
    WINOGRAD(6, 0, 1, 16, 16, 32, 3, 32, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, 0, 1, 8, 8, 64, 3, 64, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(1, 0, 2, 7, 7, 18, 3, 35, 2, 1, 1, 1, 1, 0, 1, 1, FV_ACT_RELU, 0),
    WINOGRAD(1, 0, 1, 5, 3, 96, 3, 100, 2, 1, 1, 0, 2, 2, 1, 0, FV_ACT_NONE, 1 + FV_ACT_RELU),
    WINOGRAD(6, 0, 2, 9, 6, 19, 5, 34, 2, 2, 2, 2, 2, 0, 1, 1, FV_ACT_RELU, 0),
    WINOGRAD(6, 0, 1, 12, 12, 48, 5, 96, 2, 2, 4, 0, 1, 2, 1, 0, FV_ACT_NONE, 0),
    WINOGRAD(6, 0, 2, 7, 9, 16, 3, 48, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0, 80), /* a run of wider pixels */
    WINOGRAD(6, 0, 1, 14, 14, 64, 3, 66, 4, 1, 1, 1, 1, 0, 1, 1, FV_ACT_TANH, 1 + FV_ACT_RELU, 5),
    CASE(winograd_forward, build_forward, 6, 0, 2, 8, 12, 16, 3, 33, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0, 0, 1),
    CASE(winograd_forward, build_forward, 6, 0, 1, 14, 10, 64, 3, 50, 4, 1, 1, 1, 1, 0, 0, 0, FV_ACT_NONE, 0, 0, 1),
    CASE(winograd_forward, build_forward, 6, 0, 3, 8, 6, 7, 3, 48, 4, 0, 2, 2, 2, 3, 1, 0, FV_ACT_TANH, 0, 0, 1),
    CASE(winograd_forward, build_forward, 1, 0, 2, 10, 6, 18, 3, 35, 2, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0, 0, 1),
    CASE(winograd_forward, build_forward, 6, 0, 1, 6, 10, 24, 5, 16, 2, 2, 2, 2, 2, 0, 1, 0, FV_ACT_RELU6, 0, 3, 1),
    WINOGRAD(6, FULL, 1, 6, 6, 1030, 3, 65, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0), /* more channels than zeros */
    WINOGRAD(6, FULL, 2, 28, 28, 256, 3, 64, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),

    CASE(winograd_filters, build_filters, 8, 0, 3, 4, 1, 1, 1, 0),
    CASE(winograd_filters, build_filters, 8, 0, 3, 4, 5, 40, 1, 0),
    CASE(winograd_filters, build_filters, 8, 0, 3, 4, 24, 50, 2, 0),
    CASE(winograd_filters, build_filters, 8, 0, 3, 4, 9, 170, 1, 0), /* several panels at once, and what is left */
    CASE(winograd_filters, build_filters, 8, 0, 3, 4, 40, 24, 2, 1),
    CASE(winograd_filters, build_filters, 8, 0, 3, 4, 70, 50, 1, 1),
    CASE(winograd_filters, build_filters, 8, 0, 3, 4, 66, 17, 1, 1),
    CASE(winograd_filters, build_filters, 8, 0, 3, 2, 7, 70, 1, 0),
    CASE(winograd_filters, build_filters, 8, 0, 3, 2, 24, 33, 1, 1),
    CASE(winograd_filters, build_filters, 8, 0, 5, 2, 6, 28, 2, 0),
    CASE(winograd_filters, build_filters, 8, 0, 5, 2, 20, 35, 1, 1),
    CASE(winograd_filters, build_filters, 8, FULL, 3, 4, 330, 360, 1, 0), /* past the caches */
    CASE(winograd_filters, build_filters, 8, FULL, 3, 4, 360, 330, 1, 1),
    CASE(winograd_filters, build_filters, 8, BENCH_ONLY, 3, 4, 512, 512, 1, 0),
    CASE(winograd_filters, build_filters, 8, BENCH_ONLY, 3, 4, 512, 512, 1, 1),

    /* layers of VGG, ResNet and GoogLeNet */
    WINOGRAD(6, BENCH_ONLY, 1, 224, 224, 64, 3, 64, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 1, 112, 112, 64, 3, 128, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 1, 112, 112, 128, 3, 128, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 1, 56, 56, 64, 3, 64, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 4, 56, 56, 256, 3, 256, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 4, 28, 28, 128, 3, 128, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 4, 28, 28, 512, 3, 512, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 1, 14, 14, 256, 3, 256, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 16, 14, 14, 512, 3, 512, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 16, 7, 7, 512, 3, 512, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 1, 7, 7, 512, 3, 512, 4, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 1, 7, 7, 512, 3, 512, 2, 1, 1, 1, 1, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 1, 28, 28, 32, 5, 96, 2, 2, 2, 2, 2, 0, 1, 0, FV_ACT_RELU, 0),
    WINOGRAD(6, BENCH_ONLY, 16, 14, 14, 64, 5, 128, 2, 2, 2, 2, 2, 0, 1, 0, FV_ACT_RELU, 0),
};

const check_family family_winograd = {cases, COUNT(cases)};
