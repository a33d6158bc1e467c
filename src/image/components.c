/* Connected components of ink, and which of them are the digit. */
#include "base/error.h"
#include "image/ink.h"

#include <string.h>

/* Of the largest component's area: what is smaller is a speck; what does not touch the border and is not smaller
 * outweighs all that does. */
static const double speck = 0.05, rival = 0.25;

typedef struct component {
    size_t area;
    bool touches; /* the border */
} component;

typedef struct point {
    uint32_t y, x;
} point;

typedef struct search {
    const fv_plane *ink;
    uint8_t threshold;
    uint32_t *labels; /* number of the component, from 1; 0 = none yet */
    point *stack;     /* labelled, neighbours not yet looked at */
    component *components;
    uint32_t count;
} search;

static void visit(search *s, size_t y, size_t x, size_t *depth)
{
    const size_t at = y * s->ink->width + x;

    if (s->labels[at] || s->ink->pixels[at] < s->threshold)
        return;
    s->labels[at] = s->count; /* labelled when pushed, so that each pixel is pushed once */
    s->stack[(*depth)++] = (point){(uint32_t)y, (uint32_t)x};
}

/* Label what hangs together with pixel (y, x), which is ink without a label. */
static void flood(search *s, size_t y, size_t x)
{
    const size_t height = s->ink->height, width = s->ink->width;
    component *c = &s->components[++s->count];
    size_t depth = 0;

    visit(s, y, x, &depth);
    while (depth > 0) {
        const point at = s->stack[--depth];
        const size_t top = at.y ? at.y - 1 : 0, bottom = at.y + 1 < height ? at.y + 1 : at.y;
        const size_t left = at.x ? at.x - 1 : 0, right = at.x + 1 < width ? at.x + 1 : at.x;

        c->area++;
        c->touches = c->touches || at.y == 0 || at.x == 0 || at.y + 1 == height || at.x + 1 == width;
        for (size_t row = top; row <= bottom; row++)
            for (size_t column = left; column <= right; column++)
                visit(s, row, column, &depth);
    }
}

/* The area of the component that is taken for the digit; *inside tells whether those that touch the border are out. */
static size_t largest(const search *s, bool *inside)
{
    size_t any = 0, free_standing = 0;

    for (uint32_t i = 1; i <= s->count; i++) {
        const component *c = &s->components[i];

        any = c->area > any ? c->area : any;
        free_standing = !c->touches && c->area > free_standing ? c->area : free_standing;
    }
    *inside = (double)free_standing >= rival * (double)any;
    return *inside ? free_standing : any;
}

fv_status fv_ink_components(fv_arena *arena, const fv_plane *ink, uint8_t threshold, uint8_t *kept, fv_error *err)
{
    const size_t n = ink->height * ink->width;
    /* Two pixels of different components are at least two apart, along rows or columns. */
    const size_t most = ((ink->height + 1) / 2) * ((ink->width + 1) / 2);
    search s = {.ink = ink, .threshold = threshold};
    size_t area;
    bool inside;

    s.labels = fv_arena_alloc(arena, n, sizeof *s.labels);
    s.stack = fv_arena_alloc(arena, n, sizeof *s.stack);
    s.components = fv_arena_alloc(arena, most + 1, sizeof *s.components);
    if (!s.labels || !s.stack || !s.components)
        return fv_fail_memory(err, n * 12 + (most + 1) * sizeof *s.components, "the components of a picture");
    for (size_t y = 0; y < ink->height; y++)
        for (size_t x = 0; x < ink->width; x++)
            if (ink->pixels[y * ink->width + x] >= threshold && !s.labels[y * ink->width + x])
                flood(&s, y, x);

    area = largest(&s, &inside);
    for (size_t i = 0; i < n; i++) {
        const component *c = &s.components[s.labels[i]];

        kept[i] = s.labels[i] && (double)c->area >= speck * (double)area && !(inside && c->touches) ? 255 : 0;
    }
    return FV_OK;
}
