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

static const struct {
    const char *kind;
    void (*run)(const fris_example *e);
    size_t count; /* of examples: none may be lost */
} kinds[] = {
    {"S", run_s, 1},
    {"distance", run_distance, 3},
    {"objects", run_objects, 16},
    {"stolps", run_stolps, 17},
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
