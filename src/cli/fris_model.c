/* fris classify: what a classifier of prototypes says about vectors. fris add: one more class, without training. */
#include "cli/fris_model.h"
#include "cli/csv.h"
#include "cli/fris.h"
#include "cli/json.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------- trials */

/* Prototypes and class names of a classifier as the arrays that one is created from (free them). */
typedef struct contents {
    fv_fris_prototype *each;
    const char **classes;
    size_t count, n_classes;
} contents;

static fv_status read_contents(const fv_fris_classifier *c, size_t more, contents *out, fv_error *err)
{
    out->count = fv_fris_count(fv_fris_classifier_prototypes(c));
    out->n_classes = fv_fris_classifier_classes(c);
    out->each = calloc(out->count + more, sizeof *out->each);
    out->classes = calloc(out->n_classes + 1, sizeof *out->classes);
    if (!out->each || !out->classes)
        return fv_fail_memory(err, (out->count + more) * sizeof *out->each, "prototypes");
    for (size_t i = 0; i < out->count; i++)
        out->each[i] = fv_fris_classifier_prototype(c, i);
    for (size_t i = 0; i < out->n_classes; i++)
        out->classes[i] = fv_fris_classifier_class(c, i);
    return FV_OK;
}

static void free_contents(contents *c)
{
    free(c->each);
    free(c->classes);
}

fv_status fv_fris_with_line(const fv_fris_classifier *c, const fv_fris_line *line, fv_fris_classifier **out,
                            fv_error *err)
{
    contents all = {0};
    fv_status status = read_contents(c, 0, &all, err);

    if (!status)
        status = fv_fris_classifier_create(fv_fris_classifier_prototypes(c), all.each, all.count, all.classes,
                                           all.n_classes, line, out, err);
    free_contents(&all);
    return status;
}

fv_status fv_fris_trial_run(fv_fris_classifier **c, const fv_fris *vectors, const uint32_t *labels, double accept,
                            double r_scale, fv_fris_trial *out, fv_error *err)
{
    fv_fris_line line = {0, -1, accept};
    fv_fris_classifier *drawn;
    fv_fris_decisions *d;
    size_t right = 0, accepted = 0;
    fv_status status;

    *out = (fv_fris_trial){0};
    if (!vectors || (status = fv_fris_classifier_run(*c, vectors, &d, err)))
        return vectors ? status : FV_OK;
    for (size_t i = 0; i < d->count; i++)
        right += d->label[i] == labels[i];
    if (isfinite(d->other[0]))
        status = fv_fris_calibrate(d->own, d->other, d->count, accept, r_scale, &line.r_star, &line.theta, err);
    for (size_t i = 0; !status && i < d->count; i++)
        accepted +=
            fv_fris_similarity(d->own[i], line.r_star > 0 ? fmin(d->other[i], line.r_star) : d->other[i]) >= line.theta;
    *out = (fv_fris_trial){d->count, (double)right / (double)d->count, (double)accepted / (double)d->count};
    fv_fris_release(d);
    if (status || (status = fv_fris_with_line(*c, &line, &drawn, err)))
        return status;
    fv_fris_classifier_free(*c);
    *c = drawn;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------------- classify */

static const char *const reasons[] = {"accepted", "far from all prototypes", "between two classes"};

typedef struct said {
    const char *name, *class, *prototype, *rival, *rival_prototype;
    double s, s_star;
    fv_fris_verdict verdict;
} said;

static said what_of(const fv_fris_classifier *c, const fv_fris_source *s, const fv_fris_decisions *d, size_t i)
{
    const uint32_t rival = d->rival_stolp[i];

    return (said){.name = fv_fris_name_of(s, (uint32_t)i),
                  .class = fv_fris_classifier_class(c, d->label[i]),
                  .prototype = fv_fris_classifier_prototype(c, d->own_stolp[i]).name,
                  .rival = rival == FV_FRIS_NONE ? "" : fv_fris_classifier_class(c, d->rival[i]),
                  .rival_prototype = rival == FV_FRIS_NONE ? "" : fv_fris_classifier_prototype(c, rival).name,
                  .s = d->s[i],
                  .s_star = d->s_star[i],
                  .verdict = (fv_fris_verdict)d->verdict[i]};
}

static void print_text(const said *w)
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

static void print_csv(const said *w)
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
    printf("%.9g,%.9g\n", w->s, w->s_star);
}

