/* The notation: what is read, printed and built, and the numbers of the zoo. */
#include "support.h"

#include "net.h"

#include <math.h>

/* ----------------------------------------------------------------------------------------------------------- zoo */

/* Parameters, multiplications and field: study of the papers, made from other implementations. */
static const struct {
    const char *name;
    uint64_t parameters, macs, field;
} zoo[] = {
    {"lenet-5", 61706, 416520, 16},          {"lenet-5-1998", 60000, 328096, 32},
    {"vgg-a", 132863336, 7609090048, 150},   {"vgg-b", 133047848, 11308466176, 156},
    {"vgg-c", 133638952, 11770888192, 156},  {"vgg-d", 138357544, 15470264320, 212},
    {"vgg-e", 143667240, 19632062464, 268},
};

static void zoo_has_the_published_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < FV_COUNT(zoo); i++) {
        fv_net *net;
        fv_net_info info;
        fv_error err = {0};

        test_ok(fv_net_open(NULL, zoo[i].name, &net, &err), &err);
        test_ok(fv_net_describe(net, &info, &err), &err);
        assert_string_equal(fv_net_name(net), zoo[i].name);
        assert_int_equal(info.parameters, zoo[i].parameters);
        assert_int_equal(info.parameters_training, 0);
        assert_int_equal(info.macs, zoo[i].macs);
        assert_int_equal(info.receptive_field, zoo[i].field);
        assert_int_equal(info.classes, i < 2 ? 10 : 1000);
        fv_net_free(net);
    }
}

static void every_zoo_net_survives_printing(void **state)
{
    (void)state;
    assert_true(fv_zoo_count() >= FV_COUNT(zoo));
    for (size_t i = 0; i < fv_zoo_count(); i++) {
        fv_net *net;
        fv_error err = {0};

        test_ok(fv_net_open(NULL, fv_zoo_name(i), &net, &err), &err);
        round_trip(net);
        fv_net_free(net);
    }
    assert_null(fv_zoo_name(fv_zoo_count()));
    assert_null(fv_zoo_text(fv_zoo_count()));
}

typedef struct row {
    const char *name, *type, *activation;
    uint64_t height, width, channels, parameters, macs, connections, field;
    uint32_t kernel, stride, pad;
} row;

static const row lenet5[] = {
    {"conv1", "conv", "relu", 28, 28, 6, 156, 117600, 122304, 5, 5, 1, 2},
    {"pool1", "maxpool", "", 14, 14, 6, 0, 0, 0, 6, 2, 2, 0},
    {"conv2", "conv", "relu", 10, 10, 16, 2416, 240000, 241600, 14, 5, 1, 0},
    {"pool2", "maxpool", "", 5, 5, 16, 0, 0, 0, 16, 2, 2, 0},
    {"fc1", "dense", "relu", 1, 1, 120, 48120, 48000, 48120, 16, 0, 0, 0},
    {"fc2", "dense", "relu", 1, 1, 84, 10164, 10080, 10164, 16, 0, 0, 0},
    {"fc3", "dense", "", 1, 1, 10, 850, 840, 850, 16, 0, 0, 0},
};

/* LeCun et al. 1998, section II.B: 340,908 connections in all. */
static const row lenet5_1998[] = {
    {"c1", "conv", "lecun-tanh", 28, 28, 6, 156, 117600, 122304, 5, 5, 1, 0},
    {"s2", "subsample", "lecun-tanh", 14, 14, 6, 12, 1176, 5880, 6, 2, 2, 0},
    {"c3", "conv", "lecun-tanh", 10, 10, 16, 1516, 150000, 151600, 14, 5, 1, 0},
    {"s4", "subsample", "lecun-tanh", 5, 5, 16, 32, 400, 2000, 16, 2, 2, 0},
    {"c5", "conv", "lecun-tanh", 1, 1, 120, 48120, 48000, 48120, 32, 5, 1, 0},
    {"f6", "dense", "lecun-tanh", 1, 1, 84, 10164, 10080, 10164, 32, 0, 0, 0},
    {"rbf", "rbf", "", 1, 1, 10, 0, 840, 840, 32, 0, 0, 0},
};

