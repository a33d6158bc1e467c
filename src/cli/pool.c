/* pool: max or average pooling of a picture, and where its gradients go. */
#include "cli/picture.h"
#include "image/filter.h"
#include <stdio.h>

typedef struct pool_values {
    fv_cli_common common;
    const char *out, *grad;
    uint64_t size, stride;
    bool max, avg, exif;
} pool_values;

/* Numbers as pixels, times `scale`. */
static fv_status to_image(const fv_host *host, const fv_maps *maps, double scale, fv_image *out, fv_error *err)
{
    fv_status status = fv_image_create(host, "pooled picture", maps->height, maps->width, maps->channels, out, err);

    for (size_t i = 0; !status && i < maps->height * maps->width * maps->channels; i++)
        out->pixels[i] = fv_to_pixel((double)maps->values[i] * scale);
    return status;
}

static int write_maps(const fv_cli *cli, const char *path, const fv_maps *maps, double scale)
{
    fv_image image;
    fv_error err = {0};
    int code;

    if (to_image(&cli->host, maps, scale, &image, &err))
        return fv_cli_fail(cli, &err);
    code = fv_cli_picture_write(cli, path, &image);
    fv_image_free(&cli->host, &image);
    return code;
}

/* The largest gradient becomes white. */
static int write_gradients(const fv_cli *cli, const char *path, const fv_maps *grad)
{
    const size_t n = grad->height * grad->width * grad->channels;
    float most = 0;
    size_t reached = 0;

    for (size_t i = 0; i < n; i++) {
        most = grad->values[i] > most ? grad->values[i] : most;
        reached += grad->values[i] > 0;
    }
    printf("gradients reach %zu of %zu values, %g at most\n", reached, n, (double)most);
    return write_maps(cli, path, grad, most > 0 ? 255 / (double)most : 1);
}

static int pool(const fv_cli *cli, const fv_machine *machine, const fv_image *picture)
{
    const pool_values *v = cli->values;
    const fv_pooling pooling = {v->max, (size_t)v->size, (size_t)(v->stride ? v->stride : v->size)};
    fv_maps in = {0}, out = {0}, grad = {0};
    fv_error err = {0};
    int code = FV_EXIT_OK;

    if (fv_maps_from_image(&cli->host, picture, 0, 0, FV_PADDING_NONE, &in, &err) ||
        fv_maps_pool(machine, &in, &pooling, &out, v->grad ? &grad : NULL, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        printf("%s of %zux%zu, stride %zu: %zux%zux%zu -> %zux%zux%zu\n", v->max ? "maximum" : "mean", pooling.size,
               pooling.size, pooling.stride, in.height, in.width, in.channels, out.height, out.width, out.channels);
    if (!code && v->out)
        code = write_maps(cli, v->out, &out, 1);
    if (!code && v->grad)
        code = write_gradients(cli, v->grad, &grad);
    fv_maps_free(&cli->host, &in);
    fv_maps_free(&cli->host, &out);
    fv_maps_free(&cli->host, &grad);
    return code;
}

static int run(const fv_cli *cli)
{
    const pool_values *v = cli->values;
    fv_machine machine = {0};
    fv_image picture = {0};
    fv_error err = {0};
    int code = fv_cli_check_machine(cli);

    if (v->max == v->avg)
        return fv_cli_usage(cli, "one of --max and --avg says what is taken of each window");
    if (!v->out && !v->grad)
        return fv_cli_usage(cli, "nothing to do: -o names the picture that is written");
    if (!code && v->out)
        code = fv_cli_picture_check(cli, v->out);
    if (!code && v->grad)
        code = fv_cli_picture_check(cli, v->grad);
    if (!code)
        code = fv_cli_picture_read(cli, cli->operands[0], v->exif, &picture);
    if (!code && fv_machine_open(&cli->host, (size_t)cli->common->threads, cli->common->isa, &machine, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        code = pool(cli, &machine, &picture);
    fv_machine_close(&machine);
    fv_image_free(&cli->host, &picture);
    return code;
}

#define AT(member) offsetof(pool_values, member)
static const fv_cli_option options[] = {
    {.name = "max", .type = FV_CLI_FLAG, .at = AT(max), .help = "take the largest value of each window"},
    {.name = "avg", .type = FV_CLI_FLAG, .at = AT(avg), .help = "take the mean of each window, rounded half up"},
    {.name = "size",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(size),
     .fallback = "2",
     .least = 1,
     .most = 1024,
     .unit = "pixel",
     .help = "rows and columns of the window"},
    {.name = "stride",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(stride),
     .least = 1,
     .most = 1024,
     .unit = "pixel",
     .help = "step of the window, otherwise its size"},
    {.name = "out",
     .letter = 'o',
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(out),
     .help = "the picture that is written: .png, .ppm or .pgm"},
    {.name = "grad",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(grad),
     .help = "a picture of where gradients go when each output's is 1: to the maximum, or to all alike"},
    FV_CLI_EXIF(AT(exif)),
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options}, {"Machine", fv_cli_machine}, {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_pool = {
    .name = "pool",
    .operands = "PICTURE",
    .least = 1,
    .most = 1,
    .help = "Pool a picture: the maximum or the mean of each window",
    .text = "The pooling layers of the networks on the pixels of a picture, each channel by itself. Windows that would "
            "hang "
            "over the edge are left out.",
    .examples = {{"pool photo.jpg --max --size 2 -o half.png", "half as large, the brightest of 2x2 pixels"},
                 {"pool photo.jpg --max --grad grad.png -o half.png", "and which of them it was"},
                 {"pool photo.jpg --avg --size 3 --stride 2 -o half.png", "overlapping windows, as AlexNet has them"}},
    .more = "doc/convolution.md",
    .tables = tables,
    .value_bytes = sizeof(pool_values),
    .run = run,
};
