/* Cases of pack, gemm, gemm_tn and sum_parts, and of the first two in words of two bf16. */
#include "check.h"

/* Parameters: groups, depth, cols, transposed, parts. The source has gaps between rows. */
static void build_pack(job *j, const size_t *p)
{
    const size_t groups = p[0], depth = p[1], cols = p[2], parts = p[4] ? p[4] : 1, matrices = groups * parts;
    const bool transposed = p[3];
    const size_t rows = transposed ? matrices * cols : depth, width = transposed ? depth : matrices * cols;
    const size_t stride = transposed ? cols * (width + 3) : cols;

    JOB_ARGS(j, fv_pack_args,
             {.groups = groups,
              .parts = parts,
              .depth = depth,
              .cols = cols,
              .ld = width + 3,
              .transposed = transposed,
              .group_stride = parts * stride,
              .part_stride = stride});
    job_in(j, &a->b, (rows - 1) * (width + 3) + width, -1, 1);
    /* The plain kernel writes this set's layout here, see check.c; it has no padding of its own to size by. */
    job_out(j, &a->panels, matrices * fv_packed_elements(j->panel_set, depth, cols));
    j->work = fv_work_items(matrices * fv_packed_panels(j->panel_set, cols), 1);
    j->bytes = (double)(2 * matrices * depth * cols * j->set->real_bytes);
    job_text(j, "%zu x %zu x [%zu, %zu]%s", groups, parts, depth, cols, transposed ? " transposed" : "");
}

/* Parameters: groups, runs, run, cols. */
static void build_half_pack(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_pack_args,
             {.groups = p[0], .parts = 1, .depth = p[1] * p[2], .cols = p[3], .ld = p[0] * p[3] + 3, .run = p[2]});
    const size_t width = a->groups * a->cols;

    a->group_stride = a->cols;
    job_in(j, &a->b, (a->depth - 1) * a->ld + width, -1, 1);
    job_add(j, (job_buffer){
                   .kind = JOB_WORDS_OUT,
                   .count = a->groups * fv_packed_elements(j->panel_set, fv_pack_depth(a), a->cols),
               });
    job_point(j, &a->panels, j->buffers - 1);
    j->work = fv_work_items(a->groups * fv_packed_panels(j->panel_set, a->cols), 1);
    job_text(j, "%zu x %zu runs of %zu, %zu columns", p[0], p[1], p[2], p[3]);
}

/* Parameters: rows, run. */
static void build_half_round(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_round_args, {.rows = p[0], .run = p[1]});
    job_in(j, &a->x, a->rows * a->run, -1, 1);
    job_point(j, &a->out, job_add(j, (job_buffer){.kind = JOB_WORDS_OUT, .count = a->rows * ((a->run + 1) / 2)}));
    j->work = fv_work_items(a->rows, 1);
    job_text(j, "%zu rows of %zu", p[0], p[1]);
}

static const char *const acts[] = {"", " relu", " tanh", " lecun-tanh", " sigmoid", " relu6"};

/* Parameters: rows, depth, cols, bias, act, gate_act + 1 (0 = no gate), gap behind rows of c, add. */
static void product(job *j, const size_t *p, bool half)
{
    JOB_ARGS(j, fv_gemm_args,
             {.rows = p[0],
              .depth = p[1],
              .cols = p[2],
              .lda = p[1] + p[6],
              .ldc = p[2] + p[6],
              .act = (fv_act)p[4],
              .gate_act = p[5] ? (fv_act)(p[5] - 1) : FV_ACT_NONE});
    const size_t c = (a->rows - 1) * a->ldc + a->cols;

    if (half)
        job_rounded(j, &a->a, a->rows, a->depth);
    else
        job_in(j, &a->a, (a->rows - 1) * a->lda + a->depth, -1, 1);
    job_point(j, &a->b,
              job_add(j, (job_buffer){.kind = JOB_PACKED,
                                      .count = a->depth * a->cols,
                                      .low = -1,
                                      .high = 1,
                                      .pack = {.groups = 1,
                                               .parts = 1,
                                               .depth = a->depth,
                                               .cols = a->cols,
                                               .ld = a->cols,
                                               .run = half ? a->depth : 0}}));
    if (p[3])
        job_in(j, &a->bias, a->cols, -1, 1);
    if (p[5])
        job_in(j, &a->gate, c, -1, 1);
    if (p[7])
        job_in(j, &a->add, c, -1, 1);
    job_out(j, &a->c, c);
    j->flops = 2.0 * (double)(a->rows * a->depth * a->cols);
    job_activated(j, a->act, a->depth);
    job_text(j, "[%zu, %zu] x [%zu, %zu]%s%s%s%s", a->rows, a->depth, a->depth, a->cols, p[3] ? " bias" : "",
             acts[a->act], p[5] ? " gate" : "", p[7] ? " add" : "");
    if (half)
        a->depth = a->lda = (a->depth + 1) / 2;
    j->work = fv_work_gemm(j->set, a);
}

