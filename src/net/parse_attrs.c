/* Operators and their attributes, as the operators' tables say. */
#include "base/error.h"
#include "net/parser.h"

#include <stdio.h>
#include <string.h>

/* "conv: stride", for messages about a value. */
typedef struct title {
    char text[FV_WORD_MAX];
} title;

static title title_of(const fv_op *op, const fv_attr *attr)
{
    title t;

    snprintf(t.text, sizeof t.text, "%s: %s", op->name, attr->name);
    return t;
}

/* ---------------------------------------------------------------------------------------------- values */

static bool is_word_of(const fv_parser *p, const fv_attr *attr, int *index)
{
    for (int i = 0; attr->words && attr->words[i]; i++)
        if (fv_parse_is(p, attr->words[i])) {
            *index = i;
            return true;
        }
    return false;
}

static bool parse_word(fv_parser *p, const fv_op *op, const fv_attr *attr, int *out)
{
    const char *near = NULL;
    char all[256] = "";
    size_t count = 0, used = 0;

    if (is_word_of(p, attr, out)) {
        fv_parse_next(p);
        return !p->status;
    }
    for (; attr->words && attr->words[count] && used < sizeof all; count++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", count ? ", " : "", attr->words[count]);
    near = fv_parse_meant(p, attr->words, count);
    if (near)
        return fv_parse_fail(p, p->token.place, FV_E_UNKNOWN, "%s: %s has no %s; did you mean '%s'?", op->name,
                             attr->name, fv_parse_shown(p), near);
    return fv_parse_fail(p, p->token.place, FV_E_UNKNOWN, "%s: %s is %s, but must be one of %s", op->name, attr->name,
                         fv_parse_shown(p), all);
}

static bool parse_flag(fv_parser *p, bool *out)
{
    *out = !fv_parse_is(p, "off");
    if (fv_parse_is(p, "off") || fv_parse_is(p, "on"))
        fv_parse_next(p);
    return !p->status;
}

/* pad 1, pad 1x2, pad same, pad 0,0,1,1 */
static bool parse_pad(fv_parser *p, const fv_op *op, const fv_attr *attr, fv_pad *out)
{
    const title what = title_of(op, attr);
    size_t n[4];

    *out = (fv_pad){.same = fv_parse_is(p, "same")};
    if (out->same) {
        fv_parse_next(p);
        return !p->status;
    }
    if (!fv_parse_size(p, what.text, attr->least, attr->most, n))
        return false;
    *out = (fv_pad){false, n[0], n[1], n[0], n[1]};
    if (!fv_parse_is(p, ","))
        return true;
    for (int i = 1; i < 4; i++) {
        if (!fv_parse_take(p, ","))
            return fv_parse_fail(p, p->token.place, FV_E_SYNTAX,
                                 "%s has %d numbers, but must have 1 or 4 (top, left, "
                                 "bottom, right)",
                                 what.text, i);
        if (!fv_parse_whole(p, what.text, attr->least, attr->most, &n[i]))
            return false;
    }
    *out = (fv_pad){false, n[0], n[1], n[2], n[3]};
    return true;
}

static bool parse_size_or_block(fv_parser *p, fv_stmt *s, const fv_attr *attr, size_t out[2])
{
    const title what = title_of(s->op, attr);
    const bool stride = s->kind == FV_STMT_OP && strcmp(attr->name, "stride") == 0;

    if (stride && fv_parse_is(p, "block")) {
        if (!p->residuals)
            return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s block: there is no residual block around it",
                                 what.text);
        s->stride = FV_STRIDE_BLOCK;
        fv_parse_next(p);
        return !p->status;
    }
    if (stride)
        s->stride = FV_STRIDE_WRITTEN;
    return fv_parse_size(p, what.text, attr->least, attr->most, out);
}

