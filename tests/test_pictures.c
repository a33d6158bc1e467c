/* image: JPEG, BMP, WebP, GIF and TIFF against the pixels that Pillow reads (golden/pictures.txt), EXIF orientation, and what
 * is refused. PNG and PNM have test_image.c. */
#include "pictures.h"

/* Was the decoder of this case built? */
static bool is_built(const picture_case *c)
{
    static const struct {
        const char *word, *format;
    } optional[] = {{"webp", "WebP"}, {"gif", "GIF"}, {"tiff", "TIFF"}};

    for (size_t i = 0; i < FV_COUNT(optional); i++)
        if (strstr(c->name, optional[i].word))
            return strstr(fv_image_formats(), optional[i].format) != NULL;
    return true;
}

static void pictures_have_pillows_pixels(void **state)
{
    FILE *f = open_golden("pictures.txt");
    size_t cases = 0;
    picture_case c;

    (void)state;
    for (; read_case(f, &c); cases++) {
        if (is_built(&c))
            check_case(&c, 0);
        free_case(&c);
    }
    fclose(f);
    assert_int_equal(cases, 83);
}

/* Read as stored, the eight files of a container are the same picture. */
static void orientation_can_be_left_alone(void **state)
{
    FILE *f = open_golden("pictures.txt");
    picture_case c, first[4];
    size_t seen = 0, compared = 0;

    (void)state;
    while (read_case(f, &c)) {
        if (strncmp(c.name, "exif", 4) != 0 || strstr(c.name, "little") || !is_built(&c)) {
            free_case(&c);
            continue;
        }
        const size_t length = strlen(c.name) - 1;

        if (c.name[length] == '1') {
            assert_true(seen < FV_COUNT(first));
            first[seen++] = c; /* orientation 1: what it shows is what is stored */
            continue;
        }
        for (size_t i = 0; i < seen; i++)
            if (strncmp(first[i].name, c.name, length) == 0) {
                picture_case stored = first[i];

                stored.file = c.file;
                stored.size = c.size;
                check_case(&stored, FV_IMAGE_AS_STORED);
                compared++;
            }
        free_case(&c);
    }
    fclose(f);
    assert_int_equal(compared, seen * 7);
    assert_true(seen >= 2);
    for (size_t i = 0; i < seen; i++)
        free_case(&first[i]);
}

/* A file cut anywhere is refused, or gives all its pixels (what is missing stood behind them). BMP's runs end where they
 * say; a JPEG without its last marker is refused like one that misses pixels. */
static void cut_pictures_are_refused(void **state)
{
    FILE *f = open_golden("pictures.txt");
    picture_case c;

    (void)state;
    while (read_case(f, &c)) {
        for (size_t size = 0; is_built(&c) && size < c.size; size++) {
            uint8_t *part = malloc(size + 1); /* a block of its own: reading past it is seen by ASan */
            test_host h;
            fv_image image;
            fv_error err = {0};
            fv_status status;

            test_host_init(&h);
            part = realloc(memcpy(part, c.file, size), size ? size : 1);
            status = fv_image_decode(&h.host, "cut", part, size, &image, &err);
            free(part);
            if (status)
                test_message(&err, "cut: ");
            else if (strncmp(c.name, "exif", 4) != 0 && memcmp(image.pixels, c.pixels, c.bytes) != 0)
                fail_msg("%s: %zu of %zu bytes were taken for a whole picture", c.name, size, c.size);
            fv_image_free(&h.host, &image);
            assert_int_equal(h.live, 0);
        }
        free_case(&c);
    }
    fclose(f);
}

/* Every byte replaced by others: an answer or a message, and nothing left behind. */
static void wrong_bytes_are_survived(void **state)
{
    const bool quick = getenv("QUICK") && *getenv("QUICK");
    FILE *f = open_golden("pictures.txt");
    picture_case c;
    size_t refused = 0;

    (void)state;
    while (read_case(f, &c)) {
        for (size_t i = 0; is_built(&c) && i < c.size; i += quick ? 3 : 1)
            for (unsigned flip = 1; flip < 256; flip = flip * 16 - 1) { /* 1, 15, 239 */
                test_host h;
                fv_image image;
                fv_error err = {0};
                fv_status status;

                test_host_init(&h);
                c.file[i] ^= (uint8_t)flip;
                status = fv_image_decode(&h.host, "wrong", c.file, c.size, &image, &err);
                c.file[i] ^= (uint8_t)flip;
                refused += status != FV_OK;
                assert_int_equal(status == FV_OK, image.pixels != NULL);
                assert_int_equal(status != FV_OK, err.message[0] != '\0');
                fv_image_free(&h.host, &image);
                assert_int_equal(h.live, 0);
            }
        free_case(&c);
    }
    fclose(f);
    assert_true(refused > 500);
}

#define FILE_OF(text) (const uint8_t *)(text), sizeof(text) - 1

/* The frame of a JPEG: SOF with precision, height, width, one component; then its end. */
#define JPEG_OF(process, precision, height, width)                                                                     \
    FILE_OF("\xFF\xD8\xFF" process "\0\x0B" precision height width                                                     \
            "\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\xFF\xD9")

