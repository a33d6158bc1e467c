/* Cases of the convolution kernels. */
#include "check.h"

/* Parameters: n, h, w, c, kernel_h, kernel_w, out_c, stride_h, stride_w, top, left, bottom, right, dilation_h,
 * dilation_w, groups (zeros mean one), then [16] bias, [17] act, [18] gate_act + 1, [19] table, [20] add, [21] gap between
 * pixels of y and add. */
static fv_conv_geometry geometry(const size_t *p)
{
    fv_conv_geometry g = {
        .n = p[0],
        .in_h = p[1],
        .in_w = p[2],
        .in_c = p[3],
        .kernel_h = p[4],
        .kernel_w = p[5],
        .out_c = p[6],
        .stride_h = p[7] ? p[7] : 1,
        .stride_w = p[8] ? p[8] : 1,
        .pad_top = p[9],
        .pad_left = p[10],
        .pad_bottom = p[11],
        .pad_right = p[12],
        .dilation_h = p[13] ? p[13] : 1,
        .dilation_w = p[14] ? p[14] : 1,
        .groups = p[15] ? p[15] : 1,
    };

    g.out_h = (g.in_h + g.pad_top + g.pad_bottom - g.dilation_h * (g.kernel_h - 1) - 1) / g.stride_h + 1;
    g.out_w = (g.in_w + g.pad_left + g.pad_right - g.dilation_w * (g.kernel_w - 1) - 1) / g.stride_w + 1;
    return g;
}

static size_t depth_of(const fv_conv_geometry *g)
{
    return g->kernel_h * g->kernel_w * g->in_c / g->groups;
}

static void describe(job *j, const fv_conv_geometry *g, const char *more)
{
    job_text(j, "%zux%zux%zux%zu k%zux%zu s%zux%zu p%zu,%zu,%zu,%zu d%zux%zu g%zu -> %zu%s", g->n, g->in_h, g->in_w,
             g->in_c, g->kernel_h, g->kernel_w, g->stride_h, g->stride_w, g->pad_top, g->pad_left, g->pad_bottom,
             g->pad_right, g->dilation_h, g->dilation_w, g->groups, g->out_c, more);
    j->flops = 2.0 * (double)(g->n * g->out_h * g->out_w * depth_of(g) * g->out_c);
    j->scratch_offset = offsetof(fv_conv_args, scratch);
}

static size_t in_size(const fv_conv_geometry *g)
{
    return g->n * g->in_h * g->in_w * g->in_c;
}
static size_t out_size(const fv_conv_geometry *g)
{
    return g->n * g->out_h * g->out_w * g->out_c;
}

/* In words of two channels if `half`. */
static void weights(job *j, fv_conv_args *a, bool transposed, bool half)
{
    const size_t depth = depth_of(&a->g), out_c = a->g.out_c / a->g.groups;
    job_buffer b = {.kind = JOB_PACKED, .count = depth * a->g.out_c, .low = -1, .high = 1};

    b.pack = (fv_pack_args){.groups = a->g.groups,
                            .parts = 1,
                            .depth = depth,
                            .cols = out_c,
                            .ld = a->g.out_c,
                            .group_stride = out_c,
                            .run = half ? a->g.in_c / a->g.groups : 0,
                            .transposed = transposed};
    if (transposed) {
        b.pack.parts = a->g.kernel_h;
        b.pack.depth = out_c;
        b.pack.cols = depth / a->g.kernel_h;
        b.pack.part_stride = b.pack.cols * a->g.out_c;
    }
    job_point(j, &a->w, job_add(j, b));
}

