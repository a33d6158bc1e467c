/* Fovea: convolutional networks that train and predict on CPUs.
 *
 * Five nouns, all opaque: fv_net (what to compute), fv_model (a net with weights), fv_data (where samples come from),
 * fv_session (a model planned for one batch size, ready to run) and fv_trainer (a session that learns).
 *
 * Every function that can fail returns an fv_status and fills *err, which the caller owns and may pass as NULL. The
 * library never prints, aborts or exits, and keeps no global state. A function that makes an object writes it through
 * its `out` argument and leaves *out NULL on failure; every `free` accepts NULL.
 *
 * Strings are UTF-8 and zero-terminated; paths are bytes. Returned `const char *` belong to the object they were asked of. */
#ifndef FOVEA_FOVEA_H
#define FOVEA_FOVEA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FV_API __attribute__((visibility("default")))
#else
#define FV_API
#endif

#define FV_VERSION_MAJOR 0
#define FV_VERSION_MINOR 1
#define FV_VERSION_PATCH 0

/** The library's version at run time, "0.1.0". */
FV_API const char *fv_version(void);

/* ------------------------------------------------------------------------------------------------ errors */

/* Code and the text of fv_status_text; numbers are part of the ABI and never change. */
#define FV_STATUS_MAP(X)                                                                                               \
    X(FV_OK, 0, "success")                                                                                             \
    X(FV_E_ARGUMENT, 1, "invalid argument")                                                                            \
    X(FV_E_MEMORY, 2, "out of memory")                                                                                 \
    X(FV_E_IO, 3, "input or output failed")                                                                            \
    X(FV_E_FORMAT, 4, "malformed file")                                                                                \
    X(FV_E_SYNTAX, 5, "error in a network's text")                                                                     \
    X(FV_E_SHAPE, 6, "shapes do not fit")                                                                              \
    X(FV_E_RANGE, 7, "value out of range")                                                                             \
    X(FV_E_UNKNOWN, 8, "unknown name")                                                                                 \
    X(FV_E_VERSION, 9, "made by a newer version")                                                                      \
    X(FV_E_NAN, 10, "not a number or infinite")                                                                        \
    X(FV_E_STOPPED, 11, "stopped on request")                                                                          \
    X(FV_E_EXISTS, 12, "exists already")                                                                               \
    X(FV_E_UNSUPPORTED, 13, "not supported")

typedef enum fv_status {
#define FV_STATUS_ENUM(name, number, text) name = number,
    FV_STATUS_MAP(FV_STATUS_ENUM)
#undef FV_STATUS_ENUM
} fv_status;

/** A few words for a status; never NULL. */
FV_API const char *fv_status_text(fv_status status);

/** What went wrong: the place, the numbers and what to do. */
typedef struct fv_error {
    fv_status code;
    char message[512];
} fv_error;

/* -------------------------------------------------------------------------------------------- the caller's host */

/**
 * Where memory comes from and where remarks go. Passed at creation and copied; NULL means the C library's
 * allocator and no log. `alloc` returns a block aligned to 64 bytes or NULL. Both functions may be called from the
 * thread that calls the library only. Codecs and the JSON reader keep malloc; their buffers are bounded.
 */
typedef struct fv_host {
    size_t size; /**< sizeof(fv_host) */
    void *(*alloc)(void *user, size_t bytes);
    void (*release)(void *user, void *block);
    void (*log)(void *user, const char *message);
    void *user;
} fv_host;

/* ---------------------------------------------------------------------------------------------------- networks */

typedef struct fv_net fv_net;

/** Read a network from the notation (doc/notation.md). `file` is the name that messages print. */
FV_API fv_status fv_net_parse(const fv_host *host, const char *text, const char *file, fv_net **out, fv_error *err);

/** Open a network of the zoo by its name ("lenet-5"), or a file of the notation by its path. */
FV_API fv_status fv_net_open(const fv_host *host, const char *name_or_path, fv_net **out, fv_error *err);

/**
 * Add one line of the notation ("conv 3x3 64 pad 1 relu") to a network made by fv_net_parse, reading the values
 * `inputs` (numbers that earlier calls wrote to *value; n = 0 means the network's last value).
 */
