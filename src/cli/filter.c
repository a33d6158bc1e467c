/* filter: convolution matrices over a picture, as the lecture's first slides show them; one layer of them; a detector. */
#include "image/filter.h"
#include "cli/explain.h"
#include "cli/picture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct filter_values {
    fv_cli_common common;
    fv_cli_texts kernels;
    const char *out, *divisor, *explain, *detect;
    uint64_t stride;
    double offset;
    int padding;
    bool layer, exif;
} filter_values;

typedef struct job {
    const fv_cli *cli;
    const filter_values *values;
    fv_machine machine;
    fv_step *steps; /* [count] */
    size_t count;
    fv_step_options last; /* of the last step; the others keep stride 1 and their divisor */
    size_t at[2];         /* row and column to explain */
    fv_image picture;
} job;

/* ---------------------------------------------------------------------------------------------- reading */

static int read_steps(job *j)
{
    const fv_cli_texts *kernels = &j->values->kernels;

    j->steps = calloc(kernels->count + 1, sizeof *j->steps);
    if (!j->steps)
        return fv_cli_memory(j->cli);
    for (; j->count < kernels->count; j->count++) {
        fv_error err = {0};

        if (fv_step_read(&j->cli->host, kernels->items[j->count], &j->steps[j->count], &err))
            return err.code == FV_E_MEMORY ? fv_cli_fail(j->cli, &err) : fv_cli_usage(j->cli, "%s", err.message);
    }
    return FV_EXIT_OK;
}

static int read_place(job *j)
{
    const char *text = j->values->explain;
    char *comma, *end = NULL;
    unsigned long x, y = 0;

    if (!text)
        return FV_EXIT_OK;
    x = strtoul(text, &comma, 10);
    if (comma != text && *comma == ',')
        y = strtoul(comma + 1, &end, 10);
    if (!end || end == comma + 1 || *end || strchr(text, '-'))
        return fv_cli_usage(j->cli, "--explain wants a column and a row, 120,80, has '%s'", text);
    j->at[0] = y;
    j->at[1] = x;
    return FV_EXIT_OK;
}

static int read_options(job *j)
{
    const filter_values *v = j->values;
    const bool writes_npy = v->out && v->layer && fv_cli_is_npy(v->out);
    double divisor = 0;

    if (v->divisor && (!fv_text_real(v->divisor, &divisor) || divisor == 0))
        return fv_cli_usage(j->cli, "--divisor wants a number other than 0, has '%s'", v->divisor);
    j->last = (fv_step_options){(size_t)v->stride, (fv_padding)v->padding, divisor, v->offset};
    if (!v->detect && !v->kernels.count)
        return fv_cli_usage(j->cli, "no kernel was given: -k blur, or -k \"0 -1 0; -1 5 -1; 0 -1 0\"");
    if (v->detect && (v->kernels.count || v->layer || v->explain))
        return fv_cli_usage(j->cli, "--detect takes its kernel from the patch; -k, --layer and --explain exclude it");
    if (v->layer && v->explain)
        return fv_cli_usage(j->cli, "--layer and --explain exclude each other");
    if (!v->out && !v->explain && !v->detect && !v->layer)
        return fv_cli_usage(j->cli, "nothing to do: -o names the picture that is written");
    return v->out && !writes_npy ? fv_cli_picture_check(j->cli, v->out) : FV_EXIT_OK;
}

/* ---------------------------------------------------------------------------------------------- working */

/* All steps but the last, in place; then the last, or what it does at one pixel. */
static int run_chain(job *j)
{
    const fv_cli *cli = j->cli;
    const fv_step *last = &j->steps[j->count - 1];
    fv_image out = {0};
    fv_error err = {0};
    int code = FV_EXIT_OK;

    for (size_t i = 0; i + 1 < j->count; i++) {
        const fv_step_options plain = {.stride = 1, .padding = j->last.padding};

        if (fv_step_run(&j->machine, &j->steps[i], &plain, &j->picture, &out, &err))
            return fv_cli_fail(cli, &err);
        fv_image_free(&cli->host, &j->picture);
        j->picture = out;
    }
    if (fv_step_run(&j->machine, last, &j->last, &j->picture, &out, &err))
        return fv_cli_fail(cli, &err);
    if (j->values->explain)
        code = fv_cli_explain_pixel(cli, last, &j->last, &j->picture, &out, j->at);
    if (!code && j->values->out)
        code = fv_cli_picture_write(cli, j->values->out, &out);
    fv_image_free(&cli->host, &out);
    return code;
}

