/* The kernels of a session: asked for by name, or the best that this CPU runs. What the environment says (FOVEA_CPU) is
 * the command's business. */
#include "base/text.h"
#include "run/exec.h"

fv_status fv_kernels_choose(const char *isa, const fv_kernels **out, fv_error *err)
{
    const char *have[8] = {0};
    size_t count = 0;

    *out = fv_kernels_find(isa);
    if (*out)
        return FV_OK;
    while (count < FV_COUNT(have) && fv_kernels_list(count)) {
        have[count] = fv_kernels_list(count)->isa;
        count++;
    }
    return fv_fail(err, FV_E_UNKNOWN, "instruction set '%s': this CPU and build have %s%s%s%s%s", isa, have[0],
                   have[1] ? ", " : "", have[1] ? have[1] : "", have[2] ? ", " : "", have[2] ? have[2] : "");
}
