/* Learning rates as functions of the step. */
#ifndef FV_TRAIN_SCHEDULE_H
#define FV_TRAIN_SCHEDULE_H
#include "train/options.h"

/* The rate of step `step` (from 0) of a run with `steps_per_epoch` steps an epoch. */
double fv_schedule_lr(const fv_settings *settings, uint64_t step, uint64_t steps_per_epoch);

#endif
