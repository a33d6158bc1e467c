/* Gradients by depth at the beginning of training: for each net and each depth, the root mean square of the gradients of
 * the weights of its convolutions, mean of several batches of CIFAR-10 pictures, weights as the nets' initialisers make
 * them. Prints a table: net,depth,layers,rms. Built and run by tools/pictures.
 *
 *     gradient_norms CIFAR-FOLDER INPUT WIDTH NET[-aux]...      INPUT: side of the pictures, a multiple of 32
 * WIDTH is the divisor of the nets' channels; "-aux" behind a name gives its auxiliary heads no say (weight 0; everything
 * random stays the same). */
#define _POSIX_C_SOURCE 200809L
#include "base/error.h"
#include "data/batch.h"
#include "train/learner.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 16, BATCHES = 8, DEPTHS = 512 };

static fv_error err;

static void check(fv_status status)
{
    if (status) {
        fprintf(stderr, "gradient_norms: %s\n", err.message);
        exit(1);
    }
}

/* The pictures with every pixel repeated, `side` wide. */
static fv_data *enlarged(const char *folder, size_t side)
{
    const size_t count = BATCH * BATCHES, by = side / 32;
    uint8_t *pixels = calloc(count, side * side * 3);
    uint32_t *labels = calloc(count, sizeof *labels);
    fv_data *data, *large;

    check(fv_data_open(NULL, folder, NULL, &data, &err));
    if (!pixels || !labels || fv_data_count(data, FV_TRAIN) < count)
        exit(1);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *from = fv_data_sample(data, FV_TRAIN, i, &labels[i]);

        for (size_t y = 0; y < side; y++)
            for (size_t x = 0; x < side; x++)
                memcpy(pixels + ((i * side + y) * side + x) * 3, from + (y / by * 32 + x / by) * 3, 3);
    }
    check(fv_data_from_memory(NULL, pixels, labels, count, side, side, 3, 10, NULL, &large, &err));
    fv_data_free(data);
    free(pixels);
    free(labels);
    return large;
}

/* A zoo net at this size; `bare`: its auxiliary heads weigh nothing. */
static fv_net *open_net(const char *name, size_t side, size_t divisor, bool bare)
{
    const fv_net_size size = {sizeof size, 1, divisor, side, side, 10};
    fv_net *net, *small;

    check(fv_net_open(NULL, name, &net, &err));
    if (bare) {
        char *text = strdup(fv_net_text(net));

        for (char *at = text; text && (at = strstr(at, "aux weight 0.3")); at++)
            memcpy(at, "aux weight 0.0", 14);
        fv_net_free(net);
        check(fv_net_parse(NULL, text, name, &net, &err));
        free(text);
    }
    check(fv_net_resize(NULL, net, &size, &small, &err));
    fv_net_free(net);
    return small;
}

/* How many layers with weights lie on the longest path to each convolution: depths[i] of layer i, 0 = none counted. */
static void find_depths(const fv_net_info *info, size_t *depths)
{
    for (size_t i = 0; i < info->count; i++) {
        const fv_layer *l = &info->layers[i];

        for (size_t k = 0; k < l->n_inputs; k++)
            if (l->inputs[k] && depths[l->inputs[k] - 1] > depths[i])
                depths[i] = depths[l->inputs[k] - 1];
        depths[i] += l->macs > 0;
    }
}

/* By depth. */
typedef struct depth_sums {
    double squares[DEPTHS], weights[DEPTHS];
    size_t layers[DEPTHS];
} depth_sums;

/* The convolution of the network itself whose weights these are, shortcuts left out; NULL = none. */
static const fv_layer *conv_of(const fv_net_info *info, const char *param)
{
    for (size_t i = 0; param && i < info->count; i++) {
        const fv_layer *l = &info->layers[i];
        const size_t n = strlen(l->name);

        if (strcmp(l->type, "conv") == 0 && !l->training_only && strncmp(param, l->name, n) == 0 &&
            strcmp(param + n, ".weight") == 0 && !strstr(param, "downsample"))
            return l;
    }
    return NULL;
}

