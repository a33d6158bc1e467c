/* What this machine can do at most, measured in the same run as what is held against it. */
#ifndef FV_CLI_LIMITS_H
#define FV_CLI_LIMITS_H
#include "kernels/kernels.h"
#include "run/pool.h"

typedef struct fv_cli_limits {
    double fma;    /* multiplications and additions in registers, 1e9 operations a second, all threads together */
    double memory; /* copying beyond the caches, 1e9 bytes read and written a second */
} fv_cli_limits;

/* Takes about half a second. Where memory is short, limits stay 0. */
void fv_cli_limits_measure(fv_cli_limits *limits, const fv_host *host, const fv_kernels *kernels, size_t threads);

#endif
