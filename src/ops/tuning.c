#include "ops/tuning.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include <string.h>

enum { FILE_MOST = 1 << 22, SIDE_MOST = 4, KERNEL_MOST = 5 };
static const char title[] = "fovea tuning ";

/* The numbers of a line, in its order, of a geometry whose kernel is square and whose stride is 1. */
static const size_t fields[] = {
    offsetof(fv_conv_geometry, n),         offsetof(fv_conv_geometry, in_h),       offsetof(fv_conv_geometry, in_w),
    offsetof(fv_conv_geometry, in_c),      offsetof(fv_conv_geometry, out_c),      offsetof(fv_conv_geometry, kernel_h),
    offsetof(fv_conv_geometry, pad_top),   offsetof(fv_conv_geometry, pad_bottom), offsetof(fv_conv_geometry, pad_left),
    offsetof(fv_conv_geometry, pad_right), offsetof(fv_conv_geometry, groups)};

static size_t *number_at(fv_conv_geometry *g, size_t field)
{
    return (size_t *)(void *)((char *)g + fields[field]);
}

static bool same(const fv_tuned *t, const char *isa, const fv_conv_geometry *g)
{
    fv_conv_geometry a = t->g, b = *g;

    if (strcmp(t->isa, isa) != 0)
        return false;
    for (size_t i = 0; i < FV_COUNT(fields); i++)
        if (*number_at(&a, i) != *number_at(&b, i))
            return false;
    return true;
}

static fv_tuned *find(const fv_tuning *tuning, const char *isa, const fv_conv_geometry *g)
{
    for (size_t i = 0; i < tuning->count; i++)
        if (same(&tuning->list[i], isa, g))
            return &tuning->list[i];
    return NULL;
}

/* 5x5 kernels have no tiles of side 4. */
static size_t nearest_side(size_t side, size_t kernel)
{
    return kernel == KERNEL_MOST && side == SIDE_MOST ? SIDE_MOST / 2 : side;
}

bool fv_tuning_find(const fv_chooser *c, const fv_conv_geometry *g, size_t *side)
{
    const fv_tuned *found = !c->tuning          ? NULL
                            : c->tuning->forced ? c->tuning->forced
                                                : find(c->tuning, c->kernels->isa, g);

    if (found)
        *side = nearest_side(found->side, g->kernel_h);
    return found != NULL;
}

fv_status fv_tuning_set(fv_tuning *tuning, const fv_tuned *tuned, fv_error *err)
{
    fv_tuned *known = find(tuning, tuned->isa, &tuned->g);

    if (known) {
        known->side = tuned->side;
        return FV_OK;
    }
    if (tuning->count == tuning->size) {
        const size_t size = tuning->size ? 2 * tuning->size : 64;
        fv_tuned *more = fv_alloc(&tuning->host, size, sizeof *more);

        if (!more)
            return fv_fail_memory(err, size * sizeof *more, "measured choices");
        if (tuning->count)
            memcpy(more, tuning->list, tuning->count * sizeof *more);
        fv_release(&tuning->host, tuning->list);
        tuning->list = more;
        tuning->size = size;
    }
    tuning->list[tuning->count++] = *tuned;
    return FV_OK;
}

void fv_tuning_free(fv_tuning *tuning)
{
    if (tuning->list)
        fv_release(&tuning->host, tuning->list);
    *tuning = (fv_tuning){0};
}

/* ---------------------------------------------------------------------------------------------- the file */

static bool word(const char **at, char *out, size_t size)
{
    const char *from = *at + strspn(*at, " ");
    const size_t length = strcspn(from, " \n");

    if (length == 0 || length >= size)
        return false;
    memcpy(out, from, length);
    out[length] = 0;
    *at = from + length;
    return true;
}

static bool number(const char **at, size_t *out)
{
    char text[16];
    long long value;

    if (!word(at, text, sizeof text) || !fv_text_integer(text, &value) || value < 0)
        return false;
    *out = (size_t)value;
    return true;
}

static bool read_line(const char *at, fv_tuned *t)
{
    bool good = word(&at, t->isa, sizeof t->isa);

    for (size_t i = 0; good && i < FV_COUNT(fields); i++)
        good = number(&at, number_at(&t->g, i));
    good = good && number(&at, &t->side) && *at == '\n';
    return good && (t->side == 0 || t->side == SIDE_MOST / 2 || (t->side == SIDE_MOST && t->g.kernel_h < KERNEL_MOST));
}

static fv_status read_lines(const char *path, const char *at, fv_tuning *out, fv_error *err)
{
    const char *version = fv_version();
    const size_t begin = sizeof title - 1, length = strlen(version);
    size_t line = 1;

    if (strncmp(at, title, begin) != 0)
        return fv_fail(err, FV_E_FORMAT, "%s:1: wanted '%s%s'; this is no file of `fovea plan --tune`", path, title,
                       version);
    if (strncmp(at + begin, version, length) != 0 || at[begin + length] != '\n')
        return fv_fail(err, FV_E_VERSION,
                       "%s:1: measured by another version than %s; run `fovea plan NET --tune` again", path, version);
    for (at = strchr(at, '\n') + 1; *at; at = strchr(at, '\n') + 1) {
        fv_tuned t = {.isa = ""};
        fv_status status;

        line++;
        if (!strchr(at, '\n') || !read_line(at, &t))
            return fv_fail(err, FV_E_FORMAT,
                           "%s:%zu: wanted an instruction set and %zu numbers, the last one 0, 2 or 4; delete the file "
                           "and run `fovea plan NET --tune` again",
                           path, line, FV_COUNT(fields) + 1);
        if ((status = fv_tuning_set(out, &t, err)))
            return status;
    }
    return FV_OK;
}

fv_status fv_tuning_read(const fv_host *host, const char *path, fv_tuning *out, fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    uint8_t *data;
    size_t size;
    fv_status status;

    *out = (fv_tuning){.host = h};
    status = fv_file_read(&h, path, FILE_MOST, &data, &size, err);
    if (status)
        return status;
    status = read_lines(path, (const char *)data, out, err);
    fv_release(&h, data);
    if (status)
        fv_tuning_free(out);
    return status;
}

fv_status fv_tuning_write(const fv_tuning *tuning, const char *path, fv_error *err)
{
    fv_text text;
    fv_status status;

    fv_text_init(&text, &tuning->host);
    fv_text_print(&text, "%s%s\n", title, fv_version());
    for (size_t i = 0; i < tuning->count; i++) {
        fv_tuned t = tuning->list[i];

        fv_text_print(&text, "%s", t.isa);
        for (size_t f = 0; f < FV_COUNT(fields); f++)
            fv_text_print(&text, " %zu", *number_at(&t.g, f));
        fv_text_print(&text, " %zu\n", t.side);
    }
    status = text.failed ? fv_fail_memory(err, text.size, "measured choices")
                         : fv_file_replace(path, &(fv_piece){text.data, text.length}, 1, err);
    fv_text_free(&text);
    return status;
}
