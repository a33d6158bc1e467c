/* The kernels of a session: asked for by name, by FOVEA_CPU, or the best that this CPU runs. */
#include "base/text.h"
#include "run/exec.h"
#include <stdlib.h>

fv_status fv_kernels_choose(const char *isa, const fv_kernels **out, fv_error *err)
{
    const char *asked = isa ? isa : getenv("FOVEA_CPU");
    const char *have[8] = {0};
    size_t count = 0;

    if (asked && !*asked)
        asked = NULL;
    *out = fv_kernels_find(asked);
    if (*out)
        return FV_OK;
    while (count < FV_COUNT(have) && fv_kernels_list(count)) {
        have[count] = fv_kernels_list(count)->isa;
        count++;
    }
    return fv_fail(err, FV_E_UNKNOWN, "instruction set '%s' (%s): this CPU and build have %s%s%s%s%s", asked,
                   isa ? "asked for" : "FOVEA_CPU", have[0], have[1] ? ", " : "", have[1] ? have[1] : "",
                   have[2] ? ", " : "", have[2] ? have[2] : "");
}
