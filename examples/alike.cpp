// How alike two pictures are to a network: the cosine between their features.  ./alike MODEL LAYER PICTURE PICTURE
#include <cmath>
#include <cstdio>
#include <fovea/fovea.h>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

struct Free {
    void operator()(fv_model *model) const { fv_model_free(model); }
    void operator()(fv_session *session) const { fv_session_free(session); }
};

static fv_error err;

static void check(fv_status status)
{
    if (status != FV_OK)
        throw std::runtime_error(err.message);
}

static std::vector<float> features(fv_session *session, const char *path)
{
    std::size_t height, width, channels;
    fv_photo picture{};

    fv_session_output(session, &height, &width, &channels);
    std::vector<float> values(height * width * channels);
    picture.path = path;
    check(fv_features(session, &picture, values.data(), &err));
    return values;
}

static double product(const std::vector<float> &a, const std::vector<float> &b)
{
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

int main(int argc, char **argv)
try {
    fv_model *model = nullptr;
    fv_session *session = nullptr;

    if (argc != 5)
        throw std::runtime_error("usage: alike MODEL LAYER PICTURE PICTURE");
    check(fv_model_open(nullptr, argv[1], &model, &err));
    const std::unique_ptr<fv_model, Free> owned_model(model);
    check(fv_session_create_to(nullptr, model, argv[2], nullptr, &session, &err));
    const std::unique_ptr<fv_session, Free> owned_session(session);
    const auto a = features(session, argv[3]), b = features(session, argv[4]);
    std::printf("%.4f\n", product(a, b) / std::sqrt(product(a, a) * product(b, b)));
} catch (const std::exception &e) {
    std::fprintf(stderr, "alike: %s\n", e.what());
    return 1;
}
