/* Blocks to nodes: groups, branches, residual blocks (He et al. 2015), inception modules and auxiliary heads (Szegedy
 * et al. 2014). */
#include "net/walk.h"

#include <string.h>

/* Names inside a block stand behind the block's: "layer1." or, in repetition 0, "layer1.0.". Blocks without a label
 * share the names around them. */
static const char *inner_scope(fv_walk *w, const fv_name *block, const fv_stmt *s, size_t i)
{
    const char *scope = w->scope;

    if (block && s->repeat)
        scope = fv_arena_print(&w->graph->arena, "%s.%zu.", block->text, i);
    else if (block)
        scope = fv_arena_print(&w->graph->arena, "%s.", block->text);
    if (!scope)
        fv_walk_fail(w, s->place);
    return scope;
}

/* The block's name: its label, or else a numbered `word`, or none (word NULL). */
static bool name_block(fv_walk *w, const fv_stmt *s, const char *word, fv_name **block)
{
    const char *text = s->label ? fv_walk_scoped(w, s->label) : word ? fv_walk_numbered(w, word) : NULL;

    *block = text ? fv_walk_define(w, text, s->place) : NULL;
    return !w->status;
}

/* The block's value is the last one; what follows belongs to it. */
static void end_block(fv_walk *w, fv_name *block)
{
    if (!block)
        return;
    block->value = w->in[0];
    w->open[0] = block;
    w->n_open = 1;
}

static bool run_group(fv_walk *w, const fv_stmt *s)
{
    const char *outer = w->scope;
    fv_name *block;

    if (!name_block(w, s, NULL, &block))
        return false;
    for (size_t i = 0; i < (s->repeat ? s->repeat : 1) && !w->status; i++) {
        w->scope = inner_scope(w, block, s, i);
        if (!w->scope || !fv_walk_list(w, &s->arms->body, false))
            return false;
        w->scope = outer;
    }
    if (block && !fv_walk_single(w, s->place))
        return false;
    end_block(w, block);
    return true;
}

/* ---------------------------------------------------------------------------------------------- branches */

static bool run_arms(fv_walk *w, const fv_stmt *s, fv_value *out, int *n)
{
    const fv_value in = w->in[0];

    *n = 0;
    for (const fv_arm *arm = s->arms; arm; arm = arm->next) {
        w->in[0] = in;
        w->n_in = 1;
        w->n_open = 0;
        if (!fv_walk_list(w, &arm->body, false) || !fv_walk_single(w, s->place))
            return false;
        out[(*n)++] = w->in[0];
    }
    return true;
}

static bool run_branch(fv_walk *w, const fv_stmt *s)
{
    const char *outer = w->scope, *label;
    fv_value out[FV_NET_ARMS_MAX];
    const fv_op *concat;
    fv_name *block;
    int n;

    if (!fv_walk_single(w, s->place) || !name_block(w, s, s->kind == FV_STMT_INCEPTION ? "inception" : NULL, &block))
        return false;
    w->scope = inner_scope(w, block, s, 0);
    if (!w->scope || !run_arms(w, s, out, &n))
        return false;
    if (n > 1) {
        concat = fv_walk_op(w, "concat", s->place);
        label = concat ? fv_walk_bare(w, "concat") : NULL;
        w->open[0] = fv_walk_define(w, label, s->place);
        w->n_open = w->open[0] != NULL;
        memcpy(w->in, out, (size_t)n * sizeof *out);
        w->n_in = n;
        if (!w->n_open || !fv_walk_apply(w, concat, NULL, label, s->place))
            return false;
    }
    w->scope = outer;
    end_block(w, block);
    return true;
}

/* ---------------------------------------------------------------------------------------------- residual blocks */

/* Option B: 1x1 convolution to the block's shape, with batch norm if the block has it. */
static bool project(fv_walk *w, const fv_stmt *s, size_t features)
{
    const fv_stmt *conv = s->project.first, *bn = conv->next;
    const char *name = fv_walk_bare(w, "downsample"), *label;
    void *attrs = fv_arena_alloc(&w->graph->arena, 1, conv->op->attr_bytes);

    if (!name || !attrs)
        return fv_walk_fail(w, s->place);
    memcpy(attrs, conv->attrs, conv->op->attr_bytes);
    fv_attr_set(conv->op, attrs, "features", features);
    fv_attr_set(conv->op, attrs, "stride", w->block_stride);
    for (int i = 0; i < (bn ? 2 : 1); i++) {
        label = fv_arena_print(&w->graph->arena, "%s.%d", name, i);
        if (!label)
            return fv_walk_fail(w, s->place);
        if (!fv_walk_define(w, label, s->place) ||
            !fv_walk_apply(w, i ? bn->op : conv->op, i ? bn->attrs : attrs, label, s->place))
            return false;
    }
    return true;
}

/* Option A: every stride-th pixel, and zero channels behind (or half of them before). */
static bool pad(fv_walk *w, const fv_stmt *s, size_t features)
{
    const fv_op *op = fv_walk_op(w, "pad-shortcut", s->place);
    const char *label = op ? fv_walk_bare(w, "downsample") : NULL;
    void *attrs = op ? fv_arena_alloc(&w->graph->arena, 1, op->attr_bytes ? op->attr_bytes : 1) : NULL;

    if (!op)
        return false;
    if (!label || !attrs)
        return fv_walk_fail(w, s->place);
    fv_attrs_default(op, attrs);
    fv_attr_set(op, attrs, "features", features);
    fv_attr_set(op, attrs, "stride", w->block_stride);
    fv_attr_set(op, attrs, "both", s->shortcut == FV_SHORTCUT_PAD_BOTH);
    return fv_walk_define(w, label, s->place) && fv_walk_apply(w, op, attrs, label, s->place);
}

