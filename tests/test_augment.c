/* data/edit, policy, cut and mix: against torchvision and Pillow where those define what comes out (golden/augment.txt, made by
 * tools/make_augment_golden.py), else against the papers' distributions. Crop, flip and the distortions for digits have
 * test_batch.c. */
#include "support.h"

#include "base/error.h"
#include "data/augment.h"
#include "data/batch.h"
#include "data/data.h"
#include "image/prepare.h"

#include <math.h>
#include <sys/stat.h>

static FILE *open_golden(void)
{
    char path[PATH_MAX];
    FILE *f;

    snprintf(path, sizeof path, "%s/tests/golden/augment.txt", getenv("FOVEA_SOURCE"));
    f = fopen(path, "r");
    assert_non_null(f);
    return f;
}

static uint64_t fnv(const uint8_t *data, size_t n)
{
    uint64_t h = 0xCBF29CE484222325u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ data[i]) * 0x100000001B3u;
    return h;
}

/* The script's pictures: 0 bytes, 1 black and white, 2 a narrow range, 3 colours all over the cube. */
static uint8_t *picture(size_t h, size_t w, size_t channels, int kind)
{
    const size_t n = h * w * channels;
    uint8_t *out = malloc(n);
    uint32_t seed = (uint32_t)(h * 1000 + w);

    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (uint8_t)(kind == 1 ? 255 * (seed >> 31) : seed >> 24);
        if (kind == 2)
            out[i] = (uint8_t)(out[i] / 5 + 60);
        if (kind == 3)
            out[i] = (uint8_t)((uint32_t)(i / 3 * 251) >> (16 - 8 * (i % 3)));
    }
    return out;
}

static const char *const names[FV_EDITS] = {
    [FV_EDIT_NONE] = "",
    [FV_EDIT_SHEAR_X] = "shear-x",
    [FV_EDIT_SHEAR_Y] = "shear-y",
    [FV_EDIT_TRANSLATE_X] = "translate-x",
    [FV_EDIT_TRANSLATE_Y] = "translate-y",
    [FV_EDIT_ROTATE] = "rotate",
    [FV_EDIT_BRIGHTNESS] = "brightness",
    [FV_EDIT_SATURATION] = "saturation",
    [FV_EDIT_CONTRAST] = "contrast",
    [FV_EDIT_SHARPNESS] = "sharpness",
    [FV_EDIT_POSTERIZE] = "posterize",
    [FV_EDIT_SOLARIZE] = "solarize",
    [FV_EDIT_AUTOCONTRAST] = "autocontrast",
    [FV_EDIT_EQUALIZE] = "equalize",
    [FV_EDIT_HUE] = "hue",
};

static fv_edit edit_called(const char *name)
{
    size_t i = 0;

    while (i < FV_EDITS && strcmp(names[i], name) != 0)
        i++;
    assert_true(i < FV_EDITS);
    return (fv_edit)i;
}

static void edits_equal_torchvision(void **state)
{
    FILE *f = open_golden();
    char line[256], name[32];
    size_t h, w, c, cases[FV_EDITS] = {0}, wrong = 0;
    unsigned long long hash;
    double amount;
    int kind;

    (void)state;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "edit %31s %lf %zu %zu %zu %d %llx", name, &amount, &h, &w, &c, &kind, &hash) != 7)
            continue;
        uint8_t *pixels = picture(h, w, c, kind), *other = malloc(h * w * c);

        fv_edit_apply(edit_called(name), amount, pixels, h, w, c, other);
        cases[edit_called(name)]++;
        if (fnv(pixels, h * w * c) != hash) {
            print_error("%s %g on %zux%zux%zu, kind %d: not torchvision's bytes\n", name, amount, h, w, c, kind);
            wrong++;
        }
        free(pixels);
        free(other);
    }
    fclose(f);
    assert_int_equal(wrong, 0);
    for (size_t i = 1; i < FV_EDITS; i++)
        assert_in_range(cases[i], 4, 1000);
}

