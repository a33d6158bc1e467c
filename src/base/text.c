/* Growing strings, spelling distance, and numbers in the notation of C whatever the locale. */
#define _POSIX_C_SOURCE 200809L
#include "base/text.h"
#include "base/error.h"
#include "base/locale.h"
#include "base/memory.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fv_text_init(fv_text *text, const fv_host *host)
{
    *text = (fv_text){.host = fv_host_or_default(host)};
}

/* Room for `more` bytes and the final zero; false, and failed set, without memory. */
static bool reserve(fv_text *text, size_t more)
{
    size_t need, size;
    char *grown;

    if (text->failed)
        return false;
    text->failed = true;
    if (!fv_add(text->length, more, &need) || !fv_add(need, 1, &need))
        return false;
    if (need > text->size) {
        size = text->size > SIZE_MAX / 2 ? need : text->size * 2;
        size = size < 256 ? 256 : size;
        size = size < need ? need : size;
        grown = fv_grow(&text->host, text->data, text->length, size, 1);
        if (!grown)
            return false;
        text->data = grown;
        text->size = size;
    }
    text->failed = false;
    return true;
}

void fv_text_append(fv_text *text, const char *data, size_t length)
{
    if (!reserve(text, length))
        return;
    if (length)
        memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void fv_text_base64(fv_text *text, const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        const size_t n = size - i < 3 ? size - i : 3;
        const uint32_t bits =
            (uint32_t)data[i] << 16 | (n > 1 ? (uint32_t)data[i + 1] << 8 : 0) | (n > 2 ? data[i + 2] : 0);
        const char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63], n > 1 ? digits[bits >> 6 & 63] : '=',
                              n > 2 ? digits[bits & 63] : '='};

        fv_text_append(text, four, sizeof four);
    }
}

void fv_text_print(fv_text *text, const char *format, ...)
{
    const fv_locale plain = fv_locale_enter();
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        text->failed = true;
    } else if (reserve(text, (size_t)n)) {
        va_start(args, format);
        vsnprintf(text->data + text->length, (size_t)n + 1, format, args);
        va_end(args);
        text->length += (size_t)n;
    }
    fv_locale_leave(plain);
}

void fv_text_free(fv_text *text)
{
    fv_release(&text->host, text->data);
    text->data = NULL;
    text->length = text->size = 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: d[i][j] = min(d[i-1][j] + 1, d[i][j-1] + 1, d[i-1][j-1] + (a_i != b_j), d[i-2][j-2] + 1 if
 * the last two letters are swapped). Three rows suffice. Common ends are taken off first; what is then longer than
 * LONGEST has nothing to do with a spelling mistake. */
enum { LONGEST = 64 };

size_t fv_text_distance(const char *a, const char *b, size_t limit)
{
    size_t rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *row = rows[2];
    size_t m, n;

    for (; *a && *a == *b; a++)
        b++;
    m = strlen(a);
    n = strlen(b);
    for (; m && n && a[m - 1] == b[n - 1]; m--)
        n--;
    if (m > LONGEST || n > LONGEST)
        return limit + 1;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *free_row = before;

        before = last;
        last = row;
        row = free_row;
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return least(row[n], limit + 1);
}

const char *fv_text_nearest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t best_distance = 3;

    for (size_t i = 0; i < count; i++) {
        const size_t d = fv_text_distance(word, words[i], 2);

        if (d < best_distance && 2 * d < strlen(word)) {
            best = words[i];
            best_distance = d;
        }
    }
    return best;
}

size_t fv_text_utf8(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    const size_t n = length == 0   ? 0
                     : s[0] < 0x80 ? 1
                     : s[0] < 0xC2 ? 0
                     : s[0] < 0xE0 ? 2
                     : s[0] < 0xF0 ? 3
                     : s[0] < 0xF5 ? 4
                                   : 0;

    if (n == 0 || n > length)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F)) /* overlong; surrogates */
        return 0;
    if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) /* overlong; above U+10FFFF */
        return 0;
    return n;
}

