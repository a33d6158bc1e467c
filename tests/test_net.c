/* The notation: what is read, printed and built. */
#include "support.h"

#include "net.h"

#include <math.h>

/* ----------------------------------------------------------------------------------------------------------- names */

/* Labels of the nodes of the training graph, in order. */
static void has_labels(const char *text, const char *want)
{
    fv_net *net = parse(text);
    fv_graph graph;
    char got[2048] = "";

    build(net, true, &graph);
    for (size_t i = 0; i < graph.n_nodes; i++)
        if (!(graph.nodes[i].op->flags & FV_OP_LOSS))
            sprintf(got + strlen(got), "%s%s", *got ? " " : "", graph.nodes[i].label);
    assert_string_equal(got, want);
    fv_graph_free(&graph);
    round_trip(net);
    fv_net_free(net);
}

static void names_nest_and_count(void **state)
{
    (void)state;
    has_labels("input 8x8x3 conv 3x3 4 relu conv 3x3 4 relu maxpool dense 9 dense 3 soft-max",
               "conv1 relu1 conv2 relu2 maxpool1 dense1 dense2");
    has_labels("input 8x8x3 FC-9 fc-8 dropout FC-3 p: soft-max", "dense1 relu1 dense2 relu2 dropout1 dense3");
    has_labels("input 8x8x3 FC-3 softmax", "dense1");
    has_labels("input 8x8x3 c: [ 0: FC-9 d: [ 1: FC-3 ] ] soft-max", "c.0 c.relu1 c.d.1");
    has_labels("input 8x8x3 [ FC-3 ] x2 soft-max", "dense1 relu1 dense2 relu2");
    has_labels("input 8x8x3 FC-3", "dense1 relu1");
    has_labels("input 8x8x3 conv2: conv 3x3 4 conv 3x3 4 conv 3x3 4 dense 3", "conv2 conv1 conv3 dense1");
    has_labels("input 8x8x3 [ conv3-4 ] x2 dense 3", "conv1 relu1 conv2 relu2 dense1");
    has_labels("input 8x8x3 b: [ c: conv3-4 ] x2 dense 3", "b.0.c b.0.relu1 b.1.c b.1.relu1 dense1");
    has_labels("input 8x8x3 b: [ c: conv3-4 ] dense 3", "b.c b.relu1 dense1");
    has_labels("input 8x8x3 b: [ c: [ d: tanh ] x1 ] x2 dense 3", "b.0.c.0.d b.1.c.0.d dense1");
    has_labels("input 8x8x4 l: residual { a: conv3-4 b: conv 3x3 4 pad same } x2 relu dense 3",
               "l.0.a l.0.relu1 l.0.b l.0.add l.0.relu2 l.1.a l.1.relu1 l.1.b l.1.add l.1.relu2 dense1");
    has_labels("input 8x8x4 residual { tanh } residual { tanh } x2 dense 3", "tanh1 add tanh2 add2 tanh3 add3 dense1");
    has_labels("input 8x8x4 aux { dense 3 } h: aux weight .3 { tanh fc: dense 3 } dense 3 dropout",
               "aux1.dense1 h.tanh1 h.fc dense1 dropout1");
    has_labels("input 8x8x4 layer.1.x: tanh dense 3", "layer.1.x dense1");
}

/* Where `from` reads: a layer's value is the one behind its activations, inner names hide outer ones. */
static void from_reads_named_values(void **state)
{
    fv_net *net = parse("input 4x4x2 a: conv 3x3 2 pad 1 relu tanh b: conv 3x3 2 pad 1 r: relu from a, r add\n"
                        "from input, b add from b c: [ a: tanh from a sigmoid ] from a, c add dense 3");
    fv_graph g;

    (void)state;
    build(net, false, &g);
    /* nodes: 0 a, 1 relu, 2 tanh, 3 b, 4 r, 5 add, 6 add, 7 c.a, 8 sigmoid, 9 add, 10 dense */
    assert_int_equal(g.n_nodes, 11);
    assert_int_equal(g.nodes[5].in[0], g.nodes[2].out[0]);
    assert_int_equal(g.nodes[5].in[1], g.nodes[4].out[0]);
    assert_int_equal(g.nodes[6].in[0], g.input);
    assert_int_equal(g.nodes[6].in[1], g.nodes[3].out[0]);
    assert_int_equal(g.nodes[7].in[0], g.nodes[3].out[0]);
    assert_int_equal(g.nodes[8].in[0], g.nodes[7].out[0]);
    assert_int_equal(g.nodes[9].in[0], g.nodes[2].out[0]);
    assert_int_equal(g.nodes[9].in[1], g.nodes[8].out[0]);
    fv_graph_free(&g);
    round_trip(net);
    fv_net_free(net);
}

