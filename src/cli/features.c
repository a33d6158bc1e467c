/* features: what a layer makes of pictures, as numbers and as pictures of its maps. */
#include "base/json.h"
#include "base/npy.h"
#include "cli/csv.h"
#include "cli/photos.h"
#include "cli/picture.h"
#include "model/session.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct features_values {
    fv_cli_common common;
    const char *layer, *maps, *out;
    uint64_t zoom;
    bool exif;
} features_values;

typedef struct job {
    const fv_cli *cli;
    const features_values *values;
    fv_model *model;
    fv_session *session;
    size_t height, width, channels, elements; /* of the layer's output */
    float *vectors;                           /* [read, height, width, channels] */
    fv_pictures files;                        /* what the operands name */
    const char **paths;                       /* [read] of those that could be */
    size_t read, bad;
} job;

/* ---------------------------------------------------------------------------------------------- writing */

/* Small maps are drawn larger, to about 64 pixels. */
static int write_maps(const job *j)
{
    const size_t side = j->height > j->width ? j->height : j->width, wanted = side < 64 ? 64 / side : 1;
    const fv_maps maps = {j->height, j->width, j->channels, j->vectors};
    const size_t zoom = j->values->zoom ? (size_t)j->values->zoom : wanted > 16 ? 16 : wanted;

    return fv_cli_maps_write(j->cli, j->values->maps, &maps, zoom);
}

static void print_csv(const job *j)
{
    printf("path");
    for (size_t i = 0; i < j->elements; i++)
        printf(",v%zu", i);
    putchar('\n');
    for (size_t k = 0; k < j->read; k++) {
        fv_cli_csv_field(stdout, j->paths[k]);
        for (size_t i = 0; i < j->elements; i++)
            printf(",%.9g", (double)j->vectors[k * j->elements + i]);
        putchar('\n');
    }
}

/* A tensor "features", and in the metadata the layer and the paths as a JSON list. */
static int write_safetensors(const job *j)
{
    const fv_st_tensor tensor = {.name = "features",
                                 .type = FV_ST_F32,
                                 .rank = 4,
                                 .dim = {j->read, j->height, j->width, j->channels},
                                 .data = (const uint8_t *)j->vectors,
                                 .bytes = j->read * j->elements * sizeof *j->vectors};
    fv_text paths;
    fv_error err = {0};
    fv_status status = FV_E_MEMORY;

    fv_text_init(&paths, NULL);
    for (size_t i = 0; i < j->read; i++) {
        fv_text_print(&paths, i ? ", " : "[");
        fv_json_string(&paths, j->paths[i]);
    }
    fv_text_print(&paths, "]");

    const fv_st_meta meta[] = {{"layer", j->values->layer}, {"paths", paths.data}};

    if (paths.failed)
        fv_fail_memory(&err, paths.size, "the names of pictures");
    else
        status = fv_safetensors_write(&j->cli->host, j->values->out, &tensor, 1, meta, FV_COUNT(meta), &err);
    fv_text_free(&paths);
    return status ? fv_cli_fail(j->cli, &err) : FV_EXIT_OK;
}

static int write_all(const job *j)
{
    const features_values *v = j->values;
    fv_error err = {0};
    int code = FV_EXIT_OK;

    fv_cli_note(j->cli, "%s: %zux%zux%zu of each picture", v->layer, j->height, j->width, j->channels);
    if (v->maps)
        code = write_maps(j);
    if (!code && v->out && fv_cli_is_safetensors(v->out))
        code = write_safetensors(j);
    else if (!code && v->out &&
             fv_npy_write(v->out, FV_NPY_F32, 4, (const size_t[]){j->read, j->height, j->width, j->channels},
                          j->vectors, &err))
        code = fv_cli_fail(j->cli, &err);
    if (!code && !v->out && !v->maps)
        print_csv(j);
    return code;
}

/* ---------------------------------------------------------------------------------------------- working */

static int open_session(job *j)
{
    const fv_session_options options = fv_cli_session_options(j->cli, 1);
    fv_error err = {0};
    int code = fv_cli_model_or_net(j->cli, j->cli->operands[0], &j->model);

    if (code)
        return code;
    if (fv_session_create_to(&j->cli->host, j->model, j->values->layer, &options, &j->session, &err))
        return err.code == FV_E_UNKNOWN ? fv_cli_usage(j->cli, "%s", err.message) : fv_cli_fail(j->cli, &err);
    fv_session_output(j->session, &j->height, &j->width, &j->channels);
    j->elements = j->height * j->width * j->channels;
    j->vectors = calloc(j->elements, j->files.count * sizeof *j->vectors);
    j->paths = calloc(j->files.count, sizeof *j->paths);
    return j->vectors && j->paths ? FV_EXIT_OK : fv_cli_memory(j->cli);
}