static void policies_have_torchvisions_sizes(void **state)
{
    FILE *f = open_golden();
    char line[256], policy[32], name[32];
    size_t bin, h, w, cases = 0;
    double amount;
    int two_sided;

    (void)state;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "policy %31s %31s %zu %zu %zu %lf %d", policy, name, &bin, &h, &w, &amount, &two_sided) != 7)
            continue;
        const bool trivial = strcmp(policy, "trivialaugment") == 0;
        const fv_edit edit = edit_called(name);
        const double zero = fv_policy_amount(trivial, edit, 0, false, h, w);
        const double a = fv_policy_amount(trivial, edit, bin, false, h, w);
        const double b = fv_policy_amount(trivial, edit, bin, true, h, w);

        /* torchvision's are sums of floats */
        if (fabs(a - amount) > 2e-6 * (1 + fabs(amount)) || fabs(b - (two_sided ? 2 * zero - a : a)) > 1e-12)
            fail_msg("%s %s %zu on %zux%zu: %.9g and %.9g, wanted %.9g", policy, name, bin, h, w, a, b, amount);
        cases++;
    }
    fclose(f);
    assert_int_equal(cases, 2 * 2 * 13 * 31);
}

static void boxes_equal_torchvision(void **state)
{
    FILE *f = open_golden();
    char line[256];
    size_t h, w, bh, bw, top, left, cases[2] = {0};
    double share, ratio;
    int fits;

    (void)state;
    while (fgets(line, sizeof line, f)) {
        fv_box box;

        if (sscanf(line, "sides %lf %lf %zu %zu %zu %zu %d %zu %zu", &share, &ratio, &h, &w, &bh, &bw, &fits, &top,
                   &left) != 9)
            continue;
        fv_box_sides(share * (double)(h * w), ratio, &box);
        assert_int_equal(box.height > 0 && box.height <= h && box.width > 0 && box.width <= w, fits);
        if (!fits) {
            box = fv_box_middle(h, w);
            assert_int_equal(box.top, top);
            assert_int_equal(box.left, left);
        }
        assert_int_equal(box.height, bh);
        assert_int_equal(box.width, bw);
        cases[fits]++;
    }
    fclose(f);
    assert_in_range(cases[0], 20, 180);
    assert_int_equal(cases[0] + cases[1], 200);
}

static void parts_are_resized_as_torchvision_does(void **state)
{
    FILE *f = open_golden();
    char line[256];
    fv_box box;
    size_t h, w, nh, nw, c, cases = 0;
    unsigned long long hash;

    (void)state;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "cut %zu %zu %zu %zu %zu %zu %zu %zu %zu %llx", &box.top, &box.left, &box.height, &box.width,
                   &h, &w, &nh, &nw, &c, &hash) != 10)
            continue;
        const size_t bytes = fv_cut_scratch(&box, c, nh, nw);
        uint8_t *in = picture(h, w, c, 0), *out = malloc(nh * nw * c);
        void *scratch = malloc(bytes);

        assert_true(bytes <= fv_cut_scratch_any(h, w, c, nh, nw));
        fv_cut(&box, in, w, c, out, nh, nw, scratch);
        if (fnv(out, nh * nw * c) != hash)
            fail_msg("%zux%zu of %zux%zux%zu to %zux%zu: not torchvision's bytes", box.height, box.width, h, w, c, nh,
                     nw);
        free(in);
        free(out);
        free(scratch);
        cases++;
    }
    fclose(f);
    assert_int_equal(cases, 60);
}

/* ------------------------------------------------------------------------------------------------- distributions */

/* Mean and deviation of a figure of n samples. */
typedef struct spread {
    double sum, squares;
    size_t n;
} spread;

static void add(spread *s, double x)
{
    s->sum += x;
    s->squares += x * x;
    s->n++;
}

static double mean(const spread *s)
{
    return s->sum / (double)s->n;
}

static double deviation(const spread *s)
{
    return sqrt(s->squares / (double)s->n - mean(s) * mean(s));
}