static void build_gemm(job *j, const size_t *p)
{
    product(j, p, false);
}

static void build_half_gemm(job *j, const size_t *p)
{
    product(j, p, true);
}

/* Parameters: depth, rows, cols, sums, gap, parts, samples. */
static void build_gemm_tn(job *j, const size_t *p)
{
    const size_t parts = p[5] ? p[5] : 1;
    JOB_ARGS(j, fv_gemm_tn_args,
             {.depth = p[0],
              .rows = p[1],
              .cols = p[2],
              .lda = p[1] + p[4],
              .ldb = p[2] + p[4],
              .parts = p[5],
              .samples = p[6]});

    j->work = fv_work_gemm_tn(j->set, a);
    job_in(j, &a->a, (a->depth - 1) * a->lda + a->rows, -1, 1);
    job_in(j, &a->b, (a->depth - 1) * a->ldb + a->cols, -1, 1);
    job_out(j, &a->c, parts * a->rows * a->cols);
    if (p[3])
        job_out(j, &a->sums, parts * a->cols);
    j->flops = 2.0 * (double)(a->rows * a->depth * a->cols);
    job_text(j, "[%zu, %zu]^T x [%zu, %zu]%s in %zu parts", a->depth, a->rows, a->depth, a->cols, p[3] ? " sums" : "",
             parts);
}

/* Parameters: count, parts. */
static void build_sum(job *j, const size_t *p)
{
    JOB_ARGS(j, fv_sum_args, {.count = p[0], .n_parts = p[1]});
    job_in(j, &a->parts, a->count * a->n_parts, -1, 1);
    job_out(j, &a->out, a->count);
    j->work = fv_work_items(a->count, 4 * a->n_parts);
    j->bytes = (double)(a->count * (a->n_parts + 1) * j->set->real_bytes);
    job_text(j, "%zu parts of %zu", a->n_parts, a->count);
}

