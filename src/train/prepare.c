/* All plans of a trainer: a step, an epoch's short last one, measuring, and the self-test of a model. They take turns in
 * one room, for no two of them run at once. */
#include "train/memory.h"
#include "train/trainer.h"

enum { LEAST_MEASURED = 16, MOST_MEASURED = 256 };

/* Measuring takes as many samples at once as a step does, so that it needs no more memory; few are slow, and more gain
 * nothing. */
static size_t measured_at_once(size_t batch)
{
    return batch < LEAST_MEASURED ? LEAST_MEASURED : batch > MOST_MEASURED ? MOST_MEASURED : batch;
}

static void free_plans(fv_trainer *t)
{
    fv_learner_free(&t->full);
    fv_learner_free(&t->rest);
    fv_feeder_free(&t->feeder);
    fv_evaluator_free(&t->evaluator);
    fv_inference_free(&t->probe);
}

fv_status fv_trainer_plan(fv_trainer *t, fv_error *err)
{
    const fv_augment augment = fv_settings_augment(&t->settings);
    const size_t batch = t->settings.batch < t->count ? t->settings.batch : t->count, rest = t->count % batch;
    const fv_exec_options exec = {.kernels = t->kernels,
                                  .exact = t->settings.exact,
                                  .pool = t->pool,
                                  .store = &t->store,
                                  .seed = t->settings.seed,
                                  .step = &t->step,
                                  .without = t->without};
    const bool measured = fv_data_count(t->data, FV_VAL) || fv_data_count(t->data, FV_TEST);
    fv_status status;

    free_plans(t);
    t->steps_per_epoch = t->count / batch + (rest && !t->settings.drop_last);
    status = fv_learner_plan(&t->host, t->net, batch, &t->settings, &exec, true, &t->full, err);
    if (!status && rest && !t->settings.drop_last)
        status = fv_learner_plan(&t->host, t->net, rest, &t->settings, &exec, true, &t->rest, err);
    if (!status)
        status = fv_feeder_create(&t->host, t->data, t->net, batch, fv_pool_threads(t->pool), t->kernels,
                                  fv_augment_any(&augment) ? &augment : NULL, &t->feeder, err);
    if (!status && measured)
        status = fv_evaluator_plan(&t->host, t->net, t->data, measured_at_once(batch), &exec, &t->evaluator, err);
    if (!status && t->saves)
        status = fv_inference_plan(&t->host, t->net, 1, &exec, &t->probe, err);
    return status;
}

size_t fv_trainer_plans(const fv_trainer *t, const fv_exec *execs[FV_TRAINER_PLANS])
{
    fv_exec *const all[FV_TRAINER_PLANS] = {t->full.exec, t->rest.exec, t->evaluator.run.exec, t->probe.exec};
    size_t count = 0;

    for (size_t i = 0; i < FV_TRAINER_PLANS; i++)
        if (all[i])
            execs[count++] = all[i];
    return count;
}

fv_status fv_trainer_open(fv_trainer *t, fv_error *err)
{
    fv_exec *const all[FV_TRAINER_PLANS] = {t->full.exec, t->rest.exec, t->evaluator.run.exec, t->probe.exec};
    size_t most = 0;
    fv_status status;

    for (size_t i = 0; i < FV_TRAINER_PLANS; i++)
        if (all[i] && all[i]->plan.arena_bytes > most)
            most = all[i]->plan.arena_bytes;
    status = fv_room_create(&t->host, most, &t->room, err);
    for (size_t i = 0; !status && i < FV_TRAINER_PLANS; i++)
        if (all[i])
            status = fv_exec_open(all[i], &t->room, err);
    if (!status)
        status = fv_order_create(&t->host, t->data, t->settings.sampling == FV_BALANCED, &t->order, err);
    return status;
}

void fv_trainer_close(fv_trainer *t)
{
    free_plans(t);
    fv_room_free(&t->room);
    fv_order_free(&t->order);
}
