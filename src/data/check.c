/* Checking pictures one by one, and their classes. Pairs of pictures: check_twins.c. */
#include "data/check.h"
#include "base/error.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* A picture whose brightness, but for 1 % at either end, spans less than this of 255 steps is blank; JPEG's noise on a
 * sheet of one colour spans about 4. */
enum { BLANK_RANGE = 8 };

const fv_finding_text fv_finding_texts[FV_FINDINGS] = {
#define FV_FINDING_TEXT(name, word, error, help) {word, help, error},
    FV_FINDING_MAP(FV_FINDING_TEXT)
#undef FV_FINDING_TEXT
};

static const char *const split_words[] = {"train", "val", "test"};

fv_status fv_check_add(fv_check *check, fv_finding finding, fv_error *err)
{
    if (check->count == check->size) {
        const size_t size = check->size ? 2 * check->size : 64;
        fv_finding *items = fv_grow(&check->pictures.host, check->items, check->count, size, sizeof *items);

        if (!items)
            return fv_fail_memory(err, size * sizeof *items, "a list of findings");
        check->items = items;
        check->size = size;
    }
    check->items[check->count++] = finding;
    check->counts[finding.kind]++;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------------- one picture */

static fv_status check_bad(fv_check *check, fv_error *err)
{
    static const fv_finding_kind kinds[] = {
        [FV_BAD_UNREADABLE] = FV_FINDING_UNREADABLE,
        [FV_BAD_TRUNCATED] = FV_FINDING_TRUNCATED,
        [FV_BAD_EMPTY_CLASS] = FV_FINDING_EMPTY_CLASS,
        [FV_BAD_UNKNOWN_CLASS] = FV_FINDING_UNKNOWN_CLASS,
    };
    fv_status status = FV_OK;

    for (size_t i = 0; !status && i < check->pictures.bad_count; i++) {
        const fv_bad_file *b = &check->pictures.bad[i];

        status = fv_check_add(check, (fv_finding){.kind = kinds[b->kind], .path = b->path, .detail = b->reason}, err);
    }
    return status;
}

static fv_status mark(fv_check *check, fv_finding_kind kind, const fv_picture *p, const char *detail, fv_error *err)
{
    if (!detail)
        return fv_fail_memory(err, strlen(p->path), "a finding");
    return fv_check_add(check, (fv_finding){.kind = kind, .path = p->path, .picture = p, .detail = detail}, err);
}

bool fv_picture_blank(const fv_picture *p)
{
    return p->high - p->low < BLANK_RANGE;
}

static fv_status check_picture(fv_check *check, const fv_picture *p, size_t least, fv_error *err)
{
    fv_arena *arena = &check->pictures.arena;
    fv_status status = FV_OK;

    if (p->damage)
        status = mark(check, FV_FINDING_DAMAGED, p, p->damage, err);
    if (!status && fv_picture_named(p->path) && !fv_picture_named_as(p->path, p->format))
        status = mark(check, FV_FINDING_EXTENSION, p, fv_arena_print(arena, "is %s", p->format), err);
    if (!status && p->orientation > 1)
        status = mark(check, FV_FINDING_ROTATED, p, fv_arena_print(arena, "orientation %u", p->orientation), err);
    if (!status && (p->height < least || p->width < least))
        status = mark(check, FV_FINDING_TINY, p, fv_arena_print(arena, "%ux%u pixels", p->height, p->width), err);
    if (!status && fv_picture_blank(p))
        status = mark(check, FV_FINDING_BLANK, p, fv_arena_print(arena, "brightness %u to %u", p->low, p->high), err);
    if (!status && p->grey)
        status = mark(check, FV_FINDING_GREY, p, "three channels alike", err);
    return status;
}

/* ---------------------------------------------------------------------------------------------------- classes */

static fv_status count_members(fv_check *check, fv_error *err)
{
    const fv_pictures *p = &check->pictures;

    check->members = fv_alloc(&p->host, p->n_classes, sizeof *check->members);
    if (!check->members)
        return fv_fail_memory(err, p->n_classes * sizeof *check->members, "counts of classes");
    for (size_t i = 0; i < p->count; i++)
        check->members[p->items[i].label][p->items[i].split < 0 ? 3 : p->items[i].split]++;
    return FV_OK;
}

size_t fv_check_members(const fv_check *check, size_t label)
{
    return check->members[label][FV_TRAIN] + check->members[label][3];
}

double fv_check_imbalance(const fv_check *check)
{
    size_t least = SIZE_MAX, most = 0;

    for (size_t c = 0; c < check->pictures.n_classes; c++) {
        const size_t n = fv_check_members(check, c);

        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    return most && least ? (double)most / (double)least : 1;
}

static fv_status check_classes(fv_check *check, const char *path, fv_error *err)
{
    const fv_pictures *p = &check->pictures;
    size_t total[4] = {0};
    fv_status status = FV_OK;

    for (size_t c = 0; c < p->n_classes; c++)
        for (int s = 0; s < 4; s++)
            total[s] += check->members[c][s];
    if (p->n_classes == 1)
        status = fv_check_add(check, (fv_finding){.kind = FV_FINDING_ONE_CLASS, .path = path}, err);
    for (int s = FV_VAL; s <= FV_TEST; s++)
        for (size_t c = 0; !status && total[s] && c < p->n_classes; c++) {
            fv_finding f = {.kind = FV_FINDING_MISSING_CLASS, .path = p->classes[c]};

            if (check->members[c][s])
                continue;
            f.detail = fv_arena_print(&check->pictures.arena, "has no picture in %s", split_words[s]);
            status = f.detail ? fv_check_add(check, f, err) : fv_fail_memory(err, 64, "a finding");
        }
    return status;
}

/* ---------------------------------------------------------------------------------------------------- all */

/* By kind; within a kind as they were found. */
static fv_status sort(fv_check *check, fv_error *err)
{
    fv_finding *sorted = fv_alloc(&check->pictures.host, check->count, sizeof *sorted);
    size_t at[FV_FINDINGS], sum = 0;

    if (!sorted)
        return fv_fail_memory(err, check->count * sizeof *sorted, "a list of findings");
    for (size_t k = 0; k < FV_FINDINGS; sum += check->counts[k++])
        at[k] = sum;
    for (size_t i = 0; i < check->count; i++)
        sorted[at[check->items[i].kind]++] = check->items[i];
    fv_release(&check->pictures.host, check->items);
    check->items = sorted;
    check->size = check->count;
    return FV_OK;
}

static fv_status read_all(fv_check *check, const char *path, size_t threads, fv_error *err)
{
    fv_pictures *p = &check->pictures;
    fv_status status = fv_pictures_open(p, path, err);

    if (!status && !p->count && !p->bad_count)
        return fv_fail(err, FV_E_IO,
                       "%s: no pictures; wanted a folder a class with pictures inside, in train/ and val/ or without, "
                       "or a list of paths and classes",
                       path);
    if (!status)
        status = fv_pictures_probe(p, threads, true, err);
    if (!status)
        status = fv_pictures_label(p, NULL, 0, path, err);
    return status;
}

fv_status fv_check_run(const fv_host *host, const char *path, const fv_check_options *options, fv_check *out,
                       fv_error *err)
{
    fv_status status;

    *out = (fv_check){0};
    fv_pictures_init(&out->pictures, host);
    status = read_all(out, path, options->threads, err);
    if (!status)
        status = check_bad(out, err);
    if (!status)
        status = count_members(out, err);
    if (!status)
        status = check_classes(out, path, err);
    for (size_t i = 0; !status && i < out->pictures.count; i++)
        status = check_picture(out, &out->pictures.items[i], options->least, err);
    if (!status)
        status = fv_check_twins(out, err);
    if (!status)
        status = sort(out, err);
    if (status)
        fv_check_free(out);
    return status;
}

void fv_check_free(fv_check *check)
{
    fv_release(&check->pictures.host, check->items);
    fv_release(&check->pictures.host, check->members);
    fv_pictures_free(&check->pictures);
    *check = (fv_check){.pictures = check->pictures};
}

size_t fv_check_errors(const fv_check *check)
{
    size_t n = 0;

    for (size_t k = 0; k < FV_FINDINGS; k++)
        n += fv_finding_texts[k].error ? check->counts[k] : 0;
    return n;
}
