/* The zoo and the papers: published numbers, layer by layer, and VGG's table as a slide prints it. */
#include "support.h"

#include "net.h"

/* ----------------------------------------------------------------------------------------------------------- zoo */

/* golden/zoo.txt: a head a net, a line a layer; made from the papers' tables and other implementations. */
static void same_layer(const char *net, const fv_layer *got, const char *line)
{
    unsigned long long n[5];
    char name[96];

    assert_int_equal(sscanf(line, "%95s %llu %llu %llu %llu %llu", name, &n[0], &n[1], &n[2], &n[3], &n[4]), 6);
    if (strcmp(got->name, name) != 0 || got->height != n[0] || got->width != n[1] || got->channels != n[2] ||
        got->parameters != n[3] || got->macs != n[4])
        fail_msg("%s: %s %llux%llux%llu with %llu parameters and %llu MACs, but published is %s", net, got->name,
                 (unsigned long long)got->height, (unsigned long long)got->width, (unsigned long long)got->channels,
                 (unsigned long long)got->parameters, (unsigned long long)got->macs, line);
}

/* Layers of heads stand where the head is built, in the file as in the description. */
static void same_net(const char *head, FILE *file)
{
    unsigned long long parameters, heads, macs, field, count;
    char name[64], line[256];
    fv_net *net;
    fv_net_info info;
    fv_error err = {0};

    assert_int_equal(
        sscanf(head, "net %63s %llu %llu %llu %llu %llu", name, &parameters, &heads, &macs, &field, &count), 6);
    test_ok(fv_net_open(NULL, name, &net, &err), &err);
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_string_equal(fv_net_name(net), name);
    assert_int_equal(info.parameters, parameters);
    assert_int_equal(info.parameters_training, heads);
    assert_int_equal(info.macs, macs);
    assert_int_equal(info.receptive_field, field);
    assert_int_equal(info.count, count);
    for (size_t i = 0; i < count && fgets(line, sizeof line, file); i++)
        same_layer(name, &info.layers[i], line);
    fv_net_free(net);
}

static void zoo_has_the_published_numbers(void **state)
{
    char path[PATH_MAX], line[256];
    size_t nets = 0;
    FILE *file;

    (void)state;
    snprintf(path, sizeof path, "%s/tests/golden/zoo.txt", getenv("FOVEA_SOURCE"));
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (*line == '#')
            continue;
        same_net(line, file);
        nets++;
    }
    fclose(file);
    assert_int_equal(nets, 32);
    assert_int_equal(fv_zoo_count(), 36); /* and the four below */
}

/* Nets in the form of weights that exist: numbers of the nets that they are forms of, and what is their own. */
static void forms_of_real_weights(void **state)
{
    static const struct {
        const char *name, *of;
    } forms[] = {{"resnet-20-pad-both", "resnet-20"},
                 {"resnet-32-pad-both", "resnet-32"},
                 {"resnet-56-pad-both", "resnet-56"},
                 {"squeezenet-1.0-caffe", "squeezenet-1.0"}};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(forms); i++) {
        fv_net *net, *of;
        fv_net_info a, b;
        fv_error err = {0};

        test_ok(fv_net_open(NULL, forms[i].name, &net, &err), &err);
        test_ok(fv_net_open(NULL, forms[i].of, &of, &err), &err);
        test_ok(fv_net_describe(net, &a, &err), &err);
        test_ok(fv_net_describe(of, &b, &err), &err);
        assert_int_equal(a.parameters, b.parameters);
        assert_int_equal(a.count, b.count);
        if (i < 3) {
            assert_int_equal(a.macs, b.macs);
            assert_string_equal(a.layers[a.count - 1].name, "linear");
            assert_true(strstr(fv_net_text(net), "pad-both") && !strstr(fv_net_text(of), "pad-both"));
        } else { /* its pictures are 227 wide; the last convolution pads 13x13 to 15x15 */
            assert_int_equal(a.layers[0].height, 111);
            assert_int_equal(a.layers[a.count - 2].height, 15);
            assert_string_equal(a.layers[a.count - 2].name, "classifier.1");
        }
        fv_net_free(net);
        fv_net_free(of);
    }
}

static void every_zoo_net_survives_printing(void **state)
{
    (void)state;
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
    /* columns -2 and 2 of 0..3 are read; global pooling keeps the field of its map */
    net = parse("input 4x4x1 conv 1x1 2 stride 4 pad 2 tanh conv 2x2 3 dense 9 from conv2 avgpool global");
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_int_equal(info.layers[0].width, 2);
    assert_int_equal(info.layers[0].pad_end[1], 0);
    assert_int_equal(info.layers[3].receptive_field, 5);
    assert_int_equal(info.receptive_field, 5);
    fv_net_free(net);
    net = parse("input 8x8x1 conv 3x3 2 avgpool global");
    test_ok(fv_net_describe(net, &info, &err), &err);
    assert_int_equal(info.layers[1].kernel[0], 6);
    assert_int_equal(info.layers[1].receptive_field, 3);
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

/* The examples of the design, which need operators beyond LeNet's: built when those are there, refused by name before. */
static const struct {
    const char *text, *missing;
    uint64_t parameters, training, macs, field;
} papers[] = {
    {"net resnet-34 input 224x224x3 default conv nobias conv1: conv 7x7 64 stride 2 pad 3 bn relu\n"
     "maxpool 3x3 stride 2 pad 1\n"
     "layer1: residual { conv1: conv 3x3 64 pad same bn relu conv2: conv 3x3 64 pad same bn } x3 relu\n"
     "layer2: residual stride 2 project { conv1: conv 3x3 128 pad same bn relu conv2: conv 3x3 128 pad same bn } x4 "
     "relu\n"
     "layer3: residual stride 2 project { conv1: conv 3x3 256 pad same bn relu conv2: conv 3x3 256 pad same bn } x6 "
     "relu\n"
     "layer4: residual stride 2 project { conv1: conv 3x3 512 pad same bn relu conv2: conv 3x3 512 pad same bn } x3 "
     "relu\n"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zoo_has_the_published_numbers),          cmocka_unit_test(forms_of_real_weights),
        cmocka_unit_test(every_zoo_net_survives_printing),        cmocka_unit_test(lenets_layer_by_layer),
        cmocka_unit_test(descriptions_follow_the_windows),        cmocka_unit_test(pasted_columns_are_the_zoo),
        cmocka_unit_test(nets_of_blocks_have_the_papers_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
