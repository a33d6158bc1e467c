/* fv_net_resize: widths, inputs and classes; what stays; that the result is a net by itself; what is refused. */
#include "support.h"

#include "net.h"

static fv_net *resized(const char *text, fv_net_size to)
{
    fv_net *net = parse(text), *out = NULL;
    fv_error err = {0};

    to.size = sizeof to;
    test_ok(fv_net_resize(NULL, net, &to, &out, &err), &err);
    round_trip(out);
    fv_net_free(net);
    return out;
}

static void expect(const char *text, fv_net_size to, const char *want)
{
    fv_net *net = resized(text, to), *wanted = parse(want);

    assert_string_equal(fv_net_text(net), fv_net_text(wanted));
    fv_net_free(net);
    fv_net_free(wanted);
}

/* Numbers are rounded down one by one; the head, numbers of groups and kernels stay. */
static void width_scales_channels(void **state)
{
    (void)state;
    expect("net t input 8x8x4 classes 5 conv 3x3 20 pad 1 groups 2 relu maxpool dense 15 relu dense classes softmax",
           (fv_net_size){.numerator = 1, .denominator = 2},
           "net t input 8x8x4 classes 5 conv 3x3 10 pad 1 groups 2 relu maxpool dense 7 relu dense classes softmax");
    expect("net t input 8x8x4 conv 3x3 8 dense 6 dense 9", (fv_net_size){.numerator = 3, .denominator = 2},
           "net t input 8x8x4 conv 3x3 12 dense 9 dense 9");
    expect("net t input 8x8x4 classes 5 conv3-64 maxpool FC-33 f: [ FC-classes ] soft-max",
           (fv_net_size){.numerator = 1, .denominator = 8},
           "net t input 8x8x4 classes 5 conv3-8 maxpool FC-4 f: [ FC-classes ] soft-max");
    expect("net t input 8x8x4 dense 6 head: [ dense 9 ]", (fv_net_size){.numerator = 1, .denominator = 3},
           "net t input 8x8x4 dense 2 head: [ dense 9 ]");
}

/* A filter a channel stays one; blocks, projections and modules follow. */
static void width_reaches_into_blocks(void **state)
{
    (void)state;
    expect("net t input 8x8x4 conv 1x1 16 conv 3x3 16 pad 1 groups 16 dense 3",
           (fv_net_size){.numerator = 1, .denominator = 4},
           "net t input 8x8x4 conv 1x1 4 conv 3x3 4 pad 1 groups 4 dense 3");
    expect("net t input 8x8x4 residual stride 2 project { conv 3x3 16 pad 1 bn relu conv 3x3 16 pad 1 bn } x2 relu "
           "branch { conv 1x1 8 | conv 1x1 24 } inception 16 16 24 8 16 8 aux weight 0.5 { dense 8 dense classes } "
           "avgpool global dense classes",
           (fv_net_size){.numerator = 1, .denominator = 8},
           "net t input 8x8x4 residual stride 2 project { conv 3x3 2 pad 1 bn relu conv 3x3 2 pad 1 bn } x2 relu "
           "branch { conv 1x1 1 | conv 1x1 3 } inception 2 2 3 1 2 1 aux weight 0.5 { dense 1 dense classes } "
           "avgpool global dense classes");
}

static void input_and_classes(void **state)
{
    fv_net *net;

    (void)state;
    expect("net t input 8x6x3 mean .5 classes 5 conv 3x3 4 dense classes",
           (fv_net_size){.height = 12, .width = 10, .classes = 7},
           "net t input 12x10x3 mean .5 classes 7 conv 3x3 4 dense classes");
    expect("net t input 8x6x3 conv 3x3 4 dense classes", (fv_net_size){.height = 9, .classes = 7},
           "net t input 9x9x3 classes 7 conv 3x3 4 dense classes");
    expect("net t input 224x224x3 shorter 256 classes 5 dense classes", (fv_net_size){.height = 128, .width = 112},
           "net t input 128x112x3 shorter 147 classes 5 dense classes");
    expect("net t input 224x224x3 shorter 256 classes 5 dense classes", (fv_net_size){.height = 64, .width = 56},
           "net t input 64x56x3 shorter 64 classes 5 dense classes");
    net = resized("net t input 32x32x1 from 28x28 pad 2 classes 5 dense classes", (fv_net_size){.height = 20});
    assert_int_equal(fv_net_preprocess(net)->from_height, 16);
    assert_int_equal(fv_net_preprocess(net)->pad, 2);
    fv_net_free(net);
}

