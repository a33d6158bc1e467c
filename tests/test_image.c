/* image: decoding against files written byte by byte, bad files, resizing against Pillow (golden/resize.txt and png.txt, made by
 * tools/make_image_golden.py). Digits have test_digit.c, preprocessing has test_prepare.c. */
#include "pictures.h"
#include "support.h"

#include "base/memory.h"
#include "image/grey.h"

#include <sys/stat.h>

static uint64_t fnv(const uint8_t *data, size_t n)
{
    uint64_t h = 0xCBF29CE484222325u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ data[i]) * 0x100000001B3u;
    return h;
}

/* The noise of the golden data: kind 0 bytes, kind 1 black and white. */
static uint8_t *noise(size_t n, int kind, uint32_t seed)
{
    uint8_t *out = malloc(n);

    assert_non_null(out);
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (uint8_t)(kind == 0 ? seed >> 24 : 255 * (seed >> 31));
    }
    return out;
}

static void resize_equals_pillow(void **state)
{
    FILE *f = open_golden("resize.txt");
    size_t h, w, c, nh, nw, cases = 0;
    unsigned long long hash;
    int how, kind;

    (void)state;
    while (fscanf(f, "%d %zu %zu %zu %zu %zu %d %llx", &how, &h, &w, &c, &nh, &nw, &kind, &hash) == 8) {
        uint8_t *in = noise(h * w * c, kind, (uint32_t)(h * 1000 + w)), *out = malloc(nh * nw * c);
        void *scratch = malloc(fv_resize_scratch((fv_resample)how, h, w, c, nh, nw) + 1);

        fv_resize((fv_resample)how, in, h, w, c, out, nh, nw, scratch);
        if (fnv(out, nh * nw * c) != hash)
            fail_msg("filter %d: %zux%zux%zu to %zux%zu, noise %d: not Pillow's bytes", how, h, w, c, nh, nw, kind);
        free(in);
        free(out);
        free(scratch);
        cases++;
    }
    fclose(f);
    assert_int_equal(cases, 224);
}

/* Full white stays white at any size: integers that add to a little more or less than 1 must not show. */
static void resize_keeps_white(void **state)
{
    static uint8_t white[FV_SIDE_MAX];
    uint8_t out[97];

    (void)state;
    memset(white, 255, sizeof white);
    for (int how = FV_BILINEAR; how <= FV_LANCZOS; how++)
        for (size_t n = 1; n <= sizeof white; n = n < 61 ? n + 1 : n == 61 ? 16123 : n + 29)
            for (size_t m = 1; m <= sizeof out; m += n > 61 ? 7 : 1) {
                void *scratch = malloc(fv_resize_scratch((fv_resample)how, 1, n, 1, 1, m) + 1);

                fv_resize((fv_resample)how, white, 1, n, 1, out, 1, m, scratch);
                free(scratch);
                for (size_t i = 0; i < m; i++)
                    assert_int_equal(out[i], 255);
            }
}

static void png_of_every_kind_is_read(void **state)
{
    FILE *f = open_golden("png.txt");
    picture_case c;
    size_t cases = 0;

    (void)state;
    for (; read_case(f, &c); cases++) {
        check_case(&c, 0);
        free_case(&c);
    }
    fclose(f);
    assert_int_equal(cases, 52);
}

