/* image/digit: MNIST's own digits, disguised as pictures of other sizes, shades and light, must come back. */
#include "support.h"

#include "base/random.h"
#include "image/digit.h"

#include <math.h>

enum { DIGITS = 300, SIDE = FV_DIGIT_SIDE, PIXELS = SIDE * SIDE };

static fv_data *data;

static int open_mnist(void **state)
{
    char path[PATH_MAX];
    fv_error err = {0};

    (void)state;
    snprintf(path, sizeof path, "%s/data/mnist", getenv("FOVEA_SOURCE"));
    return fv_data_open(NULL, path, NULL, &data, &err) != FV_OK;
}

static int close_mnist(void **state)
{
    (void)state;
    fv_data_free(data);
    return 0;
}

static const uint8_t *digit_of(size_t i)
{
    return fv_data_sample(data, FV_TEST, i, NULL);
}

/* A disguise makes a picture of a digit; the picture is freed by the caller. */
typedef fv_image disguise(const uint8_t *digit, size_t i);

static fv_image blank(size_t height, size_t width, size_t channels, uint8_t value)
{
    fv_image image = {height, width, channels, malloc(height * width * channels)};

    assert_non_null(image.pixels);
    memset(image.pixels, value, height * width * channels);
    return image;
}

/* The digit bilinearly enlarged or reduced to side x side. */
static fv_image resized(const uint8_t *digit, size_t side)
{
    fv_image image = blank(side, side, 1, 0);
    void *scratch = malloc(fv_resize_scratch(FV_BILINEAR, SIDE, SIDE, 1, side, side) + 1);

    fv_resize(FV_BILINEAR, digit, SIDE, SIDE, 1, image.pixels, side, side, scratch);
    free(scratch);
    return image;
}

/* `part` laid on a black picture, its corner at (top, left). */
static fv_image placed(fv_image part, size_t height, size_t width, size_t top, size_t left)
{
    fv_image image = blank(height, width, 1, 0);

    for (size_t y = 0; y < part.height; y++)
        memcpy(image.pixels + (top + y) * width + left, part.pixels + y * part.width, part.width);
    free(part.pixels);
    return image;
}

static void invert(fv_image *image)
{
    for (size_t i = 0; i < image->height * image->width * image->channels; i++)
        image->pixels[i] = (uint8_t)(255 - image->pixels[i]);
}

static fv_image as_it_is(const uint8_t *digit, size_t i)
{
    (void)i;
    return resized(digit, SIDE);
}

static fv_image dark_on_light(const uint8_t *digit, size_t i)
{
    fv_image image = as_it_is(digit, i);

    invert(&image);
    return image;
}

static fv_image larger(const uint8_t *digit, size_t i)
{
    return resized(digit, 56 + i % 3 * 101);
}

static fv_image smaller(const uint8_t *digit, size_t i)
{
    (void)i;
    return resized(digit, 22);
}

static fv_image huge_and_dark(const uint8_t *digit, size_t i)
{
    fv_image image = placed(resized(digit, 500), 700, 1100, 30 + i % 100, 500 - i);

    invert(&image);
    return image;
}

static fv_image moved(const uint8_t *digit, size_t i)
{
    return placed(resized(digit, SIDE), 61, 47, i % 33, i % 19);
}

/* Cut to the digit's box: nothing around it, the digit touches the border. */
static fv_image cropped(const uint8_t *digit, size_t i)
{
    size_t top = SIDE, bottom = 0, left = SIDE, right = 0;
    fv_image image;

    (void)i;
    for (size_t k = 0; k < PIXELS; k++)
        if (digit[k]) {
            top = k / SIDE < top ? k / SIDE : top;
            bottom = k / SIDE;
            left = k % SIDE < left ? k % SIDE : left;
            right = k % SIDE > right ? k % SIDE : right;
        }
    image = blank(bottom - top + 3, right - left + 3, 1, 0);
    for (size_t y = top; y <= bottom; y++)
        memcpy(image.pixels + (y - top + 1) * image.width + 1, digit + y * SIDE + left, right - left + 1);
    return image;
}

