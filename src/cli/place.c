#include "cli/place.h"
#include <stdio.h>
#include <stdlib.h>

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
