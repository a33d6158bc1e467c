/* Losses over rows [n, classes] with labels [n], and their gradients (args.h has the formulas). Items are rows.
 * Rows of the squared and the RBF loss are short and few: double costs nothing there. */
#include "kernels/rows.h"

/* log of exp(-j) + sum of exp(-x), without underflow. */
static double log_sum_exp(const real *x, size_t n, double j)
{
    double least = j, sum;

    for (size_t i = 0; i < n; i++)
        least = (double)x[i] < least ? (double)x[i] : least;
    sum = exp(least - j);
    for (size_t i = 0; i < n; i++)
        sum += exp(least - (double)x[i]);
    return log(sum) - least;
}

static double gradient_scale(const fv_loss_args *a)
{
    return (double)*(const real *)a->scale / (double)a->n;
}

/* The share of row n that its label has, where another class has the rest. */
static real share_of(const fv_loss_args *a, size_t n)
{
    return a->other ? ((const real *)a->share)[n] : 1;
}

static double class_weight(const fv_loss_args *a, size_t n)
{
    const real *weights = a->weights;

    if (!weights)
        return 1;
    return a->other ? (double)(share_of(a, n) * weights[a->labels[n]] + (1 - share_of(a, n)) * weights[a->other[n]])
                    : (double)weights[a->labels[n]];
}

/* loss = log sum exp(x) - (1 - e) (share x[label] + (1 - share) x[other]) - e / classes sum x */
void FV_FN(cross_entropy_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        const real top = row_max(x, a->classes);
        const double lse = log((double)row_exp(x, top, a->classes, NULL));
        const double share = (double)share_of(a, n);
        double even = 0, hit = (double)(x[a->labels[n]] - top);

        for (size_t i = 0; a->smoothing > 0 && i < a->classes; i++)
            even += (double)(x[i] - top);
        if (a->other)
            hit = share * hit + (1 - share) * (double)(x[a->other[n]] - top);
        hit = lse - (1 - a->smoothing) * hit - a->smoothing / (double)a->classes * even;
        ((real *)a->loss)[n] = (real)(class_weight(a, n) * hit);
    }
}

void FV_FN(cross_entropy_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const double scale = gradient_scale(a) * class_weight(a, n);
        const real even = (real)(scale * a->smoothing / (double)a->classes), hit = (real)(scale * (1 - a->smoothing));
        const real *x = (const real *)a->x + n * a->classes;
        real *dx = (real *)a->dx + n * a->classes;
        const real sum = row_exp(x, row_max(x, a->classes), a->classes, dx);

        row_scale(dx, (real)(scale / (double)sum), a->classes);
        for (size_t i = 0; a->smoothing > 0 && i < a->classes; i++)
            dx[i] -= even;
        dx[a->labels[n]] -= hit * share_of(a, n);
        if (a->other)
            dx[a->other[n]] -= hit * (1 - share_of(a, n));
    }
}

void FV_FN(squared_forward)(const void *args, size_t begin, size_t end, size_t slice)
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

void FV_FN(squared_backward)(const void *args, size_t begin, size_t end, size_t slice)
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

void FV_FN(rbf_loss_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        const double rest = a->map ? log_sum_exp(x, a->classes, a->j) : 0;

        ((real *)a->loss)[n] = (real)((double)x[a->labels[n]] + rest);
    }
}

void FV_FN(rbf_loss_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_loss_args *a = args;
    const double scale = gradient_scale(a);

    (void)slice;
    for (size_t n = begin; n < end; n++) {
        const real *x = (const real *)a->x + n * a->classes;
        const double lse = a->map ? log_sum_exp(x, a->classes, a->j) : 0;

        for (size_t i = 0; i < a->classes; i++) {
            const double others = a->map ? exp(-(double)x[i] - lse) : 0;

            ((real *)a->dx)[n * a->classes + i] = (real)(((i == (size_t)a->labels[n]) - others) * scale);
        }
    }
}
