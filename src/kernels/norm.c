/* Batch normalisation (norm.h). Lanes are channels; bound by memory.
 *
 * Means and variances keep what float can hold: blocks of 64 pixels are summed around the mean of their part's first
 * block and joined by the update of Chan, Golub, LeVeque 1983 (equations 2.1), so nothing cancels when a mean is
 * large. */
#include "kernels/norm.h"

#include "kernels/act.h"

enum { BLOCK = 64, SUMS = 4 };

/* What a part adds up, for up to SUMS vectors of channels. */
typedef struct fv_bn_lanes {
    vmask m; /* of the last vector */
    vec shift[SUMS], first[SUMS], second[SUMS];
} fv_bn_lanes;

FV_INLINE vec load_lanes(const real *p, vmask m, bool whole)
{
    return whole ? vec_load(p) : vec_load_m(p, m);
}

/* One pixel more in accumulators [at, at + vectors): forward first += x - shift, second += (x - shift)^2; backward
 * first += dy, second += dy (x - shift). */
FV_INLINE void add_pixel(fv_bn_lanes *s, const real *x, const real *dy, size_t vectors, bool whole, size_t at)
{
    FV_UNROLL for (size_t v = 0; v < vectors; v++)
    {
        const vec d = load_lanes(x + v * FV_LANES, s->m, whole) - s->shift[v];
        const vec g = dy ? load_lanes(dy + v * FV_LANES, s->m, whole) : d;

        s->first[at + v] += g;
        s->second[at + v] += g * d;
    }
}

/* A block's sums. A single vector has one chain for each of four neighbouring pixels, against latency. */
FV_INLINE void add_block(fv_bn_lanes *s, const real *x, const real *dy, size_t step, size_t pixels, size_t vectors,
                         bool whole)
{
    const size_t chains = SUMS / vectors;
    size_t p = 0;

    FV_UNROLL for (size_t i = 0; i < SUMS; i++) s->first[i] = s->second[i] = vec_all(0);
    for (; p + chains <= pixels; p += chains)
        FV_UNROLL for (size_t k = 0; k < chains; k++)
            add_pixel(s, x + (p + k) * step, dy ? dy + (p + k) * step : NULL, vectors, whole, k * vectors);
    for (; p < pixels; p++)
        add_pixel(s, x + p * step, dy ? dy + p * step : NULL, vectors, whole, 0);
    if (chains > 1) {
        s->first[0] = (s->first[0] + s->first[1]) + (s->first[2] + s->first[3]);
        s->second[0] = (s->second[0] + s->second[1]) + (s->second[2] + s->second[3]);
    }
}

/* Mean and squares of `count` values more; `before` values are in *mean and *squares. */
FV_INLINE void join(vec *mean, vec *squares, size_t before, vec more_mean, vec more_squares, size_t count)
{
    const real all = (real)(before + count), share = (real)count / all;
    const vec delta = more_mean - *mean;

    *mean += delta * share;
    *squares += more_squares + delta * delta * ((real)before * share);
}

/* `vectors` vectors of channels from c, over the pixels [begin, end) of a part. */
FV_INLINE void part_lanes(const fv_bn_sum_args *a, size_t part, size_t begin, size_t end, size_t c, size_t vectors,
                          size_t lanes, bool whole, bool backward)
{
    fv_bn_lanes s = {.m = vec_mask(lanes)};
    real *first = (real *)a->first + part * a->channels + c, *second = (real *)a->second + part * a->channels + c;
    vec total[SUMS], squares[SUMS];

    FV_UNROLL for (size_t v = 0; v < vectors; v++)
    {
        const real *at = backward ? (const real *)a->mean + c : (const real *)a->x + begin * a->channels + c;

        total[v] = squares[v] = vec_all(0);
        s.shift[v] = load_lanes(at + v * FV_LANES, s.m, whole);
    }
    for (size_t p = begin, count; p < end; p += count) {
        const size_t at = p * a->channels + c;

        count = end - p < BLOCK ? end - p : BLOCK;
        add_block(&s, (const real *)a->x + at, backward ? (const real *)a->dy + at : NULL, a->channels, count, vectors,
                  whole);
        FV_UNROLL for (size_t v = 0; v < vectors; v++)
        {
            const vec average = s.first[v] * (1 / (real)count);

            if (backward) {
                total[v] += s.first[v];
                squares[v] += s.second[v];
                continue;
            }
            join(&total[v], &squares[v], p - begin, average, vec_max(vec_all(0), s.second[v] - s.first[v] * average),
                 count);
            if (p == begin) { /* from here around the first block's mean; total is what its rounding left */
                const vec shift = s.shift[v] + average;

                total[v] = average - (shift - s.shift[v]);
                s.shift[v] = shift;
            }
        }
    }
    FV_UNROLL for (size_t v = 0; v < vectors && !backward; v++) total[v] += s.shift[v];
    FV_UNROLL for (size_t v = 0; v < vectors; v++)
    {
        vec_store_m(first + v * FV_LANES, total[v], s.m);
        vec_store_m(second + v * FV_LANES, squares[v], s.m);
    }
}