static int print_json(const fv_cli *cli, const said *w)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 0);
    fv_cli_json_text(&json, "name", w->name);
    fv_cli_json_flag(&json, "accepted", w->verdict == FV_FRIS_ACCEPTED);
    fv_cli_json_text(&json, "reason", reasons[w->verdict]);
    fv_cli_json_text(&json, "class", w->class);
    fv_cli_json_text(&json, "prototype", w->prototype);
    fv_cli_json_text(&json, "rival", w->rival);
    fv_cli_json_text(&json, "rival_prototype", w->rival_prototype);
    fv_cli_json_real(&json, "s", w->s);
    fv_cli_json_real(&json, "s_star", w->s_star);
    return fv_cli_json_print(&json, stdout) ? FV_EXIT_OK : fv_cli_memory(cli);
}

static int open_classifier(const fv_cli *cli, fv_fris_classifier **c, fv_fris_source *classes)
{
    const fv_fris_values *v = cli->values;
    fv_fris_options options = FV_FRIS_OPTIONS;
    fv_error err = {0};

    options.threads = (size_t)v->common.threads;
    options.isa = v->common.isa;
    if (fv_fris_classifier_open(&cli->host, cli->operands[1], &options, c, &err))
        return fv_cli_fail(cli, &err);
    *classes = (fv_fris_source){.classes = fv_fris_classifier_classes(*c)};
    fv_arena_init(&classes->arena, &cli->host);
    if (!(classes->class_names = fv_arena_alloc(&classes->arena, classes->classes, sizeof *classes->class_names)))
        return fv_cli_memory(cli);
    for (size_t i = 0; i < classes->classes; i++)
        classes->class_names[i] = fv_fris_classifier_class(*c, i);
    return FV_EXIT_OK;
}

static int print_all(const fv_cli *cli, const fv_fris_classifier *c, const fv_fris_source *s,
                     const fv_fris_decisions *d)
{
    const fv_fris_values *v = cli->values;
    size_t right = 0, known = 0, accepted = 0;
    int code = FV_EXIT_OK;

    if (v->csv)
        puts("name,class,nearest,prototype,rival,rival_prototype,reason,s,s_star");
    for (size_t i = 0; !code && i < d->count; i++) {
        const said w = what_of(c, s, d, i);

        accepted += w.verdict == FV_FRIS_ACCEPTED;
        if (s->labels && s->labels[i] != FV_FRIS_NONE) {
            known++;
            right += s->labels[i] == d->label[i];
        }
        if (v->csv)
            print_csv(&w);
        else if (v->common.json)
            code = print_json(cli, &w);
        else
            print_text(&w);
    }
    if (known)
        fv_cli_note(cli, "%zu of %zu right (%.1f %%), %zu accepted", right, known, 100 * (double)right / (double)known,
                    accepted);
    return code;
}

