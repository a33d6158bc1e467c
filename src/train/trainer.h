/* The inside of a trainer, shared by the files of this room. */
#ifndef FV_TRAIN_TRAINER_H
#define FV_TRAIN_TRAINER_H
#include "model/model.h"
#include "train/evaluate.h"
#include "train/learner.h"
#include "train/order.h"

/* Where a run stands. All of it is in a checkpoint, so that a resumed run goes on with the same numbers. */
typedef struct fv_position {
    uint64_t epoch, step; /* epochs finished; steps of the next one finished */
    uint64_t total_steps;
    double loss_sum, norm_sum; /* over the images and steps of the epoch under way */
    uint64_t right, seen;
    double lr;           /* of the last step */
    uint64_t best_epoch; /* 0 = none yet */
    double best_top1, best_loss;
    double elapsed_s, data_s, compute_s;
} fv_position;

struct fv_trainer {
    fv_host host;
    fv_net *net;
    const fv_data *data;
    fv_settings settings;
    const fv_kernels *kernels;
    fv_pool *pool;
    fv_store store;
    fv_learner full, rest; /* rest: the epoch's short last batch, if there is one */
    fv_feeder feeder;
    fv_evaluator evaluator; /* run.exec NULL when there is nothing to measure on */
    fv_inference probe;     /* of one sample, for the self-test of models; exec NULL when none is saved */
    fv_room room;           /* where all of these run, one after another */
    const char *without;    /* passes to leave out, or NULL */
    bool saves;             /* there is, or will be, a run folder */
    double *class_weights;  /* [classes of the net], where settings.class_weights points; or NULL */
    fv_order order;         /* of the epoch under way */
    size_t count, steps_per_epoch;
    uint64_t step; /* total_steps, where the plans' random operators read it */
    fv_position at;
    char *out; /* run folder or NULL */
    fv_progress_fn progress;
    void *user;
    double checkpoint_s; /* when the last one was written */
};

/* ---- checkpoint.c */
fv_status fv_checkpoint_save(fv_trainer *trainer, fv_error *err);
/* Weights, momenta and position from the run folder's checkpoint; none there leaves the trainer at its beginning. */
fv_status fv_checkpoint_load(fv_trainer *trainer, fv_error *err);

/* ---- folder.c: the run folder */
/* A folder and those above it; one that is there already is fine. */
fv_status fv_folder_make(const fv_host *host, const char *path, fv_error *err);

typedef struct fv_run_args {
    char *net, *options, *data_path, *data_hash;
    double *class_weights; /* as they were given, or NULL */
    size_t n_class_weights;
} fv_run_args;

/* Make the folder and its args.json. Refuses one that exists and is not empty. */
fv_status fv_folder_create(const fv_trainer *trainer, const fv_train_options *options, fv_error *err);
fv_status fv_folder_read_args(const fv_host *host, const char *folder, fv_run_args *args, fv_error *err);
void fv_run_args_free(const fv_host *host, fv_run_args *args);
/* folder/name; fv_release it. */
char *fv_folder_path(const fv_host *host, const char *folder, const char *name);

/* results.csv: one row an epoch; fv_results_cut drops rows behind `epochs` epochs. */
fv_status fv_results_add(const fv_trainer *trainer, const fv_progress *progress, fv_error *err);
fv_status fv_results_cut(const fv_trainer *trainer, uint64_t epochs, fv_error *err);

/* Everything but the run folder. */
fv_status fv_trainer_make(const fv_host *host, const fv_net *net, const fv_data *data, const fv_train_options *options,
                          bool saves, fv_trainer **out, fv_error *err);

/* A trainer with plans, but no memory to run them in (fv_trainer_open) nor first weights. saves: models will be
 * written; without: passes to leave out, or NULL. */
fv_status fv_trainer_prepare(const fv_host *host, const fv_net *net, const fv_data *data,
                             const fv_train_options *options, bool saves, const char *without, fv_trainer **out,
                             fv_error *err);

/* ---- prepare.c */
enum { FV_TRAINER_PLANS = 4 };
/* Plan for the settings, in place of what was planned before; nothing large is allocated. */
fv_status fv_trainer_plan(fv_trainer *trainer, fv_error *err);
/* Those plans that there are; returns their number. */
size_t fv_trainer_plans(const fv_trainer *trainer, const fv_exec *execs[FV_TRAINER_PLANS]);
/* Memory for what was planned; the opposite of both. */
fv_status fv_trainer_open(fv_trainer *trainer, fv_error *err);
void fv_trainer_close(fv_trainer *trainer);

/* ---- models.c */
fv_status fv_trainer_save_models(fv_trainer *trainer, bool best, fv_error *err);

/* ---- gradients.c: gradients.csv, the norm of each parameter's gradient in every log-gradients-th step */
fv_status fv_gradients_add(const fv_trainer *trainer, const fv_learner *learner, fv_error *err);
fv_status fv_gradients_cut(const fv_trainer *trainer, fv_error *err); /* drop rows of steps that will be made again */

#endif
