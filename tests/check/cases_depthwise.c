/* Cases of depthwise convolution. */
#include "check.h"

#include "kernels/depthwise.h"

/* Parameters: n, h, w, channels, kernel_h, kernel_w, stride_h, stride_w, top, left, bottom, right, dilation_h,
 * dilation_w (zeros mean one), then [14] bias, [15] act, [16] gate_act + 1. */
static fv_conv_geometry geometry(const size_t *p)
{
    fv_conv_geometry g = {
        .n = p[0],
        .in_h = p[1],
        .in_w = p[2],
        .in_c = p[3],
        .out_c = p[3],
        .groups = p[3],
        .kernel_h = p[4],
        .kernel_w = p[5],
        .stride_h = p[6] ? p[6] : 1,
        .stride_w = p[7] ? p[7] : 1,
        .pad_top = p[8],
        .pad_left = p[9],
        .pad_bottom = p[10],
        .pad_right = p[11],
        .dilation_h = p[12] ? p[12] : 1,
        .dilation_w = p[13] ? p[13] : 1,
    };

    g.out_h = (g.in_h + g.pad_top + g.pad_bottom - g.dilation_h * (g.kernel_h - 1) - 1) / g.stride_h + 1;
    g.out_w = (g.in_w + g.pad_left + g.pad_right - g.dilation_w * (g.kernel_w - 1) - 1) / g.stride_w + 1;
    return g;
}

static void build(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_conv_args, {.g = geometry(p)});
    const fv_conv_geometry *g = &a->g;
    const size_t in = g->n * g->in_h * g->in_w * g->in_c, out = g->n * g->out_h * g->out_w * g->out_c;
    const size_t weights = g->kernel_h * g->kernel_w * g->in_c;

    if (j->kernel != FV_K_depthwise_forward)
        job_in(j, &a->dy, out, -1, 1);
    if (j->kernel != FV_K_depthwise_backward_x)
        job_in(j, &a->x, in, -1, 1);
    if (j->kernel != FV_K_depthwise_backward_w)
        job_in(j, &a->w, weights, -1, 1);
    if (j->kernel == FV_K_depthwise_forward) {
        a->act = (fv_act)p[15];
        j->work = fv_work_depthwise(a, g->out_h, g->out_w);
        if (p[14])
            job_in(j, &a->bias, g->in_c, -1, 1);
        job_out(j, &a->y, out);
        job_activated(j, a->act, g->kernel_h * g->kernel_w);
    } else if (j->kernel == FV_K_depthwise_backward_x) {
        j->work = fv_work_depthwise(a, g->in_h, g->in_w);
        if (p[16]) {
            a->gate_act = (fv_act)(p[16] - 1);
            job_in(j, &a->gate, in, -1, 1);
        }
        job_out(j, &a->dx, in);
    } else {
        j->work = fv_work_depthwise_w(a);
        job_out(j, &a->dw_parts, a->parts * weights);
        if (p[14])
            job_out(j, &a->db_parts, a->parts * g->in_c);
    }
    j->flops = 2.0 * (double)(out * g->kernel_h * g->kernel_w);
    j->bytes = (double)((in + out) * j->set->real_bytes);
    job_text(j, "%zux%zux%zux%zu k%zux%zu s%zux%zu p%zu,%zu,%zu,%zu d%zux%zu act %zu", g->n, g->in_h, g->in_w, g->in_c,
             g->kernel_h, g->kernel_w, g->stride_h, g->stride_w, g->pad_top, g->pad_left, g->pad_bottom, g->pad_right,
             g->dilation_h, g->dilation_w, p[15]);
}

#define DEPTHWISE(flags, ...)                                                                                          \
    CASE(depthwise_forward, build, 12, flags, __VA_ARGS__), CASE(depthwise_backward_x, build, 12, flags, __VA_ARGS__), \
        CASE(depthwise_backward_w, build, 16, flags, __VA_ARGS__)

static const check_case cases[] = {
    DEPTHWISE(0, 1, 1, 1, 2, 1, 1),
    DEPTHWISE(0, 1, 1, 1, 3, 3, 3, 1, 1, 1, 1, 1, 1), /* one row, one column, all else padding */
    DEPTHWISE(0, 2, 5, 6, 17, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),
    DEPTHWISE(0, 3, 7, 9, 31, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 5, 6),  /* MobileNet's stride */
    DEPTHWISE(0, 2, 8, 10, 16, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1, 0, 0, 0), /* its padding in TensorFlow */
    DEPTHWISE(0, 2, 9, 8, 33, 3, 3, 1, 2, 0, 1, 2, 0, 2, 1, 1, 2, 3),  /* everything uneven, dilation */
    DEPTHWISE(0, 1, 12, 13, 40, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 2),
    DEPTHWISE(0, 1, 3, 2, 9, 3, 3, 1, 1, 2, 2, 2, 2, 1, 1, 1, 0, 1), /* windows that hold padding alone but one cell */
    DEPTHWISE(0, 2, 9, 11, 20, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, 1, 3, 4),
    DEPTHWISE(0, 1, 10, 9, 35, 2, 4, 2, 3, 1, 0, 0, 3, 3, 2, 1, 4, 5),
    DEPTHWISE(0, 2, 6, 7, 8, 1, 3, 1, 1, 0, 1, 0, 1), /* fewer rows of taps */
    DEPTHWISE(0, 1, 7, 7, 11, 2, 3, 1, 1, 1, 1, 0, 1, 1, 1, 1),
    DEPTHWISE(0, 1, 9, 6, 10, 6, 3, 1, 1, 2, 1, 2, 1, 1, 1, 1),            /* and more */
    DEPTHWISE(0, 19, 4, 4, 130, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0),    /* more images than parts */
    DEPTHWISE(0, 1, 4, 4, 259, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0),     /* blocks of channels */
    DEPTHWISE(FULL, 1, 70, 66, 40, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 6), /* blocks of rows */
    DEPTHWISE(0, 2, 11, 9, 18, 5, 5, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 2),     /* MobileNetV3's */
    DEPTHWISE(0, 1, 12, 11, 19, 7, 5, 3, 2, 3, 2, 1, 2, 1, 2, 1, 1, 2),
    DEPTHWISE(0, 1, 9, 14, 33, 3, 3, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1, 2), /* pixels between the windows */
    DEPTHWISE(BENCH_ONLY, 1, 112, 112, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 6),
    DEPTHWISE(BENCH_ONLY, 1, 112, 112, 96, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 5, 6),
    DEPTHWISE(BENCH_ONLY, 4, 14, 14, 384, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 6),
    DEPTHWISE(BENCH_ONLY, 4, 14, 14, 384, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, 1, 5, 6),
};

const check_family family_depthwise = {cases, COUNT(cases)};
