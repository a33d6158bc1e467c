/* Where a net looked, against torch.autograd in double (golden/heat.txt, made by tools/make_heat_golden.py), with every
 * kernel set; and what cannot be looked at. */
#include "models.h"

#include "golden_uniform.h"
#include "kernels/kernels.h"

static const char text[] = "net heat\nclasses 3\ninput 12x10x2\n"
                           "c1: conv 3x3 6 pad 1 bn relu\nmaxpool 2x2\n"
                           "r: residual {\n a: conv 3x3 6 pad 1 bn relu\n b: conv 3x3 6 pad 1 bn\n} relu\n"
                           "fc1: dense 7 tanh\nfc2: dense classes\n";
enum { INPUT = 1000, INPUTS = 12 * 10 * 2, MOST = 12 * 10 };

static bool ends_with(const char *name, const char *end)
{
    return strlen(name) >= strlen(end) && strcmp(name + strlen(name) - strlen(end), end) == 0;
}

/* A weight's stream is its place among the sorted names; factors and variances lie around 1. */
static fv_model *golden_model(void)
{
    fv_net *net;
    fv_model *model;
    fv_error err = {0};

    test_ok(fv_net_parse(NULL, text, "heat.net", &net, &err), &err);
    test_ok(fv_model_create(NULL, net, 1, &model, &err), &err);
    fv_net_free(net);
    assert_int_equal(model->count, 22);
    for (size_t k = 0; k < model->count; k++) {
        const fv_weight *w = &model->weights[k];
        const bool one = ends_with(w->name, "running_var") || (strstr(w->name, "bn") && ends_with(w->name, ".weight"));
        uint64_t stream = 0;

        for (size_t j = 0; j < model->count; j++)
            stream += strcmp(model->weights[j].name, w->name) < 0;
        for (size_t i = 0; i < w->elements; i++)
            w->owned[i] = (float)(one + .2 * golden_uniform(1, stream, i));
    }
    return model;
}

static fv_session *look(const fv_model *model, const char *layer, const char *isa)
{
    fv_session_options options = FV_SESSION_OPTIONS;
    fv_session *session;
    fv_error err = {0};

    options.isa = isa;
    options.threads = 1;
    test_ok(fv_session_create_heat(NULL, model, layer, &options, &session, &err), &err);
    return session;
}

/* Within 1e-5 of the largest; where torch sees nothing, nothing. */
static bool agree(const float *have, const float *want, size_t n)
{
    double largest = 0, most = 0;

    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, (double)want[i]);
        most = fmax(most, isfinite(have[i]) ? fabs((double)have[i] - (double)want[i]) : INFINITY);
    }
    return most <= 1e-5 * largest;
}

static void check_case(FILE *f, const fv_model *model, const char *layer, size_t index, const size_t want_size[2])
{
    static const char *const sets[] = {"ref64", "ref", NULL};
    float input[INPUTS], want[MOST], heat[MOST];
    fv_error err = {0};

    assert_true(want_size[0] * want_size[1] <= MOST);
    for (size_t i = 0; i < INPUTS; i++)
        input[i] = (float)golden_uniform(1, INPUT, i);
    for (size_t i = 0; i < want_size[0] * want_size[1]; i++)
        assert_int_equal(fscanf(f, "%f", &want[i]), 1);
    for (size_t s = 0; s < FV_COUNT(sets); s++) {
        fv_session *session = look(model, strcmp(layer, "-") ? layer : NULL, sets[s]);
        size_t size[2];

        fv_session_heat_size(session, size);
        assert_true(size[0] == want_size[0] && size[1] == want_size[1]);
        test_ok(fv_session_heat(session, input, index, heat, &err), &err);
        assert_true(agree(heat, want, size[0] * size[1]));
        fv_session_free(session);
    }
}

static void heat_is_torchs(void **state)
{
    fv_model *model = golden_model();
    char path[4096], layer[16];
    size_t index, size[2], cases = 0;
    FILE *f;

    (void)state;
    snprintf(path, sizeof path, "%s/tests/golden/heat.txt", getenv("FOVEA_SOURCE"));
    assert_non_null(f = fopen(path, "r"));
    assert_int_equal(fscanf(f, "#%*[^\n]"), 0);
    while (fscanf(f, " %15s %zu %zu %zu", layer, &index, &size[0], &size[1]) == 4) {
        check_case(f, model, layer, index, size);
        cases++;
    }
    assert_int_equal(cases, 21);
    fclose(f);
    fv_model_free(model);
}

/* Where no layer is named it is the last convolution, or the sum behind it. */
static void the_last_maps_are_found(void **state)
{
    static const struct {
        const char *net;
        size_t side;
    } nets[] = {{"lenet-5", 10}, {"resnet-20", 8}, {"lenet-5-1998", 10}};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(nets); i++) {
        fv_model *model = zoo_model(nets[i].net);
        fv_session *session = look(model, NULL, NULL);
        size_t size[2];

        fv_session_heat_size(session, size);
        assert_int_equal(size[0], nets[i].side);
        assert_int_equal(size[1], nets[i].side);
        fv_session_free(session);
        fv_model_free(model);
    }
}

static void what_cannot_be_seen_is_said(void **state)
{
    static const char flat[] = "net flat\nclasses 3\ninput 4x4x1\ndense classes\n";
    fv_net *net;
    fv_model *model, *lenet = zoo_model("lenet-5");
    fv_session *session;
    fv_error err = {0};

    (void)state;
    test_ok(fv_net_parse(NULL, flat, "flat.net", &net, &err), &err);
    test_ok(fv_model_create(NULL, net, 1, &model, &err), &err);
    test_failed(fv_session_create_heat(NULL, model, NULL, NULL, &session, &err), FV_E_ARGUMENT, &err, "no convolution");
    test_failed(fv_session_create_heat(NULL, lenet, "conv3", NULL, &session, &err), FV_E_UNKNOWN, &err, "'conv1'");
    fv_net_free(net);
    fv_model_free(model);
    fv_model_free(lenet);
}

static fv_status use_heat(const fv_host *host, void *arg, fv_error *err)
{
    static const float input[28 * 28];
    fv_session_options options = FV_SESSION_OPTIONS;
    fv_session *session;
    fv_status status;
    float heat[100];

    options.threads = 1;
    status = fv_session_create_heat(host, arg, NULL, &options, &session, err);
    if (!status)
        status = fv_session_heat(session, input, 3, heat, err);
    fv_session_free(session);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    fv_model *model = zoo_model("lenet-5");

    (void)state;
    assert_true(test_every_failure(use_heat, model) > 20);
    fv_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heat_is_torchs),
        cmocka_unit_test(the_last_maps_are_found),
        cmocka_unit_test(what_cannot_be_seen_is_said),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
