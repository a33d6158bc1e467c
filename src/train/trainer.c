/* The trainer: epochs of steps, measuring, checkpoints. */
#include "train/trainer.h"
#include "base/file.h"
#include "data/data.h"
#include "model/model.h"
#include "train/classes.h"
#include "train/memory.h"
#include "train/schedule.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------- creation */

/* Where the first weights are good already, steps are small and pass by several times. */
static const char fine_tuning[] = "epochs 20 batch 16 schedule cosine warmup 1 weight-decay 1e-4";

/* Defaults, then the net's own `train` words, those of fine-tuning, then the caller's text. */
static fv_status read_settings(const fv_host *host, const fv_net *net, bool fine, const char *text,
                               fv_settings *settings, fv_error *err)
{
    size_t count;
    int line;
    const char *const *words = fv_net_train_words(net, &count, &line);
    fv_status status;
    char place[256];

    fv_settings_default(settings);
    snprintf(place, sizeof place, "%s:%d: train", fv_net_file(net), line);
    status = fv_settings_apply(settings, words, count, place, err);
    if (!status && fine)
        status = fv_settings_apply_text(host, settings, fine_tuning, "fine-tuning", err);
    if (fine)
        settings->lr = FV_FINE_TUNING_LR;
    if (!status && text)
        status = fv_settings_apply_text(host, settings, text, "options", err);
    return status ? status : fv_settings_check(settings, err);
}

/* The options' initialiser in place of the net's own, for weights that have a fan-in. */
static void override_init(fv_trainer *t)
{
    for (size_t i = 0; t->settings.init && i < t->store.count; i++)
        if (t->store.items[i].param.decay)
            t->store.items[i].param.init = (fv_init)(t->settings.init - 1);
}

static fv_status check_data(const fv_trainer *t, fv_error *err)
{
    const size_t have = fv_data_classes(t->data), want = fv_net_classes(t->net);

    if (!t->count)
        return fv_fail(err, FV_E_ARGUMENT, "the data has no training samples");
    if (t->settings.patience && !fv_data_count(t->data, FV_VAL))
        return fv_fail(
            err, FV_E_ARGUMENT,
            "patience %zu: stopping early needs a validation set; add val 0.1 (the test set chooses nothing)",
            t->settings.patience);
    if (have > want)
        return fv_fail(err, FV_E_SHAPE, "%s tells %zu classes apart, the data has %zu", fv_net_name(t->net), want,
                       have);
    return FV_OK;
}

fv_status fv_trainer_prepare(const fv_host *host, const fv_net *net, const fv_data *data,
                             const fv_train_options *options, bool saves, const char *without, fv_trainer **out,
                             fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    fv_trainer *t = fv_alloc(&h, 1, sizeof *t);
    fv_status status;

    *out = NULL;
    if (!t)
        return fv_fail_memory(err, sizeof *t, "a trainer");
    t->host = h;
    t->data = data;
    t->count = fv_data_count(data, FV_TRAIN);
    t->saves = saves;
    t->without = without;
    t->progress = options->progress;
    t->user = options->user;
    status = fv_net_clone(&h, net, &t->net, err);
    if (!status)
        status = read_settings(&h, net, options->from != NULL, options->text, &t->settings, err);
    if (!status)
        status = check_data(t, err);
    if (!status && (options->class_weights || t->settings.balance))
        status = fv_class_weights(&h, data, options->class_weights, fv_net_classes(net), &t->class_weights, err);
    t->settings.class_weights = t->class_weights;
    if (!status)
        status = fv_kernels_choose(options->isa, &t->kernels, err);
    if (!status) {
        fv_store_init(&t->store, &h, t->kernels->real_bytes);
        status = fv_pool_create(&h, options->threads, &t->pool, err);
    }
    if (!status)
        status = fv_trainer_plan(t, err);
    if (status) {
        fv_trainer_free(t);
        return status;
    }
    *out = t;
    return FV_OK;
}

