/* Building a graph: values and nodes in arrays that grow inside the graph's arena. */
#include "base/random.h"
#include "graph/op.h"
#include <string.h>

void fv_graph_init(fv_graph *graph, const fv_host *host, size_t batch, bool training)
{
    *graph = (fv_graph){.batch = batch, .training = training, .n_values = 1, .label = ""};
    fv_arena_init(&graph->arena, host);
}

void fv_graph_free(fv_graph *graph)
{
    fv_arena_free(&graph->arena);
    *graph = (fv_graph){0};
}

fv_status fv_graph_status(const fv_graph *graph, fv_error *err)
{
    if (graph->error.code != FV_OK && err)
        *err = graph->error;
    return graph->error.code;
}

static bool broken(const fv_graph *graph)
{
    return graph->error.code != FV_OK;
}

/* Arena memory, with its failure kept as the graph's. */
static void *take(fv_graph *graph, size_t count, size_t size)
{
    void *block = fv_arena_alloc(&graph->arena, count, size);

    if (!block && !broken(graph))
        fv_fail_memory(&graph->error, count * size, "a graph");
    return block;
}

/* Room for one more element; arrays double, old blocks stay in the arena until it is freed. */
static void *more(fv_graph *graph, void *array, size_t count, size_t *size, size_t element)
{
    const size_t grown = *size ? *size * 2 : 32;
    void *bigger;

    if (count < *size)
        return array;
    bigger = take(graph, grown, element);
    if (!bigger)
        return NULL;
    if (array)
        memcpy(bigger, array, count * element);
    *size = grown;
    return bigger;
}

static char *copy_text(fv_graph *graph, const char *text)
{
    char *copy = fv_arena_strndup(&graph->arena, text, strlen(text));

    if (!copy && !broken(graph))
        fv_fail_memory(&graph->error, strlen(text) + 1, "a name");
    return copy;
}

fv_value fv_graph_value(fv_graph *graph, fv_role role, fv_dtype dtype, fv_shape shape, const char *name)
{
    fv_value_info *values;

    if (broken(graph))
        return 0;
    if (!fv_shape_valid(&shape)) {
        char text[96];

        fv_fail(&graph->error, FV_E_SHAPE, "%s: a value of shape %s is empty or too large", name ? name : graph->label,
                fv_shape_text(&shape, text));
        return 0;
    }
    values = more(graph, graph->values, graph->n_values, &graph->size_values, sizeof *values);
    if (!values)
        return 0;
    graph->values = values;
    values[graph->n_values] = (fv_value_info){.shape = shape, .dtype = dtype, .role = role};
    if (name && !(values[graph->n_values].name = copy_text(graph, name)))
        return 0;
    return (fv_value)graph->n_values++;
}

fv_value fv_graph_constant(fv_graph *graph, fv_shape shape, const double *elements, const char *name)
{
    const fv_value value = fv_graph_value(graph, FV_ROLE_CONST, FV_REAL_T, shape, name);
    double *copy;

    if (!value || !(copy = take(graph, fv_elements(&shape), sizeof *copy)))
        return 0;
    memcpy(copy, elements, fv_elements(&shape) * sizeof *copy);
    graph->values[value].constant = copy;
    return value;
}

void fv_graph_add_loss(fv_graph *graph, fv_value value, double weight)
{
    fv_loss *losses;

    if (broken(graph) || !(losses = more(graph, graph->losses, graph->n_losses, &graph->size_losses, sizeof *losses)))
        return;
    graph->losses = losses;
    losses[graph->n_losses++] = (fv_loss){value, weight};
    graph->values[value].keep = true;
}

static const void *copy_attrs(fv_graph *graph, const fv_op *op, const void *attrs)
{
    void *copy = take(graph, 1, op->attr_bytes ? op->attr_bytes : 1);

    if (copy && attrs && op->attr_bytes)
        memcpy(copy, attrs, op->attr_bytes);
    else if (copy && op->attr_bytes)
        fv_attrs_default(op, copy);
    return copy;
}

/* The node with inputs and attributes set, not yet in the graph; false when memory ran out or an input is missing. */
static bool make_node(fv_graph *graph, const fv_op *op, const void *attrs, const fv_value *in, int n, fv_node *node)
{
    *node = (fv_node){.op = op, .label = graph->label, .n_in = n, .n_out = op->outputs};
    for (int i = 0; i < n; i++)
        if (!in[i] && op->inputs >= 0)
            return false; /* an input failed before; its error stands */
    node->attrs = copy_attrs(graph, op, attrs);
    node->in = take(graph, (size_t)n, sizeof *node->in);
    node->out = take(graph, (size_t)op->outputs, sizeof *node->out);
    if (!node->attrs || !node->in || !node->out)
        return false;
    memcpy(node->in, in, (size_t)n * sizeof *in);
    return true;
}

enum { MOST_OUTPUTS = 4, MOST_INPUTS = 512 };

