/* image/prepare: from pixels to a net's input, value by value. */
#include "support.h"

#include "base/random.h"
#include "image/grey.h"
#include "image/prepare.h"
#include "image/resize.h"

static uint8_t *noise(size_t n, uint64_t seed)
{
    const fv_random random = {seed, FV_STREAM_TEST, 0};
    uint8_t *out = malloc(n);

    assert_non_null(out);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)fv_random_bits(random, i);
    return out;
}

/* Value (y, x, c) of the net's input by its definition, from a picture that needs no resizing. */
static float defined(const fv_preprocess *p, const uint8_t *pixels, size_t channels, size_t y, size_t x, size_t c)
{
    const size_t h = p->height - 2 * p->pad, w = p->width - 2 * p->pad;
    uint8_t pixel = 0;

    if (y >= p->pad && x >= p->pad && y < p->pad + h && x < p->pad + w) {
        const uint8_t *at = pixels + ((y - p->pad) * w + x - p->pad) * channels;

        if (channels == 3 && p->channels == 1)
            fv_grey(at, 1, &pixel);
        else
            pixel = at[channels == 1 ? 0 : c];
    }
    return (float)pixel * p->scale[c] + p->shift[c];
}

static void prepare_follows_its_definition(void **state)
{
    static const struct {
        size_t height, width, net_channels, channels, pad;
    } cases[] = {{28, 28, 1, 1, 0}, {32, 32, 1, 1, 2}, {5, 9, 3, 3, 0},  {17, 9, 3, 3, 3}, {9, 6, 3, 1, 1},
                 {9, 6, 1, 3, 1},   {3, 3, 1, 1, 1},   {33, 7, 2, 2, 0}, {7, 31, 4, 4, 2}, {64, 64, 3, 3, 0}};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const size_t h = cases[i].height, w = cases[i].width, c = cases[i].net_channels, pad = cases[i].pad;
        const fv_preprocess p = {.height = h,
                                 .width = w,
                                 .channels = c,
                                 .pad = pad,
                                 .scale = {0.005f, 1 / 255.0f, 0.1f, -1},
                                 .shift = {-0.1f, 0, 2, 0.5f}};
        const size_t ph = h - 2 * pad, pw = w - 2 * pad;
        uint8_t *pixels = noise(ph * pw * cases[i].channels, i);
        float *out = malloc(h * w * c * sizeof *out);
        void *scratch = malloc(fv_prepare_scratch(&p, ph, pw, cases[i].channels) + 1);
        fv_error err = {0};

        test_ok(fv_prepare_check(&p, ph, pw, cases[i].channels, &err), &err);
        fv_prepare(&p, pixels, ph, pw, cases[i].channels, out, scratch);
        for (size_t k = 0; k < h * w * c; k++) {
            const float wanted = defined(&p, pixels, cases[i].channels, k / c / w, k / c % w, k % c);

            if (out[k] != wanted)
                fail_msg("case %zu: value %zu: wanted %.9g, got %.9g", i, k, (double)wanted, (double)out[k]);
        }
        free(pixels);
        free(out);
        free(scratch);
    }
}

/* A picture of another size is resized first: equal to resizing it by hand. Grey is made before that. */
static void prepare_resizes(void **state)
{
    const fv_preprocess p = {.height = 32,
                             .width = 30,
                             .channels = 1,
                             .from_height = 28,
                             .from_width = 26,
                             .pad = 2,
                             .scale = {0.5f},
                             .shift = {1}};
    uint8_t *rgb = noise(50 * 41 * 3, 9), grey[50 * 41], small[28 * 26];
    float by_hand[32 * 30], out[32 * 30];
    void *scratch = malloc(fv_prepare_scratch(&p, 50, 41, 3)),
         *other = malloc(fv_resize_scratch(FV_BILINEAR, 50, 41, 1, 28, 26));
    void *pad_scratch = malloc(fv_prepare_scratch(&p, 28, 26, 1));

    (void)state;
    fv_grey(rgb, 50 * 41, grey);
    fv_resize(FV_BILINEAR, grey, 50, 41, 1, small, 28, 26, other);
    fv_prepare(&p, small, 28, 26, 1, by_hand, pad_scratch);
    fv_prepare(&p, rgb, 50, 41, 3, out, scratch);
    assert_memory_equal(out, by_hand, sizeof out);
    free(rgb);
    free(scratch);
    free(other);
    free(pad_scratch);
}

/* The shorter side is resized, the longer one follows, rounded down, and the middle is cut out: equal to doing so by
 * hand. Sizes as torchvision's Resize and CenterCrop give them. */
