/* Allocation through the caller's host, checked sizes, and the arena. */
#define _DEFAULT_SOURCE
#include "base/memory.h"
#include "base/locale.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *system_alloc(void *user, size_t bytes)
{
    (void)user;
    return bytes > PTRDIFF_MAX - FV_ALIGN ? NULL
                                          : aligned_alloc(FV_ALIGN, (bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN);
}

/* Large blocks of the system are zeroed by giving their pages back, so that what nobody uses takes no memory, and come in
 * large pages where there are some: weights are streams through hundreds of megabytes. */
static const size_t LARGE_BYTES = 1 << 20;

static void clear_large(char *block, size_t bytes)
{
#ifdef __linux__
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), skip = (page - (uintptr_t)block % page) % page;
    const size_t pages = (bytes - skip) / page * page;

    if (madvise(block + skip, pages, MADV_DONTNEED) == 0) {
        madvise(block + skip, pages, MADV_HUGEPAGE);
        memset(block, 0, skip);
        memset(block + skip + pages, 0, bytes - skip - pages);
        return;
    }
#endif
    memset(block, 0, bytes);
}

static void system_release(void *user, void *block)
{
    (void)user;
    free(block);
}

/* A caller built against an older header has a smaller fv_host: what it does not have is zero. Without both memory
 * functions neither is used, for a block must go back where it came from. */
fv_host fv_host_or_default(const fv_host *host)
{
    fv_host h = {0};

    if (host)
        memcpy(&h, host, host->size < sizeof h ? host->size : sizeof h);
    h.size = sizeof h;
    if (!h.alloc || !h.release) {
        h.alloc = system_alloc;
        h.release = system_release;
    }
    return h;
}

bool fv_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool fv_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

void *fv_alloc(const fv_host *host, size_t count, size_t size)
{
    const fv_host h = fv_host_or_default(host);
    size_t bytes;
    void *block;

    if (!fv_mul(count, size, &bytes))
        return NULL;
    bytes = bytes ? bytes : 1;
    block = h.alloc(h.user, bytes);
    if (block && h.alloc == system_alloc && bytes >= LARGE_BYTES)
        clear_large(block, bytes);
    else if (block)
        memset(block, 0, bytes);
    return block;
}

void *fv_grow(const fv_host *host, void *block, size_t old_count, size_t new_count, size_t size)
{
    void *grown = fv_alloc(host, new_count, size);

    if (!grown)
        return NULL;
    if (block)
        memcpy(grown, block, (old_count < new_count ? old_count : new_count) * size);
    fv_release(host, block);
    return grown;
}

void fv_release(const fv_host *host, void *block)
{
    const fv_host h = fv_host_or_default(host);

    if (block)
        h.release(h.user, block);
}

char *fv_strndup(const fv_host *host, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? fv_alloc(host, length + 1, 1) : NULL;

    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

char *fv_strdup(const fv_host *host, const char *text)
{
    return fv_strndup(host, text, strlen(text));
}

/* Blocks stand behind this header, 16-byte aligned because the header is a multiple of 16 bytes long. Chunks double
 * from 4 KiB to 1 MiB, so that a small net takes one allocation and a large one few. */
typedef struct fv_arena_chunk {
    struct fv_arena_chunk *next;
    size_t bytes;
} chunk;

enum { ARENA_ALIGN = 16, CHUNK_FIRST = 4096, CHUNK_LAST = 1 << 20 };

_Static_assert(sizeof(chunk) <= ARENA_ALIGN, "the header of a chunk fits one unit");

void fv_arena_init(fv_arena *arena, const fv_host *host)
{
    *arena = (fv_arena){.host = fv_host_or_default(host)};
}

/* A new chunk with room for `bytes` behind its header becomes the current one. */
static bool add_chunk(fv_arena *arena, size_t bytes)
{
    size_t size = arena->chunk ? arena->chunk->bytes * 2 : CHUNK_FIRST, least;
    chunk *c;

    if (!fv_add(bytes, ARENA_ALIGN, &least))
        return false;
    if (size > CHUNK_LAST)
        size = CHUNK_LAST;
    if (size < least)
        size = least;
    c = fv_alloc(&arena->host, size, 1);
    if (!c)
        return false;
    *c = (chunk){arena->chunk, size};
    arena->chunk = c;
    arena->bytes += size;
    arena->used = ARENA_ALIGN;
    arena->size = size;
    return true;
}

void *fv_arena_alloc(fv_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    void *block;

    if (!fv_mul(count, size, &bytes) || bytes > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    bytes = (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (bytes > arena->size - arena->used && !add_chunk(arena, bytes))
        return NULL;
    if (!arena->chunk && !add_chunk(arena, bytes))
        return NULL;
    block = (char *)arena->chunk + arena->used;
    arena->used += bytes;
    return block;
}

char *fv_arena_strndup(fv_arena *arena, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? fv_arena_alloc(arena, length + 1, 1) : NULL;

    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

char *fv_arena_print(fv_arena *arena, const char *format, ...)
{
    const fv_locale plain = fv_locale_enter();
    va_list args;
    char *text = NULL;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n >= 0)
        text = fv_arena_alloc(arena, (size_t)n + 1, 1);
    if (text) {
        va_start(args, format);
        vsnprintf(text, (size_t)n + 1, format, args);
        va_end(args);
    }
    fv_locale_leave(plain);
    return text;
}

void fv_arena_free(fv_arena *arena)
{
    while (arena->chunk) {
        chunk *c = arena->chunk;

        arena->chunk = c->next;
        fv_release(&arena->host, c);
    }
    arena->used = arena->size = arena->bytes = 0;
}