/* Check shapes and make the output values. */
static bool make_outputs(fv_graph *graph, fv_node *node)
{
    fv_shape in[MOST_INPUTS], out[MOST_OUTPUTS] = {{0}};
    fv_dtype dtype[MOST_OUTPUTS] = {FV_REAL_T};

    if (node->n_in > MOST_INPUTS) {
        fv_fail(&graph->error, FV_E_RANGE, "%s: %s of %d values; at most %d", node->label, node->op->name, node->n_in,
                MOST_INPUTS);
        return false;
    }
    for (int i = 0; i < node->n_in; i++)
        in[i] = graph->values[node->in[i]].shape;
    if (node->op->shape && node->op->shape(node, in, out, dtype, &graph->error))
        return false;
    for (int i = 0; i < node->n_out; i++) {
        node->out[i] = fv_graph_value(graph, FV_ROLE_ACTIVATION, dtype[i], out[i], NULL);
        if (!node->out[i])
            return false;
        graph->values[node->out[i]].producer = (uint32_t)graph->n_nodes + 1;
    }
    return true;
}

const fv_node *fv_emit_node(fv_graph *graph, const fv_op *op, const void *attrs, const fv_value *in, int n)
{
    fv_node node, *nodes;

    if (broken(graph) || !make_node(graph, op, attrs, in, n, &node) || !make_outputs(graph, &node))
        return NULL;
    nodes = more(graph, graph->nodes, graph->n_nodes, &graph->size_nodes, sizeof *nodes);
    if (!nodes)
        return NULL;
    graph->nodes = nodes;
    nodes[graph->n_nodes] = node;
    return &nodes[graph->n_nodes++];
}

fv_value fv_emit(fv_graph *graph, const fv_op *op, const void *attrs, const fv_value *in, int n)
{
    const fv_node *node = fv_emit_node(graph, op, attrs, in, n);

    return node && node->n_out ? node->out[0] : 0;
}

/* The value of one parameter, named label.suffix. */
static fv_value make_param(fv_graph *graph, const fv_param *param)
{
    char *name = fv_arena_print(&graph->arena, "%s.%s", graph->label, param->suffix);
    fv_param *copy = take(graph, 1, sizeof *copy);
    fv_value value;

    if (!name || !copy)
        return 0;
    *copy = *param;
    if (param->constant) {
        double *elements = take(graph, fv_elements(&param->shape), sizeof *elements);

        if (!elements)
            return 0;
        param->constant(elements);
        return fv_graph_constant(graph, param->shape, elements, name);
    }
    value = fv_graph_value(graph, param->state ? FV_ROLE_STATE : FV_ROLE_PARAM, FV_REAL_T, param->shape, name);
    if (value)
        graph->values[value].param = copy;
    return value;
}

fv_value fv_apply(fv_graph *graph, const fv_op *op, const void *attrs, const char *label, const fv_value *in, int n)
{
    fv_value all[MOST_INPUTS + FV_MAX_PARAMS];
    fv_param params[FV_MAX_PARAMS] = {{0}};
    int n_params = 0;

    if (broken(graph))
        return 0;
    if (op->flags & FV_OP_WORD || (op->flags & FV_OP_TRAINING && !graph->training))
        return in[0];
    if (!(graph->label = copy_text(graph, label)) || n > MOST_INPUTS)
        return 0;
    for (int i = 0; i < n; i++)
        if (!(all[i] = in[i]))
            return 0;
    if (op->params && (n_params = op->params(attrs, fv_shape_of(graph, in[0]), params, &graph->error)) < 0)
        return 0;
    for (int i = 0; i < n_params; i++)
        all[n + i] = make_param(graph, &params[i]);
    const fv_value out = fv_emit(graph, op, attrs, all, n + n_params);

    if (out && op->stream_offset) {
        const uint32_t stream = FV_STREAM_NODE + graph->n_random++;

        memcpy((char *)graph->nodes[graph->n_nodes - 1].attrs + op->stream_offset, &stream, sizeof stream);
    }
    return out;
}

static void set_attr(const fv_attr *attr, char *at, double value)
{
    const size_t whole = value > 0 ? (size_t)value : 0;

    switch (attr->type) {
    case FV_ATTR_INT:
    case FV_ATTR_CLASSES:
        memcpy(at, &whole, sizeof whole);
        break;
    case FV_ATTR_REAL:
        memcpy(at, &value, sizeof value);
        break;
    case FV_ATTR_FLAG:
        memcpy(at, &(bool){value != 0}, sizeof(bool));
        break;
    case FV_ATTR_SIZE:
        memcpy(at, (size_t[]){whole, whole}, 2 * sizeof whole);
        break;
    case FV_ATTR_PAD:
        memcpy(at, &(fv_pad){false, whole, whole, whole, whole}, sizeof(fv_pad));
        break;
    case FV_ATTR_WORD:
        memcpy(at, &(int){(int)value}, sizeof(int));
        break;
    }
}

void fv_attrs_default(const fv_op *op, void *attrs)
{
    memset(attrs, 0, op->attr_bytes);
    for (const fv_attr *attr = op->attrs; attr && attr->name; attr++)
        if (attr->fallback > FV_REQUIRED)
            set_attr(attr, (char *)attrs + attr->offset, attr->fallback);
}
