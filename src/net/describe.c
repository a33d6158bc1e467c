/* A net as a table: one row a layer, with its activations; sizes of one sample. */
#include "base/error.h"
#include "net/tree.h"

#include <string.h>

/* How far the pixels that a value sees reach, and how many input pixels lie between two neighbours of it; rows, columns.
 * Doubles: exact far beyond any picture, and a hostile net cannot make them overflow. */
typedef struct field {
    double reach[2], jump[2];
} field;

typedef struct table {
    fv_graph *graph;
    const fv_aux_range *aux;
    fv_arena *arena; /* of the result */
    fv_layer *rows;
    fv_value *last; /* the value that each row ends with */
    size_t n;
    size_t *row_of; /* of each value that ends a row: index + 1, 0 = none */
    size_t *source; /* of each value: the row that it comes from, index + 1, 0 = the input */
    field *fields;  /* of each value */
    fv_text text;
} table;

/* ---------------------------------------------------------------------------------------------- receptive field */

/* reach += (kernel - 1) dilation jump; jump *= stride. Of several inputs the largest counts. What sees the whole picture
 * (dense, global pooling) keeps the field of the map before it, as tables of networks print it. */
static void spread(table *t, const fv_node *node, const fv_facts *facts)
{
    field f = {{1, 1}, {1, 1}};

    for (int i = 0; i < node->n_in; i++)
        for (int k = 0; k < 2; k++) {
            const field *in = &t->fields[node->in[i]];

            f.reach[k] = in->reach[k] > f.reach[k] ? in->reach[k] : f.reach[k];
            f.jump[k] = in->jump[k] > f.jump[k] ? in->jump[k] : f.jump[k];
        }
    for (int k = 0; k < 2 && !facts->global; k++) {
        if (facts->kernel[k])
            f.reach[k] += (double)((facts->kernel[k] - 1) * (facts->dilation[k] ? facts->dilation[k] : 1)) * f.jump[k];
        if (facts->stride[k])
            f.jump[k] *= (double)facts->stride[k];
        f.reach[k] = f.reach[k] < 1e15 ? f.reach[k] : 1e15;
        f.jump[k] = f.jump[k] < 1e15 ? f.jump[k] : 1e15;
    }
    for (int i = 0; i < node->n_out; i++)
        t->fields[node->out[i]] = f;
}

static uint64_t larger(const field *f)
{
    return (uint64_t)(f->reach[0] > f->reach[1] ? f->reach[0] : f->reach[1]);
}

/* ---------------------------------------------------------------------------------------------- rows */

static uint64_t parameters(const fv_graph *graph, const fv_node *node)
{
    uint64_t sum = 0;

    for (int i = 0; i < node->n_in; i++) {
        const fv_value_info *in = &graph->values[node->in[i]];

        if (in->role == FV_ROLE_PARAM)
            sum += in->param && in->param->trainable ? in->param->trainable : fv_elements(&in->shape);
    }
    return sum;
}

/* Padding at the end that a window touches: a stride may leave the last cells unread. */
static uint32_t touched(const fv_facts *f, int k, size_t in, size_t out)
{
    const size_t reach = f->kernel[k] ? (out - 1) * f->stride[k] + (f->kernel[k] - 1) * f->dilation[k] + 1 : 0;

    return reach > in + f->pad_begin[k] ? (uint32_t)(reach - in - f->pad_begin[k]) : 0;
}

static bool in_head(const table *t, size_t node)
{
    for (const fv_aux_range *range = t->aux; range; range = range->next)
        if (node >= range->first && node < range->last)
            return true;
    return false;
}

static const char *keep(table *t, const char *text)
{
    return fv_arena_strndup(t->arena, text, strlen(text));
}

/* What a row reads besides its parameters. */
static bool read_rows(table *t, const fv_node *node, fv_layer *row)
{
    uint32_t *inputs = fv_arena_alloc(t->arena, (size_t)node->n_in, sizeof *inputs);

    for (int i = 0; inputs && i < node->n_in; i++) {
        const fv_role role = t->graph->values[node->in[i]].role;

        if (role == FV_ROLE_ACTIVATION || role == FV_ROLE_INPUT)
            inputs[row->n_inputs++] = (uint32_t)t->source[node->in[i]];
    }
    row->inputs = inputs;
    return inputs != NULL;
}

static bool new_row(table *t, size_t index, const fv_facts *f)
{
    const fv_node *node = &t->graph->nodes[index];
    const fv_shape *in = fv_shape_of(t->graph, node->in[0]), *out = fv_shape_of(t->graph, node->out[0]);
    fv_layer *row = &t->rows[t->n];

    *row = (fv_layer){.type = node->op->name,
                      .activation = "",
                      .height = out->dim[1],
                      .width = out->dim[2],
                      .channels = out->dim[3],
                      .groups = (uint32_t)f->groups,
                      .parameters = parameters(t->graph, node),
                      .macs = f->macs,
                      .connections = f->connections,
                      .activation_bytes = fv_elements(out) * sizeof(float),
                      .receptive_field = larger(&t->fields[node->out[0]]),
                      .training_only = in_head(t, index)};
    for (int k = 0; k < 2; k++) {
        row->kernel[k] = (uint32_t)f->kernel[k];
        row->stride[k] = (uint32_t)f->stride[k];
        row->pad_begin[k] = (uint32_t)f->pad_begin[k];
        row->pad_end[k] = touched(f, k, in->dim[1 + k], out->dim[1 + k]);
    }
    t->text.length = 0;
    fv_op_print(&t->text, node->op, node->attrs);
    row->name = keep(t, node->label);
    row->text = t->text.failed ? NULL : keep(t, t->text.data);
    t->last[t->n++] = node->out[0];
    t->row_of[node->out[0]] = t->source[node->out[0]] = t->n;
    return row->name && row->text && read_rows(t, node, row);
}

