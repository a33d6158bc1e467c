/* version: the version alone on the first line, then licence, build, processor and instruction sets. */
#include "cli/version.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "kernels/kernels.h"
#include <stdio.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown compiler"
#endif
#ifdef NDEBUG
#define ASSERTIONS "without assertions"
#else
#define ASSERTIONS "with assertions"
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER ", address sanitizer"
#else
#define SANITIZER ""
#endif

/* Name of the processor: asked of itself on x86 (reading /proc/cpuinfo takes milliseconds on many cores). */
static void ask_processor(char out[FV_CLI_PROCESSOR])
{
    snprintf(out, FV_CLI_PROCESSOR, "unknown");
#if defined(__x86_64__) || defined(__i386__)
    unsigned words[12] = {0};

    if ((unsigned)__get_cpuid_max(0x80000000, NULL) < 0x80000004)
        return;
    for (size_t leaf = 0; leaf < 3; leaf++) {
        unsigned *w = words + 4 * leaf;

        __get_cpuid(0x80000002 + (unsigned)leaf, &w[0], &w[1], &w[2], &w[3]);
    }
    memcpy(out, words, sizeof words);
    out[sizeof words] = 0;
#else
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");

    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');

        if (colon && (strncmp(line, "model name", 10) == 0 || strncmp(line, "CPU part", 8) == 0)) {
            snprintf(out, FV_CLI_PROCESSOR, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (file)
        fclose(file);
#endif
}

/* Without blanks in front, behind, and more than one between. */
static void tidy(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++)
        if (*from != ' ' || (to > text && to[-1] != ' '))
            *to++ = *from;
    while (to > text && to[-1] == ' ')
        to--;
    *to = 0;
}

void fv_cli_processor(char out[FV_CLI_PROCESSOR])
{
    ask_processor(out);
    tidy(out);
}

static const char *in_use(const fv_cli *cli)
{
    const fv_kernels *kernels = fv_kernels_find(cli->common->isa);

    return kernels ? kernels->isa : "none";
}

static void print_json(const fv_cli *cli, const char *cpu)
{
    const fv_kernels *kernels;
    fv_cli_json json;

    fv_cli_json_begin(&json, 1);
    fv_cli_json_text(&json, "version", fv_version());
    fv_cli_json_text(&json, "compiler", COMPILER);
    fv_cli_json_text(&json, "cpu", cpu);
    fv_cli_json_text(&json, "isa", in_use(cli));
    fv_cli_json_array(&json, "isas");
    for (size_t i = 0; (kernels = fv_kernels_list(i)); i++)
        fv_cli_json_text(&json, NULL, kernels->isa);
    fv_cli_json_end(&json);
    fv_cli_json_print(&json, stdout);
}

void fv_cli_print_version(const fv_cli *cli)
{
    const fv_kernels *kernels;
    char cpu[FV_CLI_PROCESSOR];

    fv_cli_processor(cpu);
    if (cli->common->json) {
        print_json(cli, cpu);
        return;
    }
    printf("fovea %s\n", fv_version());
    puts("Copyright (c) 2026 the Fovea authors; MIT licence; no warranty.");
    puts("build:            " COMPILER ", C17, " ASSERTIONS SANITIZER);
    printf("processor:        %s\n", cpu);
    fputs("instruction sets:", stdout);
    for (size_t i = 0; (kernels = fv_kernels_list(i)); i++)
        printf(" %s", kernels->isa);
    printf("\nin use:           %s\n", in_use(cli));
}

static int run(const fv_cli *cli)
{
    const int code = fv_cli_check_machine(cli);

    if (!code)
        fv_cli_print_version(cli);
    return code;
}

static const fv_cli_table tables[] = {
    {"Machine", fv_cli_machine}, {"Output", fv_cli_json_output}, {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_version = {
    .name = "version",
    .help = "Print version, build, processor and instruction sets",
    .examples = {{"version", "what is this, and which instruction set does it use here?"},
                 {"version --json", "the same for a script"},
                 {"version --isa ref", "is that instruction set there?"}},
    .tables = tables,
    .value_bytes = sizeof(fv_cli_common),
    .run = run,
};
