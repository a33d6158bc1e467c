/* libFuzzer: bytes as a picture file of any format. An answer or a message, within the limits, nothing left behind. */
#include "base/error.h"
#include "fovea/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fv_image image;
    fv_error err = {0};
    const fv_status status = fv_image_decode(NULL, "fuzz", data, size, &image, &err);

    if (status == FV_OK ? !image.pixels || image.height > FV_SIDE_MAX || image.width > FV_SIDE_MAX
                        : image.pixels || !err.message[0])
        abort();
    fv_image_free(NULL, &image);
    return 0;
}