/* Blue ink on yellowish paper, light from one corner, noise, specks of dust and the table's dark edge. */
static fv_image photograph(const uint8_t *digit, size_t i)
{
    static const double paper[3] = {230, 222, 200}, ink[3] = {40, 50, 110};
    const fv_random random = {i, FV_STREAM_TEST, 1};
    const size_t side = 90 + i % 80, height = side + 40, width = side + 61;
    fv_image grey = placed(resized(digit, side), height, width, 15 + i % 20, 20 + i % 31);
    fv_image photo = blank(height, width, 3, 0);

    for (size_t k = 0; k < height * width; k++) {
        const double y = (double)(k / width) / (double)height, x = (double)(k % width) / (double)width;
        const double light = 0.75 + 0.2 * (i % 2 ? x : 1 - x) - 0.15 * y, share = grey.pixels[k] / 255.0;

        for (size_t c = 0; c < 3; c++) {
            double v = light * (paper[c] * (1 - share) + ink[c] * share) + 5 * fv_random_normal(random, 3 * k + c);

            if (k / width < 4 || (k / width % 37 == 9 && k % width % 41 == 7))
                v = 60; /* edge, dust */
            photo.pixels[3 * k + c] = (uint8_t)fmin(255, fmax(0, v));
        }
    }
    free(grey.pixels);
    return photo;
}

static void convert(const fv_image *image, uint8_t out[PIXELS])
{
    fv_error err = {0};

    test_ok(fv_digit_from_image(NULL, "disguised", image, out, &err), &err);
}

