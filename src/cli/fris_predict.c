/* predict with a model file that holds prototypes: class, S and evidence, or "none of these". */
#include "cli/fris_predict.h"
#include "model/model.h"
#include "train/features.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool fv_fris_in_model(const fv_model *model)
{
    return fv_model_meta(model, "fris") != NULL;
}

typedef struct predictor {
    const fv_cli *cli;
    fv_fris_classifier *classifier;
    fv_session *session;
    float *map, *vector; /* of one picture: what the layer makes of it, and its mean over the map */
    size_t pixels, size, classes;
    double *near; /* [classes] distances of it to each one's nearest prototype, */
    double *s_of; /* [classes] and S of these against the nearest of all others */
    fv_fris_form form;
} predictor;

static int begin(predictor *p, const char *path, const fv_model *model)
{
    const fv_session_options session = fv_cli_session_options(p->cli, 1);
    fv_fris_options options = FV_FRIS_OPTIONS;
    size_t height, width;
    fv_error err = {0};
    const char *layer;

    options.threads = (size_t)p->cli->common->threads;
    options.isa = p->cli->common->isa;
    if (fv_fris_classifier_open(&p->cli->host, path, &options, &p->classifier, &err))
        return fv_cli_fail(p->cli, &err);
    if (!(layer = fv_fris_classifier_layer(p->classifier))) {
        fv_cli_say(p->cli, "%s: its prototypes do not say which layer makes their vectors", path);
        return FV_EXIT_FAILURE;
    }
    if (fv_session_create_to(&p->cli->host, model, layer, &session, &p->session, &err))
        return fv_cli_fail(p->cli, &err);
    fv_session_output(p->session, &height, &width, &p->size);
    p->pixels = height * width;
    p->map = calloc(p->pixels * p->size, sizeof *p->map);
    p->vector = calloc(p->size, sizeof *p->vector);
    p->classes = fv_fris_classifier_classes(p->classifier);
    p->near = calloc(2 * p->classes, sizeof *p->near);
    p->s_of = p->near ? p->near + p->classes : NULL;
    return p->map && p->vector && p->near ? FV_EXIT_OK : fv_cli_memory(p->cli);
}

/* S of each class against all others: above 0 for the nearest alone. */
static void compare_classes(const predictor *p, const fv_fris *one)
{
    const fv_fris *prototypes = fv_fris_classifier_prototypes(p->classifier);
    const uint32_t *label = fv_fris_classifier_labels(p->classifier);

    for (size_t k = 0; k < p->classes; k++)
        p->near[k] = (double)INFINITY;
    for (size_t i = 0; i < fv_fris_count(prototypes); i++)
        p->near[label[i]] = fmin(p->near[label[i]], fv_fris_distance(one, 0, prototypes, i));
    for (size_t k = 0; k < p->classes; k++) {
        double other = (double)INFINITY;

        for (size_t j = 0; j < p->classes; j++)
            other = j == k ? other : fmin(other, p->near[j]);
        p->s_of[k] = fv_fris_similarity(p->near[k], other);
    }
}

/* FV_OK, or why nothing can be said about this picture. */
static fv_status decide(const predictor *p, const char *path, fv_fris_decisions **out, fv_error *err)
{
    const fv_fris_vectors one = {.floats = p->vector, .count = 1, .dims = p->size};
    fv_fris *set = NULL;
    fv_status status = fv_session_features_file(p->session, path, p->map, err);

    if (status)
        return status;
    fv_features_mean(p->map, p->pixels, p->size, p->vector);
    if (!(status = fv_fris_create_like(fv_fris_classifier_prototypes(p->classifier), &one, &set, err)))
        status = fv_fris_classifier_run(p->classifier, set, out, err);
    if (!status)
        compare_classes(p, set);
    fv_fris_free(set);
    return status;
}

int fv_fris_predict(const fv_cli *cli, const char *path, const fv_model *model, const fv_pictures *files,
                    fv_fris_form form, size_t *bad)
{
    predictor p = {.cli = cli, .form = form};
    bool good = true;
    int code = begin(&p, path, model);

    if (!code)
        fv_fris_say_header(p.form, "path", p.classifier);
    for (size_t i = 0; !code && good && i < files->count; i++) {
        const char *name = files->items[i].path;
        fv_fris_decisions *d = NULL;
        fv_error err = {0};

        if (decide(&p, name, &d, &err)) {
            ++*bad;
            fv_cli_fail(cli, &err);
            good = fv_fris_say_error(p.form, "path", name, p.classes, err.message);
        } else {
            fv_fris_said said = fv_fris_said_of(p.classifier, name, d, 0);

            said.s_of = p.s_of;
            said.classes = p.classes;
            good = fv_fris_say(p.form, "path", &said);
        }
        fv_fris_release(d);
    }
    free(p.map);
    free(p.vector);
    free(p.near);
    fv_session_free(p.session);
    fv_fris_classifier_free(p.classifier);
    return code || good ? code : fv_cli_memory(cli);
}

static void describe(const fv_fris_classifier *c)
{
    const size_t count = fv_fris_count(fv_fris_classifier_prototypes(c)), classes = fv_fris_classifier_classes(c);
    const fv_fris_line line = fv_fris_classifier_line(c);
    const char *layer = fv_fris_classifier_layer(c);

    printf("\nprototypes       %zu of %zu classes, %zu numbers each, of layer %s\n", count, classes,
           fv_fris_dims(fv_fris_classifier_prototypes(c)), layer ? layer : "unknown");
    printf("none of these    S* below %.4f (r* %.4f, for %.0f %% accepted)\n", line.theta, line.r_star,
           100 * line.accept);
    for (size_t k = 0; k < classes; k++) {
        size_t n = 0, objects = 0;

        for (size_t i = 0; i < count; i++) {
            const fv_fris_prototype p = fv_fris_classifier_prototype(c, i);

            n += p.label == k;
            objects += p.label == k ? p.covers : 0;
        }
        printf("  %-14s %zu for %zu objects\n", fv_fris_classifier_class(c, k), n, objects);
    }
}

int fv_fris_describe(const fv_cli *cli, const char *where)
{
    fv_fris_classifier *c = NULL;
    fv_model *model = NULL;
    fv_error err = {0};
    int code = FV_EXIT_OK;

    if (fv_model_open(&cli->host, where, &model, NULL) ||
        !fv_fris_in_model(model)) { /* a network, or the folder of a run */
        fv_model_free(model);
        return FV_EXIT_OK;
    }
    if (fv_fris_classifier_open(&cli->host, where, NULL, &c, &err))
        code = fv_cli_fail(cli, &err);
    else
        describe(c);
    fv_fris_classifier_free(c);
    fv_model_free(model);
    return code;
}