/* An activation right behind a row's value (there is one) joins the row. */
static bool join(table *t, const fv_node *node)
{
    const size_t index = t->row_of[node->in[0]];
    fv_layer *row = &t->rows[index - 1];

    t->row_of[node->out[0]] = t->source[node->out[0]] = index;
    t->last[index - 1] = node->out[0];
    row->activation =
        *row->activation ? fv_arena_print(t->arena, "%s %s", row->activation, node->op->name) : node->op->name;
    row->text = fv_arena_print(t->arena, "%s %s", row->text, node->op->name);
    return row->activation && row->text;
}

static bool add_node(table *t, size_t index)
{
    const fv_node *node = &t->graph->nodes[index];
    const size_t row = t->row_of[node->in[0]];
    fv_facts facts = {0};

    if (node->op->facts)
        node->op->facts(node, fv_shape_of(t->graph, node->in[0]), fv_shape_of(t->graph, node->out[0]), &facts);
    spread(t, node, &facts);
    if (node->op->flags & FV_OP_TRAINING) { /* dropout: nothing of it is left at inference */
        t->row_of[node->out[0]] = 0;
        t->source[node->out[0]] = t->source[node->in[0]];
        return true;
    }
    if (node->op->activation && row && t->last[row - 1] == node->in[0])
        return join(t, node);
    return new_row(t, index, &facts);
}

/* ---------------------------------------------------------------------------------------------- the table */

static bool fill(table *t)
{
    fv_graph *graph = t->graph;
    fv_arena *scratch = &graph->arena;

    t->rows = fv_arena_alloc(t->arena, graph->n_nodes + 1, sizeof *t->rows);
    t->last = fv_arena_alloc(scratch, graph->n_nodes + 1, sizeof *t->last);
    t->row_of = fv_arena_alloc(scratch, graph->n_values, sizeof *t->row_of);
    t->source = fv_arena_alloc(scratch, graph->n_values, sizeof *t->source);
    t->fields = fv_arena_alloc(scratch, graph->n_values, sizeof *t->fields);
    if (!t->rows || !t->last || !t->row_of || !t->source || !t->fields)
        return false;
    t->fields[graph->input] = (field){{1, 1}, {1, 1}};
    for (size_t i = 0; i < graph->n_nodes; i++)
        if (!add_node(t, i))
            return false;
    return true;
}

static void total(const fv_net *net, const table *t, fv_value last, fv_net_info *info)
{
    *info = (fv_net_info){.layers = t->rows,
                          .count = t->n,
                          .receptive_field = larger(&t->fields[last]),
                          .height = (uint32_t)net->input.height,
                          .width = (uint32_t)net->input.width,
                          .channels = (uint32_t)net->input.channels,
                          .classes = (uint32_t)fv_net_classes(net)};
    for (size_t i = 0; i < t->n; i++) {
        const fv_layer *row = &t->rows[i];

        if (row->training_only) {
            info->parameters_training += row->parameters;
            continue;
        }
        info->parameters += row->parameters;
        info->macs += row->macs;
        info->connections += row->connections;
        info->activation_bytes += row->activation_bytes;
    }
}

static fv_status describe(fv_net *net, fv_graph *graph, fv_error *err)
{
    table t = {.graph = graph, .arena = &net->described.arena};
    fv_walked walked;
    fv_status status = fv_net_walk(net, graph, false, &walked, err);

    if (status)
        return status;
    t.aux = walked.aux;
    fv_text_init(&t.text, &net->arena.host);
    if (fill(&t))
        total(net, &t, walked.last, &net->described.info);
    else
        status = fv_fail_memory(err, graph->n_nodes * sizeof(fv_layer), "a network's description");
    fv_text_free(&t.text);
    return status;
}

fv_status fv_net_describe(fv_net *net, fv_net_info *info, fv_error *err)
{
    fv_graph graph;
    fv_status status = FV_OK;

    *info = (fv_net_info){0};
    if (!net->is_described) {
        fv_arena_init(&net->described.arena, &net->arena.host);
        fv_graph_init(&graph, &net->arena.host, 1, true);
        status = describe(net, &graph, err);
        fv_graph_free(&graph);
        if (status)
            fv_arena_free(&net->described.arena);
        net->is_described = status == FV_OK;
    }
    if (!status)
        *info = net->described.info;
    return status;
}