static void add(depth_sums *sums, const fv_learner *learner, const fv_net_info *info, const size_t *depths, bool first)
{
    for (size_t v = 1; v < learner->n_gradients; v++) {
        const fv_value_info *value = &learner->exec->graph.values[v];
        const fv_layer *l = learner->gradients[v] ? conv_of(info, value->name) : NULL;
        const size_t depth = l ? depths[l - info->layers] : 0;

        if (!l || depth >= DEPTHS)
            continue;
        sums->layers[depth] += first;
        for (size_t e = 0; e < fv_elements(&value->shape); e++) {
            const double g = fv_exec_get(learner->exec, learner->gradients[v], e);

            sums->squares[depth] += g * g;
            sums->weights[depth]++;
        }
    }
}

static void measure(const char *name, const fv_data *data, size_t side, size_t divisor)
{
    const size_t length = strlen(name);
    const bool bare = length > 4 && strcmp(name + length - 4, "-aux") == 0;
    char zoo[64];
    static depth_sums sums;
    size_t *depths;
    fv_exec_options options = {.seed = 1, .step = &(uint64_t){0}};
    fv_settings settings;
    fv_learner learner;
    fv_store store;
    fv_net_info info;

    snprintf(zoo, sizeof zoo, "%.*s", (int)(bare ? length - 4 : length), name);
    fv_net *net = open_net(zoo, side, divisor, bare);

    check(fv_net_describe(net, &info, &err));
    check(fv_kernels_choose(NULL, &options.kernels, &err));
    check(fv_pool_create(NULL, 1, &options.pool, &err));
    fv_store_init(&store, NULL, options.kernels->real_bytes);
    options.store = &store;
    fv_settings_default(&settings);
    check(fv_learner_create(NULL, net, BATCH, &settings, &options, false, &learner, &err));
    fv_store_initialise(&store, 1);
    fv_exec_prepare(learner.exec);

    const fv_preprocess *p = fv_net_preprocess(net);
    const fv_targets targets = {fv_exec_at(learner.exec, learner.labels), NULL, NULL};
    void *scratch = fv_alloc(NULL, fv_batch_scratch(data, p, NULL) + 1, 1);

    memset(&sums, 0, sizeof sums);
    depths = calloc(info.count, sizeof *depths);
    if (!depths || !scratch)
        exit(1);
    find_depths(&info, depths);
    check(fv_batch_check(data, p, NULL, &err));
    for (uint32_t b = 0; b < BATCHES; b++) {
        uint32_t indices[BATCH];

        for (uint32_t i = 0; i < BATCH; i++)
            indices[i] = b * BATCH + i;
        fv_batch_fill(&(fv_batch){.data = data, .split = FV_TRAIN, .p = p}, indices, 0, BATCH,
                      fv_exec_at(learner.exec, learner.input), &targets, scratch);
        fv_exec_compute(learner.exec);
        add(&sums, &learner, &info, depths, b == 0);
    }
    for (size_t d = 0; d < DEPTHS; d++)
        if (sums.layers[d])
            printf("%s,%zu,%zu,%.4g\n",
                   bare                       ? "without heads"
                   : strstr(zoo, "googlenet") ? "with heads"
                                              : zoo,
                   d, sums.layers[d], sqrt(sums.squares[d] / sums.weights[d]));
    free(depths);
    fv_release(NULL, scratch);
    fv_learner_free(&learner);
    fv_store_free(&store);
    fv_pool_free(options.pool);
    fv_net_free(net);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    const size_t side = (size_t)strtoul(argv[2], NULL, 10), divisor = (size_t)strtoul(argv[3], NULL, 10);
    fv_data *data = enlarged(argv[1], side);

    puts("net,depth,layers,rms");
    for (int i = 4; i < argc; i++)
        measure(argv[i], data, side, divisor);
    fv_data_free(data);
    return 0;
}