static const check_case cases[] = {
    CASE(pack, build_pack, 0, 0, 1, 1, 1, 0),
    CASE(pack, build_pack, 0, 0, 1, 7, 84, 0),
    CASE(pack, build_pack, 0, 0, 1, 25, 6, 0),
    CASE(pack, build_pack, 0, 0, 3, 5, 23, 0),
    CASE(pack, build_pack, 0, 0, 2, 33, 41, 0),
    CASE(pack, build_pack, 0, 0, 1, 1, 1, 1),
    CASE(pack, build_pack, 0, 0, 1, 16, 150, 1),
    CASE(pack, build_pack, 0, 0, 3, 19, 17, 1),
    CASE(pack, build_pack, 0, 0, 2, 16, 30, 1, 5),
    CASE(pack, build_pack, 0, 0, 1, 9, 21, 0, 3),
    CASE(pack, build_pack, 0, 0, 1, 80, 75, 1),
    CASE(pack, build_pack, 0, 0, 2, 5, 330, 0), /* more whole panels than are filled at once */
    CASE(pack, build_pack, 0, FULL, 2, 70, 129, 1),
    CASE(pack, build_pack, 0, FULL, 1, 2064, 2072, 1), /* past the caches */
    CASE(pack, build_pack, 0, BENCH_ONLY, 1, 400, 120, 0),
    CASE(pack, build_pack, 0, BENCH_ONLY, 1, 120, 400, 1),
    CASE(pack, build_pack, 0, BENCH_ONLY, 1, 4608, 512, 0),
    CASE(pack, build_pack, 0, BENCH_ONLY, 1, 9216, 4096, 0),
    CASE(pack, build_pack, 0, BENCH_ONLY, 1, 4096, 9216, 1),
    CASE(pack, build_pack, 0, BENCH_ONLY, 1, 512, 1536, 1, 3),

    /* every height of a tile, every width of a panel */
    CASE(gemm, build_gemm, 8, 0, 1, 1, 1),
    CASE(gemm, build_gemm, 8, 0, 2, 3, 6),
    CASE(gemm, build_gemm, 8, 0, 3, 5, 7, 1),
    CASE(gemm, build_gemm, 8, 0, 4, 25, 8, 1, 1),
    CASE(gemm, build_gemm, 8, 0, 5, 16, 9, 1, 2),
    CASE(gemm, build_gemm, 8, 0, 6, 17, 15, 1, 3),
    CASE(gemm, build_gemm, 8, 0, 7, 31, 16, 1, 4),
    CASE(gemm, build_gemm, 8, 0, 8, 7, 17, 0, 0, 3),
    CASE(gemm, build_gemm, 8, 0, 9, 84, 10, 1, 0, 2, 3),
    CASE(gemm, build_gemm, 8, 0, 10, 13, 23, 1, 1, 0, 5),
    CASE(gemm, build_gemm, 8, 0, 11, 64, 24, 0, 0, 4, 1),
    CASE(gemm, build_gemm, 8, 0, 12, 19, 25, 1, 2, 0, 2),
    CASE(gemm, build_gemm, 8, 0, 13, 29, 31, 1, 4, 5, 7),
    CASE(gemm, build_gemm, 8, 0, 14, 37, 32, 0),
    CASE(gemm, build_gemm, 8, 0, 15, 11, 33, 1),
    CASE(gemm, build_gemm, 8, 0, 17, 41, 40, 1),
    CASE(gemm, build_gemm, 8, 0, 19, 43, 41, 1, 1),
    CASE(gemm, build_gemm, 8, 0, 21, 47, 48, 1),
    CASE(gemm, build_gemm, 8, 0, 23, 53, 63, 0, 0, 2),
    CASE(gemm, build_gemm, 8, 0, 25, 59, 64, 1),
    CASE(gemm, build_gemm, 8, 0, 27, 61, 65, 1),
    CASE(gemm, build_gemm, 8, 0, 28, 25, 6, 1),
    CASE(gemm, build_gemm, 8, 0, 16, 70, 41, 1, 5),
    CASE(gemm, build_gemm, 8, 0, 1, 300, 200, 1, 5),
    CASE(gemm, build_gemm, 8, 0, 29, 25, 16, 1),
    CASE(gemm, build_gemm, 8, 0, 57, 67, 97, 1, 3),
    CASE(gemm, build_gemm, 8, 0, 1, 400, 1000, 1),
    CASE(gemm, build_gemm, 8, 0, 45, 512, 24, 1, 1),          /* rows half a page apart: chunks of half the height */
    CASE(gemm, build_gemm, 8, 0, 1, 300, 171, 1, 5, 0, 0, 1), /* four panels at once, then others */
    CASE(gemm, build_gemm, 8, 0, 59, 31, 77, 1, 1, 0, 3, 1),
    CASE(gemm, build_gemm, 8, 0, 20, 19, 70, 0, 2, 2, 5, 1),
    CASE(gemm, build_gemm, 16, FULL, 3, 1200, 513, 1, 2),
    CASE(gemm, build_gemm, 8, FULL, 115, 300, 1100, 1, 1), /* several blocks of rows and of columns */
    CASE(gemm, build_gemm, 8, BENCH | FULL, 128, 400, 120, 1, 2),
    CASE(gemm, build_gemm, 8, BENCH | FULL, 128, 120, 84, 1, 2),
    CASE(gemm, build_gemm, 8, BENCH | FULL, 128, 84, 10, 1),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 128, 400, 120, 1),
    CASE(gemm, build_gemm, 8, BENCH | FULL, 128, 120, 400, 0, 0, 3),
    CASE(gemm, build_gemm, 8, BENCH | FULL, 128, 84, 120, 0, 0, 3),
    CASE(gemm, build_gemm, 8, BENCH | FULL, 128, 10, 84, 0, 0, 3),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 1, 400, 120, 1),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 1, 9216, 4096, 1),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 196, 512, 512, 1, 1),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 784, 1152, 256, 1, 1),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 169, 512, 1000, 1, 1),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 196, 512, 24, 1, 1),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 12544, 16, 96, 1, 5),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 3136, 24, 144, 1, 1),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 3136, 144, 24, 1, 0),
    CASE(gemm, build_gemm, 8, BENCH_ONLY, 12544, 32, 16, 1, 0),

    CASE(half_pack, build_half_pack, 0, 0, 1, 1, 1, 1),
    CASE(half_pack, build_half_pack, 0, 0, 1, 1, 7, 84),
    CASE(half_pack, build_half_pack, 0, 0, 3, 9, 5, 23),
    CASE(half_pack, build_half_pack, 0, 0, 2, 4, 6, 41),
    CASE(half_pack, build_half_pack, 0, FULL, 2, 1, 70, 129),
    CASE(half_round, build_half_round, 0, 0, 1, 1),
    CASE(half_round, build_half_round, 0, 0, 3, 31),
    CASE(half_round, build_half_round, 0, 0, 5, 32),
    CASE(half_round, build_half_round, 0, 0, 2, 77),
    /* Products of bf16 are exact in float, so the bounds are those of gemm. */
    CASE(half_gemm, build_half_gemm, 8, 0, 1, 1, 1),
    CASE(half_gemm, build_half_gemm, 8, 0, 3, 5, 7, 1),
    CASE(half_gemm, build_half_gemm, 8, 0, 6, 17, 15, 1, 3),
    CASE(half_gemm, build_half_gemm, 8, 0, 9, 84, 10, 1, 0, 2, 3),
    CASE(half_gemm, build_half_gemm, 8, 0, 14, 37, 32, 0),
    CASE(half_gemm, build_half_gemm, 8, 0, 17, 41, 40, 1, 1),
    CASE(half_gemm, build_half_gemm, 8, 0, 27, 61, 65, 1),
    CASE(half_gemm, build_half_gemm, 8, 0, 1, 300, 171, 1, 5, 0, 0, 1), /* four panels at once, then others */
    CASE(half_gemm, build_half_gemm, 8, 0, 59, 31, 77, 1, 1, 0, 3, 1),
    CASE(half_gemm, build_half_gemm, 8, FULL, 115, 300, 1100, 1, 1),

    CASE(gemm_tn, build_gemm_tn, 8, 0, 1, 1, 1, 1),
    CASE(gemm_tn, build_gemm_tn, 8, 0, 3, 5, 7, 1),
    CASE(gemm_tn, build_gemm_tn, 8, 0, 5, 15, 17, 0, 3),
    CASE(gemm_tn, build_gemm_tn, 8, 0, 17, 28, 31, 1, 1),
    CASE(gemm_tn, build_gemm_tn, 8, 0, 33, 29, 33, 1),
    CASE(gemm_tn, build_gemm_tn, 8, 0, 8, 41, 9, 1),
    CASE(gemm_tn, build_gemm_tn, 32, 0, 300, 59, 40, 1),          /* several visits */
    CASE(gemm_tn, build_gemm_tn, 8, 0, 3, 570, 464, 1),           /* past the caches */
    CASE(gemm_tn, build_gemm_tn, 8, 0, 2, 540, 489, 0),           /* columns that are no whole vectors */
    CASE(gemm_tn, build_gemm_tn, 8, 0, 85, 33, 41, 1, 2, 16, 17), /* parts of one sample and of two */
    CASE(gemm_tn, build_gemm_tn, 32, 0, 900, 30, 9, 0, 0, 2, 3),
    CASE(gemm_tn, build_gemm_tn, 8, 0, 128, 84, 10, 1),
    CASE(gemm_tn, build_gemm_tn, 8, BENCH | FULL, 128, 400, 120, 1),
    CASE(gemm_tn, build_gemm_tn, 8, BENCH | FULL, 128, 120, 84, 1),
    CASE(gemm_tn, build_gemm_tn, 8, BENCH_ONLY, 128, 84, 10, 1),
    CASE(gemm_tn, build_gemm_tn, 8, BENCH_ONLY, 64, 4096, 1000, 1),
    CASE(gemm_tn, build_gemm_tn, 8, BENCH_ONLY, 12544, 256, 128, 0),
    CASE(gemm_tn, build_gemm_tn, 8, BENCH_ONLY, 3136, 512, 112, 0),
    CASE(gemm_tn, build_gemm_tn, 8, BENCH_ONLY, 50176, 64, 64, 0),

    CASE(sum_parts, build_sum, 4, 0, 1, 1),
    CASE(sum_parts, build_sum, 4, 0, 31, 2),
    CASE(sum_parts, build_sum, 4, 0, 150, 16),
    CASE(sum_parts, build_sum, 4, BENCH, 2400, 16),
};

const check_family family_matrix = {cases, COUNT(cases)};
