/* Plain local response normalisation. */
#include "kernels/lrn.h"
#include "plain.h"

enum { MOST = 2048 }; /* channels */

/* A row is written when all of it has been read: it may lie in the input's place. */
static void put_row(const real *row, size_t channels, real *to)
{
    for (size_t c = 0; c < channels; c++)
        to[c] = row[c];
}

static real base_of(const fv_lrn_args *a, const real *x, size_t c)
{
    const size_t half = a->n / 2;
    real sum = 0;

    for (size_t j = c > half ? c - half : 0; j <= c + half && j < a->channels; j++)
        sum += x[j] * x[j];
    return a->k + a->alpha * sum;
}

void plain_lrn_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_lrn_args *a = args;

    (void)slice;
    for (size_t p = begin; p < end; p++) {
        const real *x = (const real *)a->x + p * a->channels;
        real row[MOST];

        for (size_t c = 0; c < a->channels; c++)
            row[c] = x[c] / pow(base_of(a, x, c), a->beta);
        put_row(row, a->channels, (real *)a->y + p * a->channels);
    }
}

void plain_lrn_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_lrn_args *a = args;
    const size_t half = a->n / 2;

    (void)slice;
    for (size_t p = begin; p < end; p++) {
        const real *x = (const real *)a->x + p * a->channels, *dy = (const real *)a->dy + p * a->channels;
        real row[MOST];

        for (size_t c = 0; c < a->channels; c++) {
            real sum = 0;

            for (size_t j = c > half ? c - half : 0; j <= c + half && j < a->channels; j++)
                sum += dy[j] * x[j] * pow(base_of(a, x, j), -a->beta - 1);
            row[c] = dy[c] / pow(base_of(a, x, c), a->beta) - 2 * a->alpha * a->beta * x[c] * sum;
        }
        put_row(row, a->channels, (real *)a->dx + p * a->channels);
    }
}
