/* Text that grows, and small helpers on strings. */
#ifndef FV_BASE_TEXT_H
#define FV_BASE_TEXT_H
#include "fovea/fovea.h"

/* A growing string. A failed allocation is remembered in `failed`; later prints do nothing. */
typedef struct fv_text {
    fv_host host;
    char *data; /* zero-terminated once something was printed, else NULL */
    size_t length, size;
    bool failed;
} fv_text;

void fv_text_init(fv_text *text, const fv_host *host);
void fv_text_print(fv_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fv_text_append(fv_text *text, const char *data, size_t length);
void fv_text_base64(fv_text *text, const uint8_t *data, size_t size); /* RFC 4648, padded */
void fv_text_free(fv_text *text);

/* Damerau-Levenshtein distance (adjacent swap counts one), at most `limit` + 1. */
size_t fv_text_distance(const char *a, const char *b, size_t limit);

/* The nearest of `count` words at distance <= 2 and less than half of the word's length, or NULL. */
const char *fv_text_nearest(const char *word, const char *const *words, size_t count);

/* Parse a whole string as a number; false if anything is left over, out of range or not finite. Never uses the locale.
 */
bool fv_text_real(const char *text, double *out);
bool fv_text_integer(const char *text, long long *out);

/* A name from a file as a message may show it: control characters and bytes that are no UTF-8 become '?', and what does
 * not fit ends in "...". Returns buf. */
enum { FV_QUOTE = 96 };
const char *fv_text_quote(char buf[FV_QUOTE], const char *text, size_t length);

/* "552.6 MiB": a number of bytes for people to read. Returns buf. */
enum { FV_BYTES_TEXT = 32 };
const char *fv_text_bytes(char buf[FV_BYTES_TEXT], uint64_t bytes);

/* Length in bytes of the UTF-8 character at text, 0 if there is none (overlong, surrogate, above U+10FFFF, cut off). */
size_t fv_text_utf8(const char *text, size_t length);

/* Print a double so that it reads back to the same double, shortest form first, '.' in any locale. */
void fv_text_print_real(fv_text *text, double value);

#endif
