/* Spellings of VGG's tables 1 and 2 (Simonyan, Zisserman 2014), with the meaning they have there:
 *
 *     conv3-64   conv 3x3 64 stride 1 pad same, then ReLU
 *     FC-4096    dense 4096, then ReLU unless soft-max follows
 *     LRN        lrn with AlexNet's constants, whatever `default lrn` says
 *     soft-max   softmax
 *
 * Each is worked out as text in the plain notation; the statement remembers how it was spelled. */
#include "net/parser.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* "64" or "classes" */
static bool is_count(const char *text)
{
    if (strcmp(text, "classes") == 0)
        return true;
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* The plain text of the word in hand; false if it is no such spelling. */
static bool spell(const char *word, char plain[2 * FV_WORD_MAX], bool *activated)
{
    const size_t size = 2 * FV_WORD_MAX;

    *activated = false;
    if (strncmp(word, "conv", 4) == 0 && isdigit((unsigned char)word[4])) {
        const int digits = (int)strspn(word + 4, "0123456789");
        const char *rest = word + 4 + digits;

        *activated = true;
        return *rest == '-' && is_count(rest + 1) &&
               snprintf(plain, size, "conv %.*sx%.*s %s stride 1 pad same", digits, word + 4, digits, word + 4,
                        rest + 1) < (int)size;
    }
    if ((strncmp(word, "FC-", 3) == 0 || strncmp(word, "fc-", 3) == 0) && is_count(word + 3)) {
        *activated = true;
        return snprintf(plain, size, "dense %s", word + 3) < (int)size;
    }
    if (strcmp(word, "LRN") == 0)
        return snprintf(plain, size, "lrn") > 0;
    if (strcmp(word, "soft-max") == 0)
        return snprintf(plain, size, "softmax") > 0;
    return false;
}

static bool is_softmax(const fv_token *token)
{
    return token->kind == FV_TOKEN_WORD &&
           (strcmp(token->text, "soft-max") == 0 || strcmp(token->text, "softmax") == 0);
}

static bool is_sign(const fv_token *token, char sign)
{
    return token->kind == FV_TOKEN_PUNCT && token->text[0] == sign;
}

/* Is a soft-max, with or without a label, what comes next? The end of a group that does not repeat is passed over:
 * `classifier: [ FC-4096 FC-1000 ] soft-max`. */
static bool softmax_follows(const fv_parser *p)
{
    fv_lexer ahead = p->lexer;
    fv_token token = p->token, behind;

    while (is_sign(&token, ']'))
        token = fv_lexer_next(&ahead);
    behind = fv_lexer_next(&ahead);
    if (token.kind == FV_TOKEN_WORD && is_sign(&behind, ':'))
        token = fv_lexer_next(&ahead);
    return is_softmax(&token);
}

/* LRN keeps to its operator's own constants. */
static bool parse_plain(fv_parser *p, void *to)
{
    fv_stmt *s = to;
    uint64_t given;

    if (!fv_parse_is(p, "lrn") || !fv_op_find("lrn"))
        return fv_parse_op(p, s);
    s->op = fv_op_find("lrn");
    return fv_parse_start_attrs(p, s, &given, false);
}

static bool add_relu(fv_parser *p, void *to)
{
    fv_stmt *s = to;

    s->implied = true;
    return fv_parse_op(p, s);
}

bool fv_parse_vgg(fv_parser *p, const char *label, fv_place place, fv_stmts *list)
{
    char plain[2 * FV_WORD_MAX];
    bool activated;
    uint64_t given = 0;
    fv_stmt *s;
    void *base;

    if (p->token.kind != FV_TOKEN_WORD || !spell(p->token.text, plain, &activated))
        return false;
    s = fv_parse_stmt(p, list, FV_STMT_OP, place, label);
    if (!s || !(s->spelling = fv_parse_copy(p, p->token.text)))
        return false;
    fv_parse_next(p);
    if (p->status || !fv_parse_within(p, place, plain, parse_plain, s))
        return false;
    s->stride = FV_STRIDE_OWN;
    base = fv_parse_alloc(p, 1, s->op->attr_bytes ? s->op->attr_bytes : 1);
    if (!base)
        return false;
    memcpy(base, s->attrs, s->op->attr_bytes);
    s->base = base;
    fv_parse_behind(p, s->op, NULL, NULL, 0);
    if (!fv_parse_attrs(p, s, &given))
        return false;
    if (!activated || (strcmp(s->op->name, "dense") == 0 && softmax_follows(p)))
        return true;
    s = fv_parse_stmt(p, list, FV_STMT_OP, place, NULL);
    return s && fv_parse_within(p, place, "relu", add_relu, s);
}
