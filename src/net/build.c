/* Statements to nodes: repeats are written out, blocks become branches, every layer gets a name. */
#include "base/error.h"
#include "net/walk.h"

#include <string.h>

bool fv_walk_fail(fv_walk *w, fv_place place)
{
    const fv_net *net = w->net;

    if (w->status)
        return false;
    w->status = fv_graph_status(w->graph, w->err);
    if (w->status && w->status != FV_E_MEMORY)
        fv_fail_at(w->err, w->status, "%s:%d:%d", net->file, place.line, place.column);
    if (!w->status) /* an arena was empty where the graph does not say so */
        w->status = fv_fail_memory(w->err, sizeof(fv_node), "a graph");
    return false;
}

/* One statement or node more, of a bounded number: nested repeats multiply. */
bool fv_walk_step(fv_walk *w, fv_place place)
{
    if (w->status)
        return false;
    if (++w->steps <= FV_NET_NODES_MAX && w->graph->n_nodes < FV_NET_NODES_MAX)
        return true;
    w->status = fv_net_fail(w->net, place, w->err, FV_E_RANGE, "more than %d layers when all repeats are written out",
                            FV_NET_NODES_MAX);
    return false;
}

const fv_op *fv_walk_op(fv_walk *w, const char *name, fv_place place)
{
    const fv_op *op = fv_op_find(name);

    if (!op && !w->status)
        w->status = fv_net_fail(w->net, place, w->err, FV_E_UNSUPPORTED, "operator '%s' is not built in", name);
    return op;
}

/* ---------------------------------------------------------------------------------------------- names */

const char *fv_walk_scoped(fv_walk *w, const char *name)
{
    const char *text = fv_arena_print(&w->graph->arena, "%s%s", w->scope, name);

    if (!text)
        fv_walk_fail(w, (fv_place){0});
    return text;
}

/* A number behind the word until the name is free; the first may go without (`bare`). */
static const char *number_name(fv_walk *w, const char *word, bool bare)
{
    const char *key = fv_arena_print(&w->graph->arena, "%s%s#", w->scope, word), *text;
    fv_name *counter = key ? fv_names_get(&w->names, key) : NULL;

    if (!counter) {
        fv_walk_fail(w, (fv_place){0});
        return NULL;
    }
    do {
        counter->count++;
        if (bare && counter->count == 1)
            text = fv_walk_scoped(w, word);
        else
            text = fv_arena_print(&w->graph->arena, "%s%s%zu", w->scope, word, counter->count);
        if (!text)
            fv_walk_fail(w, (fv_place){0});
    } while (text && fv_names_find(&w->names, text));
    return text;
}

const char *fv_walk_bare(fv_walk *w, const char *word)
{
    return number_name(w, word, true);
}
const char *fv_walk_numbered(fv_walk *w, const char *word)
{
    return number_name(w, word, false);
}

fv_name *fv_walk_define(fv_walk *w, const char *text, fv_place place)
{
    const fv_name *before = text ? fv_names_find(&w->names, text) : NULL;
    fv_name *name;

    if (w->status || !text)
        return NULL;
    if (strlen(text) > FV_NET_NAME_MAX)
        w->status = fv_net_fail(w->net, place, w->err, FV_E_RANGE,
                                "a layer's name, with those of the blocks around it, "
                                "has more than %d characters",
                                FV_NET_NAME_MAX);
    else if (before && before->place.line == place.line && before->place.column == place.column)
        w->status = fv_net_fail(w->net, place, w->err, FV_E_SYNTAX,
                                "label '%s' would name every repetition; give the "
                                "block a label of its own: `name: [ ... ] x2`",
                                text);
    else if (before)
        w->status = fv_net_fail(w->net, place, w->err, FV_E_SYNTAX, "label '%s' is used twice, first in line %d", text,
                                before->place.line);
    if (w->status)
        return NULL;
    name = fv_names_get(&w->names, text);
    if (!name) {
        fv_walk_fail(w, place);
        return NULL;
    }
    name->place = place;
    name->head = w->head;
    return name;
}

/* Layers that what follows belongs to: `conv1: conv ... bn relu` names the value behind the ReLU. */
static void open_layer(fv_walk *w, fv_name *name)
{
    if (w->n_open < FV_COUNT(w->open))
        w->open[w->n_open++] = name;
}

static void set_value(fv_walk *w, fv_value value)
{
    for (size_t i = 0; i < w->n_open; i++)
        w->open[i]->value = value;
    w->in[0] = value;
    w->n_in = 1;
}

/* ---------------------------------------------------------------------------------------------- operators */

static int inputs_of(const fv_op *op)
{
    return op->params ? 1 : op->inputs;
}