static void same_rows(const char *name, const row *rows, size_t count, uint64_t connections)
{
    fv_net *net;
    fv_net_info info;
    fv_error err = {0};

    test_ok(fv_net_open(NULL, name, &net, &err), &err);
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_int_equal(info.count, count);
    assert_int_equal(info.connections, connections);
    for (size_t i = 0; i < count; i++) {
        const fv_layer *got = &info.layers[i];
        const row *want = &rows[i];

        assert_string_equal(got->name, want->name);
        assert_string_equal(got->type, want->type);
        assert_string_equal(got->activation, want->activation);
        assert_int_equal(got->height, want->height);
        assert_int_equal(got->width, want->width);
        assert_int_equal(got->channels, want->channels);
        assert_int_equal(got->parameters, want->parameters);
        assert_int_equal(got->macs, want->macs);
        assert_int_equal(got->connections, want->connections);
        assert_int_equal(got->receptive_field, want->field);
        assert_int_equal(got->activation_bytes, want->height * want->width * want->channels * 4);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(got->kernel[k], want->kernel);
            assert_int_equal(got->stride[k], want->stride);
            assert_int_equal(got->pad_begin[k], want->pad);
            assert_int_equal(got->pad_end[k], want->pad);
        }
    }
    fv_net_free(net);
}

static void lenets_layer_by_layer(void **state)
{
    (void)state;
    same_rows("lenet-5", lenet5, FV_COUNT(lenet5), 423038);
    same_rows("lenet-5-1998", lenet5_1998, FV_COUNT(lenet5_1998), 340908);
}

/* Padding at the end is what a window touches, and the field follows dilation and stride. */
static void descriptions_follow_the_windows(void **state)
{
    fv_net *net = parse("input 9x8x2\na: conv 3x3 4 stride 2 pad 1 dilation 2 tanh sigmoid\nmaxpool 3x3 stride 2 ceil");
    fv_net_info info;
    fv_error err = {0};

    (void)state;
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_int_equal(info.count, 2);
    assert_string_equal(info.layers[0].text, "conv 3x3 4 stride 2 pad 1 dilation 2 tanh sigmoid");
    assert_string_equal(info.layers[0].activation, "tanh sigmoid");
    assert_int_equal(info.layers[0].height, 4);
    assert_int_equal(info.layers[0].width, 3);
    assert_int_equal(info.layers[0].pad_begin[0], 1);
    assert_int_equal(info.layers[0].pad_end[0], 1); /* rows -1 to 9 of 9 are read */
    assert_int_equal(info.layers[0].pad_end[1], 0); /* columns -1 to 7 of 8 */
    assert_int_equal(info.layers[0].receptive_field, 5);
    assert_int_equal(info.layers[1].pad_end[0], 1);
    assert_int_equal(info.layers[1].receptive_field, 5 + 2 * 2);
    assert_string_equal(info.layers[1].name, "maxpool1");
    fv_net_free(net);
}

/* ----------------------------------------------------------------------------------------------------------- VGG */

