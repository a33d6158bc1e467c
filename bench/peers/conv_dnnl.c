/*
 * conv_dnnl.c: one convolution at a time with oneDNN, as a yardstick for our own kernels.
 *
 *   gcc -O2 conv_dnnl.c -o conv_dnnl -ldnnl          (oneDNN 2.x: Debian 12's libdnnl-dev)
 *   OMP_NUM_THREADS=1 ./conv_dnnl [--batch N] [--seconds S] [--csv] [LAYER ...]
 *
 * LAYER is vgg16, resnet34 (the distinct shapes of these networks; the default is both) or CxHxW:FxKsSpP,
 * for example 64x56x56:64x3s1p1.  For each layer it times, per direction (forward, backward to data,
 * backward to weights), the algorithms direct, winograd and auto, in the layouts oneDNN itself prefers
 * (`any`: reorders of inputs and weights are outside the clock, Winograd's own transforms inside it), and
 * once more forward direct with plain NHWC activations.  Rates count the direct method's arithmetic,
 * 2*N*F*Ho*Wo*C*K*K, so Winograd may exceed the machine's peak.  `-` means oneDNN has no such kernel.
 */
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(call)                                                                                                    \
    do {                                                                                                               \
        dnnl_status_t st_ = (call);                                                                                    \
        if (st_ != dnnl_success) {                                                                                     \
            fprintf(stderr, "%s:%d: oneDNN status %d\n", __FILE__, __LINE__, st_);                                     \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

struct layer {
    const char *name;
    int c, h, w, f, k, s, p;
};

static const struct layer vgg16[] = {
    {"vgg16 conv1_1", 3, 224, 224, 64, 3, 1, 1},   {"vgg16 conv1_2", 64, 224, 224, 64, 3, 1, 1},
    {"vgg16 conv2_1", 64, 112, 112, 128, 3, 1, 1}, {"vgg16 conv2_2", 128, 112, 112, 128, 3, 1, 1},
    {"vgg16 conv3_1", 128, 56, 56, 256, 3, 1, 1},  {"vgg16 conv3_2", 256, 56, 56, 256, 3, 1, 1},
    {"vgg16 conv4_1", 256, 28, 28, 512, 3, 1, 1},  {"vgg16 conv4_2", 512, 28, 28, 512, 3, 1, 1},
    {"vgg16 conv5_x", 512, 14, 14, 512, 3, 1, 1},
};
static const struct layer resnet34[] = {
    {"resnet34 conv1", 3, 224, 224, 64, 7, 2, 3},     {"resnet34 layer1", 64, 56, 56, 64, 3, 1, 1},
    {"resnet34 layer2.0", 64, 56, 56, 128, 3, 2, 1},  {"resnet34 layer2", 128, 28, 28, 128, 3, 1, 1},
    {"resnet34 layer3.0", 128, 28, 28, 256, 3, 2, 1}, {"resnet34 layer3", 256, 14, 14, 256, 3, 1, 1},
    {"resnet34 layer4.0", 256, 14, 14, 512, 3, 2, 1}, {"resnet34 layer4", 512, 7, 7, 512, 3, 1, 1},
    {"resnet34 project", 64, 56, 56, 128, 1, 2, 0},
};

enum dir { FWD, BWD_DATA, BWD_WEIGHTS };
static const char *dir_name[] = {"fwd", "bwd-data", "bwd-wei"};

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static double seconds = 0.3;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A memory object of its own, filled with small random values so that no zeros or denormals are multiplied. */
static dnnl_memory_t make(const dnnl_memory_desc_t *md)
{
    dnnl_memory_t m;
    void *p;
    CHECK(dnnl_memory_create(&m, md, engine, DNNL_MEMORY_ALLOCATE));
    CHECK(dnnl_memory_get_data_handle(m, &p));
    size_t n = dnnl_memory_desc_get_size(md) / sizeof(float);
    unsigned r = 12345;
    for (size_t i = 0; i < n; i++)
        r = r * 1664525u + 1013904223u, ((float *)p)[i] = ((int)(r >> 9) - (1 << 22)) * (1.0f / (1 << 22));
    return m;
}

/* Median seconds of one call, or a negative number where oneDNN offers nothing; *impl gets the kernel's name. */
static double time_conv(const struct layer *l, int n, enum dir d, dnnl_alg_kind_t alg, int nhwc, char *impl,
                        size_t impl_size)
{
    int ho = (l->h + 2 * l->p - l->k) / l->s + 1, wo = (l->w + 2 * l->p - l->k) / l->s + 1;
    dnnl_dims_t xs = {n, l->c, l->h, l->w}, ws = {l->f, l->c, l->k, l->k}, ys = {n, l->f, ho, wo}, bs = {l->f};
    dnnl_dims_t stride = {l->s, l->s}, pad = {l->p, l->p};
    dnnl_memory_desc_t x, w, y, b;
    dnnl_format_tag_t tag = nhwc ? dnnl_nhwc : dnnl_format_tag_any;
    CHECK(dnnl_memory_desc_init_by_tag(&x, 4, xs, dnnl_f32, tag));
    CHECK(dnnl_memory_desc_init_by_tag(&y, 4, ys, dnnl_f32, tag));
    CHECK(dnnl_memory_desc_init_by_tag(&w, 4, ws, dnnl_f32, dnnl_format_tag_any));
    CHECK(dnnl_memory_desc_init_by_tag(&b, 1, bs, dnnl_f32, dnnl_x));

    dnnl_convolution_desc_t fd, cd;
    dnnl_primitive_desc_t hint = NULL, pd;
    /* the backward descriptors ask for a forward one as a hint; direct always exists */
    CHECK(dnnl_convolution_forward_desc_init(&fd, dnnl_forward_training, d == FWD ? alg : dnnl_convolution_auto, &x, &w,
                                             &b, &y, stride, pad, pad));
    if (d == FWD) {
        fd.prop_kind = dnnl_forward_inference;
        if (dnnl_primitive_desc_create(&pd, &fd, NULL, engine, NULL) != dnnl_success)
            return -1;
    } else {
        CHECK(dnnl_primitive_desc_create(&hint, &fd, NULL, engine, NULL));
        if (d == BWD_DATA)
            CHECK(dnnl_convolution_backward_data_desc_init(&cd, alg, &x, &w, &y, stride, pad, pad));
        else
            CHECK(dnnl_convolution_backward_weights_desc_init(&cd, alg, &x, &w, &b, &y, stride, pad, pad));
        dnnl_status_t st = dnnl_primitive_desc_create(&pd, &cd, NULL, engine, hint);
        CHECK(dnnl_primitive_desc_destroy(hint));
        if (st != dnnl_success)
            return -1;
    }
    const char *s;
    CHECK(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &s));
    snprintf(impl, impl_size, "%s", s);

    dnnl_exec_arg_t args[4];
    int na = 0;
#define ARG(id, what, idx)                                                                                             \
    args[na++] = (dnnl_exec_arg_t)                                                                                     \
    {                                                                                                                  \
        id, make(dnnl_primitive_desc_query_md(pd, what, idx))                                                          \
    }
    if (d == FWD) {
        ARG(DNNL_ARG_SRC, dnnl_query_src_md, 0);
        ARG(DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0);
        ARG(DNNL_ARG_BIAS, dnnl_query_weights_md, 1);
        ARG(DNNL_ARG_DST, dnnl_query_dst_md, 0);
    } else if (d == BWD_DATA) {
        ARG(DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0);
        ARG(DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0);
        ARG(DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, 0);
    } else {
        ARG(DNNL_ARG_SRC, dnnl_query_src_md, 0);
        ARG(DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0);
        ARG(DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, 0);
        ARG(DNNL_ARG_DIFF_BIAS, dnnl_query_diff_weights_md, 1);
    }
    dnnl_primitive_t prim;
    CHECK(dnnl_primitive_create(&prim, pd));
    enum { MAX = 1000 };
    static double t[MAX];
    int runs = 0;
    for (int i = 0; i < 2; i++) {
        CHECK(dnnl_primitive_execute(prim, stream, na, args));
        CHECK(dnnl_stream_wait(stream));
    }
    double end = now() + seconds;
    while (runs < 3 || (runs < MAX && now() < end)) {
        double t0 = now();
        CHECK(dnnl_primitive_execute(prim, stream, na, args));
        CHECK(dnnl_stream_wait(stream));
        t[runs++] = now() - t0;
    }
    for (int i = 0; i < na; i++)
        CHECK(dnnl_memory_destroy(args[i].memory));
    CHECK(dnnl_primitive_destroy(prim));
    CHECK(dnnl_primitive_desc_destroy(pd));
    qsort(t, runs, sizeof *t, cmp);
    return t[runs / 2];
}

static void bench(const struct layer *l, int batch, int csv)
{
    static const struct {
        const char *name;
        dnnl_alg_kind_t alg;
        int nhwc;
    } how[] = {{"direct", dnnl_convolution_direct, 0},
               {"winograd", dnnl_convolution_winograd, 0},
               {"auto", dnnl_convolution_auto, 0},
               {"direct-nhwc", dnnl_convolution_direct, 1}};
    int ho = (l->h + 2 * l->p - l->k) / l->s + 1, wo = (l->w + 2 * l->p - l->k) / l->s + 1;
    double flop = 2.0 * batch * l->f * ho * wo * l->c * l->k * l->k;
    for (int d = 0; d < 3; d++)
        for (int a = 0; a < 4; a++) {
            char impl[80] = "-";
            double s = time_conv(l, batch, d, how[a].alg, how[a].nhwc, impl, sizeof impl);
            if (csv)
                printf("%s,%d,%s,%s,%.4f,%.1f,%s\n", l->name, batch, dir_name[d], how[a].name, s > 0 ? s * 1e3 : -1,
                       s > 0 ? flop / s / 1e9 : 0, impl);
            else if (s > 0)
                printf("%-18s b%-3d %-8s %-11s %9.3f ms %8.1f GFLOP/s  %s\n", l->name, batch, dir_name[d], how[a].name,
                       s * 1e3, flop / s / 1e9, impl);
            else
                printf("%-18s b%-3d %-8s %-11s         -\n", l->name, batch, dir_name[d], how[a].name);
            fflush(stdout);
        }
}

int main(int argc, char **argv)
{
    int batch = 1, csv = 0, done = 0;
    CHECK(dnnl_engine_create(&engine, dnnl_cpu, 0));
    CHECK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    for (int i = 1; i <= argc; i++) {
        const char *a = i < argc ? argv[i] : NULL;
        if (a && !strcmp(a, "--batch") && i + 1 < argc) {
            batch = atoi(argv[++i]);
            continue;
        }
        if (a && !strcmp(a, "--seconds") && i + 1 < argc) {
            seconds = atof(argv[++i]);
            continue;
        }
        if (a && !strcmp(a, "--csv")) {
            csv = 1;
            continue;
        }
        if (!a && done)
            break;
        if (!a || !strcmp(a, "vgg16"))
            for (size_t k = 0; k < sizeof vgg16 / sizeof *vgg16; k++)
                bench(&vgg16[k], batch, csv);
        if (!a || !strcmp(a, "resnet34"))
            for (size_t k = 0; k < sizeof resnet34 / sizeof *resnet34; k++)
                bench(&resnet34[k], batch, csv);
        if (a && strcmp(a, "vgg16") && strcmp(a, "resnet34")) {
            struct layer l = {a, 0, 0, 0, 0, 0, 0, 0};
            if (sscanf(a, "%dx%dx%d:%dx%ds%dp%d", &l.c, &l.h, &l.w, &l.f, &l.k, &l.s, &l.p) != 7 || l.s < 1 ||
                l.k < 1) {
                fprintf(stderr, "cannot read layer '%s': use CxHxW:FxKsSpP\n", a);
                return 2;
            }
            bench(&l, batch, csv);
        }
        done = 1;
    }
    CHECK(dnnl_stream_destroy(stream));
    CHECK(dnnl_engine_destroy(engine));
    return 0;
}