fv_status fv_trainer_make(const fv_host *host, const fv_net *net, const fv_data *data, const fv_train_options *options,
                          bool saves, fv_trainer **out, fv_error *err)
{
    fv_status status = fv_trainer_prepare(host, net, data, options, saves, NULL, out, err);

    if (!status)
        status = fv_memory_check(*out, options->memory_limit, err);
    if (!status)
        status = fv_trainer_open(*out, err);
    if (status) {
        fv_trainer_free(*out);
        *out = NULL;
        return status;
    }
    if (options->from && (status = fv_model_fill_store(options->from, &(*out)->store, err))) {
        fv_trainer_free(*out);
        *out = NULL;
    } else if (!options->from) {
        override_init(*out);
        fv_store_initialise(&(*out)->store, (*out)->settings.seed);
    }
    return status;
}

/* Fine-tuning needs both: weights, and how much of them is trained. */
static fv_status check_from(const fv_trainer *t, const fv_train_options *o, fv_error *err)
{
    if (o->from && !t->settings.unfreeze)
        return fv_fail(err, FV_E_ARGUMENT,
                       "from: how much of the net is trained? unfreeze N (layers from the end) or "
                       "unfreeze all");
    if (!o->from && t->settings.unfreeze)
        return fv_fail(err, FV_E_ARGUMENT, "unfreeze: needs weights to start from, and pictures");
    if (o->class_weights && (t->settings.balance || t->settings.sampling == FV_BALANCED))
        return fv_fail(err, FV_E_ARGUMENT, "%s and class weights exclude each other",
                       t->settings.balance ? "balance" : "sampling balanced");
    return FV_OK;
}

fv_status fv_trainer_create(const fv_host *host, const fv_net *net, const fv_data *data,
                            const fv_train_options *options, fv_trainer **out, fv_error *err)
{
    fv_train_options o = FV_TRAIN_OPTIONS;
    fv_status status;

    *out = NULL;
    if (options)
        memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    status = fv_trainer_make(host, net, data, &o, o.out != NULL, out, err);
    if (!status)
        status = check_from(*out, &o, err);
    if (!status && o.out) {
        (*out)->out = fv_strdup(&(*out)->host, o.out);
        status = (*out)->out ? fv_folder_create(*out, &o, err) : fv_fail_memory(err, strlen(o.out), "a path");
    }
    if (status) {
        fv_trainer_free(*out);
        *out = NULL;
    }
    return status;
}

void fv_trainer_free(fv_trainer *t)
{
    if (!t)
        return;
    const fv_host host = t->host;

    fv_trainer_close(t);
    if (t->store.real_bytes)
        fv_store_free(&t->store);
    fv_pool_free(t->pool);
    fv_net_free(t->net);
    fv_release(&host, t->out);
    fv_release(&host, t->class_weights);
    fv_release(&host, t);
}

/* ---------------------------------------------------------------------------------------------- running */

static fv_progress report(const fv_trainer *t)
{
    const fv_position *at = &t->at;
    const double busy = at->data_s + at->compute_s, none = NAN;

    return (fv_progress){
        .epoch = at->epoch + 1,
        .epochs = t->settings.epochs,
        .step = at->step,
        .steps = t->steps_per_epoch,
        .total_steps = at->total_steps,
        .loss = at->seen ? at->loss_sum / (double)at->seen : none,
        .top1 = at->seen ? (double)at->right / (double)at->seen : none,
        .lr = at->lr,
        .grad_norm = at->step ? at->norm_sum / (double)at->step : none,
        .images_per_s = busy > 0 ? (double)at->seen / busy : none,
        .data_s = at->data_s,
        .compute_s = at->compute_s,
        .elapsed_s = at->elapsed_s,
        .val_loss = none,
        .val_top1 = none,
        .val_top5 = none,
        .test_loss = none,
        .test_top1 = none,
    };
}

