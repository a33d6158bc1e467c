/* Going on with a run: what its folder says is planned again and brought to its checkpoint. */
#include "base/error.h"
#include "data/data.h"
#include "train/trainer.h"

#include <string.h>

/* The saved options rule; the caller's text may only let the run go on longer. */
static fv_status resumed_settings(const fv_host *host, fv_settings *saved, const char *text, fv_error *err)
{
    fv_settings wanted = *saved, probe;
    fv_status status = FV_OK;

    if (text)
        status = fv_settings_apply_text(host, &wanted, text, "options", err);
    if (status)
        return status;
    if (wanted.epochs < saved->epochs)
        return fv_fail(err, FV_E_ARGUMENT, "epochs %zu: the run was made for %zu; it can only grow", wanted.epochs,
                       saved->epochs);
    probe = wanted;
    probe.epochs = saved->epochs;
    for (size_t i = 0; fv_option_list(i); i++) {
        const fv_option *o = fv_option_list(i);

        if (memcmp((char *)&probe + o->offset, (char *)saved + o->offset, fv_option_bytes(o)) != 0)
            return fv_fail(err, FV_E_ARGUMENT,
                           "%s: differs from the run's; a resumed run keeps its options (only "
                           "epochs may grow)",
                           o->name);
    }
    *saved = wanted;
    return FV_OK;
}

/* Plan the saved run again and bring it to its checkpoint. */
static fv_status reopen(const fv_host *host, const char *folder, const fv_run_args *args, const fv_data *data,
                        const fv_train_options *o, fv_trainer **out, fv_error *err)
{
    fv_train_options saved = *o;
    fv_settings settings;
    fv_text text;
    fv_net *net = NULL;
    fv_status status;

    fv_text_init(&text, host);
    fv_settings_default(&settings);
    status = fv_net_parse(host, args->net, "args.json", &net, err);
    if (!status)
        status = fv_settings_apply_text(host, &settings, args->options, "args.json", err);
    if (!status)
        status = resumed_settings(host, &settings, o->text, err);
    if (!status && args->class_weights && args->n_class_weights != fv_data_classes(data))
        status = fv_fail(err, FV_E_ARGUMENT, "%s: was trained with weights of %zu classes, this data has %zu", folder,
                         args->n_class_weights, fv_data_classes(data));
    if (!status) {
        fv_settings_print(&settings, &text);
        saved.text = text.data;
        saved.class_weights = args->class_weights;
        saved.from = NULL; /* the checkpoint has the weights */
        status = FV_E_MEMORY;
        if (text.failed)
            fv_fail_memory(err, text.size, "options");
        else
            status = fv_trainer_make(host, net, data, &saved, true, out, err);
    }
    if (!status && strcmp(fv_data_hash(data), args->data_hash) != 0)
        status = fv_fail(err, FV_E_ARGUMENT, "%s: was trained on other data (hash %s, this data has %s)", folder,
                         args->data_hash, fv_data_hash(data));
    if (!status && !((*out)->out = fv_strdup(&(*out)->host, folder)))
        status = fv_fail_memory(err, strlen(folder), "a path");
    if (!status)
        status = fv_checkpoint_load(*out, err);
    if (!status)
        status = fv_results_cut(*out, (*out)->at.epoch, err);
    if (!status)
        status = fv_gradients_cut(*out, err);
    fv_text_free(&text);
    fv_net_free(net);
    return status;
}

fv_status fv_trainer_resume(const fv_host *host, const char *folder, const fv_data *data,
                            const fv_train_options *options, fv_trainer **out, fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    fv_train_options o = FV_TRAIN_OPTIONS;
    fv_run_args args = {0};
    fv_status status;

    *out = NULL;
    if (options)
        memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    status = fv_folder_read_args(&h, folder, &args, err);
    if (!status)
        status = reopen(&h, folder, &args, data, &o, out, err);
    if (status) {
        fv_trainer_free(*out);
        *out = NULL;
    }
    fv_run_args_free(&h, &args);
    return status;
}
