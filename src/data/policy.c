/* Edits that are drawn.
 *
 * RandAugment: Cubuk, Zoph, Shlens, Le 2019. TrivialAugment (wide): Mueller, Hutter 2021. Operations and sizes as in
 * torchvision 0.14, which has 31 sizes of each.
 * Jitter: torchvision's ColorJitter.
 * Lighting: Krizhevsky, Sutskever, Hinton 2012, section 4.1: to each pixel is added
 *
 *     sum over k of p_k a_k l_k,   a_k normal with deviation .1
 *
 * where p_k and l_k are eigenvectors and eigenvalues of ImageNet's colours, in the numbers that implementations hand on. The
 * sum is rounded to the next byte. */
#include "base/error.h"
#include "base/random.h"
#include "data/augment.h"

#include <math.h>

/* Random numbers of one sample: where each kind's begin in its 2^8. */
enum { SAMPLE_SHIFT = 8, EDITS_AT = 0, JITTER_AT = 128, LIGHTING_AT = 160 };

/* torchvision's order, and the sizes of the largest of the 31. */
static const struct {
    fv_edit edit;
    double random, trivial;
    bool two_sided;
} space[] = {
    {FV_EDIT_NONE, 0, 0, false},
    {FV_EDIT_SHEAR_X, .3, .99, true},
    {FV_EDIT_SHEAR_Y, .3, .99, true},
    {FV_EDIT_TRANSLATE_X, 150.0 / 331, 32, true}, /* a share of the side; pixels */
    {FV_EDIT_TRANSLATE_Y, 150.0 / 331, 32, true},
    {FV_EDIT_ROTATE, 30, 135, true},
    {FV_EDIT_BRIGHTNESS, .9, .99, true},
    {FV_EDIT_SATURATION, .9, .99, true},
    {FV_EDIT_CONTRAST, .9, .99, true},
    {FV_EDIT_SHARPNESS, .9, .99, true},
    {FV_EDIT_POSTERIZE, 4, 6, false}, /* bits that go */
    {FV_EDIT_SOLARIZE, 255, 255, false},
    {FV_EDIT_AUTOCONTRAST, 0, 0, false},
    {FV_EDIT_EQUALIZE, 0, 0, false},
};

double fv_policy_amount(bool trivial, fv_edit edit, size_t bin, bool opposite, size_t height, size_t width)
{
    double size = 0;

    for (size_t i = 0; i < FV_COUNT(space); i++)
        if (space[i].edit == edit)
            size = (trivial ? space[i].trivial : space[i].random) * (double)bin / (FV_POLICY_BINS - 1) *
                   (opposite && space[i].two_sided ? -1 : 1);
    switch (edit) {
    case FV_EDIT_TRANSLATE_X:
        return trivial ? size : size * (double)width;
    case FV_EDIT_TRANSLATE_Y:
        return trivial ? size : size * (double)height;
    case FV_EDIT_BRIGHTNESS:
    case FV_EDIT_SATURATION:
    case FV_EDIT_CONTRAST:
    case FV_EDIT_SHARPNESS:
        return 1 + size;
    case FV_EDIT_POSTERIZE:
        return 8 - rint(size);
    case FV_EDIT_SOLARIZE:
        return 255 - size;
    case FV_EDIT_NONE:
    case FV_EDIT_SHEAR_X:
    case FV_EDIT_SHEAR_Y:
    case FV_EDIT_ROTATE:
    case FV_EDIT_AUTOCONTRAST:
    case FV_EDIT_EQUALIZE:
    case FV_EDIT_HUE:
    case FV_EDITS:
        return size;
    }
    return size;
}

/* One sample's picture on its way. */
typedef struct subject {
    const fv_augment *options;
    fv_random random;
    uint64_t first; /* number of its first random number */
    uint8_t *pixels, *other;
    size_t height, width, channels;
} subject;

static void edit(const subject *s, fv_edit which, double amount)
{
    fv_edit_apply(which, amount, s->pixels, s->height, s->width, s->channels, s->other);
}

/* -from..from, the i-th of the sample. */
static double around(const subject *s, uint64_t i, double from)
{
    return from * (2 * fv_random_uniform(s->random, s->first + i) - 1);
}

static void drawn_edits(const subject *s)
{
    const bool trivial = s->options->trivial;
    const size_t n = trivial ? 1 : s->options->randaugment;

    for (size_t i = 0; i < n; i++) {
        const uint64_t at = s->first + EDITS_AT + 3 * i;
        const fv_edit which = space[fv_random_below(s->random, at, FV_COUNT(space))].edit;
        const bool opposite = fv_random_below(s->random, at + 1, 2);
        const size_t bin = trivial ? (size_t)fv_random_below(s->random, at + 2, FV_POLICY_BINS) : s->options->magnitude;

        edit(s, which, fv_policy_amount(trivial, which, bin, opposite, s->height, s->width));
    }
}

static void jitter(const subject *s)
{
    const double factor = s->options->jitter, lowest = factor > 1 ? 0 : 1 - factor;
    fv_edit order[] = {FV_EDIT_BRIGHTNESS, FV_EDIT_CONTRAST, FV_EDIT_SATURATION, FV_EDIT_HUE};

    for (size_t i = FV_COUNT(order) - 1; i > 0; i--) {
        const size_t k = (size_t)fv_random_below(s->random, s->first + JITTER_AT + i, i + 1);
        const fv_edit kept = order[i];

        order[i] = order[k];
        order[k] = kept;
    }
    for (size_t i = 0; i < FV_COUNT(order); i++) {
        const double u = fv_random_uniform(s->random, s->first + JITTER_AT + FV_COUNT(order) + i);

        if (order[i] == FV_EDIT_HUE && s->options->hue > 0)
            edit(s, FV_EDIT_HUE, around(s, JITTER_AT + FV_COUNT(order) + i, s->options->hue));
        if (order[i] != FV_EDIT_HUE && factor > 0)
            edit(s, order[i], lowest + (1 + factor - lowest) * u);
    }
}

static void light(const subject *s)
{
    /* of RGB in 0..1: an eigenvector a row */
    static const double values[3] = {.2175, .0188, .0045};
    static const double vectors[3][3] = {{-.5675, -.5808, -.5836}, {.7192, -.0045, -.6948}, {.4009, -.8140, .4203}};
    double added[3] = {0};

    for (size_t k = 0; k < 3; k++) {
        const double a = s->options->lighting * fv_random_normal(s->random, s->first + LIGHTING_AT + k);

        for (size_t c = 0; c < 3; c++)
            added[c] += 255 * vectors[k][c] * a * values[k];
    }
    for (size_t i = 0; s->channels == 3 && i < s->height * s->width * 3; i++) {
        const double v = round((double)s->pixels[i] + added[i % 3]);

        s->pixels[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

bool fv_policy_any(const fv_augment *o)
{
    return o->randaugment || o->trivial || o->jitter > 0 || o->hue > 0 || o->lighting > 0;
}

void fv_policy_apply(const fv_augment *o, uint64_t seed, uint32_t epoch, uint64_t sample, uint8_t *pixels,
                     size_t height, size_t width, size_t channels, uint8_t *other)
{
    const subject s = {.options = o,
                       .random = {seed, FV_STREAM_EDIT, epoch},
                       .first = sample << SAMPLE_SHIFT,
                       .pixels = pixels,
                       .other = other,
                       .height = height,
                       .width = width,
                       .channels = channels};

    drawn_edits(&s);
    jitter(&s);
    if (o->lighting > 0)
        light(&s);
}