#define VGG_END "maxpool\nFC-4096\nFC-4096\nFC-1000\nsoft-max\n"
static const struct {
    const char *net, *column;
} columns[] = {
    {"vgg-a", "input (224 x 224 RGB image)\nconv3-64\nmaxpool\nconv3-128\nmaxpool\nconv3-256\nconv3-256\nmaxpool\n"
              "conv3-512\nconv3-512\nmaxpool\nconv3-512\nconv3-512\n" VGG_END},
    {"vgg-a-lrn", "input (224 \xC3\x97 224 RGB image)\nconv3-64\n<b>LRN</b>\nmaxpool\nconv3-128\nmaxpool\nconv3-256\n"
                  "conv3-256\nmaxpool\nconv3-512\nconv3-512\nmaxpool\nconv3-512\nconv3-512\n" VGG_END},
    {"vgg-b", "input (224 \xC3\x97 224 RGB image)\nconv3-64\n<b>conv3-64</b>\nmaxpool\nconv3-128\n<b>conv3-128</b>\n"
              "maxpool\nconv3-256\nconv3-256\nmaxpool\nconv3-512\nconv3-512\nmaxpool\nconv3-512\nconv3-512\n" VGG_END},
    {"vgg-c", "input (224 \xC3\x97 224 RGB image) conv3-64 conv3-64 maxpool conv3-128 conv3-128 maxpool conv3-256 "
              "conv3-256 <b>conv1-256</b> maxpool conv3-512 conv3-512 <b>conv1-512</b> maxpool conv3-512 conv3-512 "
              "<b>conv1-512</b> " VGG_END},
    {"vgg-d", "input (224 x 224 RGB image)\r\nconv3-64\r\nconv3-64\r\nmaxpool\r\nconv3-128\r\nconv3-128\r\nmaxpool\r\n"
              "conv3-256\r\nconv3-256\r\n<b>conv3-256</b>\r\nmaxpool\r\nconv3-512\r\nconv3-512\r\n<b>conv3-512</b>\r\n"
              "maxpool\r\nconv3-512\r\nconv3-512\r\n<b>conv3-512</b>\r\n" VGG_END},
    {"vgg-e", "input (224x224 RGB image)\nconv3-64\nconv3-64\nmaxpool\nconv3-128\nconv3-128\nmaxpool\nconv3-256\n"
              "conv3-256\nconv3-256\n<b>conv3-256</b>\nmaxpool\nconv3-512\nconv3-512\nconv3-512\n<b>conv3-512</b>\n"
              "maxpool\nconv3-512\nconv3-512\nconv3-512\n<b>conv3-512</b>\n" VGG_END},
};

/* Table 1 as a slide prints it gives the zoo's net, up to labels and dropout (which inference does not have). */
static void pasted_columns_are_the_zoo(void **state)
{
    (void)state;
    for (size_t i = 0; i < FV_COUNT(columns); i++) {
        fv_net *pasted = NULL, *own;
        fv_graph a, b;
        fv_error err = {0};
        const fv_status status = fv_net_parse(NULL, columns[i].column, "column", &pasted, &err);

        if (strstr(columns[i].column, "LRN") && !fv_op_find("lrn")) {
            test_failed(status, FV_E_UNSUPPORTED, &err, "column:3:4: operator 'lrn' is not built in");
            continue;
        }
        test_ok(status, &err);
        test_ok(fv_net_open(NULL, columns[i].net, &own, &err), &err);
        build(pasted, false, &a);
        build(own, false, &b);
        same_graph(&a, &b, false);
        round_trip(pasted);
        fv_graph_free(&a);
        fv_graph_free(&b);
        fv_net_free(pasted);
        fv_net_free(own);
    }
}

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

/* The examples of the design, which need operators beyond LeNet's: built when those are there, refused by name before. */
static const struct {
    const char *text, *missing;
    uint64_t parameters, training, macs, field;
} papers[] = {
    {"net resnet-34 input 224x224x3 default conv nobias conv1: conv 7x7 64 stride 2 pad 3 bn relu\n"
     "maxpool 3x3 stride 2 pad 1\n"
     "layer1: residual { conv1: conv 3x3 64 pad same bn relu conv2: conv 3x3 64 pad same bn } x3 relu\n"
     "layer2: residual stride 2 project { conv1: conv 3x3 128 pad same bn relu conv2: conv 3x3 128 pad same bn } x4 relu\n"
     "layer3: residual stride 2 project { conv1: conv 3x3 256 pad same bn relu conv2: conv 3x3 256 pad same bn } x6 relu\n"
     "layer4: residual stride 2 project { conv1: conv 3x3 512 pad same bn relu conv2: conv 3x3 512 pad same bn } x3 relu\n"
     "avgpool global dense classes softmax",
     "bn", 21797672, 0, 3663761408, 899},
    {"net googlenet input 224x224x3 conv 7x7 64 stride 2 pad 3 relu maxpool 3x3 stride 2 ceil conv 1x1 64 relu\n"
     "conv 3x3 192 pad 1 relu maxpool 3x3 stride 2 ceil\n"
     "3a: inception 64  96 128 16 32 32\n3b: inception 128 128 192 32 96 64\nmaxpool 3x3 stride 2 ceil\n"
     "4a: inception 192 96 208 16 48 64\naux weight 0.3 { avgpool 5x5 stride 3\n"
     "conv 1x1 128 relu dense 1024 relu dropout .7 dense classes }\n"
     "4b: inception 160 112 224 24 64 64\n4c: inception 128 128 256 24 64 64\n4d: inception 112 144 288 32 64 64\n"
     "aux weight 0.3 { avgpool 5x5 stride 3 conv 1x1 128 relu dense 1024 relu dropout .7 dense classes }\n"
     "4e: inception 256 160 320 32 128 128\nmaxpool 3x3 stride 2 ceil\n5a: inception 256 160 320 32 128 128\n"
     "5b: inception 384 192 384 48 128 128\navgpool global dropout .4 dense classes softmax",
     "concat", 6998552, 6379728, 1582671872, 715},
};

