/* Failures: a status code, and a message that holds the place, the numbers and what to do. */
#ifndef FV_BASE_ERROR_H
#define FV_BASE_ERROR_H
#include "fovea/fovea.h"

/* Fill *err (which may be NULL) and return code, so that a failure is one line and one return. */
fv_status fv_fail(fv_error *err, fv_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The failure of an allocation of `bytes` for `what`. */
fv_status fv_fail_memory(fv_error *err, size_t bytes, const char *what);

/* Put "place: " in front of the message that is there already. */
fv_status fv_fail_at(fv_error *err, fv_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* FV_E_IO with the system's words for the errno value `number` behind the message: "x.net: cannot open: No such file
 * or directory". */
fv_status fv_fail_errno(fv_error *err, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Code analysers see one file at a time, and would follow the path on which a failure returned FV_OK. */
#if defined(__clang_analyzer__) && !defined(FV_DEFINES_FAILURES)
#define fv_fail(err, code, ...) (fv_fail(err, code, __VA_ARGS__), (code))
#define fv_fail_at(err, code, ...) (fv_fail_at(err, code, __VA_ARGS__), (code))
#define fv_fail_errno(...) (fv_fail_errno(__VA_ARGS__), FV_E_IO)
#define fv_fail_memory(...) (fv_fail_memory(__VA_ARGS__), FV_E_MEMORY)
#endif

#define FV_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
