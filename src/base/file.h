/* Files: read whole with a limit, mapped read-only, or replaced atomically. */
#ifndef FV_BASE_FILE_H
#define FV_BASE_FILE_H
#include "fovea/fovea.h"

/* Read a whole regular file of at most `limit` bytes into *data (fv_release it). A zero byte follows the data. */
fv_status fv_file_read(const fv_host *host, const char *path, size_t limit, uint8_t **data, size_t *size,
                       fv_error *err);

/* Map a file read-only; an empty file gives data NULL and size 0. */
fv_status fv_file_map(const char *path, const uint8_t **data, size_t *size, fv_error *err);
void fv_file_unmap(const uint8_t *data, size_t size);
/* Give back the memory of whole pages of a mapped file; they are read again where somebody looks. */
void fv_file_forget(const void *data, size_t size);

/* One piece of what is written. */
typedef struct fv_piece {
    const void *data;
    size_t size;
} fv_piece;

/* Write the pieces one after another to a temporary file beside `path`, sync it, rename it over `path` and sync the
 * folder. On failure (full disk, no permission) the temporary file is removed and what was at `path` is untouched. */
fv_status fv_file_replace(const char *path, const fv_piece *pieces, size_t count, fv_error *err);

/* Monotonic seconds, for durations only. */
double fv_clock_s(void);

#endif
