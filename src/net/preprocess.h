/* How a picture becomes a net's input: resized, cut to size where the net says so, padded with black, scaled channel by
 * channel. A net states it in its input line ("input 32x32x1 from 28x28 pad 2 range -0.1 1.175"); it travels in the model. */
#ifndef FV_NET_PREPROCESS_H
#define FV_NET_PREPROCESS_H
#include <stdbool.h>
#include <stddef.h>

typedef struct fv_preprocess {
    size_t height, width, channels; /* of the net's input; 1 to 4 channels */
    size_t from_height, from_width; /* of the picture before padding; 0 = height or width less the padding */
    size_t shorter;  /* 0 = resize to just that, whatever becomes of the proportions; else its shorter side
                                     * becomes so long, the longer one as the proportions say, and the middle is cut out */
    bool floor;      /* of that cut: a margin that is no whole number is rounded down, else to the even one beside it */
    unsigned corner; /* of that cut: 0 = the middle, 1 to 4 = of the middle square upper left and right, lower left and
                        right; no net says it, test-time averaging does */
    size_t pad;      /* pixels of value 0 added on each of the four sides */
    float scale[4], shift[4]; /* value = pixel * scale[c] + shift[c], pixel 0..255; padding is scaled as well */
} fv_preprocess;

/* What holds where a net says nothing: the picture fills the input, values 0..1. */
static inline fv_preprocess fv_preprocess_default(size_t height, size_t width, size_t channels)
{
    const float scale = 1.0f / 255;

    return (fv_preprocess){
        .height = height, .width = width, .channels = channels, .scale = {scale, scale, scale, scale}};
}

/* Height and width of the picture before padding. */
static inline size_t fv_preprocess_from_height(const fv_preprocess *p)
{
    return p->from_height ? p->from_height : p->height - 2 * p->pad;
}

static inline size_t fv_preprocess_from_width(const fv_preprocess *p)
{
    return p->from_width ? p->from_width : p->width - 2 * p->pad;
}

#endif