/* The value of one attribute, the token in hand being its first. */
static bool parse_value(fv_parser *p, fv_stmt *s, const fv_attr *attr)
{
    const title what = title_of(s->op, attr);
    void *at = (char *)s->attrs + attr->offset;

    switch (attr->type) {
    case FV_ATTR_CLASSES:
        if (fv_parse_is(p, "classes")) {
            *(size_t *)at = 0;
            fv_parse_next(p);
            return !p->status;
        }
        return fv_parse_whole(p, what.text, attr->least, attr->most, at);
    case FV_ATTR_INT:
        return fv_parse_whole(p, what.text, attr->least, attr->most, at);
    case FV_ATTR_REAL:
        return fv_parse_real(p, what.text, attr->least, attr->most, at);
    case FV_ATTR_FLAG:
        return parse_flag(p, at);
    case FV_ATTR_SIZE:
        return parse_size_or_block(p, s, attr, at);
    case FV_ATTR_PAD:
        return parse_pad(p, s->op, attr, at);
    case FV_ATTR_WORD:
        return parse_word(p, s->op, attr, at);
    }
    return false;
}

/* ---------------------------------------------------------------------------------------------- a list of them */

/* May the token in hand be the value of this positional attribute? */
static bool may_be(const fv_parser *p, const fv_attr *attr)
{
    int index;

    if (attr->type == FV_ATTR_WORD)
        return is_word_of(p, attr, &index) && strcmp(fv_parse_peek(p).text, ":") != 0;
    if (attr->type == FV_ATTR_CLASSES && fv_parse_is(p, "classes"))
        return true;
    return attr->type != FV_ATTR_FLAG && fv_parse_looks_number(p);
}

static uint64_t bit(const fv_op *op, const fv_attr *attr)
{
    return (uint64_t)1 << (attr - op->attrs);
}

static bool parse_positional(fv_parser *p, fv_stmt *s, uint64_t *given)
{
    for (const fv_attr *attr = s->op->attrs; attr && attr->name; attr++) {
        if (!attr->positional)
            continue;
        if (!may_be(p, attr))
            return true;
        if (!parse_value(p, s, attr))
            return false;
        *given |= bit(s->op, attr);
    }
    return true;
}

bool fv_parse_attrs(fv_parser *p, fv_stmt *s, uint64_t *given)
{
    uint64_t here = 0;

    while (!p->status && p->token.kind == FV_TOKEN_WORD) {
        const fv_attr *attr = fv_attr_find(s->op, p->token.text);
        const fv_token behind = fv_parse_peek(p);

        if (!attr || (behind.kind == FV_TOKEN_PUNCT && behind.text[0] == ':'))
            break;
        if (here & bit(s->op, attr))
            return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s: %s is written twice", s->op->name, attr->name);
        fv_parse_next(p);
        if (p->status || !parse_value(p, s, attr))
            return false;
        here |= bit(s->op, attr);
    }
    *given |= here;
    fv_parse_behind(p, s->op, NULL, NULL, 0);
    return !p->status;
}

static const fv_preset *preset_of(const fv_net *net, const fv_op *op)
{
    for (const fv_preset *preset = net->presets; preset; preset = preset->next)
        if (preset->op == op)
            return preset;
    return NULL;
}

bool fv_parse_start_attrs(fv_parser *p, fv_stmt *s, uint64_t *given, bool presets)
{
    const fv_preset *preset = presets ? preset_of(p->net, s->op) : NULL;
    const size_t bytes = s->op->attr_bytes ? s->op->attr_bytes : 1;
    void *base = fv_parse_alloc(p, 1, bytes);

    s->attrs = fv_parse_alloc(p, 1, bytes);
    s->base = base;
    if (!base || !s->attrs)
        return false;
    *given = preset ? preset->given : 0;
    if (preset)
        memcpy(base, preset->attrs, s->op->attr_bytes);
    else
        fv_attrs_default(s->op, base);
    memcpy(s->attrs, base, s->op->attr_bytes);
    return true;
}

bool fv_parse_complete(fv_parser *p, const fv_stmt *s, uint64_t given)
{
    for (const fv_attr *attr = s->op->attrs; attr && attr->name; attr++)
        if (attr->fallback <= FV_REQUIRED && !(given & bit(s->op, attr)))
            return fv_parse_fail(p, s->place, FV_E_SYNTAX, "%s: %s (%s) is missing", s->op->name, attr->name,
                                 attr->help);
    return true;
}