static double correlation(const uint8_t *a, const uint8_t *b)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;

    for (size_t i = 0; i < PIXELS; i++) {
        ma += a[i] / (double)PIXELS;
        mb += b[i] / (double)PIXELS;
    }
    for (size_t i = 0; i < PIXELS; i++) {
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
        ab += (a[i] - ma) * (b[i] - mb);
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* Per disguise: the least and the mean correlation with the digit, and the share that must come back to the byte. */
static void digits_come_back(void **state)
{
    static const struct {
        const char *name;
        disguise *make;
        double least, mean, exact;
    } cases[] = {
        {"as it is", as_it_is, 1, 1, 1},
        {"dark on light", dark_on_light, 1, 1, 1},
        {"moved", moved, 0.8, 0.995, 0.95},
        {"cropped", cropped, 0.8, 0.995, 0.95},
        {"larger", larger, 0.7, 0.94, 0},
        {"smaller", smaller, 0.65, 0.9, 0}, /* 22 pixels for 28: strokes are blurred for good */
        {"huge and dark", huge_and_dark, 0.8, 0.94, 0},
        {"photograph", photograph, 0.75, 0.93, 0},
    };

    (void)state;
    for (size_t k = 0; k < FV_COUNT(cases); k++) {
        double least = 1, mean = 0, exact = 0;
        size_t worst = 0;

        for (size_t i = 0; i < DIGITS; i++) {
            fv_image image = cases[k].make(digit_of(i), i);
            uint8_t out[PIXELS];
            double c;

            convert(&image, out);
            c = correlation(out, digit_of(i));
            worst = c < least ? i : worst;
            least = fmin(least, c);
            mean += c / DIGITS;
            exact += (memcmp(out, digit_of(i), PIXELS) == 0) / (double)DIGITS;
            free(image.pixels);
        }
        if (least < cases[k].least - 1e-9 || mean < cases[k].mean - 1e-9 || exact < cases[k].exact - 1e-9)
            fail_msg("%s: least correlation %.4f (digit %zu), mean %.4f, exact %.3f; wanted %g, %g, %g", cases[k].name,
                     least, worst, mean, exact, cases[k].least, cases[k].mean, cases[k].exact);
    }
}

/* An ellipse of the given radii and stroke width, light on dark, in the middle of a picture, as no digit of MNIST is
 * drawn: its size, place and strokes are known. */
static fv_image ellipse(size_t side, double radius_y, double radius_x, double stroke, double middle_y, double middle_x)
{
    fv_image image = blank(side, side, 1, 10);

    for (size_t i = 0; i < side * side; i++) {
        const double y = ((double)(i / side) - middle_y) / radius_y, x = ((double)(i % side) - middle_x) / radius_x;
        const double distance = fabs(sqrt(y * y + x * x) - 1) * sqrt(radius_y * radius_x);

        image.pixels[i] = (uint8_t)(10 + 220 * fmin(1, fmax(0, stroke / 2 + 0.5 - distance)));
    }
    return image;
}

/* Ink above `base`: its mass, center, standard deviations along rows and columns, and the box of what is brighter than
 * half. */
typedef struct measures {
    double mass, y, x, deviation_y, deviation_x;
    size_t height, width;
} measures;

static measures measure(const uint8_t *pixels, size_t side, int base)
{
    size_t top = side, bottom = 0, left = side, right = 0;
    measures m = {0};

    for (size_t i = 0; i < side * side; i++) {
        const double v = pixels[i] - base, y = (double)(i / side), x = (double)(i % side);

        m.mass += v;
        m.y += v * y;
        m.x += v * x;
        m.deviation_y += v * y * y;
        m.deviation_x += v * x * x;
        if (pixels[i] < 128)
            continue;
        top = i / side < top ? i / side : top;
        bottom = i / side;
        left = i % side < left ? i % side : left;
        right = i % side > right ? i % side : right;
    }
    m.y /= m.mass;
    m.x /= m.mass;
    m.deviation_y = sqrt(m.deviation_y / m.mass - m.y * m.y);
    m.deviation_x = sqrt(m.deviation_x / m.mass - m.x * m.x);
    m.height = bottom - top + 1;
    m.width = right - left + 1;
    return m;
}

/* Deviations scale as the figure does, but for the blur of the reduction (a triangle of two pixels: variance 1/6). */
static void the_longer_side_becomes_20_and_the_center_14(void **state)
{
    static const struct {
        double radius_y, radius_x, y, x;
    } cases[] = {{42, 42, 60, 60},   {45, 20, 70, 90},  {30, 40, 100, 60},
                 {85, 85, 100, 100}, {30, 55, 140, 80}, {38, 78, 60, 100}};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_image image = ellipse(200, cases[i].radius_y, cases[i].radius_x, 24, cases[i].y, cases[i].x);
        const measures from = measure(image.pixels, 200, 10);
        const double scale = 20.0 / (double)(from.height > from.width ? from.height : from.width);
        const double wanted_y = sqrt(pow(from.deviation_y * scale, 2) + 1 / 6.0);
        const double wanted_x = sqrt(pow(from.deviation_x * scale, 2) + 1 / 6.0);
        uint8_t out[PIXELS];
        measures to;

        convert(&image, out);
        to = measure(out, SIDE, 0);
        if (fabs(to.deviation_y / wanted_y - 1) > 0.03 || fabs(to.deviation_x / wanted_x - 1) > 0.03)
            fail_msg("case %zu: deviations %.3f, %.3f, wanted %.3f, %.3f", i, to.deviation_y, to.deviation_x, wanted_y,
                     wanted_x);
        if (fabs(to.y - 14) > 0.15 || fabs(to.x - 14) > 0.15)
            fail_msg("case %zu: center (%.2f, %.2f), wanted (14, 14)", i, to.y, to.x);
        free(image.pixels);
    }
}

/* The mean stroke of an ellipse in the result: mass over the length of its middle line (Ramanujan's approximation). */
static double stroke_of(double stroke)
{
    const double radius_y = 120, radius_x = 80, longer = 2 * radius_y + stroke;
    const double length =
        3.14159265 * (3 * (radius_y + radius_x) - sqrt((3 * radius_y + radius_x) * (radius_y + 3 * radius_x)));
    fv_image image = ellipse(300, radius_y, radius_x, stroke, 150, 150);
    uint8_t out[PIXELS];

    convert(&image, out);
    free(image.pixels);
    return measure(out, SIDE, 0).mass / 255 / (length * 20 / longer);
}

