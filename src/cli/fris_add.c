/* fris add: one more class for a classifier of prototypes, without training. */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include "cli/fris_model.h"
#include <stdlib.h>
#include <string.h>

/* What is added, where to, and as what. */
typedef struct addition {
    const fv_cli *cli;
    fv_fris_opened from;
    fv_fris_source more, val;
    const char *name, *out;
} addition;

/* Stolps of the new vectors beside the old prototypes; both together are the new classifier. */
static fv_status extend(const addition *a, fv_fris_classifier **out, size_t *added, fv_error *err)
{
    const fv_fris_classifier *c = a->from.classifier;
    const fv_fris_source *s = &a->more;
    const fv_fris_stolp_options options = fv_fris_stolps_wanted(a->cli->values);
    const fv_fris *old = fv_fris_classifier_prototypes(c);
    const fv_fris_line line = fv_fris_classifier_line(c);
    const size_t n = fv_fris_count(old), more = fv_fris_count(s->set);
    const uint32_t label = (uint32_t)fv_fris_classifier_classes(c);
    uint32_t *labels = calloc(n + more, sizeof *labels), *rows = calloc(n + more, sizeof *rows);
    fv_fris_contents all = {0};
    fv_fris *both = NULL, *chosen = NULL;
    fv_fris_stolps *p = NULL;
    fv_status status =
        labels && rows ? fv_fris_contents_read(c, more, &all, err) : fv_fail_memory(err, n + more, "prototypes");

    for (size_t i = 0; labels && rows && all.each && !status && i < n + more; i++) {
        labels[i] = i < n ? all.each[i].label : label;
        rows[i] = (uint32_t)i;
    }
    if (!status && !(status = fv_fris_concat(old, s->set, &both, err)) &&
        !(status = fv_fris_extend(both, labels, n + more, rows, n, label, &options, &p, err))) {
        for (size_t i = 0; i < p->count; i++) {
            rows[n + i] = p->stolp[i];
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): no status, so all was read */
            all.each[n + i] = (fv_fris_prototype){label, p->covers[i], fv_fris_name_of(s, p->stolp[i] - (uint32_t)n)};
        }
        all.classes[label] = a->name;
        *added = p->count;
        if (!(status = fv_fris_subset(both, rows, n + p->count, &chosen, err)))
            status = fv_fris_classifier_create(chosen, all.each, n + p->count, all.classes, all.n_classes + 1, &line,
                                               out, err);
    }
    fv_fris_release(p);
    fv_fris_free(both);
    fv_fris_free(chosen);
    fv_fris_contents_free(&all);
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

static int add(const addition *a)
{
    const fv_cli *cli = a->cli;
    const fv_fris_values *v = cli->values;
    const uint32_t label = (uint32_t)a->from.classes.classes;
    const char *layer = fv_fris_classifier_layer(a->from.classifier);
    fv_fris_classifier *after = NULL;
    fv_fris_trial trial = {0};
    size_t added = 0, lost = 0;
    fv_error err = {0};
    fv_status status;
    int code = FV_EXIT_OK;

    (void)((status = extend(a, &after, &added, &err)) ||
           (a->val.set && (status = count_lost(after, &a->val, label, &lost, &err))) ||
           (a->val.set &&
            (status = fv_fris_trial_run(&after, a->val.set, a->val.labels, v->accept, v->r_scale, &trial, &err))));
    code = status ? fv_cli_fail(cli, &err) : fv_fris_save(cli, after, layer ? a->from.path : NULL, layer, a->out);
    if (!code)
        printf("%s: class '%s' has %zu prototypes of %zu objects; now %u classes, %zu prototypes\n", a->out, a->name,
               added, a->more.vectors.count, label + 1, fv_fris_count(fv_fris_classifier_prototypes(after)));
    if (!code && a->val.set)
        printf("held out: %zu objects, %.1f %% right, %zu of older classes are taken for '%s'\n", trial.count,
               100 * trial.accuracy, lost, a->name);
    fv_fris_classifier_free(after);
    return code;
}

/* The last part of a path, in memory of the caller's: what a folder is called. */
static const char *last_part(char *path)
{
    char *end = path + strlen(path), *slash;

    while (end > path + 1 && end[-1] == '/')
        *--end = 0;
    slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static int open_all(addition *a)
{
    const fv_cli *cli = a->cli;
    const fv_fris_values *v = cli->values;
    fv_fris_wanted more, val;
    int code = fv_fris_opened_open(cli, cli->operands[1], &a->from);

    for (size_t i = 0; !code && i < a->from.classes.classes; i++)
        if (!strcmp(a->from.classes.class_names[i], a->name)) {
            fv_cli_say(cli, "%s: there is a class '%s' already", cli->operands[1], a->name);
            code = FV_EXIT_FAILURE;
        }
    more = fv_fris_wanted_like(&a->from, cli->operands[2]);
    more.classes = NULL;
    more.flat = true;
    if (!code)
        code = fv_fris_source_open(cli, &more, &a->more);
    if (code || !v->val)
        return code;
    val = fv_fris_wanted_like(&a->from, v->val);
    val.labels = v->val_labels;
    val.need_labels = true;
    return fv_fris_source_open(cli, &val, &a->val);
}

int fv_fris_run_add(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    addition a = {.cli = cli};
    char *copy;
    int code;

    if (cli->count != 3 || !v->out == !v->in_place)
        return fv_cli_usage(cli, "add takes the file of a classifier, what to add, and -o FILE or --in-place");
    if (!(copy = strdup(cli->operands[2])))
        return fv_cli_memory(cli);
    a.name = v->class_name ? v->class_name : last_part(copy);
    a.out = v->out ? v->out : cli->operands[1];
    code = open_all(&a);
    if (!code)
        code = add(&a);
    code = fv_fris_source_close(&a.more, code);
    code = fv_fris_source_close(&a.val, code);
    fv_fris_opened_close(&a.from);
    free(copy);
    return code;
}
