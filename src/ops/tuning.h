/* Which algorithm was fastest for a convolution here: what `fovea plan --tune` measured, kept as a file of text.
 *
 *     fovea tuning VERSION
 *     ISA N H W IN OUT KERNEL TOP BOTTOM LEFT RIGHT GROUPS SIDE
 *
 * A line a convolution, [N,H,W,IN] -> OUT features with square kernels of stride 1; SIDE 0 is the plain kernel, 2 and 4
 * Winograd's with tiles of that side. What no line names is left to the cost model (ops/winograd.c). The number of threads
 * is no part of a line: it must not change results. */
#ifndef FV_OPS_TUNING_H
#define FV_OPS_TUNING_H
#include "base/text.h"
#include "kernels/args.h"
#include "kernels/kernels.h"

typedef struct fv_tuned {
    char isa[16];
    fv_conv_geometry g;
    size_t side;
} fv_tuned;

typedef struct fv_tuning {
    fv_host host;
    fv_tuned *list;
    size_t count, size;
    const fv_tuned *forced; /* its side for every convolution that can have it: how candidates are measured */
} fv_tuning;

/* What the planner asks; tuning may be NULL. */
typedef struct fv_chooser {
    const fv_kernels *kernels;
    const fv_tuning *tuning;
    bool bf16; /* words of two bf16 are welcome (ops/half.h) */
} fv_chooser;

/* The measured side for a convolution; false if it was not measured. */
bool fv_tuning_find(const fv_chooser *chooser, const fv_conv_geometry *g, size_t *side);

/* Add a choice, or replace the one for the same convolution. */
fv_status fv_tuning_set(fv_tuning *tuning, const fv_tuned *tuned, fv_error *err);

/* Errors: FV_E_IO, FV_E_FORMAT with the line; FV_E_VERSION for the file of another version. */
fv_status fv_tuning_read(const fv_host *host, const char *path, fv_tuning *out, fv_error *err);
fv_status fv_tuning_write(const fv_tuning *tuning, const char *path, fv_error *err); /* replaces the file atomically */
void fv_tuning_free(fv_tuning *tuning);

#endif
