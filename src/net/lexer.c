/* Characters to words. Text is bytes of unknown origin: what is no word of the notation becomes a BAD token. */
#define _POSIX_C_SOURCE 200809L
#include "net/lexer.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char times[] = "\xC3\x97", byte_order_mark[] = "\xEF\xBB\xBF";

void fv_lexer_init(fv_lexer *lexer, const char *text, int line)
{
    const size_t mark = sizeof byte_order_mark - 1;

    *lexer = (fv_lexer){text, {line, 1}};
    if (strncmp(text, byte_order_mark, mark) == 0)
        lexer->at += mark;
}

/* Past one character of `bytes` bytes. */
static void step(fv_lexer *l, size_t bytes)
{
    l->place.column++;
    if (*l->at == '\n')
        l->place = (fv_place){l->place.line + 1, 1};
    l->at += bytes;
}

/* Bytes of the character at the lexer; 1 for a byte that is no UTF-8. */
static size_t character(const fv_lexer *l)
{
    const size_t n = fv_text_utf8(l->at, strnlen(l->at, 4));

    return n ? n : 1;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void skip_comment(fv_lexer *l)
{
    if (*l->at == '#')
        while (*l->at && *l->at != '\n')
            step(l, character(l));
}

/* Length of a tag that slides print around changed lines, 0 if there is none. */
static size_t tag(const char *text)
{
    static const char *const tags[] = {"<b>", "</b>", "<B>", "</B>"};

    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (strncmp(text, tags[i], strlen(tags[i])) == 0)
            return strlen(tags[i]);
    return 0;
}

static void skip(fv_lexer *l)
{
    for (;;) {
        const size_t n = tag(l->at);

        if (blank(*l->at) || *l->at == '\n')
            step(l, 1);
        else if (*l->at == '#')
            skip_comment(l);
        else if (n)
            for (size_t i = 0; i < n; i++)
                step(l, 1);
        else
            return;
    }
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(".-+_/*=~", c));
}

static bool is_times(const char *text)
{
    return strncmp(text, times, sizeof times - 1) == 0;
}

static void bad(fv_token *token, const char *at, size_t n)
{
    char shown[FV_QUOTE];

    token->kind = FV_TOKEN_BAD;
    if (fv_text_utf8(at, n) && (unsigned char)*at >= 0x20 && *at != 0x7F)
        snprintf(token->text, sizeof token->text, "the character '%s' has no meaning here",
                 fv_text_quote(shown, at, n));
    else
        snprintf(token->text, sizeof token->text, "the byte 0x%02X has no meaning here", (unsigned char)*at);
}

/* One character more, unless the word is too long already. */
static void take(fv_lexer *l, fv_token *token, size_t *length, size_t bytes)
{
    if (*length + bytes < sizeof token->text) {
        memcpy(token->text + *length, l->at, bytes);
        *length += bytes;
    } else {
        token->kind = FV_TOKEN_BAD;
    }
    step(l, bytes);
}

static void end_word(fv_token *token, size_t length)
{
    if (token->kind == FV_TOKEN_BAD)
        snprintf(token->text, sizeof token->text, "a word of more than %d characters", FV_WORD_MAX - 1);
    else
        token->text[length] = '\0';
}

fv_token fv_lexer_next(fv_lexer *l)
{
    fv_token token = {.kind = FV_TOKEN_WORD};
    size_t length = 0;

    skip(l);
    token.place = l->place;
    if (!*l->at) {
        token.kind = FV_TOKEN_END;
        return token;
    }
    if (strchr("{}[]()|:,", *l->at)) {
        token.kind = FV_TOKEN_PUNCT;
        take(l, &token, &length, 1);
        return token;
    }
    if (!is_word(*l->at) && !is_times(l->at)) {
        bad(&token, l->at, character(l));
        step(l, character(l));
        return token;
    }
    while (is_word(*l->at) || is_times(l->at)) {
        const bool cross = is_times(l->at);

        take(l, &token, &length, cross ? 2 : 1);
        if (cross && token.kind == FV_TOKEN_WORD)
            token.text[--length - 1] = 'x';
    }
    end_word(&token, length);
    return token;
}

fv_token fv_lexer_next_raw(fv_lexer *l)
{
    fv_token token = {.kind = FV_TOKEN_WORD};
    size_t length = 0;

    while (blank(*l->at))
        step(l, 1);
    skip_comment(l);
    token.place = l->place;
    if (!*l->at || *l->at == '\n') {
        token.kind = FV_TOKEN_END;
        return token;
    }
    while (*l->at && *l->at != '\n' && *l->at != '#' && !blank(*l->at)) {
        const size_t n = character(l);

        if ((unsigned char)*l->at < 0x20 || *l->at == 0x7F || !fv_text_utf8(l->at, n)) {
            bad(&token, l->at, n);
            step(l, n);
            return token;
        }
        take(l, &token, &length, n);
    }
    end_word(&token, length);
    return token;
}