/* ----------------------------------------------------------------------------------------------------------- blocks */

/* Shapes of the values that nodes called `label` make, "14x14x8". */
static void has_shape(const fv_graph *graph, const char *label, size_t height, size_t channels)
{
    for (size_t i = 0; i < graph->n_nodes; i++)
        if (strcmp(graph->nodes[i].label, label) == 0) {
            const fv_shape *shape = fv_shape_of(graph, graph->nodes[i].out[0]);

            assert_int_equal(shape->dim[1], height);
            assert_int_equal(shape->dim[3], channels);
            return;
        }
    fail_msg("no node is called %s", label);
}

/* The stride is the first repetition's, and goes to the first operator that has one, or where the text says. */
static void residual_blocks_project_and_stride(void **state)
{
    fv_net *net = parse("input 16x16x4\n"
                        "p: residual project { conv 1x1 6 conv 3x3 6 pad 1 } x2 relu\n"
                        "q: residual stride 2 project { a: conv 1x1 8 tanh b: conv 3x3 8 pad 1 stride block } x2\n"
                        "r: residual stride 2 project { a: conv 3x3 8 pad 1 b: conv 3x3 8 pad 1 } tanh dense 3");
    fv_graph g;

    (void)state;
    build(net, true, &g);
    has_shape(&g, "p.0.downsample.0", 16, 6);
    has_shape(&g, "q.0.a", 16, 8);
    has_shape(&g, "q.0.b", 8, 8);
    has_shape(&g, "q.0.downsample.0", 8, 8);
    has_shape(&g, "q.1.b", 8, 8);
    has_shape(&g, "r.a", 4, 8);
    has_shape(&g, "r.add", 4, 8);
    has_shape(&g, "r.tanh1", 4, 8);
    for (size_t i = 0; i < g.n_nodes; i++) { /* shapes that are equal are added as they are */
        assert_string_not_equal(g.nodes[i].label, "p.1.downsample.0");
        assert_string_not_equal(g.nodes[i].label, "q.1.downsample.0");
    }
    fv_graph_free(&g);
    round_trip(net);
    fv_net_free(net);
}

static void auxiliary_heads_exist_in_training_only(void **state)
{
    fv_net *net = parse("input 8x8x3 classes 5 conv3-4 a: aux weight .3 { maxpool dense classes softmax }\n"
                        "conv3-4 aux weight 0.25 { dense classes } dense classes softmax");
    fv_net_info info;
    fv_error err = {0};
    fv_graph g;

    (void)state;
    build(net, true, &g);
    assert_int_equal(g.n_losses, 3);
    assert_true(g.losses[0].weight == 1 && g.losses[1].weight == .3 && g.losses[2].weight == .25);
    assert_int_equal(g.values[g.labels].dtype, FV_I32);
    fv_graph_free(&g);
    build(net, false, &g);
    assert_int_equal(g.n_losses, 0);
    assert_int_equal(g.labels, 0);
    assert_int_equal(g.n_nodes, 5);
    fv_graph_free(&g);
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_int_equal(info.parameters, 3 * 9 * 4 + 4 + 4 * 9 * 4 + 4 + 256 * 5 + 5);
    assert_int_equal(info.parameters_training, 64 * 5 + 5 + 256 * 5 + 5);
    assert_true(info.layers[1].training_only && !info.layers[0].training_only);
    round_trip(net);
    fv_net_free(net);
}

