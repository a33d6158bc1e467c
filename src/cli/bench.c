/* bench: how long a network takes for a batch, in training or in use. Runs are timed one by one after a warm-up; the
 * median counts, least and most are printed beside it. */
#include "base/file.h"
#include "base/random.h"
#include "cli/bench_tensors.h"
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/json.h"
#include "cli/layers.h"
#include "cli/memory.h"
#include "cli/roofline.h"
#include "cli/tune.h"
#include "model/session.h"
#include "run/pool.h"
#include "train/trainer.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

typedef struct bench_values {
    fv_cli_common common;
    const char *output;
    uint64_t batch;
    int mode;
    double seconds, warm_up;
    bool layers;
    const char *roofline;
} bench_values;

enum { INFER, TRAIN };
static const char *const mode_words[] = {"infer", "train", NULL};

/* Times of single runs in ms; the warm-up's are not kept. */
typedef struct times {
    double *ms;
    size_t count, size;
    double begin_s, last_s, warm_up_s, measure_s;
    bool warm, failed;
    fv_cli_layers layers; /* of --layers and --roofline */
    fv_cli_limits limits;
    fv_cli_resident resident;
} times;

enum { LEAST_RUNS = 5 };

static void begin(times *t, const bench_values *values)
{
    *t = (times){.warm_up_s = values->warm_up, .measure_s = values->seconds};
    t->begin_s = t->last_s = fv_clock_s();
}

/* Note the end of a run that began at t->last_s; false when enough were timed. */
static bool lap(times *t)
{
    const double now_s = fv_clock_s(), ms = (now_s - t->last_s) * 1e3;

    t->last_s = now_s;
    if (!t->warm) {
        if (now_s - t->begin_s >= t->warm_up_s) {
            t->warm = true;
            t->begin_s = now_s;
        }
        return true;
    }
    if (t->count == t->size) {
        const size_t size = t->size ? 2 * t->size : 1024;
        double *more = realloc(t->ms, size * sizeof *more);

        if (!more) {
            t->failed = true;
            return false;
        }
        t->ms = more;
        t->size = size;
    }
    t->ms[t->count++] = ms;
    return t->count < LEAST_RUNS || now_s - t->begin_s < t->measure_s;
}

static int measure_layers(const fv_cli *cli, times *t, fv_exec *exec)
{
    const bench_values *values = cli->values;

    fv_cli_resident_read(&t->resident, exec);
    if (!values->layers && !values->roofline)
        return FV_EXIT_OK;
    fv_cli_limits_measure(&t->limits, &cli->host, exec->kernels, cli->common->threads);
    if (fv_cli_layers_measure(&t->layers, exec, values->seconds))
        return FV_EXIT_OK;
    return fv_cli_memory(cli);
}

/* ------------------------------------------------------------------------------------------------------ infer */

