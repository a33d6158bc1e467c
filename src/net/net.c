/* The noun fv_net: made from text, opened by name, added to, asked. */
#include "base/error.h"
#include "base/file.h"
#include "net/tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---------------------------------------------------------------------------------------------- making */

/* "vgg" of "nets/vgg.net"; "net" where that is no name. */
static const char *stem(fv_arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    const char *end = strrchr(base, '.');
    const size_t length = end && end > base ? (size_t)(end - base) : strlen(base);
    const size_t good = strspn(base, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return good >= length && length && length < FV_WORD_MAX ? fv_arena_strndup(arena, base, length)
                                                            : fv_arena_strndup(arena, "net", 3);
}

/* Build the net once for one picture: shapes that do not fit are found here, with their place. Learns the last value's
 * name and its channels. */
static fv_status check(fv_net *net, fv_error *err)
{
    fv_walked walked;
    fv_graph graph;
    fv_status status;

    fv_graph_init(&graph, &net->arena.host, 1, true);
    status = fv_net_walk(net, &graph, false, &walked, err);
    if (!status) {
        net->outputs = fv_channels(fv_shape_of(&graph, walked.last));
        net->last = fv_arena_strndup(&net->arena, walked.name, strlen(walked.name));
        if (!net->last)
            status = fv_fail_memory(err, strlen(walked.name) + 1, "a name");
    }
    fv_graph_free(&graph);
    return status;
}

static void forget_description(fv_net *net)
{
    if (net->is_described)
        fv_arena_free(&net->described.arena);
    net->is_described = false;
}

/* The canonical text anew. */
static fv_status write_text(fv_net *net, fv_error *err)
{
    char *text = fv_net_print(net);

    if (!text)
        return fv_fail_memory(err, FV_NET_BYTES_MAX, "a network's text");
    fv_release(&net->arena.host, net->text);
    net->text = text;
    return FV_OK;
}

static fv_status fill(fv_net *net, const char *text, const char *file, fv_error *err)
{
    net->file = fv_arena_strndup(&net->arena, file, strlen(file));
    net->source = fv_arena_strndup(&net->arena, text, strlen(text));
    if (!net->file || !net->source)
        return fv_fail_memory(err, strlen(text) + 1, "a network's text");
    fv_status status = fv_net_read(net, text, true, err);

    if (!status && !net->name && !(net->name = stem(&net->arena, file)))
        status = fv_fail_memory(err, FV_WORD_MAX, "a network's name");
    if (!status)
        status = check(net, err);
    return status ? status : write_text(net, err);
}

fv_status fv_net_parse(const fv_host *host, const char *text, const char *file, fv_net **out, fv_error *err)
{
    const fv_host h = fv_host_or_default(host);
    const char *place = file && *file ? file : "net";
    fv_error local;
    fv_status status;
    fv_net *net;

    if (!out)
        return fv_fail(err, FV_E_ARGUMENT, "fv_net_parse: out is NULL");
    *out = NULL;
    if (!text)
        return fv_fail(err, FV_E_ARGUMENT, "fv_net_parse: text is NULL");
    if (strlen(text) > FV_NET_BYTES_MAX)
        return fv_fail(err, FV_E_RANGE, "%s: a network of %zu bytes; at most %d are read", place, strlen(text),
                       FV_NET_BYTES_MAX);
    net = fv_alloc(&h, 1, sizeof *net);
    if (!net)
        return fv_fail_memory(err, sizeof *net, "a network");
    fv_arena_init(&net->arena, &h);
    status = fill(net, text, place, err ? err : &local);
    if (status) {
        fv_net_free(net);
        return status;
    }
    *out = net;
    return FV_OK;
}

void fv_net_free(fv_net *net)
{
    if (!net)
        return;
    const fv_host host = net->arena.host;

    forget_description(net);
    fv_release(&host, net->text);
    fv_arena_free(&net->arena);
    fv_release(&host, net);
}

/* Parsing what was parsed keeps the places of messages; after fv_net_add only the net's own text says it all. */
fv_status fv_net_clone(const fv_host *host, const fv_net *net, fv_net **out, fv_error *err)
{
    const fv_host *h = host ? host : &net->arena.host;
    const fv_status status = fv_net_parse(h, net->source ? net->source : net->text, net->file, out, err);
    fv_net *copy = *out;

    if (status || !net->n_values)
        return status;
    copy->values = fv_arena_alloc(&copy->arena, net->n_values, sizeof *copy->values);
    copy->size_values = copy->values ? net->n_values : 0;
    for (; copy->n_values < copy->size_values; copy->n_values++) {
        const char *name = net->values[copy->n_values];

        if (!(copy->values[copy->n_values] = fv_arena_strndup(&copy->arena, name, strlen(name))))
            break;
    }
    if (copy->n_values == net->n_values)
        return FV_OK;
    fv_net_free(copy);
    *out = NULL;
    return fv_fail_memory(err, net->n_values * sizeof *net->values, "a network");
}

/* ---------------------------------------------------------------------------------------------- opening */

static fv_status open_file(const fv_host *host, const char *path, fv_net **out, fv_error *err)
{
    uint8_t *data;
    size_t size;
    fv_status status = fv_file_read(host, path, FV_NET_BYTES_MAX, &data, &size, err);

    if (status)
        return status;
    if (memchr(data, 0, size))
        status = fv_fail(err, FV_E_SYNTAX, "%s: holds zero bytes: it is no text", path);
    else
        status = fv_net_parse(host, (const char *)data, path, out, err);
    fv_release(host, data);
    return status;
}

static bool is_path(const char *text)
{
    const size_t length = strlen(text);
    struct stat info;

    return strchr(text, '/') || (length > 4 && strcmp(text + length - 4, ".net") == 0) || stat(text, &info) == 0;
}

static fv_status unknown(const char *name, fv_error *err)
{
    char shown[FV_QUOTE];
    const char *near = NULL;
    size_t best = 3;

    fv_text_quote(shown, name, strlen(name));
    for (size_t i = 0; i < fv_zoo_length; i++) {
        const size_t distance = fv_text_distance(name, fv_zoo[i].name, 2);

        if (distance < best) {
            best = distance;
            near = fv_zoo[i].name;
        }
    }
    if (near)
        return fv_fail(err, FV_E_UNKNOWN, "unknown network '%s'; did you mean '%s'?", shown, near);
    return fv_fail(err, FV_E_UNKNOWN,
                   "unknown network '%s': it is none of the %zu that `fovea nets` lists, and no file "
                   "is called so",
                   shown, fv_zoo_length);
}

fv_status fv_net_open(const fv_host *host, const char *name_or_path, fv_net **out, fv_error *err)
{
    char file[FV_WORD_MAX];

    if (!out)
        return fv_fail(err, FV_E_ARGUMENT, "fv_net_open: out is NULL");
    *out = NULL;
    if (!name_or_path || !*name_or_path)
        return fv_fail(err, FV_E_ARGUMENT, "fv_net_open: there is no name");
    for (size_t i = 0; i < fv_zoo_length; i++)
        if (strcmp(name_or_path, fv_zoo[i].name) == 0 && strlen(name_or_path) + 5 < sizeof file) {
            snprintf(file, sizeof file, "%s.net", name_or_path);
            return fv_net_parse(host, fv_zoo[i].text, file, out, err);
        }
    return is_path(name_or_path) ? open_file(host, name_or_path, out, err) : unknown(name_or_path, err);
}

size_t fv_zoo_count(void)
{
    return fv_zoo_length;
}
const char *fv_zoo_name(size_t i)
{
    return i < fv_zoo_length ? fv_zoo[i].name : NULL;
}
const char *fv_zoo_text(size_t i)
{
    return i < fv_zoo_length ? fv_zoo[i].text : NULL;
}

/* ---------------------------------------------------------------------------------------------- asking */

const char *fv_net_text(const fv_net *net)
{
    return net->text;
}
const char *fv_net_name(const fv_net *net)
{
    return net->name;
}
const char *fv_net_file(const fv_net *net)
{
    return net->file;
}
const fv_preprocess *fv_net_preprocess(const fv_net *net)
{
    return &net->input;
}
size_t fv_net_classes(const fv_net *net)
{
    return net->classes ? net->classes : net->outputs;
}

bool fv_net_smallest_wins(const fv_net *net)
{
    return net->loss && strcmp(net->loss->op->name, "rbf-loss") == 0;
}

const char *const *fv_net_train_words(const fv_net *net, size_t *count, int *line)
{
    *count = net->n_train;
    if (line)
        *line = net->train_line;
    return net->train;
}

/* ---------------------------------------------------------------------------------------------- adding */

/* What fv_net_add changes, to be put back when the line is wrong. */
typedef struct before {
    fv_stmts body;
    fv_preset *presets;
    fv_stmt *loss;
    size_t n_train, outputs;
    int lines, train_line;
    const char *last;
} before;

static before remember(const fv_net *net)
{
    return (before){net->body,    net->presets, net->loss,       net->n_train,
                    net->outputs, net->lines,   net->train_line, net->last};
}

static void restore(fv_net *net, const before *b)
{
    net->body = b->body;
    if (net->body.last)
        net->body.last->next = NULL;
    net->presets = b->presets;
    net->loss = b->loss;
    net->n_train = b->n_train;
    net->outputs = b->outputs;
    net->lines = b->lines;
    net->train_line = b->train_line;
    net->last = b->last;
}

static fv_stmt *append(fv_net *net, fv_stmt *s)
{
    if (net->body.last)
        net->body.last->next = s;
    else
        net->body.first = s;
    net->body.last = s;
    return s;
}

/* `from` and the names of the values that the line reads. */
static fv_status add_from(fv_net *net, const char *const *names, size_t n, fv_error *err)
{
    fv_stmt *s = fv_arena_alloc(&net->arena, 1, sizeof *s);
    const char **copy = fv_arena_alloc(&net->arena, n, sizeof *copy);

    if (!s || !copy)
        return fv_fail_memory(err, sizeof *s, "a statement");
    memcpy(copy, names, n * sizeof *copy);
    *s = (fv_stmt){.kind = FV_STMT_FROM, .place = {net->lines + 1, 1}, .names = copy, .n_names = n};
    append(net, s);
    return FV_OK;
}

static fv_status add_inputs(fv_net *net, const int *inputs, size_t n, fv_error *err)
{
    const char *names[FV_NET_ARMS_MAX];

    if (n > FV_NET_ARMS_MAX)
        return fv_fail(err, FV_E_RANGE, "fv_net_add: %zu inputs; at most %d", n, FV_NET_ARMS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (inputs[i] < 0 || (size_t)inputs[i] > net->n_values)
            return fv_fail(err, FV_E_ARGUMENT, "fv_net_add: input %zu is value %d, but there are %zu", i, inputs[i],
                           net->n_values);
        names[i] = inputs[i] ? net->values[inputs[i] - 1] : "input";
    }
    return add_from(net, names, n, err);
}

/* An activation that is added alone makes a value of its own: the one before keeps its name. */
static fv_status part(fv_net *net, fv_stmt *last, fv_error *err)
{
    fv_stmt *first = last ? last->next : net->body.first, *from;
    const fv_stmts rest = {first, net->body.last};
    fv_status status;

    if (!first || first->kind != FV_STMT_OP || first->label ||
        !(first->op->activation || strcmp(first->op->name, "bn") == 0))
        return FV_OK;
    net->body = (fv_stmts){last ? net->body.first : NULL, last};
    if (last)
        last->next = NULL;
    status = add_from(net, &net->last, 1, err);
    from = net->body.last;
    if (status)
        return status;
    from->next = rest.first;
    net->body.last = rest.last;
    return FV_OK;
}

/* `FC-10` at the end has its ReLU, whatever is added behind it: then it must not be printed in a way that a soft-max
 * behind it would change. */
static void settle(fv_stmts *list)
{
    fv_stmt *prior = list->first;

    if (list->last && list->last->kind == FV_STMT_GROUP && !list->last->repeat) {
        settle(&list->last->arms->body);
        return;
    }
    while (prior && prior->next && prior->next != list->last)
        prior = prior->next;
    if (prior && list->last && list->last->implied) {
        prior->spelling = NULL;
        list->last->implied = false;
    }
}

static fv_status keep_value(fv_net *net, int *value, fv_error *err)
{
    if (net->n_values == net->size_values) {
        const size_t size = net->size_values ? 2 * net->size_values : 16;
        const char **values = fv_arena_alloc(&net->arena, size, sizeof *values);

        if (!values)
            return fv_fail_memory(err, size * sizeof *values, "the values of a network");
        if (net->n_values)
            memcpy(values, net->values, net->n_values * sizeof *values);
        net->values = values;
        net->size_values = size;
    }
    net->values[net->n_values++] = net->last;
    if (value)
        *value = (int)net->n_values;
    return FV_OK;
}

static fv_status add(fv_net *net, const char *line, const int *inputs, size_t n, fv_error *err)
{
    fv_stmt *last = net->body.last;
    fv_status status;

    settle(&net->body);
    status = n ? add_inputs(net, inputs, n, err) : FV_OK;

    if (!status)
        status = fv_net_read(net, line, false, err);
    if (!status && !n)
        status = part(net, last, err);
    if (!status)
        status = check(net, err);
    return status ? status : write_text(net, err);
}

fv_status fv_net_add(fv_net *net, const char *line, const int *inputs, size_t n, int *value, fv_error *err)
{
    const before b = remember(net);
    fv_status status;

    if (!line || (n && !inputs))
        return fv_fail(err, FV_E_ARGUMENT, "fv_net_add: %s is NULL", line ? "inputs" : "line");
    if (strlen(line) > FV_NET_BYTES_MAX)
        return fv_fail(err, FV_E_RANGE, "fv_net_add: a line of %zu bytes; at most %d are read", strlen(line),
                       FV_NET_BYTES_MAX);
    status = add(net, line, inputs, n, err);
    if (!status)
        status = keep_value(net, value, err);
    if (status) {
        restore(net, &b);
        return status;
    }
    net->source = NULL;
    forget_description(net);
    return FV_OK;
}
