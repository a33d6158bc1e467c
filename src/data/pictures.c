/* The list of pictures itself. */
#include "data/pictures.h"
#include "base/error.h"

#include <string.h>
#include <strings.h>

void fv_pictures_init(fv_pictures *pictures, const fv_host *host)
{
    *pictures = (fv_pictures){.host = fv_host_or_default(host)};
    fv_arena_init(&pictures->arena, &pictures->host);
}

void fv_pictures_free(fv_pictures *pictures)
{
    fv_release(&pictures->host, pictures->items);
    fv_release(&pictures->host, pictures->bad);
    fv_release(&pictures->host, pictures->classes);
    fv_arena_free(&pictures->arena);
    *pictures = (fv_pictures){.host = pictures->host};
}

static char *copy(fv_pictures *pictures, const char *text)
{
    return fv_arena_strndup(&pictures->arena, text, strlen(text));
}

fv_status fv_pictures_add(fv_pictures *pictures, const char *path, const char *name, const char *class_name, int split,
                          fv_error *err)
{
    fv_picture item = {.split = split};

    if (pictures->count == UINT32_MAX)
        return fv_fail(err, FV_E_RANGE, "%s: more than %u pictures", path, UINT32_MAX);
    if (pictures->count == pictures->size) {
        const size_t size = pictures->size ? 2 * pictures->size : 256;
        fv_picture *items = fv_grow(&pictures->host, pictures->items, pictures->count, size, sizeof *items);

        if (!items)
            return fv_fail_memory(err, size * sizeof *items, "a list of pictures");
        pictures->items = items;
        pictures->size = size;
    }
    item.path = copy(pictures, path);
    item.name = copy(pictures, name);
    item.class_name = class_name ? copy(pictures, class_name) : NULL;
    if (!item.path || !item.name || (class_name && !item.class_name))
        return fv_fail_memory(err, strlen(path), "the path of a picture");
    pictures->items[pictures->count++] = item;
    return FV_OK;
}

fv_status fv_pictures_add_bad(fv_pictures *pictures, fv_bad kind, const char *path, const char *reason, fv_error *err)
{
    const size_t length = strlen(path);
    fv_bad_file *bad;

    if (strncmp(reason, path, length) == 0 && strncmp(reason + length, ": ", 2) == 0)
        reason += length + 2; /* messages begin with the path; here it stands beside */
    if (pictures->bad_count == pictures->bad_size) {
        const size_t size = pictures->bad_size ? 2 * pictures->bad_size : 16;

        bad = fv_grow(&pictures->host, pictures->bad, pictures->bad_count, size, sizeof *bad);
        if (!bad)
            return fv_fail_memory(err, size * sizeof *bad, "a list of bad files");
        pictures->bad = bad;
        pictures->bad_size = size;
    }
    bad = &pictures->bad[pictures->bad_count];
    bad->kind = kind;
    bad->path = copy(pictures, path);
    bad->reason = copy(pictures, reason);
    if (!bad->path || !bad->reason)
        return fv_fail_memory(err, strlen(path), "a bad file's reason");
    pictures->bad_count++;
    return FV_OK;
}

/* Endings of names, and the formats that belong to them. */
static const struct ending {
    const char *text, *formats[3];
} endings[] = {
    {"jpg", {"JPEG"}},  {"jpeg", {"JPEG"}}, {"png", {"PNG"}}, {"webp", {"WebP"}},
    {"ppm", {"PPM"}},   {"pgm", {"PGM"}},   {"bmp", {"BMP"}}, {"pnm", {"PPM", "PGM", "PBM"}},
    {"tiff", {"TIFF"}}, {"tif", {"TIFF"}},  {"gif", {"GIF"}},
};

static const struct ending *ending_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < FV_COUNT(endings); i++)
        if (strcasecmp(dot + 1, endings[i].text) == 0)
            return &endings[i];
    return NULL;
}

bool fv_picture_named(const char *name)
{
    return ending_of(name) != NULL;
}

bool fv_picture_named_as(const char *name, const char *format)
{
    const struct ending *ending = ending_of(name);

    for (size_t i = 0; ending && i < FV_COUNT(ending->formats) && ending->formats[i]; i++)
        if (strcmp(ending->formats[i], format) == 0)
            return true;
    return false;
}
