/* A session from inside: its plan, store and values, for whoever measures or checks them. */
#ifndef FV_MODEL_SESSION_H
#define FV_MODEL_SESSION_H
#include "fovea/image.h"
#include "model/model.h"
#include "ops/tuning.h"
#include "run/inference.h"

struct fv_session {
    fv_host host;
    const fv_model *model;
    fv_pool *pool;
    fv_store store;
    fv_inference run;
    size_t views;                 /* of each picture: 1, 2 or 10 */
    size_t inputs, classes;       /* elements of one sample and of its result, which may be a layer's maps */
    bool to_layer, smallest_wins; /* ends at a layer; logits are distances */
    bool as_stored;               /* picture files are not turned upright */
    fv_tuning tuning;             /* what options->tuning holds */
    fv_text explanation;
};

/* What a session ends with. */
typedef struct fv_session_end {
    const char *layer; /* NULL = the whole net */
    bool back;         /* computes the whole net, and the gradient back to that layer, or to the last convolution */
} fv_session_end;
fv_status fv_session_plan(const fv_host *host, const fv_model *model, const fv_session_end *end,
                          const fv_session_options *options, fv_session **out, fv_error *err);

/* The session's plan with its memory; its logits are reals of the session's kernels. Logits are as the net
 * makes them: of a net where the smallest wins, distances. */
fv_exec *fv_session_exec(fv_session *session);
fv_value fv_session_logits(const fv_session *session);

/* The options with their defaults where they are NULL or of a caller that was built against fewer. */
fv_session_options fv_session_options_of(const fv_session_options *options);

/* How its picture files are read, as fv_image_open_as has it. */
static inline unsigned fv_session_stored(const fv_session *session)
{
    return session->as_stored ? FV_IMAGE_AS_STORED : 0;
}

/* Logits to probabilities, in place: x[c] = exp(x[c] - max) / sum. */
void fv_session_softmax(float *x, size_t classes);

/* A batch's input where fv_session_run takes it from without copying; NULL where its reals are no floats. */
float *fv_session_slot(fv_session *session);
/* Logits [views, classes] of one picture, overwritten, to the mean of their probabilities [classes], which may be the first. */
void fv_session_mean(const fv_session *session, float *logits, float *probabilities);

/* The `count` likeliest classes, as fv_classify_image gives them. */
void fv_model_rank(const fv_model *model, const float *probabilities, fv_guess *top, size_t count);

/* ---- heat.c */

/* A session of one sample that can say where the model looked, at a layer or with NULL at its last convolution. */
fv_status fv_session_create_heat(const fv_host *host, const fv_model *model, const char *layer,
                                 const fv_session_options *options, fv_session **out, fv_error *err);
/* Height and width of the layer's maps. */
void fv_session_heat_size(const fv_session *session, size_t size[2]);
/* Where the class was seen on a prepared picture: heat [height, width], 0 or more. */
fv_status fv_session_heat(fv_session *session, const float *input, size_t class_index, float *heat, fv_error *err);

#endif
