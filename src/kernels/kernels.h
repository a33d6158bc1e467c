/* Kernels: the loops over numbers. A kernel is one function compiled once an instruction set; the plan calls it through
 * a table chosen at run time, so nobody else knows which CPU this is.
 *
 * A kernel does items [begin, end) of its work. Items write disjoint outputs, so any split over threads gives the same
 * bits. `slice` numbers the call's share of the scratch memory: calls that run at once have different slices. */
#ifndef FV_KERNELS_KERNELS_H
#define FV_KERNELS_KERNELS_H
#include <stdbool.h>
#include <stddef.h>

typedef void fv_kernel(const void *args, size_t begin, size_t end, size_t slice);

typedef enum fv_kernel_id {
#define K(name) FV_K_##name,
#include "kernels/kernels.def"
#undef K
    FV_KERNELS
} fv_kernel_id;

typedef struct fv_kernels {
    const char *isa;   /* "ref", "ref64", "avx2", "avx512", "neon" */
    size_t real_bytes; /* 4, or 8 for ref64 */
    size_t panel;      /* columns of a packed weight panel (see pack.h) */
    bool bf16;         /* the CPU multiplies words of two bf16 at once: twice the arithmetic of floats */
    fv_kernel *run[FV_KERNELS];
} fv_kernels;

/* The table called `isa`, or the best that this CPU runs when isa is NULL; NULL if there is none of that name or the
 * CPU lacks it. */
const fv_kernels *fv_kernels_find(const char *isa);

/* The i-th table that this CPU can run, ref first; NULL behind the last. ref64 is not listed. */
const fv_kernels *fv_kernels_list(size_t i);

/* The name of a kernel, as in kernels.def. */
const char *fv_kernel_name(fv_kernel_id id);

#endif
