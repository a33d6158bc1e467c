/* Local response normalisation across channels (lrn.h; Krizhevsky, Sutskever, Hinton 2012, section 3.3). Lanes are
 * channels; a window's sum is n loads of squares that lie in scratch memory with zeros around. At beta = 3/4
 * r = 1 / s gives s^-beta = sqrt(r sqrt(r)). Bound by square roots and divisions, about as much as by memory. */
#include "kernels/lrn.h"

#include "kernels/vec.h"

/* r^beta. */
FV_INLINE vec power(vec r, double beta, bool quarters)
{
    if (quarters)
        return vec_sqrt(r * vec_sqrt(r));
#if FV_LANES == 1
    return (vec)pow((double)r, beta);
#else
    for (int i = 0; i < FV_LANES; i++)
        r[i] = (real)pow((double)r[i], beta);
    return r;
#endif
}

FV_INLINE vec window(const real *first, size_t n)
{
    vec sum = vec_load(first);

    for (size_t i = 1; i < n; i++)
        sum += vec_load(first + i);
    return sum;
}

/* Zeros before and behind the channels of each row. */
static void clear_margins(const fv_lrn_args *a, real *rows, size_t count)
{
    const size_t row = fv_lrn_row(a), half = a->n / 2;

    for (size_t r = 0; r < count; r++) {
        memset(rows + r * row, 0, half * sizeof(real));
        memset(rows + r * row + half + a->channels, 0, (row - half - a->channels) * sizeof(real));
    }
}

static void squares(const fv_lrn_args *a, const real *x, real *row)
{
    real *to = row + a->n / 2;

    for (size_t c = 0; c < a->channels; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, a->channels));
        const vec v = vec_load_m(x + c, m);

        vec_store_m(to + c, v * v, m);
    }
}

/* 1 / s of the channels from c. */
FV_INLINE vec inverse(const fv_lrn_args *a, const real *row, size_t c, size_t n)
{
    return vec_all(1) / (vec_all((real)a->k) + vec_all((real)a->alpha) * window(row + c, n));
}

FV_INLINE void forward_row(const fv_lrn_args *a, const real *x, const real *row, real *y, size_t n, bool quarters)
{
    for (size_t c = 0; c < a->channels; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, a->channels));

        vec_store_m(y + c, vec_load_m(x + c, m) * power(inverse(a, row, c, n), a->beta, quarters), m);
    }
}

/* dx = dy s^-beta, and the terms dy x s^(-beta-1). */
FV_INLINE void terms_row(const fv_lrn_args *a, const real *x, const real *dy, const real *row, real *dx, real *terms,
                         size_t n, bool quarters)
{
    real *to = terms + n / 2;

    for (size_t c = 0; c < a->channels; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, a->channels));
        const vec r = inverse(a, row, c, n), d = vec_load_m(dy + c, m) * power(r, a->beta, quarters);

        vec_store_m(dx + c, d, m);
        vec_store_m(to + c, d * vec_load_m(x + c, m) * r, m);
    }
}

/* dx -= 2 alpha beta x * the windows' sums. */
FV_INLINE void sums_row(const fv_lrn_args *a, const real *x, const real *terms, real *dx, size_t n)
{
    const vec factor = vec_all((real)(2 * a->alpha * a->beta));

    for (size_t c = 0; c < a->channels; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, a->channels));

        vec_store_m(dx + c, vec_load_m(dx + c, m) - factor * vec_load_m(x + c, m) * window(terms + c, n), m);
    }
}

FV_INLINE void forward_rows(const fv_lrn_args *a, size_t first, size_t count, const real *rows, size_t n, bool quarters)
{
    for (size_t r = 0; r < count; r++) {
        const size_t at = (first + r) * a->channels;

        forward_row(a, (const real *)a->x + at, rows + r * fv_lrn_row(a), (real *)a->y + at, n, quarters);
    }
}

FV_INLINE void backward_rows(const fv_lrn_args *a, size_t first, size_t count, const real *rows, real *terms, size_t n,
                             bool quarters)
{
    const size_t row = fv_lrn_row(a);

    for (size_t r = 0; r < count; r++) {
        const size_t at = (first + r) * a->channels;

        terms_row(a, (const real *)a->x + at, (const real *)a->dy + at, rows + r * row, (real *)a->dx + at,
                  terms + r * row, n, quarters);
    }
    for (size_t r = 0; r < count; r++) {
        const size_t at = (first + r) * a->channels;

        sums_row(a, (const real *)a->x + at, terms + r * row, (real *)a->dx + at, n);
    }
}

static bool usual(const fv_lrn_args *a)
{
    return a->n == 5 && a->beta > .7499999 && a->beta < .7500001;
}

void FV_FN(lrn_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_lrn_args *a = args;
    real *rows = (real *)(void *)((char *)a->scratch + slice * a->scratch_bytes);

    clear_margins(a, rows, FV_LRN_ROWS);
    for (size_t p = begin, count; p < end; p += count) {
        count = end - p < FV_LRN_ROWS ? end - p : FV_LRN_ROWS;
        for (size_t r = 0; r < count; r++)
            squares(a, (const real *)a->x + (p + r) * a->channels, rows + r * fv_lrn_row(a));
        if (usual(a))
            forward_rows(a, p, count, rows, 5, true);
        else
            forward_rows(a, p, count, rows, a->n, false);
    }
}

void FV_FN(lrn_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_lrn_args *a = args;
    real *rows = (real *)(void *)((char *)a->scratch + slice * a->scratch_bytes);
    real *terms = rows + (size_t)FV_LRN_ROWS * fv_lrn_row(a);

    clear_margins(a, rows, (size_t)2 * FV_LRN_ROWS);
    for (size_t p = begin, count; p < end; p += count) {
        count = end - p < FV_LRN_ROWS ? end - p : FV_LRN_ROWS;
        for (size_t r = 0; r < count; r++)
            squares(a, (const real *)a->x + (p + r) * a->channels, rows + r * fv_lrn_row(a));
        if (usual(a))
            backward_rows(a, p, count, rows, terms, 5, true);
        else
            backward_rows(a, p, count, rows, terms, a->n, false);
    }
}