static void cuts_take_every_size_and_place(void **state)
{
    spread share = {0}, top = {0};
    double least = 1, lowest = 9, highest = 0;

    (void)state;
    for (uint64_t i = 0; i < 4000; i++) {
        const fv_box box = fv_cut_draw(.08f, 3, 1, i, 400, 400);
        const double part = (double)(box.height * box.width) / 160000, ratio = (double)box.width / (double)box.height;

        assert_true(box.top + box.height <= 400 && box.left + box.width <= 400);
        add(&share, part);
        if (box.height < 400)
            add(&top, (double)box.top / (double)(400 - box.height));
        least = part < least ? part : least;
        lowest = ratio < lowest ? ratio : lowest;
        highest = ratio > highest ? ratio : highest;
    }
    /* uniform in .08..1 but for large parts that do not fit, whose draw is repeated */
    assert_true(mean(&share) > .44 && mean(&share) < .54);
    assert_true(fabs(mean(&top) - .5) < .02 && fabs(deviation(&top) - sqrt(1.0 / 12)) < .02);
    assert_true(least < .085 && lowest < .76 && lowest > .74 && highest > 1.32 && highest < 1.345);
}

/* Each edit as often as another, each half of the time to the other side: of a picture with one bright pixel in the middle,
 * shears keep it near, translations move it 9 / 30 of 150 / 331 of the side. */
static void randaugment_draws_all_edits_alike(void **state)
{
    enum { LENGTH = 31, TIMES = 6000 };
    const fv_augment options = {.randaugment = 1, .magnitude = 9};
    size_t same = 0, right = 0, left = 0;

    (void)state;
    for (uint64_t n = 0; n < TIMES; n++) {
        uint8_t src[LENGTH * LENGTH] = {0}, pixels[LENGTH * LENGTH], other[LENGTH * LENGTH];

        src[LENGTH / 2 * LENGTH + LENGTH / 2] = 200;
        src[LENGTH * LENGTH / 2 + 7] = 90;
        memcpy(pixels, src, sizeof src);
        fv_policy_apply(&options, 1, 1, n, pixels, LENGTH, LENGTH, 1, other);
        same += memcmp(pixels, src, sizeof src) == 0;
        right += pixels[LENGTH * LENGTH / 2 + 4] == 200 && pixels[LENGTH * LENGTH / 2 + 11] == 90;
        left += pixels[LENGTH * LENGTH / 2 - 4] == 200 && pixels[LENGTH * LENGTH / 2 + 3] == 90;
    }
    assert_in_range(right, 155, 275); /* 1 of 28: 214, deviation 14 */
    assert_in_range(left, 155, 275);
    /* nothing; saturation of grey; equalize, with too few bright pixels to do anything */
    assert_in_range(same, 3 * 428 - 170, 3 * 428 + 170);
}

static void jitter_scales_by_up_to_its_strength(void **state)
{
    const fv_augment options = {.jitter = .4f};
    spread s = {0};
    double least = 9, most = 0;

    (void)state;
    for (uint64_t n = 0; n < 2000; n++) { /* of flat grey only brightness shows */
        uint8_t pixels[3] = {150, 150, 150}, other[3];

        fv_policy_apply(&options, 1, 7, n, pixels, 1, 1, 3, other);
        assert_true(pixels[0] == pixels[1] && pixels[1] == pixels[2]);
        add(&s, pixels[0] / 150.0);
        least = pixels[0] < least * 150 ? pixels[0] / 150.0 : least;
        most = pixels[0] > most * 150 ? pixels[0] / 150.0 : most;
    }
    assert_true(fabs(mean(&s) - 1) < .02 && fabs(deviation(&s) - .4 / sqrt(3)) < .01);
    assert_true(least >= .59 && least < .61 && most > 1.39 && most <= 1.4);
}

/* Along the first colour, which is nearly grey, the noise is .1 x .2175 x 255 = 5.5 strong; its three parts are one number a
 * picture. */
