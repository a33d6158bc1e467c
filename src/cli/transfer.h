/* train with weights that somebody trained before: a frozen backbone, its features cached, a new last layer. */
#ifndef FV_CLI_TRANSFER_H
#define FV_CLI_TRANSFER_H
#include "cli/cli.h"
#include "cli/place.h"

typedef struct fv_cli_transfer_job {
    const char *net;    /* NULL: the weights are a model of ours, which has its network inside */
    const char *from;   /* weights */
    const char *folder; /* of the run */
    const char *cache;  /* folder, NULL = the user's; "" = none */
    size_t views;       /* of each training picture */
    uint64_t seed;
    bool balance;
    const double *class_weights; /* [classes of the data] or NULL */
    bool fine_tuned;             /* training goes on with the model: it is handed over, nothing is written */
} fv_cli_transfer_job;

/* Train a new last layer on `data`; returns the exit code. *model, *lr: of a job that is fine-tuned, the caller's, and the
 * rate to go on with where nobody names one. */
int fv_cli_transfer(const fv_cli *cli, const fv_cli_transfer_job *job, const fv_data *data, fv_model **model,
                    double *lr);

/* For fv_features_fn: says how long it takes once a first batch has shown it, then every ten seconds; stops at a signal
 * (fv_cli_stop_begin). */
typedef struct fv_cli_watch {
    const fv_cli *cli;
    double began_s, told_s;
    bool told;
} fv_cli_watch;

fv_cli_watch fv_cli_watch_begin(const fv_cli *cli);
int fv_cli_watch_report(void *user, size_t done, size_t count);

/* The folder of features as --cache asks (NULL: the user's own, "": none), made where it is missing; NULL = there is none. One
 * that cannot be made is said, and the work goes on without. */
const char *fv_cli_cache_folder(const fv_cli *cli, const char *asked, char own[FV_CLI_PATH]);
/* What became of the cache, if that is worth a word. */
void fv_cli_cache_say(const fv_cli *cli, const char *remark, const fv_error *unkept);

#endif
