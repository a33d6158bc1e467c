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

/* Each row of x [height, width, channels] from right to left. */
static void mirror(float *x, const fv_preprocess *p)
{
    for (size_t y = 0; y < p->height; y++, x += p->width * p->channels)
        for (size_t left = 0, right = p->width - 1; left < right; left++, right--)
            for (size_t c = 0; c < p->channels; c++) {
                const float kept = x[left * p->channels + c];

                x[left * p->channels + c] = x[right * p->channels + c];
                x[right * p->channels + c] = kept;
            }
}

/* Views in pairs of a picture and its mirror image, each pair of a cut of its own. */
static void prepare_views(const fv_session *session, const fv_image *image, size_t views, float *input, void *scratch)
{
    fv_preprocess p = *fv_net_preprocess(fv_model_net(session->model));
    const size_t values = p.height * p.width * p.channels;

    for (size_t v = 0; v < views; v++, input += values) {
        p.corner = (unsigned)v / 2;
        if (v % 2) {
            memcpy(input, input - values, values * sizeof *input);
            mirror(input, &p);
        } else {
            fv_prepare(&p, image->pixels, image->height, image->width, image->channels, input, scratch);
        }
    }
}

fv_status fv_session_prepare(const fv_session *session, const fv_host *host, const char *name, const fv_image *image,
                             size_t views, float *input, fv_error *err)
{
    const fv_preprocess *p = fv_net_preprocess(fv_model_net(session->model));
    uint8_t digit[FV_DIGIT_SIDE * FV_DIGIT_SIDE];
    fv_image seen = *image;
    fv_status status = FV_OK;
    size_t bytes;
    void *scratch;

    if (fv_session_reads_digits(session)) {
        status = fv_digit_from_image(host, name, image, digit, err);
        seen = (fv_image){FV_DIGIT_SIDE, FV_DIGIT_SIDE, 1, digit};
    }
    if (!status)
        status = fv_prepare_check(p, seen.height, seen.width, seen.channels, err);
    if (status)
        return status;
    bytes = fv_prepare_scratch(p, seen.height, seen.width, seen.channels);
    scratch = bytes ? fv_alloc(host, bytes, 1) : NULL;
    if (scratch || !bytes)
        prepare_views(session, &seen, views, input, scratch);
    else
        status = fv_fail_memory(err, bytes, "a picture");
    fv_release(host, scratch);
    return status;
}

/* So many views of one picture: output [views, ...]. */
static fv_status run(fv_session *session, const char *name, const fv_image *image, size_t views, float *output,
                     fv_error *err)
{
    const fv_host *host = &session->host;
    float *input = fv_alloc(host, views * session->inputs, sizeof *input);
    fv_status status = input ? fv_session_prepare(session, host, name, image, views, input, err)
                             : fv_fail_memory(err, views * session->inputs * sizeof *input, "a picture");

    if (!status)
        status = fv_session_run(session, input, views, output, err);
    fv_release(host, input);
    return status;
}

static fv_status run_pixels(fv_session *session, const fv_photo *photo, size_t views, float *output, fv_error *err)
{
    /* An image owns what it points to; this one is only read. */
    const fv_image image = {photo->height, photo->width, photo->channels, (uint8_t *)(uintptr_t)photo->pixels};

    if (!image.height || !image.width || image.height > FV_SIDE_MAX || image.width > FV_SIDE_MAX ||
        image.height > FV_PIXELS_MAX / image.width)
        return fv_fail(err, FV_E_SHAPE, "a picture of %zux%zu pixels: 1 to %d a side are read, and %d in all",
                       image.height, image.width, FV_SIDE_MAX, FV_PIXELS_MAX);
    if (image.channels != 1 && image.channels != 3)
        return fv_fail(err, FV_E_SHAPE, "a picture of %zu channels: 1 (grey) and 3 (RGB) are read", image.channels);
    return run(session, "picture", &image, views, output, err);
}

static fv_status run_photo(fv_session *session, const fv_photo *photo, size_t views, float *output, fv_error *err)
{
    const char *name = photo->path ? photo->path : "picture";
    const unsigned how = fv_session_stored(session);
    fv_image image;
    fv_status status;

    if (!photo->path && !photo->bytes && !photo->pixels)
        return fv_fail(err, FV_E_ARGUMENT, "no picture was given: a path, bytes or pixels are wanted");
    if (!photo->path && !photo->bytes)
        return run_pixels(session, photo, views, output, err);
    status = photo->path ? fv_image_open_as(&session->host, name, how, &image, err)
                         : fv_image_decode_as(&session->host, name, photo->bytes, photo->byte_count, how, &image, err);
    if (status)
        return status;
    status = run(session, name, &image, views, output, err);
    fv_image_free(&session->host, &image);
    return status;
}

fv_status fv_features(fv_session *session, const fv_photo *photo, float *output, fv_error *err)
{
    return run_photo(session, photo, 1, output, err);
}

fv_status fv_session_features(fv_session *session, const uint8_t *pixels, size_t height, size_t width, size_t channels,
                              float *output, fv_error *err)
{
    return fv_features(session, &(fv_photo){.pixels = pixels, .height = height, .width = width, .channels = channels},
                       output, err);
}

fv_status fv_session_features_file(fv_session *session, const char *path, float *output, fv_error *err)
{
    return fv_features(session, &(fv_photo){.path = path}, output, err);
}

/* Probabilities [classes], the mean over the session's views. */
static fv_status classify(fv_session *session, const fv_photo *photo, float *probabilities, fv_error *err)
{
    const size_t views = session->views;
    float *logits = probabilities;
    fv_status status;

    if (session->to_layer)
        return fv_fail(err, FV_E_ARGUMENT, "this session ends at a layer of the network and names no classes");
    if (views > 1 && !(logits = fv_alloc(&session->host, views * session->classes, sizeof *logits)))
        return fv_fail_memory(err, views * session->classes * sizeof *logits, "probabilities");
    status = run_photo(session, photo, views, logits, err);
    if (!status)
        fv_session_mean(session, logits, probabilities);
    if (views > 1)
        fv_release(&session->host, logits);
    return status;
}

fv_status fv_session_classify(fv_session *session, const uint8_t *pixels, size_t height, size_t width, size_t channels,
                              float *probabilities, fv_error *err)
{
    return classify(session, &(fv_photo){.pixels = pixels, .height = height, .width = width, .channels = channels},
                    probabilities, err);
}

fv_status fv_session_classify_file(fv_session *session, const char *path, float *probabilities, fv_error *err)
{
    return classify(session, &(fv_photo){.path = path}, probabilities, err);
}

fv_status fv_classify_image(fv_session *session, const fv_photo *photo, fv_guess *top, size_t count, fv_error *err)
{
    float *probabilities = fv_alloc(&session->host, session->classes, sizeof *probabilities);
    fv_status status = probabilities ? classify(session, photo, probabilities, err)
                                     : fv_fail_memory(err, session->classes * sizeof *probabilities, "probabilities");

    if (!status)
        fv_model_rank(session->model, probabilities, top, count);
    fv_release(&session->host, probabilities);
    return status;
}
