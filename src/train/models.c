/* The weights as they are, as a model, and the files of an epoch. */
#include "data/data.h"
#include "train/trainer.h"
#include <stdio.h>

fv_status fv_trainer_model(fv_trainer *t, fv_model **out, fv_error *err)
{
    fv_status status = fv_model_from_store(&t->host, t->net, &t->store, out, err);
    fv_text text;
    char epoch[32];

    if (status)
        return status;
    fv_text_init(&text, &t->host);
    fv_settings_print(&t->settings, &text);
    snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)t->at.epoch);
    const char *const meta[][2] = {{"data", fv_data_hash(t->data)},
                                   {"epoch", epoch},
                                   {"isa", t->kernels->isa},
                                   {"options", text.data},
                                   {"samples", t->data->in_files ? "pictures" : "arrays"},
                                   {"version", fv_version()}};

    if (text.failed)
        status = fv_fail_memory(err, text.size, "options");
    for (size_t i = 0; !status && i < FV_COUNT(meta); i++)
        status = fv_model_set_meta(*out, meta[i][0], meta[i][1], err);
    if (!status) {
        const char *names[1024];
        const size_t classes = fv_data_classes(t->data);

        for (size_t i = 0; i < classes && i < FV_COUNT(names); i++)
            names[i] = fv_data_class_name(t->data, i);
        if (classes == fv_net_classes(t->net) && classes <= FV_COUNT(names))
            status = fv_model_set_classes(*out, names, classes, err);
    }
    fv_text_free(&text);
    if (status) {
        fv_model_free(*out);
        *out = NULL;
    }
    return status;
}

static fv_status save_as(const fv_trainer *t, const fv_model *model, const char *name, fv_error *err)
{
    char *path = fv_folder_path(&t->host, t->out, name);
    const fv_status status = path ? fv_model_save(model, path, err) : fv_fail_memory(err, 64, "a path");

    fv_release(&t->host, path);
    return status;
}

/* The self-test of the weights as they are, by the plan of one sample that the trainer keeps for it: no session is made,
 * and both files of an epoch get the same text. */
static fv_status add_selftest(fv_trainer *t, fv_model *model, fv_error *err)
{
    const fv_preprocess *p = fv_net_preprocess(t->net);
    const size_t inputs = p->height * p->width * p->channels, classes = fv_net_classes(t->net);
    float *input = fv_alloc(&t->host, inputs, sizeof *input), *logits = fv_alloc(&t->host, classes, sizeof *logits);
    fv_status status = FV_OK;
    fv_text text;

    fv_text_init(&text, &t->host);
    if (!input || !logits) {
        status = fv_fail_memory(err, (inputs + classes) * sizeof *input, "a self-test");
        goto done;
    }
    fv_selftest_input(p, FV_SELFTEST_SEED, input);
    for (size_t i = 0; i < inputs; i++)
        fv_exec_set(t->probe.exec, t->probe.input, i, (double)input[i]);
    fv_exec_prepare(t->probe.exec);
    fv_exec_compute(t->probe.exec);
    for (size_t i = 0; i < classes; i++) {
        const double x = fv_exec_get(t->probe.exec, t->probe.logits, i);

        logits[i] = (float)(t->full.smallest_wins ? -x : x);
    }
    fv_selftest_print(logits, classes, &text);
    if (text.failed)
        status = fv_fail_memory(err, text.size, "a self-test");
    else if (text.data)
        status = fv_model_put_meta(model, FV_META_SELFTEST, text.data, err);
done:
    fv_text_free(&text);
    fv_release(&t->host, input);
    fv_release(&t->host, logits);
    return status;
}

fv_status fv_trainer_save_models(fv_trainer *t, bool best, fv_error *err)
{
    fv_model *model;
    fv_status status = fv_trainer_model(t, &model, err);

    if (status)
        return status;
    status = add_selftest(t, model, err);
    if (!status)
        status = save_as(t, model, "weights/last.safetensors", err);
    if (!status && best)
        status = save_as(t, model, "weights/best.safetensors", err);
    fv_model_free(model);
    return status;
}