/* What is added to the block's output `out`: `in` itself where the shapes are equal. */
static bool shortcut(fv_walk *w, const fv_stmt *s, fv_value in, fv_value out)
{
    const fv_shape a = *fv_shape_of(w->graph, in), b = *fv_shape_of(w->graph, out);

    w->in[0] = in;
    w->n_in = 1;
    w->n_open = 0;
    if (fv_shape_equal(&a, &b))
        return true;
    switch (s->shortcut) {
    case FV_SHORTCUT_PROJECT:
        return project(w, s, b.dim[3]);
    case FV_SHORTCUT_PAD:
    case FV_SHORTCUT_PAD_BOTH:
        return pad(w, s, b.dim[3]);
    case FV_SHORTCUT_IDENTITY:
        break;
    }
    w->status = fv_net_fail(w->net, s->place, w->err, FV_E_SHAPE,
                            "residual: the block makes %zux%zux%zu of %zux%zux%zu, "
                            "which cannot be added; write project, pad or pad-both, with the block's stride",
                            b.dim[1], b.dim[2], b.dim[3], a.dim[1], a.dim[2], a.dim[3]);
    return false;
}

static bool run_once(fv_walk *w, const fv_stmt *s)
{
    const fv_value in = w->in[0];
    const fv_op *add = fv_walk_op(w, "add", s->place);
    const char *label;
    fv_value out;

    w->n_open = 0;
    if (!add || !fv_walk_list(w, &s->arms->body, false) || !fv_walk_single(w, s->place))
        return false;
    out = w->in[0];
    if (!shortcut(w, s, in, out))
        return false;
    label = fv_walk_bare(w, "add");
    w->open[0] = fv_walk_define(w, label, s->place);
    w->n_open = w->open[0] != NULL;
    w->in[1] = w->in[0];
    w->in[0] = out;
    w->n_in = 2;
    return w->n_open && fv_walk_apply(w, add, NULL, label, s->place) && fv_walk_list(w, &s->after, false);
}

static bool run_residual(fv_walk *w, const fv_stmt *s)
{
    const char *outer = w->scope;
    const size_t stride = w->block_stride;
    fv_name *block;

    if (!fv_walk_single(w, s->place) || !name_block(w, s, NULL, &block))
        return false;
    for (size_t i = 0; i < (s->repeat ? s->repeat : 1) && !w->status; i++) {
        w->block_stride = i ? 1 : s->block_stride;
        w->scope = inner_scope(w, block, s, i);
        if (!w->scope || !run_once(w, s))
            return false;
        w->scope = outer;
    }
    w->block_stride = stride;
    end_block(w, block);
    return true;
}

/* ---------------------------------------------------------------------------------------------- auxiliary heads */

static bool add_head(fv_walk *w, const fv_stmt *s, size_t first)
{
    fv_head *head = fv_arena_alloc(&w->graph->arena, 1, sizeof *head);
    fv_aux_range *range = fv_arena_alloc(&w->graph->arena, 1, sizeof *range);

    if (!head || !range)
        return fv_walk_fail(w, s->place);
    *head = (fv_head){NULL, w->in[0], s->weight, s->place};
    *w->heads_end = head;
    w->heads_end = &head->next;
    *range = (fv_aux_range){NULL, first, w->graph->n_nodes};
    *w->aux_end = range;
    w->aux_end = &range->next;
    return true;
}

static bool run_aux(fv_walk *w, const fv_stmt *s)
{
    const char *outer = w->scope;
    const fv_value in = w->in[0];
    const size_t first = w->graph->n_nodes, n_open = w->n_open, layers = w->layers, around = w->head;
    const fv_place place = w->place;
    fv_name *open[8], *block;

    if (!w->graph->training)
        return true;
    if (!fv_walk_single(w, s->place) || !name_block(w, s, "aux", &block))
        return false;
    memcpy(open, w->open, sizeof open);
    w->head = ++w->n_heads;
    w->n_open = 0;
    w->scope = inner_scope(w, block, s, 0);
    if (!w->scope || !fv_walk_list(w, &s->arms->body, true) || !fv_walk_single(w, s->place) || !add_head(w, s, first))
        return false;
    w->head = around;
    w->scope = outer;
    memcpy(w->open, open, sizeof open);
    w->n_open = n_open;
    w->layers = layers;
    w->place = place;
    w->in[0] = in;
    w->n_in = 1;
    return true;
}

bool fv_walk_block(fv_walk *w, const fv_stmt *s)
{
    if (!fv_walk_step(w, s->place))
        return false;
    switch (s->kind) {
    case FV_STMT_GROUP:
        return run_group(w, s);
    case FV_STMT_BRANCH:
    case FV_STMT_INCEPTION:
        return run_branch(w, s);
    case FV_STMT_RESIDUAL:
        return run_residual(w, s);
    case FV_STMT_AUX:
        return run_aux(w, s);
    case FV_STMT_OP:
    case FV_STMT_DEFAULT:
    case FV_STMT_FROM:
        break;
    }
    return true;
}