static void prepare_cuts_the_middle(void **state)
{
    static const struct {
        size_t height, width, shorter, resized_height, resized_width, pad, top, left;
    } cases[] = {
        {30, 41, 16, 16, 21, 0, 2, 6},          {375, 500, 256, 256, 341, 0, 122, 166},
        {500, 375, 256, 341, 256, 3, 164, 123}, {16, 16, 16, 16, 16, 0, 2, 3},
        {20, 90, 20, 20, 90, 1, 4, 40},         {7, 5, 16, 22, 16, 0, 5, 3}}; /* half a pixel: to the even one */
    enum { H = 12, W = 10 };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const size_t h = cases[i].height, w = cases[i].width, rh = cases[i].resized_height, rw = cases[i].resized_width;
        const size_t pad = cases[i].pad;
        fv_preprocess p = fv_preprocess_default(H + 2 * pad, W + 2 * pad, 3);
        uint8_t *pixels = noise(h * w * 3, i), *resized = malloc(rh * rw * 3), middle[H * W * 3];
        float out[(H + 6) * (W + 6) * 3], by_hand[(H + 6) * (W + 6) * 3];
        void *resize = malloc(fv_resize_scratch(FV_BILINEAR, h, w, 3, rh, rw)), *scratch;
        fv_error err = {0};

        p.pad = pad;
        scratch = malloc(fv_prepare_scratch(&p, H, W, 3) + 1);
        fv_resize(FV_BILINEAR, pixels, h, w, 3, resized, rh, rw, resize);
        for (size_t y = 0; y < H; y++)
            memcpy(middle + y * W * 3, resized + ((cases[i].top + y) * rw + cases[i].left) * 3, (size_t)W * 3);
        fv_prepare(&p, middle, H, W, 3, by_hand, scratch);
        free(scratch);
        p.shorter = cases[i].shorter;
        scratch = malloc(fv_prepare_scratch(&p, h, w, 3) + 1);
        test_ok(fv_prepare_check(&p, h, w, 3, &err), &err);
        fv_prepare(&p, pixels, h, w, 3, out, scratch);
        assert_memory_equal(out, by_hand, p.height * p.width * 3 * sizeof *out);
        free(pixels);
        free(resized);
        free(resize);
        free(scratch);
    }
}

static void prepare_refuses_what_does_not_fit(void **state)
{
    static const struct {
        fv_preprocess p;
        size_t channels;
        const char *message;
    } cases[] = {
        {{.height = 8, .width = 8, .channels = 0}, 1, "input of 0 channels"},
        {{.height = 8, .width = 8, .channels = 5}, 1, "input of 5 channels: pictures can become 1 to 4"},
        {{.height = 8, .width = 8, .channels = 3}, 2, "pictures of 2 channels cannot become the net's input of 3"},
        {{.height = 8, .width = 8, .channels = 1, .pad = 4}, 1, "input of 8x8 has no room for a picture"},
        {{.height = 8, .width = 8, .channels = 1, .pad = SIZE_MAX / 2 + 2}, 1, "no room"},
        {{.height = 8, .width = 8, .channels = 1, .from_height = 7, .from_width = 8}, 1, "a picture of 7x8 and 0"},
        {{.height = 20000, .width = 8, .channels = 1}, 1, "no room"},
        {{.height = 8, .width = 9, .channels = 1, .shorter = 8}, 1, "shorter side is 8 has no room for a cut of 8x9"},
    };
    const fv_preprocess good = fv_preprocess_default(8, 8, 1);
    fv_preprocess cut = good;
    fv_error err = {0};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++)
        test_failed(fv_prepare_check(&cases[i].p, 8, 8, cases[i].channels, &err), FV_E_SHAPE, &err, cases[i].message);
    test_failed(fv_prepare_check(&good, 0, 8, 1, &err), FV_E_SHAPE, &err, "pictures of 0x8 pixels");
    test_failed(fv_prepare_check(&good, 8, 16385, 1, &err), FV_E_SHAPE, &err, "pictures of 8x16385 pixels");
    test_ok(fv_prepare_check(&good, 16384, 1, 3, &err), &err);
    cut.shorter = 10;
    test_failed(fv_prepare_check(&cut, 16384, 1, 3, &err), FV_E_SHAPE, &err, "163840x10 once the shorter side is 10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepare_follows_its_definition),
        cmocka_unit_test(prepare_resizes),
        cmocka_unit_test(prepare_cuts_the_middle),
        cmocka_unit_test(prepare_refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