static int run_layer(job *j)
{
    const size_t channels = j->picture.channels;
    fv_maps maps;
    fv_error err = {0};
    int code = FV_EXIT_OK;

    if (fv_layer_run(&j->machine, j->steps, j->count, &j->last, &j->picture, &maps, &err))
        return fv_cli_fail(j->cli, &err);
    printf("picture  %zux%zux%zu\n", j->picture.height, j->picture.width, channels);
    for (size_t k = 0; k < j->count; k++) {
        const fv_matrix *m = &j->steps[k].matrices[0];
        float least = maps.values[k], most = least;

        for (size_t i = k; i < maps.height * maps.width * j->count; i += j->count) {
            least = maps.values[i] < least ? maps.values[i] : least;
            most = maps.values[i] > most ? maps.values[i] : most;
        }
        printf("kernel   %zux%zux%zu %s -> map %zu of %g to %g\n", m->rows, m->columns, channels, j->steps[k].name, k,
               (double)least, (double)most);
    }
    printf("maps     %zux%zux%zu\n", maps.height, maps.width, maps.channels);
    if (j->values->out)
        code = fv_cli_maps_write(j->cli, j->values->out, &maps, 1);
    fv_maps_free(&j->cli->host, &maps);
    return code;
}

/* The answers as a picture of the photo's size: a window's answer stands in its middle, what is below 0 is black. */
static fv_status draw_answers(const job *j, const fv_maps *answers, fv_image *out, fv_error *err)
{
    const size_t top = (j->picture.height - answers->height) / 2, left = (j->picture.width - answers->width) / 2;
    fv_status status = fv_image_create(&j->cli->host, "answers", j->picture.height, j->picture.width, 1, out, err);

    if (status)
        return status;
    memset(out->pixels, 0, out->height * out->width);
    for (size_t i = 0; i < answers->height * answers->width; i++)
        out->pixels[(top + i / answers->width) * out->width + left + i % answers->width] =
            fv_to_pixel(255 * (double)answers->values[i]);
    return FV_OK;
}

static int run_detector(job *j)
{
    const fv_cli *cli = j->cli;
    fv_image patch, out = {0};
    fv_maps answers = {0};
    fv_error err = {0};
    size_t best = 0;
    int code = fv_cli_picture_read(cli, j->values->detect, j->values->exif, &patch);

    if (code)
        return code;
    if (fv_detect(&j->machine, &j->picture, &patch, &answers, &err)) {
        code = fv_cli_fail(cli, &err);
        goto done;
    }
    for (size_t i = 0; i < answers.height * answers.width; i++)
        best = answers.values[i] > answers.values[best] ? i : best;
    printf("%s answers most at %zu,%zu (column, row of its first pixel): %.4f of 1\n", j->values->detect,
           best % answers.width, best / answers.width, (double)answers.values[best]);
    if (j->values->out)
        code = draw_answers(j, &answers, &out, &err) ? fv_cli_fail(cli, &err)
                                                     : fv_cli_picture_write(cli, j->values->out, &out);
done:
    fv_image_free(&cli->host, &patch);
    fv_image_free(&cli->host, &out);
    fv_maps_free(&cli->host, &answers);
    return code;
}