/* Layers name what they read, through dropout and activations; parameters are not among it. */
static void layers_name_what_they_read(void **state)
{
    static const struct {
        const char *name;
        uint32_t inputs[3];
        size_t n;
    } rows[] = {
        {"a", {0}, 1},            /* the input; relu and dropout belong to it */
        {"aux1.dense1", {1}, 1},  /* a head beside what follows */
        {"b", {1}, 1},            /* through the dropout */
        {"conv1", {3}, 1},        /* of the residual block */
        {"downsample.0", {3}, 1}, /* its shortcut */
        {"add", {4, 5}, 2},       /* the block before the shortcut */
        {"c", {6}, 1},
        {"d", {6}, 1},
        {"concat", {7, 8, 6}, 3},
        {"relu4", {9}, 1}, /* behind a dropout: a row of its own */
    };
    fv_net *net = parse("input 8x8x3 classes 5 a: conv 3x3 4 pad 1 relu dropout .5 aux { dense classes } b: maxpool\n"
                        "residual project { conv 3x3 8 pad 1 } relu branch { c: maxpool 3x3 stride 1 pad 1 | "
                        "d: conv 1x1 4 relu | }\ndropout .5 relu");
    fv_net_info info;
    fv_error err = {0};

    (void)state;
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_int_equal(info.count, FV_COUNT(rows));
    for (size_t i = 0; i < info.count; i++) {
        assert_string_equal(info.layers[i].name, rows[i].name);
        assert_int_equal(info.layers[i].n_inputs, rows[i].n);
        assert_memory_equal(info.layers[i].inputs, rows[i].inputs, rows[i].n * sizeof(uint32_t));
    }
    fv_net_free(net);
}

/* ----------------------------------------------------------------------------------------------------------- lines */

static void input_lines_state_the_preprocessing(void **state)
{
    static const struct {
        const char *text, *printed;
        size_t height, width, channels, from, pad;
        double at0, at255; /* first channel: value of pixel 0 and 255 */
    } cases[] = {
        {"input 28x28x1", "input 28x28x1", 28, 28, 1, 0, 0, 0, 1},
        {"input 28 x 20 X 3", "input 28x20x3", 28, 20, 3, 0, 0, 0, 1},
        {"input (224 \xC3\x97 224 RGB image)", "input 224x224x3", 224, 224, 3, 0, 0, 0, 1},
        {"input 9x9 grey image", "input 9x9x1", 9, 9, 1, 0, 0, 0, 1},
        {"input 32x32x1 from 28x28 pad 2 range -0.1 1.175", "input 32x32x1 from 28x28 pad 2 range -0.1 1.175", 32, 32,
         1, 28, 2, -.1, 1.175},
        {"input 28x28x1 mean .1307 std .3081", "input 28x28x1 mean 0.1307 std 0.3081", 28, 28, 1, 0, 0, -.1307 / .3081,
         (1 - .1307) / .3081},
        {"input 8x8x3 mean .5 .25 .125 std 2", "input 8x8x3 mean 0.5 0.25 0.125 std 2", 8, 8, 3, 0, 0, -.25, .25},
        {"input 8x8x3 shorter 10 mean .5", "input 8x8x3 shorter 10 mean 0.5", 8, 8, 3, 0, 0, -.5, .5},
        {"input 8x8x3 range -0 1", "input 8x8x3 range 0 1", 8, 8, 3, 0, 0, 0, 1},
        {"input 8x8x3 range 0 255 mean 104 117 123", "input 8x8x3 range 0 255 mean 104 117 123", 8, 8, 3, 0, 0, -104,
         151},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_net *net = parse(cases[i].text);
        const fv_preprocess *p = fv_net_preprocess(net);

        assert_int_equal(p->height, cases[i].height);
        assert_int_equal(p->width, cases[i].width);
        assert_int_equal(p->channels, cases[i].channels);
        assert_int_equal(p->from_height, cases[i].from);
        assert_int_equal(p->pad, cases[i].pad);
        assert_true(fabs((double)p->shift[0] - cases[i].at0) < 1e-5);
        assert_true(fabs(255 * (double)p->scale[0] + (double)p->shift[0] - cases[i].at255) < 1e-4);
        assert_non_null(strstr(fv_net_text(net), cases[i].printed));
        round_trip(net);
        fv_net_free(net);
    }
}

