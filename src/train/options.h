/* The options of training as one struct, read from words by the table in options.def. */
#ifndef FV_TRAIN_OPTIONS_H
#define FV_TRAIN_OPTIONS_H
#include "base/error.h"
#include "base/text.h"
#include "data/augment.h"

enum { FV_LIST_SIZE = 32 };
typedef struct fv_train_list {
    size_t count;
    double value[FV_LIST_SIZE];
} fv_train_list;

typedef enum fv_optimizer { FV_SGD, FV_ADAM, FV_ADAMW } fv_optimizer;
typedef enum fv_schedule { FV_CONSTANT, FV_STEP, FV_MULTISTEP, FV_COSINE, FV_ONE_CYCLE } fv_schedule;

/* The learning rate of fine-tuning where nobody names one. */
#define FV_FINE_TUNING_LR .005

typedef enum fv_sampling { FV_EACH, FV_BALANCED } fv_sampling;

typedef struct fv_settings {
    size_t epochs, batch, limit, step_epochs, patience, crop, log_gradients, randaugment, magnitude, unfreeze;
    uint64_t seed;
    int optimizer, schedule, sampling, init; /* init: 0 = the net's own, else fv_init + 1 */
    int bn;                                  /* fine-tuning: 0 = frozen, 1 = train */
    double lr, momentum, weight_decay, beta1, beta2, eps, clip, smoothing;
    double warmup, gamma, final_lr, rise, first_div, final_div, val;
    double lr_backbone;
    double shift, rotate, scale, elastic, elastic_sigma;
    double resized_crop, jitter, hue, lighting, erase, mixup, cutmix;
    fv_train_list milestones;
    bool drop_last, exact, nesterov, flip, trivial, balance;
    const double *class_weights; /* [classes], NULL = all 1; no option: the trainer's */
} fv_settings;

typedef enum fv_option_kind {
    FV_OPT_COUNT,
    FV_OPT_REAL,
    FV_OPT_FLAG,
    FV_OPT_WORD,
    FV_OPT_LIST,
    FV_OPT_SEED
} fv_option_kind;

typedef struct fv_option {
    const char *name;
    fv_option_kind kind;
    size_t offset; /* in fv_settings */
    double fallback, least, most;
    const char *const *words; /* FV_OPT_WORD, NULL-terminated; FV_OPT_COUNT: a word for `most`, or NULL */
    const char *group, *help;
} fv_option;

/* The i-th option, NULL behind the last; and the one called `name`. */
const fv_option *fv_option_list(size_t i);
const fv_option *fv_option_find(const char *name);
size_t fv_option_bytes(const fv_option *option); /* of its field */

void fv_settings_default(fv_settings *settings);

/* Apply words "epochs" "10" "nesterov" "lr" "0.05" to settings; `place` begins messages. A flag may be followed by
 * yes or no. */
fv_status fv_settings_apply(fv_settings *settings, const char *const *words, size_t count, const char *place,
                            fv_error *err);
/* The same from text, words separated by blanks. */
fv_status fv_settings_apply_text(const fv_host *host, fv_settings *settings, const char *text, const char *place,
                                 fv_error *err);

/* All options as text that fv_settings_apply_text reads; numbers survive the round trip. */
void fv_settings_print(const fv_settings *settings, fv_text *text);

/* Options that contradict each other. */
fv_status fv_settings_check(const fv_settings *settings, fv_error *err);

fv_augment fv_settings_augment(const fv_settings *settings);

#endif
