/* What a classifier of prototypes says about one object, printed by `fris classify` and by `predict`. */
#ifndef FV_CLI_FRIS_SAY_H
#define FV_CLI_FRIS_SAY_H
#include "fovea/fris.h"

typedef enum fv_fris_form { FV_FRIS_TEXT, FV_FRIS_CSV, FV_FRIS_WIDE, FV_FRIS_JSON } fv_fris_form;

typedef struct fv_fris_said {
    const char *name, *class, *prototype, *rival, *rival_prototype;
    double s, s_star;
    const double *s_of; /* FV_FRIS_WIDE: S of each class against the nearest of all others, */
    size_t classes;     /*   and their number */
    fv_fris_verdict verdict;
} fv_fris_said;

fv_fris_said fv_fris_said_of(const fv_fris_classifier *c, const char *name, const fv_fris_decisions *d, size_t i);

/* The first line of a table. `key` here and below: what names are called, "name" or "path". */
void fv_fris_say_header(fv_fris_form form, const char *key, const fv_fris_classifier *c);
/* These return false without memory. */
bool fv_fris_say(fv_fris_form form, const char *key, const fv_fris_said *said);
/* The row of what could not be read; a sentence about it is not for standard output. */
bool fv_fris_say_error(fv_fris_form form, const char *key, const char *name, size_t classes, const char *error);

#endif
