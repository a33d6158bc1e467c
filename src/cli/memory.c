/* What Linux says about memory: how much can be had, and how much this process has had. */
#include "cli/memory.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The number behind `key` in a file of lines such as "MemAvailable:   1234 kB", in bytes; 0 = there is none. */
static uint64_t read_kib(const char *path, const char *key)
{
    FILE *file = fopen(path, "r");
    const size_t length = strlen(key);
    unsigned long long number = 0;
    char line[256];

    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, length) == 0 && line[length] == ':') {
            if (sscanf(line + length + 1, "%llu", &number) != 1)
                number = 0;
            break;
        }
    if (file)
        fclose(file);
    return (uint64_t)number * 1024;
}

/* A container's limit (control groups, version 2); 0 = none. */
static uint64_t group_limit(void)
{
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "r");
    unsigned long long number = 0;

    if (file && fscanf(file, "%llu", &number) != 1) /* "max" */
        number = 0;
    if (file)
        fclose(file);
    return number;
}

size_t fv_cli_memory_available(void)
{
    const uint64_t available = read_kib("/proc/meminfo", "MemAvailable"), limit = group_limit();
    const uint64_t least = limit && (!available || limit < available) ? limit : available;

    return least < SIZE_MAX ? (size_t)least : SIZE_MAX;
}

uint64_t fv_cli_memory_peak(void)
{
    static const char status[] = "/proc/self/status";
    const uint64_t peak = read_kib(status, "VmHWM");
    const uint64_t files = read_kib(status, "RssFile") + read_kib(status, "RssShmem");

    return peak > files ? peak - files : 0;
}
