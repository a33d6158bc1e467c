/* What a network's last layer but one makes of pictures, computed once: a cache holds it by the content of the files. */
#ifndef FV_TRAIN_FEATURES_H
#define FV_TRAIN_FEATURES_H
#include "data/data.h"
#include "model/model.h"

typedef struct fv_feature_table {
    fv_host host;
    size_t count, size; /* pictures; features of each */
    float *values;      /* [count, size], in the order of data->pictures */
    bool *known;        /* [count] of a view, training pictures alone have features */
    size_t wanted;      /* known ones */
    size_t computed;    /* of these; the rest were in the cache */
    const char *remark; /* why a cache that was there could not be used, or NULL */
    fv_error unkept;    /* why the cache could not be written, which is no failure; code FV_OK = it was */
} fv_feature_table;

/* Return anything but 0 to stop. */
typedef int (*fv_features_fn)(void *user, size_t done, size_t count);

typedef struct fv_features_options {
    const char *layer; /* the layer that is read; a map is averaged over its pixels */
    const char *cache; /* folder of caches, NULL = none; a file in it is named by the weights and the layer */
    fv_session_options session;
    size_t
        view; /* 0: pictures as the net takes them; others: a part of at least half of that and perhaps its mirror image, */
    uint64_t seed;           /*   as seed, view and the file's content say; of training pictures alone */
    fv_features_fn progress; /* may be NULL */
    void *user;
} fv_features_options;

fv_status fv_features_of(const fv_model *model, const fv_data *data, const fv_features_options *options,
                         fv_feature_table *out, fv_error *err);
/* Mean over the pixels of a map [pixels, channels]. */
void fv_features_mean(const float *map, size_t pixels, size_t channels, float *out);
void fv_features_free(fv_feature_table *features);
/* Which pictures have features: all, of a view those of the training split. Returns their number. */
size_t fv_features_mark(const fv_data *data, size_t view, bool *wanted);
/* The file of the cache in options->cache. */
fv_status fv_features_path(const fv_model *model, const fv_features_options *options, fv_text *out, fv_error *err);

/* ---- cache.c */
enum { FV_FEATURE_KEY = 16 }; /* bytes: XXH3-128 of the picture's file */

typedef struct fv_feature_cache {
    const uint8_t *map;
    size_t bytes, count, size;
    const uint64_t *keys; /* [count, 2], sorted */
    const float *values;  /* [count, size] */
} fv_feature_cache;

/* XXH3-128 over the weights, the net's text (its preprocessing is in it), the layer and the view, in hex. */
void fv_feature_key(const fv_model *model, const fv_features_options *options, char key[33]);

/* Map a cache; a file that is missing gives an empty one. *remark: why one that is there is left alone. */
void fv_feature_cache_open(const char *path, size_t size, fv_feature_cache *cache, const char **remark);
void fv_feature_cache_close(fv_feature_cache *cache);
const float *fv_feature_cache_find(const fv_feature_cache *cache, const uint64_t content[2]);

/* Replace the file: what is in `old`, and the features of the pictures. */
fv_status fv_feature_cache_write(const char *path, const fv_feature_cache *old, const fv_pictures *pictures,
                                 const fv_feature_table *features, fv_error *err);

#endif