/* The batch that begins with so many samples of the epoch. */
static fv_feed feed_of(const fv_trainer *t, size_t begin)
{
    const size_t left = t->count - begin;

    return (fv_feed){FV_TRAIN, t->order.items + begin, left < t->full.batch ? left : t->full.batch, t->settings.seed,
                     (uint32_t)t->at.epoch};
}

/* One step: fill, compute, look whether the numbers are whole, update. */
static fv_status step(fv_trainer *t, fv_error *err)
{
    const size_t begin = (size_t)t->at.step * t->full.batch, left = t->count - begin;
    fv_learner *learner = left < t->full.batch ? &t->rest : &t->full;
    const fv_feed feed = feed_of(t, begin), next = feed_of(t, begin + learner->batch);
    const double start = fv_clock_s();
    double filled, loss, norm, done;

    t->step = t->at.total_steps;
    fv_feeder_fill(&t->feeder, learner->exec, learner->input, fv_exec_at(learner->exec, learner->labels), &feed);
    for (size_t i = 0; learner->share && i < learner->batch; i++) {
        ((int32_t *)fv_exec_at(learner->exec, learner->other))[i] = t->feeder.targets.other[i];
        fv_exec_set(learner->exec, learner->share, i, (double)t->feeder.targets.share[i]);
    }
    if (t->at.step + 1 < t->steps_per_epoch)
        fv_feeder_prefetch(&t->feeder, &next);
    filled = fv_clock_s();
    t->at.lr = fv_schedule_lr(&t->settings, t->at.total_steps, t->steps_per_epoch);
    fv_exec_set(learner->exec, learner->hyper, 0, t->at.lr);
    fv_exec_set(learner->exec, learner->hyper, 1, (double)t->at.total_steps + 1);
    fv_exec_compute(learner->exec);
    loss = fv_learner_loss(learner);
    norm = fv_exec_get(learner->exec, learner->norm, 0);
    if (!isfinite(loss) || !isfinite(norm)) {
        char name[128];
        const char *bad = fv_exec_find_bad(learner->exec, name, sizeof name);

        return fv_fail(err, FV_E_NAN,
                       "epoch %llu, step %llu: %s is not finite (loss %g, gradient norm %g); lower the "
                       "learning rate (%g) or set clip",
                       (unsigned long long)t->at.epoch + 1, (unsigned long long)t->at.step + 1, bad ? bad : "the loss",
                       loss, norm, t->at.lr);
    }
    fv_exec_update(learner->exec);
    done = fv_clock_s();
    t->at.loss_sum += loss * (double)learner->batch;
    t->at.norm_sum += norm;
    t->at.right += fv_learner_right(learner);
    t->at.seen += learner->batch;
    t->at.step++;
    t->at.total_steps++;
    t->at.data_s += filled - start;
    t->at.compute_s += done - filled;
    t->at.elapsed_s += fv_clock_s() - start;
    return fv_gradients_add(t, learner, err);
}

/* Is there a model that a later one must be better than? Weights that were there at the start are such. */
static bool has_best(const fv_trainer *t)
{
    return t->at.best_epoch || (t->settings.unfreeze && fv_data_count(t->data, FV_VAL));
}

/* With a validation set, better is a higher top-1, then a lower loss; without one, the last epoch is the best. */
static bool becomes_best(fv_trainer *t, const fv_progress *p)
{
    const bool validated = !isnan(p->val_top1);
    const bool better =
        p->val_top1 > t->at.best_top1 || (p->val_top1 == t->at.best_top1 && p->val_loss < t->at.best_loss);

    if (validated && has_best(t) && !better)
        return false;
    t->at.best_epoch = t->at.epoch;
    t->at.best_top1 = validated ? p->val_top1 : 0;
    t->at.best_loss = validated ? p->val_loss : 0;
    return true;
}