/* A pen of 2 pixels on a picture of 300, reduced as it is, would fade to a sixth. A broad one stays as it is. */
static void thin_strokes_are_thickened(void **state)
{
    (void)state;
    assert_true(fabs(stroke_of(1) - 2) < 0.25);
    assert_true(fabs(stroke_of(2) - 2) < 0.25);
    assert_true(fabs(stroke_of(10) - 2) < 0.25);
    assert_true(fabs(stroke_of(30) / (30 * 20 / 270.0) - 1) < 0.12);
    assert_true(fabs(stroke_of(50) / (50 * 20 / 290.0) - 1) < 0.12);
}

/* What stands beside the digit does not count; what belongs to it does. */
static void specks_and_edges_are_left_out(void **state)
{
    fv_image alone = ellipse(120, 40, 25, 8, 60, 60), with = ellipse(120, 40, 25, 8, 60, 60), bar = with;
    uint8_t wanted[PIXELS], out[PIXELS];

    (void)state;
    convert(&alone, wanted);
    for (size_t y = 2; y < 5; y++)
        memset(with.pixels + y * 120 + 100, 230, 4); /* a speck */
    for (size_t y = 0; y < 120; y++)
        memset(with.pixels + y * 120, 230, y < 60 ? 3 : 2); /* an edge along the left side, longer than the digit */
    convert(&with, out);
    assert_memory_equal(out, wanted, PIXELS);
    for (size_t y = 6; y < 14; y++)
        memset(bar.pixels + y * 120 + 45, 230, 30); /* the bar of a 5: near it, and large enough */
    convert(&bar, out);
    assert_memory_not_equal(out, wanted, PIXELS);
    assert_true(measure(out, SIDE, 0).width < measure(wanted, SIDE, 0).width); /* the box grew upward */
    free(alone.pixels);
    free(with.pixels);
}

/* A digit that touches the border where only a speck does not is the digit. */
static void a_digit_may_touch_the_border(void **state)
{
    fv_image image = ellipse(80, 45, 30, 8, 40, 40);
    uint8_t out[PIXELS];
    measures m;

    (void)state;
    for (size_t y = 38; y < 43; y++)
        memset(image.pixels + y * 80 + 38, 230, 5);
    convert(&image, out);
    m = measure(out, SIDE, 0);
    assert_in_range(m.height, 19, 21);
    assert_true(m.mass > 50 * 255 && m.mass < 200 * 255); /* strokes, not the speck grown to a square */
    free(image.pixels);
}

/* Noise (standard deviation 12) beside the strokes is no ink: what is black without it stays all but black. */
static void noise_is_left_out(void **state)
{
    const fv_random random = {1, FV_STREAM_TEST, 3};
    fv_image clean = ellipse(180, 60, 45, 20, 90, 90), noisy = ellipse(180, 60, 45, 20, 90, 90);
    uint8_t wanted[PIXELS], out[PIXELS];
    double sum = 0, count = 0;

    (void)state;
    for (size_t i = 0; i < 180 * 180; i++) {
        clean.pixels[i] = (uint8_t)fmin(255, clean.pixels[i] + 20);
        noisy.pixels[i] = (uint8_t)fmin(255, fmax(0, noisy.pixels[i] + 20 + 12 * fv_random_normal(random, i)));
    }
    convert(&clean, wanted);
    convert(&noisy, out);
    for (size_t i = 0; i < PIXELS; i++)
        if (wanted[i] == 0) {
            sum += out[i];
            count++;
        }
    assert_true(count > 300);
    assert_true(sum / count < 0.25);
    free(clean.pixels);
    free(noisy.pixels);
}

