/* import: makes a model of a network and weights that another tool saved, so that they are one file from then on. */
#include "base/file.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct import_values {
    fv_cli_common common;
    const char *out, *names;
} import_values;

enum { NAMES_MAX_BYTES = 1 << 20 };

/* One class a line of the file. */
static int name_classes(const fv_cli *cli, fv_model *model, const char *path)
{
    const size_t classes = fv_model_classes(model);
    const char **names = calloc(classes, sizeof *names);
    uint8_t *text = NULL;
    size_t size, count = 0;
    fv_error err = {0};
    int code = FV_EXIT_OK;

    if (!names)
        return fv_cli_memory(cli);
    if (fv_file_read(&cli->host, path, NAMES_MAX_BYTES, &text, &size, &err)) {
        code = fv_cli_fail(cli, &err);
    } else {
        for (char *line = (char *)text; *line; count++) {
            char *end = line + strcspn(line, "\r\n"), *next = end + strspn(end, "\r\n");

            *end = 0;
            if (count < classes)
                names[count] = line;
            line = next;
        }
        if (fv_model_set_classes(model, names, count, &err)) {
            fv_fail_at(&err, err.code, "%s", path);
            code = fv_cli_fail(cli, &err);
        }
    }
    fv_release(&cli->host, text);
    free(names);
    return code;
}

static int run(const fv_cli *cli)
{
    const import_values *values = cli->values;
    const char *weights = cli->operands[1];
    fv_import_report report;
    fv_model *model = NULL;
    fv_net *net = NULL;
    fv_error err = {0};
    int code;

    if (!values->out)
        return fv_cli_usage(cli, "import writes a model: name it with --out FILE");
    code = fv_cli_net_open(cli, cli->operands[0], &net);
    if (!code && fv_model_import(&cli->host, net, weights, cli->common->seed, &model, &report, &err))
        code = fv_cli_fail(cli, &err);
    if (!code && values->names)
        code = name_classes(cli, model, values->names);
    if (!code && fv_model_save(model, values->out, &err))
        code = fv_cli_fail(cli, &err);
    if (!code)
        printf("%s: %s with %zu tensors matched by name, %zu by order and shape, %zu of training heads initialised\n",
               values->out, fv_net_name(net), report.by_name, report.by_order, report.initialised);
    fv_model_free(model);
    fv_net_free(net);
    return code;
}

#define AT(member) offsetof(import_values, member)
static const fv_cli_option options[] = {
    {.name = "out",
     .letter = 'o',
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(out),
     .help = "the model that is written"},
    {.name = "names",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(names),
     .help = "what the classes are called, one a line; otherwise they are numbers"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options}, {"Size of the network", fv_cli_size}, {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_import = {
    .name = "import",
    .operands = "NET WEIGHTS",
    .least = 2,
    .most = 2,
    .help = "Make a model of weights that another tool saved",
    .text =
        "WEIGHTS is a safetensors file with tensors in PyTorch's layouts. Tensors that bear the network's names are "
        "taken by "
        "name, the others in order, as long as their shapes agree; what does not fit is refused with both shapes. The "
        "model carries the network's text, its preprocessing and a self-test, as one that was trained here.",
    .examples = {{"import resnet-20 w.safetensors -o resnet.safetensors", "one file for eval, predict and the others"},
                 {"import my.net w.safetensors --names n.txt -o my.safetensors", "with the names of the classes"},
                 {"import resnet-20 w.safetensors --classes 100 -o r.safetensors", "for a network of another size"}},
    .more = "doc/training.md",
    .tables = tables,
    .value_bytes = sizeof(import_values),
    .run = run,
};
