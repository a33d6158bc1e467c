/* Statements to text that the parser reads to the same statements. One layer a line: an operator with the activation,
 * batch norm and dropout behind it; blocks indent by four. */
#include "net/tree.h"

#include <string.h>

enum { INDENT = 4 };

static void print_list(fv_text *text, const fv_stmts *list, int indent);

static void new_line(fv_text *text, int indent)
{
    if (text->length && text->data[text->length - 1] != '\n')
        fv_text_print(text, "\n");
    fv_text_print(text, "%*s", indent, "");
}

/* Does this statement go on in the line of the one before? */
static bool continues(const fv_stmt *s)
{
    return s->kind == FV_STMT_OP && !s->label &&
           (s->op->activation || s->op->flags & FV_OP_TRAINING || strcmp(s->op->name, "bn") == 0);
}

static void print_op(fv_text *text, const fv_stmt *s)
{
    if (s->implied)
        return;
    fv_text_print(text, "%s", s->spelling ? s->spelling : s->op->name);
    fv_attrs_print(text, s->op, s->attrs, s->base, s->spelling != NULL);
    if (s->stride == FV_STRIDE_BLOCK)
        fv_text_print(text, " stride block");
}

/* A body of one line stands between its brackets; another gets lines of its own. */
static bool one_line(const fv_stmts *list)
{
    if (!list->first || list->first->kind != FV_STMT_OP)
        return false;
    for (const fv_stmt *s = list->first->next; s; s = s->next)
        if (!continues(s))
            return false;
    return true;
}

static void print_body(fv_text *text, const fv_stmts *body, int indent)
{
    if (one_line(body)) {
        print_list(text, body, -1);
        fv_text_print(text, " ");
    } else {
        print_list(text, body, indent + INDENT);
        new_line(text, indent);
    }
}

static void print_arms(fv_text *text, const fv_stmt *s, int indent)
{
    for (const fv_arm *arm = s->arms; arm; arm = arm->next) {
        print_list(text, &arm->body, indent + INDENT);
        new_line(text, indent);
        fv_text_print(text, arm->next ? "|" : "}");
    }
}

static void print_repeat(fv_text *text, const fv_stmt *s)
{
    if (s->repeat)
        fv_text_print(text, " x%zu", s->repeat);
}

static void print_residual(fv_text *text, const fv_stmt *s, int indent)
{
    fv_text_print(text, "residual");
    if (s->block_stride != 1)
        fv_text_print(text, " stride %zu", s->block_stride);
    if (s->shortcut)
        fv_text_print(text, " %s", fv_shortcut_words[s->shortcut]);
    fv_text_print(text, " {");
    print_list(text, &s->arms->body, indent + INDENT);
    new_line(text, indent);
    fv_text_print(text, "}");
    print_repeat(text, s);
    for (const fv_stmt *act = s->after.first; act; act = act->next) {
        fv_text_print(text, " ");
        print_op(text, act);
    }
}

static void print_names(fv_text *text, const fv_stmt *s)
{
    for (size_t i = 0; i < s->n_names; i++)
        fv_text_print(text, "%s%s", i ? ", " : "from ", s->names[i]);
}

static void print_stmt(fv_text *text, const fv_stmt *s, int indent)
{
    if (s->label)
        fv_text_print(text, "%s: ", s->label);
    switch (s->kind) {
    case FV_STMT_OP:
        print_op(text, s);
        break;
    case FV_STMT_DEFAULT:
        fv_text_print(text, "default %s", s->op->name);
        fv_attrs_print(text, s->op, s->attrs, s->base, true);
        break;
    case FV_STMT_FROM:
        print_names(text, s);
        break;
    case FV_STMT_GROUP:
        fv_text_print(text, "[");
        if (one_line(&s->arms->body))
            fv_text_print(text, " ");
        print_body(text, &s->arms->body, indent);
        fv_text_print(text, "]");
        print_repeat(text, s);
        break;
    case FV_STMT_BRANCH:
        fv_text_print(text, "branch {");
        print_arms(text, s, indent);
        break;
    case FV_STMT_RESIDUAL:
        print_residual(text, s, indent);
        break;
    case FV_STMT_INCEPTION:
        fv_text_print(text, "inception");
        for (int i = 0; i < 6; i++)
            fv_text_print(text, " %zu", s->numbers[i]);
        break;
    case FV_STMT_AUX:
        fv_text_print(text, "aux weight ");
        fv_net_print_real(text, s->weight);
        fv_text_print(text, " {");
        print_list(text, &s->arms->body, indent + INDENT);
        new_line(text, indent);
        fv_text_print(text, "}");
        break;
    }
}

/* A `default` line that says what held anyway is left out: it could not be read without an attribute. */
static bool says_something(const fv_stmt *s)
{
    return s->kind != FV_STMT_DEFAULT || !fv_attrs_equal(s->op, s->attrs, s->base);
}

/* indent -1: in the line that is begun. */
static void print_list(fv_text *text, const fv_stmts *list, int indent)
{
    const fv_stmt *before = NULL;

    for (const fv_stmt *s = list->first; s; s = s->next) {
        if (!says_something(s))
            continue;
        if (before && before->kind == FV_STMT_OP && continues(s))
            fv_text_print(text, s->implied ? "" : " ");
        else if (before && before->kind == FV_STMT_FROM)
            fv_text_print(text, " ");
        else if (indent >= 0)
            new_line(text, indent);
        print_stmt(text, s, indent);
        before = s;
    }
}

static void print_numbers(fv_text *text, const char *word, const double *n, size_t count)
{
    if (count)
        fv_text_print(text, " %s", word);
    for (size_t i = 0; i < count; i++) {
        fv_text_print(text, " ");
        fv_net_print_real(text, n[i]);
    }
}

static void print_input(fv_text *text, const fv_net *net)
{
    const fv_preprocess *in = &net->input;
    const fv_input_line *line = &net->input_line;
    const double range[] = {line->low, line->high};

    fv_text_print(text, "input %zux%zux%zu", in->height, in->width, in->channels);
    if (in->from_height)
        fv_text_print(text, " from %zux%zu", in->from_height, in->from_width);
    if (in->shorter)
        fv_text_print(text, " shorter %zu%s", in->shorter, in->floor ? " floor" : "");
    if (in->pad)
        fv_text_print(text, " pad %zu", in->pad);
    print_numbers(text, "range", range, line->ranged ? 2 : 0);
    print_numbers(text, "mean", line->mean, line->n_mean);
    print_numbers(text, "std", line->std, line->n_std);
    fv_text_print(text, "\n");
}

char *fv_net_print(const fv_net *net)
{
    fv_text text;

    fv_text_init(&text, &net->arena.host);
    fv_text_print(&text, "net %s\n", net->name);
    print_input(&text, net);
    if (net->classes)
        fv_text_print(&text, "classes %zu\n", net->classes);
    print_list(&text, &net->body, 0);
    if (net->loss) {
        new_line(&text, 0);
        fv_text_print(&text, "loss %s", fv_loss_word(net->loss->op, net->loss->attrs));
        fv_attrs_print(&text, net->loss->op, net->loss->attrs, net->loss->base, false);
    }
    if (net->n_train) {
        new_line(&text, 0);
        fv_text_print(&text, "train");
        for (size_t i = 0; i < net->n_train; i++)
            fv_text_print(&text, " %s", net->train[i]);
    }
    new_line(&text, 0);
    if (text.failed) {
        fv_text_free(&text);
        return NULL;
    }
    return text.data;
}