static void forward(job *j, const size_t *p, bool half)
{
    JOB_ARGS(j, fv_conv_args, {.g = geometry(p), .act = (fv_act)p[17], .y_step = p[21] ? p[6] + p[21] : 0});
    const size_t gaps = (a->g.n * a->g.out_h * a->g.out_w - 1) * p[21], run = a->g.in_c / a->g.groups;

    if (half)
        job_rounded(j, &a->x, in_size(&a->g) / run, run);
    else
        job_in(j, &a->x, in_size(&a->g), -1, 1);
    weights(j, a, false, half);
    if (p[16])
        job_in(j, &a->bias, a->g.out_c, -1, 1);
    if (p[20])
        job_in(j, &a->add, out_size(&a->g) + gaps, -1, 1);
    job_out(j, &a->y, out_size(&a->g) + gaps);
    job_activated(j, a->act, depth_of(&a->g));
    describe(j, &a->g, p[20] ? " add" : p[17] ? " act" : "");
    if (half)
        a->g.in_c = a->g.groups * ((run + 1) / 2);
    j->work = fv_work_conv_forward(j->set, a);
}

static void build_forward(job *j, const size_t *p)
{
    forward(j, p, false);
}

static void build_half_forward(job *j, const size_t *p)
{
    forward(j, p, true);
}

static void build_backward_x(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_conv_args, {.g = geometry(p), .gate_act = p[18] ? (fv_act)(p[18] - 1) : FV_ACT_NONE});

    j->work = fv_work_conv_backward_x(j->set, a);
    job_in(j, &a->dy, out_size(&a->g), -1, 1);
    weights(j, a, true, false);
    if (p[18])
        job_in(j, &a->gate, in_size(&a->g), -1, 1);
    if (p[20])
        job_in(j, &a->add, in_size(&a->g), -1, 1);
    job_out(j, &a->dx, in_size(&a->g));
    describe(j, &a->g, p[20] ? " add" : p[18] ? " gate" : "");
}

static void build_backward_w(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_conv_args, {.g = geometry(p)});

    j->work = fv_work_conv_backward_w(j->set, a);
    job_in(j, &a->x, in_size(&a->g), -1, 1);
    job_in(j, &a->dy, out_size(&a->g), -1, 1);
    job_out(j, &a->dw_parts, a->parts * depth_of(&a->g) * a->g.out_c);
    if (p[16])
        job_out(j, &a->db_parts, a->parts * a->g.out_c);
    if (p[19])
        job_point(j, &a->table,
                  job_add(j, (job_buffer){.kind = JOB_BYTES, .count = a->g.in_c * a->g.out_c, .high = 2}));
    describe(j, &a->g, p[19] ? " table" : "");
}

/* One line, three kernels: n, h, w, c, kernel, out_c, strides, pads, dilations, groups, bias, act, gate, table,
 * add, gap. */
#define CONV(flags, ...)                                                                                               \
    CASE(conv_forward, build_forward, 12, flags, __VA_ARGS__),                                                         \
        CASE(conv_backward_x, build_backward_x, 12, flags, __VA_ARGS__),                                               \
        CASE(conv_backward_w, build_backward_w, 16, flags, __VA_ARGS__)

