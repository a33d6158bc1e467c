/* Text to statements. One token is in hand; what a statement begins with decides who reads on. */
#include "base/error.h"
#include "net/parser.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------- lines of the net */

static bool is_name(const char *text)
{
    return *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == strlen(text) &&
           *text != '.' && text[strlen(text) - 1] != '.' && !strstr(text, "..");
}

static bool parse_net(fv_parser *p, fv_place place)
{
    if (p->net->name)
        return fv_parse_fail(p, place, FV_E_SYNTAX, "net: the network is called '%s' already", p->net->name);
    if (p->token.kind != FV_TOKEN_WORD || !is_name(p->token.text))
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX,
                             "net: %s is no name; it may have letters, digits, - _ and .", fv_parse_shown(p));
    p->net->name = fv_parse_copy(p, p->token.text);
    fv_parse_next(p);
    return !p->status;
}

static bool parse_classes(fv_parser *p, fv_place place)
{
    if (p->net->classes)
        return fv_parse_fail(p, place, FV_E_SYNTAX, "classes: they stand in line %d already",
                             p->net->classes_place.line);
    p->net->classes_place = place;
    return fv_parse_whole(p, "classes: the number", 1, 1 << 20, &p->net->classes);
}

static bool parse_loss(fv_parser *p, fv_place place)
{
    fv_stmts alone = {0};

    if (p->net->loss)
        return fv_parse_fail(p, place, FV_E_SYNTAX, "loss: there is one in line %d already", p->net->loss->place.line);
    if (!fv_parse_stmt(p, &alone, FV_STMT_OP, place, NULL) || !fv_parse_loss(p, alone.first))
        return false;
    p->net->loss = alone.first;
    return true;
}

static bool parse_default(fv_parser *p, fv_place place)
{
    fv_stmt *s = fv_parse_stmt(p, &p->net->body, FV_STMT_DEFAULT, place, NULL);

    return s && fv_parse_default(p, s);
}

static bool add_train_word(fv_parser *p, const char *word)
{
    fv_net *net = p->net;

    if (net->n_train == net->size_train) {
        const size_t size = net->size_train ? 2 * net->size_train : 16;
        const char **words = fv_parse_alloc(p, size, sizeof *words);

        if (!words)
            return false;
        if (net->n_train)
            memcpy(words, net->train, net->n_train * sizeof *words);
        net->train = words;
        net->size_train = size;
    }
    net->train[net->n_train] = fv_parse_copy(p, word);
    return net->train[net->n_train++] != NULL;
}

/* The words of a `train` line are the train room's: they go to the end of the line. The word `train` is in hand. */
static bool parse_train(fv_parser *p, fv_place place)
{
    fv_token word = fv_lexer_next_raw(&p->lexer);

    if (word.kind == FV_TOKEN_END)
        return fv_parse_fail(p, place, FV_E_SYNTAX, "train: words such as `epochs 20` must follow in the same line");
    if (!p->net->n_train)
        p->net->train_line = place.line;
    for (; word.kind != FV_TOKEN_END; word = fv_lexer_next_raw(&p->lexer)) {
        if (word.kind == FV_TOKEN_BAD)
            return fv_parse_fail(p, word.place, FV_E_SYNTAX, "train: %s", word.text);
        if (!add_train_word(p, word.text))
            return false;
    }
    fv_parse_next(p);
    return !p->status;
}

static const struct {
    const char *word;
    bool (*parse)(fv_parser *p, fv_place place);
    bool whole; /* says something of the net as a whole */
    bool raw;   /* the word is still in hand: what follows is no token */
} lines[] = {
    {"net", parse_net, true, false},          {"input", fv_parse_input, true, false},
    {"classes", parse_classes, true, false},  {"loss", parse_loss, false, false},
    {"default", parse_default, false, false}, {"train", parse_train, false, true},
};

static const struct {
    const char *word;
    fv_stmt_kind kind;
    bool (*parse)(fv_parser *p, fv_stmt *s);
} blocks[] = {
    {"[", FV_STMT_GROUP, fv_parse_group},
    {"branch", FV_STMT_BRANCH, fv_parse_branch},
    {"residual", FV_STMT_RESIDUAL, fv_parse_residual},
    {"inception", FV_STMT_INCEPTION, fv_parse_inception},
    {"aux", FV_STMT_AUX, fv_parse_aux},
    {"from", FV_STMT_FROM, fv_parse_from},
};

