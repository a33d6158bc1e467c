#include "train/features.h"
#include "base/error.h"
#include "data/augment.h"
#include "data/shelf.h"
#include "image/prepare.h"
#include "model/session.h"

#include <string.h>

/* Pictures of one run of the network. */
typedef struct batch {
    const fv_pictures *pictures;
    const fv_preprocess *form;
    const uint32_t *rows;
    size_t n;
    const fv_features_options *options;
    uint8_t *bytes; /* [n, picture] */
    char *scratch;  /* [n, scratch_bytes] of a view: the part, what cutting it needs */
    size_t scratch_bytes;
    float *input;
    fv_error *errors; /* [n] */
} batch;

/* View 0 is the picture. */
enum { LEAST_PERCENT = 50 };
static const fv_augment mirrored = {.flip = true};

static size_t view_scratch(const fv_preprocess *flat)
{
    const size_t h = flat->height, w = flat->width, c = flat->channels;

    return (h * w * c + 63) / 64 * 64 + (fv_cut_scratch_any(h, w, c, h, w) + 63) / 64 * 64 +
           fv_augment_scratch(&mirrored, h, w, c) * sizeof(float);
}

static void take_view(const batch *b, const fv_preprocess *flat, size_t i)
{
    const size_t h = flat->height, w = flat->width, c = flat->channels, picture = (h * w * c + 63) / 64 * 64;
    const uint64_t seed = b->options->seed, sample = b->pictures->items[b->rows[i]].content[0] >> 32;
    const uint32_t view = (uint32_t)b->options->view;
    const fv_box box = fv_cut_draw(LEAST_PERCENT / 100.f, seed, view, sample, h, w);
    uint8_t *bytes = b->bytes + i * h * w * c;
    char *part = b->scratch + i * b->scratch_bytes, *cutting = part + picture;
    float *mirroring = (float *)(void *)(cutting + (fv_cut_scratch_any(h, w, c, h, w) + 63) / 64 * 64);

    fv_cut(&box, bytes, w, c, (uint8_t *)part, h, w, cutting);
    fv_augment_apply(&mirrored, seed, view, sample, (const uint8_t *)part, bytes, h, w, c, mirroring);
}

static void read_some(const void *args, size_t begin, size_t end, size_t slice)
{
    const batch *b = args;
    const size_t bytes = fv_shelf_picture(b->form);
    const fv_preprocess flat = fv_prepare_flat(b->form);

    (void)slice;
    for (size_t i = begin; i < end; i++)
        if (!fv_picture_read(b->pictures->items[b->rows[i]].path, b->form, b->bytes + i * bytes, &b->errors[i])) {
            if (b->options->view)
                take_view(b, &flat, i);
            fv_prepare(&flat, b->bytes + i * bytes, flat.height, flat.width, flat.channels, b->input + i * bytes, NULL);
        }
}

void fv_features_mean(const float *map, size_t pixels, size_t channels, float *out)
{
    for (size_t c = 0; c < channels; c++) {
        double sum = 0;

        for (size_t p = 0; p < pixels; p++)
            sum += (double)map[p * channels + c];
        out[c] = (float)(sum / (double)pixels);
    }
}

static fv_status run_batch(fv_session *session, batch *b, size_t pixels, float *maps, fv_feature_table *out,
                           fv_error *err)
{
    fv_status status;

    memset(b->errors, 0, b->n * sizeof *b->errors);
    fv_pool_run(session->pool, read_some, b, b->n, b->n);
    for (size_t i = 0; i < b->n; i++)
        if (b->errors[i].code) /* it was readable a moment ago */
            return fv_fail(err, b->errors[i].code, "%s", b->errors[i].message);
    status = fv_session_run(session, b->input, b->n, maps, err);
    for (size_t i = 0; !status && i < b->n; i++)
        fv_features_mean(maps + i * pixels * out->size, pixels, out->size, out->values + b->rows[i] * out->size);
    return status;
}

