/* Building a training step: the net's graph, its gradients, the norm of all of them, and one update a parameter. */
#include "train/learner.h"
#include "ops/update.h"
#include "train/freeze.h"
#include <string.h>

/* Label smoothing is the run's, not the net's, and so are weights of classes: the losses take them over before they are
 * differentiated. */
static void set_loss(fv_graph *graph, fv_node *node, double smoothing, fv_value weights)
{
    double *copy = fv_arena_alloc(&graph->arena, 1, node->op->attr_bytes);
    fv_value *in = fv_arena_alloc(&graph->arena, (size_t)node->n_in + 1, sizeof *in);

    if (!copy || !in) {
        fv_fail_memory(&graph->error, sizeof *copy, "a loss");
        return;
    }
    memcpy(copy, node->attrs, node->op->attr_bytes);
    if (smoothing > 0)
        *copy = smoothing;
    memcpy(in, node->in, (size_t)node->n_in * sizeof *in);
    in[node->n_in] = weights;
    node->attrs = copy;
    node->in = in;
    node->n_in += weights != 0;
}

static fv_status set_losses(fv_graph *graph, const fv_net *net, const fv_settings *s, fv_error *err)
{
    const size_t classes = fv_net_classes(net);
    fv_value weights = 0;

    if (s->class_weights)
        weights = fv_graph_constant(graph, fv_shape1(classes), s->class_weights, "class weights");
    for (size_t i = 0; i < graph->n_nodes; i++) {
        if (graph->nodes[i].op == &fv_op_cross_entropy)
            set_loss(graph, &graph->nodes[i], s->smoothing, weights);
        else if (weights && graph->nodes[i].op->flags & FV_OP_LOSS)
            return fv_fail(err, FV_E_UNSUPPORTED, "%s: weights of classes need cross-entropy, the net's loss is %s",
                           fv_net_name(net), graph->nodes[i].op->name);
    }
    return fv_graph_status(graph, err);
}

/* Where samples are mixed the losses read two labels and the share of the first one. */
static fv_status set_mixing(fv_graph *graph, const char *net, fv_learner *learner, fv_error *err)
{
    const fv_shape one_each = fv_shape1(graph->batch);

    learner->other = fv_graph_value(graph, FV_ROLE_INPUT, FV_I32, one_each, "other");
    learner->share = fv_graph_value(graph, FV_ROLE_INPUT, FV_REAL_T, one_each, "share");
    for (size_t i = 0; i < graph->n_nodes; i++) {
        fv_node *node = &graph->nodes[i];
        fv_value *in;

        if (!(node->op->flags & FV_OP_LOSS))
            continue;
        if (node->op != &fv_op_cross_entropy)
            return fv_fail(err, FV_E_ARGUMENT, "%s: mixup and cutmix need the loss cross-entropy, it has %s", net,
                           node->op->name);
        in = fv_arena_alloc(&graph->arena, 4, sizeof *in);
        if (!in)
            return fv_fail_memory(err, 4 * sizeof *in, "a loss");
        memcpy(in, (fv_value[]){node->in[0], node->in[1], learner->other, learner->share}, 4 * sizeof *in);
        node->in = in;
        node->n_in = 4;
    }
    graph->values[learner->other].keep = graph->values[learner->share].keep = true;
    return fv_graph_status(graph, err);
}

/* A state beside parameter `name`: its momentum. */
static fv_value state_of(fv_graph *graph, fv_value param, const char *kind)
{
    const char *name = fv_arena_print(&graph->arena, "%s#%s", graph->values[param].name, kind);

    if (!name) {
        fv_fail_memory(&graph->error, 64, "a name");
        return 0;
    }
    return fv_graph_value(graph, FV_ROLE_STATE, FV_REAL_T, graph->values[param].shape, name);
}

static void emit_update(fv_graph *graph, const fv_settings *s, fv_value param, fv_value gradient, double rate,
                        fv_value hyper, fv_value factor)
{
    const bool decays = graph->values[param].param->decay;
    const fv_update_attrs attrs = {.rate = rate,
                                   .momentum = s->momentum,
                                   .decay = decays ? s->weight_decay : 0,
                                   .beta1 = s->beta1,
                                   .beta2 = s->beta2,
                                   .eps = s->eps,
                                   .nesterov = s->nesterov,
                                   .decoupled = s->optimizer == FV_ADAMW};
    fv_value in[6] = {param, gradient, hyper, factor};

    graph->label = "update";
    if (s->optimizer == FV_SGD) {
        if (s->momentum > 0)
            in[4] = state_of(graph, param, "momentum");
        fv_emit(graph, &fv_op_sgd, &attrs, in, s->momentum > 0 ? 5 : 4);
        return;
    }
    in[4] = state_of(graph, param, "mean");
    in[5] = state_of(graph, param, "square");
    fv_emit(graph, &fv_op_adam, &attrs, in, 6);
}

/* What a parameter's learning rate is of the step's. */
static double rate_of(const fv_settings *s, const fv_learner *learner, fv_value param)
{
    if (param >= learner->head)
        return 1;
    return s->lr_backbone > 0 && s->lr > 0 ? s->lr_backbone / s->lr : .1;
}