/* ---------------------------------------------------------------------------------------------- unknown words */

/* Words that nets of the literature use; one that is no operator yet is said to be missing, not misspelled. */
static const char *const known[] = {"lrn",        "bn",         "concat",       "relu6",
                                    "leaky-relu", "hard-swish", "pad-shortcut", "flatten"};

static bool is_attribute_of_any(const char *word)
{
    for (size_t i = 0; fv_op_list(i); i++)
        if (fv_attr_find(fv_op_list(i), word))
            return true;
    return false;
}

enum { WORDS_MAX = 256 };

static size_t add_attributes(const char **words, size_t n, const fv_op *op)
{
    for (const fv_attr *attr = op ? op->attrs : NULL; attr && attr->name && n < WORDS_MAX; attr++)
        words[n++] = attr->name;
    return n;
}

/* Words that may begin a statement. */
static size_t statement_words(const char **words)
{
    size_t n = 0;

    for (size_t i = 0; fv_op_list(i) && n < WORDS_MAX / 2; i++)
        if (!(fv_op_list(i)->flags & (FV_OP_HIDDEN | FV_OP_LOSS)))
            words[n++] = fv_op_list(i)->name;
    for (size_t i = 0; i < FV_COUNT(lines); i++)
        words[n++] = lines[i].word;
    for (size_t i = 1; i < FV_COUNT(blocks); i++)
        words[n++] = blocks[i].word;
    words[n++] = "soft-max";
    words[n++] = "LRN";
    return n;
}

/* "; it has kernel, features" */
static const char *attribute_list(const fv_op *op, char *text, size_t size)
{
    size_t used = 0;

    snprintf(text, size, "; it has none");
    for (const fv_attr *attr = op->attrs; attr && attr->name && used < size; attr++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "; it has ", attr->name);
    return text;
}

/* The word in hand has a meaning, but not here. */
static bool misplaced(fv_parser *p)
{
    const char *word = p->token.text;
    const fv_place place = p->token.place;
    char all[256];

    if (fv_parse_is(p, "}") || fv_parse_is(p, "]") || fv_parse_is(p, ")"))
        return !fv_parse_fail(p, place, FV_E_SYNTAX, "'%s' closes nothing", word);
    if (p->token.kind != FV_TOKEN_WORD)
        return !fv_parse_fail(p, place, FV_E_SYNTAX, "an operator is missing before %s", fv_parse_shown(p));
    for (size_t i = 0; i < FV_COUNT(known); i++)
        if (strcmp(word, known[i]) == 0)
            return !fv_parse_fail(p, place, FV_E_UNSUPPORTED, "operator '%s' is not built in", word);
    if ((*word == 'x' || *word == 'X') && word[1] && strspn(word + 1, "0123456789") == strlen(word + 1))
        return !fv_parse_fail(p, place, FV_E_SYNTAX, "'%s': only `[ ... ] x2` and residual blocks repeat", word);
    if (p->last && (fv_parse_looks_number(p) || is_attribute_of_any(word)))
        return !fv_parse_fail(p, place, FV_E_UNKNOWN, "%s has no attribute '%s'%s", p->last->name, word,
                              attribute_list(p->last, all, sizeof all));
    if (fv_parse_looks_number(p))
        return !fv_parse_fail(p, place, FV_E_SYNTAX, "'%s': no operator stands before this number", word);
    return false;
}

bool fv_parse_unknown(fv_parser *p)
{
    const char *words[WORDS_MAX], *word = p->token.text, *near;
    const fv_place place = p->token.place;

    if (p->status || misplaced(p))
        return false;
    near = fv_parse_meant(p, p->words, p->n_words);
    if (near)
        return fv_parse_fail(p, place, FV_E_UNKNOWN, "%s has no word '%s'; did you mean '%s'?", p->owner, word, near);
    near = fv_parse_meant(p, words, statement_words(words));
    if (near)
        return fv_parse_fail(p, place, FV_E_UNKNOWN, "unknown operator '%s'; did you mean '%s'?", word, near);
    near = fv_parse_meant(p, words, add_attributes(words, 0, p->last));
    if (near)
        return fv_parse_fail(p, place, FV_E_UNKNOWN, "%s has no attribute '%s'; did you mean '%s'?", p->last->name,
                             word, near);
    return fv_parse_fail(p, place, FV_E_UNKNOWN, "unknown operator '%s'; `fovea ops` lists them", word);
}

