/* The "C" locale for one thread and a few lines: numbers have a '.', whatever the program that uses the library set. */
#ifndef FV_BASE_LOCALE_H
#define FV_BASE_LOCALE_H
#include <locale.h>

typedef struct fv_locale {
    locale_t plain, before;
} fv_locale;

/* newlocale("C") gives a static object in glibc and musl: it neither allocates nor fails there. */
static inline fv_locale fv_locale_enter(void)
{
    fv_locale l = {newlocale(LC_ALL_MASK, "C", (locale_t)0), (locale_t)0};

    if (l.plain)
        l.before = uselocale(l.plain);
    return l;
}

static inline void fv_locale_leave(fv_locale l)
{
    if (!l.plain)
        return;
    uselocale(l.before);
    freelocale(l.plain);
}

#endif
