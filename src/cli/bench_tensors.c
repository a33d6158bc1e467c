/* Pictures for bench and its logits. Files hold pictures as PyTorch does, [N,C,H,W], already preprocessed. */
#include "cli/bench_tensors.h"
#include "base/npy.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

const char *fv_cli_input_file(const fv_cli *cli)
{
    const char *input = cli->common->input;
    const size_t length = input ? strlen(input) : 0;

    return length > 4 && strcmp(input + length - 4, ".npy") == 0 ? input : NULL;
}

static int read_pictures(const fv_cli *cli, const fv_net_info *info, size_t batch, const char *path, float *out)
{
    const size_t h = info->height, w = info->width, c = info->channels;
    fv_npy array;
    fv_error err = {0};

    if (fv_npy_open(path, &array, &err))
        return fv_cli_fail(cli, &err);
    if (array.rank != 4 || array.dim[0] != batch || array.dim[1] != c || array.dim[2] != h || array.dim[3] != w) {
        fv_cli_say(
            cli, "%s: wanted pictures [%zu,%zu,%zu,%zu] (batch, channels, height, width); found rank %d of %zu numbers",
            path, batch, c, h, w, array.rank, array.count);
        fv_npy_close(&array);
        return FV_EXIT_FAILURE;
    }
    for (size_t n = 0; n < batch; n++)
        for (size_t k = 0; k < c; k++)
            for (size_t p = 0; p < h * w; p++)
                fv_npy_floats(&array, (n * c + k) * h * w + p, 1, &out[(n * h * w + p) * c + k]);
    fv_npy_close(&array);
    return FV_EXIT_OK;
}

int fv_cli_bench_pictures(const fv_cli *cli, const fv_net_info *info, size_t batch, float **pictures)
{
    const size_t count = batch * info->height * info->width * info->channels;
    const fv_random random = {.seed = cli->common->seed, .stream = FV_STREAM_TEST};
    const char *file = fv_cli_input_file(cli);
    float *out = calloc(FV_CLI_BENCH_INPUTS * count, sizeof *out);
    int code = FV_EXIT_OK;

    *pictures = out;
    if (!out)
        return fv_cli_memory(cli);
    if (file)
        code = read_pictures(cli, info, batch, file, out);
    for (size_t i = 0; !file && i < count; i++)
        out[i] = (float)fv_random_uniform(random, i);
    for (size_t i = count; i < FV_CLI_BENCH_INPUTS * count; i++)
        out[i] = .9f * out[i - count];
    return code;
}

int fv_cli_bench_logits(const fv_cli *cli, const char *path, const float *logits, size_t batch, size_t classes)
{
    fv_error err = {0};

    if (fv_npy_write(path, FV_NPY_F32, 2, (size_t[]){batch, classes}, logits, &err))
        return fv_cli_fail(cli, &err);
    return FV_EXIT_OK;
}