static int infer(const fv_cli *cli, const fv_net_info *info, times *t)
{
    const bench_values *values = cli->values;
    char tuning[FV_CLI_PATH];
    fv_session_options options = fv_cli_session_options(cli, values->batch);
    const size_t in = values->batch * info->height * info->width * info->channels, out = values->batch * info->classes;
    float *pictures = NULL, *logits = calloc(out, sizeof *logits);
    fv_model *model = NULL;
    fv_session *session = NULL;
    fv_error err = {0};
    bool more = true;
    int code = logits ? fv_cli_bench_pictures(cli, info, values->batch, &pictures) : fv_cli_memory(cli);

    if (!code)
        code = fv_cli_model_or_net(cli, cli->operands[0], &model);
    if (fv_cli_tuning_found(tuning))
        options.tuning = tuning;
    if (!code && fv_session_create(&cli->host, model, &options, &session, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        fv_cli_detail(cli, "%s", fv_session_explain(session));
    begin(t, values);
    for (size_t i = 0; !code && more; i = (i + 1) % FV_CLI_BENCH_INPUTS) {
        if (fv_session_run(session, pictures + i * in, values->batch, logits, &err))
            code = fv_cli_fail(cli, &err);
        else
            more = lap(t);
    }
    if (!code)
        code = measure_layers(cli, t, fv_session_exec(session));
    if (!code && values->output && fv_session_run(session, pictures, values->batch, logits, &err))
        code = fv_cli_fail(cli, &err);
    if (!code && values->output)
        code = fv_cli_bench_logits(cli, values->output, logits, values->batch, info->classes);
    fv_session_free(session);
    fv_model_free(model);
    free(pictures);
    free(logits);
    return code;
}

/* ------------------------------------------------------------------------------------------------------ train */

/* Random pictures for as many steps an epoch as fit into 64 MiB: what stands between epochs is not timed. */
static int random_data(const fv_cli *cli, const fv_net_info *info, fv_data **data)
{
    const bench_values *values = cli->values;
    const fv_random random = {.seed = cli->common->seed, .stream = FV_STREAM_TEST};
    const size_t picture = (size_t)info->height * info->width * info->channels, batch_bytes = values->batch * picture;
    const size_t fit = ((size_t)64 << 20) / batch_bytes, steps = fit < 3 ? 3 : fit > 400 ? 400 : fit;
    const size_t count = steps * values->batch;
    uint8_t *pixels = calloc(count, picture);
    uint32_t *labels = calloc(count, sizeof *labels);
    fv_error err = {0};
    int code = FV_EXIT_OK;

    if (!pixels || !labels) {
        code = fv_cli_memory(cli);
        goto done;
    }
    for (size_t i = 0; i + 8 <= count * picture; i += 8)
        memcpy(pixels + i, &(uint64_t){fv_random_bits(random, i)}, 8);
    for (size_t i = 0; i < count; i++)
        labels[i] = (uint32_t)(i % info->classes);
    if (fv_data_from_memory(&cli->host, pixels, labels, count, info->height, info->width, info->channels, info->classes,
                            NULL, data, &err))
        code = fv_cli_fail(cli, &err);
done:
    free(pixels);
    free(labels);
    return code;
}

static int after_step(void *user, const fv_progress *progress)
{
    times *t = user;

    if (progress->epoch_done || progress->step <= 1) { /* the time since the last step was no step's */
        t->last_s = fv_clock_s();
        return 0;
    }
    return !lap(t);
}

static int train(const fv_cli *cli, const fv_net_info *info, fv_net *net, times *t)
{
    const bench_values *values = cli->values;
    fv_train_options options = FV_TRAIN_OPTIONS;
    fv_trainer *trainer = NULL;
    fv_data *data = NULL;
    fv_error err = {0};
    char text[128];
    int code = random_data(cli, info, &data);

    snprintf(text, sizeof text, "epochs 100000 batch %" PRIu64 " seed %" PRIu64 "%s", values->batch, cli->common->seed,
             cli->common->exact ? " exact" : "");
    options.text = text;
    options.threads = cli->common->threads;
    options.isa = cli->common->isa;
    options.memory_limit = fv_cli_memory_available();
    options.progress = after_step;
    options.user = t;
    if (!code && fv_trainer_create(&cli->host, net, data, &options, &trainer, &err))
        code = fv_cli_fail(cli, &err);
    begin(t, values);
    if (!code) {
        const fv_status status = fv_trainer_run(trainer, &err);

        if (t->failed)
            code = fv_cli_memory(cli);
        else if (status && status != FV_E_STOPPED)
            code = fv_cli_fail(cli, &err);
    }
    if (!code)
        code = measure_layers(cli, t, trainer->full.exec);
    fv_trainer_free(trainer);
    fv_data_free(data);
    return code;
}

/* ---------------------------------------------------------------------------------------------------- results */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Most memory that this process held, mapped files included. */
static double max_rss_mib(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024 : 0;
}

static bool print(const fv_cli *cli, const fv_net_info *info, const char *name, times *t)
{
    const bench_values *values = cli->values;
    fv_cli_json json;
    char rate[32];

    qsort(t->ms, t->count, sizeof *t->ms, by_size);
    const double median_ms = (t->ms[t->count / 2] + t->ms[(t->count - 1) / 2]) / 2;
    const double images_per_s = median_ms > 0 ? (double)values->batch / (median_ms / 1e3) : 0;
    const double gflops = 2e-9 * (double)info->macs * images_per_s * (values->mode == TRAIN ? 3 : 1);
    if (!cli->common->json) {
        printf("%s, %s, batch %" PRIu64 ": median %.3f ms (%.3f to %.3f in %zu runs), %s images/s, %.1f GFLOP/s\n",
               name, mode_words[values->mode], values->batch, median_ms, t->ms[0], t->ms[t->count - 1], t->count,
               fv_cli_thousands((uint64_t)(images_per_s + 0.5), rate), gflops);
        if (values->mode == INFER)
            fv_cli_resident_print(&t->resident, stdout);
        return !values->layers || fv_cli_layers_print(&t->layers, &t->limits, stdout, cli->terminal.out_color);
    }
    fv_cli_json_begin(&json, 2);
    fv_cli_json_text(&json, "net", name);
    fv_cli_json_text(&json, "mode", mode_words[values->mode]);
    fv_cli_json_count(&json, "batch", values->batch);
    fv_cli_json_count(&json, "threads", cli->common->threads ? cli->common->threads : fv_pool_cores());
    fv_cli_json_real(&json, "median_ms", median_ms);
    fv_cli_json_real(&json, "min_ms", t->ms[0]);
    fv_cli_json_real(&json, "max_ms", t->ms[t->count - 1]);
    fv_cli_json_count(&json, "runs", t->count);
    fv_cli_json_real(&json, "images_per_s", images_per_s);
    fv_cli_json_real(&json, "gflops", gflops);
    fv_cli_json_real(&json, "max_rss_mib", max_rss_mib());
    if (values->mode == INFER)
        fv_cli_resident_json(&t->resident, &json);
    if (values->layers)
        fv_cli_layers_json(&t->layers, &t->limits, &json);
    return fv_cli_json_print(&json, stdout);
}

static int draw(const fv_cli *cli, const char *name, const times *t)
{
    const bench_values *values = cli->values;
    fv_error err = {0};
    char title[160];

    snprintf(title, sizeof title, "%s, %s, batch %" PRIu64 ", %zu threads", name, mode_words[values->mode],
             values->batch, cli->common->threads ? (size_t)cli->common->threads : fv_pool_cores());
    return fv_cli_roofline_write(&t->layers, &t->limits, title, values->roofline, &err) ? fv_cli_fail(cli, &err)
                                                                                        : FV_EXIT_OK;
}

static int run(const fv_cli *cli)
{
    const bench_values *values = cli->values;
    fv_net_info info;
    fv_net *net = NULL;
    fv_error err = {0};
    times t = {0};
    int code = fv_cli_check_machine(cli);

    if (!code)
        code = fv_cli_net_open(cli, cli->operands[0], &net);
    if (!code && fv_net_describe(net, &info, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        code = values->mode == TRAIN ? train(cli, &info, net, &t) : infer(cli, &info, &t);
    if (!code && !t.count) {
        fv_cli_say(cli, "nothing was timed: training ended before the warm-up did");
        code = FV_EXIT_FAILURE;
    }
    if (!code && !print(cli, &info, fv_net_name(net), &t))
        code = fv_cli_memory(cli);
    if (!code && values->roofline)
        code = draw(cli, fv_net_name(net), &t);
    free(t.ms);
    fv_cli_layers_free(&t.layers);
    fv_net_free(net);
    return code;
}

#define AT(member) offsetof(bench_values, member)
static const fv_cli_option options[] = {
    {.name = "mode",
     .argument = "MODE",
     .type = FV_CLI_WORD,
     .at = AT(mode),
     .fallback = "infer",
     .words = mode_words,
     .help = "use the network, or train it (forward, backward, update)"},
    {.name = "batch",
     .letter = 'b',
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(batch),
     .fallback = "1",
     .least = 1,
     .most = 65536,
     .unit = "image",
     .help = "images in one run"},
    {.name = "seconds",
     .argument = "S",
     .type = FV_CLI_REAL,
     .at = AT(seconds),
     .fallback = "2",
     .least = 0,
     .most = 3600,
     .unit = "s",
     .help = "how long to measure, but five runs at least"},
    {.name = "warm-up",
     .argument = "S",
     .type = FV_CLI_REAL,
     .at = AT(warm_up),
     .fallback = "0.5",
     .least = 0,
     .most = 3600,
     .unit = "s",
     .help = "how long to run before measuring, but once at least"},
    {.name = "layers",
     .type = FV_CLI_FLAG,
     .at = AT(layers),
     .help =
         "then measure each step by itself, as long again, and print where the time goes beside this machine's limits"},
    {.name = "roofline",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(roofline),
     .help = "draw each step between this machine's limits of arithmetic and memory, as SVG"},
    {.name = "output",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(output),
     .help = "write the logits of the first batch as .npy, to compare with another tool's"},
    {.name = "seed",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = offsetof(fv_cli_common, seed),
     .fallback = "1",
     .least = 0,
     .most = 9e18,
     .help = "of weights and pictures"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options},           {"Size of the network", fv_cli_size}, {"Weights", fv_cli_weights},
    {"Machine", fv_cli_machine},    {"Arithmetic", fv_cli_exact},         {"Precision and memory", fv_cli_hold},
    {"Output", fv_cli_json_output}, {"General", fv_cli_general},          {0},
};

const fv_cli_verb fv_cli_verb_bench = {
    .name = "bench",
    .operands = "NET",
    .least = 1,
    .most = 1,
    .help = "Measure how fast a network runs or learns here",
    .text =
        "Each run is timed by itself; images_per_s is the batch over the median. GFLOP/s count the multiplications and "
        "additions of the direct method; a layer's GB/s count what it reads and writes once.",
    .examples = {{"bench lenet-5", "the time for one image on all cores"},
                 {"bench lenet-5 --mode train --batch 128 --threads 2", "the speed of training"},
                 {"bench lenet-5 --batch 64 --seconds 10 --json", "for a script"}},
    .tables = tables,
    .value_bytes = sizeof(bench_values),
    .run = run,
};
