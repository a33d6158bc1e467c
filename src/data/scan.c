/* Walking a folder of pictures: entries in the order of their bytes, names that begin with a dot left out, symbolic
 * links followed but never in a circle. What cannot be entered is listed as bad and the rest goes on. */
#define _POSIX_C_SOURCE 200809L
#include "base/error.h"
#include "base/text.h"
#include "data/pictures.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 64 };

typedef struct walk {
    fv_pictures *pictures;
    size_t root; /* length of the data's path and its '/' */
    const char *class_name;
    int split;
    struct {
        dev_t device;
        ino_t inode;
    } above[DEPTH_MAX]; /* the folders around, to see circles */
    size_t depth;
    fv_error *err;
} walk;

/* The entries of a folder, sorted. */
typedef struct entries {
    char **names;
    size_t count, size;
} entries;

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_entries(const fv_host *host, entries *list)
{
    for (size_t i = 0; i < list->count; i++)
        fv_release(host, list->names[i]);
    fv_release(host, list->names);
}

static fv_status add_entry(const fv_host *host, entries *list, const char *name, fv_error *err)
{
    if (list->count == list->size) {
        const size_t size = list->size ? 2 * list->size : 64;
        char **names = fv_grow(host, list->names, list->count, size, sizeof *names);

        if (!names)
            return fv_fail_memory(err, size * sizeof *names, "the entries of a folder");
        list->names = names;
        list->size = size;
    }
    list->names[list->count] = fv_strdup(host, name);
    if (!list->names[list->count])
        return fv_fail_memory(err, strlen(name), "the entries of a folder");
    list->count++;
    return FV_OK;
}

/* FV_E_IO if the folder cannot be read. */
static fv_status read_folder(const fv_host *host, const char *path, entries *list, fv_error *err)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    fv_status status = FV_OK;

    *list = (entries){0};
    if (!dir)
        return fv_fail_errno(err, errno, "%s: cannot read the folder", path);
    while (!status && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            status = add_entry(host, list, entry->d_name, err);
    closedir(dir);
    if (status)
        free_entries(host, list);
    else if (list->count)
        qsort(list->names, list->count, sizeof *list->names, by_bytes);
    return status;
}

/* A failure that concerns one path: listed, unless memory is out. */
static fv_status list_bad(walk *w, const char *path, const fv_error *why)
{
    if (why->code == FV_E_MEMORY) {
        if (w->err)
            *w->err = *why;
        return why->code;
    }
    return fv_pictures_add_bad(w->pictures, FV_BAD_UNREADABLE, path, why->message, w->err);
}

/* Is this folder one of those around it, through a symbolic link? */
static bool enter(walk *w, const struct stat *info, const char *path, fv_error *why)
{
    for (size_t i = 0; i < w->depth; i++)
        if (w->above[i].device == info->st_dev && w->above[i].inode == info->st_ino) {
            fv_fail(why, FV_E_IO, "%s: leads back to a folder around it (a symbolic link in a circle)", path);
            return false;
        }
    if (w->depth == DEPTH_MAX) {
        fv_fail(why, FV_E_IO, "%s: more than %d folders deep", path, DEPTH_MAX);
        return false;
    }
    w->above[w->depth].device = info->st_dev;
    w->above[w->depth++].inode = info->st_ino;
    return true;
}

