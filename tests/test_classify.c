/* From pictures to probabilities: preprocessing as the model says, digits in pictures of all kinds, files. */
#include "models.h"
#include "pictures.h"

#include "image/digit.h"
#include "image/prepare.h"

/* A 1 in a picture of height x width, `ink` on `paper`. */
static uint8_t *draw_one(size_t height, size_t width, size_t channels, uint8_t ink, uint8_t paper)
{
    uint8_t *pixels = malloc(height * width * channels);

    assert_non_null(pixels);
    memset(pixels, paper, height * width * channels);
    for (size_t y = height / 5; y < height - height / 5; y++)
        memset(pixels + (y * width + width / 2 - width / 28) * channels, ink, (width / 14) * channels);
    return pixels;
}

static fv_status use_classify(const fv_host *host, void *arg, fv_error *err)
{
    static uint8_t picture[60 * 50 * 3];
    fv_session_options options = FV_SESSION_OPTIONS;
    fv_session *session;
    fv_status status;
    float p[10];

    for (size_t y = 10; y < 40; y++)
        memset(picture + (y * 50 + 20) * 3, 255, 4 * 3);
    options.threads = 1;
    status = fv_session_create(host, arg, &options, &session, err);
    if (!status)
        status = fv_session_classify(session, picture, 60, 50, 3, p, err);
    fv_session_free(session);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    fv_model *model = zoo_model("lenet-5");

    (void)state;
    assert_true(test_every_failure(use_classify, model) > 20);
    fv_model_free(model);
}

/* Probabilities are the soft-max of what fv_session_run makes of the prepared picture. */
static void pictures_become_probabilities(void **state)
{
    fv_model *model = zoo_model("lenet-5-1998");
    const fv_preprocess *p = fv_net_preprocess(fv_model_net(model));
    uint8_t *pixels = draw_one(28, 28, 1, 255, 0), scratch[2048];
    float input[32 * 32], logits[10], have[10];
    double want[10], sum = 0, total = 0;
    fv_session *session = open_session(NULL, model, NULL, 3, 1);
    fv_error err = {0};

    (void)state;
    assert_true(fv_prepare_scratch(p, 28, 28, 1) <= sizeof scratch);
    fv_prepare(p, pixels, 28, 28, 1, input, scratch);
    run(session, input, 1, logits);
    for (size_t c = 0; c < 10; c++)
        sum += want[c] = exp((double)logits[c] - (double)logits[0]);
    test_ok(fv_session_classify(session, pixels, 28, 28, 1, have, &err), &err);
    for (size_t c = 0; c < 10; c++) {
        assert_true(fabs((double)have[c] - want[c] / sum) < 1e-6);
        total += (double)have[c];
    }
    assert_true(fabs(total - 1) < 1e-6);
    free(pixels);
    fv_session_free(session);
    fv_model_free(model);
}

/* Dark on light, larger, in colour, from a file: a digit is a digit. */
static void digits_are_found_in_pictures(void **state)
{
    fv_model *model = zoo_model("lenet-5");
    fv_session *session = open_session(NULL, model, NULL, 1, 1);
    const char *path = test_path("one.png");
    uint8_t *light = draw_one(280, 280, 1, 255, 0), *dark = draw_one(280, 280, 3, 20, 240), *png;
    const fv_image image = {280, 280, 3, dark};
    float a[10], b[10], c[10];
    size_t size;
    fv_error err = {0};

    (void)state;
    test_ok(fv_session_classify(session, light, 280, 280, 1, a, &err), &err);
    test_ok(fv_session_classify(session, dark, 280, 280, 3, b, &err), &err);
    assert_true(distance(b, a, 10) < .02);
    test_ok(fv_image_encode_png(NULL, &image, &png, &size, &err), &err);
    test_write_file(path, png, size);
    test_ok(fv_session_classify_file(session, path, c, &err), &err);
    assert_memory_equal(c, b, sizeof b);
    test_write_file(path, png, size / 2);
    assert_true(fv_session_classify_file(session, path, c, &err) != FV_OK);
    test_message(&err, "one.png");
    test_failed(fv_session_classify_file(session, test_path("none.png"), c, &err), FV_E_IO, &err, "none.png");
    memset(light, 7, 280 * 280);
    test_failed(fv_session_classify(session, light, 280, 280, 1, c, &err), FV_E_RANGE, &err, "no digit");
    free(light);
    free(dark);
    free(png);
    fv_session_free(session);
    fv_model_free(model);
}