FV_API fv_status fv_net_add(fv_net *net, const char *line, const int *inputs, size_t n, int *value, fv_error *err);

/** What fv_net_resize changes; a 0 leaves the network's own. */
typedef struct fv_net_size {
    size_t size;                   /**< sizeof(fv_net_size) */
    size_t numerator, denominator; /**< factor of all numbers of channels and units: 1, 8 for an eighth */
    size_t height, width;          /**< of the input; width 0 = as the height */
    size_t classes;                /**< what `classes` in its text stands for */
} fv_net_size;
#define FV_NET_SIZE                                                                                                    \
    {                                                                                                                  \
        sizeof(fv_net_size), 0, 0, 0, 0, 0                                                                             \
    }

/**
 * The same network at another size: narrower or wider, for a smaller input, with other classes. Each number of channels
 * is multiplied and rounded down on its own; what comes out at the end and the number of groups stay, but a convolution
 * with one filter a channel keeps one. The result is a network by itself (fv_net_text), made with `host`.
 * Errors: FV_E_RANGE if nothing is left of a layer, FV_E_SHAPE if the layers do not fit the input or its last one the
 * classes.
 */
FV_API fv_status fv_net_resize(const fv_host *host, const fv_net *net, const fv_net_size *to, fv_net **out,
                               fv_error *err);

/** The network as text; parsing it gives an equal network. */
FV_API const char *fv_net_text(const fv_net *net);
FV_API const char *fv_net_name(const fv_net *net);
FV_API void fv_net_free(fv_net *net);

/** One row of a network's description. Sizes are of one sample. */
typedef struct fv_layer {
    const char *name;                 /**< label, "conv1" or "layer1.0.conv1" */
    const char *type;                 /**< operator, "conv" */
    const char *text;                 /**< the operator with its attributes, "conv 5x5 6 pad 2 relu" */
    const char *activation;           /**< "relu", or "" */
    uint64_t height, width, channels; /**< of its output */
    uint32_t kernel[2], stride[2], pad_begin[2], pad_end[2], groups; /**< rows, columns; 0 where it has none */
    uint64_t parameters;                                             /**< trainable ones */
    uint64_t macs;                                                   /**< multiplications, biases not counted */
    uint64_t connections;      /**< weights and biases times the units that use them (LeCun 1998) */
    uint64_t activation_bytes; /**< of its output as float32 */
    uint64_t receptive_field;  /**< input pixels that one output can see, along the larger side */
    bool training_only;
    const uint32_t *inputs; /**< the layers whose outputs it reads, index + 1; 0 is the network's input */
    size_t n_inputs;
} fv_layer;

typedef struct fv_net_info {
    const fv_layer *layers;
    size_t count;
    uint64_t parameters, parameters_training, macs, connections, activation_bytes, receptive_field;
    uint32_t height, width, channels, classes;
} fv_net_info;

/** Describe each layer; *info points into the net and stays valid until the net changes or is freed. */
FV_API fv_status fv_net_describe(fv_net *net, fv_net_info *info, fv_error *err);

/** The zoo: names and texts of the networks inside the library, i < fv_zoo_count(). */
FV_API size_t fv_zoo_count(void);
FV_API const char *fv_zoo_name(size_t i);
FV_API const char *fv_zoo_text(size_t i);

/* ------------------------------------------------------------------------------------------------------ models */

typedef struct fv_model fv_model;

/** A network with weights as its initialisers make them from `seed`. The net is copied. */
FV_API fv_status fv_model_create(const fv_host *host, const fv_net *net, uint64_t seed, fv_model **out, fv_error *err);

/** Open a model file (safetensors with Fovea's metadata). The file is mapped and must not change while open. */
FV_API fv_status fv_model_open(const fv_host *host, const char *path, fv_model **out, fv_error *err);

/** How the tensors of a foreign file were matched. */
typedef struct fv_import_report {
    size_t by_name;     /**< weights that bear the same name in the file */
    size_t by_order;    /**< weights matched by their place and shape */
    size_t initialised; /**< weights of heads that exist in training only, absent in the file */
    size_t ignored;     /**< counters of batch norms, which nobody reads */
} fv_import_report;

