/* base/file when things go wrong: short and interrupted calls, failing syncs, a full disk, other writers. */
#include "support.h"

#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static fv_status replace(const char *path, const char *text, fv_error *err)
{
    return fv_file_replace(path, &(fv_piece){text, strlen(text)}, 1, err);
}

/* These stand before the C library's. Off (0) they do what it does. */
static struct {
    size_t cut;     /* bytes that one read or write moves at most; every second call is interrupted */
    size_t calls;   /* of read and write */
    int sync_fails; /* the number of the fsync that fails, from 1 */
    int sync_errno;
} trouble;

static bool interrupted(size_t *n)
{
    if (!trouble.cut)
        return false;
    *n = *n < trouble.cut ? *n : trouble.cut;
    errno = EINTR;
    return trouble.calls++ % 2 == 0;
}

ssize_t write(int fd, const void *data, size_t n)
{
    return interrupted(&n) ? -1 : syscall(SYS_write, fd, data, n);
}

ssize_t read(int fd, void *data, size_t n)
{
    return interrupted(&n) ? -1 : syscall(SYS_read, fd, data, n);
}

int fsync(int fd)
{
    if (trouble.sync_fails == 0 || --trouble.sync_fails)
        return (int)syscall(SYS_fsync, fd);
    errno = trouble.sync_errno;
    return -1;
}

static void short_reads_and_writes_go_on(void **state)
{
    const char *path = test_path("short");
    char data[10007];
    uint8_t *back;
    size_t size;
    fv_error err;
    fv_status written, got;

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i % 253);
    trouble.cut = 1000;
    written = fv_file_replace(path, &(fv_piece){data, sizeof data}, 1, &err);
    got = fv_file_read(NULL, path, sizeof data, &back, &size, &err);
    trouble.cut = 0;
    test_ok(written, &err);
    test_ok(got, &err);
    assert_true(trouble.calls >= 40);
    assert_int_equal(size, sizeof data);
    assert_memory_equal(back, data, size);
    fv_release(NULL, back);
    test_holds(path, data, sizeof data);
}

/* A file that cannot be synced does not replace the old one. A folder that cannot be synced is reported only where the
 * file system should have been able to. */
static void failed_syncs_are_seen(void **state)
{
    static const struct {
        int number, code;
        fv_status status;
        const char *message, *holds;
    } cases[] = {
        {1, EIO, FV_E_IO, "sync/file: cannot sync: Input/output error", "old"},
        {2, EIO, FV_E_IO, "sync/file: written, but its folder cannot be synced: Input/output error", "new"},
        {2, EINVAL, FV_OK, "", "new"},
    };
    const char *folder = test_new_folder("sync"), *path = test_path("sync/file");

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_error err = {0};

        test_write_file(path, "old", 3);
        trouble.sync_fails = cases[i].number;
        trouble.sync_errno = cases[i].code;
        assert_int_equal(replace(path, "new", &err), cases[i].status);
        assert_int_equal(trouble.sync_fails, 0);
        test_message(&err, cases[i].message);
        test_holds(path, cases[i].holds, 3);
        assert_int_equal(test_entries(folder), 1);
    }
}

/* Run `body` in a child, so that its limits and rights end with it; returns its exit code. */
static int in_child(int (*body)(const char *path), const char *path)
{
    const pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(body(path));
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* No file may pass 4096 bytes: what a full disk does, for a process of its own. */
static bool fill_disk(void)
{
    const struct rlimit small = {4096, 4096};

    signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &small) == 0;
}

static int replace_too_large(const char *path)
{
    static char data[100000];
    const fv_piece pieces[] = {{"head", 4}, {data, sizeof data}};
    fv_error err = {0};

    if (!fill_disk())
        return 100;
    if (fv_file_replace(path, pieces, 2, &err) != FV_E_IO || err.code != FV_E_IO)
        return 1;
    return strstr(err.message, "file: cannot write: File too large") ? 0 : 2;
}