static bool right_number(fv_walk *w, const fv_op *op, fv_place place)
{
    const int wanted = inputs_of(op);

    if (wanted < 0 || wanted == w->n_in)
        return true;
    if (wanted > w->n_in)
        w->status = fv_net_fail(w->net, place, w->err, FV_E_SYNTAX,
                                "%s reads %d values, but there is %d; name them: "
                                "`from a, b %s`",
                                op->name, wanted, w->n_in, op->name);
    else
        w->status = fv_net_fail(w->net, place, w->err, FV_E_SYNTAX, "%s reads %d value%s, but `from` names %d",
                                op->name, wanted, wanted == 1 ? "" : "s", w->n_in);
    return false;
}

bool fv_walk_apply(fv_walk *w, const fv_op *op, const void *attrs, const char *label, fv_place place)
{
    fv_value out;

    if (!label || !fv_walk_step(w, place) || !right_number(w, op, place))
        return false;
    out = fv_apply(w->graph, op, attrs, label, w->in, w->n_in);
    if (!out)
        return fv_walk_fail(w, place);
    set_value(w, out);
    w->place = place;
    w->layers++;
    return true;
}

/* The statement's attributes with what only the builder knows filled in: the number of classes, a block's stride. */
static const void *filled(fv_walk *w, const fv_stmt *s)
{
    const size_t classes = w->net->classes ? w->net->classes : FV_NET_CLASSES_DEFAULT;
    void *attrs = fv_arena_alloc(&w->graph->arena, 1, s->op->attr_bytes ? s->op->attr_bytes : 1);

    if (!attrs) {
        fv_walk_fail(w, s->place);
        return NULL;
    }
    memcpy(attrs, s->attrs, s->op->attr_bytes);
    for (const fv_attr *attr = s->op->attrs; attr && attr->name; attr++) {
        size_t value;

        if (attr->type != FV_ATTR_CLASSES)
            continue;
        memcpy(&value, (char *)attrs + attr->offset, sizeof value);
        if (value == 0)
            memcpy((char *)attrs + attr->offset, &classes, sizeof classes);
    }
    if (s->stride == FV_STRIDE_BLOCK || (s->stride == FV_STRIDE_FIRST && w->block_stride != 1))
        fv_attr_set(s->op, attrs, "stride", w->block_stride);
    return attrs;
}

/* Activations and batch norm without a label belong to the layer before them. */
static bool belongs(const fv_walk *w, const fv_stmt *s)
{
    return !s->label && w->n_open && (s->op->activation || strcmp(s->op->name, "bn") == 0);
}

static bool run_op(fv_walk *w, const fv_stmt *s)
{
    const char *label = s->label ? fv_walk_scoped(w, s->label) : fv_walk_numbered(w, s->op->name);
    const void *attrs = filled(w, s);
    fv_name *name = fv_walk_define(w, label, s->place);

    if (!name || !attrs)
        return false;
    if (!belongs(w, s))
        w->n_open = 0;
    open_layer(w, name);
    return fv_walk_apply(w, s->op, attrs, label, s->place);
}

static bool run_from(fv_walk *w, const fv_stmt *s)
{
    if (!fv_walk_step(w, s->place))
        return false;
    for (size_t i = 0; i < s->n_names; i++) {
        const fv_name *name = fv_names_resolve(&w->names, w->scope, s->names[i]);
        const char *near = name ? NULL : fv_names_nearest(&w->names, s->names[i]);

        if (name && name->head && name->head != w->head)
            w->status = fv_net_fail(w->net, s->place, w->err, FV_E_SYNTAX,
                                    "from: '%s' is in an auxiliary head, which "
                                    "exists in training only",
                                    s->names[i]);
        else if (!name && near)
            w->status = fv_net_fail(w->net, s->place, w->err, FV_E_UNKNOWN,
                                    "from: no layer before this one is called "
                                    "'%s'; did you mean '%s'?",
                                    s->names[i], near);
        else if (!name)
            w->status = fv_net_fail(w->net, s->place, w->err, FV_E_UNKNOWN,
                                    "from: no layer before this one is called "
                                    "'%s'",
                                    s->names[i]);
        if (w->status || !name)
            return false;
        w->in[i] = name->value;
    }
    w->n_in = (int)s->n_names;
    w->n_open = 0;
    return true;
}

/* ---------------------------------------------------------------------------------------------- statements */

/* Nothing is computed behind it. */
static bool is_last(const fv_stmt *s)
{
    for (s = s->next; s; s = s->next)
        if (s->kind != FV_STMT_DEFAULT)
            return false;
    return true;
}

bool fv_walk_list(fv_walk *w, const fv_stmts *list, bool head)
{
    for (const fv_stmt *s = list->first; s; s = s->next) {
        if (s->kind == FV_STMT_DEFAULT)
            continue;
        /* A soft-max at the end of a head marks probabilities: sessions apply it, losses contain it. */
        if (head && s->kind == FV_STMT_OP && strcmp(s->op->name, "softmax") == 0 && is_last(s))
            continue;
        if (!(s->kind == FV_STMT_OP ? run_op(w, s) : s->kind == FV_STMT_FROM ? run_from(w, s) : fv_walk_block(w, s)))
            return false;
    }
    return !w->status;
}

