#include "image/heat.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/digit.h"
#include "image/prepare.h"

#include <math.h>
#include <string.h>

enum { LEAST_SIDE = 224 }; /* of an overlay: smaller photos are enlarged by a whole number */

/* Share of the heat's colour in a pixel; what the net was not shown keeps this much of its brightness. */
static const double opacity = .45, unseen = .35;

/* Blue, cyan, green, yellow, red at 0, 1/4, ..., 1. */
static const double colors[5][3] = {{0, 0, 255}, {0, 255, 255}, {0, 255, 0}, {255, 255, 0}, {255, 0, 0}};

static double color(double t, size_t c)
{
    const size_t at = t < 1 ? (size_t)(t * 4) : 3;
    const double part = t * 4 - (double)at;

    return colors[at][c] * (1 - part) + colors[at + 1][c] * part;
}

/* Between two cells of n: the first one, and how far it is on to the next; clamped to the outer ones. */
static size_t between(double at, size_t n, double *part)
{
    const double inside = fmin(fmax(at, 0), (double)(n - 1));
    const size_t first = (size_t)inside;

    *part = inside - (double)first;
    return first;
}

/* The heat at (y, x), in cells, whose centers lie at .5, 1.5, ... */
static double at(const float *heat, const size_t size[2], double y, double x)
{
    double py, px;
    const size_t row = between(y - .5, size[0], &py), column = between(x - .5, size[1], &px);
    const size_t below = row + 1 < size[0] ? row + 1 : row, right = column + 1 < size[1] ? column + 1 : column;
    const float *upper = heat + row * size[1], *lower = heat + below * size[1];

    return ((double)upper[column] * (1 - px) + (double)upper[right] * px) * (1 - py) +
           ((double)lower[column] * (1 - px) + (double)lower[right] * px) * py;
}

fv_status fv_heat_paint(const fv_host *host, const fv_image *photo, const float *heat, const size_t size[2],
                        const double window[4], fv_image *out, fv_error *err)
{
    const size_t side = photo->height < photo->width ? photo->height : photo->width;
    const size_t zoom = side < LEAST_SIDE ? (LEAST_SIDE + side - 1) / side : 1;
    double most = 0;
    fv_status status = fv_image_create(host, "overlay", photo->height * zoom, photo->width * zoom, 3, out, err);

    for (size_t i = 0; i < size[0] * size[1]; i++)
        most = fmax(most, (double)heat[i]);
    for (size_t i = 0; !status && i < out->height * out->width; i++) {
        const size_t row = i / out->width, column = i % out->width;
        const uint8_t *from = photo->pixels + (row / zoom * photo->width + column / zoom) * photo->channels;
        const double y = (((double)row + .5) / (double)zoom - window[0]) / window[2]; /* 0..1 inside the window */
        const double x = (((double)column + .5) / (double)zoom - window[1]) / window[3];
        const bool seen = y >= 0 && y <= 1 && x >= 0 && x <= 1;
        const double t = seen && most > 0 ? at(heat, size, y * (double)size[0], x * (double)size[1]) / most : 0;

        for (size_t c = 0; c < 3; c++) {
            const double pixel = from[photo->channels == 3 ? c : 0];

            out->pixels[3 * i + c] =
                (uint8_t)(.5 + (seen ? pixel * (1 - opacity) + color(t, c) * opacity : pixel * unseen));
        }
    }
    return status;
}

/* The digit in place of the photo, where the net reads digits. */
static fv_status find_digit(const fv_session *session, const char *path, fv_image *photo, fv_error *err)
{
    uint8_t pixels[FV_DIGIT_SIDE * FV_DIGIT_SIDE];
    fv_status status = fv_digit_from_image(&session->host, path, photo, pixels, err);

    fv_image_free(&session->host, photo);
    if (!status)
        status = fv_image_create(&session->host, path, FV_DIGIT_SIDE, FV_DIGIT_SIDE, 1, photo, err);
    if (!status)
        memcpy(photo->pixels, pixels, sizeof pixels);
    return status;
}

fv_status fv_heat_overlay(fv_session *session, const char *path, size_t class_index, fv_image *out, fv_error *err)
{
    const fv_host *host = &session->host;
    float *input = NULL, *heat = NULL;
    size_t size[2];
    double window[4];
    fv_image photo;
    fv_status status = fv_image_open_as(host, path, fv_session_stored(session), &photo, err);

    *out = (fv_image){0};
    fv_session_heat_size(session, size);
    if (!status && fv_session_reads_digits(session))
        status = find_digit(session, path, &photo, err);
    if (!status && (!(heat = fv_alloc(host, size[0] * size[1], sizeof *heat)) ||
                    !(input = fv_alloc(host, session->inputs, sizeof *input))))
        status = fv_fail_memory(err, session->inputs * sizeof *input, "an explanation");
    if (!status)
        status = fv_session_prepare(session, host, path, &photo, 1, input, err);
    if (!status)
        status = fv_session_heat(session, input, class_index, heat, err);
    if (!status) {
        fv_prepare_window(fv_net_preprocess(fv_model_net(session->model)), photo.height, photo.width, window);
        status = fv_heat_paint(host, &photo, heat, size, window, out, err);
    }
    fv_release(host, heat);
    fv_release(host, input);
    fv_image_free(host, &photo);
    return status;
}