static int replace_small(const char *path)
{
    fv_error err;

    return fill_disk() && replace(path, "fits", &err) == FV_OK ? 0 : 3;
}

static void full_disk_keeps_the_old_file(void **state)
{
    const char *folder = test_new_folder("full"), *path = test_path("full/file"), *other = test_path("full/other-file");

    (void)state;
    test_write_file(path, "old", 3);
    assert_int_equal(in_child(replace_too_large, path), 0);
    test_holds(path, "old", 3);
    assert_int_equal(test_entries(folder), 1);
    assert_int_equal(in_child(replace_too_large, other), 0);
    assert_int_equal(test_entries(folder), 1);
    assert_int_equal(in_child(replace_small, path), 0);
    test_holds(path, "fits", 4);
}

/* A temporary file that a killed process of the same number left is neither used nor in the way. */
static void stale_temporary_files_are_left_alone(void **state)
{
    const char *folder = test_new_folder("stale"), *path = test_path("stale/file");
    char name[64];
    fv_error err;

    (void)state;
    snprintf(name, sizeof name, "stale/.fovea-%ld-0.tmp", (long)getpid());
    test_write_file(test_path(name), "stale", 5);
    test_ok(replace(path, "new", &err), &err);
    test_holds(path, "new", 3);
    test_holds(test_path(name), "stale", 5);
    assert_int_equal(test_entries(folder), 2);
}

enum { WRITERS = 4, ROUNDS = 50, LETTERS = 20000 };

/* Each writer replaces the file with its own letter, LETTERS times in two pieces. */
static void *write_letters(void *arg)
{
    static char letters[WRITERS][LETTERS];
    char *mine = letters[*(const int *)arg];
    const char *path = test_folder();
    char file[PATH_MAX];
    size_t failures = 0;

    snprintf(file, sizeof file, "%.4000s/threads/file", path);
    memset(mine, 'a' + *(const int *)arg, LETTERS);
    for (int i = 0; i < ROUNDS; i++) {
        const fv_piece pieces[] = {{mine, LETTERS / 2}, {mine, LETTERS / 2}};

        failures += fv_file_replace(file, pieces, 2, NULL) != FV_OK;
    }
    return failures ? arg : NULL;
}

static void readers_see_one_version_whole(void **state)
{
    const char *folder = test_new_folder("threads"), *path = test_path("threads/file");
    pthread_t threads[WRITERS];
    int numbers[WRITERS];

    (void)state;
    test_write_file(path, "", 0);
    for (int i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_letters, &numbers[i]), 0);
    }
    for (int i = 0; i < 200; i++) {
        size_t size;
        unsigned char *data = test_read_file(path, &size);

        assert_true(size == 0 || size == LETTERS);
        for (size_t k = 1; k < size; k++)
            assert_int_equal(data[k], data[0]);
        free(data);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(test_entries(folder), 1);
}

static void no_descriptor_leaks(void **state)
{
    uint8_t *data;
    const uint8_t *map;
    size_t size, before;
    fv_error err;

    (void)state;
    before = test_entries("/proc/self/fd");
    for (int i = 0; i < 20; i++) {
        replace(test_path("fd"), "x", &err);
        replace(test_folder(), "x", &err);
        replace(test_path("no/folder"), "x", &err);
        fv_file_map(test_folder(), &map, &size, &err);
        fv_file_read(NULL, test_path("fd"), 0, &data, &size, &err);
        test_ok(fv_file_map(test_path("fd"), &map, &size, &err), &err);
        fv_file_unmap(map, size);
    }
    assert_int_equal(test_entries("/proc/self/fd"), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_reads_and_writes_go_on),  cmocka_unit_test(failed_syncs_are_seen),
        cmocka_unit_test(full_disk_keeps_the_old_file),  cmocka_unit_test(stale_temporary_files_are_left_alone),
        cmocka_unit_test(readers_see_one_version_whole), cmocka_unit_test(no_descriptor_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
