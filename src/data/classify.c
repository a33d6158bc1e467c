/* Many picture files at once: read on the session's threads, straight into its input, and run as one batch. */
#include "base/error.h"
#include "base/memory.h"
#include "image/digit.h"
#include "image/image.h"
#include "model/session.h"

#include <string.h>

typedef struct reading {
    const fv_session *session;
    const char *const *paths;
    float *input; /* [pictures, views, H, W, C] */
    fv_error *errors;
} reading;

/* What cannot be read becomes zeros, so that the others' places do not move. The host is for the caller's thread alone. */
static void read_some(const void *args, size_t begin, size_t end, size_t slice)
{
    const reading *r = args;
    const size_t views = r->session->views, values = views * r->session->inputs;

    (void)slice;
    for (size_t i = begin; i < end; i++) {
        fv_image image;

        if (!fv_image_open_as(NULL, r->paths[i], fv_session_stored(r->session), &image, &r->errors[i]))
            fv_session_prepare(r->session, NULL, r->paths[i], &image, views, r->input + i * values, &r->errors[i]);
        if (r->errors[i].code)
            memset(r->input + i * values, 0, values * sizeof *r->input);
        fv_image_free(NULL, &image);
    }
}

/* Own memory where the session's cannot be used: its input, unless it is of floats, and the logits of several views. */
static fv_status run(fv_session *session, reading *r, size_t count, float *probabilities, fv_error *err)
{
    const fv_host *host = &session->host;
    const size_t views = session->views, samples = count * views;
    float *slot = fv_session_slot(session),
          *input = slot ? slot : fv_alloc(host, samples * session->inputs, sizeof *input);
    float *logits = views > 1 ? fv_alloc(host, samples * session->classes, sizeof *logits) : probabilities;
    fv_status status = FV_OK;

    r->input = input;
    if (input && logits) {
        fv_pool_run(session->pool, read_some, r, count, count);
        status = fv_session_run(session, input, samples, logits, err);
    } else {
        status =
            fv_fail_memory(err, samples * (session->inputs + session->classes) * sizeof *input, "a batch of pictures");
    }
    for (size_t i = 0; !status && i < count; i++)
        fv_session_mean(session, logits + i * views * session->classes, probabilities + i * session->classes);
    if (!slot)
        fv_release(host, input);
    if (views > 1)
        fv_release(host, logits);
    return status;
}

fv_status fv_session_classify_files(fv_session *session, const char *const *paths, size_t count, float *probabilities,
                                    fv_error *errors, fv_error *err)
{
    const size_t most = session->run.batch / session->views;
    reading r = {session, paths, NULL, errors};

    if (count == 0 || count > most)
        return fv_fail(err, FV_E_RANGE, "%zu pictures: this session runs 1 to %zu at once", count, most);
    if (session->to_layer)
        return fv_fail(err, FV_E_ARGUMENT, "this session ends at a layer of the network and names no classes");
    memset(errors, 0, count * sizeof *errors);
    return run(session, &r, count, probabilities, err);
}