static const check_case cases[] = {
    CONV(0, 1, 1, 1, 1, 1, 1, 1),
    CONV(0, 2, 5, 4, 1, 3, 2, 3, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 2, 3),
    CONV(0, 3, 9, 7, 3, 3, 3, 7, 2, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2),
    CONV(0, 2, 8, 11, 5, 1, 1, 17, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 3, 4),
    CONV(0, 2, 8, 11, 16, 1, 1, 33, 2, 3, 0, 0, 0, 0, 1, 1, 1, 0, 4, 5),
    CONV(0, 1, 13, 13, 7, 3, 5, 9, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 0, 0),
    CONV(0, 2, 12, 15, 2, 3, 3, 8, 1, 1, 2, 1, 2, 3, 2, 2, 1, 1, 1, 2), /* dilation */
    CONV(0, 2, 12, 15, 6, 3, 3, 8, 1, 1, 0, 0, 0, 0, 1, 3, 1, 1, 0, 0),
    CONV(0, 2, 9, 9, 6, 3, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 0),    /* groups */
    CONV(0, 3, 7, 6, 17, 3, 2, 17, 2, 1, 1, 0, 0, 1, 1, 1, 17, 1, 2, 3), /* depthwise */
    CONV(0, 2, 8, 8, 32, 3, 3, 66, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1),
    CONV(0, 2, 9, 11, 24, 3, 3, 19, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 6),
    CONV(0, 1, 10, 12, 31, 3, 3, 29, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),
    CONV(0, 2, 11, 11, 3, 7, 7, 24, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0),
    CONV(0, 1, 6, 6, 4, 6, 6, 19, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 2, 0), /* kernel = picture */
    CONV(0, 1, 5, 29, 1, 2, 3, 6, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0),
    CONV(0, 19, 14, 14, 6, 5, 5, 16, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 1), /* table, more images than parts */
    CONV(0, 3, 4, 4, 130, 3, 3, 140, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),    /* not split in parts */
    CONV(0, 2, 9, 9, 6, 3, 3, 74, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 0, 1), /* sums */
    CONV(0, 1, 8, 7, 5, 3, 2, 9, 2, 2, 0, 0, 0, 0, 1, 1, 1, 0, 2, 0, 0, 1),
    CASE(conv_forward, build_forward, 12, 0, 2, 9, 7, 5, 3, 3, 18, 2, 1, 1, 1, 0, 1, 1, 1, 1, 1, FV_ACT_RELU, 0, 0, 1,
         30),
    CASE(conv_forward, build_forward, 12, 0, 1, 8, 8, 6, 3, 3, 4, 1, 1, 0, 0, 0, 0, 1, 1, 2, 1, FV_ACT_TANH, 0, 0, 0,
         3),
    CASE(half_conv_forward, build_half_forward, 12, 0, 1, 1, 1, 1, 1, 1, 1),
    CASE(half_conv_forward, build_half_forward, 12, 0, 3, 9, 7, 3, 3, 3, 7, 2, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1),
    CASE(half_conv_forward, build_half_forward, 12, 0, 2, 8, 11, 16, 1, 1, 33, 2, 3, 0, 0, 0, 0, 1, 1, 1, 0, 4),
    CASE(half_conv_forward, build_half_forward, 12, 0, 2, 12, 15, 2, 3, 3, 8, 1, 1, 2, 1, 2, 3, 2, 2, 1, 1, 1),
    CASE(half_conv_forward, build_half_forward, 12, 0, 2, 9, 9, 6, 3, 3, 74, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 0, 0, 1),
    CASE(half_conv_forward, build_half_forward, 12, 0, 1, 10, 12, 31, 3, 3, 29, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5),
    CASE(half_conv_forward, build_half_forward, 12, 0, 2, 9, 7, 5, 3, 3, 18, 2, 1, 1, 1, 0, 1, 1, 1, 1, 1, FV_ACT_RELU,
         0, 0, 1, 30),
    CASE(half_conv_forward, build_half_forward, 12, FULL, 1, 64, 61, 33, 5, 5, 35, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1),
    CONV(FULL, 2, 70, 66, 9, 3, 3, 40, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2), /* more than one strip and block */
    CONV(FULL, 1, 64, 61, 33, 5, 5, 35, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 2),
    CONV(FULL, 2, 28, 28, 1, 5, 5, 6, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 2, 0),
    CONV(FULL, 1, 30, 28, 3, 11, 11, 8, 4, 4, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0),

    /* LeNet-5 at batch 128, then layers of larger networks */
    CONV(BENCH_ONLY, 128, 28, 28, 1, 5, 5, 6, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0),
    CONV(BENCH_ONLY, 128, 14, 14, 6, 5, 5, 16, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0),
    CONV(BENCH_ONLY, 16, 32, 32, 16, 3, 3, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),
    CONV(BENCH_ONLY, 1, 224, 224, 3, 7, 7, 64, 2, 2, 3, 3, 3, 3, 1, 1, 1, 1, 1, 0),
    CONV(BENCH_ONLY, 4, 56, 56, 64, 3, 3, 64, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),
    CONV(BENCH_ONLY, 4, 28, 28, 128, 3, 3, 128, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),
    CONV(BENCH_ONLY, 1, 14, 14, 512, 3, 3, 512, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),
    CONV(BENCH_ONLY, 4, 28, 28, 192, 1, 1, 96, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2),
};

const check_family family_conv = {cases, COUNT(cases)};
