/* Networks that are wrong: every message with its place and numbers. */
#include "support.h"

#include "net.h"

/* ----------------------------------------------------------------------------------------------------------- messages */

#define IN "input 28x28x1\n"
static const struct {
    const char *text;
    fv_status status;
    const char *message; /* behind "t.net:" */
} bad[] = {
    /* lines of the net as a whole */
    {"", FV_E_SYNTAX, "1:1: there is no input: write `input 28x28x1`"},
    {"conv 3x3 6", FV_E_SYNTAX, "1:1: the input must stand before 'conv': write `input 28x28x1`"},
    {"input", FV_E_SYNTAX, "1:6: input: a number must stand at the end"},
    {"input 28x28", FV_E_SYNTAX,
     "1:12: input: channels are missing before the end; write 28x28x1, or (224 x 224 RGB image)"},
    {"input 28x28x9", FV_E_RANGE, "1:7: input: pictures have 1 to 4 channels, not 9"},
    {"input 28x28x0", FV_E_RANGE, "1:7: input: sizes are 1 to 65536, not '28x28x0'"},
    {"input 28x28x1x1", FV_E_SYNTAX, "1:7: input: more than 3 sizes in '28x28x1x1'"},
    {"input 28y28", FV_E_SYNTAX, "1:7: input: '28y28' is no size; write height x width x channels"},
    {"input (224 x 224 RGB image\nmaxpool", FV_E_SYNTAX, "2:1: input: ')' is missing before 'maxpool'"},
    {"input 32x32x1 from 28x28 pad 1", FV_E_RANGE,
     "1:1: input: from 28x28 with pad 1 is 30x30, but the input is 32x32"},
    {"input 28x28x1 pad 14", FV_E_RANGE, "1:1: input: 28x28 has no room for a picture within pad 14"},
    {"input 8x9x1 shorter 8", FV_E_RANGE, "1:1: input: a picture whose shorter side is 8 has no room for a cut of 8x9"},
    {"input 8x8x3 mean .1 .2", FV_E_SYNTAX, "1:23: input: mean: 2 numbers for 3 channels; write one, or one each"},
    {"input 8x8x3 mean 1 2 3 4", FV_E_SYNTAX, "1:24: input: mean: more than one number a channel (3)"},
    {"input 8x8x3 std 0", FV_E_RANGE, "1:17: input: std is 0, but must be 1e-06 to 1000000"},
    {"input 8x8x3 range 1", FV_E_SYNTAX, "1:20: input: range is missing before the end"},
    {"input 8x8x3 means 1", FV_E_UNKNOWN, "1:13: input has no word 'means'; did you mean 'mean'?"},
    {IN IN, FV_E_SYNTAX, "2:1: input: the input stands in line 1 already"},
    {"net a b\n" IN, FV_E_UNKNOWN, "1:7: unknown operator 'b'; `fovea ops` lists them"},
    {"net a/b\n" IN, FV_E_SYNTAX, "1:5: net: 'a/b' is no name; it may have letters, digits, - _ and ."},
    {"net a\nnet b\n" IN, FV_E_SYNTAX, "2:1: net: the network is called 'a' already"},
    {IN "classes 0", FV_E_RANGE, "2:9: classes: the number is 0, but must be 1 to 1048576"},
    {IN "classes 3\nclasses 3", FV_E_SYNTAX, "3:1: classes: they stand in line 2 already"},
    {IN "[ classes 3 ]", FV_E_SYNTAX, "2:3: classes stands inside a block, but belongs outside"},
    {IN "a: classes 3", FV_E_SYNTAX, "2:1: 'classes' is a line of the net as a whole: it can have no label"},
    {IN "train", FV_E_SYNTAX, "2:1: train: words such as `epochs 20` must follow in the same line"},
    {IN "train epochs \x01", FV_E_SYNTAX, "2:14: train: the byte 0x01 has no meaning here"},
    {IN "loss foo", FV_E_UNKNOWN, "2:6: unknown loss 'foo'; there are cross-entropy, squared, rbf and rbf-map"},
    {IN "loss cross-entrpy", FV_E_UNKNOWN, "2:6: unknown loss 'cross-entrpy'; did you mean 'cross-entropy'?"},
    {IN "loss squared loss rbf", FV_E_SYNTAX, "2:14: loss: there is one in line 2 already"},
    {IN "cross-entropy", FV_E_SYNTAX, "2:1: cross-entropy is a loss; write `loss cross-entropy` at the end"},
    {IN "rbf-loss", FV_E_SYNTAX, "2:1: rbf-loss is a loss; write `loss rbf` at the end"},
    {IN "default", FV_E_SYNTAX, "2:8: an operator is missing before the end"},
    {IN "default conv relu", FV_E_SYNTAX, "2:14: default conv: an attribute must follow, found 'relu'"},
    {IN "[ default conv bias 1 ]", FV_E_SYNTAX, "2:3: default stands inside a block, but belongs outside"},
    /* operators and attributes */
    {IN "cnv 3x3 6", FV_E_UNKNOWN, "2:1: unknown operator 'cnv'; did you mean 'conv'?"},
    {IN "ReLU", FV_E_UNKNOWN, "2:1: unknown operator 'ReLU'; did you mean 'relu'?"},
    {IN "residul { relu }", FV_E_UNKNOWN, "2:1: unknown operator 'residul'; did you mean 'residual'?"},
    {IN "transformer", FV_E_UNKNOWN, "2:1: unknown operator 'transformer'; `fovea ops` lists them"},
    {IN "5", FV_E_SYNTAX, "2:1: '5': no operator stands before this number"},
    {IN "conv", FV_E_SYNTAX, "2:1: conv: kernel (rows x columns) is missing"},
    {IN "conv 3x3", FV_E_SYNTAX, "2:1: conv: features (output channels) is missing"},
    {IN "conv 3x3 0", FV_E_RANGE, "2:10: conv: features is 0, but must be 1 to 1048576"},
    {IN "conv 3x3 99999999999999999999", FV_E_RANGE,
     "2:10: conv: features is 99999999999999999999, but must be 1 to 1048576"},
    {IN "conv 3x3 6.5", FV_E_SYNTAX, "2:10: conv: features is '6.5', but must be a whole number"},
    {IN "conv 3y3 6", FV_E_SYNTAX, "2:6: conv: kernel is '3y3', but must be a size such as 3x3, or 3"},
    {IN "conv 3x3 6 strde 2", FV_E_UNKNOWN, "2:12: conv has no attribute 'strde'; did you mean 'stride'?"},
    {IN "maxpool 2x2 dilation 2", FV_E_UNKNOWN,
     "2:13: maxpool has no attribute 'dilation'; it has kernel, stride, pad, ceil, global"},
    {IN "conv 3x3 6\n  relu 64", FV_E_UNKNOWN, "3:8: relu has no attribute '64'; it has none"},
    {IN "conv 3x3 6 stride 0", FV_E_RANGE, "2:19: conv: stride is 0, but must be 1 to 1024"},
    {IN "conv 3x3 6 stride", FV_E_SYNTAX, "2:18: conv: stride is missing before the end"},
    {IN "conv 3x3 6 stride ,", FV_E_SYNTAX, "2:19: conv: stride is missing before ','"},
    {IN "conv 3x3 6 stride 2 stride 2", FV_E_SYNTAX, "2:21: conv: stride is written twice"},
    {IN "conv 3x3 6 stride block", FV_E_SYNTAX, "2:19: conv: stride block: there is no residual block around it"},
    {IN "conv 3x3 6 pad 1,2", FV_E_SYNTAX,
     "2:19: conv: pad has 2 numbers, but must have 1 or 4 (top, left, bottom, right)"},
    {IN "conv 3x3 6 pad -1", FV_E_SYNTAX, "2:16: conv: pad is '-1', but must be a size such as 3x3, or 3"},
    {IN "conv 3x3 6 table lnet", FV_E_UNKNOWN, "2:18: conv: table has no 'lnet'; did you mean 'lenet'?"},
    {IN "conv 3x3 6 table foo", FV_E_UNKNOWN, "2:18: conv: table is 'foo', but must be one of full, lenet"},
    {IN "conv 3x3 6 std x", FV_E_SYNTAX, "2:16: conv: std is 'x', but must be a number"},
    {IN "dropout 2", FV_E_RANGE, "2:9: dropout: rate is 2, but must be 0 to 0.999"},
    {IN "dense 10 classes", FV_E_SYNTAX, "2:17: classes: the number is missing before the end"},
    {IN "conv3-0", FV_E_RANGE, "2:1: conv: features is 0, but must be 1 to 1048576"},
    {IN "conv3-6 7", FV_E_UNKNOWN,
     "2:9: conv has no attribute '7'; it has kernel, features, stride, pad, groups, "
     "dilation, table, init, std, bias, nobias"},
    {IN "\xC3\xA9", FV_E_SYNTAX, "2:1: the character '\xC3\xA9' has no meaning here"},
    {IN "relu \xC3\x97\xC3\x97 \xFF", FV_E_UNKNOWN, "2:6: unknown operator 'xx'; `fovea ops` lists them"},
    {IN "relu \xFF", FV_E_SYNTAX, "2:6: the byte 0xFF has no meaning here"},
    /* names */
    {IN "a/b: relu", FV_E_SYNTAX, "2:1: 'a/b' is no label; it may have letters, digits, - _ and ."},
    {IN "a..b: relu", FV_E_SYNTAX, "2:1: 'a..b' is no label; it may have letters, digits, - _ and ."},
    {IN "a:", FV_E_SYNTAX, "2:3: an operator is missing before the end"},
    {IN "a: relu\n a: relu", FV_E_SYNTAX, "3:2: label 'a' is used twice, first in line 2"},
    {IN "relu\n relu1: relu", FV_E_SYNTAX, "3:2: label 'relu1' is used twice, first in line 2"},
    {IN "input: relu", FV_E_SYNTAX, "2:1: label 'input' is used twice, first in line 1"},
    {IN "[ a: relu ] x2", FV_E_SYNTAX,
     "2:3: label 'a' would name every repetition; give the block a label of its own: `name: [ ... ] x2`"},
    {IN "from", FV_E_SYNTAX, "2:5: from: the name of a layer is missing before the end"},
    {IN "a: from b relu", FV_E_SYNTAX, "2:1: from makes no layer: it can have no label"},
    {IN "c1: relu from c2 relu", FV_E_UNKNOWN, "2:10: from: no layer before this one is called 'c2'"},
    {IN "conv1: relu from cnv1 relu", FV_E_UNKNOWN,
     "2:13: from: no layer before this one is called 'cnv1'; did you mean 'conv1'?"},
    {IN "a: [ relu from a tanh ]", FV_E_UNKNOWN, "2:11: from: no layer before this one is called 'a'"},
    {IN "c1: relu from c1, c1 tanh", FV_E_SYNTAX, "2:22: tanh reads 1 value, but `from` names 2"},
    {IN "c1: relu from c1, c1, c1 add", FV_E_SYNTAX, "2:26: add reads 2 values, but `from` names 3"},
    {IN "c1: relu from c1, c1", FV_E_SYNTAX, "2:1: `from` names 2 values, but what follows reads one"},
    {IN "add", FV_E_SYNTAX, "2:1: add reads 2 values, but there is 1; name them: `from a, b add`"},
    /* blocks */
    {IN "[ relu", FV_E_SYNTAX, "2:7: [: ']' is missing before the end (the block begins in line 2)"},
    {IN "residual {\nrelu ]", FV_E_SYNTAX, "3:6: ']' closes nothing"},
    {IN "relu }", FV_E_SYNTAX, "2:6: '}' closes nothing"},
    {IN "[ ]", FV_E_SYNTAX, "2:1: [ ]: the block is empty"},
    {IN "[ relu ] x0", FV_E_RANGE, "2:10: repeat is 0, but must be 1 to 10000"},
    {IN "[ relu ] x1000000000", FV_E_RANGE, "2:10: repeat is 1000000000, but must be 1 to 10000"},
    {IN "relu x2", FV_E_SYNTAX, "2:6: 'x2': only `[ ... ] x2` and residual blocks repeat"},
    {IN "residual sride 2 { relu }", FV_E_UNKNOWN, "2:10: residual has no option 'sride'; did you mean 'stride'?"},
    {IN "residual relu", FV_E_SYNTAX, "2:10: residual: '{' is missing before 'relu' (the block begins in line 2)"},
    {IN "residual stride 2 { relu }", FV_E_SYNTAX, "2:1: residual stride 2: nothing in the block has a stride"},
    {IN "r: residual { conv 3x3 6 }", FV_E_SHAPE,
     "2:1: residual: the block makes 26x26x6 of 28x28x1, which cannot be "
     "added; write project, pad or pad-both, with the block's stride"},
    {IN "residual project { conv 3x3 6 }", FV_E_SHAPE,
     "2:1: add: the two sides are 1x26x26x6 and 1x28x28x6; they must be equal"},
    {IN "inception 1 2 3 4 5", FV_E_SYNTAX,
     "2:1: inception: 5 numbers, but there must be 6 (#1x1, #3x3 reduce, #3x3, "
     "#5x5 reduce, #5x5, pool proj)"},
    {IN "inception 1 2 3 4 5 0", FV_E_RANGE, "2:21: inception: pool proj is 0, but must be 1 to 1048576"},
    {IN "aux { }", FV_E_SYNTAX, "2:1: aux: the block is empty"},
    {IN "aux weight q { relu }", FV_E_SYNTAX, "2:12: aux: weight is 'q', but must be a number"},
    {IN "h: aux { c: dense 10 } from h.c tanh", FV_E_SYNTAX,
     "2:24: from: 'h.c' is in an auxiliary head, which exists in training only"},
    /* shapes */
    {IN "maxpool maxpool maxpool maxpool\nmaxpool 2x2", FV_E_SHAPE,
     "3:1: maxpool 2x2: input is 1x1, nothing left to pool"},
    {IN "conv 33x3 6", FV_E_SHAPE,
     "2:1: conv 33x3: input is 28x28 and padding 0,0,0,0 (top, left, bottom, right): the "
     "kernel does not fit in it"},
    {IN "conv 3x3 6 groups 4", FV_E_SHAPE, "2:1: conv: 1 input and 6 output channels do not divide into 4 groups"},
    {IN "conv 5x5 16 table lenet", FV_E_SHAPE, "2:1: conv: table lenet connects 6 maps to 16, not 1 to 16"},
    {IN "rbf", FV_E_SHAPE,
     "2:1: rbf: needs 84 values a sample, one for each cell of a 7x12 bitmap; its input is "
     "1x28x28x1"},
};