static void lighting_follows_the_principal_colours(void **state)
{
    const fv_augment options = {.lighting = .1f};
    spread along = {0}, across = {0};

    (void)state;
    for (uint64_t n = 0; n < 4000; n++) {
        uint8_t pixels[6] = {100, 120, 140, 10, 250, 128}, other[6];

        fv_policy_apply(&options, 2, 1, n, pixels, 1, 2, 3, other);
        const double r = pixels[0] - 100, g = pixels[1] - 120, b = pixels[2] - 140;

        assert_int_equal(pixels[5] - 128, (int)b); /* all pixels alike */
        add(&along, .5675 * r + .5808 * g + .5836 * b);
        add(&across, .7192 * r - .0045 * g - .6948 * b);
    }
    /* rounding to bytes adds a variance of 1 / 12 */
    assert_true(fabs(mean(&along)) < .3 && fabs(deviation(&along) - 5.55) < .2);
    assert_true(fabs(mean(&across)) < .05 && fabs(deviation(&across) - sqrt(.4794 * .4794 + 1.0 / 12)) < .05);
}

static void erasing_takes_rectangles(void **state)
{
    enum { H = 40, W = 60, C = 3 };
    const fv_augment options = {.erase = .25f};
    spread share = {0};
    size_t erased = 0;

    (void)state;
    for (uint64_t n = 0; n < 3000; n++) {
        float input[H * W * C];
        size_t zeros = 0, top = H, left = W, bottom = 0, right = 0;

        for (size_t i = 0; i < H * W * C; i++)
            input[i] = 1;
        fv_erase(&options, 4, 1, n, input, H, W, C);
        for (size_t i = 0; i < H * W * C; i++) {
            const size_t y = i / C / W, x = i / C % W;

            if (input[i] != 0)
                continue;
            zeros++;
            top = y < top ? y : top;
            left = x < left ? x : left;
            bottom = y >= bottom ? y + 1 : bottom;
            right = x >= right ? x + 1 : right;
        }
        if (!zeros)
            continue;
        assert_int_equal(zeros, (bottom - top) * (right - left) * C);
        add(&share, (double)zeros / (H * W * C));
        erased++;
    }
    assert_in_range(erased, 750 - 95, 750 + 95); /* deviation 24 */
    assert_true(fabs(mean(&share) - .175) < .02 && fabs(deviation(&share) - .31 / sqrt(12)) < .01);
}

/* Beta(a, a) has the mean 1/2 and the variance 1 / (4 (2 a + 1)). */
static void shares_follow_the_beta_distribution(void **state)
{
    const float alphas[] = {.2f, 1, 4};
    size_t own = 0;

    (void)state;
    for (size_t k = 0; k < FV_COUNT(alphas); k++) {
        const fv_augment options = {.mixup = alphas[k]};
        spread s = {0};

        for (uint64_t n = 0; n < 8000; n++) {
            const fv_mix mix = fv_mix_draw(&options, 1, 2, n, 100, 8, 8);

            assert_true(!mix.pasted && mix.partner < 100 && mix.share >= 0 && mix.share <= 1);
            own += mix.partner == n % 100;
            add(&s, (double)mix.share);
        }
        assert_true(fabs(mean(&s) - .5) < .02);
        assert_true(fabs(deviation(&s) - .5 / sqrt(2 * (double)alphas[k] + 1)) < .01);
    }
    assert_in_range(own, 240 - 65, 240 + 65);
}

static void mixing_blends_or_pastes(void **state)
{
    enum { H = 12, W = 20, C = 2 };
    const fv_augment kinds[] = {{.mixup = 1}, {.cutmix = 1}, {.mixup = 1, .cutmix = 1}};
    size_t pasted[3] = {0};
    spread share = {0};

    (void)state;
    for (size_t k = 0; k < FV_COUNT(kinds); k++)
        for (uint64_t n = 0; n < 1000; n++) {
            const fv_mix mix = fv_mix_draw(&kinds[k], 9, 1, n, 7, H, W);
            float a[H * W * C], b[H * W * C];
            size_t its = 0;

            for (size_t i = 0; i < H * W * C; i++) {
                a[i] = 3;
                b[i] = 5;
            }
            fv_mix_apply(&mix, a, b, H, W, C);
            for (size_t i = 0; i < H * W * C; i++)
                if (!mix.pasted)
                    assert_true(fabsf(a[i] - (3 * mix.share + 5 * (1 - mix.share))) < 1e-5f);
                else
                    its += a[i] == 5;
            if (mix.pasted)
                assert_true(fabs((double)its / (H * W * C) - (double)(1 - mix.share)) < 1e-6);
            pasted[k] += mix.pasted;
        }
    assert_int_equal(pasted[0], 0);
    assert_int_equal(pasted[1], 1000);
    assert_in_range(pasted[2], 430, 570);
    for (uint64_t n = 0; n < 4000; n++)
        add(&share, (double)fv_mix_draw(&kinds[1], 9, 1, n, 7, 400, 400).share);
    /* A side of s is s (1 - s / 4) long inside; so the part of u = 1 - l, uniform, is u - u^1.5 / 2 + u^2 / 16 on average. */
    assert_true(fabs(mean(&share) - .679) < .02);
}

