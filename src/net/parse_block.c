/* Blocks: statements that hold statements. */
#include "base/error.h"
#include "net/parser.h"

#include <stdio.h>
#include <string.h>

const char *const fv_shortcut_words[] = {"", "project", "pad", "pad-both"};

static fv_arm *add_arm(fv_parser *p, fv_stmt *s)
{
    fv_arm *arm = fv_parse_alloc(p, 1, sizeof *arm), **end = &s->arms;

    while (*end)
        end = &(*end)->next;
    if (arm)
        *end = arm;
    return arm;
}

static bool need(fv_parser *p, const fv_stmt *s, const char *sign, const char *what)
{
    if (p->status || fv_parse_take(p, sign))
        return !p->status;
    return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s: '%s' is missing before %s (the block begins in line %d)",
                         what, sign, fv_parse_shown(p), s->place.line);
}

/* The statements of one arm, up to one of the signs in `end`. */
static bool parse_arm(fv_parser *p, fv_stmt *s, const char *end)
{
    fv_arm *arm = add_arm(p, s);
    bool good;

    if (!arm)
        return false;
    if (++p->depth > FV_NET_DEPTH_MAX)
        return fv_parse_fail(p, s->place, FV_E_RANGE, "blocks inside blocks, more than %d deep", FV_NET_DEPTH_MAX);
    good = fv_parse_list(p, &arm->body, end);
    p->depth--;
    return good;
}

static bool not_empty(fv_parser *p, const fv_stmt *s, const char *what)
{
    if (s->arms->body.first)
        return true;
    return fv_parse_fail(p, s->place, FV_E_SYNTAX, "%s: the block is empty", what);
}

/* xN, or x N, behind a block; 0 if there is none. */
static bool parse_repeat(fv_parser *p, size_t *repeat)
{
    char *s = p->token.text;

    if (p->token.kind != FV_TOKEN_WORD || (*s != 'x' && *s != 'X'))
        return true;
    if (!s[1]) {
        fv_parse_next(p);
        return fv_parse_whole(p, "repeat", 1, FV_NET_REPEAT_MAX, repeat);
    }
    if (strspn(s + 1, "0123456789") != strlen(s + 1))
        return true;
    memmove(s, s + 1, strlen(s + 1) + 1);
    return fv_parse_whole(p, "repeat", 1, FV_NET_REPEAT_MAX, repeat);
}

bool fv_parse_group(fv_parser *p, fv_stmt *s)
{
    return parse_arm(p, s, "]") && need(p, s, "]", "[") && not_empty(p, s, "[ ]") && parse_repeat(p, &s->repeat);
}

bool fv_parse_branch(fv_parser *p, fv_stmt *s)
{
    size_t arms = 0;

    if (!need(p, s, "{", "branch"))
        return false;
    do {
        if (++arms > FV_NET_ARMS_MAX)
            return fv_parse_fail(p, s->place, FV_E_RANGE, "branch: more than %d arms", FV_NET_ARMS_MAX);
        if (!parse_arm(p, s, "|}"))
            return false;
    } while (fv_parse_take(p, "|"));
    return need(p, s, "}", "branch");
}

/* ---------------------------------------------------------------------------------------------- residual */

typedef struct search {
    fv_stmt *first; /* with a stride of its own table */
    bool written;   /* somebody says a stride */
    bool bn;        /* batch norm somewhere */
} search;

/* Statements of the block, those of residual blocks inside left out. */
static void look(const fv_stmts *list, search *found)
{
    for (fv_stmt *s = list->first; s; s = s->next) {
        if (s->kind == FV_STMT_OP) {
            if (!found->first && fv_attr_find(s->op, "stride"))
                found->first = s;
            found->written = found->written || s->stride != FV_STRIDE_OWN;
            found->bn = found->bn || strcmp(s->op->name, "bn") == 0;
        }
        for (const fv_arm *arm = s->arms; arm && s->kind != FV_STMT_RESIDUAL; arm = arm->next)
            look(&arm->body, found);
    }
}

/* The stride goes where the text says `stride block`, or says nothing: to the first operator that has one. */
static bool place_stride(fv_parser *p, fv_stmt *s, const search *found)
{
    if (s->block_stride == 1 || found->written)
        return true;
    if (!found->first)
        return fv_parse_fail(p, s->place, FV_E_SYNTAX, "residual stride %zu: nothing in the block has a stride",
                             s->block_stride);
    found->first->stride = FV_STRIDE_FIRST;
    return true;
}

static bool parse_project(fv_parser *p, void *to)
{
    return fv_parse_list(p, to, "");
}

static bool is_activation(const fv_parser *p)
{
    const fv_op *op = p->token.kind == FV_TOKEN_WORD ? fv_op_find(p->token.text) : NULL;

    return op && op->activation && strcmp(fv_parse_peek(p).text, ":") != 0;
}