/* The norm of all gradients, and the updates of all parameters, behind everything that reads them. */
static void emit_updates(fv_graph *graph, const fv_settings *s, fv_learner *learner)
{
    const fv_clip_attrs clip = {s->clip};
    fv_value *all = fv_arena_alloc(&graph->arena, learner->n_gradients, sizeof *all);
    const fv_node *norm;
    int n = 0;

    learner->params = fv_arena_alloc(&graph->arena, learner->n_gradients, sizeof *learner->params);
    if (!all || !learner->params) {
        fv_fail_memory(&graph->error, learner->n_gradients * sizeof *all, "updates");
        return;
    }
    for (size_t v = 1; v < learner->n_gradients; v++)
        if (graph->values[v].role == FV_ROLE_PARAM && learner->gradients[v]) {
            learner->params[n] = (fv_value)v;
            all[n++] = learner->gradients[v];
        }
    learner->n_params = (size_t)n;
    graph->label = "update";
    learner->hyper = fv_graph_value(graph, FV_ROLE_INPUT, FV_REAL_T, fv_shape1(2), "hyper");
    learner->squares = fv_emit(graph, &fv_op_square_sum, NULL, all, n);
    norm = fv_emit_node(graph, &fv_op_clip_factor, &clip, &learner->squares, 1);
    if (!norm)
        return;
    learner->norm = norm->out[0];
    graph->values[learner->norm].keep = true;
    graph->values[learner->squares].keep = s->log_gradients > 0;

    const fv_value factor = s->clip > 0 ? norm->out[1] : 0;

    for (size_t v = 1; v < learner->n_gradients; v++)
        if (graph->values[v].role == FV_ROLE_PARAM && learner->gradients[v])
            emit_update(graph, s, (fv_value)v, learner->gradients[v], rate_of(s, learner, (fv_value)v), learner->hyper,
                        factor);
}

static void keep_gradients(fv_graph *graph, const fv_learner *learner)
{
    for (size_t v = 1; v < learner->n_gradients; v++)
        if (learner->gradients[v])
            graph->values[learner->gradients[v]].keep = true;
}

static fv_status build(fv_graph *graph, const fv_net *net, const fv_settings *s, const char *without, bool update,
                       fv_learner *learner, fv_error *err)
{
    fv_status status = fv_net_build(net, graph, err);

    if (status)
        return status;
    if (!graph->n_losses)
        return fv_fail(err, FV_E_ARGUMENT, "%s: has no loss to train", fv_net_name(net));
    if (graph->n_losses > FV_COUNT(learner->losses))
        return fv_fail(err, FV_E_RANGE, "%s: %zu losses, at most %zu", fv_net_name(net), graph->n_losses,
                       FV_COUNT(learner->losses));
    if (s->unfreeze)
        learner->head = fv_freeze(graph, s);
    if (s->mixup > 0 || s->cutmix > 0)
        status = set_mixing(graph, fv_net_name(net), learner, err);
    if (!status)
        status = set_losses(graph, net, s, err);
    if (!status)
        status = fv_plan_simplify(graph, without, err);
    if (status)
        return status;
    learner->input = graph->input;
    learner->labels = graph->labels;
    learner->logits = graph->logits;
    /* read after the step, or computed from again when a number broke */
    graph->values[graph->input].keep = graph->values[graph->labels].keep = graph->values[graph->logits].keep = true;
    learner->n_losses = graph->n_losses;
    for (size_t i = 0; i < graph->n_losses; i++) {
        learner->losses[i] = graph->losses[i].value;
        learner->weights[i] = graph->losses[i].weight;
    }
    learner->n_gradients = graph->n_values;
    learner->gradients = fv_arena_alloc(&graph->arena, graph->n_values, sizeof *learner->gradients);
    if (!learner->gradients)
        return fv_fail_memory(err, graph->n_values * sizeof *learner->gradients, "gradients");
    fv_autodiff(graph, &fv_op_add, !update, learner->gradients);
    if (update)
        emit_updates(graph, s, learner);
    else
        keep_gradients(graph, learner);
    return fv_graph_status(graph, err);
}

fv_status fv_learner_plan(const fv_host *host, const fv_net *net, size_t batch, const fv_settings *settings,
                          const fv_exec_options *options, bool update, fv_learner *out, fv_error *err)
{
    fv_graph graph;
    fv_status status;

    *out = (fv_learner){.batch = batch, .classes = fv_net_classes(net), .smallest_wins = fv_net_smallest_wins(net)};
    fv_graph_init(&graph, host, batch, true);
    status = build(&graph, net, settings, options->without, update, out, err);
    if (status) {
        fv_graph_free(&graph);
        return status;
    }
    return fv_exec_plan(host, &graph, options, &out->exec, err);
}

fv_status fv_learner_create(const fv_host *host, const fv_net *net, size_t batch, const fv_settings *settings,
                            const fv_exec_options *options, bool update, fv_learner *out, fv_error *err)
{
    fv_status status = fv_learner_plan(host, net, batch, settings, options, update, out, err);

    if (!status && (status = fv_exec_open(out->exec, NULL, err)))
        fv_learner_free(out);
    return status;
}

void fv_learner_free(fv_learner *learner)
{
    fv_exec_free(learner->exec);
    *learner = (fv_learner){0};
}

double fv_learner_loss(const fv_learner *learner)
{
    double total = 0;

    for (size_t i = 0; i < learner->n_losses; i++) {
        double sum = 0;

        for (size_t n = 0; n < learner->batch; n++)
            sum += fv_exec_get(learner->exec, learner->losses[i], n);
        total += learner->weights[i] * sum / (double)learner->batch;
    }
    return total;
}

size_t fv_learner_right(const fv_learner *learner)
{
    const int32_t *labels = fv_exec_at(learner->exec, learner->labels);
    size_t right = 0;

    for (size_t n = 0; n < learner->batch; n++) {
        size_t best = 0;
        double top = 0;

        for (size_t c = 0; c < learner->classes; c++) {
            const double x = fv_exec_get(learner->exec, learner->logits, n * learner->classes + c);
            const double score = learner->smallest_wins ? -x : x;

            if (c == 0 || score > top) {
                best = c;
                top = score;
            }
        }
        right += best == (size_t)labels[n];
    }
    return right;
}