bool fv_walk_single(fv_walk *w, fv_place place)
{
    if (w->n_in == 1)
        return true;
    if (!w->status)
        w->status = fv_net_fail(w->net, place, w->err, FV_E_SYNTAX,
                                "`from` names %d values, but what follows reads one", w->n_in);
    return false;
}

/* ---------------------------------------------------------------------------------------------- the whole net */

static bool begin(fv_walk *w)
{
    const fv_preprocess *in = &w->net->input;
    fv_graph *graph = w->graph;
    fv_name *name;

    graph->input = fv_graph_value(graph, FV_ROLE_INPUT, FV_REAL_T,
                                  fv_shape4(graph->batch, in->height, in->width, in->channels), "input");
    if (!graph->input)
        return fv_walk_fail(w, w->net->input_line.place);
    name = fv_walk_define(w, "input", w->net->input_line.place);
    if (!name)
        return false;
    name->value = graph->input;
    w->in[0] = graph->input;
    w->n_in = 1;
    return true;
}

/* The net must end in one value a class. */
static bool check_end(fv_walk *w)
{
    const fv_net *net = w->net;
    const fv_shape *out = fv_shape_of(w->graph, w->in[0]);

    if (!w->layers)
        w->status =
            fv_net_fail(net, net->input_line.place, w->err, FV_E_SHAPE, "the net has no layer behind its input");
    else if (out->rank != 4 || out->dim[1] != 1 || out->dim[2] != 1)
        w->status = fv_net_fail(net, w->place, w->err, FV_E_SHAPE,
                                "the net ends with %zux%zux%zu, but must end with one "
                                "value a class (1x1xN): add `dense classes`",
                                out->dim[1], out->dim[2], out->dim[3]);
    else if (net->classes && out->dim[3] != net->classes)
        w->status = fv_net_fail(net, w->place, w->err, FV_E_SHAPE,
                                "the net ends with %zu values, but line %d says "
                                "classes %zu",
                                out->dim[3], net->classes_place.line, net->classes);
    return !w->status;
}

static bool add_loss(fv_walk *w, fv_value logits, double weight, fv_place place)
{
    const fv_stmt *s = w->net->loss;
    const fv_op *op = s ? s->op : fv_walk_op(w, "cross-entropy", place);
    const fv_value in[] = {logits, w->graph->labels};
    void *plain;
    fv_value value;

    if (!op)
        return false;
    plain = fv_arena_alloc(&w->graph->arena, 1, op->attr_bytes ? op->attr_bytes : 1);
    if (!plain)
        return fv_walk_fail(w, place);
    fv_attrs_default(op, plain);
    value = fv_apply(w->graph, op, s ? s->attrs : plain, "loss", in, 2);
    if (!value)
        return fv_walk_fail(w, place);
    fv_graph_add_loss(w->graph, value, weight);
    return w->graph->error.code ? fv_walk_fail(w, place) : true;
}

static bool add_losses(fv_walk *w)
{
    fv_graph *graph = w->graph;
    const fv_place place = w->place;

    graph->labels = fv_graph_value(graph, FV_ROLE_INPUT, FV_I32, fv_shape1(graph->batch), "labels");
    if (!graph->labels)
        return fv_walk_fail(w, place);
    if (!add_loss(w, graph->logits, 1, place))
        return false;
    for (const fv_head *head = w->heads; head; head = head->next)
        if (!add_loss(w, head->value, head->weight, head->place))
            return false;
    return true;
}

/* A name by which `from` finds the value: its layer's. */
static const char *name_of(const fv_walk *w, fv_value value)
{
    if (w->n_open && w->open[0]->value == value)
        return w->open[0]->text;
    for (size_t i = w->names.n; i > 0; i--)
        if (w->names.order[i - 1]->value == value && !w->names.order[i - 1]->head)
            return w->names.order[i - 1]->text;
    return "input";
}

fv_status fv_net_walk(const fv_net *net, fv_graph *graph, bool whole, fv_walked *walked, fv_error *err)
{
    fv_error unused = {0};
    fv_walk w = {.net = net,
                 .graph = graph,
                 .err = err ? err : &unused,
                 .scope = "",
                 .block_stride = 1,
                 .names = {.arena = &graph->arena},
                 .place = net->input_line.place};

    w.heads_end = &w.heads;
    w.aux_end = &w.aux;
    if (!begin(&w) || !fv_walk_list(&w, &net->body, true) || !fv_walk_single(&w, w.place))
        return w.status;
    graph->logits = w.in[0];
    graph->values[graph->logits].keep = true;
    if (whole && (!check_end(&w) || (graph->training && !add_losses(&w))))
        return w.status;
    *walked = (fv_walked){w.in[0], name_of(&w, w.in[0]), w.place, w.layers, w.aux};
    return w.status;
}

fv_status fv_net_build(const fv_net *net, fv_graph *graph, fv_error *err)
{
    fv_walked walked;

    return fv_net_walk(net, graph, true, &walked, err);
}