FV_INLINE void sum_items(const fv_bn_sum_args *a, size_t begin, size_t end, bool backward)
{
    for (size_t item = begin; item < end; item++) {
        const size_t part = item / a->blocks, block = item % a->blocks;
        const size_t from = part * a->n / a->parts * a->pixels, to = (part + 1) * a->n / a->parts * a->pixels;
        const size_t last = (block + 1) * a->channels / a->blocks;
        size_t c = block * a->channels / a->blocks;

        for (; c + (size_t)SUMS * FV_LANES <= last; c += (size_t)SUMS * FV_LANES)
            part_lanes(a, part, from, to, c, SUMS, FV_LANES, true, backward);
        for (; c + FV_LANES <= last; c += FV_LANES)
            part_lanes(a, part, from, to, c, 1, FV_LANES, true, backward);
        if (c < last)
            part_lanes(a, part, from, to, c, 1, last - c, false, backward);
    }
}

void FV_FN(bn_stats)(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    sum_items(args, begin, end, false);
}

void FV_FN(bn_sums)(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    sum_items(args, begin, end, true);
}

/* ------------------------------------------------------------------------------------------- once a channel */

FV_INLINE vec inverse_deviation(vec var, double eps)
{
    return vec_all(1) / vec_sqrt(var + vec_all((real)eps));
}

void FV_FN(bn_combine)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_channel_args *a = args;
    const real *first = a->first, *second = a->second, *gamma = a->gamma;

    (void)slice;
    for (size_t c = begin; c < end; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, end));
        vec mean = vec_all(0), squares = vec_all(0);
        size_t before = 0;

        for (size_t p = 0; p < a->parts; p++) {
            const size_t count = ((p + 1) * a->n / a->parts - p * a->n / a->parts) * a->pixels;

            join(&mean, &squares, before, vec_load_m(first + p * a->channels + c, m),
                 vec_load_m(second + p * a->channels + c, m), count);
            before += count;
        }
        squares *= 1 / (real)before;
        vec_store_m((real *)a->mean + c, mean, m);
        vec_store_m((real *)a->var + c, squares, m);
        vec_store_m((real *)a->scale + c, vec_load_m(gamma + c, m) * inverse_deviation(squares, a->eps), m);
    }
}

void FV_FN(bn_scale)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_channel_args *a = args;

    (void)slice;
    for (size_t c = begin; c < end; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, end));
        const vec gamma = vec_load_m((const real *)a->gamma + c, m), var = vec_load_m((const real *)a->var_in + c, m);

        vec_store_m((real *)a->scale + c, gamma * inverse_deviation(var, a->eps), m);
    }
}

void FV_FN(bn_combine_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_channel_args *a = args;
    const real *first = a->first, *second = a->second;
    const real share = a->frozen ? 0 : 1 / (real)(a->n * a->pixels);
    real *coefficients = a->coefficients;

    (void)slice;
    for (size_t c = begin; c < end; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, end));
        const vec r = inverse_deviation(vec_load_m((const real *)a->var_in + c, m), a->eps);
        const vec scale = vec_load_m((const real *)a->gamma + c, m) * r;
        vec dbeta = vec_load_m(first + c, m), dgamma = vec_load_m(second + c, m);

        for (size_t p = 1; p < a->parts; p++) {
            dbeta += vec_load_m(first + p * a->channels + c, m);
            dgamma += vec_load_m(second + p * a->channels + c, m);
        }
        dgamma *= r;
        vec_store_m((real *)a->dbeta + c, dbeta, m);
        vec_store_m((real *)a->dgamma + c, dgamma, m);
        vec_store_m(coefficients + c, scale, m);
        vec_store_m(coefficients + a->channels + c, scale * r * dgamma * share, m);
        vec_store_m(coefficients + 2 * a->channels + c, scale * dbeta * share, m);
    }
}