static void every_mistake_has_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < FV_COUNT(bad); i++) {
        char want[512];
        fv_net *net = NULL;
        fv_error err = {0};
        const fv_status status = fv_net_parse(NULL, bad[i].text, "t.net", &net, &err);

        snprintf(want, sizeof want, "t.net:%s", bad[i].message);
        if (status != bad[i].status || strcmp(err.message, want) != 0)
            fail_msg("\n%s\nwanted %d: %s\ngot    %d: %s", bad[i].text, (int)bad[i].status, want, (int)status,
                     err.message);
        assert_null(net);
        assert_int_equal(fv_net_parse(NULL, bad[i].text, "t.net", &net, NULL), status); /* nobody asks why */
    }
}

/* Nets that may be described, but not run. */
static void ends_are_checked_when_built(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {IN, "t.net:1:1: the net has no layer behind its input"},
        {IN "maxpool", "t.net:2:1: the net ends with 14x14x1, but must end with one value a class (1x1xN): add `dense "
                       "classes`"},
        {IN "classes 7\ndense 10", "t.net:3:1: the net ends with 10 values, but line 2 says classes 7"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++)
        for (int training = 0; training < 2; training++) {
            fv_net *net = parse(cases[i].text);
            fv_error err = {0};
            fv_graph graph;

            fv_graph_init(&graph, NULL, 3, training);
            test_failed(fv_net_build(net, &graph, &err), FV_E_SHAPE, &err, cases[i].message);
            fv_graph_free(&graph);
            fv_net_free(net);
        }
}

