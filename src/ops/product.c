#include "ops/product.h"
#include "base/error.h"
#include "ops/half.h"

static fv_cost product_cost(const fv_product *p, double real)
{
    const double rows = (double)p->rows, depth = (double)p->depth, cols = (double)p->cols;

    return (fv_cost){2 * rows * depth * cols, real * (rows * depth + depth * cols + rows * cols * (p->add ? 2 : 1))};
}

/* Weights that stay in the cache while units of samples go by: then rows are cut as the batch is, so that a unit runs
 * through this and its neighbours without waiting for the others, while its maps are in the cache. */
static void cut_by_samples(fv_lower *l, fv_gemm_args *args, fv_work *work)
{
    const size_t n = fv_lower_batch(l), bytes = args->depth * args->cols * fv_lower_kernels(l)->real_bytes;
    const size_t flops = 2 * args->rows * args->depth * args->cols / n;

    if (args->rows % n || n < 2 || bytes > 512 << 10)
        return;
    args->row_blocks = n;
    args->col_blocks = 1;
    *work = (fv_work){.items = n, .least_items = 1 + 400000 / (flops + 1), .parts = 1, .by_samples = true};
}

void fv_lower_product(fv_lower *l, const fv_product *p)
{
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_target c = fv_lower_target(l, p->c);
    const size_t depth = p->half ? fv_half_words(p->depth) : p->depth;
    const fv_value a = p->half ? fv_lower_round(l, p->a, p->rows, p->depth) : p->a;
    fv_gemm_args args = {.rows = p->rows,
                         .depth = depth,
                         .cols = p->cols,
                         .lda = depth,
                         .ldc = c.value == p->c ? p->cols : c.pixel,
                         .act = p->act,
                         .gate_act = p->gate_act};
    const fv_bind binds[] = {
        FV_BIND_SAMPLES(fv_gemm_args, a, a),          FV_BIND(fv_gemm_args, b, p->b),
        FV_BIND(fv_gemm_args, bias, p->bias),         FV_BIND_SAMPLES(fv_gemm_args, add, p->add),
        FV_BIND_SAMPLES(fv_gemm_args, gate, p->gate), {offsetof(fv_gemm_args, c), c.value, c.shift, FV_SAMPLES}};
    fv_work work = fv_work_gemm(k, &args);

    cut_by_samples(l, &args, &work);
    fv_lower_step(l, p->half ? FV_K_half_gemm : FV_K_gemm, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  product_cost(p, (double)k->real_bytes));
}

void fv_lower_product_tn(fv_lower *l, const fv_product *p)
{
    const fv_kernels *k = fv_lower_kernels(l);
    fv_gemm_tn_args args = {.rows = p->rows, .depth = p->depth, .cols = p->cols, .lda = p->rows, .ldb = p->cols};
    const fv_bind binds[] = {FV_BIND(fv_gemm_tn_args, a, p->a), FV_BIND(fv_gemm_tn_args, b, p->b),
                             FV_BIND(fv_gemm_tn_args, c, p->c), FV_BIND(fv_gemm_tn_args, sums, p->sums)};
    const fv_work work = fv_work_gemm_tn(k, &args);

    fv_lower_step(l, FV_K_gemm_tn, &args, sizeof args, work, binds, FV_COUNT(binds), 0,
                  product_cost(p, (double)k->real_bytes));
}
