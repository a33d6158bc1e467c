/* Nets, models and machines as the command line names them. */
#include "cli/bench_tensors.h"
#include "cli/cli.h"
#include "kernels/kernels.h"
#include "net/net.h"
#include "run/pool.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fv_cli_check_machine(const fv_cli *cli)
{
    const fv_kernels *kernels;
    char list[128] = "";
    size_t at = 0;

    if (cli->common->threads > fv_pool_cores())
        fv_cli_note(cli, "%llu threads on %zu cores: the same results, but not sooner",
                    (unsigned long long)cli->common->threads, fv_pool_cores());
    if (!cli->common->isa || fv_kernels_find(cli->common->isa))
        return FV_EXIT_OK;
    for (size_t i = 0; (kernels = fv_kernels_list(i)) && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", kernels->isa);
    return fv_cli_usage(cli, "--isa (or FOVEA_CPU) wants an instruction set of this CPU (%s), has '%s'", list,
                        cli->common->isa);
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool in_zoo(const char *name)
{
    for (size_t i = 0; i < fv_zoo_count(); i++)
        if (strcmp(fv_zoo_name(i), name) == 0)
            return true;
    return false;
}

/* A model file begins with the length of its JSON header (8 bytes) and the header's brace. */
static bool is_model(const char *path)
{
    char head[9] = "";
    FILE *file = fopen(path, "rb");
    const size_t size = file ? fread(head, 1, sizeof head, file) : 0;

    if (file)
        fclose(file);
    return size == sizeof head && head[8] == '{';
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The network `where` with the weights of --weights. */
static int import(const fv_cli *cli, const char *where, fv_model **model)
{
    fv_import_report report;
    fv_error err = {0};
    fv_net *net;
    int code = fv_cli_net_open(cli, where, &net);

    if (!code && fv_model_import(&cli->host, net, cli->common->weights, cli->common->seed, model, &report, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        fv_cli_detail(cli, "%s: %zu weights by name, %zu by order and shape, %zu of training heads initialised",
                      cli->common->weights, report.by_name, report.by_order, report.initialised);
    fv_net_free(net);
    return code;
}

int fv_cli_model_open(const fv_cli *cli, const char *where, fv_model **model)
{
    static const char *const weights[] = {"best", "last"};
    char path[4096];
    fv_error err = {0};
    int length;

    *model = NULL;
    if (cli->common->weights)
        return import(cli, where, model);
    for (size_t i = 0; is_folder(where) && i < FV_COUNT(weights); i++) {
        length = snprintf(path, sizeof path, "%s/weights/%s.safetensors", where, weights[i]);
        if (length < 0 || (size_t)length >= sizeof path || access(path, R_OK) != 0)
            continue;
        where = path;
        break;
    }
    return fv_model_open(&cli->host, where, model, &err) ? fv_cli_fail(cli, &err) : FV_EXIT_OK;
}

/* A name that nobody knows is a mistake in the command line; a file that cannot be read is a failure. */
static int zoo_or_text(const fv_cli *cli, const char *where, fv_net **net)
{
    fv_error err = {0};

    if (!fv_net_open(&cli->host, where, net, &err))
        return FV_EXIT_OK;
    if (err.code != FV_E_UNKNOWN || access(where, F_OK) == 0)
        return fv_cli_fail(cli, &err);
    fv_cli_say(cli, "%s", err.message);
    fputs("Try 'fovea nets'.\n", stderr);
    return FV_EXIT_USAGE;
}

/* The next whole number of *text. */
static bool number(const char **text, size_t *out)
{
    const size_t length = strspn(*text, "0123456789");
    char digits[8];
    long long value;

    if (!length || length >= sizeof digits)
        return false;
    memcpy(digits, *text, length);
    digits[length] = 0;
    *text += length;
    if (!fv_text_integer(digits, &value) || value < 1)
        return false;
    *out = (size_t)value;
    return true;
}

/* Two numbers with `between` between them, or one (the other is 0 then). */
static bool two_numbers(const char *text, char between, size_t *a, size_t *b)
{
    *b = 0;
    if (!number(&text, a))
        return false;
    if (*text == between) {
        text++;
        return number(&text, b) && !*text;
    }
    return !*text;
}

/* The size that --input names, unless it names a file of pictures. */
static const char *input_size(const fv_cli *cli)
{
    return fv_cli_input_file(cli) ? NULL : cli->common->input;
}

static bool resized(const fv_cli *cli)
{
    return cli->common->width || input_size(cli) || cli->common->classes;
}

/* The network at the size that --width, --input and --classes ask for, in place of *net. */
static int resize(const fv_cli *cli, fv_net **net)
{
    const fv_cli_common *c = cli->common;
    fv_net_size to = FV_NET_SIZE;
    fv_net *old = *net;
    fv_error err = {0};

    if (c->width && !two_numbers(c->width, '/', &to.numerator, &to.denominator))
        return fv_cli_usage(cli, "--width wants a factor such as 1/8 or 2, has '%.80s'", c->width);
    if (c->width && !to.denominator)
        to.denominator = 1;
    if (input_size(cli) && !two_numbers(c->input, 'x', &to.height, &to.width))
        return fv_cli_usage(cli, "--input wants a size such as 64x64, has '%.80s'", c->input);
    to.classes = c->classes;
    if (fv_net_resize(&cli->host, old, &to, net, &err)) {
        *net = old;
        return fv_cli_fail(cli, &err);
    }
    fv_net_free(old);
    return FV_EXIT_OK;
}

static bool names_model(const char *where)
{
    return !in_zoo(where) && (is_folder(where) || ends_with(where, ".safetensors") || is_model(where));
}

int fv_cli_net_open(const fv_cli *cli, const char *where, fv_net **net)
{
    fv_model *model;
    fv_error err = {0};
    int code;

    *net = NULL;
    if (names_model(where)) {
        code = fv_cli_model_open(cli, where, &model);
        if (!code && fv_net_clone(&cli->host, fv_model_net(model), net, &err))
            code = fv_cli_fail(cli, &err);
        fv_model_free(model);
    } else {
        code = zoo_or_text(cli, where, net);
    }
    if (!code && resized(cli))
        code = resize(cli, net);
    if (code) {
        fv_net_free(*net);
        *net = NULL;
    }
    return code;
}

int fv_cli_model_or_net(const fv_cli *cli, const char *where, fv_model **model)
{
    fv_error err = {0};
    fv_net *net;
    int code;

    *model = NULL;
    if (names_model(where) && resized(cli))
        return fv_cli_usage(cli, "%s has weights: --width, --input and --classes are for networks without", where);
    if (names_model(where) || cli->common->weights)
        return fv_cli_model_open(cli, where, model);
    code = fv_cli_net_open(cli, where, &net);
    if (!code && fv_model_create(&cli->host, net, cli->common->seed, model, &err))
        code = fv_cli_fail(cli, &err);
    fv_net_free(net);
    return code;
}