static bool parse_residual_options(fv_parser *p, fv_stmt *s)
{
    static const char *const words[] = {"stride", "project", "pad", "pad-both"};
    const char *near;

    s->block_stride = 1;
    while (!p->status && !fv_parse_is(p, "{")) {
        if (fv_parse_take(p, "stride")) {
            fv_parse_whole(p, "residual: stride", 1, 1024, &s->block_stride);
            continue;
        }
        for (int i = FV_SHORTCUT_PROJECT; i <= FV_SHORTCUT_PAD_BOTH; i++)
            if (fv_parse_is(p, fv_shortcut_words[i]))
                s->shortcut = (fv_shortcut)i;
        if (s->shortcut != FV_SHORTCUT_IDENTITY && fv_parse_take(p, fv_shortcut_words[s->shortcut]))
            continue;
        near = p->token.kind == FV_TOKEN_WORD ? fv_parse_meant(p, words, FV_COUNT(words)) : NULL;
        if (near)
            return fv_parse_fail(p, p->token.place, FV_E_UNKNOWN, "residual has no option %s; did you mean '%s'?",
                                 fv_parse_shown(p), near);
        return need(p, s, "{", "residual");
    }
    return !p->status;
}

bool fv_parse_residual(fv_parser *p, fv_stmt *s)
{
    search found = {0};

    if (!parse_residual_options(p, s) || !need(p, s, "{", "residual"))
        return false;
    p->residuals++;
    const bool good = parse_arm(p, s, "}");

    p->residuals--;
    if (!good || !need(p, s, "}", "residual") || !not_empty(p, s, "residual") || !parse_repeat(p, &s->repeat))
        return false;
    look(&s->arms->body, &found);
    if (!place_stride(p, s, &found))
        return false;
    if (s->shortcut == FV_SHORTCUT_PROJECT &&
        !fv_parse_within(p, s->place,
                         found.bn ? "downsample.0: conv 1x1 1 stride 1 pad 0 downsample.1: bn"
                                  : "downsample.0: conv 1x1 1 stride 1 pad 0",
                         parse_project, &s->project))
        return false;
    while (is_activation(p)) {
        fv_stmt *act = fv_parse_stmt(p, &s->after, FV_STMT_OP, p->token.place, NULL);

        if (!act || !fv_parse_op(p, act))
            return false;
    }
    return !p->status;
}

/* ---------------------------------------------------------------------------------------------- the others */

static bool parse_module(fv_parser *p, void *to)
{
    return fv_parse_branch(p, to);
}

/* Szegedy et al. 2014, figure 2b, with the names of Caffe's model: every convolution has a ReLU behind it. */
bool fv_parse_inception(fv_parser *p, fv_stmt *s)
{
    static const char *const names[] = {"#1x1", "#3x3 reduce", "#3x3", "#5x5 reduce", "#5x5", "pool proj"};
    const size_t *n = s->numbers;
    char text[1024], what[64];

    for (size_t i = 0; i < 6; i++) {
        if (!p->status && !fv_parse_looks_number(p))
            return fv_parse_fail(p, s->place, FV_E_SYNTAX,
                                 "inception: %zu numbers, but there must be 6 (#1x1, #3x3 "
                                 "reduce, #3x3, #5x5 reduce, #5x5, pool proj)",
                                 i);
        snprintf(what, sizeof what, "inception: %s", names[i]);
        if (!fv_parse_whole(p, what, 1, 1 << 20, &s->numbers[i]))
            return false;
    }
    snprintf(text, sizeof text,
             "{ 1x1: conv 1x1 %zu stride 1 pad 0 relu"
             "| 3x3_reduce: conv 1x1 %zu stride 1 pad 0 relu 3x3: conv 3x3 %zu stride 1 pad 1 relu"
             "| 5x5_reduce: conv 1x1 %zu stride 1 pad 0 relu 5x5: conv 5x5 %zu stride 1 pad 2 relu"
             "| pool: maxpool 3x3 stride 1 pad 1 pool_proj: conv 1x1 %zu stride 1 pad 0 relu }",
             n[0], n[1], n[2], n[3], n[4], n[5]);
    return fv_parse_within(p, s->place, text, parse_module, s);
}

bool fv_parse_aux(fv_parser *p, fv_stmt *s)
{
    s->weight = 1;
    if (fv_parse_take(p, "weight") && !fv_parse_real(p, "aux: weight", 0, 1e6, &s->weight))
        return false;
    return need(p, s, "{", "aux") && parse_arm(p, s, "}") && need(p, s, "}", "aux") && not_empty(p, s, "aux");
}

bool fv_parse_from(fv_parser *p, fv_stmt *s)
{
    s->names = fv_parse_alloc(p, FV_NET_ARMS_MAX, sizeof *s->names);
    if (!s->names)
        return false;
    do {
        if (p->status)
            return false;
        if (s->n_names == FV_NET_ARMS_MAX)
            return fv_parse_fail(p, s->place, FV_E_RANGE, "from: more than %d names", FV_NET_ARMS_MAX);
        if (p->token.kind != FV_TOKEN_WORD)
            return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "from: the name of a layer is missing before %s",
                                 fv_parse_shown(p));
        s->names[s->n_names] = fv_parse_copy(p, p->token.text);
        if (!s->names[s->n_names++])
            return false;
        fv_parse_next(p);
    } while (fv_parse_take(p, ","));
    return !p->status;
}
