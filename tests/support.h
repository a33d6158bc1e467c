/* What test programs share: cmocka with its prelude, a host that counts and fails, a temporary folder, messages.
 * Include this first: it sets what the C library shows. */
#ifndef FV_TESTS_SUPPORT_H
#define FV_TESTS_SUPPORT_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "fovea/fovea.h"

/* ------------------------------------------------------------------------------------------------------- memory */

/* A host that counts its blocks and lets the allocation number fail_at (from 1; 0 = none) fail. Blocks are filled with
 * a pattern, so that who relies on zeroed memory without asking for it shows. */
typedef struct test_host {
    fv_host host;
    size_t live, live_bytes, peak_bytes, total, fail_at;
    size_t logs;
    char log[512]; /* the last remark */
} test_host;

enum { TEST_HEAD = 64, TEST_PATTERN = 0xA5 };

static inline void *test_alloc(void *user, size_t bytes)
{
    test_host *h = user;
    unsigned char *block;

    if (++h->total == h->fail_at || bytes > SIZE_MAX / 2)
        return NULL;
    block = aligned_alloc(64, TEST_HEAD + (bytes + 63) / 64 * 64);
    if (!block)
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    memset(block + TEST_HEAD, TEST_PATTERN, bytes);
    h->live++;
    h->live_bytes += bytes;
    if (h->live_bytes > h->peak_bytes)
        h->peak_bytes = h->live_bytes;
    return block + TEST_HEAD;
}

static inline void test_release(void *user, void *block)
{
    test_host *h = user;
    size_t bytes;

    if (!block)
        return;
    memcpy(&bytes, (unsigned char *)block - TEST_HEAD, sizeof bytes);
    assert_true(h->live > 0 && h->live_bytes >= bytes);
    h->live--;
    h->live_bytes -= bytes;
    free((unsigned char *)block - TEST_HEAD);
}

static inline void test_log(void *user, const char *message)
{
    test_host *h = user;

    h->logs++;
    snprintf(h->log, sizeof h->log, "%s", message);
}

static inline void test_host_init(test_host *h)
{
    *h = (test_host){.host = {sizeof h->host, test_alloc, test_release, test_log, h}};
}

/* Something that allocates through the host, and releases all of it again, whether it succeeds or fails. */
typedef fv_status (*test_body)(const fv_host *host, void *arg, fv_error *err);

/* Run `body` with its first allocation failing, then its second, until it succeeds because it makes no more. Each run
 * must end in FV_E_MEMORY with a message, and none may leave a block behind. Returns the number of allocations. */
static inline size_t test_every_failure(test_body body, void *arg)
{
    for (size_t k = 1;; k++) {
        test_host h;
        fv_error err = {0};
        fv_status status;

        test_host_init(&h);
        h.fail_at = k;
        status = body(&h.host, arg, &err);
        assert_int_equal(h.live, 0);
        if (status == FV_OK) {
            if (h.total >= k)
                fail_msg("allocation %zu failed, and nobody noticed", k);
            return k - 1;
        }
        if (status != FV_E_MEMORY)
            fail_msg("allocation %zu failed: wanted FV_E_MEMORY, got %d: %s", k, (int)status, err.message);
        assert_int_equal(err.code, FV_E_MEMORY);
        assert_true(err.message[0] != '\0');
    }
}

/* ------------------------------------------------------------------------------------------------------- messages */

/* The message contains `text`; both are shown if not. */
static inline void test_message(const fv_error *err, const char *text)
{
    if (!strstr(err->message, text))
        fail_msg("wanted \"%s\" in the message, got \"%s\"", text, err->message);
}

/* A call failed as it should. */
static inline void test_failed(fv_status got, fv_status wanted, const fv_error *err, const char *text)
{
    if (got != wanted)
        fail_msg("wanted status %d, got %d: %s", (int)wanted, (int)got, err->message);
    assert_int_equal(err->code, wanted);
    test_message(err, text);
}

/* A call that must succeed; its message is shown if it does not. */
static inline void test_ok(fv_status got, const fv_error *err)
{
    if (got != FV_OK)
        fail_msg("wanted success, got %d: %s", (int)got, err->message);
}

/* ---------------------------------------------------------------------------------------------- temporary folder */

static inline char *test_folder_buffer(void)
{
    static char folder[PATH_MAX];

    return folder;
}

static inline int test_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* Not in a child that was forked. */
static inline void test_folder_remove(void)
{
    static pid_t owner;

    if (!owner)
        owner = getpid();
    else if (owner == getpid())
        nftw(test_folder_buffer(), test_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A folder of this program's own under $TMPDIR (or the system's), made at the first call and removed at exit. */
static inline const char *test_folder(void)
{
    char *folder = test_folder_buffer();
    const char *base = getenv("TMPDIR");

    if (*folder)
        return folder;
    snprintf(folder, PATH_MAX, "%s/fovea-test-XXXXXX", base && *base ? base : P_tmpdir);
    if (!mkdtemp(folder)) {
        fprintf(stderr, "cannot make %s\n", folder);
        exit(1);
    }
    test_folder_remove();
    atexit(test_folder_remove);
    return folder;
}

/* FOLDER/name; the text lives until the 32nd call after this one. */
static inline const char *test_path(const char *name)
{
    static char paths[32][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 32];

    if (snprintf(path, PATH_MAX, "%s/%s", test_folder(), name) >= PATH_MAX)
        fail_msg("path of %s is too long", name);
    return path;
}

static inline void test_write_file(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* The whole file, zero-terminated (free it). */
static inline unsigned char *test_read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    unsigned char *data;
    long end;

    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    end = ftell(f);
    assert_true(end >= 0);
    rewind(f);
    data = calloc((size_t)end + 1, 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)end, f), end);
    fclose(f);
    *size = (size_t)end;
    return data;
}

/* A path in a folder of test_path; a new folder in it, of a number. */
static inline const char *test_in(const char *folder, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return test_path(path);
}

static inline const char *test_numbered_folder(void)
{
    static char names[64][16];
    static size_t count;
    char *name = names[count];

    assert_true(count < FV_COUNT(names));
    snprintf(name, sizeof names[0], "folder%zu", count++);
    assert_int_equal(mkdir(test_path(name), 0700), 0);
    return name;
}

/* Names in a folder, "." and ".." not counted: a temporary file that stays behind shows. */
static inline size_t test_entries(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

static inline const char *test_new_folder(const char *name)
{
    const char *path = test_path(name);

    assert_int_equal(mkdir(path, 0755), 0);
    return path;
}

static inline void test_holds(const char *path, const void *want, size_t want_size)
{
    size_t size;
    unsigned char *data = test_read_file(path, &size);

    assert_int_equal(size, want_size);
    assert_memory_equal(data, want, size);
    free(data);
}

#endif