int fv_fris_run_classify(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    fv_fris_classifier *c = NULL;
    fv_fris_source classes = {0}, s = {0};
    fv_fris_decisions *d = NULL;
    fv_error err = {0};
    int code;

    if (cli->count < 3)
        return fv_cli_usage(cli, "classify takes the file of a classifier and one of vectors");
    code = open_classifier(cli, &c, &classes);
    if (!code)
        code = fv_fris_source_open(cli, cli->operands[2], v->labels, false, fv_fris_classifier_prototypes(c), &classes,
                                   &s);
    if (!code && fv_fris_classifier_run(c, s.set, &d, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        code = print_all(cli, c, &s, d);
    fv_fris_release(d);
    fv_fris_source_close(&s);
    fv_arena_free(&classes.arena);
    fv_fris_classifier_free(c);
    return code;
}

/* ---------------------------------------------------------------------------------------------------- add */

/* Stolps of the new vectors beside the old prototypes; both together are the new classifier. */
static fv_status extend(const fv_cli *cli, const fv_fris_classifier *c, const fv_fris_source *s,
                        fv_fris_classifier **out, size_t *added, fv_error *err)
{
    const fv_fris_values *v = cli->values;
    const fv_fris_stolp_options options = fv_fris_stolps_wanted(v);
    const fv_fris *old = fv_fris_classifier_prototypes(c);
    const fv_fris_line line = fv_fris_classifier_line(c);
    const size_t n = fv_fris_count(old), more = fv_fris_count(s->set);
    const uint32_t label = (uint32_t)fv_fris_classifier_classes(c);
    uint32_t *labels = calloc(n + more, sizeof *labels), *rows = calloc(n + more, sizeof *rows);
    contents all = {0};
    fv_fris *both = NULL, *chosen = NULL;
    fv_fris_stolps *p = NULL;
    fv_status status = labels && rows ? read_contents(c, more, &all, err) : fv_fail_memory(err, n + more, "prototypes");

    for (size_t i = 0; labels && rows && all.each && !status && i < n + more; i++) {
        labels[i] = i < n ? all.each[i].label : label;
        rows[i] = (uint32_t)i;
    }
    if (!status && !(status = fv_fris_concat(old, s->set, &both, err)) &&
        !(status = fv_fris_extend(both, labels, n + more, rows, n, label, &options, &p, err))) {
        for (size_t i = 0; i < p->count; i++) {
            rows[n + i] = p->stolp[i];
            all.each[n + i] = (fv_fris_prototype){label, p->covers[i], fv_fris_name_of(s, p->stolp[i] - (uint32_t)n)};
        }
        all.classes[label] = v->class_name;
        *added = p->count;
        if (!(status = fv_fris_subset(both, rows, n + p->count, &chosen, err)))
            status = fv_fris_classifier_create(chosen, all.each, n + p->count, all.classes, all.n_classes + 1, &line,
                                               out, err);
    }
    fv_fris_release(p);
    fv_fris_free(both);
    fv_fris_free(chosen);
    free_contents(&all);
    free(labels);
    free(rows);
    return status;
}

/* Held-out objects of the old classes that the new class takes. */
static fv_status count_lost(const fv_fris_classifier *after, const fv_fris_source *val, uint32_t label, size_t *lost,
                            fv_error *err)
{
    fv_fris_decisions *d;
    const fv_status status = fv_fris_classifier_run(after, val->set, &d, err);

    for (size_t i = 0; !status && i < d->count; i++)
        *lost += d->label[i] == label && val->labels[i] != label;
    if (!status)
        fv_fris_release(d);
    return status;
}

static int add(const fv_cli *cli, const fv_fris_classifier *c, const fv_fris_source *s, const fv_fris_source *val)
{
    const fv_fris_values *v = cli->values;
    const uint32_t label = (uint32_t)fv_fris_classifier_classes(c);
    fv_fris_classifier *after = NULL;
    fv_fris_trial trial = {0};
    size_t added = 0, lost = 0;
    fv_error err = {0};
    fv_status status;
    int code = FV_EXIT_OK;

    (void)((status = extend(cli, c, s, &after, &added, &err)) ||
           (val->set && (status = count_lost(after, val, label, &lost, &err))) ||
           (val->set &&
            (status = fv_fris_trial_run(&after, val->set, val->labels, v->accept, v->r_scale, &trial, &err))) ||
           (status = fv_fris_classifier_save(after, v->out, &err)));
    if (status)
        code = fv_cli_fail(cli, &err);
    else
        printf("%s: class '%s' has %zu prototypes of %zu objects; now %u classes, %zu prototypes\n", v->out,
               v->class_name, added, s->vectors.count, label + 1, fv_fris_count(fv_fris_classifier_prototypes(after)));
    if (!code && val->set)
        printf("held out: %zu objects, %.1f %% right, %zu of older classes are taken for '%s'\n", trial.count,
               100 * trial.accuracy, lost, v->class_name);
    fv_fris_classifier_free(after);
    return code;
}

int fv_fris_run_add(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    fv_fris_classifier *c = NULL;
    fv_fris_source classes = {0}, s = {0}, val = {0};
    int code;

    if (cli->count < 3 || !v->class_name || !v->out)
        return fv_cli_usage(cli, "add takes the file of a classifier, one of vectors, --class NAME and -o FILE");
    code = open_classifier(cli, &c, &classes);
    for (size_t i = 0; !code && i < classes.classes; i++)
        if (!strcmp(classes.class_names[i], v->class_name)) {
            fv_cli_say(cli, "%s: there is a class '%s' already", cli->operands[1], v->class_name);
            code = FV_EXIT_FAILURE;
        }
    if (!code)
        code = fv_fris_source_open(cli, cli->operands[2], NULL, false, fv_fris_classifier_prototypes(c), NULL, &s);
    if (!code && v->val)
        code = fv_fris_source_open(cli, v->val, v->val_labels, true, fv_fris_classifier_prototypes(c), &classes, &val);
    if (!code)
        code = add(cli, c, &s, &val);
    fv_fris_source_close(&s);
    fv_fris_source_close(&val);
    fv_arena_free(&classes.arena);
    fv_fris_classifier_free(c);
    return code;
}
