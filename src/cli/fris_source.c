/* Sources of the verb `fris`: vectors from a file or of photos, their labels and names. */
#include "cli/fris_photos.h"
#include "data/data.h"
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------- classes */

/* Numbers by value, then texts by their bytes. */
static int by_text(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    double p, q;

    if (fv_text_real(x, &p) && fv_text_real(y, &q) && p != q)
        return p < q ? -1 : 1;
    return strcmp(x, y);
}

/* Classes of a classifier stand as they were added, so they are not in order. */
static uint32_t place(const fv_fris_source *s, const char *text, bool sorted)
{
    size_t i = 0;

    if (sorted && s->classes) {
        const char *const *found = bsearch(&text, s->class_names, s->classes, sizeof *s->class_names, by_text);

        return found ? (uint32_t)(found - s->class_names) : FV_FRIS_NONE;
    }
    while (i < s->classes && strcmp(s->class_names[i], text) != 0)
        i++;
    return i < s->classes ? (uint32_t)i : FV_FRIS_NONE;
}

/* Class names in order, or those of another source. Photos of other classes than those count as unlabelled where labels
 * are only compared. */
static fv_status number_labels(fv_fris_source *s, const char **texts, const fv_fris_wanted *w, fv_error *err)
{
    const fv_fris_source *other = w->classes;
    const size_t n = s->vectors.count;

    if (!(s->labels = fv_arena_alloc(&s->arena, n, sizeof *s->labels)) ||
        !(s->class_names = fv_arena_alloc(&s->arena, other ? other->classes : n, sizeof *s->class_names)))
        return fv_fail_memory(err, n * sizeof *s->labels, "labels");
    if (other) {
        s->classes = other->classes;
        memcpy(s->class_names, other->class_names, s->classes * sizeof *s->class_names);
    } else {
        size_t all = 0;

        for (size_t i = 0; i < n; i++)
            if (*texts[i])
                s->class_names[all++] = texts[i];
        if (all)
            qsort(s->class_names, all, sizeof *s->class_names, by_text);
        for (size_t i = 0; i < all; i++)
            if (!s->classes || strcmp(s->class_names[i], s->class_names[s->classes - 1]) != 0)
                s->class_names[s->classes++] = s->class_names[i];
    }
    for (size_t i = 0; i < n; i++) {
        s->labels[i] = *texts[i] ? place(s, texts[i], !other) : FV_FRIS_NONE;
        if (*texts[i] && s->labels[i] == FV_FRIS_NONE && (w->need_labels || !s->photos))
            return fv_fail(err, FV_E_UNKNOWN, "row %zu: class '%s' is none of the %zu that there are", i + 1, texts[i],
                           s->classes);
    }
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------------- reading */

static fv_status read_names(const fv_fris_values *v, fv_fris_source *s, bool own, fv_error *err)
{
    if (own && v->names)
        return fv_vectors_texts(&s->arena, v->names, "name", s->vectors.count, &s->names, err);
    s->names = s->vectors.names;
    if (s->names)
        return FV_OK;
    if (!(s->names = fv_arena_alloc(&s->arena, s->vectors.count, sizeof *s->names)))
        return fv_fail_memory(err, s->vectors.count * sizeof *s->names, "names");
    for (size_t i = 0; i < s->vectors.count; i++)
        if (!(s->names[i] = fv_arena_print(&s->arena, "%zu", i)))
            return fv_fail_memory(err, s->vectors.count, "names");
    return FV_OK;
}

/* Vectors of a file; *texts are their labels. */
static fv_status read_file(const fv_cli *cli, const fv_fris_wanted *w, fv_fris_source *s, const char ***texts,
                           fv_error *err)
{
    const fv_fris_values *v = cli->values;
    fv_status status = fv_vectors_open(&cli->host, w->path, w->labels ? NULL : v->label_column, &s->vectors, err);

    if (status)
        return status;
    *texts = s->vectors.labels;
    if (w->labels && (status = fv_vectors_texts(&s->arena, w->labels, v->label_column ? v->label_column : "label",
                                                s->vectors.count, texts, err)))
        return status;
    return read_names(v, s, !w->like, err);
}

static fv_status prepare(const fv_cli *cli, const fv_fris_wanted *w, fv_fris_source *s, const char **texts,
                         fv_error *err)
{
    const fv_fris_values *v = cli->values;
    const fv_fris_vectors vectors = {s->vectors.floats, s->vectors.doubles, s->vectors.count, s->vectors.dims};
    fv_fris_options o = FV_FRIS_OPTIONS;
    fv_status status = texts ? number_labels(s, texts, w, err) : FV_OK;

    if (status)
        return status;
    o.metric = (fv_fris_metric)v->metric;
    o.norm = (fv_fris_norm)v->norm;
    o.precision = (fv_fris_precision)v->precision;
    o.centre = v->centre;
    o.threads = (size_t)v->common.threads;
    o.isa = v->common.isa;
    status = w->like ? fv_fris_create_like(w->like, &vectors, &s->set, err)
                     : fv_fris_create(&cli->host, &vectors, &o, &s->set, err);
    return status ? fv_fail_at(err, status, "%s", w->path) : FV_OK; /* the set does not know its file */
}

int fv_fris_source_open(const fv_cli *cli, const fv_fris_wanted *w, fv_fris_source *out)
{
    const char **texts = NULL;
    fv_error err = {0};
    int code = FV_EXIT_OK;

    *out = (fv_fris_source){0};
    fv_arena_init(&out->arena, &cli->host);
    if (fv_fris_is_photos(cli, w))
        code = fv_fris_photos_open(cli, w, out, &texts);
    if (!code && ((!out->photos && read_file(cli, w, out, &texts, &err)) || prepare(cli, w, out, texts, &err))) {
        fv_cli_say(cli, "%s", err.message);
        code = FV_EXIT_FAILURE;
    }
    if (!code && w->need_labels && !out->labels) {
        fv_cli_say(cli, "%s: there are no labels: --labels names a file of them, --label-column a column", w->path);
        code = FV_EXIT_FAILURE;
    } else if (!code && fv_fris_zeros(out->set)) {
        fv_cli_note(cli, "%s: %zu of %zu vectors are zero and have no direction", w->path, fv_fris_zeros(out->set),
                    fv_fris_count(out->set));
    }
    return code ? fv_fris_source_close(out, code) : code;
}

int fv_fris_source_close(fv_fris_source *s, int code)
{
    const int partly = s->partly ? FV_EXIT_PARTLY : FV_EXIT_OK;

    fv_fris_free(s->set);
    fv_vectors_free(&s->vectors);
    fv_data_free(s->photos);
    fv_arena_free(&s->arena);
    *s = (fv_fris_source){0};
    return code ? code : partly;
}

const char *fv_fris_class_of(const fv_fris_source *s, uint32_t label)
{
    return label < s->classes ? s->class_names[label] : "none";
}

const char *fv_fris_name_of(const fv_fris_source *s, uint32_t object)
{
    return object < s->vectors.count ? s->names[object] : "";
}

fv_fris_stolp_options fv_fris_stolps_wanted(const fv_fris_values *v)
{
    fv_fris_stolp_options o = FV_FRIS_STOLP_OPTIONS;

    o.lambda = v->lambda;
    o.f_star = v->f_star;
    o.rounds = (uint32_t)v->rounds;
    o.min_cluster = (uint32_t)v->min_cluster;
    o.max_stolps = (uint32_t)v->max_stolps;
    o.r_star = v->r_star;
    return o;
}
