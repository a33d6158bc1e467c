#include "ops/half.h"

/* Up to so many rows a product waits for its weights, if they do not stay in a cache. */
enum { FEW_ROWS = 8, LARGE_WEIGHT_BYTES = 1 << 20 };

/* With the instruction for it a word takes the time of a float. Without, words are taken apart in registers: that pays where
 * half the bytes come from memory. */
bool fv_half_wins(const fv_chooser *c, size_t rows, size_t depth, size_t cols)
{
    if (!c->bf16 || c->kernels->real_bytes != sizeof(float))
        return false;
    return c->kernels->bf16 ? depth > 1 && cols > 1
                            : rows <= FEW_ROWS && depth * cols * sizeof(float) > LARGE_WEIGHT_BYTES;
}

fv_value fv_lower_round(fv_lower *l, fv_value x, size_t rows, size_t run)
{
    const fv_round_args args = {.rows = rows, .run = run};
    const fv_value words = fv_lower_temp(l, rows * fv_half_words(run));
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_round_args, x, x), FV_BIND_SAMPLES(fv_round_args, out, words)};

    fv_lower_step(l, FV_K_half_round, &args, sizeof args, fv_work_items(rows, 6 * run), binds, FV_COUNT(binds), 0,
                  (fv_cost){0, 6 * (double)(rows * run)});
    return words;
}
