/* The 63 worked examples: in double to 1e-9, in float to 2e-5, with distances from differences and from the matrix
 * product. Indices and lists hold exactly, but for what `floats_differ` names. */
#include "fris.h"

static const fris_mode modes[] = {
    {"double", FV_FRIS_DOUBLE, 0, 1e-9},
    {"float, differences", FV_FRIS_FLOAT, 0, 2e-5},
    {"float, product", FV_FRIS_FLOAT, 1, 2e-5},
};

/* Evidence of Iris, whose tenths are many exact ties that floats break another way. */
static const struct {
    const char *name, *key;
} floats_differ[] = {{"iris_objects", "own_index"}, {"iris_objects_k3", "own_index"}};

static bool differs(const fris_example *e, const char *key)
{
    for (size_t i = 0; e->mode->precision == FV_FRIS_FLOAT && i < FV_COUNT(floats_differ); i++)
        if (floats_differ[i].name && !strcmp(e->name, floats_differ[i].name) && !strcmp(key, floats_differ[i].key))
            return true;
    return false;
}

static void same_evidence(const fris_example *e, const char *key, const uint32_t *got, size_t n)
{
    if (!differs(e, key))
        fris_same_indices(e, e->expect, key, got, n);
}

static void same_compactness(const fris_example *e, const char *key, const fv_fris_compactness *got)
{
    const json_t *want = json_object_get(e->expect, key);

    fris_same_reals(e, want, "per_class", got->mean, got->classes);
    fris_same_real(e, "micro", 0, got->micro, json_object_get(want, "micro"));
    fris_same_real(e, "macro", 0, got->macro, json_object_get(want, "macro"));
}

static void run_s(const fris_example *e)
{
    const json_t *want = json_object_get(e->expect, "s"), *pair;
    size_t i;

    json_array_foreach (json_object_get(e->input, "pairs"), i, pair)
        fris_same_real(e, "s", i,
                       fv_fris_similarity(fris_real(json_array_get(pair, 0)), fris_real(json_array_get(pair, 1))),
                       json_array_get(want, i));
    assert_int_equal(i, json_array_size(want));
}

static void run_distance(const fris_example *e)
{
    const char *metric;
    const json_t *table;

    json_object_foreach ((json_t *)(uintptr_t)e->expect, metric, table) {
        fv_fris *set = fris_set(e, e->x, e->count, e->dims, fris_metric(metric));

        assert_int_equal(json_array_size(table), e->count);
        for (size_t i = 0; i < e->count; i++)
            for (size_t j = 0; j < e->count; j++)
                fris_same_real(e, metric, i * e->count + j, fv_fris_distance(set, i, set, j),
                               json_array_get(json_array_get(table, i), j));
        fv_fris_free(set);
    }
}

static void run_objects(const fris_example *e)
{
    fv_fris_objects *o;
    fv_error err = {0};
    const json_t *pairs = json_object_get(e->expect, "pairs"), *line;
    size_t a;

    test_ok(fv_fris_measure(e->set, e->y, e->count, (uint32_t)fris_param(e->params, "k", 1),
                            fris_param(e->params, "r_star", (double)INFINITY), &o, &err),
            &err);
    fris_same_reals(e, e->expect, "own", o->own, e->count);
    fris_same_reals(e, e->expect, "rival", o->rival, e->count);
    fris_same_reals(e, e->expect, "s", o->s, e->count);
    same_evidence(e, "own_index", o->own_index, e->count);
    same_evidence(e, "rival_index", o->rival_index, e->count);
    same_evidence(e, "rival_class", o->rival_class, e->count);
    same_compactness(e, "compactness", &o->compactness);
    assert_int_equal(json_array_size(pairs), o->compactness.classes);
    json_array_foreach (pairs, a, line)
        for (size_t b = 0; b < o->compactness.classes; b++)
            fris_same_real(e, "pairs", b, o->pairs[a * o->compactness.classes + b], json_array_get(line, b));
    fv_fris_release(o);
}

static fv_fris_stolp_options stolp_options(const json_t *params)
{
    fv_fris_stolp_options o = FV_FRIS_STOLP_OPTIONS;

    o.lambda = fris_param(params, "lam", o.lambda);
    o.f_star = fris_param(params, "f_star", o.f_star);
    o.rounds = (uint32_t)fris_param(params, "rounds", o.rounds);
    o.min_cluster = (uint32_t)fris_param(params, "min_cluster", o.min_cluster);
    o.max_stolps = (uint32_t)fris_param(params, "max_stolps", o.max_stolps);
    o.r_star = fris_param(params, "r_star", o.r_star);
    return o;
}