static void nets_of_blocks_have_the_papers_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < FV_COUNT(papers); i++) {
        fv_net *net = NULL;
        fv_net_info info;
        fv_error err = {0};
        const fv_status status = fv_net_parse(NULL, papers[i].text, "paper.net", &net, &err);

        if (!fv_op_find(papers[i].missing)) {
            char want[64];

            sprintf(want, "operator '%s' is not built in", papers[i].missing);
            test_failed(status, FV_E_UNSUPPORTED, &err, want);
            continue;
        }
        test_ok(status, &err);
        test_ok(fv_net_describe(net, &info, &err), &err);
        assert_int_equal(info.parameters, papers[i].parameters);
        assert_int_equal(info.parameters_training, papers[i].training);
        assert_int_equal(info.macs, papers[i].macs);
        assert_int_equal(info.receptive_field, papers[i].field);
        round_trip(net);
        fv_net_free(net);
    }
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
    fv_net *net = parse("\xEF\xBB\xBFnet  x # a comment\ninput 8x8x3   classes 7\n"
                        "default conv init normal std .01  default conv nobias\n"
                        "conv 3 x 3 4 pad 1,1,1,1 stride 1x1 relu conv 3x1 8 nobias off pad 1x0 std .02\n"
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

/* ----------------------------------------------------------------------------------------------------------- adding */

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
    test_ok(fv_net_add(copy, "from input dense 2", NULL, 0, &value, &err), &err);
    assert_int_equal(value, 8);
    fv_net_free(copy);
    fv_graph_free(&a);
    fv_net_free(same);
    fv_net_free(net);
}

static void a_line_that_is_wrong_changes_nothing(void **state)
{
    static const char *const lines[] = {"cnv 3x3 4", "conv 9x9 4", "conv 3x3 4 conv 3x3", "input 3x3x1", "net x",
                                        "classes 3", "x2", "stride 2", "loss squared loss squared", "default conv",
                                        "from nobody relu", "train", "dense 3 train a conv"};
    fv_net *net = parse("input 8x8x2 conv 3x3 4"), *clone;
    char *before = strdup(fv_net_text(net));
    fv_error err = {0};
    size_t count;
    int value = 77;

    (void)state;
    for (size_t i = 0; i < FV_COUNT(lines) - 1; i++) {
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
    round_trip(net);
    round_trip(clone);
    free(before);
    fv_net_free(clone);
    fv_net_free(net);
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
        cmocka_unit_test(zoo_has_the_published_numbers),
        cmocka_unit_test(every_zoo_net_survives_printing),
        cmocka_unit_test(lenets_layer_by_layer),
        cmocka_unit_test(descriptions_follow_the_windows),
        cmocka_unit_test(pasted_columns_are_the_zoo),
        cmocka_unit_test(names_nest_and_count),
        cmocka_unit_test(from_reads_named_values),
        cmocka_unit_test(residual_blocks_project_and_stride),
        cmocka_unit_test(auxiliary_heads_exist_in_training_only),
        cmocka_unit_test(nets_of_blocks_have_the_papers_numbers),
        cmocka_unit_test(input_lines_state_the_preprocessing),
        cmocka_unit_test(the_canonical_text),
        cmocka_unit_test(losses_and_train_words),
        cmocka_unit_test(examples_of_the_manual),
        cmocka_unit_test(lines_can_be_added),
        cmocka_unit_test(a_line_that_is_wrong_changes_nothing),
        cmocka_unit_test(descriptions_follow_additions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