/* Compute those in rows[0..n-1]. */
static fv_status compute(fv_session *session, const fv_data *data, const fv_features_options *o, const uint32_t *rows,
                         size_t n, fv_feature_table *out, fv_error *err)
{
    const fv_preprocess *form = fv_net_preprocess(session->model->net);
    const size_t most = session->run.batch, bytes = fv_shelf_picture(form), pixels = session->classes / out->size;
    const fv_preprocess flat = fv_prepare_flat(form);
    batch b = {.pictures = &data->pictures,
               .form = form,
               .options = o,
               .scratch_bytes = o->view ? (view_scratch(&flat) + 63) / 64 * 64 : 0};
    float *maps = fv_alloc(&out->host, most * session->classes, sizeof *maps);
    fv_status status = FV_OK;

    b.bytes = fv_alloc(&out->host, most, bytes);
    b.input = fv_alloc(&out->host, most * bytes, sizeof *b.input);
    b.errors = fv_alloc(&out->host, most, sizeof *b.errors);
    if (b.scratch_bytes)
        b.scratch = fv_alloc(&out->host, most, b.scratch_bytes);
    if (!maps || !b.bytes || !b.input || !b.errors || (b.scratch_bytes && !b.scratch))
        status = fv_fail_memory(err, most * bytes * sizeof *b.input, "a batch");
    for (size_t at = 0; !status && at < n; at += b.n) {
        b.rows = rows + at;
        b.n = n - at < most ? n - at : most;
        status = run_batch(session, &b, pixels, maps, out, err);
        if (!status && o->progress && o->progress(o->user, at + b.n, n))
            status = fv_fail(err, FV_E_STOPPED, "stopped after the features of %zu of %zu pictures", at + b.n, n);
    }
    fv_release(&out->host, maps);
    fv_release(&out->host, b.bytes);
    fv_release(&out->host, b.scratch);
    fv_release(&out->host, b.input);
    fv_release(&out->host, b.errors);
    return status;
}

size_t fv_features_mark(const fv_data *data, size_t view, bool *wanted)
{
    for (size_t i = 0; i < data->pictures.count; i++)
        wanted[i] = view == 0;
    for (size_t i = 0; view && i < fv_data_count(data, FV_TRAIN); i++)
        wanted[data->rows[FV_TRAIN][i]] = true;
    return view ? fv_data_count(data, FV_TRAIN) : data->pictures.count;
}

/* Copy what the cache has; rows[] receives the others. */
static size_t look_up(const fv_pictures *pictures, const fv_feature_cache *cache, fv_feature_table *out, uint32_t *rows)
{
    size_t n = 0;

    for (size_t i = 0; i < pictures->count; i++) {
        const float *known = out->known[i] ? fv_feature_cache_find(cache, pictures->items[i].content) : NULL;

        if (!out->known[i])
            continue;
        if (known)
            memcpy(out->values + i * out->size, known, out->size * sizeof *known);
        else
            rows[n++] = (uint32_t)i;
    }
    return n;
}

static fv_status fill(fv_session *session, const fv_data *data, const fv_features_options *o, const char *path,
                      fv_feature_table *out, fv_error *err)
{
    uint32_t *rows = fv_alloc(&out->host, out->count, sizeof *rows);
    fv_feature_cache cache = {.size = out->size};
    fv_status status = FV_OK;

    out->values = fv_alloc(&out->host, out->count * out->size, sizeof *out->values);
    out->known = fv_alloc(&out->host, out->count, sizeof *out->known);
    if (!rows || !out->values || !out->known) {
        fv_release(&out->host, rows);
        return fv_fail_memory(err, out->count * out->size * sizeof *out->values, "features");
    }
    out->wanted = fv_features_mark(data, o->view, out->known);
    if (path)
        fv_feature_cache_open(path, out->size, &cache, &out->remark);
    out->computed = look_up(&data->pictures, &cache, out, rows);
    if (out->computed)
        status = compute(session, data, o, rows, out->computed, out, err);
    if (path && out->computed && !status)
        fv_feature_cache_write(path, &cache, &data->pictures, out, &out->unkept);
    fv_feature_cache_close(&cache);
    fv_release(&out->host, rows);
    return status;
}

fv_status fv_features_path(const fv_model *model, const fv_features_options *o, fv_text *out, fv_error *err)
{
    char key[33];

    fv_feature_key(model, o, key);
    fv_text_print(out, "%s/%s.features", o->cache, key);
    return out->failed ? fv_fail_memory(err, strlen(o->cache), "a path") : FV_OK;
}

fv_status fv_features_of(const fv_model *model, const fv_data *data, const fv_features_options *o,
                         fv_feature_table *out, fv_error *err)
{
    fv_session *session = NULL;
    size_t height, width;
    fv_text path;
    fv_status status;

    *out = (fv_feature_table){.host = model->host, .count = data->pictures.count};
    status = fv_session_create_to(&model->host, model, o->layer, &o->session, &session, err);
    if (status)
        return status;
    fv_session_output(session, &height, &width, &out->size);
    fv_text_init(&path, &model->host);
    if (o->cache)
        status = fv_features_path(model, o, &path, err);
    if (!status)
        status = fill(session, data, o, o->cache ? path.data : NULL, out, err);
    fv_text_free(&path);
    fv_session_free(session);
    if (status)
        fv_features_free(out);
    return status;
}

void fv_features_free(fv_feature_table *features)
{
    if (features->values)
        fv_release(&features->host, features->values);
    if (features->known)
        fv_release(&features->host, features->known);
    features->values = NULL;
    features->known = NULL;
}