static void run_stolps(const fris_example *e)
{
    const fv_fris_stolp_options options = stolp_options(e->params);
    fv_fris_stolps *s;
    fv_error err = {0};

    test_ok(fv_fris_choose(e->set, e->y, e->count, &options, &s, &err), &err);
    fris_same_indices(e, e->expect, "stolps", s->stolp, s->count);
    fris_same_indices(e, e->expect, "stolp_class", s->label, s->count);
    fris_same_indices(e, e->expect, "covers", s->covers, s->count);
    fris_same_reals(e, e->expect, "efficiency", s->efficiency, s->count);
    fris_same_indices(e, e->expect, "uncovered", s->uncovered, s->n_uncovered);
    fris_same_index(e, "rounds", 0, s->rounds, json_object_get(e->expect, "rounds"));
    same_evidence(e, "own_stolp", s->own_stolp, e->count);
    same_evidence(e, "rival_stolp", s->rival_stolp, e->count);
    fris_same_reals(e, e->expect, "s", s->s, e->count);
    same_compactness(e, "F", &s->f);
    fv_fris_release(s);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* The rows of objects in a set of prototypes become objects again. */
static void rows_to_objects(uint32_t *rows, size_t n, const uint32_t *objects)
{
    for (size_t i = 0; i < n; i++)
        rows[i] = rows[i] == FV_FRIS_NONE ? rows[i] : objects[rows[i]];
}

static void run_classify(const fris_example *e)
{
    const fv_fris_stolp_options options = stolp_options(json_object_get(e->params, "stolps"));
    size_t n, dims;
    double *x = fris_rows(json_object_get(e->input, "queries"), &n, &dims);
    fv_fris *prototypes, *queries;
    fv_fris_stolps *s;
    fv_fris_decisions *d;
    fv_error err = {0};
    uint32_t *rows, *labels;

    test_ok(fv_fris_choose(e->set, e->y, e->count, &options, &s, &err), &err);
    rows = calloc(s->count, sizeof *rows);
    labels = calloc(s->count > n ? s->count : n, sizeof *labels);
    memcpy(rows, s->stolp, s->count * sizeof *rows);
    qsort(rows, s->count, sizeof *rows, by_number);
    for (size_t i = 0; i < s->count; i++)
        labels[i] = e->y[rows[i]];
    test_ok(fv_fris_subset(e->set, rows, s->count, &prototypes, &err), &err);
    test_ok(fv_fris_create_like(e->set, &(fv_fris_vectors){.doubles = x, .count = n, .dims = dims}, &queries, &err),
            &err);
    test_ok(fv_fris_decide(prototypes, labels, s->count, queries, fris_param(e->params, "r_star", 0),
                           fris_param(e->params, "theta", -(double)INFINITY), &d, &err),
            &err);
    rows_to_objects((uint32_t *)(uintptr_t)d->own_stolp, n, rows);
    rows_to_objects((uint32_t *)(uintptr_t)d->rival_stolp, n, rows);
    for (size_t i = 0; i < n; i++)
        labels[i] = d->verdict[i] == FV_FRIS_ACCEPTED ? d->label[i] : FV_FRIS_NONE;
    fris_same_indices(e, e->expect, "label", labels, n);
    fris_same_indices(e, e->expect, "rival", d->rival, n);
    fris_same_indices(e, e->expect, "own_stolp", d->own_stolp, n);
    fris_same_indices(e, e->expect, "rival_stolp", d->rival_stolp, n);
    fris_same_reals(e, e->expect, "s", d->s, n);
    fris_same_reals(e, e->expect, "s_star", d->s_star, n);
    fv_fris_release(d);
    fv_fris_free(queries);
    fv_fris_free(prototypes);
    fv_fris_release(s);
    free(labels);
    free(rows);
    free(x);
}

static void run_calibrate(const fris_example *e)
{
    size_t n, one;
    double *own = fris_rows(json_object_get(e->input, "d1"), &n, &one);
    double *other = fris_rows(json_object_get(e->input, "d2"), &n, &one);
    double r_star, theta;
    fv_error err = {0};

    test_ok(fv_fris_calibrate(own, other, n, fris_param(e->params, "accept", 0.95),
                              fris_param(e->params, "r_scale", 0.5), &r_star, &theta, &err),
            &err);
    fris_same_real(e, "r_star", 0, r_star, json_object_get(e->expect, "r_star"));
    fris_same_real(e, "theta", 0, theta, json_object_get(e->expect, "theta"));
    free(own);
    free(other);
}

static void same_doubts(const fris_example *e, const char *key, const fv_fris_doubts *got, size_t count)
{
    const json_t *want = json_object_get(e->expect, key), *w;
    size_t i;

    assert_int_equal(json_array_size(want), count);
    json_array_foreach (want, i, w) {
        const fv_fris_doubt *d = &got->doubt[i];

        fris_same_index(e, "index", i, d->index, json_object_get(w, "index"));
        fris_same_index(e, "label", i, d->label, json_object_get(w, "label"));
        fris_same_index(e, "suggested", i, d->suggested, json_object_get(w, "suggested"));
        fris_same_index(e, "rival_index", i, d->rival_index, json_object_get(w, "rival_index"));
        fris_same_real(e, "s", i, d->s, json_object_get(w, "s"));
        if (json_object_get(w, "own_index"))
            fris_same_index(e, "own_index", i, d->own_index, json_object_get(w, "own_index"));
        if (json_object_get(w, "singleton"))
            assert_int_equal(d->singleton, json_is_true(json_object_get(w, "singleton")));
    }
}

static void run_queue(const fris_example *e)
{
    const size_t first = (size_t)fris_param(e->params, "first", 1e9);
    fv_fris_doubts *q;
    fv_error err = {0};

    test_ok(fv_fris_queue(e->set, e->y, e->count, (uint32_t)fris_param(e->params, "k", 1), &q, &err), &err);
    same_doubts(e, "queue", q, q->count < first ? q->count : first);
    fv_fris_release(q);
}

static void run_censor(const fris_example *e)
{
    fv_fris_doubts *q;
    fv_error err = {0};

    test_ok(fv_fris_censor(e->set, e->y, e->count, (uint32_t)fris_param(e->params, "k", 1),
                           fris_param(e->params, "theta", 0), fris_param(e->params, "max_fraction", 0.5), &q, &err),
            &err);
    same_doubts(e, "removed", q, q->count);
    fv_fris_release(q);
}

static void run_add_class(const fris_example *e)
{
    const fv_fris_stolp_options options = stolp_options(e->params);
    const json_t *fresh = json_object_get(e->expect, "new"), *v;
    const uint32_t label = (uint32_t)json_integer_value(json_object_get(fresh, "label"));
    fv_fris_stolps *old, *added;
    fv_error err = {0};
    size_t i;

    test_ok(fv_fris_choose(e->set, e->y, e->count, &options, &old, &err), &err);
    fris_same_indices(e, e->expect, "old", old->stolp, old->count);
    fris_same_indices(e, e->expect, "old_class", old->label, old->count);
    json_array_foreach (json_object_get(e->input, "new"), i, v)
        e->y[json_integer_value(v)] = label;
    test_ok(fv_fris_extend(e->set, e->y, e->count, old->stolp, old->count, label, &options, &added, &err), &err);
    fris_same_indices(e, fresh, "stolps", added->stolp, added->count);
    fris_same_indices(e, fresh, "covers", added->covers, added->count);
    fris_same_indices(e, fresh, "uncovered", added->uncovered, added->n_uncovered);
    fv_fris_release(added);
    fv_fris_release(old);
}

static void run_cluster(const fris_example *e)
{
    const json_t *merge = json_object_get(e->params, "merge");
    fv_fris_cluster_options o = FV_FRIS_CLUSTER_OPTIONS;
    fv_fris_clusters *c;
    fv_error err = {0};

    o.k_min = (uint32_t)fris_param(e->params, "k_min", o.k_min);
    o.k_max = (uint32_t)fris_param(e->params, "k_max", o.k_max);
    o.r_star = fris_param(e->params, "r_star", 0);
    o.join = merge != NULL;
    o.f_star = fris_param(merge, "f_star", o.f_star);
    o.alpha = fris_param(merge, "alpha", o.alpha);
    test_ok(fv_fris_cluster(e->set, &o, &c, &err), &err);
    fris_same_real(e, "r_star", 0, c->r_star, json_object_get(e->expect, "r_star"));
    fris_same_indices(e, e->expect, "chain", c->chain, c->n_chain);
    fris_same_index(e, "k", 0, c->k, json_object_get(e->expect, "k"));
    fris_same_real(e, "q", 0, c->q, json_object_get(e->expect, "q"));
    fris_same_indices(e, e->expect, "stolps", c->stolps, c->k);
    fris_same_indices(e, e->expect, "label", c->label, e->count);
    fris_same_reals(e, e->expect, "q_of_k", c->q_of_k, c->n_q);
    fris_same_indices(e, e->expect, "local_maxima", c->maxima, c->n_maxima);
    if (merge)
        fris_same_indices(e, e->expect, "merged", c->joined, e->count);
    fv_fris_release(c);
}

static void run_tdr(const fris_example *e)
{
    fv_fris_spread_options o = FV_FRIS_SPREAD_OPTIONS;
    fv_fris_spread *s;
    fv_error err = {0};

    o.r_star = fris_param(e->params, "r_star", 0);
    o.gain = fris_param(e->params, "gain", o.gain);
    o.max_stolps = (uint32_t)fris_param(e->params, "max_stolps", 0);
    test_ok(fv_fris_spread_labels(e->set, e->y, e->count, &o, &s, &err), &err);
    fris_same_real(e, "r_star", 0, s->r_star, json_object_get(e->expect, "r_star"));
    fris_same_indices(e, e->expect, "stolps", s->stolp, s->n_stolps);
    fris_same_indices(e, e->expect, "stolp_class", s->stolp_label, s->n_stolps);
    fris_same_reals(e, e->expect, "history", s->history, s->n_stolps);
    fris_same_indices(e, e->expect, "label", s->label, e->count);
    fris_same_reals(e, e->expect, "s_star", s->s_star, e->count);
    fv_fris_release(s);
}

static void run_select(const fris_example *e)
{
    const json_t *groups = json_object_get(e->input, "groups"), *columns, *v;
    const json_t *path = json_object_get(e->expect, "path"), *step;
    uint32_t *group_of = calloc(e->dims, sizeof *group_of);
    fv_fris_groups *g;
    fv_error err = {0};
    size_t i, k, at = 0;

    json_array_foreach (groups, i, columns)
        json_array_foreach (columns, k, v)
            group_of[json_integer_value(v)] = (uint32_t)i;
    test_ok(fv_fris_select(e->set, e->y, e->count, group_of, json_array_size(groups),
                           (size_t)fris_param(e->params, "most", 0), (size_t)fris_param(e->params, "add", 2),
                           (size_t)fris_param(e->params, "drop", 1), &g, &err),
            &err);
    fris_same_indices(e, e->expect, "groups", g->group, g->count);
    fris_same_real(e, "macro", 0, g->macro, json_object_get(e->expect, "macro"));
    assert_int_equal(json_array_size(path), g->n_path);
    json_array_foreach (path, i, step) {
        json_array_foreach (json_array_get(step, 0), k, v)
            fris_same_index(e, "path", i, g->path[at++], v);
        assert_int_equal(at, g->path_end[i]);
        fris_same_real(e, "path", i, g->path_macro[i], json_array_get(step, 1));
    }
    fv_fris_release(g);
    free(group_of);
}

static const struct {
    const char *kind;
    void (*run)(const fris_example *e);
    size_t count; /* of examples: none may be lost */
} kinds[] = {
    {"S", run_s, 1},
    {"distance", run_distance, 3},
    {"objects", run_objects, 16},
    {"stolps", run_stolps, 17},
    {"classify", run_classify, 4},
    {"calibrate", run_calibrate, 1},
    {"queue", run_queue, 4},
    {"censor", run_censor, 3},
    {"add_class", run_add_class, 2},
    {"cluster", run_cluster, 7},
    {"tdr", run_tdr, 3},
    {"select", run_select, 2},
};

static void run_kind(void **state)
{
    const size_t kind = (size_t)(uintptr_t)*state;
    json_error_t error;
    json_t *all = json_load_file(fris_file("examples.json"), 0, &error), *v;
    size_t i, count = 0;

    if (!all)
        fail_msg("%s:%d: %s", fris_file("examples.json"), error.line, error.text);
    json_array_foreach (json_object_get(all, "examples"), i, v) {
        fris_example e = {.name = json_string_value(json_object_get(v, "name")),
                          .kind = json_string_value(json_object_get(v, "kind")),
                          .input = json_object_get(v, "input"),
                          .params = json_object_get(v, "params"),
                          .expect = json_object_get(v, "expect")};

        if (strcmp(e.kind, kinds[kind].kind))
            continue;
        count++;
        for (size_t m = 0; m < FV_COUNT(modes); m++) {
            fris_example copy = e;

            copy.mode = &modes[m];
            fris_open(&copy);
            kinds[kind].run(&copy);
            fris_close(&copy);
        }
    }
    assert_int_equal(count, kinds[kind].count);
    json_decref(all);
}

int main(void)
{
    struct CMUnitTest tests[FV_COUNT(kinds)];

    for (size_t i = 0; i < FV_COUNT(kinds); i++)
        tests[i] = (struct CMUnitTest){kinds[i].kind, run_kind, NULL, NULL, (void *)(uintptr_t)i};
    return cmocka_run_group_tests_name("fris examples", tests, NULL, NULL);
}