void FV_FN(bn_update)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_update_args *a = args;
    const vec momentum = vec_all((real)a->momentum), kept = vec_all((real)(1 - a->momentum));
    const vec unbiased = vec_all((real)(a->momentum * a->unbiased));

    (void)slice;
    for (size_t c = begin; c < end; c += FV_LANES) {
        const vmask m = vec_mask(vec_lanes(c, end));
        real *mean = (real *)a->running_mean + c, *var = (real *)a->running_var + c;

        vec_store_m(mean, kept * vec_load_m(mean, m) + momentum * vec_load_m((const real *)a->mean + c, m), m);
        vec_store_m(var, kept * vec_load_m(var, m) + unbiased * vec_load_m((const real *)a->var + c, m), m);
    }
}

/* ------------------------------------------------------------------------------------------- once a value */

FV_INLINE void apply_rows(fv_act act, const fv_bn_apply_args *a, size_t begin, size_t end)
{
    const real *mean = a->mean, *scale = a->scale, *beta = a->beta;

    for (size_t p = begin; p < end; p++) {
        const real *x = (const real *)a->x + p * a->channels;
        real *y = (real *)a->out + p * a->out_step;
        size_t c = 0;

        for (; c + FV_LANES <= a->channels; c += FV_LANES)
            vec_store(y + c,
                      vec_act(act, (vec_load(x + c) - vec_load(mean + c)) * vec_load(scale + c) + vec_load(beta + c)));
        if (c < a->channels) {
            const vmask m = vec_mask(a->channels - c);
            const vec d = vec_load_m(x + c, m) - vec_load_m(mean + c, m);

            vec_store_m(y + c, vec_act(act, d * vec_load_m(scale + c, m) + vec_load_m(beta + c, m)), m);
        }
    }
}

void FV_FN(bn_apply)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_apply_args *a = args;

    (void)slice;
    FV_ACT_SWITCH(a->act, apply_rows, a, begin, end);
}

FV_INLINE void backward_rows(fv_act gate, const fv_bn_apply_args *a, size_t begin, size_t end)
{
    const real *mean = a->mean, *first = a->coefficients, *second = first + a->channels, *third = second + a->channels;

    for (size_t p = begin; p < end; p++) {
        const real *x = (const real *)a->x + p * a->channels, *dy = (const real *)a->dy + p * a->channels;
        real *dx = (real *)a->out + p * a->out_step;
        size_t c = 0;

        for (; c + FV_LANES <= a->channels; c += FV_LANES) {
            const vec v = vec_load(x + c), d = (v - vec_load(mean + c)) * vec_load(second + c) + vec_load(third + c);

            vec_store(dx + c, vec_act_back(gate, v, vec_load(first + c) * vec_load(dy + c) - d));
        }
        if (c < a->channels) {
            const vmask m = vec_mask(a->channels - c);
            const vec v = vec_load_m(x + c, m);
            const vec d = (v - vec_load_m(mean + c, m)) * vec_load_m(second + c, m) + vec_load_m(third + c, m);

            vec_store_m(dx + c, vec_act_back(gate, v, vec_load_m(first + c, m) * vec_load_m(dy + c, m) - d), m);
        }
    }
}

void FV_FN(bn_backward_x)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_apply_args *a = args;

    (void)slice;
    FV_ACT_SWITCH(a->gate_act, backward_rows, a, begin, end);
}

/* Items are the rows of w and the bias. */
void FV_FN(bn_fold)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_fold_args *a = args;
    const real *scale = a->scale;

    (void)slice;
    for (size_t row = begin; row < end; row++)
        for (size_t c = 0; c < a->channels; c += FV_LANES) {
            const vmask m = vec_mask(vec_lanes(c, a->channels));
            const size_t at = row * a->channels + c;
            vec v;

            if (row < a->rows) {
                vec_store_m((real *)a->w_out + at, vec_load_m((const real *)a->w + at, m) * vec_load_m(scale + c, m),
                            m);
                continue;
            }
            v = (a->bias ? vec_load_m((const real *)a->bias + c, m) : vec_all(0)) -
                vec_load_m((const real *)a->mean + c, m);
            vec_store_m((real *)a->bias_out + c,
                        v * vec_load_m(scale + c, m) + vec_load_m((const real *)a->beta + c, m), m);
        }
}
