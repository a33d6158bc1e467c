/* A bounded reader over bytes that nobody vouches for. Reading past the end returns zeros and sets `failed`. */
#ifndef FV_BASE_CURSOR_H
#define FV_BASE_CURSOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fv_cursor {
    const uint8_t *data;
    size_t size, at;
    bool failed;
} fv_cursor;

static inline size_t fv_cursor_left(const fv_cursor *c)
{
    return c->size - c->at;
}

/* The next n bytes, or NULL when fewer are left. */
static inline const uint8_t *fv_cursor_take(fv_cursor *c, size_t n)
{
    if (c->failed || n > fv_cursor_left(c)) {
        c->failed = true;
        return NULL;
    }
    c->at += n;
    return c->data + c->at - n;
}

static inline uint32_t fv_cursor_be32(fv_cursor *c)
{
    const uint8_t *p = fv_cursor_take(c, 4);

    return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline uint32_t fv_cursor_be16(fv_cursor *c)
{
    const uint8_t *p = fv_cursor_take(c, 2);

    return p ? (uint32_t)p[0] << 8 | p[1] : 0;
}

static inline uint32_t fv_cursor_le16(fv_cursor *c)
{
    const uint8_t *p = fv_cursor_take(c, 2);

    return p ? (uint32_t)p[1] << 8 | p[0] : 0;
}

static inline uint32_t fv_cursor_le32(fv_cursor *c)
{
    const uint8_t *p = fv_cursor_take(c, 4);

    return p ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0] : 0;
}

static inline uint64_t fv_cursor_le64(fv_cursor *c)
{
    const uint8_t *p = fv_cursor_take(c, 8);
    uint64_t v = 0;

    for (int i = 7; p && i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

#endif
