/* Plain batch normalisation. */
#include "kernels/norm.h"
#include "plain.h"

static const real *at(const void *p)
{
    return p;
}

/* Pixels [*from, *to) of a part. */
static void part_of(const fv_bn_sum_args *a, size_t part, size_t *from, size_t *to)
{
    *from = part * a->n / a->parts * a->pixels;
    *to = (part + 1) * a->n / a->parts * a->pixels;
}

static real part_mean(const fv_bn_sum_args *a, size_t from, size_t to, size_t c)
{
    long double sum = 0;

    for (size_t p = from; p < to; p++)
        sum += (long double)at(a->x)[p * a->channels + c];
    return (real)(sum / (long double)(to - from));
}

static void sums(const fv_bn_sum_args *a, size_t begin, size_t end)
{
    for (size_t item = begin; item < end; item++) {
        const size_t part = item / a->blocks, block = item % a->blocks;
        size_t from, to;

        part_of(a, part, &from, &to);
        for (size_t c = block * a->channels / a->blocks; c < (block + 1) * a->channels / a->blocks; c++) {
            const real mean = a->dy ? at(a->mean)[c] : part_mean(a, from, to, c);
            long double first = 0, second = 0; /* as many terms as pixels: double would be no judge of double */

            for (size_t p = from; p < to; p++) {
                const real d = at(a->x)[p * a->channels + c] - mean, g = a->dy ? at(a->dy)[p * a->channels + c] : d;

                first += (long double)g;
                second += (long double)(g * d);
            }
            ((real *)a->first)[part * a->channels + c] = a->dy ? (real)first : mean;
            ((real *)a->second)[part * a->channels + c] = (real)second;
        }
    }
}

void plain_bn_stats(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    sums(args, begin, end);
}

void plain_bn_sums(const void *args, size_t begin, size_t end, size_t slice)
{
    (void)slice;
    sums(args, begin, end);
}

/* Means and squares of the parts around the mean of all. */
void plain_bn_combine(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_channel_args *a = args;

    (void)slice;
    for (size_t c = begin; c < end; c++) {
        const real all = (real)(a->n * a->pixels);
        real mean = 0, squares = 0;

        for (size_t p = 0; p < a->parts; p++) {
            const size_t images = (p + 1) * a->n / a->parts - p * a->n / a->parts;
            const real count = (real)(images * a->pixels);

            mean += count / all * at(a->first)[p * a->channels + c];
        }
        for (size_t p = 0; p < a->parts; p++) {
            const size_t images = (p + 1) * a->n / a->parts - p * a->n / a->parts;
            const real count = (real)(images * a->pixels);
            const real d = at(a->first)[p * a->channels + c] - mean;

            squares += at(a->second)[p * a->channels + c] + count * d * d;
        }
        ((real *)a->mean)[c] = mean;
        ((real *)a->var)[c] = squares / all;
        ((real *)a->scale)[c] = at(a->gamma)[c] / sqrt(squares / all + a->eps);
    }
}

void plain_bn_scale(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_channel_args *a = args;

    (void)slice;
    for (size_t c = begin; c < end; c++)
        ((real *)a->scale)[c] = at(a->gamma)[c] / sqrt(at(a->var_in)[c] + a->eps);
}

void plain_bn_combine_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_channel_args *a = args;
    const real all = (real)(a->n * a->pixels);
    real *k = a->coefficients;

    (void)slice;
    for (size_t c = begin; c < end; c++) {
        const real r = 1 / sqrt(at(a->var_in)[c] + a->eps), gamma = at(a->gamma)[c];
        real dbeta = 0, dgamma = 0;

        for (size_t p = 0; p < a->parts; p++) {
            dbeta += at(a->first)[p * a->channels + c];
            dgamma += r * at(a->second)[p * a->channels + c];
        }
        ((real *)a->dbeta)[c] = dbeta;
        ((real *)a->dgamma)[c] = dgamma;
        k[c] = gamma * r;
        k[a->channels + c] = a->frozen ? 0 : gamma * r * r * dgamma / all;
        k[2 * a->channels + c] = a->frozen ? 0 : gamma * r * dbeta / all;
    }
}

void plain_bn_update(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_update_args *a = args;

    (void)slice;
    for (size_t c = begin; c < end; c++) {
        real *mean = (real *)a->running_mean + c, *var = (real *)a->running_var + c;

        *mean += a->momentum * (at(a->mean)[c] - *mean);
        *var += a->momentum * (at(a->var)[c] * a->unbiased - *var);
    }
}

void plain_bn_apply(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_apply_args *a = args;

    (void)slice;
    for (size_t i = begin * a->channels; i < end * a->channels; i++) {
        const size_t c = i % a->channels;

        ((real *)a->out)[i / a->channels * a->out_step + c] =
            act_value(a->act, (at(a->x)[i] - at(a->mean)[c]) * at(a->scale)[c] + at(a->beta)[c]);
    }
}

void plain_bn_backward_x(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_apply_args *a = args;

    (void)slice;
    for (size_t i = begin * a->channels; i < end * a->channels; i++) {
        const size_t c = i % a->channels;
        const real *k = at(a->coefficients) + c, x = at(a->x)[i];

        ((real *)a->out)[i / a->channels * a->out_step + c] =
            act_gradient(a->gate_act, x) *
            (k[0] * at(a->dy)[i] - (x - at(a->mean)[c]) * k[a->channels] - k[2 * a->channels]);
    }
}

void plain_bn_fold(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_bn_fold_args *a = args;

    (void)slice;
    for (size_t i = begin * a->channels; i < end * a->channels; i++) {
        const size_t c = i % a->channels;

        if (i / a->channels < a->rows)
            ((real *)a->w_out)[i] = at(a->w)[i] * at(a->scale)[c];
        else
            ((real *)a->bias_out)[c] =
                ((a->bias ? at(a->bias)[c] : 0) - at(a->mean)[c]) * at(a->scale)[c] + at(a->beta)[c];
    }
}
