/* RGB to grey as Pillow's convert("L"): ITU-R 601 luma in 16-bit fixed point. */
#ifndef FV_IMAGE_GREY_H
#define FV_IMAGE_GREY_H
#include <stddef.h>
#include <stdint.h>

/* rgb [n,3] -> grey [n]; in place works, as each pixel is read before a byte at or before it is written. */
static inline void fv_grey(const uint8_t *rgb, size_t n, uint8_t *grey)
{
    for (size_t i = 0; i < n; i++)
        grey[i] = (uint8_t)((rgb[3 * i] * 19595u + rgb[3 * i + 1] * 38470u + rgb[3 * i + 2] * 7471u + 0x8000u) >> 16);
}

#endif
