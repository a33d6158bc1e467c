/* Colours: RGB to grey, transparent to opaque. */
#ifndef FV_IMAGE_GREY_H
#define FV_IMAGE_GREY_H
#include <stddef.h>
#include <stdint.h>

/* As Pillow's convert("L"): ITU-R 601 luma in 16-bit fixed point. rgb [n,3] -> grey [n]; in place works, as each pixel
 * is read before a byte at or before it is written. */
static inline void fv_grey(const uint8_t *rgb, size_t n, uint8_t *grey)
{
    for (size_t i = 0; i < n; i++)
        grey[i] = (uint8_t)((rgb[3 * i] * 19595u + rgb[3 * i + 1] * 38470u + rgb[3 * i + 2] * 7471u + 0x8000u) >> 16);
}

/* rgba [n,4] -> out [n,channels], over white: v = a c + (1 - a) 255; grey pixels have it in all three. */
static inline void fv_over_white(const uint8_t *rgba, size_t n, size_t channels, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t alpha = rgba[4 * i + 3];

        for (size_t c = 0; c < channels; c++)
            out[i * channels + c] = (uint8_t)((alpha * rgba[4 * i + c] + (255 - alpha) * 255 + 127) / 255);
    }
}

#endif
