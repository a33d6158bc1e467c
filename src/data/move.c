/* Affine moves of whole pixels, in the 16.16 fixed point of Pillow's Image.transform(AFFINE, NEAREST): rounding decides
 * which pixel is the nearest, so it is part of the result. */
#include "data/edit.h"

#include <math.h>
#include <string.h>

enum { FRACTION = 16 };

static int64_t fix(double v)
{
    return (int64_t)floor(v * (1 << FRACTION) + 0.5);
}

/* The pixel's place in a row or column of n; n where it is outside. */
static size_t place(int64_t at, size_t n)
{
    return at >= 0 && (uint64_t)(at >> FRACTION) < n ? (size_t)(at >> FRACTION) : n;
}

void fv_move(const double m[6], const uint8_t *in, size_t height, size_t width, size_t channels, uint8_t *out)
{
    const int64_t across[2] = {fix(m[0]), fix(m[3])}, down[2] = {fix(m[1]), fix(m[4])};
    int64_t row[2] = {fix(m[2] + m[0] * 0.5 + m[1] * 0.5), fix(m[5] + m[3] * 0.5 + m[4] * 0.5)};

    memset(out, 0, height * width * channels);
    for (size_t y = 0; y < height; y++) {
        int64_t at[2] = {row[0], row[1]};

        for (size_t x = 0; x < width; x++, out += channels) {
            const size_t from_x = place(at[0], width), from_y = place(at[1], height);

            for (size_t c = 0; from_x < width && from_y < height && c < channels; c++)
                out[c] = in[(from_y * width + from_x) * channels + c];
            at[0] += across[0];
            at[1] += across[1];
        }
        row[0] += down[0];
        row[1] += down[1];
    }
}
