/* The optimizer's kernels: norm of the gradient, clipping factor, SGD and Adam (args.h has the formulas). */
#include "kernels/vec.h"
#include "kernels/work.h"

/* Sixteen chains in double for each of four runs of memory, which fill the pipe where one does not. */
enum { CHAINS = 16, STREAMS = 4 };
typedef double chains __attribute__((vector_size(CHAINS * sizeof(double))));
typedef real sixteen __attribute__((vector_size(CHAINS * sizeof(real)), aligned(sizeof(real)), may_alias));

static double sum_of_squares(const real *x, size_t n)
{
    const size_t run = n / (STREAMS * CHAINS) * CHAINS;
    chains sum[STREAMS] = {0};

    for (size_t i = 0; i < run; i += CHAINS)
        FV_EACH (s, STREAMS) {
            const chains v = __builtin_convertvector(*(const sixteen *)(x + s * run + i), chains);

            sum[s] += v * v;
        }
    for (size_t i = STREAMS * run; i < n; i++)
        sum[i % STREAMS][i / STREAMS % CHAINS] += (double)x[i] * (double)x[i];
    sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    for (size_t half = CHAINS / 2; half; half /= 2)
        for (size_t k = 0; k < half; k++)
            sum[0][k] += sum[0][k + half];
    return sum[0][0];
}

/* Items are parts of fv_square_parts(count). */
void FV_FN(square_sum)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_square_args *a = args;
    const size_t parts = fv_square_parts(a->count);

    (void)slice;
    for (size_t p = begin; p < end; p++) {
        const size_t first = p * a->count / parts, last = (p + 1) * a->count / parts;

        a->out[p] = sum_of_squares((const real *)a->x + first, last - first);
    }
}

/* torch.nn.utils.clip_grad_norm_. One item. */
void FV_FN(clip_factor)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_clip_args *a = args;
    double sum = 0;

    (void)slice;
    if (begin == end)
        return;
    for (size_t p = 0; p < a->n_parts; p++)
        sum += a->parts[p];

    const double norm = sqrt(sum);

    *(real *)a->norm = (real)norm;
    *(real *)a->factor = (real)(a->max_norm > 0 && norm > a->max_norm ? a->max_norm / (norm + 1e-6) : 1);
}

/* torch.optim.SGD, dampening 0. Items are elements. What m holds before the first step is not read. */
void FV_FN(sgd)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_update_args *a = args;
    const real *hyper = a->hyper, *g = a->g;
    const vec factor = vec_all(a->factor ? *(const real *)a->factor : 1),
              lr = vec_all((real)((double)hyper[0] * a->rate));
    const vec momentum = vec_all((real)a->momentum), decay = vec_all((real)a->decay);
    const bool first = hyper[1] <= 1;
    real *w = a->w, *m = a->m;

    (void)slice;
    for (size_t i = begin; i < end; i += FV_LANES) {
        const vmask mask = vec_mask(vec_lanes(i, end));
        const vec old = vec_load_m(w + i, mask);
        vec d = vec_fma(decay, old, vec_load_m(g + i, mask) * factor);

        if (a->momentum > 0) {
            const vec v = first ? d : momentum * vec_load_m(m + i, mask) + d;

            vec_store_m(m + i, v, mask);
            d = a->nesterov ? d + momentum * v : v;
        }
        vec_store_m(w + i, old - lr * d, mask);
    }
}

/* torch.optim.Adam, and AdamW if decoupled. Items are elements. */
void FV_FN(adam)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_update_args *a = args;
    const real *hyper = a->hyper, *g = a->g;
    const double lr = (double)hyper[0] * a->rate, step = (double)hyper[1];
    const vec factor = vec_all(a->factor ? *(const real *)a->factor : 1), eps = vec_all((real)a->eps);
    const vec beta1 = vec_all((real)a->beta1), rest1 = vec_all((real)(1 - a->beta1));
    const vec beta2 = vec_all((real)a->beta2), rest2 = vec_all((real)(1 - a->beta2));
    const vec rate = vec_all((real)(lr / (1 - pow(a->beta1, step))));
    const vec root = vec_all((real)(1 / sqrt(1 - pow(a->beta2, step))));
    const vec shrink = vec_all(a->decoupled ? (real)(1 - lr * a->decay) : 1);
    const vec decay = vec_all(a->decoupled ? 0 : (real)a->decay);
    const bool first = step <= 1;
    real *w = a->w, *m = a->m, *v = a->v;

    (void)slice;
    for (size_t i = begin; i < end; i += FV_LANES) {
        const vmask mask = vec_mask(vec_lanes(i, end));
        const vec old = vec_load_m(w + i, mask), d = vec_fma(decay, old, vec_load_m(g + i, mask) * factor);
        const vec mean = vec_fma(rest1, d, first ? vec_all(0) : beta1 * vec_load_m(m + i, mask));
        const vec square = vec_fma(rest2, d * d, first ? vec_all(0) : beta2 * vec_load_m(v + i, mask));

        vec_store_m(m + i, mean, mask);
        vec_store_m(v + i, square, mask);
        vec_store_m(w + i, vec_fma(shrink, old, -(rate * mean / (vec_sqrt(square) * root + eps))), mask);
    }
}
