/* Failures as code and message. Formatting ignores the locale, and a message that does not fit ends in "...". */
#define _POSIX_C_SOURCE 200809L
#define FV_DEFINES_FAILURES
#include "base/error.h"
#include "base/locale.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STRING_(x) #x
#define STRING(x) STRING_(x)

const char *fv_version(void)
{
    return STRING(FV_VERSION_MAJOR) "." STRING(FV_VERSION_MINOR) "." STRING(FV_VERSION_PATCH);
}

const char *fv_status_text(fv_status status)
{
    switch (status) {
#define TEXT(name, number, text)                                                                                       \
    case name:                                                                                                         \
        return text;
        FV_STATUS_MAP(TEXT)
#undef TEXT
    }
    return "unknown status";
}

/* Shorten what vsnprintf cut at `size`, so that it ends in "..." and not inside a character. */
static void mark_cut(char *buf, size_t size)
{
    size_t end = size - 4;

    while (end > 0 && ((unsigned char)buf[end] & 0xC0) == 0x80)
        end--;
    memcpy(buf + end, "...", 4);
}

/* Into buf of at least 4 bytes; returns the length. */
static size_t print(char *buf, size_t size, const char *format, va_list args)
{
    const fv_locale plain = fv_locale_enter();
    const int n = vsnprintf(buf, size, format, args);

    fv_locale_leave(plain);
    if (n < 0)
        buf[0] = '\0';
    else if ((size_t)n >= size)
        mark_cut(buf, size);
    return strlen(buf);
}

/* Formatted into a buffer of its own first: an argument may be the message that is there already. */
fv_status fv_fail(fv_error *err, fv_status code, const char *format, ...)
{
    char buf[sizeof err->message]; /* cppcheck-suppress ctunullpointer ; sizeof reads nothing */
    va_list args;
    size_t n;

    if (!err)
        return code;
    va_start(args, format);
    n = print(buf, sizeof buf, format, args);
    va_end(args);
    err->code = code;
    memcpy(err->message, buf, n + 1);
    return code;
}

fv_status fv_fail_memory(fv_error *err, size_t bytes, const char *what)
{
    return fv_fail(err, FV_E_MEMORY, "out of memory: %s needs %zu bytes", what, bytes);
}

/* Print the place, then append ": " and `message`, of which the place leaves at least half of the room. */
static void join(fv_error *err, fv_status code, const char *message, const char *format, va_list args)
{
    const size_t room = sizeof err->message, tail = strlen(message) < room / 2 ? strlen(message) : room / 2;
    char buf[sizeof err->message];
    const size_t n = print(buf, room - tail - 2, format, args);
    const int total = snprintf(buf + n, room - n, "%s%s", *message ? ": " : "", message);

    if (total >= 0 && (size_t)total >= room - n)
        mark_cut(buf, room);
    err->code = code;
    memcpy(err->message, buf, strlen(buf) + 1);
}

fv_status fv_fail_at(fv_error *err, fv_status code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    va_start(args, format);
    join(err, code, err->message, format, args);
    va_end(args);
    return code;
}

fv_status fv_fail_errno(fv_error *err, int number, const char *format, ...)
{
    locale_t plain;
    va_list args;

    if (!err)
        return FV_E_IO;
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    va_start(args, format);
    join(err, FV_E_IO, plain ? strerror_l(number, plain) : "system error", format, args);
    va_end(args);
    if (plain)
        freelocale(plain);
    return FV_E_IO;
}
