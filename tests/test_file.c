/* base/file: reading, mapping, and replacing files. */
#include "support.h"

#include "base/file.h"
#include "base/memory.h"

#include <fcntl.h>
#include <sys/wait.h>

static fv_status replace(const char *path, const char *text, fv_error *err)
{
    return fv_file_replace(path, &(fv_piece){text, strlen(text)}, 1, err);
}

/* -------------------------------------------------------------------------------------------------------- reading */

static fv_status read_once(const fv_host *host, void *arg, fv_error *err)
{
    uint8_t *data;
    size_t size;
    const fv_status status = fv_file_read(host, arg, 100, &data, &size, err);

    if (status != FV_OK) {
        assert_null(data);
        assert_int_equal(size, 0);
        return status;
    }
    assert_int_equal(size, 100);
    assert_int_equal(data[99], 'x');
    assert_int_equal(data[100], 0);
    fv_release(host, data);
    return FV_OK;
}

static void read_keeps_to_the_limit(void **state)
{
    const char *path = test_path("read"), *empty = test_path("empty");
    char text[101];
    uint8_t *data;
    size_t size;
    fv_error err;

    (void)state;
    memset(text, 'x', sizeof text);
    test_write_file(path, text, 100);
    assert_int_equal(test_every_failure(read_once, (void *)(uintptr_t)path), 1);
    test_write_file(path, text, 101);
    test_failed(fv_file_read(NULL, path, 100, &data, &size, &err), FV_E_FORMAT, &err,
                "/read: has 101 bytes, at most 100 are read");
    assert_null(data);
    test_write_file(empty, text, 0);
    test_ok(fv_file_read(NULL, empty, 0, &data, &size, &err), &err);
    assert_true(data && data[0] == 0 && size == 0);
    fv_release(NULL, data);
}

static void map_shows_the_bytes(void **state)
{
    const char *path = test_path("map"), *empty = test_path("map-empty");
    char text[9000];
    const uint8_t *data;
    size_t size;
    fv_error err;

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7);
    test_write_file(path, text, sizeof text);
    test_ok(fv_file_map(path, &data, &size, &err), &err);
    assert_int_equal(size, sizeof text);
    assert_memory_equal(data, text, size);
    assert_int_equal(unlink(path), 0); /* a mapping outlives the name */
    assert_memory_equal(data, text, size);
    fv_file_unmap(data, size);
    test_write_file(empty, "", 0);
    test_ok(fv_file_map(empty, &data, &size, &err), &err);
    assert_true(data == NULL && size == 0);
    fv_file_unmap(data, size);
}

/* What cannot be read, with the words that say so. A pipe must not block. */
static void odd_paths_are_refused(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"nothing-here", "nothing-here: cannot open: No such file or directory"},
        {"", "is a folder, wanted a regular file"},
        {"pipe", "pipe: is a device or a pipe, wanted a regular file"},
        {"loop", "loop: cannot open: Too many levels of symbolic links"},
    };
    fv_error err;

    (void)state;
    assert_int_equal(mkfifo(test_path("pipe"), 0600), 0);
    assert_int_equal(symlink("loop", test_path("loop")), 0);
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const char *path = test_path(cases[i].name);
        uint8_t *block;
        const uint8_t *map;
        size_t size;

        test_failed(fv_file_read(NULL, path, 10, &block, &size, &err), FV_E_IO, &err, cases[i].text);
        test_failed(fv_file_map(path, &map, &size, &err), FV_E_IO, &err, cases[i].text);
        assert_true(block == NULL && map == NULL && size == 0);
    }
    assert_int_equal(fv_file_map(test_path("nothing-here"), &(const uint8_t *){NULL}, &(size_t){0}, NULL), FV_E_IO);
}

/* ------------------------------------------------------------------------------------------------------- replacing */

