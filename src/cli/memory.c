/* What Linux says about memory: how much can be had, and how much this process has had. */
#include "cli/memory.h"
#include "train/memory.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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
            number = strtoull(line + length + 1, NULL, 10);
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
    char line[64];

    if (file && fgets(line, sizeof line, file)) /* "max" is no number */
        number = strtoull(line, NULL, 10);
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

static const char status_path[] = "/proc/self/status";

static uint64_t files_now(void)
{
    return read_kib(status_path, "RssFile") + read_kib(status_path, "RssShmem");
}

uint64_t fv_cli_memory_peak(void)
{
    const uint64_t peak = read_kib(status_path, "VmHWM"), files = files_now();

    return peak > files ? peak - files : 0;
}

/* ---------------------------------------------------------------------------------------------- this process */

void fv_cli_resident_read(fv_cli_resident *r, const fv_exec *exec)
{
    fv_memory planned;

    fv_memory_of_exec(exec, &planned);
    *r = (fv_cli_resident){.peak = read_kib(status_path, "VmHWM"),
                           .files = files_now(),
                           .anonymous = read_kib(status_path, "RssAnon"),
                           .packed = planned.packed,
                           .weights = planned.weights,
                           .values = planned.activations + planned.scratch + planned.unused};
}

static uint64_t rest(const fv_cli_resident *r)
{
    const uint64_t known = r->packed + r->weights + r->values;

    return r->anonymous > known ? r->anonymous - known : 0;
}

void fv_cli_resident_print(const fv_cli_resident *r, FILE *out)
{
    char peak[FV_BYTES_TEXT], files[FV_BYTES_TEXT], packed[FV_BYTES_TEXT], weights[FV_BYTES_TEXT],
        values[FV_BYTES_TEXT], others[FV_BYTES_TEXT];

    fprintf(out, "memory: %s at the fullest: files %s, packed weights %s, other weights %s, values %s, rest %s\n",
            fv_text_bytes(peak, r->peak), fv_text_bytes(files, r->files), fv_text_bytes(packed, r->packed),
            fv_text_bytes(weights, r->weights), fv_text_bytes(values, r->values), fv_text_bytes(others, rest(r)));
}

void fv_cli_resident_json(const fv_cli_resident *r, fv_cli_json *json)
{
    fv_cli_json_object(json, "memory");
    fv_cli_json_count(json, "peak", r->peak);
    fv_cli_json_count(json, "files", r->files);
    fv_cli_json_count(json, "anonymous", r->anonymous);
    fv_cli_json_count(json, "packed", r->packed);
    fv_cli_json_count(json, "weights", r->weights);
    fv_cli_json_count(json, "values", r->values);
    fv_cli_json_count(json, "rest", rest(r));
    fv_cli_json_end(json);
}