/* A heavy blob at one end pulls the center of mass; the box must stay inside of the 28 pixels, at every side. */
static void nothing_is_cut_off(void **state)
{
    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        fv_image image = blank(200, 200, 1, 0);
        uint8_t out[PIXELS];
        measures m;

        for (size_t i = 0; i < 200 * 200; i++) {
            size_t y = i / 200, x = i % 200;
            bool ink;

            if (turn % 2) { /* transposed */
                y = i % 200;
                x = i / 200;
            }
            y = turn / 2 ? 199 - y : y;
            ink = (y >= 20 && y < 180 && x >= 95 && x < 105) || (y >= 150 && y < 180 && x >= 30 && x < 170);
            image.pixels[i] = ink ? 255 : 0;
        }
        convert(&image, out);
        m = measure(out, SIDE, 0);
        assert_in_range(turn % 2 ? m.width : m.height, 19, 21);
        assert_true(fabs((turn % 2 ? m.x : m.y) - 14) > 1); /* the center of mass had to give way */
        free(image.pixels);
    }
}

static void pictures_without_a_digit_are_refused(void **state)
{
    static const struct {
        size_t height, width, channels;
        uint8_t value;
    } cases[] = {{1, 1, 1, 0}, {28, 28, 1, 0}, {28, 28, 1, 255}, {300, 200, 3, 128}, {1, 500, 1, 7}};
    fv_error err = {0};
    uint8_t out[PIXELS];

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_image image = blank(cases[i].height, cases[i].width, cases[i].channels, cases[i].value);

        test_failed(fv_digit_from_image(NULL, "blank.png", &image, out, &err), FV_E_RANGE, &err,
                    "blank.png: no digit to be seen: ink and background differ by 0 of 255, wanted 24");
        if (image.height * image.width > 100) { /* faint noise is no digit either */
            for (size_t k = 0; k < image.height * image.width * image.channels; k += 3)
                image.pixels[k] = (uint8_t)(image.pixels[k] ^ 9);
            test_failed(fv_digit_from_image(NULL, "blank.png", &image, out, &err), FV_E_RANGE, &err, "no digit");
        }
        free(image.pixels);
    }
}

/* Any picture gives a digit or a message, down to one pixel. */
static void odd_sizes_are_survived(void **state)
{
    static const size_t sides[] = {1, 2, 3, 7, 27, 28, 29, 401};

    (void)state;
    for (size_t h = 0; h < FV_COUNT(sides); h++)
        for (size_t w = 0; w < FV_COUNT(sides); w++)
            for (uint64_t seed = 0; seed < 3; seed++) {
                const fv_random random = {seed, FV_STREAM_TEST, 2};
                fv_image image = blank(sides[h], sides[w], seed == 2 ? 3 : 1, 0);
                fv_error err = {0};
                uint8_t out[PIXELS];
                fv_status status;

                for (size_t i = 0; i < image.height * image.width * image.channels; i++)
                    image.pixels[i] = fv_random_bits(random, i) % 3 ? 0 : 255;
                status = fv_digit_from_image(NULL, "noise", &image, out, &err);
                assert_true(status == FV_OK || status == FV_E_RANGE);
                assert_int_equal(status != FV_OK, err.message[0] != '\0');
                free(image.pixels);
            }
}

static fv_status convert_once(const fv_host *host, void *arg, fv_error *err)
{
    uint8_t out[PIXELS];

    return fv_digit_from_image(host, "photo", arg, out, err);
}

static void failed_allocations_are_clean(void **state)
{
    fv_image photo = photograph(digit_of(0), 0);

    (void)state;
    assert_true(test_every_failure(convert_once, &photo) >= 4);
    free(photo.pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_come_back),
        cmocka_unit_test(the_longer_side_becomes_20_and_the_center_14),
        cmocka_unit_test(thin_strokes_are_thickened),
        cmocka_unit_test(specks_and_edges_are_left_out),
        cmocka_unit_test(a_digit_may_touch_the_border),
        cmocka_unit_test(noise_is_left_out),
        cmocka_unit_test(nothing_is_cut_off),
        cmocka_unit_test(pictures_without_a_digit_are_refused),
        cmocka_unit_test(odd_sizes_are_survived),
        cmocka_unit_test(failed_allocations_are_clean),
    };

    return cmocka_run_group_tests(tests, open_mnist, close_mnist);
}