/**
 * A model of `net` with the weights that another tool saved as safetensors: PyTorch's layouts, matched by name, the rest
 * in the file's order by shape. The net is copied; the file stays mapped and must not change while the model lives.
 * Weights of auxiliary heads may be absent: they are initialised from `seed`. `report` may be NULL.
 * Errors: FV_E_SHAPE names the tensor with both shapes, a weight without tensor, or a tensor that no layer has.
 */
FV_API fv_status fv_model_import(const fv_host *host, const fv_net *net, const char *path, uint64_t seed,
                                 fv_model **out, fv_import_report *report, fv_error *err);

/** Write a model; an existing file is replaced atomically, and kept if anything fails. */
FV_API fv_status fv_model_save(const fv_model *model, const char *path, fv_error *err);

FV_API const fv_net *fv_model_net(const fv_model *model);
FV_API size_t fv_model_classes(const fv_model *model);
FV_API const char *fv_model_class_name(const fv_model *model, size_t index);
FV_API fv_status fv_model_set_classes(fv_model *model, const char *const *names, size_t count, fv_error *err);
/** A string of the model's metadata ("seed", "data"), or NULL. */
FV_API const char *fv_model_meta(const fv_model *model, const char *key);
FV_API fv_status fv_model_set_meta(fv_model *model, const char *key, const char *value, fv_error *err);
FV_API void fv_model_free(fv_model *model);

/** One tensor of a model in PyTorch's layout (convolution [out,in/groups,kh,kw], dense [out,in]). */
typedef struct fv_tensor {
    const char *name;
    int rank;
    size_t dim[4];
    const float *data; /**< row-major */
} fv_tensor;
FV_API size_t fv_model_tensors(const fv_model *model);
FV_API fv_status fv_model_tensor(const fv_model *model, size_t index, fv_tensor *tensor, fv_error *err);

/**
 * Prove that this machine computes what the model's maker computed: runs the self-test vector that the file carries
 * with the kernels that a session here chooses and with the plain ones, and compares the logits. *worst is the largest
 * difference relative to the largest logit. (A model of vgg-d takes half a minute: plain code is slow.)
 * Errors: FV_E_RANGE above 1e-3, FV_E_UNSUPPORTED if the file carries none.
 */
FV_API fv_status fv_model_selfcheck(const fv_model *model, double *worst, fv_error *err);

/* ---------------------------------------------------------------------------------------------------- sessions */

typedef struct fv_session fv_session;

typedef struct fv_session_options {
    size_t size;         /**< sizeof(fv_session_options) */
    size_t batch;        /**< largest number of samples a run; 0 = 1 */
    size_t threads;      /**< 0 = as many as the affinity mask allows */
    const char *isa;     /**< "ref", "avx2", "avx512", "neon"; NULL = the best this CPU has */
    size_t memory_limit; /**< bytes that the session may take (fv_session_bytes); 0 = no limit */
    bool exact; /**< no algorithm that rounds more than the plain one: no Winograd, errors 10 times smaller, slower */
    const char *tuning; /**< a file of `fovea plan --tune`: the algorithms that were fastest on this machine; NULL = as
                             the cost model says. Results differ by rounding; with `exact` it says nothing */
    bool low_memory; /**< keep no form of a weight that is larger than it: what Winograd's method needs is made in each
                          run, one layer at a time. The same bits, slower */
    size_t views; /**< of each picture that is classified, whose probabilities are averaged: 0 or 1 = one, 2 = with its
                       mirror image, 10 = the middle and the corners of its middle square, and their mirror images, as
                       AlexNet's authors do it, for nets whose pictures are cut. The batch is that many at least */
    bool as_stored; /**< picture files are taken as they are stored, not turned as their EXIF orientation says */
    bool
        bf16; /**< layers that are faster so read weights and inputs rounded to bf16 (8 bits of precision); sums and all
                    else stay float. With `exact` it says nothing */
} fv_session_options;
#define FV_SESSION_OPTIONS                                                                                             \
    {                                                                                                                  \
        sizeof(fv_session_options), 0, 0, NULL, 0, false, NULL, false, 0, false, false                                 \
    }