static int run(const fv_cli *cli)
{
    job j = {.cli = cli, .values = cli->values};
    fv_error err = {0};
    int code = fv_cli_check_machine(cli);

    if (!code)
        code = read_options(&j);
    if (!code)
        code = read_place(&j);
    if (!code)
        code = read_steps(&j);
    if (!code)
        code = fv_cli_picture_read(cli, cli->operands[0], j.values->exif, &j.picture);
    if (!code && fv_machine_open(&cli->host, (size_t)cli->common->threads, cli->common->isa, &j.machine, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        code = j.values->detect ? run_detector(&j) : j.values->layer ? run_layer(&j) : run_chain(&j);
    fv_machine_close(&j.machine);
    fv_image_free(&cli->host, &j.picture);
    for (size_t i = 0; i < j.count; i++)
        fv_step_free(&cli->host, &j.steps[i]);
    free(j.steps);
    return code;
}

/* ---------------------------------------------------------------------------------------------- the verb */

static const char *const padding_words[] = {"edge", "zero", "reflect", "none", NULL};

#define AT(member) offsetof(filter_values, member)
static const fv_cli_option options[] = {
    {.name = "kernel",
     .letter = 'k',
     .argument = "K",
     .type = FV_CLI_TEXTS,
     .at = AT(kernels),
     .help = "a name (below), or rows of numbers: \"0 -1 0; -1 5 -1; 0 -1 0\"; several work one after another"},
    {.name = "out",
     .letter = 'o',
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(out),
     .help = "the picture that is written: .png, .ppm or .pgm; with --layer also .npy"},
    {.name = "stride",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(stride),
     .fallback = "1",
     .least = 1,
     .most = 1024,
     .unit = "pixel",
     .help = "step of the window, of the last kernel"},
    {.name = "pad",
     .argument = "HOW",
     .type = FV_CLI_WORD,
     .at = AT(padding),
     .fallback = "edge",
     .words = padding_words,
     .help = "what lies outside: the nearest pixel, black, the mirrored picture; with none the result is smaller"},
    {.name = "divisor",
     .argument = "D",
     .type = FV_CLI_TEXT,
     .at = AT(divisor),
     .help = "of the sums of the last kernel, instead of the named kernel's own, or 1"},
    {.name = "offset",
     .argument = "O",
     .type = FV_CLI_REAL,
     .at = AT(offset),
     .fallback = "0",
     .least = -1e6,
     .most = 1e6,
     .help = "added behind the division, of the last kernel"},
    {.name = "explain",
     .argument = "X,Y",
     .type = FV_CLI_TEXT,
     .at = AT(explain),
     .help = "print the window, the kernel, the products and the sum of one pixel of the result"},
    {.name = "layer",
     .type = FV_CLI_FLAG,
     .at = AT(layer),
     .help = "a layer: each kernel runs over all channels and sums; F kernels give F maps, side by side"},
    {.name = "detect",
     .argument = "PATCH",
     .type = FV_CLI_TEXT,
     .at = AT(detect),
     .help = "look for a small picture in the picture: where does it answer most, as a kernel?"},
    FV_CLI_EXIF(AT(exif)),
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options}, {"Machine", fv_cli_machine}, {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_filter = {
    .name = "filter",
    .operands = "PICTURE",
    .least = 1,
    .most = 1,
    .help = "Filter a picture with convolution matrices",
    .text =
        "A pixel of the result is the sum of the pixels around it times the kernel's numbers, divided, rounded half up "
        "and limited to 0..255; kernels are not flipped. It is computed by the convolutions of the networks. Kernels: "
        "identity, blur, blur-5, gaussian, gaussian-5, motion-blur, sharpen, sharpen-strong, unsharp, emboss, "
        "laplacian, edge, edge-enhance, sobel-x, sobel-y, sobel (the magnitude of both), prewitt-x, prewitt-y, "
        "prewitt, "
        "scharr-x; gray is the luma.",
    .examples = {{"filter photo.jpg -k blur -o out.png", "the mean of 3x3 pixels"},
                 {"filter photo.jpg -k gray -k gaussian -k sobel -o edges.png", "one after another"},
                 {"filter photo.jpg -k edge --explain 120,80", "how one pixel comes about"}},
    .more = "doc/convolution.md",
    .tables = tables,
    .value_bytes = sizeof(filter_values),
    .run = run,
};
