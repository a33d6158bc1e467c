/* Memory of this machine and of this process, as Linux counts it. */
#ifndef FV_CLI_MEMORY_H
#define FV_CLI_MEMORY_H
#include "cli/json.h"
#include "run/exec.h"

/* Bytes that programs can still have without swapping (MemAvailable), or a container's limit if that is less; 0 = it is
 * not known. */
size_t fv_cli_memory_available(void);

/* The most anonymous memory that this process has had so far: mapped files and the program's own text do not count. 0 =
 * it is not known. To be asked while files that were read through a map are still mapped. */
uint64_t fv_cli_memory_peak(void);

/* What this process holds now and held at the most, and what a plan says of it: rest is what neither files nor the plan
 * account for. */
typedef struct fv_cli_resident {
    uint64_t peak, files, anonymous;  /* of the process; files: pages of models, of the program and its libraries */
    uint64_t packed, weights, values; /* planned: weights in kernels' layouts, as they are; values with scratch */
} fv_cli_resident;

void fv_cli_resident_read(fv_cli_resident *resident, const fv_exec *exec);
void fv_cli_resident_print(const fv_cli_resident *resident, FILE *out);
void fv_cli_resident_json(const fv_cli_resident *resident, fv_cli_json *json);

#endif