static char *join(const fv_host *host, const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    fv_text text;

    fv_text_init(&text, host);
    fv_text_print(&text, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
    if (text.failed)
        fv_text_free(&text);
    return text.data;
}

typedef fv_status visitor(walk *w, const char *path, const char *name, const struct stat *info);

/* Call `visit` for each entry of the folder; a folder that cannot be read is listed as bad. */
static fv_status each(walk *w, const char *folder, const struct stat *info, visitor *visit)
{
    const fv_host *host = &w->pictures->host;
    entries list = {0};
    fv_error why = {0};
    fv_status status = FV_OK;

    if (!enter(w, info, folder, &why))
        return list_bad(w, folder, &why);
    if (read_folder(host, folder, &list, &why)) {
        w->depth--;
        return list_bad(w, folder, &why);
    }
    for (size_t i = 0; !status && i < list.count; i++) {
        char *path = join(host, folder, list.names[i]);
        struct stat entry;

        if (!path)
            status = fv_fail_memory(w->err, strlen(folder), "a path");
        else if (stat(path, &entry) == 0)
            status = visit(w, path, list.names[i], &entry);
        else if (fv_picture_named(path) || errno != ENOENT) { /* a link to nowhere is none of ours unless it looks so */
            fv_fail_errno(&why, errno, "%s: cannot look at it", path);
            status = list_bad(w, path, &why);
        }
        fv_release(host, path);
    }
    free_entries(host, &list);
    w->depth--;
    return status;
}

static fv_status take(walk *w, const char *path, const char *name, const struct stat *info)
{
    if (S_ISDIR(info->st_mode))
        return each(w, path, info, take);
    if (!fv_picture_named(name) || !S_ISREG(info->st_mode))
        return FV_OK;
    return fv_pictures_add(w->pictures, path, path + w->root, w->class_name, w->split, w->err);
}

/* A folder of one class. Its name becomes the model's, so it must be text. */
static fv_status take_class(walk *w, const char *path, const char *name, const struct stat *info)
{
    const size_t before = w->pictures->count, bad = w->pictures->bad_count;
    fv_status status;

    if (!S_ISDIR(info->st_mode))
        return FV_OK;
    for (size_t left = strlen(name), at = 0, n; left; left -= n, at += n)
        if ((n = fv_text_utf8(name + at, left)) == 0)
            return fv_pictures_add_bad(w->pictures, FV_BAD_UNREADABLE, path, "the name of a class must be UTF-8",
                                       w->err);
    w->class_name = name;
    status = each(w, path, info, take);
    if (!status && w->pictures->count == before && w->pictures->bad_count == bad)
        status =
            fv_pictures_add_bad(w->pictures, FV_BAD_EMPTY_CLASS, path, "no picture in this class's folder", w->err);
    return status;
}

/* Folders of splits, in the order of preference within a split. */
static const struct {
    const char *name;
    fv_split split;
} split_folders[] = {
    {"train", FV_TRAIN}, {"val", FV_VAL}, {"valid", FV_VAL}, {"validation", FV_VAL}, {"test", FV_TEST},
};

static bool is_folder(const char *path, struct stat *info)
{
    return stat(path, info) == 0 && S_ISDIR(info->st_mode);
}

static bool has_train(const char *path)
{
    char *train = join(NULL, path, "train");
    struct stat info;
    const bool found = train && is_folder(train, &info);

    fv_release(NULL, train);
    return found;
}

static fv_status take_splits(walk *w, const char *path)
{
    bool seen[3] = {false};
    fv_status status = FV_OK;

    for (size_t i = 0; !status && i < FV_COUNT(split_folders); i++) {
        char *folder = join(&w->pictures->host, path, split_folders[i].name);
        struct stat info;

        if (!folder)
            return fv_fail_memory(w->err, strlen(path), "a path");
        w->split = (int)split_folders[i].split;
        if (!seen[w->split] && is_folder(folder, &info)) {
            seen[w->split] = true;
            status = each(w, folder, &info, take_class);
        }
        fv_release(&w->pictures->host, folder);
    }
    return status;
}

fv_status fv_pictures_scan(fv_pictures *pictures, const char *path, bool flat, fv_error *err)
{
    const size_t length = strlen(path);
    walk w = {.pictures = pictures, .split = -1, .err = err};
    struct stat info;

    w.root = length + (length && path[length - 1] != '/');
    if (stat(path, &info) != 0)
        return fv_fail_errno(err, errno, "%s: cannot open the folder of pictures", path);
    if (!flat && has_train(path))
        return take_splits(&w, path);
    return each(&w, path, &info, flat ? take : take_class);
}

bool fv_pictures_found(const char *path)
{
    fv_pictures pictures;
    struct stat info;
    DIR *dir;
    const struct dirent *entry;
    bool found = has_train(path);

    if (found || !is_folder(path, &info) || !(dir = opendir(path)))
        return found;
    fv_pictures_init(&pictures, NULL);
    while (!found && (entry = readdir(dir))) {
        char *sub = entry->d_name[0] == '.' ? NULL : join(NULL, path, entry->d_name);

        if (sub && is_folder(sub, &info))
            found = fv_pictures_scan(&pictures, sub, true, NULL) == FV_OK && pictures.count;
        fv_release(NULL, sub);
    }
    closedir(dir);
    fv_pictures_free(&pictures);
    return found;
}