/**
 * Plan a model for inference. All memory that running needs is allocated here. The model must outlive the session.
 * Errors: FV_E_MEMORY, before anything large is allocated, if options->memory_limit would be passed.
 */
FV_API fv_status fv_session_create(const fv_host *host, const fv_model *model, const fv_session_options *options,
                                   fv_session **out, fv_error *err);

/**
 * Run the session on one batch.
 *
 * input   [batch, height, width, channels] floats as the model's preprocessing leaves them; read only.
 * output  [batch, classes] logits (before soft-max; of lenet-5-1998 the negated distances); written.
 * Both are the caller's and may be freed after the call. Allocates nothing.
 * Threads: one call at a time a session; sessions of one model may run at once.
 * Errors: FV_E_RANGE if batch is 0 or above the session's.
 */
FV_API fv_status fv_session_run(fv_session *session, const float *input, size_t batch, float *output, fv_error *err);

/** As fv_session_run, from 8-bit pictures: preprocesses as the model says and gives probabilities (soft-max). */
FV_API fv_status fv_session_classify(fv_session *session, const uint8_t *pixels, size_t height, size_t width,
                                     size_t channels, float *probabilities, fv_error *err);
/** As fv_session_classify, from a picture file (fovea/image.h lists the formats). */
FV_API fv_status fv_session_classify_file(fv_session *session, const char *path, float *probabilities, fv_error *err);

/**
 * As fv_session_classify_file, of up to the session's batch of files at once (batch / views of them), which are read on its threads:
 * probabilities [count, classes]. errors [count]: the code is FV_OK where a file could be read; the others' probabilities
 * mean nothing.
 */
FV_API fv_status fv_session_classify_files(fv_session *session, const char *const *paths, size_t count,
                                           float *probabilities, fv_error *errors, fv_error *err);

/**
 * Plan a model up to a layer, by the name that fv_net_describe gives it; its activation is included. Nothing behind it is
 * computed. fv_session_run then writes [batch, height, width, channels] of fv_session_output, and fv_session_features the
 * same of one picture; fv_session_classify refuses such a session.
 * Errors: FV_E_UNKNOWN if the network has no such layer, and those of fv_session_create.
 */
FV_API fv_status fv_session_create_to(const fv_host *host, const fv_model *model, const char *layer,
                                      const fv_session_options *options, fv_session **out, fv_error *err);

/** Sizes of what one sample gives: a layer's map, or 1, 1 and the number of classes. */
FV_API void fv_session_output(const fv_session *session, size_t *height, size_t *width, size_t *channels);

/** Prepare one picture as the model says and run the session: `output` is as fv_session_run's, for one sample. */
FV_API fv_status fv_session_features(fv_session *session, const uint8_t *pixels, size_t height, size_t width,
                                     size_t channels, float *output, fv_error *err);
/** As fv_session_features, from a picture file. */
FV_API fv_status fv_session_features_file(fv_session *session, const char *path, float *output, fv_error *err);

/** A picture: a file by its path, or what such a file holds, or pixels; the first of these that is not NULL. */
typedef struct fv_photo {
    const char *path;
    const void *bytes;
    size_t byte_count;
    const uint8_t *pixels;          /**< [height, width, channels]; channels: 1 = grey, 3 = RGB */
    size_t height, width, channels; /**< of the pixels */
} fv_photo;

/** A class and how probable it is. The name belongs to the model. */
typedef struct fv_guess {
    const char *name;
    size_t index;
    float probability;
} fv_guess;

/**
 * Name what is on a picture: the `count` likeliest classes to top[0..count-1], the likeliest first, ties by rising index.
 * Entries behind the model's last class become zeros, their name NULL.
 */
FV_API fv_status fv_classify_image(fv_session *session, const fv_photo *photo, fv_guess *top, size_t count,
                                   fv_error *err);

/**
 * The numbers that a picture becomes: the output of the layer that fv_session_create_to named, [height, width, channels]
 * of fv_session_output; of a whole network its logits.
 */
FV_API fv_status fv_features(fv_session *session, const fv_photo *photo, float *output, fv_error *err);