static void heads_need_one_value_a_class(void **state)
{
    fv_net *net = parse(IN "a: aux { maxpool }\ndense 10");
    fv_error err = {0};
    fv_graph graph;

    (void)state;
    fv_graph_init(&graph, NULL, 1, true);
    test_failed(fv_net_build(net, &graph, &err), FV_E_SHAPE, &err, "t.net:2:1: cross-entropy: needs one value a class");
    fv_graph_free(&graph);
    fv_net_free(net);
}

/* ----------------------------------------------------------------------------------------------------------- opening */

static void opening(void **state)
{
    static const char zero[] = "input 4x4x1\n\0dense 3";
    fv_net *net;
    fv_error err = {0};
    char *big = malloc((1 << 20) + 2);

    (void)state;
    test_failed(fv_net_open(NULL, "lenet5", &net, &err), FV_E_UNKNOWN, &err,
                "unknown network 'lenet5'; did you mean 'lenet-5'?");
    assert_null(net);
    test_failed(fv_net_open(NULL, "no-such-net", &net, &err), FV_E_UNKNOWN, &err,
                "unknown network 'no-such-net': it is none of the ");
    test_failed(fv_net_open(NULL, "", &net, &err), FV_E_ARGUMENT, &err, "there is no name");
    test_failed(fv_net_open(NULL, test_path("none.net"), &net, &err), FV_E_IO, &err, "No such file");
    test_failed(fv_net_open(NULL, test_folder(), &net, &err), FV_E_IO, &err, test_folder());
    test_write_file(test_path("zero.net"), zero, sizeof zero - 1);
    test_failed(fv_net_open(NULL, test_path("zero.net"), &net, &err), FV_E_SYNTAX, &err, "holds zero bytes");
    memset(big, ' ', (1 << 20) + 2);
    test_write_file(test_path("big.net"), big, (1 << 20) + 1);
    assert_int_not_equal(fv_net_open(NULL, test_path("big.net"), &net, &err), FV_OK);
    big[(1 << 20) + 1] = '\0';
    test_failed(fv_net_parse(NULL, big, "big", &net, &err), FV_E_RANGE, &err,
                "big: a network of 1048577 bytes; at most 1048576 are read");
    free(big);
    test_write_file(test_path("my-net.net"), "input 4x4x1 dense 3", 19);
    test_ok(fv_net_open(NULL, test_path("my-net.net"), &net, &err), &err);
    assert_string_equal(fv_net_name(net), "my-net");
    fv_net_free(net);
    fv_net_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_has_its_place),
        cmocka_unit_test(ends_are_checked_when_built),
        cmocka_unit_test(heads_need_one_value_a_class),
        cmocka_unit_test(opening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