static void replace_writes_all_pieces(void **state)
{
    const char *folder = test_new_folder("pieces"), *path = test_path("pieces/file");
    const size_t big = 3 << 20;
    char *data = malloc(big), *want = malloc(big + 6);
    const fv_piece pieces[] = {{"abc", 3}, {NULL, 0}, {data, big}, {"xyz", 3}};
    fv_error err;

    (void)state;
    assert_true(data && want);
    for (size_t i = 0; i < big; i++)
        data[i] = (char)(i % 251);
    memcpy(want, "abc", 3);
    memcpy(want + 3, data, big);
    memcpy(want + 3 + big, "xyz", 3);
    test_ok(fv_file_replace(path, pieces, FV_COUNT(pieces), &err), &err);
    test_holds(path, want, big + 6);
    test_ok(replace(path, "short", &err), &err);
    test_holds(path, "short", 5);
    test_ok(fv_file_replace(path, NULL, 0, &err), &err);
    test_holds(path, "", 0);
    assert_int_equal(test_entries(folder), 1);
    free(data);
    free(want);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void replace_keeps_modes(void **state)
{
    const char *path = test_path("mode"), *other = test_path("mode-new");
    const mode_t mask = umask(027);
    fv_error err;

    (void)state;
    test_ok(replace(other, "x", &err), &err);
    assert_int_equal(mode_of(other), 0640);
    test_write_file(path, "old", 3);
    assert_int_equal(chmod(path, 0604), 0);
    test_ok(replace(path, "new", &err), &err);
    assert_int_equal(mode_of(path), 0604);
    umask(mask);
}

/* A link keeps pointing to what it pointed to, which gets the new content. */
static void replace_follows_links(void **state)
{
    const char *file = test_path("links-file"), *link = test_path("links");
    struct stat st;
    fv_error err;

    (void)state;
    test_new_folder("elsewhere");
    test_write_file(file, "old", 3);
    assert_int_equal(symlink("links-file", link), 0);
    test_ok(replace(link, "new", &err), &err);
    test_holds(file, "new", 3);
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void replace_works_without_a_folder_in_the_name(void **state)
{
    char here[PATH_MAX];
    fv_error err;
    fv_status status;

    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(test_folder()), 0);
    status = replace("bare", "text", &err);
    assert_int_equal(chdir(here), 0);
    test_ok(status, &err);
    test_holds(test_path("bare"), "text", 4);
}

static void replace_refuses_what_is_no_file(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"refuse/dir", "refuse/dir: cannot write: is a folder, wanted a regular file"},
        {"refuse/new/", "refuse/new/: cannot write: a folder's name, wanted a file's"},
        {"refuse/pipe", "refuse/pipe: cannot write: is a device or a pipe, wanted a regular file"},
        {"refuse/no/file", "refuse/no/file: cannot open its folder: No such file or directory"},
        {"refuse/file/x", "refuse/file/x: cannot open its folder: Not a directory"},
    };
    const char *folder = test_new_folder("refuse");
    char name[300];
    fv_error err;

    (void)state;
    test_new_folder("refuse/dir");
    assert_int_equal(mkfifo(test_path("refuse/pipe"), 0600), 0);
    test_write_file(test_path("refuse/file"), "old", 3);
    for (size_t i = 0; i < FV_COUNT(cases); i++)
        test_failed(replace(test_path(cases[i].name), "new", &err), FV_E_IO, &err, cases[i].text);
    memset(name, 'n', sizeof name - 1); /* fits a path, not a name: the rename is what fails */
    name[sizeof name - 1] = '\0';
    memcpy(name, "refuse/", 7);
    test_failed(replace(test_path(name), "new", &err), FV_E_IO, &err, "cannot rename the new file: File name too long");
    test_holds(test_path("refuse/file"), "old", 3);
    assert_int_equal(test_entries(folder), 3);
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

/* In a folder that this user may not write; root, who may, becomes nobody. */
static int replace_without_rights(const char *path)
{
    fv_error err = {0};
    int folder;

    if (geteuid() == 0 && setuid(65534))
        return 77;
    folder = open(test_path("locked"), O_RDONLY | O_DIRECTORY);
    if (folder < 0)
        return 77; /* a folder above it is closed to nobody */
    if (replace(path, "new", &err) != FV_E_IO)
        return 1;
    return strstr(err.message, "locked/file: cannot make a file in its folder: Permission denied") ? 0 : 2;
}

static void replace_needs_a_writable_folder(void **state)
{
    const char *folder = test_new_folder("locked"), *path = test_path("locked/file");
    int code;

    (void)state;
    test_write_file(path, "old", 3);
    assert_int_equal(chmod(test_folder(), 0711), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    code = in_child(replace_without_rights, path);
    assert_int_equal(chmod(folder, 0755), 0);
    if (code == 77)
        skip();
    assert_int_equal(code, 0);
    test_holds(path, "old", 3);
    assert_int_equal(test_entries(folder), 1);
}

static void the_clock_runs(void **state)
{
    const double start = fv_clock_s();
    double last = start;

    (void)state;
    while (last < start + 0.01) {
        const double now = fv_clock_s();

        assert_true(now >= last);
        last = now;
    }
    usleep(20000);
    assert_true(fv_clock_s() - last >= 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_keeps_to_the_limit),
        cmocka_unit_test(map_shows_the_bytes),
        cmocka_unit_test(odd_paths_are_refused),
        cmocka_unit_test(replace_writes_all_pieces),
        cmocka_unit_test(replace_keeps_modes),
        cmocka_unit_test(replace_follows_links),
        cmocka_unit_test(replace_works_without_a_folder_in_the_name),
        cmocka_unit_test(replace_refuses_what_is_no_file),
        cmocka_unit_test(replace_needs_a_writable_folder),
        cmocka_unit_test(the_clock_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