bool fv_parse_op(fv_parser *p, fv_stmt *s)
{
    uint64_t given;

    s->op = fv_op_find(p->token.text);
    if (!s->op)
        return fv_parse_unknown(p);
    if (s->op->flags & FV_OP_LOSS)
        return fv_parse_fail(p, s->place, FV_E_SYNTAX, "%s is a loss; write `loss %s` at the end", s->op->name,
                             fv_loss_word(s->op, NULL));
    if (!fv_parse_start_attrs(p, s, &given, true))
        return false;
    fv_parse_next(p);
    return !p->status && parse_positional(p, s, &given) && fv_parse_attrs(p, s, &given) &&
           fv_parse_complete(p, s, given);
}

bool fv_parse_default(fv_parser *p, fv_stmt *s)
{
    fv_preset *preset;
    uint64_t given, here = 0;

    s->op = p->token.kind == FV_TOKEN_WORD ? fv_op_find(p->token.text) : NULL;
    if (!s->op)
        return fv_parse_unknown(p);
    if (!fv_parse_start_attrs(p, s, &given, true))
        return false;
    fv_parse_next(p);
    if (p->status || !parse_positional(p, s, &here) || !fv_parse_attrs(p, s, &here))
        return false;
    if (!here)
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "default %s: an attribute must follow, found %s",
                             s->op->name, fv_parse_shown(p));
    preset = fv_parse_alloc(p, 1, sizeof *preset);
    if (!preset)
        return false;
    *preset = (fv_preset){p->net->presets, s->op, s->attrs, given | here};
    p->net->presets = preset;
    return true;
}

/* ---------------------------------------------------------------------------------------------- losses */

/* Words behind `loss` that are not their operator's name; `flag` is set. */
static const struct {
    const char *word, *op, *flag;
} losses[] = {{"rbf", "rbf-loss", NULL}, {"rbf-map", "rbf-loss", "map"}};

const char *fv_loss_word(const fv_op *op, const void *attrs)
{
    const char *word = op->name;

    for (size_t i = 0; i < FV_COUNT(losses); i++) {
        const fv_attr *flag = losses[i].flag ? fv_attr_find(op, losses[i].flag) : NULL;

        if (strcmp(op->name, losses[i].op) != 0)
            continue;
        if (!losses[i].flag || (flag && attrs && *((const bool *)attrs + flag->offset)))
            word = losses[i].word;
    }
    return word;
}

static bool unknown_loss(fv_parser *p)
{
    const char *words[32];
    size_t n = 0;

    for (size_t i = 0; i < FV_COUNT(losses); i++)
        words[n++] = losses[i].word;
    for (size_t i = 0; fv_op_list(i) && n < FV_COUNT(words); i++)
        if (fv_op_list(i)->flags & FV_OP_LOSS)
            words[n++] = fv_op_list(i)->name;
    const char *near = fv_parse_meant(p, words, n);

    if (near)
        return fv_parse_fail(p, p->token.place, FV_E_UNKNOWN, "unknown loss %s; did you mean '%s'?", fv_parse_shown(p),
                             near);
    return fv_parse_fail(p, p->token.place, FV_E_UNKNOWN,
                         "unknown loss %s; there are cross-entropy, squared, rbf and "
                         "rbf-map",
                         fv_parse_shown(p));
}

bool fv_parse_loss(fv_parser *p, fv_stmt *s)
{
    const char *name = p->token.text, *flag = NULL;
    uint64_t given;

    for (size_t i = 0; i < FV_COUNT(losses); i++)
        if (fv_parse_is(p, losses[i].word)) {
            name = losses[i].op;
            flag = losses[i].flag;
        }
    s->op = p->token.kind == FV_TOKEN_WORD ? fv_op_find(name) : NULL;
    if (!s->op || !(s->op->flags & FV_OP_LOSS))
        return unknown_loss(p);
    if (!fv_parse_start_attrs(p, s, &given, true))
        return false;
    if (flag) {
        void *base = fv_parse_alloc(p, 1, s->op->attr_bytes);

        if (!base || !fv_attr_set(s->op, s->attrs, flag, 1))
            return false;
        memcpy(base, s->attrs, s->op->attr_bytes);
        s->base = base;
    }
    fv_parse_next(p);
    return !p->status && parse_positional(p, s, &given) && fv_parse_attrs(p, s, &given) &&
           fv_parse_complete(p, s, given);
}
