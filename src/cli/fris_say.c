/* What a classifier of prototypes says about one object: a sentence, a row, or a JSON document. */
#include "cli/fris_say.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/csv.h"
#include "cli/json.h"
#include <stdio.h>

static const char *const reasons[] = {"accepted", "far from all prototypes", "between two classes"};

fv_fris_said fv_fris_said_of(const fv_fris_classifier *c, const char *name, const fv_fris_decisions *d, size_t i)
{
    const uint32_t rival = d->rival_stolp[i];

    return (fv_fris_said){.name = name,
                          .class = fv_fris_classifier_class(c, d->label[i]),
                          .prototype = fv_fris_classifier_prototype(c, d->own_stolp[i]).name,
                          .rival = rival == FV_FRIS_NONE ? "" : fv_fris_classifier_class(c, d->rival[i]),
                          .rival_prototype = rival == FV_FRIS_NONE ? "" : fv_fris_classifier_prototype(c, rival).name,
                          .s = d->s[i],
                          .s_star = d->s_star[i],
                          .verdict = (fv_fris_verdict)d->verdict[i]};
}

static void print_text(const fv_fris_said *w)
{
    if (w->verdict == FV_FRIS_ACCEPTED)
        printf("%s: %s, S* %.4f (like %s", w->name, w->class, w->s_star, w->prototype);
    else
        printf("%s: none of these, %s: S* %.4f (nearest %s %s", w->name, reasons[w->verdict], w->s_star, w->class,
               w->prototype);
    if (*w->rival)
        printf("; then %s %s, S %.4f", w->rival, w->rival_prototype, w->s);
    puts(")");
}

static void print_wide_header(const char *key, const fv_fris_classifier *c)
{
    fv_text column;

    printf("%s,class,reason,s_star,", key);
    for (size_t k = 0; k < fv_fris_classifier_classes(c); k++) {
        fv_text_init(&column, NULL);
        fv_text_print(&column, "s_%s", fv_fris_classifier_class(c, k));
        fv_cli_csv_field(stdout, column.failed ? "" : column.data);
        fv_text_free(&column);
        putchar(',');
    }
    puts("error");
}

void fv_fris_say_header(fv_fris_form form, const char *key, const fv_fris_classifier *c)
{
    if (form == FV_FRIS_CSV)
        printf("%s,class,nearest,prototype,rival,rival_prototype,reason,s,s_star,error\n", key);
    if (form == FV_FRIS_WIDE)
        print_wide_header(key, c);
}

static void print_csv(const fv_fris_said *w)
{
    const char *fields[] = {w->name,
                            w->verdict == FV_FRIS_ACCEPTED ? w->class : "",
                            w->class,
                            w->prototype,
                            w->rival,
                            w->rival_prototype,
                            reasons[w->verdict]};

    for (size_t f = 0; f < FV_COUNT(fields); f++) {
        fv_cli_csv_field(stdout, fields[f]);
        putchar(',');
    }
    printf("%.9g,%.9g,\n", w->s, w->s_star);
}

static void print_wide(const fv_fris_said *w)
{
    fv_cli_csv_field(stdout, w->name);
    putchar(',');
    fv_cli_csv_field(stdout, w->verdict == FV_FRIS_ACCEPTED ? w->class : "");
    printf(",%s,%.9g,", reasons[w->verdict], w->s_star);
    for (size_t k = 0; k < w->classes; k++)
        printf("%.9g,", w->s_of[k]);
    putchar('\n');
}

static bool print_json(const char *key, const fv_fris_said *w)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 0);
    fv_cli_json_text(&json, key, w->name);
    fv_cli_json_flag(&json, "accepted", w->verdict == FV_FRIS_ACCEPTED);
    fv_cli_json_text(&json, "reason", reasons[w->verdict]);
    if (w->verdict == FV_FRIS_ACCEPTED)
        fv_cli_json_text(&json, "class", w->class);
    fv_cli_json_text(&json, "nearest", w->class);
    fv_cli_json_text(&json, "prototype", w->prototype);
    fv_cli_json_text(&json, "rival", w->rival);
    fv_cli_json_text(&json, "rival_prototype", w->rival_prototype);
    fv_cli_json_real(&json, "s", w->s);
    fv_cli_json_real(&json, "s_star", w->s_star);
    return fv_cli_json_print(&json, stdout);
}

bool fv_fris_say(fv_fris_form form, const char *key, const fv_fris_said *said)
{
    if (form == FV_FRIS_JSON)
        return print_json(key, said);
    if (form == FV_FRIS_CSV)
        print_csv(said);
    else if (form == FV_FRIS_WIDE)
        print_wide(said);
    else
        print_text(said);
    return true;
}

bool fv_fris_say_error(fv_fris_form form, const char *key, const char *name, size_t classes, const char *error)
{
    const size_t blank = form == FV_FRIS_WIDE ? 3 + classes : 8; /* columns between name and error */
    fv_cli_json json;

    if (form == FV_FRIS_CSV || form == FV_FRIS_WIDE) {
        fv_cli_csv_field(stdout, name);
        for (size_t i = 0; i <= blank; i++)
            putchar(',');
        fv_cli_csv_field(stdout, error);
        putchar('\n');
    }
    if (form != FV_FRIS_JSON)
        return true;
    fv_cli_json_begin(&json, 0);
    fv_cli_json_text(&json, key, name);
    fv_cli_json_text(&json, "error", error);
    return fv_cli_json_print(&json, stdout);
}