/* -------------------------------------------------------------------------------------------------------- batches */

enum { HEIGHT = 30, WIDTH = 50, PICTURES = 12, SIDE = 16 };

/* Two classes of as many pictures each. */
static fv_data *folder(uint8_t *pixels[PICTURES])
{
    const char *root = test_path("photos");
    char path[PATH_MAX];
    fv_error err = {0};
    fv_data *data;

    mkdir(root, 0755);
    for (size_t i = 0; i < PICTURES; i++) {
        uint8_t *p = pixels[i] = picture(HEIGHT, WIDTH, 3, 0);
        FILE *f;

        for (size_t k = 0; k < HEIGHT * WIDTH * 3; k++)
            p[k] = (uint8_t)(p[k] * (2 * i + 1));
        snprintf(path, sizeof path, "%s/%s", root, i < PICTURES / 2 ? "a" : "b");
        mkdir(path, 0755);
        snprintf(path, sizeof path, "%s/%s/%zu.ppm", root, i < PICTURES / 2 ? "a" : "b", i);
        f = fopen(path, "wb");
        assert_non_null(f);
        fprintf(f, "P6 %d %d 255\n", WIDTH, HEIGHT);
        fwrite(p, 1, HEIGHT * WIDTH * 3, f);
        fclose(f);
    }
    test_ok(fv_data_open(NULL, root, NULL, &data, &err), &err);
    return data;
}

/* Which of the pictures is the training sample i? */
static size_t number_of(const fv_data *data, size_t i)
{
    const char *path = fv_data_path(data, FV_TRAIN, i);

    return (size_t)atoi(strrchr(path, '/') + 1);
}

/* Parts are cut out of the whole picture, not of what the net would see; kept ones give the same as those read again. */
static void parts_come_from_the_whole_picture(void **state)
{
    const fv_augment options = {.resized_crop = .1f};
    const fv_preprocess p = {
        .height = SIDE, .width = SIDE, .channels = 3, .shorter = 20, .scale = {1, 1, 1}, .shift = {0}};
    const size_t budgets[] = {0, 1 << 20};
    uint8_t *pixels[PICTURES];
    fv_data *data = folder(pixels);
    const size_t count = fv_data_count(data, FV_TRAIN);
    fv_error err = {0};

    (void)state;
    assert_true(count >= 4);
    test_ok(fv_batch_check(data, &p, &options, &err), &err);
    for (size_t b = 0; b < FV_COUNT(budgets); b++) {
        fv_batch batch = {data, FV_TRAIN, &p, &options, 5, 0, NULL};
        void *scratch = aligned_alloc(64, fv_batch_scratch(data, &p, &options));

        test_ok(fv_batch_shelf(NULL, data, &p, &options, budgets[b], &batch.shelf, &err), &err);
        for (batch.epoch = 0; batch.epoch < 3; batch.epoch++)
            for (uint32_t i = 0; i < count; i++) {
                const fv_box box = fv_cut_draw(.1f, 5, batch.epoch, i, HEIGHT, WIDTH);
                float got[SIDE * SIDE * 3];
                uint8_t wanted[SIDE * SIDE * 3];
                int32_t label;
                void *work = malloc(fv_cut_scratch(&box, 3, SIDE, SIDE));

                fv_batch_fill(&batch, &i, 0, 1, got, &(fv_targets){&label, NULL, NULL}, scratch);
                fv_cut(&box, pixels[number_of(data, i)], WIDTH, 3, wanted, SIDE, SIDE, work);
                for (size_t k = 0; k < FV_COUNT(wanted); k++)
                    assert_true(got[k] == (float)wanted[k]);
                assert_int_equal(label, number_of(data, i) >= PICTURES / 2);
                free(work);
            }
        fv_shelf_free(batch.shelf);
        free(scratch);
    }
    for (size_t i = 0; i < PICTURES; i++)
        free(pixels[i]);
    fv_data_free(data);
}

