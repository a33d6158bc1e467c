/* Where a network looked, laid over the photo. */
#ifndef FV_IMAGE_HEAT_H
#define FV_IMAGE_HEAT_H
#include "image/image.h"
#include "model/session.h"

/* Read the picture, compute the heat of a class (fv_session_heat) and paint it: blue where the net did not look, over green
 * and yellow to red where it looked most; what it was not shown is dark. Small pictures are enlarged. Of a net that reads
 * digits the picture is the digit that it was shown. `session` was made by fv_session_create_heat. */
fv_status fv_heat_overlay(fv_session *session, const char *path, size_t class_index, fv_image *out, fv_error *err);

/* The same of a heat that is known, [size[0], size[1]], in a window of the photo (fv_prepare_window). */
fv_status fv_heat_paint(const fv_host *host, const fv_image *photo, const float *heat, const size_t size[2],
                        const double window[4], fv_image *out, fv_error *err);

#endif