/* Nets of other pictures than MNIST's: resized and converted, nothing is looked for. */
static void other_pictures_are_resized(void **state)
{
    static const char text[] = "net colour\nclasses 4\ninput 10x12x3 range -1 1\nconv 3x3 4 relu\ndense classes\n";
    fv_net *net;
    fv_model *model;
    fv_session *session;
    fv_error err = {0};
    uint8_t *pixels = draw_one(30, 20, 3, 200, 200), *small = draw_one(10, 12, 1, 200, 200);
    float a[4], b[4], *input;

    (void)state;
    test_ok(fv_net_parse(NULL, text, "colour.net", &net, &err), &err);
    test_ok(fv_model_create(NULL, net, 1, &model, &err), &err);
    session = open_session(NULL, model, NULL, 1, 1);
    test_ok(fv_session_classify(session, pixels, 30, 20, 3, a, &err), &err);
    test_ok(fv_session_classify(session, small, 10, 12, 1, b, &err), &err);
    assert_memory_equal(a, b, sizeof a); /* both are one colour */
    input = make_input(model, 1, 1);
    for (size_t i = 0; i < 10 * 12 * 3; i++)
        input[i] = 200.0f * (2.0f / 255) - 1;
    run(session, input, 1, b);
    assert_true(fabs(log((double)a[0] / (double)a[1]) - (double)(b[0] - b[1])) < 1e-4);
    test_failed(fv_session_classify(session, pixels, 0, 20, 3, a, &err), FV_E_SHAPE, &err, "0x20 pixels");
    test_failed(fv_session_classify(session, pixels, 30, 20, 2, a, &err), FV_E_SHAPE, &err, "2 channels");
    free(input);
    free(pixels);
    free(small);
    fv_session_free(session);
    fv_model_free(model);
    fv_net_free(net);
}

static void guesses_equal(const fv_guess *top, size_t count, const float *p, const fv_model *model)
{
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(top[i].name, fv_model_class_name(model, top[i].index));
        assert_true(memcmp(&top[i].probability, &p[top[i].index], sizeof *p) == 0);
        if (i)
            assert_true(top[i - 1].probability > top[i].probability ||
                        (top[i - 1].probability >= top[i].probability && top[i - 1].index < top[i].index));
    }
}