/* ---------------------------------------------------------------------------------------------- statements */

fv_stmt *fv_parse_stmt(fv_parser *p, fv_stmts *list, fv_stmt_kind kind, fv_place place, const char *label)
{
    fv_stmt *s = fv_parse_alloc(p, 1, sizeof *s);

    if (!s)
        return NULL;
    *s = (fv_stmt){.kind = kind, .place = place, .label = label};
    if (list->last)
        list->last->next = s;
    else
        list->first = s;
    list->last = s;
    return s;
}

/* `name:` in front of a statement, copied; NULL if there is none. */
static const char *parse_label(fv_parser *p)
{
    const char *label;

    if (p->status || p->token.kind != FV_TOKEN_WORD || strcmp(fv_parse_peek(p).text, ":") != 0)
        return NULL;
    if (!is_name(p->token.text)) {
        fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s is no label; it may have letters, digits, - _ and .",
                      fv_parse_shown(p));
        return NULL;
    }
    label = fv_parse_copy(p, p->token.text);
    fv_parse_next(p);
    fv_parse_next(p);
    return label;
}

static bool parse_line(fv_parser *p, size_t i, const char *label, fv_place place)
{
    if (label)
        return fv_parse_fail(p, place, FV_E_SYNTAX, "'%s' is a line of the net as a whole: it can have no label",
                             lines[i].word);
    if (p->depth)
        return fv_parse_fail(p, place, FV_E_SYNTAX, "%s stands inside a block, but belongs outside", lines[i].word);
    if (lines[i].whole && !p->whole)
        return fv_parse_fail(p, place, FV_E_SYNTAX, "%s cannot be added to a network: only layers can", lines[i].word);
    fv_parse_behind(p, NULL, NULL, NULL, 0);
    if (!lines[i].raw)
        fv_parse_next(p);
    return !p->status && lines[i].parse(p, place);
}

static bool after_input(fv_parser *p)
{
    if (p->net->input.height)
        return true;
    return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "the input must stand before %s: write `input 28x28x1`",
                         fv_parse_shown(p));
}

static bool parse_statement(fv_parser *p, fv_stmts *list)
{
    const fv_place place = p->token.place;
    const char *label = parse_label(p);
    fv_stmt *s;

    if (p->status)
        return false;
    for (size_t i = 0; i < FV_COUNT(lines); i++)
        if (fv_parse_is(p, lines[i].word))
            return parse_line(p, i, label, place);
    for (size_t i = 0; i < FV_COUNT(blocks); i++)
        if (fv_parse_is(p, blocks[i].word)) {
            if (!after_input(p))
                return false;
            if (label && blocks[i].kind == FV_STMT_FROM)
                return fv_parse_fail(p, place, FV_E_SYNTAX, "from makes no layer: it can have no label");
            s = fv_parse_stmt(p, list, blocks[i].kind, place, label);
            fv_parse_behind(p, NULL, NULL, NULL, 0);
            fv_parse_next(p);
            return s && !p->status && blocks[i].parse(p, s);
        }
    if (p->net->input.height && fv_parse_vgg(p, label, place, list))
        return true;
    if (p->status)
        return false;
    if (p->token.kind != FV_TOKEN_WORD || !fv_op_find(p->token.text))
        return fv_parse_unknown(p);
    if (!after_input(p))
        return false;
    s = fv_parse_stmt(p, list, FV_STMT_OP, place, label);
    return s && fv_parse_op(p, s);
}

bool fv_parse_list(fv_parser *p, fv_stmts *list, const char *end)
{
    while (!p->status && p->token.kind != FV_TOKEN_END) {
        if (p->token.kind == FV_TOKEN_PUNCT && strchr(end, p->token.text[0]))
            return true;
        if (!parse_statement(p, list))
            return false;
    }
    return !p->status;
}

fv_status fv_net_read(fv_net *net, const char *text, bool whole, fv_error *err)
{
    fv_parser p = {.net = net, .err = err, .whole = whole};

    fv_lexer_init(&p.lexer, text, net->lines + 1);
    fv_parse_next(&p);
    fv_parse_list(&p, &net->body, "");
    if (!p.status && whole && !net->input.height)
        fv_parse_fail(&p, p.token.place, FV_E_SYNTAX, "there is no input: write `input 28x28x1`");
    net->lines = p.lexer.place.line - (p.lexer.place.column == 1);
    return p.status;
}
