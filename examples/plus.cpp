// The same library from C++: a network built line by line, with a deleter a noun.
#include <cstdio>
#include <fovea/fovea.h>
#include <initializer_list>
#include <memory>

struct Free {
    void operator()(fv_net *net) const { fv_net_free(net); }
};

int main()
{
    fv_error err{};
    fv_net *made = nullptr;

    if (fv_net_parse(nullptr, "net tiny input 28x28x1 classes 10", "tiny", &made, &err) != FV_OK) {
        std::fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const std::unique_ptr<fv_net, Free> net(made);

    for (const char *line : {"conv 5x5 6 pad 2 relu", "maxpool", "dense classes"})
        if (fv_net_add(net.get(), line, nullptr, 0, nullptr, &err) != FV_OK) {
            std::fprintf(stderr, "%s\n", err.message);
            return 1;
        }
    fv_net_info info{};

    if (fv_net_describe(net.get(), &info, &err) != FV_OK)
        return 1;
    std::printf("%zu layers, %llu parameters, %llu MACs\n", info.count,
                static_cast<unsigned long long>(info.parameters), static_cast<unsigned long long>(info.macs));
    return 0;
}
