/* Transfer learning with a frozen backbone: features of all pictures (cached), a new last layer fitted to them, and the
 * model that both make. */
#ifndef FV_TRAIN_TRANSFER_H
#define FV_TRAIN_TRANSFER_H
#include "train/features.h"
#include "train/logistic.h"

typedef struct fv_transfer_options {
    const char *cache;
    fv_session_options session;
    size_t views;                /* of each training picture, the picture itself included; 0 = 1 */
    uint64_t seed;               /* of the others */
    bool balance;                /* classes weigh alike, however many pictures they have */
    const double *class_weights; /* [classes of data] in their place, or NULL */
    size_t memory_limit;         /* bytes that fv_transfer_foretell may tell; 0 = no limit */
    fv_features_fn progress;
    void *user;
} fv_transfer_options;

typedef struct fv_transfer_split {
    size_t count, right;
    double loss, ece; /* expected calibration error over 15 bins of the surest class's probability */
} fv_transfer_split;

typedef struct fv_transfer_result {
    fv_model *model; /* the caller's */
    char layer[FV_NET_LABEL];
    size_t pictures, seen, computed, features; /* seen: pictures, and the views of those of the training split */
    const char *cache_remark;
    fv_error unkept; /* as a table of features has it, of the first that could not be kept */
    double lambda, temperature, features_s, head_s;
    double square;              /* mean squared length of the features of training pictures */
    fv_transfer_split split[3]; /* by fv_split */
} fv_transfer_result;

/* What it takes, before it begins; nothing large is allocated. */
typedef struct fv_transfer_forecast {
    size_t seen, missing; /* pictures with their views, and those of them that the cache lacks */
    size_t cache_bytes;   /* of the cache afterwards */
    size_t memory;        /* anonymous memory of the process at the fullest */
} fv_transfer_forecast;

/* FV_E_MEMORY, with the numbers, if it is more than options->memory_limit. */
fv_status fv_transfer_foretell(const fv_model *source, const fv_data *data, const fv_transfer_options *options,
                               fv_transfer_forecast *out, fv_error *err);
/* The rate at which to go on training a network with such features: steps of its last layer grow with their squared length, and
 * those of more than this rate run away. FV_FINE_TUNING_LR or less. */
double fv_transfer_lr(const fv_transfer_result *result);
fv_status fv_transfer(const fv_model *source, const fv_data *data, const fv_transfer_options *options,
                      fv_transfer_result *out, fv_error *err);

#endif
