#include "net/names.h"

#include <stdio.h>
#include <string.h>

/* FNV-1a: few thousand short keys, not chosen by an enemy who could gain more than a slow parse of 100,000 names. */
static size_t hash(const char *text)
{
    uint64_t h = 14695981039346656037u;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

/* Where `text` is, or would be. */
static size_t slot_of(const fv_names *names, const char *text)
{
    size_t i = hash(text) & (names->size - 1);

    while (names->slots[i] && strcmp(names->slots[i]->text, text) != 0)
        i = (i + 1) & (names->size - 1);
    return i;
}

fv_name *fv_names_find(const fv_names *names, const char *text)
{
    return names->size ? names->slots[slot_of(names, text)] : NULL;
}

/* Twice the slots; the old ones stay in the arena until it is freed. */
static bool grow(fv_names *names)
{
    const size_t size = names->size ? 2 * names->size : 64;
    fv_name **slots = fv_arena_alloc(names->arena, size, sizeof(fv_name *));
    fv_name **order = fv_arena_alloc(names->arena, size, sizeof(fv_name *));

    if (!slots || !order)
        return false;
    if (names->n)
        memcpy(order, names->order, names->n * sizeof(fv_name *));
    names->slots = slots;
    names->order = order;
    names->size = size;
    for (size_t i = 0; i < names->n; i++)
        slots[slot_of(names, order[i]->text)] = order[i];
    return true;
}

fv_name *fv_names_get(fv_names *names, const char *text)
{
    fv_name *name = fv_names_find(names, text);

    if (name)
        return name;
    if (2 * (names->n + 1) > names->size && !grow(names))
        return NULL;
    name = fv_arena_alloc(names->arena, 1, sizeof *name);
    if (!name)
        return NULL;
    name->text = text;
    names->slots[slot_of(names, text)] = name;
    names->order[names->n++] = name;
    return name;
}

fv_name *fv_names_resolve(const fv_names *names, const char *scope, const char *word)
{
    char text[1024];
    size_t length = strlen(scope);

    for (;;) {
        const int n = snprintf(text, sizeof text, "%.*s%s", (int)length, scope, word);
        fv_name *name = n > 0 && (size_t)n < sizeof text ? fv_names_find(names, text) : NULL;

        if (name && name->value)
            return name;
        if (length == 0)
            return NULL;
        for (length--; length && scope[length - 1] != '.'; length--)
            ;
    }
}

const char *fv_names_nearest(const fv_names *names, const char *word)
{
    const char *best = NULL;
    size_t best_distance = 3;

    for (size_t i = 0; i < names->n; i++) {
        const size_t distance = names->order[i]->value ? fv_text_distance(word, names->order[i]->text, 2) : 3;

        if (distance < best_distance && 2 * distance < strlen(word)) {
            best = names->order[i]->text;
            best_distance = distance;
        }
    }
    return best;
}