/* Behind the last byte of pixels stand the data's checksum (4 bytes in the stream, 4 of the chunk) and IEND (12). */
static void png_cut_short_anywhere_is_refused(void **state)
{
    FILE *f = open_golden("png.txt");
    picture_case c;

    (void)state;
    while (read_case(f, &c)) {
        for (size_t size = 0; size < c.size; size++) {
            uint8_t *part = malloc(size + 1); /* a block of its own: reading past it is seen by ASan */
            fv_image image;
            fv_error err = {0};
            fv_status status;

            memcpy(part, c.file, size);
            status = fv_image_decode(NULL, "cut.png", part, size, &image, &err);
            free(part);
            if (!status) {
                if (size + 20 < c.size || memcmp(image.pixels, c.pixels, c.bytes) != 0)
                    fail_msg("%s: %zu of %zu bytes were taken for a whole picture", c.name, size, c.size);
                fv_image_free(NULL, &image);
                continue;
            }
            assert_int_equal(status, FV_E_FORMAT);
            assert_null(image.pixels);
            test_message(&err, "cut.png: ");
            if (size >= 33 && size + 20 < c.size)
                test_message(&err, "cut short");
        }
        free_case(&c);
    }
    fclose(f);
}

/* Every byte of every kind of file replaced by others: an answer or a message, and nothing left behind. */
static void png_with_wrong_bytes_is_survived(void **state)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xFF};
    FILE *f = open_golden("png.txt");
    size_t refused = 0;
    picture_case c;

    (void)state;
    while (read_case(f, &c)) {
        for (size_t i = 0; i < c.size * FV_COUNT(flips); i++) {
            test_host h;
            fv_image image;
            fv_error err = {0};
            fv_status status;

            test_host_init(&h);
            c.file[i / FV_COUNT(flips)] ^= flips[i % FV_COUNT(flips)];
            status = fv_image_decode(&h.host, "wrong.png", c.file, c.size, &image, &err);
            c.file[i / FV_COUNT(flips)] ^= flips[i % FV_COUNT(flips)];
            refused += status != FV_OK;
            assert_int_equal(status == FV_OK, image.pixels != NULL);
            assert_int_equal(status != FV_OK, err.message[0] != '\0');
            fv_image_free(&h.host, &image);
            assert_int_equal(h.live, 0);
        }
        free_case(&c);
    }
    fclose(f);
    assert_true(refused > 1000); /* chunks have checksums: nearly all of them are noticed */
}

/* A PNG's first 33 bytes with the given size; the checksum is not looked at before the size. */
static void png_sizes_are_bounded(void **state)
{
    static const struct {
        uint32_t width, height;
        const char *message;
    } cases[] = {
        {16385, 1, "big.png: picture of 1x16385 pixels; at most 16384 a side and 178000000 in all are read"},
        {1, 16385, "16385x1 pixels"},
        {16384, 16384, "16384x16384 pixels"},
        {0x7FFFFFFF, 0x7FFFFFFF, "2147483647x2147483647 pixels"},
        {0, 5, "big.png: PNG is damaged"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_image one = {1, 1, 1, (uint8_t[]){7}}, image;
        uint8_t *file;
        size_t size;
        test_host h;
        fv_error err = {0};
        fv_status status;

        test_host_init(&h);
        test_ok(fv_image_encode_png(NULL, &one, &file, &size, &err), &err);
        for (int b = 0; b < 4; b++) {
            file[16 + b] = (uint8_t)(cases[i].width >> (24 - 8 * b));
            file[20 + b] = (uint8_t)(cases[i].height >> (24 - 8 * b));
        }
        /* CRC-32 of IHDR, bit by bit */
        uint32_t crc = 0xFFFFFFFFu;
        for (size_t k = 12; k < 29; k++) {
            crc ^= file[k];
            for (int b = 0; b < 8; b++)
                crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
        }
        for (int b = 0; b < 4; b++)
            file[29 + b] = (uint8_t)(~crc >> (24 - 8 * b));
        status = fv_image_decode(&h.host, "big.png", file, size, &image, &err);
        assert_true(status == FV_E_RANGE || status == FV_E_FORMAT);
        test_message(&err, cases[i].message);
        assert_int_equal(h.total, 0); /* refused before anything was allocated */
        fv_release(NULL, file);
    }
}

static void pictures_come_back_as_written(void **state)
{
    static const struct {
        size_t height, width, channels;
    } cases[] = {{1, 1, 1}, {1, 1, 3}, {28, 28, 1}, {13, 57, 3}, {200, 300, 3}};
    static fv_status (*const encoders[])(const fv_host *, const fv_image *, uint8_t **, size_t *,
                                         fv_error *) = {fv_image_encode_png, fv_image_encode_pnm};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++)
        for (size_t e = 0; e < FV_COUNT(encoders); e++) {
            const size_t h = cases[i].height, w = cases[i].width, c = cases[i].channels;
            fv_image in = {h, w, c, noise(h * w * c, 0, 5)}, out;
            const char *path = test_path("written");
            uint8_t *file;
            size_t size;
            fv_error err = {0};

            test_ok(encoders[e](NULL, &in, &file, &size, &err), &err);
            test_write_file(path, file, size);
            test_ok(fv_image_open(NULL, path, &out, &err), &err);
            assert_int_equal(out.height, h);
            assert_int_equal(out.width, w);
            assert_int_equal(out.channels, c);
            assert_memory_equal(out.pixels, in.pixels, h * w * c);
            free(in.pixels);
            fv_image_free(NULL, &out);
            fv_release(NULL, file);
        }
}

