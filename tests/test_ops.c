/* Operators by their words: values worked out by hand, what leaves no layer behind, and what does not fit, where each says
 * with numbers what was wanted and what was found. */
#include "support.h"

#include "net/net.h"
#include "run/exec.h"

#include <math.h>

/* ---------------------------------------------------------------------------------------------- values */

/* Of the input -4, -1.5, 0.5, 5, by their formulas, in another language. */
static const struct {
    const char *text;
    size_t n;
    double want[7];
} values[] = {
    {"leaky-relu", 4, {-0.04, -0.015, 0.5, 5.0}},
    {"leaky-relu .25", 4, {-1.0, -0.375, 0.5, 5.0}},
    {"relu6 relu6", 4, {0.0, 0.0, 0.5, 5.0}},
    {"hard-sigmoid", 4, {0.0, 0.25, 0.5833333333333334, 1.0}},
    {"hard-swish", 4, {0.0, -0.375, 0.2916666666666667, 5.0}},
    {"silu", 4, {-0.07194483984836623, -0.2736382857095345, 0.3112296656009273, 4.966535745378576}},
    {"lrn", 4, {-2.3767655394908545, -0.8904531790587555, 0.29681772635291853, 2.9699555469606613}},
    {"lrn caffe", 4, {-3.9988903592406584, -1.4990219944797256, 0.49967399815990854, 4.9979384920779575}},
    {"lrn n 3 k 1.5 alpha .3 beta .5",
     4,
     {-1.514564891325506, -0.564932682866032, 0.16012815380508713, 1.6597653257732308}},
    {"lrn caffe n 3 alpha .3", 4, {-1.8356765169884626, -0.6838449026368781, 0.18554384558091605, 1.9435721322533115}},
    {"pad-shortcut 7", 7, {-4, -1.5, .5, 5, 0, 0, 0}},
    {"pad-shortcut 7 both", 7, {0, -4, -1.5, .5, 5, 0, 0}},
    {"conv 1x1 4 init normal std 0 bias 8 relu6", 4, {6.0, 6.0, 6.0, 6.0}},
};

static void words_mean_their_formulas(void **state)
{
    static const double x[4] = {-4, -1.5, .5, 5};
    const fv_kernels *kernels = fv_kernels_find("ref64");

    (void)state;
    for (size_t i = 0; i < FV_COUNT(values); i++) {
        char text[256];
        fv_net *net;
        fv_pool *pool;
        fv_store store;
        fv_graph graph;
        fv_exec *exec;
        fv_error err = {0};

        snprintf(text, sizeof text, "net case input 1x1x4 classes %zu\n%s", values[i].n, values[i].text);
        test_ok(fv_net_parse(NULL, text, "case.net", &net, &err), &err);
        test_ok(fv_pool_create(NULL, 1, &pool, &err), &err);
        fv_store_init(&store, NULL, sizeof(double));
        fv_graph_init(&graph, NULL, 1, false);
        test_ok(fv_net_build(net, &graph, &err), &err);
        const fv_value input = graph.input, logits = graph.logits;
        const fv_exec_options options = {.kernels = kernels, .pool = pool, .store = &store};

        test_ok(fv_exec_create(NULL, &graph, &options, &exec, &err), &err);
        fv_store_initialise(&store, 1);
        fv_exec_prepare(exec);
        for (size_t c = 0; c < 4; c++)
            fv_exec_set(exec, input, c, x[c]);
        fv_exec_compute(exec);
        for (size_t c = 0; c < values[i].n; c++)
            if (fabs(fv_exec_get(exec, logits, c) - values[i].want[c]) > 1e-12)
                fail_msg("%s: value %zu is %.15g, should be %.15g", values[i].text, c, fv_exec_get(exec, logits, c),
                         values[i].want[c]);
        fv_exec_free(exec);
        fv_store_free(&store);
        fv_pool_free(pool);
        fv_net_free(net);
    }
}

/* ---------------------------------------------------------------------------------------------- refusals */

static const struct {
    const char *text, *message;
} cases[] = {
    {"branch { conv 3x3 4 | conv 3x3 4 pad 1 } dense classes",
     "concat: value 2 is 1x8x8x4 and the first 1x6x6x4 (samples x rows x columns x channels); rows and columns must be "
     "equal"},
    {"a: conv 1x1 3 maxpool from input, a, input concat a2: conv 3x3 2 from a2, a concat dense classes",
     "concat: value 2 is 1x8x8x3 and the first 1x6x6x2"},
    {"conv 1x1 8 pad-shortcut 4 dense classes", "pad-shortcut: 8 channels cannot be padded to 4, which is fewer"},
    {"lrn n 4 dense classes", "lrn: n is 4, but must be odd: as many channels before as behind"},
    {"lrn k -1 dense classes", "lrn: k is -1"},
    {"lrn onnx dense classes", "onnx"},
    {"bn eps 2 dense classes", "bn: eps is 2, but must be 0 to 1"},
    {"bn momentum 1.5 dense classes", "bn: momentum is 1.5, but must be 0 to 1"},
    {"avgpool to 3x2 stride 2 dense classes",
     "avgpool to 3x2: its windows follow from the input; stride, pad, ceil and global cannot be said too"},
    {"avgpool to 2 global dense classes", "avgpool to 2x2: its windows follow from the input"},
    {"avgpool to 2 pad same dense classes", "avgpool to 2x2: its windows follow from the input"},
    {"leaky-relu 2 dense classes", "leaky-relu: slope is 2, but must be 0 to 1"},
    {"conv 3x3 6 groups 6 dense classes", "conv: 3 input and 6 output channels do not divide into 6 groups"},
    {"a: conv 1x1 3 maxpool b: conv 1x1 3 from a, b add dense classes",
     "add: the two sides are 1x8x8x3 and 1x4x4x3; they must be equal"},
};

static void bad_shapes_are_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        char text[512];
        fv_net *net = NULL;
        fv_net_info info;
        fv_error err = {0};
        fv_status status;

        snprintf(text, sizeof text, "net case input 8x8x3 classes 5\n%s", cases[i].text);
        status = fv_net_parse(NULL, text, "case.net", &net, &err);
        if (!status)
            status = fv_net_describe(net, &info, &err);
        if (!status)
            fail_msg("%s: was taken, wanted \"%s\"", cases[i].text, cases[i].message);
        test_message(&err, cases[i].message);
        test_message(&err, "case.net:2:");
        fv_net_free(net);
    }
}

/* Words that only say something to the reader, or to training, leave nothing behind. */
static void words_make_no_layer(void **state)
{
    fv_net *net;
    fv_net_info info;
    fv_error err = {0};

    (void)state;
    test_ok(fv_net_parse(NULL, "net case input 8x8x3 classes 5 conv 3x3 4 flatten dropout .5 dense classes flatten",
                         "case.net", &net, &err),
            &err);
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_int_equal(info.count, 2);
    assert_int_equal(info.parameters, 3 * 9 * 4 + 4 + 144 * 5 + 5);
    fv_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_mean_their_formulas),
        cmocka_unit_test(bad_shapes_are_explained),
        cmocka_unit_test(words_make_no_layer),
    };

    return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
