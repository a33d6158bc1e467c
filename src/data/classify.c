/* Many picture files at once: read on the session's threads, run as one batch. */
#include "base/error.h"
#include "base/memory.h"
#include "data/shelf.h"
#include "image/digit.h"
#include "image/prepare.h"
#include "model/session.h"

#include <string.h>

typedef struct reading {
    const char *const *paths;
    const fv_preprocess *form;
    uint8_t *bytes;
    float *input;
    fv_error *errors;
} reading;

/* What cannot be read stays zeros, so that the others' places do not move. */
static void read_some(const void *args, size_t begin, size_t end, size_t slice)
{
    const reading *r = args;
    const size_t bytes = fv_shelf_picture(r->form);
    const fv_preprocess flat = fv_prepare_flat(r->form);

    (void)slice;
    for (size_t i = begin; i < end; i++)
        if (!fv_picture_read(r->paths[i], r->form, r->bytes + i * bytes, &r->errors[i]))
            fv_prepare(&flat, r->bytes + i * bytes, flat.height, flat.width, flat.channels, r->input + i * bytes, NULL);
}

static fv_status run(fv_session *session, const char *const *paths, size_t count, float *probabilities,
                     fv_error *errors, fv_error *err)
{
    const fv_preprocess *form = fv_net_preprocess(fv_model_net(session->model));
    const size_t bytes = fv_shelf_picture(form);
    reading r = {paths, form, fv_alloc(&session->host, count, bytes), NULL, errors};
    fv_status status;

    r.input = fv_alloc(&session->host, count * bytes, sizeof *r.input);
    if (r.bytes && r.input) {
        fv_pool_run(session->pool, read_some, &r, count, count);
        status = fv_session_run(session, r.input, count, probabilities, err);
        for (size_t i = 0; !status && i < count; i++)
            fv_session_softmax(probabilities + i * session->classes, session->classes);
    } else {
        status = fv_fail_memory(err, count * bytes * sizeof *r.input, "a batch of pictures");
    }
    fv_release(&session->host, r.bytes);
    fv_release(&session->host, r.input);
    return status;
}

fv_status fv_session_classify_files(fv_session *session, const char *const *paths, size_t count, float *probabilities,
                                    fv_error *errors, fv_error *err)
{
    if (count == 0 || count > session->run.batch)
        return fv_fail(err, FV_E_RANGE, "%zu pictures: this session runs 1 to %zu at once", count, session->run.batch);
    if (session->to_layer)
        return fv_fail(err, FV_E_ARGUMENT, "this session ends at a layer of the network and names no classes");
    memset(errors, 0, count * sizeof *errors);
    if (!fv_session_reads_digits(session))
        return run(session, paths, count, probabilities, errors, err);
    for (size_t i = 0; i < count; i++)
        fv_session_classify_file(session, paths[i], probabilities + i * session->classes, &errors[i]);
    return FV_OK;
}
