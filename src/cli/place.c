#define _POSIX_C_SOURCE 200809L
#include "cli/place.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool fv_cli_place(const char *variable, const char *behind, const char *below, char out[FV_CLI_PATH])
{
    const char *base = getenv(variable), *home = getenv("HOME");
    int length = -1;

    if (base && *base)
        length = snprintf(out, FV_CLI_PATH, "%s%s", base, behind);
    else if (home && *home)
        length = snprintf(out, FV_CLI_PATH, "%s/%s", home, below);
    return length > 0 && length < FV_CLI_PATH;
}

bool fv_cli_cache_place(char out[FV_CLI_PATH])
{
    return fv_cli_place("XDG_CACHE_HOME", "/fovea", ".cache/fovea", out);
}

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* False also for what is no folder. */
static bool is_empty(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool empty = folder != NULL;

    while (folder && empty && (entry = readdir(folder)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (folder)
        closedir(folder);
    return empty;
}

bool fv_cli_folder_is_free(const char *path)
{
    return !exists(path) || is_empty(path);
}

const char *fv_cli_folder_for_run(char out[FV_CLI_RUN_FOLDER])
{
    snprintf(out, FV_CLI_RUN_FOLDER, "runs/train");
    for (unsigned n = 2; exists(out); n++)
        snprintf(out, FV_CLI_RUN_FOLDER, "runs/train%u", n);
    return out;
}