static void strange_pictures_are_refused_by_name(void **state)
{
    static const struct {
        const uint8_t *file;
        size_t size;
        fv_status status;
        const char *message, *format;
    } cases[] = {
        {JPEG_OF("\xC1", "\x0C", "\0\x10", "\0\x10"), FV_E_UNSUPPORTED, "p: JPEG of 12 bits a sample, 8 are read", ""},
        {JPEG_OF("\xC3", "\x08", "\0\x10", "\0\x10"), FV_E_UNSUPPORTED, "p: JPEG of a kind that is not read", ""},
        {JPEG_OF("\xC0", "\x08", "\xFF\xDC", "\xFF\xDC"), FV_E_RANGE, "p: picture of 65500x65500 pixels; at most 16384",
         ""},
        {JPEG_OF("\xC0", "\x08", "\x4E\x20", "\x4E\x20"), FV_E_RANGE, "p: picture of 20000x20000 pixels", ""},
        {JPEG_OF("\xC0", "\x08", "\0\0", "\0\x10"), FV_E_FORMAT, "p: JPEG is damaged", ""},
        {FILE_OF("\xFF\xD8\xFF"), FV_E_FORMAT, "p: JPEG is cut short", ""},
        {FILE_OF("BM"), FV_E_FORMAT, "p: BMP is cut short: its header needs more than 2 bytes", ""},
        {FILE_OF(
             "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x20\x4E\0\0\x20\x4E\0\0\x01\0\x08\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0"
             "\0\0\x01\0\0\0\0\0\0\0\0\0\0\0"),
         FV_E_FORMAT, "p: BMP is damaged or cut short: pixels at byte 54", ""}, /* the palette is missing */
        {FILE_OF(
             "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x20\x4E\0\0\x20\x4E\0\0\x01\0\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
             "\0\0\0\0\0\0\0\0\0\0"),
         FV_E_RANGE, "p: picture of 20000x20000 pixels", ""},
        {FILE_OF("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x02\0\0\0\x01\0\x18\0\x05\0\0\0\0\0\0\0\0\0\0\0\0\0"
                 "\0\0\0\0\0\0\0\0\0\0"),
         FV_E_UNSUPPORTED, "p: BMP of 24 bits a pixel, compression 5 (PNG), which is not read", ""},
        {FILE_OF("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x99\x99\0\0"), FV_E_FORMAT, "p: BMP header of 39321 bytes", ""},
        {FILE_OF("GIF89a"), FV_E_FORMAT, "p: GIF is damaged or cut short", "GIF"},
        {FILE_OF("II*\0\x08\0\0\0"), FV_E_FORMAT, "p: TIFF is damaged or cut short", "TIFF"},
        {FILE_OF("RIFF\x20\0\0\0WEBPVP8 "), FV_E_FORMAT, "p: WebP is damaged or cut short", "WebP"},
        {FILE_OF("RIFF\x16\0\0\0WEBPVP8X\x0A\0\0\0\x02\0\0\0\0\0\0\0\0\0"), FV_E_UNSUPPORTED, "p: animated WebP",
         "WebP"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        test_host h;
        fv_image image;
        fv_error err = {0};
        fv_status status;

        if (!strstr(fv_image_formats(), cases[i].format))
            continue;
        test_host_init(&h);
        status = fv_image_decode(&h.host, "p", cases[i].file, cases[i].size, &image, &err);
        test_failed(status, cases[i].status, &err, cases[i].message);
        assert_null(image.pixels);
        assert_int_equal(h.live, 0);
        if (status == FV_E_RANGE)
            assert_int_equal(h.total, 0); /* refused before anything was allocated */
    }
}

static void unknown_ways_of_reading_are_refused(void **state)
{
    fv_image image;
    fv_error err = {0};

    (void)state;
    test_failed(fv_image_decode_as(NULL, "p", FILE_OF("P5 1 1 255 a"), 2, &image, &err), FV_E_ARGUMENT, &err, "0x2");
}

static fv_status read_turned(const fv_host *host, void *arg, fv_error *err)
{
    const picture_case *c = arg;
    fv_image image;
    fv_status status = fv_image_decode(host, c->name, c->file, c->size, &image, err);

    fv_image_free(host, &image);
    return status;
}

/* Of a case of each kind: pixels, buffers of a row or of all inks, the turned picture. */
static void lack_of_memory_is_reported(void **state)
{
    static const struct {
        const char *name;
        size_t allocations;
    } cases[] = {{"jpeg-cmyk", 2}, {"webp-lossy-alpha", 2}, {"gif-plain", 2},
                 {"tiff-raw", 2},  {"bmp-24", 1},           {"exif-jpeg-6", 2}};
    FILE *f = open_golden("pictures.txt");
    picture_case c;
    size_t found = 0;

    (void)state;
    while (read_case(f, &c)) {
        for (size_t i = 0; i < FV_COUNT(cases); i++)
            if (strcmp(c.name, cases[i].name) == 0 && ++found && is_built(&c))
                assert_int_equal(test_every_failure(read_turned, &c), cases[i].allocations);
        free_case(&c);
    }
    fclose(f);
    assert_int_equal(found, FV_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_have_pillows_pixels),
        cmocka_unit_test(orientation_can_be_left_alone),
        cmocka_unit_test(cut_pictures_are_refused),
        cmocka_unit_test(wrong_bytes_are_survived),
        cmocka_unit_test(strange_pictures_are_refused_by_name),
        cmocka_unit_test(unknown_ways_of_reading_are_refused),
        cmocka_unit_test(lack_of_memory_is_reported),
    };

    return cmocka_run_group_tests_name("pictures", tests, NULL, NULL);
}
