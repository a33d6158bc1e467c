/* Files: read whole, mapped, replaced atomically. A path is not trusted to name a regular file: a pipe would block. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Open for reading; *size is that of a regular file. Returns the descriptor, or -1 with *err filled. */
static int open_regular(const char *path, size_t *size, fv_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0) {
        fv_fail_errno(err, errno, "%s: cannot open", path);
        return -1;
    }
    if (fstat(fd, &st)) {
        fv_fail_errno(err, errno, "%s: cannot get its size", path);
    } else if (!S_ISREG(st.st_mode)) {
        fv_fail(err, FV_E_IO, "%s: %s, wanted a regular file", path,
                S_ISDIR(st.st_mode) ? "is a folder" : "is a device or a pipe");
    } else if ((uintmax_t)st.st_size > PTRDIFF_MAX) {
        fv_fail(err, FV_E_IO, "%s: %ju bytes do not fit this machine's memory", path, (uintmax_t)st.st_size);
    } else {
        *size = (size_t)st.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

/* Up to `size` bytes; *got is less only at the end of the file. */
static bool read_all(int fd, uint8_t *data, size_t size, size_t *got)
{
    for (*got = 0; *got < size;) {
        const ssize_t n = read(fd, data + *got, size - *got);

        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        *got += n > 0 ? (size_t)n : 0;
    }
    return true;
}

fv_status fv_file_read(const fv_host *host, const char *path, size_t limit, uint8_t **data, size_t *size, fv_error *err)
{
    fv_status status = FV_OK;
    uint8_t *block = NULL;
    size_t bytes = 0, got = 0;
    int fd;

    *data = NULL;
    *size = 0;
    fd = open_regular(path, &bytes, err);
    if (fd < 0)
        return FV_E_IO;
    if (bytes > limit)
        status = fv_fail(err, FV_E_FORMAT, "%s: has %zu bytes, at most %zu are read", path, bytes, limit);
    else if (!(block = fv_alloc(host, bytes + 1, 1)))
        status = fv_fail_memory(err, bytes + 1, path);
    else if (!read_all(fd, block, bytes, &got))
        status = fv_fail_errno(err, errno, "%s: cannot read behind byte %zu", path, got);
    else if (got < bytes)
        status = fv_fail(err, FV_E_IO, "%s: ended at byte %zu of %zu while it was read", path, got, bytes);
    close(fd);
    if (status != FV_OK) {
        fv_release(host, block);
        return status;
    }
    *data = block;
    *size = bytes;
    return FV_OK;
}

fv_status fv_file_map(const char *path, const uint8_t **data, size_t *size, fv_error *err)
{
    size_t bytes = 0;
    void *map = NULL;
    int fd, number;

    *data = NULL;
    *size = 0;
    fd = open_regular(path, &bytes, err);
    if (fd < 0)
        return FV_E_IO;
    if (bytes)
        map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    number = errno;
    close(fd);
    if (map == MAP_FAILED)
        return fv_fail_errno(err, number, "%s: cannot map %zu bytes", path, bytes);
    *data = map;
    *size = bytes;
    return FV_OK;
}

void fv_file_unmap(const uint8_t *data, size_t size)
{
    void *map;

    memcpy(&map, &data, sizeof map); /* without its const */
    if (map)
        munmap(map, size);
}

void fv_file_forget(const void *data, size_t size)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)data;
    const size_t skip = (size_t)((page - at % page) % page);
    void *map;

    if (size < skip + page)
        return;
    memcpy(&map, &data, sizeof map);
    madvise((char *)map + skip, (size - skip) / page * page, MADV_DONTNEED);
}

/* What fv_file_replace works on: the folder is open, so that the name, the temporary file and the rename mean the
 * same folder whatever happens to the path meanwhile. */
typedef struct target {
    const char *path;    /* as the caller named it, for messages */
    char real[PATH_MAX]; /* links followed: a link to a model keeps pointing to it */
    const char *name;    /* last part of real */
    int folder;
    bool exists;
    mode_t mode; /* of the file that is replaced */
    char temp[64];
} target;

