/* fris train: a classifier of prototypes in a file. Doubtful objects go first, then stolps are chosen, and where "none of
 * these" begins is read off held-out objects. */
#include "base/random.h"
#include "cli/fris.h"
#include "cli/fris_model.h"
#include "cli/json.h"
#include <stdlib.h>
#include <string.h>

enum { CLEAN_K = 5 };

typedef struct training {
    const fv_cli *cli;
    const fv_fris_values *v;
    fv_fris_source train, val;
    uint32_t *rows, *held; /* of train: learned from; held out where there is no file of others */
    size_t n_rows, n_held, dropped;
} training;

/* A fifth is held out, chosen by --seed. */
static void split(training *t)
{
    const size_t n = t->train.vectors.count;
    const fv_random random = {t->v->common.seed, FV_STREAM_SPLIT, 0};
    size_t held = t->v->val ? 0 : n / 5;

    for (size_t i = 0; i < n; i++)
        t->rows[i] = (uint32_t)i;
    fv_random_shuffle(random, t->rows, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = t->rows[i];

        if (t->train.labels[row] == FV_FRIS_NONE)
            continue;
        if (held) {
            t->held[t->n_held++] = row;
            held--;
        } else {
            t->rows[t->n_rows++] = row;
        }
    }
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t *labels_of(const fv_fris_source *s, const uint32_t *rows, size_t n)
{
    uint32_t *labels = calloc(n ? n : 1, sizeof *labels);

    for (size_t i = 0; labels && i < n; i++)
        labels[i] = s->labels[rows[i]];
    return labels;
}

/* Leave out what has S < 0 at k = 5: an object with a wrong label would become a prototype and cut others off. */
static fv_status clean(training *t, fv_error *err)
{
    uint32_t *labels = labels_of(&t->train, t->rows, t->n_rows);
    fv_fris *part = NULL;
    fv_fris_objects *o = NULL;
    size_t kept = 0;
    fv_status status;

    if (!labels)
        return fv_fail_memory(err, t->n_rows * sizeof *labels, "labels");
    if (!(status = fv_fris_subset(t->train.set, t->rows, t->n_rows, &part, err)) &&
        !(status = fv_fris_measure(part, labels, t->n_rows, CLEAN_K, 0, &o, err))) {
        for (size_t i = 0; i < t->n_rows; i++)
            if (o->s[i] >= 0 || o->own_index[i] == FV_FRIS_NONE)
                t->rows[kept++] = t->rows[i];
        t->dropped = t->n_rows - kept;
        t->n_rows = kept;
    }
    fv_fris_release(o);
    fv_fris_free(part);
    free(labels);
    return status;
}

/* Stolps of the rows that are left, or all of them, as a classifier that accepts everything. */
static fv_status learn(training *t, fv_fris_classifier **out, fv_error *err)
{
    const fv_fris_stolp_options options = fv_fris_stolps_wanted(t->v);
    uint32_t *labels = labels_of(&t->train, t->rows, t->n_rows), *chosen = NULL;
    fv_fris_prototype *each = calloc(t->n_rows + 1, sizeof *each);
    fv_fris *part = NULL, *prototypes = NULL;
    fv_fris_stolps *p = NULL;
    size_t n = t->n_rows;
    fv_status status = FV_OK;

    if (!labels || !each || !(chosen = calloc(n + 1, sizeof *chosen)))
        status = fv_fail_memory(err, n * sizeof *each, "prototypes");
    if (!status && !t->v->all && !(status = fv_fris_subset(t->train.set, t->rows, n, &part, err)))
        status = fv_fris_choose(part, labels, n, &options, &p, err);
    n = p ? p->count : n;
    for (size_t i = 0; labels && each && chosen && !status && i < n; i++) {
        const uint32_t row = p ? p->stolp[i] : (uint32_t)i;

        chosen[i] = t->rows[row];
        each[i] = (fv_fris_prototype){labels[row], p ? p->covers[i] : 1, fv_fris_name_of(&t->train, t->rows[row])};
    }
    if (!status && !(status = fv_fris_subset(t->train.set, chosen, n, &prototypes, err)))
        status = fv_fris_classifier_create(prototypes, each, n, t->train.class_names, t->train.classes,
                                           &(fv_fris_line){0, -1, t->v->accept}, out, err);
    fv_fris_release(p);
    fv_fris_free(part);
    fv_fris_free(prototypes);
    free(labels);
    free(each);
    free(chosen);
    return status;
}

static int report(const training *t, const fv_fris_classifier *c, const fv_fris_trial *trial)
{
    const fv_fris_line line = fv_fris_classifier_line(c);
    const size_t n = fv_fris_count(fv_fris_classifier_prototypes(c));

    if (t->v->common.json) {
        fv_cli_json json;

        fv_cli_json_begin(&json, 1);
        fv_cli_json_count(&json, "classes", t->train.classes);
        fv_cli_json_count(&json, "objects", t->n_rows);
        fv_cli_json_count(&json, "dropped", t->dropped);
        fv_cli_json_count(&json, "prototypes", n);
        fv_cli_json_count(&json, "held_out", trial->count);
        fv_cli_json_real(&json, "accuracy", trial->accuracy);
        fv_cli_json_real(&json, "accepted", trial->accepted);
        fv_cli_json_real(&json, "r_star", line.r_star);
        fv_cli_json_real(&json, "theta", line.theta);
        fv_cli_json_text(&json, "model", t->v->out);
        return fv_cli_json_print(&json, stdout) ? FV_EXIT_OK : fv_cli_memory(t->cli);
    }
    printf("%s: %zu prototypes of %zu objects in %zu classes; %zu doubtful objects were left out\n", t->v->out, n,
           t->n_rows, t->train.classes, t->dropped);
    if (trial->count)
        printf("held out: %zu objects, %.1f %% right, %.1f %% accepted (r* %.4g, theta %.4g)\n", trial->count,
               100 * trial->accuracy, 100 * trial->accepted, line.r_star, line.theta);
    return FV_EXIT_OK;
}

static int train(training *t)
{
    const fv_cli *cli = t->cli;
    fv_fris_classifier *c = NULL;
    fv_fris *held = NULL;
    uint32_t *labels = NULL;
    fv_fris_trial trial = {0};
    fv_error err = {0};
    fv_status status = FV_OK;
    int code = FV_EXIT_OK;

    split(t);
    qsort(t->rows, t->n_rows, sizeof *t->rows, by_number);
    qsort(t->held, t->n_held, sizeof *t->held, by_number);
    (void)((t->v->clean && t->train.classes > 1 && (status = clean(t, &err))) || (status = learn(t, &c, &err)));
    if (!status && t->n_held) {
        labels = labels_of(&t->train, t->held, t->n_held);
        status = labels ? fv_fris_subset(t->train.set, t->held, t->n_held, &held, &err)
                        : fv_fail_memory(&err, t->n_held, "labels");
    }
    if (!status)
        status = fv_fris_trial_run(&c, held ? held : t->val.set, held ? labels : t->val.labels, t->v->accept,
                                   t->v->r_scale, &trial, &err);
    if (!status)
        status = fv_fris_classifier_save(c, t->v->out, &err);
    code = status ? fv_cli_fail(cli, &err) : report(t, c, &trial);
    if (!code && trial.count < 50)
        fv_cli_note(cli, "%zu held-out objects are few to draw a line by; --val names more", trial.count);
    fv_fris_classifier_free(c);
    fv_fris_free(held);
    free(labels);
    return code;
}

int fv_fris_run_train(const fv_cli *cli)
{
    training t = {.cli = cli, .v = cli->values};
    int code;

    if (!t.v->out)
        return fv_cli_usage(cli, "-o names the file that the classifier is written to");
    if ((code = fv_fris_source_open(cli, cli->operands[1], t.v->labels, true, NULL, NULL, &t.train)))
        return code;
    if (t.v->val)
        code = fv_fris_source_open(cli, t.v->val, t.v->val_labels, true, t.train.set, &t.train, &t.val);
    if (!code) {
        t.rows = calloc(t.train.vectors.count, sizeof *t.rows);
        t.held = calloc(t.train.vectors.count, sizeof *t.held);
        code = t.rows && t.held ? train(&t) : fv_cli_memory(cli);
    }
    free(t.rows);
    free(t.held);
    fv_fris_source_close(&t.val);
    fv_fris_source_close(&t.train);
    return code;
}