/* Nothing asked for, nothing changed; a net made by fv_net_add can be resized as well. */
static void what_is_not_said_stays(void **state)
{
    fv_net *net = parse("net t input 8x8x3"), *half;
    fv_net_size to = FV_NET_SIZE;
    fv_error err = {0};

    (void)state;
    expect("net t input 8x6x3 conv 3x3 4 dense 3", to, "net t input 8x6x3 conv 3x3 4 dense 3");
    test_ok(fv_net_add(net, "conv 3x3 8 relu", NULL, 0, NULL, &err), &err);
    test_ok(fv_net_add(net, "dense 3", NULL, 0, NULL, &err), &err);
    to.numerator = 1;
    to.denominator = 2;
    test_ok(fv_net_resize(NULL, net, &to, &half, &err), &err);
    assert_non_null(strstr(fv_net_text(half), "conv 3x3 4 relu"));
    assert_non_null(strstr(fv_net_text(net), "conv 3x3 8 relu"));
    fv_net_free(half);
    fv_net_free(net);
}

static const struct {
    const char *net;
    fv_net_size to;
    fv_status status;
    const char *message;
} refused[] = {
    {"input 8x8x3 conv 3x3 7 dense classes",
     {.numerator = 1, .denominator = 8},
     FV_E_RANGE,
     "t.net:1:13: 7 channels times 1/8 are none"},
    {"input 8x8x3 conv 3x3 6 groups 3 dense classes", {.numerator = 1, .denominator = 3}, FV_E_SHAPE, "t.net:1:13"},
    {"input 8x8x3 conv 5x5 6 dense classes", {.height = 4}, FV_E_SHAPE, "t.net:1:13"},
    {"input 8x8x3 pad 2 dense classes", {.height = 4}, FV_E_RANGE, "no room for a picture within pad 2"},
    {"input 8x8x3 dense classes", {.height = 1 << 17}, FV_E_RANGE, "above 65536"},
    {"input 8x8x3 dense 6", {.classes = 7}, FV_E_SHAPE, "7 classes are wanted, but the net ends with 6"},
    {"input 8x8x3 dense 6", {.numerator = 1}, FV_E_RANGE, "1/0"},
    {"input 8x8x3 dense 6", {.width = 9}, FV_E_ARGUMENT, "height is missing"},
    {"input 8x8x3 dense 6", {.classes = SIZE_MAX}, FV_E_RANGE, "classes; at most"},
    {"input 8x8x3 dense 1000000 dense 6", {.numerator = 1 << 20, .denominator = 1}, FV_E_RANGE, "dense"},
};

static void sizes_that_do_not_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < FV_COUNT(refused); i++) {
        fv_net *net = parse(refused[i].net), *out = net;
        fv_net_size to = refused[i].to;
        fv_error err = {0};

        to.size = sizeof to;
        test_failed(fv_net_resize(NULL, net, &to, &out, &err), refused[i].status, &err, refused[i].message);
        assert_null(out);
        to.size = 0;
        test_failed(fv_net_resize(NULL, net, &to, &out, &err), FV_E_ARGUMENT, &err, "begin with FV_NET_SIZE");
        fv_net_free(net);
    }
}

static fv_status resize_with(const fv_host *host, void *net, fv_error *err)
{
    const fv_net_size to = {sizeof to, 1, 2, 8, 8, 4};
    fv_net *out;
    const fv_status status = fv_net_resize(host, net, &to, &out, err);

    assert_true((status == FV_OK) == (out != NULL));
    fv_net_free(out);
    return status;
}

static void memory_that_is_missing(void **state)
{
    fv_net *net = parse("input 8x8x3 classes 3 conv3-8 residual { conv 3x3 8 pad 1 bn } relu dense classes");

    (void)state;
    assert_true(test_every_failure(resize_with, net) > 10);
    fv_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_scales_channels), cmocka_unit_test(width_reaches_into_blocks),
        cmocka_unit_test(input_and_classes),     cmocka_unit_test(what_is_not_said_stays),
        cmocka_unit_test(sizes_that_do_not_fit), cmocka_unit_test(memory_that_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