/* Find folder, name and mode of what is to be replaced. */
static fv_status open_target(target *t, const char *path, fv_error *err)
{
    struct stat st;
    char folder[PATH_MAX];
    char *slash;

    t->path = path;
    t->folder = -1;
    if (!realpath(path, t->real)) {
        if (strlen(path) >= sizeof t->real)
            return fv_fail_errno(err, ENAMETOOLONG, "%s: cannot write", path);
        memcpy(t->real, path, strlen(path) + 1);
    }
    slash = strrchr(t->real, '/');
    t->name = slash ? slash + 1 : t->real;
    if (!*t->name)
        return fv_fail(err, FV_E_IO, "%s: cannot write: a folder's name, wanted a file's", path);
    memcpy(folder, t->real, (size_t)(t->name - t->real));
    memcpy(folder + (t->name - t->real), ".", 2);
    t->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->folder < 0)
        return fv_fail_errno(err, errno, "%s: cannot open its folder", path);
    t->exists = fstatat(t->folder, t->name, &st, 0) == 0;
    if (t->exists && !S_ISREG(st.st_mode))
        return fv_fail(err, FV_E_IO, "%s: cannot write: %s, wanted a regular file", path,
                       S_ISDIR(st.st_mode) ? "is a folder" : "is a device or a pipe");
    t->mode = t->exists ? st.st_mode & 0777 : 0;
    return FV_OK;
}

/* A file that did not exist, in the same folder. Names that are taken (another thread, a run that was killed) are
 * skipped. A new file gets its mode from the umask, a replaced one keeps its own. */
static int open_temp(target *t)
{
    for (unsigned i = 0; i < 10000; i++) {
        int fd;

        snprintf(t->temp, sizeof t->temp, ".fovea-%ld-%u.tmp", (long)getpid(), i);
        fd = openat(t->folder, t->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static bool write_all(int fd, const fv_piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = pieces[i].data;
        size_t left = pieces[i].size;

        while (left) {
            const ssize_t n = write(fd, at, left);

            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                return false;
            at += n;
            left -= (size_t)n;
        }
    }
    return true;
}

/* From nothing to a complete, synced temporary file; its size would not show a loss that only close reports. */
static fv_status write_temp(target *t, const fv_piece *pieces, size_t count, fv_error *err)
{
    const char *failed = NULL;
    const int fd = open_temp(t);
    int number = 0;

    if (fd < 0)
        return fv_fail_errno(err, errno, "%s: cannot make a file in its folder", t->path);
    errno = EIO;
    if (t->exists && fchmod(fd, t->mode))
        failed = "cannot set its mode";
    else if (!write_all(fd, pieces, count))
        failed = "cannot write";
    else if (fsync(fd))
        failed = "cannot sync";
    number = errno;
    if (close(fd) && !failed) {
        failed = "cannot close";
        number = errno;
    }
    if (!failed)
        return FV_OK;
    unlinkat(t->folder, t->temp, 0);
    return fv_fail_errno(err, number, "%s: %s", t->path, failed);
}

fv_status fv_file_replace(const char *path, const fv_piece *pieces, size_t count, fv_error *err)
{
    target t;
    fv_status status = open_target(&t, path, err);

    if (status == FV_OK)
        status = write_temp(&t, pieces, count, err);
    if (status == FV_OK && renameat(t.folder, t.temp, t.folder, t.name)) {
        status = fv_fail_errno(err, errno, "%s: cannot rename the new file", path);
        unlinkat(t.folder, t.temp, 0);
    }
    /* Some file systems cannot sync a folder (EINVAL); the file itself is safe by then. */
    if (status == FV_OK && fsync(t.folder) && errno != EINVAL && errno != ENOTSUP)
        status = fv_fail_errno(err, errno, "%s: written, but its folder cannot be synced", path);
    if (t.folder >= 0)
        close(t.folder);
    return status;
}

double fv_clock_s(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
