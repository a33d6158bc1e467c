/* Keys of two vectors from their differences, in double whatever they are kept in. Four sums in a fixed order. */
#include "fris/set.h"

#define LANES 4

static double sum(const double *lanes)
{
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

static double squares_double(const double *a, const double *b, size_t n)
{
    double s[LANES] = {0};
    size_t k = 0;

    for (; k + LANES <= n; k += LANES)
        for (size_t j = 0; j < LANES; j++)
            s[j] += (a[k + j] - b[k + j]) * (a[k + j] - b[k + j]);
    for (size_t j = 0; k < n; k++, j++)
        s[j] += (a[k] - b[k]) * (a[k] - b[k]);
    return sum(s);
}

static double squares_float(const float *a, const float *b, size_t n)
{
    double s[LANES] = {0};
    size_t k = 0;

    for (; k + LANES <= n; k += LANES)
        for (size_t j = 0; j < LANES; j++) {
            const double d = (double)a[k + j] - (double)b[k + j];

            s[j] += d * d;
        }
    for (size_t j = 0; k < n; k++, j++)
        s[j] += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return sum(s);
}

static double differences_double(const double *a, const double *b, size_t n)
{
    double s[LANES] = {0};
    size_t k = 0;

    for (; k + LANES <= n; k += LANES)
        for (size_t j = 0; j < LANES; j++)
            s[j] += fabs(a[k + j] - b[k + j]);
    for (size_t j = 0; k < n; k++, j++)
        s[j] += fabs(a[k] - b[k]);
    return sum(s);
}

static double differences_float(const float *a, const float *b, size_t n)
{
    double s[LANES] = {0};
    size_t k = 0;

    for (; k + LANES <= n; k += LANES)
        for (size_t j = 0; j < LANES; j++)
            s[j] += fabs((double)a[k + j] - (double)b[k + j]);
    for (size_t j = 0; k < n; k++, j++)
        s[j] += fabs((double)a[k] - (double)b[k]);
    return sum(s);
}

double fv_fris_key(const fv_fris *a, size_t i, const fv_fris *b, size_t j)
{
    /* A zero vector is at right angles to all but another one. */
    if (a->metric == FV_FRIS_COSINE && (a->squares[i] == 0) != (b->squares[j] == 0))
        return fv_fris_to_key(FV_FRIS_COSINE, 1);
    if (a->metric == FV_FRIS_MANHATTAN)
        return a->wide ? differences_double(fv_fris_doubles(a, i), fv_fris_doubles(b, j), a->dims)
                       : differences_float(fv_fris_floats(a, i), fv_fris_floats(b, j), a->dims);
    return a->wide ? squares_double(fv_fris_doubles(a, i), fv_fris_doubles(b, j), a->dims)
                   : squares_float(fv_fris_floats(a, i), fv_fris_floats(b, j), a->dims);
}
