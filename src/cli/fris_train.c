/* fris train: a classifier of prototypes in a file. Doubtful objects go first, then stolps are chosen, and where "none of
 * these" begins is read off held-out objects. */
#include "base/random.h"
#include "cli/fris.h"
#include "cli/fris_model.h"
#include "cli/json.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLEAN_K = 5 };

typedef struct training {
    const fv_cli *cli;
    const fv_fris_values *v;
    fv_fris_source train, val;
    uint32_t *rows, *held, *test; /* of train: learned from; held out where there is no file of others; of photos */
    size_t n_rows, n_held, n_test, dropped;
} training;

/* Photos have splits: the line is drawn on val, and test is for the report alone. */
static void split_photos(training *t)
{
    for (size_t i = 0; i < t->train.vectors.count; i++) {
        const int split = t->train.split[i];

        if (t->train.labels[i] == FV_FRIS_NONE)
            continue;
        if (split == FV_TEST)
            t->test[t->n_test++] = (uint32_t)i;
        else if (split == FV_VAL && !t->v->val)
            t->held[t->n_held++] = (uint32_t)i;
        else if (split == FV_TRAIN)
            t->rows[t->n_rows++] = (uint32_t)i;
    }
}

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

static int report(const training *t, const fv_fris_classifier *c, const fv_fris_trial *trial, const fv_fris_trial *test)
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
        fv_cli_json_count(&json, "test", test->count);
        fv_cli_json_real(&json, "test_accuracy", test->count ? test->accuracy : (double)NAN);
        fv_cli_json_real(&json, "test_accepted", test->count ? test->accepted : (double)NAN);
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
    if (test->count)
        printf("test: %zu objects, %.1f %% right, %.1f %% accepted\n", test->count, 100 * test->accuracy,
               100 * test->accepted);
    return FV_EXIT_OK;
}

/* Some rows of the source, and their labels. */
typedef struct part {
    fv_fris *set;
    uint32_t *labels;
} part;

static fv_status take(const training *t, const uint32_t *rows, size_t n, part *out, fv_error *err)
{
    *out = (part){0};
    if (!n)
        return FV_OK;
    out->labels = labels_of(&t->train, rows, n);
    return out->labels ? fv_fris_subset(t->train.set, rows, n, &out->set, err) : fv_fail_memory(err, n, "labels");
}

static void drop(part *p)
{
    fv_fris_free(p->set);
    free(p->labels);
}

static int train(training *t)
{
    const fv_cli *cli = t->cli;
    const fv_fris_values *v = t->v;
    fv_fris_classifier *c = NULL;
    part held = {0}, test = {0};
    fv_fris_trial trial = {0}, tested = {0};
    fv_error err = {0};
    fv_status status;
    int code;

    if (t->train.split)
        split_photos(t);
    else
        split(t);
    qsort(t->rows, t->n_rows, sizeof *t->rows, by_number);
    qsort(t->held, t->n_held, sizeof *t->held, by_number);
    (void)((v->clean && t->train.classes > 1 && (status = clean(t, &err))) || (status = learn(t, &c, &err)) ||
           (status = take(t, t->held, t->n_held, &held, &err)) || (status = take(t, t->test, t->n_test, &test, &err)) ||
           (status = fv_fris_trial_run(&c, held.set ? held.set : t->val.set, held.set ? held.labels : t->val.labels,
                                       v->accept, v->r_scale, &trial, &err)) ||
           (test.set && (status = fv_fris_trial_count(c, test.set, test.labels, &tested, &err))));
    code = status ? fv_cli_fail(cli, &err) : fv_fris_save(cli, c, t->train.photos ? v->model : NULL, v->layer, v->out);
    if (!code)
        code = report(t, c, &trial, &tested);
    if (!code && trial.count < 50)
        fv_cli_note(cli, "%zu held-out objects are few to draw a line by; --val names more", trial.count);
    fv_fris_classifier_free(c);
    drop(&held);
    drop(&test);
    return code;
}

int fv_fris_run_train(const fv_cli *cli)
{
    training t = {.cli = cli, .v = cli->values};
    fv_fris_wanted wanted = {.path = cli->operands[1], .labels = t.v->labels, .need_labels = true}, val = wanted;
    int code;

    if (!t.v->out)
        return fv_cli_usage(cli, "-o names the file that the classifier is written to");
    if (t.v->split >= 0)
        return fv_cli_usage(cli,
                            "train learns from the split train, draws its line on val and tests on test; --split is "
                            "for the other actions");
    if ((code = fv_fris_source_open(cli, &wanted, &t.train)))
        return code;
    val.path = t.v->val;
    val.labels = t.v->val_labels;
    val.like = t.train.set;
    val.classes = &t.train;
    if (t.v->val)
        code = fv_fris_source_open(cli, &val, &t.val);
    if (!code) {
        t.rows = calloc(t.train.vectors.count, sizeof *t.rows);
        t.held = calloc(t.train.vectors.count, sizeof *t.held);
        t.test = calloc(t.train.vectors.count, sizeof *t.test);
        code = t.rows && t.held && t.test ? train(&t) : fv_cli_memory(cli);
    }
    free(t.rows);
    free(t.held);
    free(t.test);
    code = fv_fris_source_close(&t.val, code);
    return fv_fris_source_close(&t.train, code);
}
