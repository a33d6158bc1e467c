/* What a core can do at most, measured by doing nothing else: multiplications and additions in registers. */
#ifndef FV_KERNELS_LIMITS_H
#define FV_KERNELS_LIMITS_H

/* ---- limit_fma: out[i] = the fixed point of v = v factor + term, reached from `start` in FV_LIMIT_FMAS multiplications
 * with additions, as many in flight as the registers hold. x: factor, term, start. Items are those of out. */
enum { FV_LIMIT_FMAS = 384 * 256 };
typedef struct fv_limit_args {
    const void *x;
    void *out;
} fv_limit_args;

#endif