const char *fv_text_bytes(char buf[FV_BYTES_TEXT], uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    const fv_locale plain = fv_locale_enter();
    double amount = (double)bytes;
    size_t unit = 0;

    for (; amount >= 1024 && unit + 1 < FV_COUNT(units); unit++)
        amount /= 1024;
    snprintf(buf, FV_BYTES_TEXT, unit ? "%.1f %s" : "%.0f %s", amount, units[unit]);
    fv_locale_leave(plain);
    return buf;
}

const char *fv_text_quote(char buf[FV_QUOTE], const char *text, size_t length)
{
    size_t out = 0, keep = 0; /* keep: where "..." may begin, the end of the last character that leaves room for it */

    for (size_t i = 0; i < length;) {
        const size_t n = fv_text_utf8(text + i, length - i), bytes = n ? n : 1;
        const unsigned char c = (unsigned char)text[i];

        if (out + bytes > FV_QUOTE - 1) {
            memcpy(buf + keep, "...", 4);
            return buf;
        }
        if (n == 0 || c < 0x20 || c == 0x7F || (c == 0xC2 && (unsigned char)text[i + 1] < 0xA0))
            buf[out++] = '?';
        else {
            memcpy(buf + out, text + i, n);
            out += n;
        }
        i += bytes;
        if (out <= FV_QUOTE - 4)
            keep = out;
    }
    buf[out] = '\0';
    return buf;
}

static size_t digits(const char *s)
{
    size_t n = 0;

    while (s[n] >= '0' && s[n] <= '9')
        n++;
    return n;
}

/* [+-] digits [. digits] [e [+-] digits], with a digit before or behind the point: strtod alone would also read
 * spaces, hexadecimal, "inf" and "nan". */
static bool is_real(const char *s)
{
    size_t whole, part = 0, power;

    s += *s == '+' || *s == '-';
    whole = digits(s);
    s += whole;
    if (*s == '.') {
        part = digits(s + 1);
        s += 1 + part;
    }
    if (whole + part == 0)
        return false;
    if (*s == 'e' || *s == 'E') {
        s += 1 + (s[1] == '+' || s[1] == '-');
        power = digits(s);
        if (power == 0)
            return false;
        s += power;
    }
    return *s == '\0';
}

static double plain_strtod(const char *text)
{
    const fv_locale plain = fv_locale_enter();
    const double value = strtod(text, NULL);

    fv_locale_leave(plain);
    return value;
}

/* A number too small for a double, but not zero, is out of range too: 1e-400 is a mistake, 5e-324 is not. */
bool fv_text_real(const char *text, double *out)
{
    double value;

    if (!is_real(text))
        return false;
    value = plain_strtod(text);
    if (!isfinite(value))
        return false;
    if (value == 0)
        for (const char *s = text; *s && *s != 'e' && *s != 'E'; s++)
            if (*s >= '1' && *s <= '9')
                return false;
    *out = value;
    return true;
}

bool fv_text_integer(const char *text, long long *out)
{
    const bool negative = *text == '-';
    const char *s = text + (*text == '+' || *text == '-');
    long long value = 0; /* kept at or below zero, where the range is one larger */

    if (*s == '\0')
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || __builtin_mul_overflow(value, 10LL, &value) ||
            __builtin_sub_overflow(value, (long long)(*s - '0'), &value))
            return false;
    }
    if (!negative && value == LLONG_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

void fv_text_print_real(fv_text *text, double value)
{
    const fv_locale plain = fv_locale_enter();
    char buf[40];

    for (int precision = 1; precision <= 17; precision++) {
        snprintf(buf, sizeof buf, "%.*g", precision, value);
        if (strtod(buf, NULL) == value)
            break;
    }
    fv_locale_leave(plain);
    fv_text_append(text, buf, strlen(buf));
}
