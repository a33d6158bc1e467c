/* Plain kernels over single elements, and the optimizer. */
#include "base/random.h"
#include "kernels/limits.h"
#include "kernels/work.h"
#include "plain.h"

void plain_act_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = act_value(a->act, ((const real *)a->x)[i]);
}

void plain_act_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = ((const real *)a->dy)[i] * act_gradient(a->act, ((const real *)a->y)[i]);
}

void plain_add(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = act_value(a->act, ((const real *)a->x)[i] + ((const real *)a->b)[i]);
}

void plain_dropout(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;
    const double threshold = a->rate * 4294967296.0;
    const real scale = (real)(1 / (1 - a->rate));
    uint32_t words[4] = {0};

    (void)slice;
    for (size_t i = begin; i < end; i++) {
        if (i == begin || i % 4 == 0)
            fv_philox(a->seed, a->stream, (uint32_t)*a->step, i / 4, words);
        ((real *)a->out)[i] = (double)words[i % 4] >= threshold ? ((const real *)a->x)[i] * scale : 0;
    }
}

void plain_fill(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_fill_args *a = args;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = (real)a->value;
}

/* Where v = v factor + term stays. */
void plain_limit_fma(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_limit_args *a = args;
    const real *x = a->x;

    (void)slice;
    for (size_t i = begin; i < end; i++)
        ((real *)a->out)[i] = (real)((double)x[1] / (1 - (double)x[0]));
}

/* Items are parts of fv_square_parts(count). */
void plain_square_sum(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_square_args *a = args;
    const size_t parts = fv_square_parts(a->count);

    (void)slice;
    for (size_t p = begin; p < end; p++) {
        double sum = 0;

        for (size_t i = p * a->count / parts; i < (p + 1) * a->count / parts; i++) {
            const double x = (double)((const real *)a->x)[i];

            sum += x * x;
        }
        a->out[p] = sum;
    }
}

/* torch.nn.utils.clip_grad_norm_. One item. */
void plain_clip_factor(const void *args, size_t begin, size_t end, size_t slice)
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

/* torch.optim.SGD, dampening 0. Items are elements. */
void plain_sgd(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_update_args *a = args;
    const real *hyper = a->hyper, factor = a->factor ? *(const real *)a->factor : 1,
               lr = (real)((double)hyper[0] * a->rate);
    const real momentum = (real)a->momentum, decay = (real)a->decay, keep = hyper[1] > 1 ? momentum : 0;
    real *w = a->w, *m = a->m;

    (void)slice;
    for (size_t i = begin; i < end; i++) {
        real g = ((const real *)a->g)[i] * factor + decay * w[i];

        if (a->momentum > 0) {
            m[i] = keep > 0 ? keep * m[i] + g : g; /* what m holds before the first step is not read */
            g = a->nesterov ? g + momentum * m[i] : m[i];
        }
        w[i] -= lr * g;
    }
}

/* torch.optim.Adam, and AdamW if decoupled. Items are elements. */
void plain_adam(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_update_args *a = args;
    const real *hyper = a->hyper, factor = a->factor ? *(const real *)a->factor : 1;
    const double lr = (double)hyper[0] * a->rate, step = (double)hyper[1];
    const real beta1 = (real)a->beta1, beta2 = (real)a->beta2, eps = (real)a->eps;
    const real rate = (real)(lr / (1 - pow(a->beta1, step))), root = (real)(1 / sqrt(1 - pow(a->beta2, step)));
    const real shrink = a->decoupled ? (real)(1 - lr * a->decay) : 1, decay = a->decoupled ? 0 : (real)a->decay;
    real *w = a->w, *m = a->m, *v = a->v;
    const bool first = step <= 1;

    (void)slice;
    for (size_t i = begin; i < end; i++) {
        const real g = ((const real *)a->g)[i] * factor + decay * w[i];

        m[i] = (first ? 0 : beta1 * m[i]) + (1 - beta1) * g;
        v[i] = (first ? 0 : beta2 * v[i]) + (1 - beta2) * g * g;
        w[i] = shrink * w[i] - rate * m[i] / ((real)sqrt((double)v[i]) * root + eps);
    }
}

const fv_kernels plain_kernels = {
    .isa = "plain",
    .real_bytes = sizeof(real),
    .panel = 2,
    .run =
        {
#define K(name) [FV_K_##name] = plain_##name,
#include "kernels/kernels.def"
#undef K
        },
};