static void pnm_is_read(void **state)
{
    static const struct {
        const char *file;
        size_t size, height, width, channels;
        uint8_t pixels[9];
    } cases[] = {
#define FILE_OF(text) text, sizeof text - 1
        {FILE_OF("P5\n3 2\n255\nabcdef"), 2, 3, 1, "abcdef"},
        {FILE_OF("P5 3 2 255\nabcdefand more"), 2, 3, 1, "abcdef"},
        {FILE_OF("P6\n1 2\n255\nabcdef"), 2, 1, 3, "abcdef"},
        {FILE_OF("P5#c\n# comment 9 9\n3#w\r 2\n#\n255 abcdef"), 2, 3, 1, "abcdef"},
        {FILE_OF("P2\n3 1\n255\n0 128 255"), 1, 3, 1, {0, 128, 255}},
        {FILE_OF("P2 3 1 255 0\t128 # a comment\n\v\f 255\n"), 1, 3, 1, {0, 128, 255}},
        {FILE_OF("P3 2 1 15 0 1 2 3 14 15"), 1, 2, 3, {0, 17, 34, 51, 238, 255}},
        {FILE_OF("P2 3 1 65535 0 32768 65535"), 1, 3, 1, {0, 128, 255}},
        {FILE_OF("P5 3 1 65535\n\0\0\x80\0\xFF\xFF"), 1, 3, 1, {0, 128, 255}},
        {FILE_OF("P5 3 1 1023\n\0\0\x02\0\x03\xFF"), 1, 3, 1, {0, 128, 255}},
        {FILE_OF("P5 3 1 1\n\0\1\0"), 1, 3, 1, {0, 255, 0}},
        {FILE_OF("P1 3 2 10\n1#c\n00 1"), 2, 3, 1, {0, 255, 0, 255, 255, 0}},
        {FILE_OF("P4 9 1\n\x80\x80"), 1, 9, 1, {0, 255, 255, 255, 255, 255, 255, 255, 0}},
        {FILE_OF("P5 1 1 255\n\n"), 1, 1, 1, {'\n'}}, /* one white space behind the header, not all of it */
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_image image;
        fv_error err = {0};

        test_ok(fv_image_decode(NULL, "p", (const uint8_t *)cases[i].file, cases[i].size, &image, &err), &err);
        assert_int_equal(image.height, cases[i].height);
        assert_int_equal(image.width, cases[i].width);
        assert_int_equal(image.channels, cases[i].channels);
        assert_memory_equal(image.pixels, cases[i].pixels, image.height * image.width * image.channels);
        fv_image_free(NULL, &image);
    }
}

