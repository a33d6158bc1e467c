/* Memory of this machine and of this process, as Linux counts it. */
#ifndef FV_CLI_MEMORY_H
#define FV_CLI_MEMORY_H
#include <stddef.h>
#include <stdint.h>

/* Bytes that programs can still have without swapping (MemAvailable), or a container's limit if that is less; 0 = it is
 * not known. */
size_t fv_cli_memory_available(void);

/* The most anonymous memory that this process has had so far: mapped files and the program's own text do not count. 0 =
 * it is not known. To be asked while files that were read through a map are still mapped. */
uint64_t fv_cli_memory_peak(void);

#endif
