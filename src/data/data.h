/* Samples in memory: what a folder or the caller gave, and how it is cut into splits. */
#ifndef FV_DATA_DATA_H
#define FV_DATA_DATA_H
#include "base/text.h"
#include "data/pictures.h"

/* Pictures [count,height,width,channels] and their labels, in the order of the file. */
typedef struct fv_samples {
    uint8_t *block;        /* the allocation that holds the pixels, perhaps behind a file's header */
    const uint8_t *pixels; /* of floats: where those begin, aligned */
    uint32_t *labels;
    size_t count;
} fv_samples;

struct fv_data {
    fv_host host;
    size_t height, width, channels, classes;
    bool floats; /* samples are not pictures, but inputs that were prepared elsewhere */
    fv_samples train, test;
    uint32_t *order; /* numbers of train's samples: validation first, then training; NULL = all train, as they stand */
    size_t counts[3];
    bool in_files; /* pictures decoded when they are needed; train and test are empty */
    fv_pictures pictures;
    size_t unrecorded;     /* pictures that options->splits does not name */
    bool recorded_by_name; /* it has no contents, so pictures were found in it by their names */
    uint32_t *rows[3];     /* numbers of the pictures of each split */
    const char **names;    /* [classes] */
    char *name_text;
    char hash[33];
};

/* XXH3-128 in hex over size, pixels and labels of the samples that training can read (the test samples where there are
 * no others). The same pictures give the same hash, packed or not, whatever the split: for provenance. */
const char *fv_data_hash(const fv_data *data);

/* What the samples take in memory, their order and names included. */
size_t fv_data_bytes(const fv_data *data);

/* Values [height,width,channels] of one sample of data with `floats`, else NULL. */
const float *fv_data_input(const fv_data *data, fv_split split, size_t index, uint32_t *label);

/* Cut into splits, name the classes and hash; on failure the caller frees `data`. Labels are below data->classes.
 *
 * Split: the training samples are permuted by options->seed (FV_STREAM_SPLIT); round(count * val) of them, at least
 * one, become FV_VAL, the next `limit` (0 = the rest) FV_TRAIN. Each split keeps the file's order. So a validation set
 * does not depend on `limit`, and neither is spoilt by a file that is sorted by class. */
fv_status fv_data_finish(fv_data *data, const char *place, const fv_data_options *options, fv_error *err);

/* ---- folder.c: pictures in files */
bool fv_folder_found(const char *path);
fv_status fv_folder_open(fv_data *data, const char *path, const fv_data_options *options, fv_error *err);
/* ---- splits.c: path, class, split and content of every picture, as a list that fv_data_open reads. */
fv_status fv_data_print_splits(const fv_data *data, fv_text *out);
/* Give pictures the split that such a list says, by their content, or by their names where it is of a version that wrote
 * no contents. Those that are not in it are counted in
 * data->unrecorded and train, unless the folder says otherwise. Where it names none of them it says nothing. */
fv_status fv_data_keep_splits(fv_data *data, const char *path, fv_error *err);

/* *out = options with what a caller's older, shorter struct lacks set to its default; NULL means all defaults. */
fv_status fv_data_read_options(const fv_data_options *options, fv_data_options *out, fv_error *err);

#endif