/* A mixed sample is made of two that are not, each as it would be by itself; the label of the larger share comes first. */
static void mixed_samples_are_made_of_whole_ones(void **state)
{
    enum { N = 8 };
    fv_augment options = {.flip = true, .jitter = .5f, .mixup = 1};
    const fv_preprocess p = fv_preprocess_default(SIDE, SIDE, 3);
    const uint32_t indices[N] = {0, 1, 2, 3, 0, 1, 2, 3};
    uint8_t *pixels = picture(SIDE, SIDE, 12, 0);
    const uint32_t labels[4] = {0, 1, 2, 3};
    float *got = malloc(N * SIDE * SIDE * 3 * sizeof *got), *plain = malloc(4 * SIDE * SIDE * 3 * sizeof *got);
    float share[N];
    int32_t label[N], other[N], own[4];
    fv_error err = {0};
    fv_data *data;

    (void)state;
    test_ok(fv_data_from_memory(NULL, pixels, labels, 4, SIDE, SIDE, 3, 4, NULL, &data, &err), &err);
    const fv_batch batch = {data, FV_TRAIN, &p, &options, 3, 2, NULL};
    void *scratch = aligned_alloc(64, fv_batch_scratch(data, &p, &options));

    fv_batch_fill(&batch, indices, 0, 3, got, &(fv_targets){label, other, share}, scratch);
    fv_batch_fill(&batch, indices, 3, N, got, &(fv_targets){label, other, share}, scratch);
    fv_batch_fill(&batch, indices, 0, 4, plain, &(fv_targets){own, NULL, NULL}, scratch);
    for (size_t i = 0; i < N; i++) {
        const fv_mix mix = fv_mix_draw(&options, 3, 2, i % 4, 4, SIDE, SIDE);
        const bool first = mix.share >= .5f;

        assert_int_equal(label[i], first ? (int32_t)(i % 4) : (int32_t)mix.partner);
        assert_int_equal(other[i], first ? (int32_t)mix.partner : (int32_t)(i % 4));
        assert_true(share[i] == (first ? mix.share : 1 - mix.share));
        for (size_t k = 0; k < SIDE * SIDE * 3; k++)
            assert_true(got[i * SIDE * SIDE * 3 + k] == mix.share * plain[i % 4 * SIDE * SIDE * 3 + k] +
                                                            (1 - mix.share) * plain[mix.partner * SIDE * SIDE * 3 + k]);
    }
    free(scratch);
    free(got);
    free(plain);
    free(pixels);
    fv_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_equal_torchvision),
        cmocka_unit_test(policies_have_torchvisions_sizes),
        cmocka_unit_test(boxes_equal_torchvision),
        cmocka_unit_test(parts_are_resized_as_torchvision_does),
        cmocka_unit_test(cuts_take_every_size_and_place),
        cmocka_unit_test(randaugment_draws_all_edits_alike),
        cmocka_unit_test(jitter_scales_by_up_to_its_strength),
        cmocka_unit_test(lighting_follows_the_principal_colours),
        cmocka_unit_test(erasing_takes_rectangles),
        cmocka_unit_test(shares_follow_the_beta_distribution),
        cmocka_unit_test(mixing_blends_or_pastes),
        cmocka_unit_test(parts_come_from_the_whole_picture),
        cmocka_unit_test(mixed_samples_are_made_of_whole_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
