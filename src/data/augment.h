/* Random changes of training pictures: shift, rotation, scale, elastic for digits; cuts, flips, colours, erasing and mixing
 * for photos. Whatever is drawn depends on (seed, epoch, sample) alone. Order: the cut; crop and flip; the distortions for
 * digits; RandAugment or TrivialAugment; jitter; lighting; then, on the net's input, erasing, and at last mixing. */
#ifndef FV_DATA_AUGMENT_H
#define FV_DATA_AUGMENT_H
#include "data/edit.h"
#include "fovea/fovea.h"

/* Each is drawn uniformly where nothing else is said; 0 switches it off. */
typedef struct fv_augment {
    float shift;  /* pixels, -shift..shift along each axis */
    float rotate; /* degrees, -rotate..rotate about the centre */
    float scale;  /* factor 1-scale..1+scale, below 1 */
    float alpha;  /* elastic: pixels; the factor of Simard, Steinkraus, Platt 2003 (34 for MNIST) */
    float sigma;  /* elastic: pixels; width of the Gaussian that smooths the field (4 for MNIST) */
    size_t crop;  /* whole pixels, -crop..crop along each axis: a frame so wide, and a cut of the picture's size */
    bool flip;    /* every other picture mirrored, left to right */

    float resized_crop; /* least share of the area that the cut keeps */
    float jitter;       /* brightness, contrast and saturation times 1-jitter..1+jitter, in any order */
    float hue;          /* turns of the colour wheel, -hue..hue; one more of those in any order */
    float lighting;     /* deviation of the noise along the principal colours of ImageNet: .1 in AlexNet */
    size_t randaugment; /* so many edits a picture, */
    size_t magnitude;   /*   each of this size of 0..30 */
    bool trivial;       /* TrivialAugment: one edit of any size */
    float erase;        /* share of the pictures that lose a rectangle */
    float mixup;        /* alpha of the beta distribution from which the share of another picture is drawn */
    float cutmix;       /* the same, the other picture's share being a rectangle; beside mixup, one of the two */
} fv_augment;

/* Does it do anything to a picture's pixels before they are the net's input? To anything at all? */
bool fv_augment_picture(const fv_augment *options);
bool fv_augment_any(const fv_augment *options);

/* Are the options in range for pictures of height x width x channels? */
fv_status fv_augment_check(const fv_augment *options, size_t height, size_t width, size_t channels, fv_error *err);

/* Floats of scratch that one call of fv_augment_apply needs. */
size_t fv_augment_scratch(const fv_augment *options, size_t height, size_t width, size_t channels);

/* src [height,width,channels] -> dst, which is another buffer: all but the cut, erasing and mixing. Outside of src is black
 * (0). Calls with different scratch may run at once, as for all functions here. */
void fv_augment_apply(const fv_augment *options, uint64_t seed, uint32_t epoch, uint64_t sample, const uint8_t *src,
                      uint8_t *dst, size_t height, size_t width, size_t channels, float *scratch);

/* ---- policy.c: edits that are drawn; pixels are changed in place, other is a buffer of the same size. */
bool fv_policy_any(const fv_augment *options);
void fv_policy_apply(const fv_augment *options, uint64_t seed, uint32_t epoch, uint64_t sample, uint8_t *pixels,
                     size_t height, size_t width, size_t channels, uint8_t *other);

/* The amount of an edit of size bin, 0 to FV_POLICY_BINS - 1, in the tables of RandAugment (trivial: of TrivialAugment). It
 * is the one above 0; `opposite` gives the one on the other side, which is the same where an edit has none. */
enum { FV_POLICY_BINS = 31 };
double fv_policy_amount(bool trivial, fv_edit edit, size_t bin, bool opposite, size_t height, size_t width);

/* ---- cut.c: a random part of a picture, resized (torchvision's RandomResizedCrop: sides of 3:4 to 4:3). */
typedef struct fv_box {
    size_t top, left, height, width;
} fv_box;

/* The sides of a part of `area` pixels and of width to height `ratio`, to the nearest pixel. */
void fv_box_sides(double area, double ratio, fv_box *box);
/* Where no such part fits into height x width: the middle, as large as 3:4 to 4:3 allows. */
fv_box fv_box_middle(size_t height, size_t width);

fv_box fv_cut_draw(float least, uint64_t seed, uint32_t epoch, uint64_t sample, size_t height, size_t width);
/* Bytes of scratch that cutting this box needs; and any box out of height x width. */
size_t fv_cut_scratch(const fv_box *box, size_t channels, size_t new_height, size_t new_width);
size_t fv_cut_scratch_any(size_t height, size_t width, size_t channels, size_t new_height, size_t new_width);
/* src [?,width,channels], of it the box -> dst [new_height,new_width,channels] */
void fv_cut(const fv_box *box, const uint8_t *src, size_t width, size_t channels, uint8_t *dst, size_t new_height,
            size_t new_width, void *scratch);

/* ---- mix.c: on inputs of a net, [height,width,channels] floats. */
/* A rectangle of 2 to 33 % of the area set to 0, sides 3:10 to 10:3, in a share `options->erase` of the samples (Zhong et al.
 * 2017; torchvision's RandomErasing). */
void fv_erase(const fv_augment *options, uint64_t seed, uint32_t epoch, uint64_t sample, float *input, size_t height,
              size_t width, size_t channels);

/* What a sample is mixed with: itself x share + partner x (1 - share), or a rectangle of the partner's pasted over it. */
typedef struct fv_mix {
    uint32_t partner; /* of the same split; any sample as likely as another, itself included */
    float share;      /* of the sample's own label, 0..1 */
    bool pasted;
    fv_box box;
} fv_mix;

bool fv_mix_any(const fv_augment *options);
fv_mix fv_mix_draw(const fv_augment *options, uint64_t seed, uint32_t epoch, uint64_t sample, size_t count,
                   size_t height, size_t width);
void fv_mix_apply(const fv_mix *mix, float *input, const float *partner, size_t height, size_t width, size_t channels);

#endif