static void evaluate(fv_trainer *t, fv_progress *p)
{
    fv_evaluation result;

    if (fv_data_count(t->data, FV_VAL)) {
        fv_evaluator_run(&t->evaluator, FV_VAL, &result, NULL);
        p->val_loss = result.loss;
        p->val_top1 = result.top1;
        p->val_top5 = result.classes < 6 ? NAN : result.top5;
    }
    if (fv_data_count(t->data, FV_TEST)) {
        fv_evaluator_run(&t->evaluator, FV_TEST, &result, NULL);
        p->test_loss = result.loss;
        p->test_top1 = result.top1;
    }
}

/* Measure, write the models, the row of results and the checkpoint, in that order: whatever is lost when the machine
 * stops here is made again, with the same bits, from the checkpoint before. */
static fv_status finish_epoch(fv_trainer *t, fv_progress *p, fv_error *err)
{
    const double start = fv_clock_s();
    fv_status status = FV_OK;

    *p = report(t);
    t->at.epoch++;
    evaluate(t, p);
    p->epoch_done = true;
    p->best = becomes_best(t, p);
    t->at.step = t->at.seen = t->at.right = 0;
    t->at.loss_sum = t->at.norm_sum = t->at.data_s = t->at.compute_s = 0;
    if (t->out)
        status = fv_trainer_save_models(t, p->best, err);
    p->eval_s = fv_clock_s() - start;
    t->at.elapsed_s += p->eval_s;
    p->elapsed_s = t->at.elapsed_s;
    if (!status && t->out)
        status = fv_results_add(t, p, err);
    if (!status && t->out)
        status = fv_checkpoint_save(t, err);
    return status;
}

static fv_status stop(fv_trainer *t, fv_error *err)
{
    const fv_status status = t->out ? fv_checkpoint_save(t, err) : FV_OK;

    return status ? status
                  : fv_fail(err, FV_E_STOPPED, "stopped in epoch %llu after step %llu of %zu",
                            (unsigned long long)t->at.epoch + 1, (unsigned long long)t->at.step, t->steps_per_epoch);
}

bool fv_trainer_done(const fv_trainer *t)
{
    const uint64_t patience = t->settings.patience;

    return t->at.epoch >= t->settings.epochs || (patience && has_best(t) && t->at.epoch - t->at.best_epoch >= patience);
}

static fv_status epoch(fv_trainer *t, fv_error *err)
{
    fv_progress progress;
    fv_status status;

    fv_order_epoch(&t->order, t->settings.seed, (uint32_t)t->at.epoch);
    while (t->at.step < t->steps_per_epoch) {
        status = step(t, err);
        if (status)
            return status;
        progress = report(t);
        if (t->at.step == t->steps_per_epoch)
            break;
        if (t->progress && t->progress(t->user, &progress))
            return stop(t, err);
        if (t->out && fv_clock_s() - t->checkpoint_s > 600) {
            status = fv_checkpoint_save(t, err);
            if (status)
                return status;
        }
    }
    status = finish_epoch(t, &progress, err);
    if (!status && t->progress && t->progress(t->user, &progress) && !fv_trainer_done(t))
        return stop(t, err);
    return status;
}

/* Fine-tuning: what the first weights reach, kept as the best so far, and a checkpoint, for no seed gives them again. */
static fv_status measure_start(fv_trainer *t, fv_error *err)
{
    fv_evaluation result;
    fv_status status = FV_OK;

    if (fv_data_count(t->data, FV_VAL)) {
        fv_evaluator_run(&t->evaluator, FV_VAL, &result, NULL);
        t->at.best_top1 = result.top1;
        t->at.best_loss = result.loss;
    }
    if (t->out)
        status = fv_trainer_save_models(t, true, err);
    return status || !t->out ? status : fv_checkpoint_save(t, err);
}

fv_status fv_trainer_run(fv_trainer *t, fv_error *err)
{
    t->checkpoint_s = fv_clock_s();
    if (t->settings.unfreeze && !t->at.total_steps) {
        const fv_status status = measure_start(t, err);

        if (status)
            return status;
    }
    while (!fv_trainer_done(t)) {
        const fv_status status = epoch(t, err);

        if (status)
            return status;
    }
    return FV_OK;
}