/* A picture that cannot be read is named, and the others go on. */
static void read_picture(job *j, const char *path)
{
    fv_image image;
    fv_error err = {0};

    if (fv_cli_picture_read(j->cli, path, j->values->exif, &image)) {
        j->bad++;
        return;
    }
    if (fv_session_features(j->session, image.pixels, image.height, image.width, image.channels,
                            j->vectors + j->read * j->elements, &err)) {
        fv_cli_fail(j->cli, &err);
        j->bad++;
    } else {
        j->paths[j->read++] = path;
    }
    fv_image_free(&j->cli->host, &image);
}

static int run(const fv_cli *cli)
{
    job j = {.cli = cli, .values = cli->values};
    int code = fv_cli_check_machine(cli);

    if (!j.values->layer)
        return fv_cli_usage(cli, "--layer names the layer whose output is wanted; 'fovea info' lists them");
    if (j.values->out && !fv_cli_is_npy(j.values->out) && !fv_cli_is_safetensors(j.values->out))
        return fv_cli_usage(cli, "%s: vectors are written as .npy or .safetensors; without -o they are printed as CSV",
                            j.values->out);
    if (!code && j.values->maps && !fv_cli_is_npy(j.values->maps))
        code = fv_cli_picture_check(cli, j.values->maps);
    fv_pictures_init(&j.files, &cli->host);
    if (!code)
        code = fv_cli_take_pictures(cli, 1, &j.files);
    if (!code && j.values->maps && j.files.count > 1)
        code = fv_cli_usage(cli, "--maps draws the maps of one picture, and %zu were given", j.files.count);
    if (!code)
        code = open_session(&j);
    for (size_t i = 0; !code && i < j.files.count; i++)
        read_picture(&j, j.files.items[i].path);
    if (!code && j.read)
        code = write_all(&j);
    if (!code && (j.bad || j.files.bad_count))
        code = j.read ? FV_EXIT_PARTLY : FV_EXIT_FAILURE;
    fv_session_free(j.session);
    fv_model_free(j.model);
    free(j.vectors);
    free(j.paths);
    fv_pictures_free(&j.files);
    return code;
}

/* ---------------------------------------------------------------------------------------------- the verb */

#define AT(member) offsetof(features_values, member)
static const fv_cli_option options[] = {
    {.name = "layer",
     .argument = "NAME",
     .type = FV_CLI_TEXT,
     .at = AT(layer),
     .help = "the layer, as info names it; an activation behind it is included"},
    {.name = "maps",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(maps),
     .help = "draw the layer's maps of one picture side by side: .png, .ppm or .pgm, each from its least to its most"},
    {.name = "zoom",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(zoom),
     .least = 1,
     .most = 64,
     .unit = "pixel",
     .help = "how large a cell of a map is drawn, otherwise as large as fits"},
    {.name = "out",
     .letter = 'o',
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(out),
     .help = "write [pictures, height, width, channels] as .npy or .safetensors (with the paths); without -o and "
             "--maps, CSV is printed"},
    FV_CLI_EXIF(AT(exif)),
    {.name = "seed",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = offsetof(fv_cli_common, seed),
     .fallback = "1",
     .least = 0,
     .most = 9007199254740992.0,
     .help = "of the weights, where a network is given in place of a model"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {{"Options", options},        {"Size of the network", fv_cli_size},
                                      {"Weights", fv_cli_weights}, {"Machine", fv_cli_machine},
                                      {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_features = {
    .name = "features",
    .operands = "MODEL|NET FILE|FOLDER|-...",
    .least = 2,
    .most = SIZE_MAX,
    .help = "Show or write what a layer makes of pictures",
    .text = "Pictures are prepared as the model says. Only layers up to the one named are computed. A picture that "
            "cannot be "
            "read is named on standard error and the exit code is 3, or 1 if none could be read.",
    .examples = {{"features runs/train digit.png --layer conv1 --maps maps.png", "the maps of a layer as a picture"},
                 {"features runs/train *.png --layer fc2 > vectors.csv", "one row of numbers a picture"},
                 {"features runs/train photos --layer conv2 -o maps.npy", "the same of a folder, for NumPy"}},
    .more = "doc/convolution.md",
    .tables = tables,
    .value_bytes = sizeof(features_values),
    .run = run,
};
