/* From a picture to probabilities: the way of evaluation (image/prepare.h), with one step more in front for nets of
 * MNIST's form. A net whose pictures are grey and 28x28 reads digits: whatever picture it is given is first brought to
 * MNIST's form (image/digit.h), which leaves pictures that have it already as they are. */
#include "base/error.h"
#include "base/memory.h"
#include "image/digit.h"
#include "image/image.h"
#include "image/prepare.h"
#include "model/session.h"

#include <string.h>

bool fv_session_reads_digits(const fv_session *session)
{
    const fv_preprocess *p = fv_net_preprocess(fv_model_net(session->model));
    const char *samples = fv_model_meta(session->model, "samples");

    /* What learnt from pictures as they are reads them as they are. */
    return p->channels == 1 && fv_preprocess_from_height(p) == FV_DIGIT_SIDE &&
           fv_preprocess_from_width(p) == FV_DIGIT_SIDE && !(samples && strcmp(samples, "pictures") == 0);
}

fv_status fv_session_prepare(const fv_session *session, const char *name, const fv_image *image, float **input,
                             fv_error *err)
{
    const fv_preprocess *p = fv_net_preprocess(fv_model_net(session->model));
    const fv_host *host = &session->host;
    uint8_t digit[FV_DIGIT_SIDE * FV_DIGIT_SIDE];
    fv_image seen = *image;
    fv_status status = FV_OK;
    size_t bytes;
    void *scratch;

    *input = NULL;
    if (fv_session_reads_digits(session)) {
        status = fv_digit_from_image(host, name, image, digit, err);
        seen = (fv_image){FV_DIGIT_SIDE, FV_DIGIT_SIDE, 1, digit};
    }
    if (!status)
        status = fv_prepare_check(p, seen.height, seen.width, seen.channels, err);
    if (status)
        return status;
    bytes = fv_prepare_scratch(p, seen.height, seen.width, seen.channels);
    *input = fv_alloc(host, p->height * p->width * p->channels, sizeof **input);
    scratch = bytes ? fv_alloc(host, bytes, 1) : NULL;
    if (*input && (scratch || !bytes)) {
        fv_prepare(p, seen.pixels, seen.height, seen.width, seen.channels, *input, scratch);
    } else {
        fv_release(host, *input);
        *input = NULL;
        status = fv_fail_memory(err, p->height * p->width * p->channels * sizeof **input + bytes, "a picture");
    }
    fv_release(host, scratch);
    return status;
}

static fv_status features(fv_session *session, const char *name, const fv_image *image, float *output, fv_error *err)
{
    float *input;
    fv_status status = fv_session_prepare(session, name, image, &input, err);

    if (!status)
        status = fv_session_run(session, input, 1, output, err);
    fv_release(&session->host, input);
    return status;
}

static fv_status check_end(const fv_session *session, fv_error *err)
{
    if (session->to_layer)
        return fv_fail(err, FV_E_ARGUMENT, "this session ends at a layer of the network and names no classes");
    return FV_OK;
}

fv_status fv_session_features(fv_session *session, const uint8_t *pixels, size_t height, size_t width, size_t channels,
                              float *output, fv_error *err)
{
    /* An image owns what it points to; this one is only read. */
    const fv_image image = {height, width, channels, (uint8_t *)(uintptr_t)pixels};

    if (!height || !width || height > FV_SIDE_MAX || width > FV_SIDE_MAX || height > FV_PIXELS_MAX / width)
        return fv_fail(err, FV_E_SHAPE, "a picture of %zux%zu pixels: 1 to %d a side are read, and %d in all", height,
                       width, FV_SIDE_MAX, FV_PIXELS_MAX);
    if (channels != 1 && channels != 3)
        return fv_fail(err, FV_E_SHAPE, "a picture of %zu channels: 1 (grey) and 3 (RGB) are read", channels);
    return features(session, "picture", &image, output, err);
}

fv_status fv_features(fv_session *session, const fv_photo *photo, float *output, fv_error *err)
{
    const char *name = photo->path ? photo->path : "picture";
    fv_image image;
    fv_status status;

    if (!photo->path && !photo->bytes && !photo->pixels)
        return fv_fail(err, FV_E_ARGUMENT, "no picture was given: a path, bytes or pixels are wanted");
    if (!photo->path && !photo->bytes)
        return fv_session_features(session, photo->pixels, photo->height, photo->width, photo->channels, output, err);
    status = photo->path ? fv_image_open(&session->host, name, &image, err)
                         : fv_image_decode(&session->host, name, photo->bytes, photo->byte_count, &image, err);
    if (status)
        return status;
    status = features(session, name, &image, output, err);
    fv_image_free(&session->host, &image);
    return status;
}

fv_status fv_session_features_file(fv_session *session, const char *path, float *output, fv_error *err)
{
    return fv_features(session, &(fv_photo){.path = path}, output, err);
}

fv_status fv_session_classify(fv_session *session, const uint8_t *pixels, size_t height, size_t width, size_t channels,
                              float *probabilities, fv_error *err)
{
    fv_status status = check_end(session, err);

    if (!status)
        status = fv_session_features(session, pixels, height, width, channels, probabilities, err);
    if (!status)
        fv_session_softmax(probabilities, session->classes);
    return status;
}

fv_status fv_session_classify_file(fv_session *session, const char *path, float *probabilities, fv_error *err)
{
    fv_status status = check_end(session, err);

    if (!status)
        status = fv_session_features_file(session, path, probabilities, err);
    if (!status)
        fv_session_softmax(probabilities, session->classes);
    return status;
}

fv_status fv_classify_image(fv_session *session, const fv_photo *photo, fv_guess *top, size_t count, fv_error *err)
{
    fv_status status = check_end(session, err);
    float *probabilities;

    if (status)
        return status;
    probabilities = fv_alloc(&session->host, session->classes, sizeof *probabilities);
    if (!probabilities)
        return fv_fail_memory(err, session->classes * sizeof *probabilities, "probabilities");
    status = fv_features(session, photo, probabilities, err);
    if (!status) {
        fv_session_softmax(probabilities, session->classes);
        fv_model_rank(session->model, probabilities, top, count);
    }
    fv_release(&session->host, probabilities);
    return status;
}