/** What the planner decided, in words. */
FV_API const char *fv_session_explain(const fv_session *session);
FV_API size_t fv_session_bytes(const fv_session *session);
FV_API void fv_session_free(fv_session *session);

/* -------------------------------------------------------------------------------------------------------- data */

typedef struct fv_data fv_data;
typedef enum fv_split { FV_TRAIN = 0, FV_VAL = 1, FV_TEST = 2 } fv_split;

typedef struct fv_data_options {
    size_t size;   /**< sizeof(fv_data_options) */
    double val;    /**< share of the training samples held out for validation, 0 = none */
    uint64_t seed; /**< of that choice */
    size_t limit;  /**< use at most this many training samples, 0 = all */
    double test;   /**< pictures in one folder: share held out for testing; 0 = 0.15. Of these `val` 0 means 0.15 too */
    const char *const *classes; /**< pictures in files: the names of the classes in a model's order; NULL = as found */
    size_t class_count;         /**< how many */
    size_t threads;             /**< that read pictures; 0 = as many as the affinity mask allows */
    const char *splits;         /**< pictures in files: the split.csv of a run, whose splits they keep; NULL = none */
} fv_data_options;
#define FV_DATA_OPTIONS                                                                                                \
    {                                                                                                                  \
        sizeof(fv_data_options), 0.0, 1, 0, 0.0, NULL, 0, 0, NULL                                                      \
    }

/**
 * Open a folder with MNIST's four IDX files, plain or .gz, or with CIFAR's binary files: data_batch_1.bin to
 * data_batch_5.bin (as many as there are) and test_batch.bin, or CIFAR-100's train.bin and test.bin. One of the two sets
 * may be absent. Classes are called as batches.meta.txt or fine_label_names.txt says, without them by their numbers.
 *
 * Or NumPy's arrays: train-pictures.npy and test-pictures.npy, uint8 [N,H,W,C] or float32 (inputs that are prepared
 * already), with whole numbers in train-labels.npy and test-labels.npy.
 *
 * Or pictures in files: a folder with a folder a class, pictures at any depth below; in train/ and val/ (valid/,
 * validation/) and perhaps test/, or in one folder that is split 70:15:15, each class alike, pictures that look alike on
 * one side. Or a list of them: CSV with a header (path, class, perhaps split), or lines "path class". Each picture is
 * read once here; those that cannot be are left out and listed (fv_data_bad).
 */
FV_API fv_status fv_data_open(const fv_host *host, const char *path, const fv_data_options *options, fv_data **out,
                              fv_error *err);

/** Pictures in memory: pixels [count,height,width,channels], labels [count] below `classes`. Both are copied. */
FV_API fv_status fv_data_from_memory(const fv_host *host, const uint8_t *pixels, const uint32_t *labels, size_t count,
                                     size_t height, size_t width, size_t channels, size_t classes,
                                     const fv_data_options *options, fv_data **out, fv_error *err);

FV_API size_t fv_data_count(const fv_data *data, fv_split split);
FV_API size_t fv_data_classes(const fv_data *data);
FV_API const char *fv_data_class_name(const fv_data *data, size_t index);
/** Pixels [height,width,channels] and label of one sample; of pictures in files and of arrays of floats the label alone,
 * pixels are NULL. */
FV_API const uint8_t *fv_data_sample(const fv_data *data, fv_split split, size_t index, uint32_t *label);
/** The file of a sample, NULL for data that is not in picture files. */
FV_API const char *fv_data_path(const fv_data *data, fv_split split, size_t index);
/** Files and folders that cannot be used, and why, index < fv_data_bad(data). */
FV_API size_t fv_data_bad(const fv_data *data);
FV_API const char *fv_data_bad_path(const fv_data *data, size_t index);
FV_API const char *fv_data_bad_reason(const fv_data *data, size_t index);
/** Of all pictures; 0 for pictures in files, which may have any size. */
FV_API void fv_data_size(const fv_data *data, size_t *height, size_t *width, size_t *channels);
FV_API void fv_data_free(fv_data *data);

/* ---------------------------------------------------------------------------------------------------- training */

typedef struct fv_trainer fv_trainer;

