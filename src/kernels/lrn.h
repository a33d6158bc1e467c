/* Local response normalisation: its argument block and how its work is cut. */
#ifndef FV_KERNELS_LRN_H
#define FV_KERNELS_LRN_H
#include "kernels/args.h"

/* ---- lrn over [pixels, channels], with s[c] = k + alpha * sum of x[j]^2 over the n channels around c that exist:
 *   forward:  y[c] = x[c] s[c]^-beta
 *   backward: dx[c] = dy[c] s[c]^-beta - 2 alpha beta x[c] * sum over j around c of dy[j] x[j] s[j]^(-beta-1)
 * n is odd, k > 0; x and y, or dy and dx, may be the same memory. Items are pixels. s is computed again backward: that costs less than writing and reading it. */
typedef struct fv_lrn_args {
    const void *x, *dy;
    void *y, *dx;
    size_t pixels, channels, n;
    double k, alpha, beta;
    void *scratch; /* slice s begins at scratch + s * scratch_bytes */
    size_t scratch_bytes;
} fv_lrn_args;

/* Pixels whose squares lie in scratch memory at once: loads of a window reach over several stores, which must have left
 * the store buffer. And the length of a row of squares with its margins, where whole vectors are read. */
enum { FV_LRN_ROWS = 8, FV_LRN_MARGIN = 16 };
static inline size_t fv_lrn_row(const fv_lrn_args *a)
{
    return a->channels + a->n + FV_LRN_MARGIN;
}

/* Squares, and backward the terms of the second sum; whole cache lines. */
static inline size_t fv_lrn_scratch(const fv_lrn_args *a, bool backward, size_t real_bytes)
{
    return ((size_t)(backward ? 2 : 1) * FV_LRN_ROWS * fv_lrn_row(a) * real_bytes + 63) / 64 * 64;
}

#endif
