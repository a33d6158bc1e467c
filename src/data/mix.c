/* What happens to a net's input once the picture is one: erasing and mixing.
 *
 * Random erasing: Zhong, Zheng, Kang, Li, Yang 2017; with 0, which is the mean colour where the net subtracts one.
 * Mixup: Zhang, Cisse, Dauphin, Lopez-Paz 2017:  x = l x_i + (1 - l) x_j,  t = l t_i + (1 - l) t_j,  l from Beta(a, a).
 * CutMix: Yun et al. 2019: a rectangle of x_j of sqrt(1 - l) of the sides around a random place is pasted over x_i; l becomes
 * the share of x_i that is still there. */
#include "base/random.h"
#include "data/augment.h"

#include <math.h>
#include <string.h>

/* Random numbers of one sample. Erasing takes up to 10 tries of 4; mixing 8, and the rest for the two of the beta. */
enum { SAMPLE_SHIFT = 8, TRIES = 10, NUMBERS_A_TRY = 4, GAMMA_AT = 8, GAMMA_NUMBERS = 120 };

static void erase_box(const fv_box *box, float *input, size_t width, size_t channels)
{
    for (size_t y = box->top; y < box->top + box->height; y++)
        memset(input + (y * width + box->left) * channels, 0, box->width * channels * sizeof *input);
}

void fv_erase(const fv_augment *options, uint64_t seed, uint32_t epoch, uint64_t sample, float *input, size_t height,
              size_t width, size_t channels)
{
    const fv_random random = {seed, FV_STREAM_ERASE, epoch};
    uint64_t at = sample << SAMPLE_SHIFT;

    if (!(fv_random_uniform(random, at++) < options->erase))
        return;
    for (size_t i = 0; i < TRIES; i++, at += NUMBERS_A_TRY) {
        const double share = .02 + (.33 - .02) * fv_random_uniform(random, at);
        const double ratio = .3 * pow(3.3 / .3, fv_random_uniform(random, at + 1)); /* torchvision's 3.3, not 10/3 */
        fv_box box;

        fv_box_sides(share * (double)height * (double)width, 1 / ratio, &box);
        if (box.height >= height || box.width >= width)
            continue;
        box.top = (size_t)fv_random_below(random, at + 2, height - box.height + 1);
        box.left = (size_t)fv_random_below(random, at + 3, width - box.width + 1);
        erase_box(&box, input, width, channels);
        return;
    }
}

/* Gamma of shape a: Marsaglia, Tsang 2000, which needs a >= 1; below, the one of a + 1 times u^(1/a). Each round but one in
 * twenty is the last. */
static double gamma_of(fv_random random, uint64_t at, double a)
{
    const double d = (a < 1 ? a + 1 : a) - 1.0 / 3, c = 1 / sqrt(9 * d);
    const double less = a < 1 ? pow(1 - fv_random_uniform(random, at++), 1 / a) : 1;

    for (size_t i = 0; 2 * i + 1 < GAMMA_NUMBERS; i++, at += 2) {
        const double x = fv_random_normal(random, at), v = (1 + c * x) * (1 + c * x) * (1 + c * x);

        if (v > 0 && log(1 - fv_random_uniform(random, at + 1)) < x * x / 2 + d - d * v + d * log(v))
            return d * v * less;
    }
    return d * less;
}

static double beta_of(fv_random random, uint64_t at, double a)
{
    const double x = gamma_of(random, at, a), y = gamma_of(random, at + GAMMA_NUMBERS, a);

    return x + y > 0 ? x / (x + y) : .5;
}

/* The part of middle - half .. middle + half that is inside of 0 .. n. */
static void clip_side(size_t middle, size_t half, size_t n, size_t *first, size_t *length)
{
    *first = middle > half ? middle - half : 0;
    *length = (middle + half < n ? middle + half : n) - *first;
}

bool fv_mix_any(const fv_augment *options)
{
    return options->mixup > 0 || options->cutmix > 0;
}

fv_mix fv_mix_draw(const fv_augment *options, uint64_t seed, uint32_t epoch, uint64_t sample, size_t count,
                   size_t height, size_t width)
{
    const fv_random random = {seed, FV_STREAM_MIX, epoch};
    const uint64_t at = sample << SAMPLE_SHIFT;
    const bool both = options->mixup > 0 && options->cutmix > 0;
    fv_mix mix = {.partner = (uint32_t)fv_random_below(random, at, count),
                  .pasted = both ? fv_random_below(random, at + 1, 2) : options->cutmix > 0};
    const double share = beta_of(random, at + GAMMA_AT, mix.pasted ? options->cutmix : options->mixup);
    const double half = .5 * sqrt(1 - share);

    mix.share = (float)share;
    if (!mix.pasted)
        return mix;
    clip_side((size_t)fv_random_below(random, at + 2, height), (size_t)(half * (double)height), height, &mix.box.top,
              &mix.box.height);
    clip_side((size_t)fv_random_below(random, at + 3, width), (size_t)(half * (double)width), width, &mix.box.left,
              &mix.box.width);
    mix.share = 1 - (float)(mix.box.height * mix.box.width) / (float)(height * width);
    return mix;
}

void fv_mix_apply(const fv_mix *mix, float *input, const float *partner, size_t height, size_t width, size_t channels)
{
    if (!mix->pasted) {
        for (size_t i = 0; i < height * width * channels; i++)
            input[i] = mix->share * input[i] + (1 - mix->share) * partner[i];
        return;
    }
    for (size_t y = mix->box.top; y < mix->box.top + mix->box.height; y++) {
        const size_t at = (y * width + mix->box.left) * channels;

        memcpy(input + at, partner + at, mix->box.width * channels * sizeof *input);
    }
}
