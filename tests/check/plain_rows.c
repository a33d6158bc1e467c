/* Plain soft-max, losses and radial basis functions. */
#include "plain.h"

void plain_softmax(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_softmax_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        real *y = (real *)a->out + n * a->classes, top = x[0], sum = 0;

        for (size_t i = 1; i < a->classes; i++)
            top = x[i] > top ? x[i] : top;
        for (size_t i = 0; i < a->classes; i++) {
            y[i] = (real)exp((double)(x[i] - top));
            sum += y[i];
        }
        for (size_t i = 0; i < a->classes; i++)
            y[i] /= sum;
    }
}

/* log of the sum of exp(sign * x) and exp(sign * extra) (extra is left out if it is NAN), without overflow. */
static double log_sum_exp(const real *x, size_t n, double sign, double extra)
{
    const bool more = !isnan(extra);
    double top = more ? sign * extra : -INFINITY, sum = 0;

    for (size_t i = 0; i < n; i++)
        top = sign * (double)x[i] > top ? sign * (double)x[i] : top;
    for (size_t i = 0; i < n; i++)
        sum += exp(sign * (double)x[i] - top);
    if (more)
        sum += exp(sign * extra - top);
    return top + log(sum);
}

static double gradient_scale(const fv_loss_args *a)
{
    return (double)*(const real *)a->scale / (double)a->n;
}

/* What class i of row n is meant to be, before smoothing. */
static double target(const fv_loss_args *a, size_t n, size_t i)
{
    const double share = a->other ? (double)((const real *)a->share)[n] : 1;

    return (i == (size_t)a->labels[n] ? share : 0) + (a->other && i == (size_t)a->other[n] ? 1 - share : 0);
}

static double class_weight(const fv_loss_args *a, size_t n)
{
    double sum = 0;

    for (size_t i = 0; a->weights && i < a->classes; i++)
        sum += target(a, n, i) * (double)((const real *)a->weights)[i];
    return a->weights ? sum : 1;
}

void plain_cross_entropy_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        double sum = 0, hit = 0;

        for (size_t i = 0; i < a->classes; i++) {
            sum += (double)x[i];
            hit += target(a, n, i) * (double)x[i];
        }
        ((real *)a->loss)[n] =
            (real)(class_weight(a, n) * (log_sum_exp(x, a->classes, 1, (double)NAN) - (1 - a->smoothing) * hit -
                                         a->smoothing / (double)a->classes * sum));
    }
}

void plain_cross_entropy_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;
    const double scale = gradient_scale(a), even = a->smoothing / (double)a->classes;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        const double lse = log_sum_exp(x, a->classes, 1, (double)NAN);

        for (size_t i = 0; i < a->classes; i++) {
            const double t = (1 - a->smoothing) * target(a, n, i) + even;

            ((real *)a->dx)[n * a->classes + i] = (real)((exp((double)x[i] - lse) - t) * scale * class_weight(a, n));
        }
    }
}

void plain_squared_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        double sum = 0;

        for (size_t i = 0; i < a->classes; i++) {
            const double e = (double)((const real *)a->x)[n * a->classes + i] - (i == (size_t)a->labels[n]);

            sum += e * e;
        }
        ((real *)a->loss)[n] = (real)(sum / 2);
    }
}

void plain_squared_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;
    const double scale = gradient_scale(a);

    (void)slice;
    for (size_t n = begin; n < end; n++)
        for (size_t i = 0; i < a->classes; i++) {
            const size_t at = n * a->classes + i;

            ((real *)a->dx)[at] = (real)(((double)((const real *)a->x)[at] - (i == (size_t)a->labels[n])) * scale);
        }
}

void plain_rbf_loss_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        const double rest = a->map ? log_sum_exp(x, a->classes, -1, a->j) : 0;

        ((real *)a->loss)[n] = (real)((double)x[a->labels[n]] + rest);
    }
}

void plain_rbf_loss_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;
    const double scale = gradient_scale(a);

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        const double lse = a->map ? log_sum_exp(x, a->classes, -1, a->j) : 0;

        for (size_t i = 0; i < a->classes; i++) {
            const double others = a->map ? exp(-(double)x[i] - lse) : 0;

            ((real *)a->dx)[n * a->classes + i] = (real)(((i == (size_t)a->labels[n]) - others) * scale);
        }
    }
}

void plain_rbf_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_rbf_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++)
        for (size_t i = 0; i < a->classes; i++) {
            const real *x = (const real *)a->x + n * a->depth, *w = (const real *)a->w + i * a->depth;
            real sum = 0;

            for (size_t j = 0; j < a->depth; j++)
                sum += (x[j] - w[j]) * (x[j] - w[j]);
            ((real *)a->y)[n * a->classes + i] = sum;
        }
}

void plain_rbf_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_rbf_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++)
        for (size_t j = 0; j < a->depth; j++) {
            const real x = ((const real *)a->x)[n * a->depth + j];
            real sum = 0;

            for (size_t i = 0; i < a->classes; i++)
                sum += 2 * ((const real *)a->dy)[n * a->classes + i] * (x - ((const real *)a->w)[i * a->depth + j]);
            ((real *)a->dx)[n * a->depth + j] = sum;
        }
}
