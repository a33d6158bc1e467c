/* Names of classes to labels. The order is that of the bytes, or of the numbers where all names are numbers; a model's
 * order, where the caller fixed it, whatever the folder looks like. */
#include "base/error.h"
#include "base/text.h"
#include "data/pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
    long long x = 0, y = 0;

    fv_text_integer(*(const char *const *)a, &x);
    fv_text_integer(*(const char *const *)b, &y);
    return x == y ? by_bytes(a, b) : (x > y) - (x < y);
}

static bool all_numbers(const char *const *names, size_t count)
{
    long long number;

    for (size_t i = 0; i < count; i++)
        if (!fv_text_integer(names[i], &number))
            return false;
    return true;
}

/* Distinct names of the pictures that train: those of split train, or of no split. */
static fv_status collect(fv_pictures *pictures, const char *place, fv_error *err)
{
    size_t n = 0, kept = 0;

    pictures->classes = fv_alloc(&pictures->host, pictures->count, sizeof *pictures->classes);
    if (!pictures->classes)
        return fv_fail_memory(err, pictures->count * sizeof *pictures->classes, place);
    for (size_t i = 0; i < pictures->count; i++) {
        const fv_picture *p = &pictures->items[i];

        if ((p->split < 0 || p->split == FV_TRAIN) && p->class_name &&
            (!n || strcmp(pictures->classes[n - 1], p->class_name) != 0)) /* folders come class by class */
            pictures->classes[n++] = p->class_name;
    }
    if (n)
        qsort(pictures->classes, n, sizeof *pictures->classes, by_bytes);
    for (size_t i = 0; i < n; i++)
        if (!kept || strcmp(pictures->classes[kept - 1], pictures->classes[i]) != 0)
            pictures->classes[kept++] = pictures->classes[i];
    if (kept && all_numbers(pictures->classes, kept))
        qsort(pictures->classes, kept, sizeof *pictures->classes, by_number);
    pictures->n_classes = kept;
    return FV_OK;
}

static fv_status fix(fv_pictures *pictures, const char *const *fixed, size_t n, const char *place, fv_error *err)
{
    pictures->classes = fv_alloc(&pictures->host, n, sizeof *pictures->classes);
    if (!pictures->classes)
        return fv_fail_memory(err, n * sizeof *pictures->classes, place);
    for (size_t i = 0; i < n; i++)
        if (!(pictures->classes[i] = fv_arena_strndup(&pictures->arena, fixed[i], strlen(fixed[i]))))
            return fv_fail_memory(err, strlen(fixed[i]), place);
    pictures->n_classes = n;
    return FV_OK;
}

/* The class of that name; n if there is none. */
static size_t find(const fv_pictures *pictures, const char *name, size_t guess)
{
    if (guess < pictures->n_classes && strcmp(pictures->classes[guess], name) == 0)
        return guess;
    for (size_t i = 0; i < pictures->n_classes; i++)
        if (strcmp(pictures->classes[i], name) == 0)
            return i;
    return pictures->n_classes;
}

static fv_status leave_out(fv_pictures *pictures, const fv_picture *p, bool fixed, fv_error *err)
{
    char reason[FV_QUOTE + 80], quoted[FV_QUOTE];

    if (p->class_name)
        snprintf(reason, sizeof reason, "class '%s' is not among the %s",
                 fv_text_quote(quoted, p->class_name, strlen(p->class_name)),
                 fixed ? "model's classes" : "classes of the training pictures");
    else
        snprintf(reason, sizeof reason, "no label of the list of labels occurs in its path");
    return fv_pictures_add_bad(pictures, FV_BAD_UNKNOWN_CLASS, p->path, reason, err);
}

fv_status fv_pictures_label(fv_pictures *pictures, const char *const *fixed, size_t n, const char *place, fv_error *err)
{
    fv_status status = fixed ? fix(pictures, fixed, n, place, err) : collect(pictures, place, err);
    size_t kept = 0, guess = 0;

    for (size_t i = 0; !status && i < pictures->count; i++) {
        fv_picture *p = &pictures->items[i];
        const size_t label = p->class_name ? find(pictures, p->class_name, guess) : pictures->n_classes;

        if (label < pictures->n_classes) {
            p->label = (uint32_t)(guess = label);
            pictures->items[kept++] = *p;
        } else {
            status = leave_out(pictures, p, fixed != NULL, err);
        }
    }
    if (!status)
        pictures->count = kept;
    return status;
}
