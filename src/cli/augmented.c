#include "cli/augmented.h"
#include "base/error.h"
#include "base/memory.h"
#include "cli/picture.h"
#include "data/batch.h"
#include "data/data.h"
#include "net/net.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4, COLUMNS = 8, GAP = 2 };

/* Where tiles are made and where they go. */
typedef struct sheet {
    fv_batch batch;
    const fv_augment *augment;
    fv_shelf *plain, *changed; /* a shelf keeps whole pictures where parts are cut out of them */
    float *input;
    void *scratch;
    fv_image image;
} sheet;

/* The net's input as a picture again, at its place. */
static void draw(const sheet *s, size_t row, size_t column)
{
    const fv_preprocess *p = s->batch.p;
    const size_t line = p->width * p->channels,
                 at = row * (p->height + GAP) * s->image.width + column * (p->width + GAP);

    for (size_t y = 0; y < p->height; y++)
        for (size_t i = 0; i < line; i++) {
            const size_t c = i % p->channels;
            const float v = roundf((s->input[y * line + i] - p->shift[c]) / p->scale[c]);

            s->image.pixels[(at + y * s->image.width) * p->channels + i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
}

static void draw_row(sheet *s, size_t row, uint32_t sample)
{
    int32_t label, other;
    float share;
    const fv_targets whole = {&label, NULL, NULL}, mixed = {&label, &other, &share};

    for (size_t column = 0; column < COLUMNS; column++) {
        s->batch.augment = column ? s->augment : NULL;
        s->batch.shelf = column ? s->changed : s->plain;
        s->batch.epoch = column ? (uint32_t)column - 1 : 0;
        fv_batch_fill(&s->batch, &sample, 0, 1, s->input, column && fv_mix_any(s->augment) ? &mixed : &whole,
                      s->scratch);
        draw(s, row, column);
    }
}

static fv_status draw_all(sheet *s, const fv_cli *cli, size_t rows, fv_error *err)
{
    const fv_data *data = s->batch.data;
    const fv_preprocess *p = s->batch.p;
    const size_t a = fv_batch_scratch(data, p, NULL), b = fv_batch_scratch(data, p, s->augment);
    fv_status status = fv_image_create(&cli->host, "contact sheet", rows * (p->height + GAP) - GAP,
                                       COLUMNS * (p->width + GAP) - GAP, p->channels, &s->image, err);

    if (status)
        return status;
    memset(s->image.pixels, 255, s->image.height * s->image.width * s->image.channels);
    s->input = fv_alloc(&cli->host, p->height * p->width * p->channels, sizeof *s->input);
    s->scratch = fv_alloc(&cli->host, a > b ? a : b, 1);
    if (!s->input || !s->scratch)
        return fv_fail_memory(err, p->height * p->width * p->channels * sizeof *s->input, "a contact sheet");
    for (size_t row = 0; row < rows; row++)
        draw_row(s, row, (uint32_t)(row * fv_data_count(data, FV_TRAIN) / rows));
    return FV_OK;
}

int fv_cli_show_augment(const fv_cli *cli, const fv_net *net, const fv_data *data, const fv_settings *settings,
                        const char *file)
{
    const fv_augment augment = fv_settings_augment(settings);
    const size_t count = fv_data_count(data, FV_TRAIN);
    sheet s = {.batch = {.data = data, .split = FV_TRAIN, .p = fv_net_preprocess(net), .seed = settings->seed},
               .augment = &augment};
    fv_error err = {0};
    fv_status status;
    int code = fv_cli_picture_check(cli, file);

    if (code)
        return code;
    if (!fv_augment_any(&augment))
        return fv_cli_usage(cli, "--show-augment: no augmentation is on, such as --flip");
    if (s.batch.p->channels != 1 && s.batch.p->channels != 3)
        return fv_cli_usage(cli, "--show-augment: %zu channels are no picture", s.batch.p->channels);
    status = fv_batch_check(data, s.batch.p, &augment, &err);
    if (!status)
        status = fv_batch_shelf(&cli->host, data, s.batch.p, NULL, 0, &s.plain, &err);
    if (!status)
        status = fv_batch_shelf(&cli->host, data, s.batch.p, &augment, 0, &s.changed, &err);
    if (!status)
        status = draw_all(&s, cli, count < ROWS ? count : ROWS, &err);
    code = status ? fv_cli_fail(cli, &err) : fv_cli_picture_write(cli, file, &s.image);
    fv_shelf_free(s.plain);
    fv_shelf_free(s.changed);
    fv_release(&cli->host, s.input);
    fv_release(&cli->host, s.scratch);
    fv_image_free(&cli->host, &s.image);
    return code;
}