static void the_canonical_text(void **state)
{
    fv_net *net =
        parse("\xEF\xBB\xBFnet  x # a comment\ninput 8x8x3   classes 7\n"
              "default conv init normal std .01  default conv nobias\n"
              "conv 3 x 3 4 pad 1,1,1,1 stride 1x1 relu conv 3x1 8 nobias off pad 1x0 std .02\n"
              "default conv kernel 3x3 default conv stride 2 conv features 4 pad 1,2,0,1 conv 3x3 4 stride 1\n"
              "[ conv3-4 conv3-8 groups 2 ] x2 [ fc-9 dropout .25 ] x 1\n"
              "FC-classes soft-max loss squared train epochs 3 # no more\ntrain milestones 1,2:3\n");

    (void)state;
    assert_string_equal(fv_net_text(net), "net x\n"
                                          "input 8x8x3\n"
                                          "classes 7\n"
                                          "default conv init normal\n"
                                          "default conv nobias\n"
                                          "conv 3x3 4 pad 1 relu\n"
                                          "conv 3x1 8 pad 1x0 std 0.02 nobias off\n"
                                          "default conv kernel 3x3\n"
                                          "default conv stride 2\n"
                                          "conv 3x3 4 pad 1,2,0,1\n"
                                          "conv 3x3 4 stride 1\n"
                                          "[\n"
                                          "    conv3-4\n"
                                          "    conv3-8 groups 2\n"
                                          "] x2\n"
                                          "[ fc-9 dropout 0.25 ] x1\n"
                                          "FC-classes\n"
                                          "soft-max\n"
                                          "loss squared\n"
                                          "train epochs 3 milestones 1,2:3\n");
    round_trip(net);
    fv_net_free(net);
}

static void losses_and_train_words(void **state)
{
    static const struct {
        const char *loss, *printed, *op;
        bool smallest;
    } cases[] = {
        {"", "", "cross-entropy", false},
        {"loss cross-entropy smoothing .1", "loss cross-entropy smoothing 0.1\n", "cross-entropy", false},
        {"loss squared", "loss squared\n", "squared", false},
        {"loss rbf", "loss rbf\n", "rbf-loss", true},
        {"loss rbf-map", "loss rbf-map\n", "rbf-loss", true},
        {"loss rbf-map j 20", "loss rbf-map j 20\n", "rbf-loss", true},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        char text[256];
        fv_net *net;
        fv_graph g;
        size_t count;
        int line;

        sprintf(text, "input 2x2x1 dense 84 %s\n\ntrain lr .5 batch 3", cases[i].loss);
        net = parse(text);
        assert_true(fv_net_smallest_wins(net) == cases[i].smallest);
        assert_non_null(strstr(fv_net_text(net), cases[i].printed));
        build(net, true, &g);
        assert_string_equal(g.nodes[g.n_nodes - 1].op->name, cases[i].op);
        fv_graph_free(&g);
        assert_string_equal(fv_net_train_words(net, &count, &line)[1], ".5");
        assert_int_equal(count, 4);
        assert_int_equal(line, 3);
        assert_string_equal(fv_net_name(net), "t");
        assert_int_equal(fv_net_classes(net), 84);
        round_trip(net);
        fv_net_free(net);
    }
}

/* Every complete example of the manual's page; those that need an operator which is not there say so. */
static void examples_of_the_manual(void **state)
{
    const char *source = getenv("FOVEA_SOURCE"), *begin;
    char path[PATH_MAX];
    unsigned char *page;
    size_t size;
    int built = 0, all = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/doc/notation.md", source ? source : ".");
    page = test_read_file(path, &size);
    begin = (const char *)page;
    while ((begin = strstr(begin, "```net\n"))) {
        const char *text = begin + 7, *end = strstr(text, "```");
        char *copy = strndup(text, (size_t)(end - text));
        fv_net *net = NULL;
        fv_error err = {0};
        fv_graph graph;

        all++;
        if (fv_net_parse(NULL, copy, "notation.md", &net, &err)) {
            test_failed(err.code, FV_E_UNSUPPORTED, &err, "is not built in");
        } else {
            built++;
            build(net, true, &graph);
            fv_graph_free(&graph);
            round_trip(net);
        }
        fv_net_free(net);
        free(copy);
        begin = end + 3;
    }
    assert_true(all >= 11 && built >= 7);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_nest_and_count),
        cmocka_unit_test(from_reads_named_values),
        cmocka_unit_test(residual_blocks_project_and_stride),
        cmocka_unit_test(auxiliary_heads_exist_in_training_only),
        cmocka_unit_test(layers_name_what_they_read),
        cmocka_unit_test(input_lines_state_the_preprocessing),
        cmocka_unit_test(the_canonical_text),
        cmocka_unit_test(losses_and_train_words),
        cmocka_unit_test(examples_of_the_manual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
