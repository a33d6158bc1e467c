/* Networks made line by line, fv_net_add. */
#include "support.h"

#include "net.h"

static void lines_can_be_added(void **state)
{
    fv_net *net = parse("net added\ninput 8x8x2"), *same, *copy;
    fv_error err = {0};
    fv_graph a, b;
    int in, left, right, sum, value;

    (void)state;
    test_ok(fv_net_add(net, "conv 3x3 4 pad 1", NULL, 0, &in, &err), &err);
    test_ok(fv_net_add(net, "relu", NULL, 0, &left, &err), &err);
    test_ok(fv_net_add(net, "r: conv 1x1 4 tanh", (int[]){in}, 1, &right, &err), &err);
    test_ok(fv_net_add(net, "add", (int[]){left, right}, 2, &sum, &err), &err);
    test_ok(fv_net_add(net, "residual { conv 3x3 4 pad 1 }", NULL, 0, NULL, &err), &err);
    test_ok(fv_net_add(net, "relu FC-5", NULL, 0, &value, &err), &err);
    test_ok(fv_net_add(net, "soft-max", NULL, 0, &value, &err), &err);
    assert_string_equal(fv_net_text(net), "net added\n"
                                          "input 8x8x2\n"
                                          "conv 3x3 4 pad 1\n"
                                          "from conv1 relu\n"
                                          "from conv1 r: conv 1x1 4 tanh\n"
                                          "from relu1, r add\n"
                                          "residual {\n    conv 3x3 4 pad 1\n}\n"
                                          "from add2 relu\n"
                                          "dense 5 relu\n"
                                          "soft-max\n");
    same = parse("input 8x8x2 conv 3x3 4 pad 1 r1: relu from conv1 r: conv 1x1 4 tanh from r1, r add\n"
                 "residual { conv 3x3 4 pad 1 } relu dense 5 relu");
    build(net, true, &a);
    build(same, true, &b);
    same_graph(&a, &b, false);
    fv_graph_free(&b);
    round_trip(net);
    test_ok(fv_net_clone(NULL, net, &copy, &err), &err);
    assert_string_equal(fv_net_text(copy), fv_net_text(net));
    test_ok(fv_net_add(copy, "from input dense 2", NULL, 0, &value, &err), &err);
    assert_int_equal(value, 8);
    fv_net_free(copy);
    fv_graph_free(&a);
    fv_net_free(same);
    fv_net_free(net);
}

static void a_line_that_is_wrong_changes_nothing(void **state)
{
    static const char *const lines[] = {"cnv 3x3 4",
                                        "conv 9x9 4",
                                        "conv 3x3 4 conv 3x3",
                                        "input 3x3x1",
                                        "net x",
                                        "classes 3",
                                        "x2",
                                        "stride 2",
                                        "loss squared loss squared",
                                        "default conv",
                                        "from nobody relu",
                                        "train",
                                        "dense 3 train a\nconv"};
    fv_net *net = parse("input 8x8x2 conv 3x3 4"), *clone;
    char *before = strdup(fv_net_text(net));
    fv_error err = {0};
    size_t count;
    int value = 77;

    (void)state;
    for (size_t i = 0; i < FV_COUNT(lines); i++) {
        assert_int_not_equal(fv_net_add(net, lines[i], NULL, 0, &value, &err), FV_OK);
        assert_string_equal(fv_net_text(net), before);
    }
    assert_int_not_equal(fv_net_add(net, "relu", (int[]){1}, 1, &value, &err), FV_OK); /* there is no value 1 yet */
    assert_int_not_equal(fv_net_add(net, "add", (int[]){0}, 1, &value, &err), FV_OK);
    assert_int_not_equal(fv_net_add(net, NULL, NULL, 0, &value, &err), FV_OK);
    assert_int_equal(value, 77);
    assert_string_equal(fv_net_text(net), before);
    fv_net_train_words(net, &count, NULL);
    assert_int_equal(count, 0);
    test_ok(fv_net_clone(NULL, net, &clone, &err), &err);
    test_ok(fv_net_add(net, "dense 3", (int[]){0}, 1, &value, &err), &err);
    assert_int_equal(value, 1);
    assert_string_equal(fv_net_text(net), "net t\ninput 8x8x2\nconv 3x3 4\nfrom input dense 3\n");
    round_trip(net);
    round_trip(clone);
    free(before);
    fv_net_free(clone);
    fv_net_free(net);
}

/* A soft-max that is added does not take back the ReLU of what was there. */
static void soft_max_behind_fc(void **state)
{
    static const char *const ends[] = {"FC-5", "[ tanh FC-5 ]", "[ FC-4 [ fc-5 ] ]", "[ FC-5 ] x2"};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(ends); i++) {
        char text[64];
        fv_net *net;
        fv_error err = {0};
        fv_graph before, after;

        sprintf(text, "input 2x2x1 %s", ends[i]);
        net = parse(text);
        build(net, true, &before);
        test_ok(fv_net_add(net, "soft-max", NULL, 0, NULL, &err), &err);
        build(net, true, &after);
        same_graph(&before, &after, true);
        round_trip(net);
        fv_graph_free(&before);
        fv_graph_free(&after);
        fv_net_free(net);
    }
}

/* A description is made anew after a line was added. */
static void descriptions_follow_additions(void **state)
{
    fv_net *net = parse("input 4x4x1 dense 3");
    fv_net_info info;
    fv_error err = {0};

    (void)state;
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_int_equal(info.parameters, 51);
    assert_int_equal(info.classes, 3);
    test_ok(fv_net_add(net, "dense 2", NULL, 0, NULL, &err), &err);
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_int_equal(info.parameters, 51 + 8);
    assert_int_equal(info.classes, 2);
    fv_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_can_be_added),
        cmocka_unit_test(a_line_that_is_wrong_changes_nothing),
        cmocka_unit_test(soft_max_behind_fc),
        cmocka_unit_test(descriptions_follow_additions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