/* A file, its bytes and its pixels are one picture: the same guesses, in order, as many as there are classes. */
static void sources_are_one_picture(void **state)
{
    fv_model *model = zoo_model("lenet-5");
    fv_session *session = open_session(NULL, model, NULL, 1, 1), *layer;
    const char *path = test_path("seven.png");
    uint8_t *pixels = draw_one(90, 70, 3, 20, 240), *png;
    const fv_image image = {90, 70, 3, pixels};
    fv_photo from_path = {.path = path}, from_pixels = {.pixels = pixels, .height = 90, .width = 70, .channels = 3};
    fv_guess a[12], b[3], c[12];
    float p[10], x[84], y[84];
    size_t size, shape[3];
    fv_error err = {0};

    (void)state;
    test_ok(fv_image_encode_png(NULL, &image, &png, &size, &err), &err);
    test_write_file(path, png, size);
    test_ok(fv_session_classify(session, pixels, 90, 70, 3, p, &err), &err);
    test_ok(fv_classify_image(session, &from_path, a, 12, &err), &err);
    guesses_equal(a, 10, p, model);
    assert_true(a[10].name == NULL && a[11].name == NULL);
    test_ok(fv_classify_image(session, &(fv_photo){.bytes = png, .byte_count = size}, b, 3, &err), &err);
    guesses_equal(b, 3, p, model);
    assert_true(b[0].index == a[0].index && b[2].index == a[2].index);
    test_ok(fv_classify_image(session, &from_pixels, c, 12, &err), &err);
    assert_true(c[9].index == a[9].index);
    test_ok(fv_session_create_to(NULL, model, "fc2", NULL, &layer, &err), &err);
    fv_session_output(layer, &shape[0], &shape[1], &shape[2]);
    assert_true(shape[0] * shape[1] * shape[2] == 84);
    test_ok(fv_features(layer, &from_path, x, &err), &err);
    test_ok(fv_session_features(layer, pixels, 90, 70, 3, y, &err), &err);
    assert_memory_equal(x, y, sizeof x);
    test_failed(fv_classify_image(layer, &from_path, a, 1, &err), FV_E_ARGUMENT, &err, "names no classes");
    test_failed(fv_classify_image(session, &(fv_photo){0}, a, 1, &err), FV_E_ARGUMENT, &err, "no picture was given");
    test_failed(fv_classify_image(session, &(fv_photo){.bytes = png, .byte_count = size / 2}, a, 1, &err), FV_E_FORMAT,
                &err, "picture");
    free(pixels);
    free(png);
    fv_session_free(layer);
    fv_session_free(session);
    fv_model_free(model);
}

/* Equal probabilities keep the classes' order, wherever they stand. */
static void ties_go_to_the_lower_class(void **state)
{
    fv_model *model = zoo_model("lenet-5");
    const float p[10] = {.05f, .2f, .05f, .2f, .05f, .05f, .1f, .2f, .05f, .05f};
    static const size_t want[] = {1, 3, 7, 6, 0};
    fv_guess top[5];

    (void)state;
    fv_model_rank(model, p, top, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(top[i].index == want[i]);
    fv_model_free(model);
}

/* A photo that is stored lying, with an orientation, and the same pixels without one: as stored both are one picture. */
static void photos_are_taken_as_stored_where_asked_for(void **state)
{
    const char *path = test_path("lying.jpg");
    FILE *f = open_golden("pictures.txt");
    fv_session_options options = FV_SESSION_OPTIONS;
    picture_case c, lying = {0}, plain = {0};
    fv_model *model = zoo_model("resnet-20");

    (void)state;
    while (read_case(f, &c))
        if (strcmp(c.name, "exif-jpeg-6") == 0)
            lying = c;
        else if (strcmp(c.name, "exif-jpeg-1") == 0)
            plain = c;
        else
            free_case(&c);
    fclose(f);
    f = fopen(path, "wb");
    assert_non_null(f);
    fwrite(lying.file, 1, lying.size, f);
    fclose(f);
    options.threads = 1;
    for (int as_stored = 0; as_stored < 2; as_stored++) {
        const picture_case *same = as_stored ? &plain : &lying;
        fv_error err = {0}, errors[1];
        fv_session *session;
        float want[10], one[10], many[10];

        options.as_stored = as_stored;
        test_ok(fv_session_create(NULL, model, &options, &session, &err), &err);
        test_ok(fv_session_classify(session, same->pixels, same->height, same->width, 3, want, &err), &err);
        test_ok(fv_session_classify_file(session, path, one, &err), &err);
        test_ok(fv_session_classify_files(session, &path, 1, many, errors, &err), &err);
        assert_memory_equal(one, want, sizeof want);
        assert_memory_equal(many, want, sizeof want);
        fv_session_free(session);
    }
    free_case(&lying);
    free_case(&plain);
    fv_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(photos_are_taken_as_stored_where_asked_for),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(pictures_become_probabilities),
        cmocka_unit_test(digits_are_found_in_pictures),
        cmocka_unit_test(other_pictures_are_resized),
        cmocka_unit_test(sources_are_one_picture),
        cmocka_unit_test(ties_go_to_the_lower_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
