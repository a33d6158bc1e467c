/* Building jobs and running them. */
#ifndef CHECK_JOB_H
#define CHECK_JOB_H
#include "buffers.h"
#include "check.h"

enum { RUN_SLICES = 3 };

/* A job with its memory. */
typedef struct run {
    const job *job;
    guarded memory[JOB_BUFFERS], scratch;
    __typeof__(((job *)0)->args) args;
} run;

/* The job of a case for one set of kernels; `pack` is asked for the panels of panel_set (the plain one makes others'). */
void job_build(job *j, const check_case *c, const fv_kernels *set, const fv_kernels *panel_set);

void run_begin(run *r, const job *j, uint64_t seed, bool slack);
void run_items(const run *r, size_t begin, size_t end, size_t slice);
void run_all(const run *r, size_t slice);
void run_end(run *r);

#endif
