/* The parser's hands: tokens, numbers, memory, failures. */
#define _POSIX_C_SOURCE 200809L
#define FV_DEFINES_FAILURES
#include "net/parser.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static fv_status fail_at(const fv_net *net, fv_place place, fv_error *err, fv_status code, const char *format,
                         va_list args)
{
    char text[sizeof err->message];

    vsnprintf(text, sizeof text, format, args);
    return fv_fail(err, code, "%s:%d:%d: %s", net->file, place.line, place.column, text);
}

fv_status fv_net_fail(const fv_net *net, fv_place place, fv_error *err, fv_status code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail_at(net, place, err, code, format, args);
    va_end(args);
    return code;
}

bool fv_parse_fail(fv_parser *p, fv_place place, fv_status code, const char *format, ...)
{
    va_list args;

    if (p->status)
        return false;
    va_start(args, format);
    p->status = fail_at(p->net, place, p->err, code, format, args);
    va_end(args);
    return false;
}

bool fv_parse_memory(fv_parser *p)
{
    if (!p->status)
        p->status = fv_fail_memory(p->err, sizeof(fv_stmt), "a network's text");
    return false;
}

void fv_parse_next(fv_parser *p)
{
    p->token = fv_lexer_next(&p->lexer);
    if (p->fixed)
        p->token.place = *p->fixed;
    if (p->token.kind == FV_TOKEN_BAD)
        fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s", p->token.text);
}

fv_token fv_parse_peek(const fv_parser *p)
{
    fv_lexer ahead = p->lexer;

    return fv_lexer_next(&ahead);
}

bool fv_parse_is(const fv_parser *p, const char *text)
{
    return p->token.kind != FV_TOKEN_END && p->token.kind != FV_TOKEN_BAD && strcmp(p->token.text, text) == 0;
}

bool fv_parse_take(fv_parser *p, const char *text)
{
    if (!fv_parse_is(p, text))
        return false;
    fv_parse_next(p);
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool fv_parse_looks_number(const fv_parser *p)
{
    const char *s = p->token.text;

    if (p->token.kind != FV_TOKEN_WORD)
        return false;
    s += *s == '+' || *s == '-';
    s += *s == '.';
    if (!is_digit(*s))
        return false;
    const fv_token behind = fv_parse_peek(p);

    return !(behind.kind == FV_TOKEN_PUNCT && behind.text[0] == ':');
}

const char *fv_parse_shown(fv_parser *p)
{
    if (p->token.kind == FV_TOKEN_END)
        return "the end";
    snprintf(p->shown, sizeof p->shown, "'%s'", p->token.text);
    return p->shown;
}

const char *fv_parse_meant(const fv_parser *p, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(p->token.text, words[i]) == 0)
            return words[i];
    return fv_text_nearest(p->token.text, words, count);
}

void fv_parse_behind(fv_parser *p, const fv_op *op, const char *owner, const char *const *words, size_t count)
{
    p->last = op;
    p->owner = owner;
    p->words = words;
    p->n_words = count;
}

static bool out_of_range(fv_parser *p, const char *what, double least, double most)
{
    return fv_parse_fail(p, p->token.place, FV_E_RANGE, "%s is %s, but must be %.15g to %.15g", what, p->token.text,
                         least, most);
}

/* The digits in text as a number from least to most. */
static bool whole_of(fv_parser *p, const char *text, const char *what, double least, double most, size_t *out)
{
    long long value;

    for (const char *s = text; *s; s++)
        if (!is_digit(*s))
            return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s is %s, but must be a whole number", what,
                                 fv_parse_shown(p));
    if (!fv_text_integer(text, &value)) {
        if (*text)
            return out_of_range(p, what, least, most);
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s is missing before %s", what, fv_parse_shown(p));
    }
    if ((double)value < least || (double)value > most)
        return out_of_range(p, what, least, most);
    *out = (size_t)value;
    return true;
}

/* A word must be in hand. */
static bool need_word(fv_parser *p, const char *what)
{
    if (p->status)
        return false;
    if (p->token.kind != FV_TOKEN_WORD)
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s is missing before %s", what, fv_parse_shown(p));
    return true;
}

bool fv_parse_whole(fv_parser *p, const char *what, double least, double most, size_t *out)
{
    if (!need_word(p, what) || !whole_of(p, p->token.text, what, least, most, out))
        return false;
    fv_parse_next(p);
    return !p->status;
}

bool fv_parse_real(fv_parser *p, const char *what, double least, double most, double *out)
{
    if (!need_word(p, what))
        return false;
    if (!fv_text_real(p->token.text, out))
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s is %s, but must be a number", what, fv_parse_shown(p));
    *out += 0; /* -0 is 0 */
    if (*out < least || *out > most)
        return out_of_range(p, what, least, most);
    fv_parse_next(p);
    return !p->status;
}

static bool is_cross(const fv_token *token)
{
    return token->kind == FV_TOKEN_WORD && (strcmp(token->text, "x") == 0 || strcmp(token->text, "X") == 0);
}

bool fv_parse_size(fv_parser *p, const char *what, double least, double most, size_t out[2])
{
    char rows[FV_WORD_MAX];
    char *cross;

    if (!need_word(p, what))
        return false;
    if (strspn(p->token.text, "0123456789xX") != strlen(p->token.text))
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s is %s, but must be a size such as 3x3, or 3", what,
                             fv_parse_shown(p));
    memcpy(rows, p->token.text, sizeof rows);
    cross = strpbrk(rows, "xX");
    if (cross && cross[1]) { /* 3x3 */
        *cross = '\0';
        if (!whole_of(p, rows, what, least, most, &out[0]) || !whole_of(p, cross + 1, what, least, most, &out[1]))
            return false;
        fv_parse_next(p);
        return !p->status;
    }
    if (!fv_parse_whole(p, what, least, most, &out[0]))
        return false;
    out[1] = out[0];
    if (!is_cross(&p->token)) /* 3 */
        return true;
    const fv_token behind = fv_parse_peek(p);

    if (behind.kind != FV_TOKEN_WORD || !is_digit(behind.text[0]))
        return true;
    fv_parse_next(p); /* 3 x 3 */
    return fv_parse_whole(p, what, least, most, &out[1]);
}

void *fv_parse_alloc(fv_parser *p, size_t count, size_t size)
{
    void *block = p->status ? NULL : fv_arena_alloc(&p->net->arena, count, size);

    if (!block)
        fv_parse_memory(p);
    return block;
}

const char *fv_parse_copy(fv_parser *p, const char *text)
{
    const char *copy = p->status ? NULL : fv_arena_strndup(&p->net->arena, text, strlen(text));

    if (!copy)
        fv_parse_memory(p);
    return copy;
}

bool fv_parse_within(fv_parser *p, fv_place place, const char *text, bool (*parse)(fv_parser *p, void *to), void *to)
{
    const fv_lexer lexer = p->lexer;
    const fv_token token = p->token;
    const fv_place *fixed = p->fixed;
    const fv_op *last = p->last;
    bool good;

    p->fixed = &place;
    fv_lexer_init(&p->lexer, text, place.line);
    fv_parse_next(p);
    good = !p->status && parse(p, to) && !p->status;
    p->lexer = lexer;
    p->token = token;
    p->fixed = fixed;
    p->last = last;
    return good;
}
