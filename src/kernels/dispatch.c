/* Which tables of kernels this program holds, and which of them this CPU can run. */
#include <stdbool.h>
#include <string.h>

#include "kernels/kernels.h"

static bool always(void)
{
    return true;
}

#ifdef __x86_64__
/* __builtin_cpu_supports asks CPUID and, for vector state, whether the system saves it (XCR0). */
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && has_avx2();
}
static bool has_bf16(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512bf16");
}
static bool has_avx512_alone(void)
{
    return has_avx512() && !has_bf16();
}
#endif

extern const fv_kernels fv_kernels_ref, fv_kernels_ref64, fv_kernels_avx2, fv_kernels_avx512, fv_kernels_avx512bf16,
    fv_kernels_neon;

/* From plain to best; the last that runs is the default. */
static const struct {
    const fv_kernels *kernels;
    bool (*runs)(void);
} sets[] = {
    {&fv_kernels_ref, always},
#ifdef __x86_64__
    {&fv_kernels_avx2, has_avx2},       {&fv_kernels_avx512, has_avx512_alone},
    {&fv_kernels_avx512bf16, has_bf16}, /* of the same name: floats are computed by the same kernels */
#endif
#ifdef __aarch64__
    {&fv_kernels_neon, always}, /* a part of the architecture */
#endif
};

const fv_kernels *fv_kernels_list(size_t i)
{
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++)
        if (sets[s].runs() && i-- == 0)
            return sets[s].kernels;
    return NULL;
}

const fv_kernels *fv_kernels_find(const char *isa)
{
    const fv_kernels *found = NULL, *k;

    if (isa && strcmp(isa, fv_kernels_ref64.isa) == 0)
        return &fv_kernels_ref64;
    for (size_t i = 0; (k = fv_kernels_list(i)); i++)
        if (!isa || strcmp(isa, k->isa) == 0)
            found = k;
    return found;
}

const char *fv_kernel_name(fv_kernel_id id)
{
    static const char *const names[] = {
#define K(name) #name,
#include "kernels/kernels.def"
#undef K
    };

    return (size_t)id < FV_KERNELS ? names[id] : "?";
}
