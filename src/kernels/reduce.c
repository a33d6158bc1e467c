/* Sums: the last step of every sum that was split, and sums over the rows of a matrix (biases). Bound by memory. */
#include "kernels/tile.h"

/* Items are elements; the parts are added in their order. */
void FV_FN(sum_parts)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_sum_args *a = args;
    const real *parts = a->parts;
    real *out = a->out;

    (void)slice;
    for (size_t i = begin; i < end; i += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(i, end));
        vec sum = vec_load_m(parts + i, m);

        for (size_t p = 1; p < a->n_parts; p++)
            sum += vec_load_m(parts + p * a->count + i, m);
        vec_store_m(out + i, sum, m);
    }
}

/* Four chains (rows 0, 4, 8 ..; 1, 5, ..) hide the latency of an addition; they are added as (0 + 1) + (2 + 3). */
static vec four_chains(const real *p, size_t rows, size_t ld, vmask m)
{
    vec s[4] = {vec_all(0), vec_all(0), vec_all(0), vec_all(0)};
    size_t i = 0;

    for (; i + 4 <= rows; i += 4, p += 4 * ld)
        FV_EACH (k, 4)
            s[k] += vec_load_m(p + k * ld, m);
    for (; i < rows; i++, p += ld)
        s[i % 4] += vec_load_m(p, m);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* Fewer columns than lanes, without gaps: FV_LANES rows are `cols` whole vectors. Lane l of vector v belongs to column
 * (v FV_LANES + l) % cols. */
static void narrow_sums(const real *b, size_t rows, size_t cols, real *sums)
{
    const size_t block = FV_LANES * cols, blocks = rows / FV_LANES;
    real lanes[FV_LANES * FV_LANES];

    for (size_t v = 0; v < cols; v++)
        vec_store(lanes + v * FV_LANES, four_chains(b + v * FV_LANES, blocks, block, vec_mask(FV_LANES)));
    for (size_t j = 0; j < cols; j++) {
        for (size_t i = j; i < block; i += cols)
            sums[j] += lanes[i];
        for (size_t i = blocks * FV_LANES; i < rows; i++)
            sums[j] += b[i * cols + j];
    }
}

void FV_FN(column_sums)(const real *b, size_t rows, size_t cols, size_t ld, real *sums, bool more)
{
    if (!more)
        FV_FN(clear)(sums, cols);
    if (cols < FV_LANES && ld == cols) {
        narrow_sums(b, rows, cols, sums);
        return;
    }
    for (size_t j = 0; j < cols; j += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(j, cols));

        vec_store_m(sums + j, vec_load_m(sums + j, m) + four_chains(b + j, rows, ld, m), m);
    }
}

void FV_FN(clear)(real *p, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(p + i, vec_all(0));
    if (i < n)
        vec_store_m(p + i, vec_all(0), vec_mask(n - i));
}
