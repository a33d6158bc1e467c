/* fris classify: what a classifier of prototypes says about vectors or photos. And what its files share with `train`. */
#include "cli/fris_model.h"
#include "cli/fris_photos.h"
#include "cli/fris_say.h"
#include <math.h>
#include <stdlib.h>

/* ---------------------------------------------------------------------------------------------------- trials */

fv_status fv_fris_contents_read(const fv_fris_classifier *c, size_t more, fv_fris_contents *out, fv_error *err)
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

void fv_fris_contents_free(fv_fris_contents *c)
{
    free(c->each);
    free(c->classes);
}

fv_status fv_fris_with_line(const fv_fris_classifier *c, const fv_fris_line *line, fv_fris_classifier **out,
                            fv_error *err)
{
    fv_fris_contents all = {0};
    fv_status status = fv_fris_contents_read(c, 0, &all, err);

    if (!status)
        status = fv_fris_classifier_create(fv_fris_classifier_prototypes(c), all.each, all.count, all.classes,
                                           all.n_classes, line, out, err);
    fv_fris_contents_free(&all);
    return status;
}

fv_status fv_fris_trial_count(const fv_fris_classifier *c, const fv_fris *vectors, const uint32_t *labels,
                              fv_fris_trial *out, fv_error *err)
{
    size_t right = 0, accepted = 0;
    fv_fris_decisions *d;
    const fv_status status = fv_fris_classifier_run(c, vectors, &d, err);

    if (status)
        return status;
    for (size_t i = 0; i < d->count; i++) {
        right += d->label[i] == labels[i];
        accepted += d->verdict[i] == FV_FRIS_ACCEPTED;
    }
    *out = (fv_fris_trial){d->count, (double)right / (double)d->count, (double)accepted / (double)d->count};
    fv_fris_release(d);
    return FV_OK;
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

/* ---------------------------------------------------------------------------------------------------- files */

int fv_fris_opened_open(const fv_cli *cli, const char *path, fv_fris_opened *out)
{
    const fv_fris_values *v = cli->values;
    fv_fris_options options = FV_FRIS_OPTIONS;
    fv_fris_source *s = &out->classes;
    fv_error err = {0};

    options.threads = (size_t)v->common.threads;
    options.isa = v->common.isa;
    *out = (fv_fris_opened){.path = path};
    fv_arena_init(&s->arena, &cli->host);
    if (fv_fris_classifier_open(&cli->host, path, &options, &out->classifier, &err))
        return fv_cli_fail(cli, &err);
    s->classes = fv_fris_classifier_classes(out->classifier);
    if (!(s->class_names = fv_arena_alloc(&s->arena, s->classes, sizeof *s->class_names)))
        return fv_cli_memory(cli);
    for (size_t i = 0; i < s->classes; i++)
        s->class_names[i] = fv_fris_classifier_class(out->classifier, i);
    return FV_EXIT_OK;
}

fv_fris_wanted fv_fris_wanted_like(const fv_fris_opened *o, const char *path)
{
    const char *layer = o->classifier ? fv_fris_classifier_layer(o->classifier) : NULL;

    return (fv_fris_wanted){.path = path,
                            .like = o->classifier ? fv_fris_classifier_prototypes(o->classifier) : NULL,
                            .classes = &o->classes,
                            .model = layer ? o->path : NULL,
                            .layer = layer};
}

void fv_fris_opened_close(fv_fris_opened *o)
{
    fv_fris_classifier_free(o->classifier);
    fv_arena_free(&o->classes.arena);
}

int fv_fris_save(const fv_cli *cli, const fv_fris_classifier *c, const char *model, const char *layer, const char *path)
{
    fv_fris_eye eye = {0};
    fv_error err = {0};
    int code = model ? fv_fris_eye_open(cli, model, layer, &eye) : FV_EXIT_OK;

    if (!code && (model ? fv_fris_classifier_save_in(c, eye.model, eye.layer, path, &err)
                        : fv_fris_classifier_save(c, path, &err)))
        code = fv_cli_fail(cli, &err);
    fv_fris_eye_close(&eye);
    return code;
}

/* ---------------------------------------------------------------------------------------------------- classify */

static int print_all(const fv_cli *cli, const fv_fris_classifier *c, const fv_fris_source *s,
                     const fv_fris_decisions *d)
{
    const fv_fris_values *v = cli->values;
    const fv_fris_form form = v->csv ? FV_FRIS_CSV : v->common.json ? FV_FRIS_JSON : FV_FRIS_TEXT;
    size_t right = 0, known = 0, accepted = 0;
    bool good = true;

    fv_fris_say_header(form, "name", c);
    for (size_t i = 0; good && i < d->count; i++) {
        const fv_fris_said w = fv_fris_said_of(c, fv_fris_name_of(s, (uint32_t)i), d, i);

        accepted += w.verdict == FV_FRIS_ACCEPTED;
        if (s->labels && s->labels[i] != FV_FRIS_NONE) {
            known++;
            right += s->labels[i] == d->label[i];
        }
        good = fv_fris_say(form, "name", &w);
    }
    if (known)
        fv_cli_note(cli, "%zu of %zu right (%.1f %%), %zu accepted", right, known, 100 * (double)right / (double)known,
                    accepted);
    return good ? FV_EXIT_OK : fv_cli_memory(cli);
}

int fv_fris_run_classify(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    fv_fris_opened o = {0};
    fv_fris_source s = {0};
    fv_fris_wanted wanted;
    fv_fris_decisions *d = NULL;
    fv_error err = {0};
    int code;

    if (cli->count < 3)
        return fv_cli_usage(cli, "classify takes the file of a classifier and vectors or photos");
    code = fv_fris_opened_open(cli, cli->operands[1], &o);
    wanted = fv_fris_wanted_like(&o, cli->operands[2]);
    wanted.labels = v->labels;
    if (!code)
        code = fv_fris_source_open(cli, &wanted, &s);
    if (!code && fv_fris_classifier_run(o.classifier, s.set, &d, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        code = print_all(cli, o.classifier, &s, d);
    fv_fris_release(d);
    code = fv_fris_source_close(&s, code);
    fv_fris_opened_close(&o);
    return code;
}
