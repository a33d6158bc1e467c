/* The limit of arithmetic (limits.h). Nothing but one multiplication with addition after another: what no other kernel can
 * pass, and what `bench` holds them against. */
#include "kernels/limits.h"

#include "kernels/vec.h"

/* Chains at once: enough to hide the latency of two units, few enough to stay in registers. */
#if FV_LANES == 8
enum { CHAINS = 12 };
#elif FV_LANES == 1
enum { CHAINS = 8 };
#else
enum { CHAINS = 24 };
#endif
enum { ROUNDS = FV_LIMIT_FMAS / (CHAINS * FV_LANES) };

/* The compiler may not see that all chains are equal. */
#if defined(__x86_64__)
#define OPAQUE(v) __asm__("" : "+x"(v))
#elif defined(__aarch64__)
#define OPAQUE(v) __asm__("" : "+w"(v))
#else
#define OPAQUE(v) (void)(v)
#endif

void FV_FN(limit_fma)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_limit_args *a = args;
    const real *x = a->x;
    const vec factor = vec_all(x[0]), term = vec_all(x[1]);
    vec chain[CHAINS];

    (void)slice;
    for (size_t i = begin; i < end; i++) {
        FV_EACH (k, CHAINS) {
            chain[k] = vec_all(x[2]);
            OPAQUE(chain[k]);
        }
        for (size_t round = 0; round < ROUNDS; round++)
            FV_EACH (k, CHAINS) {
                chain[k] = chain[k] * factor + term;
            }
        FV_EACH (k, CHAINS) {
            chain[0] = vec_max(chain[0], chain[k]);
        }
        vec_store_m((real *)a->out + i, chain[0], vec_mask(1));
    }
}
