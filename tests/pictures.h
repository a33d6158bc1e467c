/* Picture files with the pixels that they hold, made by tools/make_image_golden.py. */
#ifndef FV_TESTS_PICTURES_H
#define FV_TESTS_PICTURES_H
#include "support.h"

#include "image/image.h"

static inline FILE *open_golden(const char *name)
{
    char path[PATH_MAX];
    FILE *f;

    snprintf(path, sizeof path, "%s/tests/golden/%s", getenv("FOVEA_SOURCE"), name);
    f = fopen(path, "r");
    assert_non_null(f);
    return f;
}

static inline uint8_t *from_hex(const char *hex, size_t *size)
{
    uint8_t *out = malloc(strlen(hex) / 2 + 1);

    assert_non_null(out);
    for (*size = 0; hex[2 * *size]; ++*size) {
        unsigned byte;

        assert_int_equal(sscanf(hex + 2 * *size, "%2x", &byte), 1);
        out[*size] = (uint8_t)byte;
    }
    return out;
}

/* One line of golden/png.txt or golden/pictures.txt. */
typedef struct picture_case {
    char name[64];
    size_t channels, width, height, size, bytes;
    uint8_t *file, *pixels;
} picture_case;

static inline bool read_case(FILE *f, picture_case *c)
{
    static char file[16384], pixels[16384];

    if (fscanf(f, "%63s %zu %zu %zu %16383s %16383s", c->name, &c->channels, &c->width, &c->height, file, pixels) != 6)
        return false;
    c->file = from_hex(file, &c->size);
    c->pixels = from_hex(pixels, &c->bytes);
    return true;
}

static inline void free_case(picture_case *c)
{
    free(c->file);
    free(c->pixels);
}

/* Read as `how`, the case gives its pixels. */
static inline void check_case(const picture_case *c, unsigned how)
{
    fv_image image;
    fv_error err = {0};

    test_ok(fv_image_decode_as(NULL, c->name, c->file, c->size, how, &image, &err), &err);
    if (image.height != c->height || image.width != c->width || image.channels != c->channels)
        fail_msg("%s: wanted %zux%zux%zu, got %zux%zux%zu", c->name, c->height, c->width, c->channels, image.height,
                 image.width, image.channels);
    assert_int_equal(c->bytes, c->height * c->width * c->channels);
    for (size_t i = 0; i < c->bytes; i++)
        if (image.pixels[i] != c->pixels[i])
            fail_msg("%s: byte %zu: wanted %d, got %d", c->name, i, c->pixels[i], image.pixels[i]);
    fv_image_free(NULL, &image);
}

#endif