/** State of a run, given to the callback after steps and after epochs. Unknown figures are NaN. */
typedef struct fv_progress {
    uint64_t epoch, epochs; /**< epoch counts from 1 */
    uint64_t step, steps;   /**< inside the epoch, and in a whole epoch */
    uint64_t total_steps;   /**< since the beginning, over resumes */
    double loss, top1;      /**< means over the epoch's images so far */
    double lr, grad_norm;
    double images_per_s, data_s, compute_s, eval_s, elapsed_s;
    bool epoch_done;                     /**< the figures below are set */
    double val_loss, val_top1, val_top5; /**< NaN without a validation set */
    double test_loss, test_top1;         /**< NaN without a test set; they choose nothing */
    bool best;                           /**< this epoch's weights became best */
} fv_progress;

/** Return 0 to go on, anything else to stop after this step; a checkpoint is written first if the run has a folder. */
typedef int (*fv_progress_fn)(void *user, const fv_progress *progress);

typedef struct fv_train_options {
    size_t size;      /**< sizeof(fv_train_options) */
    const char *out;  /**< run folder, created; NULL = nothing is written */
    const char *text; /**< further options as on the command line: "epochs 10 batch 128 lr 0.05"; doc/training.md */
    size_t threads;   /**< 0 = as many as the affinity mask allows */
    const char *isa;  /**< as fv_session_options */
    fv_progress_fn progress;
    void *user;
    const char *data_path; /**< where `data` was opened; kept in args.json so that a run can be resumed; may be NULL */
    size_t memory_limit;   /**< bytes that the trainer may take, `data` not counted; 0 = no limit */
    const fv_model *from;  /**< fine-tuning: first weights, of `net`; text says how much of it is trained ("unfreeze 2",
                                "unfreeze all"). With validation samples the model that is kept as the best is this one
                                unless an epoch is better. NULL = first weights are drawn. Read at creation only */
    const double *class_weights; /**< [classes of data]: what a sample of each class counts in the loss, scaled so that
                                      training samples count 1 on average; NULL = 1, or "balance" in text. Copied */
} fv_train_options;
#define FV_TRAIN_OPTIONS                                                                                               \
    {                                                                                                                  \
        sizeof(fv_train_options), NULL, NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL                                 \
    }

/**
 * Plan the training of `net` on `data`. What the net's own text says about training (its `train` line) holds where
 * options->text does not say otherwise. `data` must outlive the trainer.
 * Errors: FV_E_MEMORY, with the numbers and before anything large is allocated, if options->memory_limit would be
 * passed.
 */
FV_API fv_status fv_trainer_create(const fv_host *host, const fv_net *net, const fv_data *data,
                                   const fv_train_options *options, fv_trainer **out, fv_error *err);
/** Go on from the checkpoint in a run folder. Gives the bits that an uninterrupted run would have given. */
FV_API fv_status fv_trainer_resume(const fv_host *host, const char *folder, const fv_data *data,
                                   const fv_train_options *options, fv_trainer **out, fv_error *err);
/** Train until the last epoch. FV_E_STOPPED if the callback asked to stop, FV_E_NAN if the numbers broke. */
FV_API fv_status fv_trainer_run(fv_trainer *trainer, fv_error *err);
/** True when the last epoch is done or the run stopped early: fv_trainer_run has nothing left to do. */
FV_API bool fv_trainer_done(const fv_trainer *trainer);
/** The weights as they are now, as a model that the caller frees. */
FV_API fv_status fv_trainer_model(fv_trainer *trainer, fv_model **out, fv_error *err);
FV_API void fv_trainer_free(fv_trainer *trainer);

/** What fv_evaluate measured. */
typedef struct fv_evaluation {
    double loss, top1, top5; /**< mean cross-entropy in nat; fractions */
    size_t n, classes;
} fv_evaluation;

/**
 * Measure a model on a split. `probabilities` ([n, classes], may be NULL) receives the soft-max outputs in the order
 * of the split.
 */
FV_API fv_status fv_evaluate(const fv_host *host, const fv_model *model, const fv_data *data, fv_split split,
                             const fv_session_options *options, fv_evaluation *result, float *probabilities,
                             fv_error *err);

#ifdef __cplusplus
}
#endif
#endif
