/* Plain copies. */
#include "kernels/copy.h"
#include "plain.h"

void plain_copy_channels(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_copy_args *a = args;

    (void)slice;
    for (size_t p = begin; p < end; p++)
        for (size_t c = 0; c < a->channels; c++)
            ((real *)a->out)[p * a->out_step + c] = ((const real *)a->x)[p * a->x_step + c];
}

void plain_pad_shortcut_forward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_shortcut_args *a = args;

    (void)slice;
    for (size_t row = begin; row < end; row++)
        for (size_t i = 0; i < a->out_w * a->out_c; i++) {
            const size_t n = row / a->out_h, h = row % a->out_h * a->stride, w = i / a->out_c * a->stride;
            const size_t c = i % a->out_c;
            const bool inside = c >= a->before && c < a->before + a->in_c;

            ((real *)a->y)[row * a->out_w * a->out_c + i] =
                inside ? ((const real *)a->x)[((n * a->in_h + h) * a->in_w + w) * a->in_c + c - a->before] : 0;
        }
}

void plain_pad_shortcut_backward(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_shortcut_args *a = args;

    (void)slice;
    for (size_t row = begin; row < end; row++)
        for (size_t i = 0; i < a->in_w * a->in_c; i++) {
            const size_t n = row / a->in_h, h = row % a->in_h, w = i / a->in_c, c = i % a->in_c;
            const size_t at = ((n * a->out_h + h / a->stride) * a->out_w + w / a->stride) * a->out_c + a->before + c;
            const bool read = h % a->stride == 0 && w % a->stride == 0;

            ((real *)a->dx)[row * a->in_w * a->in_c + i] = read ? ((const real *)a->dy)[at] : 0;
        }
}
