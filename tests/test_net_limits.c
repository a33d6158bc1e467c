/* Networks that are hostile or unlucky: limits, memory that runs out, texts that nobody wrote. */
#include "support.h"

#include "net.h"

#include "base/random.h"

#define IN "input 28x28x1\n"

/* ----------------------------------------------------------------------------------------------------------- limits */

/* `piece` count times, then `end` count times. */
static char *many(const char *piece, const char *end, size_t count)
{
    char *text = malloc(sizeof IN + (strlen(piece) + strlen(end)) * count), *at = stpcpy(text, IN);

    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, piece);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, end);
    return text;
}

/* Bounded time and memory: the whole table takes well under a second, and what is refused is refused before it has taken
 * much. The limits stand in doc/notation.md. */
enum { MOST_BYTES = 128 << 20 };

static void limits_hold(void **state)
{
    static const struct {
        const char *piece, *end;
        size_t count;
        const char *message;
    } cases[] = {
        {"relu\n", "", 100001, "t.net:100002:1: more than 100000 layers when all repeats are written out"},
        {"relu\n", "", 99999, NULL},
        {"a: [ relu ]\n", "", 40000, "t.net:3:1: label 'a' is used twice"},
        {"[ relu ] x1000000000 ", "", 1, "t.net:2:10: repeat is 1000000000, but must be 1 to 10000"},
        {"[ ", "", 10000, "t.net:2:65: blocks inside blocks, more than 32 deep"},
        {"residual {", "", 10000, "blocks inside blocks, more than 32 deep"},
        {"branch {", "", 10000, "blocks inside blocks, more than 32 deep"},
        {"aux {", "", 10000, "blocks inside blocks, more than 32 deep"},
        {"[ relu ", "] x10000 ", 3, "t.net:2:17: more than 100000 layers when all repeats are written out"},
        {"[ from input ", "] x10000 ", 4, "more than 100000 layers"},
        {"[ branch { relu } ", "] x10000 ", 4, "more than 100000 layers"},
        {"l234567890123456789012345678901234567890: [ relu ", "]", 10, "has more than 255 characters"},
        {"l234567890123456789012345678901234567890: [ relu ", "]", 5, NULL},
        {"branch { relu ",
         "| relu | relu | relu | relu | relu | relu | relu | relu | relu | relu | relu | relu | relu "
         "| relu | relu | relu | relu | relu | relu | relu | relu | relu | relu | relu | relu | relu "
         "| relu | relu | relu | relu | relu | relu }",
         1, "t.net:2:1: branch: more than 32 arms"},
        {"from a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a", "",
         1, "t.net:2:1: from: more than 32 names"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        char *text = many(cases[i].piece, cases[i].end, cases[i].count);
        fv_net *net = NULL;
        fv_error err = {0};
        test_host h;

        test_host_init(&h);
        const fv_status status = fv_net_parse(&h.host, text, "t.net", &net, &err);

        if (h.peak_bytes > MOST_BYTES)
            fail_msg("case %zu took %zu bytes", i, h.peak_bytes);
        if (cases[i].message) {
            assert_int_not_equal(status, FV_OK);
            test_message(&err, cases[i].message);
        } else {
            test_ok(status, &err);
        }
        fv_net_free(net);
        free(text);
    }
}

/* A net of a thousand names has no slow spot: all are made, found and told apart. */
static void many_names(void **state)
{
    char *text = malloc(1 << 20), *at = text + sprintf(text, "input 4x4x1\n");
    fv_net *net;

    (void)state;
    for (int i = 0; i < 20000; i++)
        at += sprintf(at, "n%d: tanh from n%d\n", i, i / 2);
    strcpy(at, "dense 3");
    net = parse(text);
    round_trip(net);
    fv_net_free(net);
    free(text);
}

/* ----------------------------------------------------------------------------------------------------------- memory */

static const char complete[] =
    "net all input 16x16x3 from 12x12 pad 2 mean .1 .2 .3 classes 5 default conv init normal\n"
    "a: conv3-4 h: aux weight .3 { dense classes } b: [ c: conv 3x3 4 pad 1 relu residual project { conv 1x1 6 } relu "
    "] "
    "x2\nfrom a maxpool FC-9 dropout .5 FC-classes soft-max loss cross-entropy smoothing .1 train epochs 3 lr .1\n";

/* Everything that a net can do. */
static fv_status live(const fv_host *host, void *arg, fv_error *err)
{
    fv_net *net, *copy = NULL;
    fv_net_info info;
    fv_graph graph;
    fv_status status = fv_net_parse(host, complete, "t.net", &net, err);
    int value;

    (void)arg;
    if (status)
        return status;
    status = fv_net_describe(net, &info, err);
    for (int i = 0; i < 18 && !status; i++) /* the list of values grows */
        status = fv_net_add(net, "relu", NULL, 0, &value, err);
    if (!status)
        status = fv_net_add(net, "dense 5", &value, 1, NULL, err);
    if (!status)
        status = fv_net_describe(net, &info, err);
    if (!status)
        status = fv_net_clone(host, net, &copy, err);
    if (!status) {
        fv_graph_init(&graph, host, 2, true);
        status = fv_net_build(copy, &graph, err);
        fv_graph_free(&graph);
    }
    fv_net_free(copy);
    fv_net_free(net);
    return status;
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    assert_true(test_every_failure(live, NULL) > 20);
}

/* After a line found no memory, the net is as it was, and the line can be added again. */
static void adding_survives_without_memory(void **state)
{
    (void)state;
    for (size_t k = 1;; k++) {
        test_host h;
        fv_net *net;
        fv_error err = {0};
        fv_status status;

        test_host_init(&h);
        test_ok(fv_net_parse(&h.host, complete, "t.net", &net, &err), &err);
        char *before = strdup(fv_net_text(net));

        h.fail_at = h.total + k;
        status = fv_net_add(net, "x: [ relu tanh ] x2 dense 5", NULL, 0, NULL, &err);
        if (status) {
            assert_int_equal(status, FV_E_MEMORY);
            assert_string_equal(fv_net_text(net), before);
            h.fail_at = 0;
            test_ok(fv_net_add(net, "x: [ relu tanh ] x2 dense 5", NULL, 0, NULL, &err), &err);
        }
        round_trip(net);
        free(before);
        fv_net_free(net);
        assert_int_equal(h.live, 0);
        if (!status)
            break;
    }
}

/* ----------------------------------------------------------------------------------------------------------- mutations */

static const char *const words[] = {
    " conv ",
    " 3x3 ",
    " 64 ",
    " pad ",
    " same ",
    " 1,2,3,4 ",
    " stride ",
    " block ",
    " residual ",
    " { ",
    " } ",
    " [ ",
    " ] ",
    " x3 ",
    " branch { ",
    " | ",
    " aux weight .5 { ",
    " from ",
    ", ",
    " a: ",
    " a ",
    " default ",
    " conv3-4 ",
    " FC-9 ",
    " soft-max ",
    " LRN ",
    " classes ",
    " 1e999 ",
    " -0 ",
    " off ",
    " project ",
    " pad-both ",
    " input ",
    " train ",
    " loss rbf-map j ",
    " <b>",
    "</b>",
    "\xC3\x97",
    "\xFF",
    "#",
    "\n",
    ".",
    ":",
    " dense ",
    " dropout ",
    " maxpool ",
    " add ",
    " relu ",
    " 4294967296 ",
    " 18446744073709551616 ",
    " inception 1 2 3 4 5 6 ",
};

static uint32_t draw(uint32_t n)
{
    static uint64_t index;

    return (uint32_t)fv_random_below((fv_random){17, FV_STREAM_TEST, 0}, index++, n);
}

/* One change of a text of at most `size` bytes: a byte or a word put in, taken away, copied from elsewhere. */
static void mutate(char *text, size_t size)
{
    const size_t n = strlen(text), at = draw((uint32_t)n + 1);
    const char *word = words[draw(FV_COUNT(words))];
    const size_t length = strlen(word);

    if (n + length + 1 >= size)
        return;
    switch (draw(5)) {
    case 0:
        if (at < n)
            text[at] = (char)(1 + draw(255));
        break;
    case 1:
        if (at < n)
            memmove(text + at, text + at + 1, n - at);
        break;
    case 2:
        text[at] = '\0';
        break;
    default:
        memmove(text + at + length, text + at, n - at + 1);
        memcpy(text + at, word, length);
    }
}

/* Texts near real ones: whatever is read without complaint is printed so that it reads back the same. */
static void mutated_texts_are_read_or_refused(void **state)
{
    const char *quick = getenv("QUICK");
    const int rounds = quick && *quick ? 2000 : 20000;
    int good = 0;

    (void)state;
    for (int i = 0; i < rounds; i++) {
        char text[4096];
        fv_net *net = NULL;
        fv_error err = {0};
        const size_t pick = draw((uint32_t)fv_zoo_count() + 3);

        snprintf(text, sizeof text, "%s", pick < fv_zoo_count() ? fv_zoo_text(pick) : complete);
        for (uint32_t k = 1 + draw(6); k > 0; k--)
            mutate(text, sizeof text);
        if (fv_net_parse(NULL, text, "m.net", &net, &err) == FV_OK) {
            good++;
            round_trip(net);
        } else if (strncmp(err.message, "m.net:", 6) != 0) {
            fail_msg("a message without its place: %s", err.message);
        }
        fv_net_free(net);
    }
    assert_true(good > rounds / 50 && good < rounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(many_names),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(adding_survives_without_memory),
        cmocka_unit_test(mutated_texts_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
