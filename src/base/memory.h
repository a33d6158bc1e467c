/* Memory of the caller's choosing: every allocation of the library goes through an fv_host, and sizes are
 * multiplied with overflow checks. Blocks are zeroed and aligned to 64 bytes (a cache line, a 512-bit vector). */
#ifndef FV_BASE_MEMORY_H
#define FV_BASE_MEMORY_H
#include "fovea/fovea.h"

#define FV_ALIGN 64

/* The host that a NULL argument means: aligned blocks of the C library, no log. */
fv_host fv_host_or_default(const fv_host *host);

/* count * size zeroed bytes, aligned to FV_ALIGN; NULL if the product overflows or there is no memory. A zero
 * product gives a block that can be freed. */
void *fv_alloc(const fv_host *host, size_t count, size_t size);

/* A block of new_count elements with the first old_count copied; the old block is freed only on success. */
void *fv_grow(const fv_host *host, void *block, size_t old_count, size_t new_count, size_t size);
void fv_release(const fv_host *host, void *block);
char *fv_strdup(const fv_host *host, const char *text);
char *fv_strndup(const fv_host *host, const char *text, size_t length);

/* True and *out = a * b, or false when the product does not fit. */
bool fv_mul(size_t a, size_t b, size_t *out);
bool fv_add(size_t a, size_t b, size_t *out);

/* An arena: many small blocks of one lifetime, freed together. Used for nets, graphs and plans. */
typedef struct fv_arena {
    fv_host host;
    struct fv_arena_chunk *chunk;
    size_t used, size; /* of the chunk under way */
    size_t bytes;      /* of all chunks */
} fv_arena;

void fv_arena_init(fv_arena *arena, const fv_host *host);
void *fv_arena_alloc(fv_arena *arena, size_t count, size_t size); /* zeroed, 16-byte aligned; NULL when out of memory */
char *fv_arena_strndup(fv_arena *arena, const char *text, size_t length);
char *fv_arena_print(fv_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fv_arena_free(fv_arena *arena);

#endif
