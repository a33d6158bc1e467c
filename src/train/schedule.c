/* Schedules. Step e of them counts epochs, s steps, S all steps of the run, W those of the warm-up:
 *
 *     constant    lr
 *     step        lr gamma^floor(e / step-epochs)                                    torch StepLR
 *     multistep   lr gamma^(milestones that are <= e)                                torch MultiStepLR
 *     cosine      final + (lr - final) (1 + cos(pi (s - W) / (S - W))) / 2           torch CosineAnnealingLR, a step each step
 *     one-cycle   cosine from lr/first-div up to lr in rise * S - 1 steps, then down to lr/first-div/final-div at the
 *                 last step                                                          torch OneCycleLR (momentum is left alone)
 *
 * Warm-up: step s of the first W is multiplied by (s + 1) / W (Goyal et al. 2017). */
#include "train/schedule.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

/* From a to b along half a cosine, t in 0..1. */
static double cosine(double a, double b, double t)
{
    return b + (a - b) / 2 * (1 + cos(pi * t));
}

static double one_cycle(const fv_settings *s, double step, double steps)
{
    const double top = s->rise * steps - 1, last = steps - 1, first = s->lr / s->first_div;

    if (step <= top)
        return cosine(first, s->lr, top > 0 ? step / top : 1);
    return cosine(s->lr, first / s->final_div, last > top ? (step - top) / (last - top) : 1);
}

static double falls(const fv_settings *s, double epoch)
{
    double count = 0;

    for (size_t i = 0; i < s->milestones.count; i++)
        count += s->milestones.value[i] <= epoch;
    return count;
}

double fv_schedule_lr(const fv_settings *s, uint64_t step, uint64_t steps_per_epoch)
{
    const double steps = (double)s->epochs * (double)steps_per_epoch, warm = s->warmup * (double)steps_per_epoch;
    const double at = (double)step, epoch = floor(at / (double)steps_per_epoch);
    const double left = steps - warm > 1 ? steps - warm : 1;
    double lr = s->lr;

    switch ((fv_schedule)s->schedule) {
    case FV_CONSTANT:
        break;
    case FV_STEP:
        lr *= pow(s->gamma, floor(epoch / (double)s->step_epochs));
        break;
    case FV_MULTISTEP:
        lr *= pow(s->gamma, falls(s, epoch));
        break;
    case FV_COSINE:
        if (at >= warm)
            lr = cosine(s->lr, s->final_lr, (at - warm) / left);
        break;
    case FV_ONE_CYCLE:
        return one_cycle(s, at, steps);
    }
    return at < warm ? lr * (at + 1) / ceil(warm) : lr;
}
