/* What the files of the parser share: a lexer with one token in hand, and the failure that stops it. */
#ifndef FV_NET_PARSER_H
#define FV_NET_PARSER_H
#include "net/tree.h"

typedef struct fv_parser {
    fv_net *net;
    fv_lexer lexer; /* behind `token` */
    fv_token token; /* in hand, not used yet */
    fv_error *err;
    fv_status status;
    const fv_place *fixed; /* where everything stands in text that a word of the net's stands for */
    const fv_op *last;     /* the operator before, whose attribute an unknown word may be */
    int depth;             /* of blocks */
    int residuals;         /* residual blocks around */
    bool whole;            /* net, input, classes are allowed */
    const char *owner;     /* what other than an operator was before ("input"), and the words it knows */
    const char *const *words;
    size_t n_words;
    char shown[FV_WORD_MAX + 2];
} fv_parser;

/* All parsing functions return false when p->status says why. */
bool fv_parse_fail(fv_parser *p, fv_place place, fv_status code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#if defined(__clang_analyzer__) && !defined(FV_DEFINES_FAILURES) /* as in base/error.h */
#define fv_parse_fail(...) (fv_parse_fail(__VA_ARGS__), false)
#endif
bool fv_parse_memory(fv_parser *p);

void fv_parse_next(fv_parser *p);
fv_token fv_parse_peek(const fv_parser *p);             /* the token behind the one in hand */
bool fv_parse_is(const fv_parser *p, const char *text); /* the token in hand is this word or sign */
bool fv_parse_take(fv_parser *p, const char *text);     /* as above, and goes on */
bool fv_parse_looks_number(const fv_parser *p);         /* a number, and no label */
const char *fv_parse_shown(fv_parser *p);               /* the token in hand for a message, in quotes */
/* The one of `words` that the token in hand may have meant, or NULL. */
const char *fv_parse_meant(const fv_parser *p, const char *const *words, size_t count);
/* What came before, for messages about the word behind it: an operator, or something with words of its own. */
void fv_parse_behind(fv_parser *p, const fv_op *op, const char *owner, const char *const *words, size_t count);

/* A whole number from the token in hand, least to most; `what` is its name in messages. */
bool fv_parse_whole(fv_parser *p, const char *what, double least, double most, size_t *out);
bool fv_parse_real(fv_parser *p, const char *what, double least, double most, double *out);
/* 3x3, 3 x 3, or 3 (both). */
bool fv_parse_size(fv_parser *p, const char *what, double least, double most, size_t out[2]);

void *fv_parse_alloc(fv_parser *p, size_t count, size_t size);
const char *fv_parse_copy(fv_parser *p, const char *text);

/* Parse `text`, which stands for the statement at `place`, with `parse`. */
bool fv_parse_within(fv_parser *p, fv_place place, const char *text, bool (*parse)(fv_parser *p, void *to), void *to);

/* ---- parse_attrs.c: attributes of s->op behind its name; s->base and s->attrs are set. */
bool fv_parse_attrs(fv_parser *p, fv_stmt *s, uint64_t *given);
bool fv_parse_op(fv_parser *p, fv_stmt *s);      /* an operator whose name is in hand */
bool fv_parse_default(fv_parser *p, fv_stmt *s); /* behind the word `default` */
bool fv_parse_loss(fv_parser *p, fv_stmt *s);    /* behind the word `loss` */
bool fv_parse_start_attrs(fv_parser *p, fv_stmt *s, uint64_t *given, bool presets);
bool fv_parse_complete(fv_parser *p, const fv_stmt *s, uint64_t given);
bool fv_parse_unknown(fv_parser *p); /* fails: the word in hand is none, with the nearest one that is */

/* ---- parse_vgg.c: the spellings of VGG's tables; false and p->status FV_OK if the word in hand is none. Appends. */
bool fv_parse_vgg(fv_parser *p, const char *label, fv_place place, fv_stmts *list);

/* ---- parse_input.c */
bool fv_parse_input(fv_parser *p, fv_place place); /* behind the word `input` */

/* ---- parse_block.c: behind the block's first word or bracket */
bool fv_parse_list(fv_parser *p, fv_stmts *list, const char *end); /* to an `end` sign ("}|"), or the text's end */
bool fv_parse_group(fv_parser *p, fv_stmt *s);
bool fv_parse_branch(fv_parser *p, fv_stmt *s);
bool fv_parse_residual(fv_parser *p, fv_stmt *s);
bool fv_parse_inception(fv_parser *p, fv_stmt *s);
bool fv_parse_aux(fv_parser *p, fv_stmt *s);
bool fv_parse_from(fv_parser *p, fv_stmt *s);
fv_stmt *fv_parse_stmt(fv_parser *p, fv_stmts *list, fv_stmt_kind kind, fv_place place, const char *label);

#endif