static void bad_pictures_are_refused(void **state)
{
    static const struct {
        const char *file;
        size_t size;
        fv_status status;
        const char *message;
    } cases[] = {
        {FILE_OF(""), FV_E_FORMAT, "p: is empty (0 bytes)"},
        {FILE_OF("hello, world"), FV_E_FORMAT, "p: not a picture that Fovea reads (JPEG, PNG, BMP, PNM"},
        {FILE_OF("hello, world"), FV_E_FORMAT, "): begins with 68 65 6C 6C 6F 2C 20 77"},
        {FILE_OF("\0"), FV_E_FORMAT, "begins with 00"},
        {FILE_OF("\0\0\0\x18"
                 "ftypheic"),
         FV_E_UNSUPPORTED, "p: seems to be HEIC or AVIF, which is not read here (JPEG, PNG"},
        {FILE_OF("%PDF-1.4"), FV_E_UNSUPPORTED, "seems to be PDF"},
        {FILE_OF("P4 9 1\n\x80"), FV_E_FORMAT, "needs 2 bytes of samples, has 1"},
        {FILE_OF("P1 2 2 1 0 1"), FV_E_FORMAT, "bit 3 of 4 is missing at byte 12"},
        {FILE_OF("P1 2 2 10 12"), FV_E_FORMAT, "bit 3 of 4 is not 0 or 1 at byte 11"},
        {FILE_OF("\x89PNG\r\n\x1A\n"), FV_E_FORMAT, "p: PNG is cut short"},
        {FILE_OF("P5"), FV_E_FORMAT, "p: P5 picture has no width at byte 2 of 2"},
        {FILE_OF("P5 # no end"), FV_E_FORMAT, "no width"},
        {FILE_OF("P5 3"), FV_E_FORMAT, "no height"},
        {FILE_OF("P5 3 x 255\n"), FV_E_FORMAT, "no height at byte 5 of 11"},
        {FILE_OF("P5 -3 2 255\n"), FV_E_FORMAT, "no width"},
        {FILE_OF("P5 3 2"), FV_E_FORMAT, "no largest value"},
        {FILE_OF("P5 3 2 0\nabcdef"), FV_E_FORMAT, "largest value is 0, wanted 1 to 65535"},
        {FILE_OF("P5 3 2 65536\nabcdef"), FV_E_FORMAT, "largest value is 65536"},
        {FILE_OF("P5 3 2 255"), FV_E_FORMAT, "no white space behind its header at byte 10"},
        {FILE_OF("P5 3 2 255\nabcde"), FV_E_FORMAT,
         "p: picture of 2x3x1 is cut short: needs 6 bytes of samples, has 5"},
        {FILE_OF("P6 1 2 65535\nabcdefghijk"), FV_E_FORMAT, "needs 12 bytes of samples, has 11"},
        {FILE_OF("P5 99999999999999999999 2 255\nabc"), FV_E_FORMAT, "cut short"},
        {FILE_OF("P5 0 2 255\n"), FV_E_FORMAT, "picture of 2x0 pixels has nothing in it"},
        {FILE_OF("P2 3 1 255\n1 2 "), FV_E_FORMAT, "cut short: needs 5 bytes of samples, has 4"},
        {FILE_OF("P2 3 1 255\n100 200"), FV_E_FORMAT, "sample 2 of 3 is missing at byte 18"},
        {FILE_OF("P2 3 1 255\n1 2 x"), FV_E_FORMAT, "sample 2 of 3 is not a number at byte 15"},
        {FILE_OF("P2 3 1 255\n1 2 256"), FV_E_FORMAT, "p: sample 2 is 256, above the largest value 255"},
        {FILE_OF("P2 3 1 255\n1 2 99999999999999999999"), FV_E_FORMAT, "sample 2 is"},
        {FILE_OF("P5 2 1 100\nA\xFF"), FV_E_FORMAT, "sample 1 is 255, above the largest value 100"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        uint8_t *file = malloc(cases[i].size + 1);
        fv_image image;
        test_host h;
        fv_error err = {0};
        fv_status status;

        test_host_init(&h);
        memcpy(file, cases[i].file, cases[i].size);
        file = realloc(file, cases[i].size ? cases[i].size : 1); /* the end is the end: for ASan */
        status = fv_image_decode(&h.host, "p", file, cases[i].size, &image, &err);
        free(file);
        test_failed(status, cases[i].status, &err, cases[i].message);
        assert_null(image.pixels);
        assert_int_equal(h.live, 0);
    }
}

static void bad_paths_are_refused(void **state)
{
    const char *empty = test_path("empty.png"), *wide = test_path("wide.pgm");
    char *wide_file = calloc(1, 16400);
    fv_image image;
    fv_error err = {0};

    (void)state;
    test_failed(fv_image_open(NULL, test_path("none.png"), &image, &err), FV_E_IO, &err, "none.png: cannot open");
    test_failed(fv_image_open(NULL, test_folder(), &image, &err), FV_E_IO, &err, "is a folder");
    test_write_file(empty, "", 0);
    test_failed(fv_image_open(NULL, empty, &image, &err), FV_E_FORMAT, &err, "empty.png: is empty");
    snprintf(wide_file, 16400, "P5 16385 1 1\n");
    test_write_file(wide, wide_file, 16400);
    test_failed(fv_image_open(NULL, wide, &image, &err), FV_E_RANGE, &err, "wide.pgm: picture of 1x16385 pixels");
    free(wide_file);
    if (geteuid() != 0) { /* root reads everything */
        assert_int_equal(chmod(empty, 0), 0);
        test_failed(fv_image_open(NULL, empty, &image, &err), FV_E_IO, &err, "empty.png: cannot open: Permission");
    }
    assert_null(image.pixels);
}

static fv_status write_and_read(const fv_host *host, void *arg, fv_error *err)
{
    fv_image image = {0};
    uint8_t *png = NULL, *pnm = NULL;
    size_t size;
    fv_status status = fv_image_encode_png(host, arg, &png, &size, err);

    if (!status)
        status = fv_image_decode(host, "p", png, size, &image, err);
    fv_image_free(host, &image);
    if (!status)
        status = fv_image_encode_pnm(host, arg, &pnm, &size, err);
    if (!status) {
        test_write_file(test_path("memory.ppm"), pnm, size);
        status = fv_image_open(host, test_path("memory.ppm"), &image, err);
    }
    fv_image_free(host, &image);
    fv_release(host, png);
    fv_release(host, pnm);
    return status;
}

static void failed_allocations_are_clean(void **state)
{
    fv_image image = {9, 7, 3, noise(9 * 7 * 3, 0, 1)};

    (void)state;
    assert_int_equal(test_every_failure(write_and_read, &image), 6);
    free(image.pixels);
}

static void grey_is_pillows(void **state)
{
    static const struct {
        uint8_t rgb[3], grey;
    } cases[] = {{{0, 0, 0}, 0},    {{255, 255, 255}, 255}, {{255, 0, 0}, 76},   {{0, 255, 0}, 150},
                 {{0, 0, 255}, 29}, {{1, 2, 3}, 2},         {{10, 200, 30}, 124}};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        uint8_t grey;

        fv_grey(cases[i].rgb, 1, &grey);
        assert_int_equal(grey, cases[i].grey);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resize_equals_pillow),
        cmocka_unit_test(resize_keeps_white),
        cmocka_unit_test(png_of_every_kind_is_read),
        cmocka_unit_test(png_cut_short_anywhere_is_refused),
        cmocka_unit_test(png_with_wrong_bytes_is_survived),
        cmocka_unit_test(png_sizes_are_bounded),
        cmocka_unit_test(pictures_come_back_as_written),
        cmocka_unit_test(pnm_is_read),
        cmocka_unit_test(bad_pictures_are_refused),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(failed_allocations_are_clean),
        cmocka_unit_test(grey_is_pillows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
