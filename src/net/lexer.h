/* The notation's words. A lexer is a plain value: copy it to look ahead. It never fails for lack of memory, because a
 * token carries its own text. */
#ifndef FV_NET_LEXER_H
#define FV_NET_LEXER_H
#include <stdbool.h>
#include <stddef.h>

/* A place in the text: line and column count from 1, columns in characters. */
typedef struct fv_place {
    int line, column;
} fv_place;

typedef struct fv_lexer {
    const char *at;
    fv_place place;
} fv_lexer;

enum { FV_WORD_MAX = 128 };

typedef enum fv_token_kind {
    FV_TOKEN_END,   /* of the text */
    FV_TOKEN_WORD,  /* letters, digits, . - + _ / * = ~ and the sign of multiplication (which becomes x) */
    FV_TOKEN_PUNCT, /* one of { } [ ] ( ) | : , */
    FV_TOKEN_BAD    /* text[] says what is wrong */
} fv_token_kind;

typedef struct fv_token {
    fv_token_kind kind;
    fv_place place;
    char text[FV_WORD_MAX]; /* zero-terminated */
} fv_token;

void fv_lexer_init(fv_lexer *lexer, const char *text, int line);

/* The next token; comments, blanks and the tags <b> and </b> are passed over. */
fv_token fv_lexer_next(fv_lexer *lexer);

/* The next run of characters without a blank on this line, whatever they are; END where the line or its comment ends. */
fv_token fv_lexer_next_raw(fv_lexer *lexer);

#endif
