// Networks trained and answered by PyTorch, exported by another program than the one in tools/.
#include "nn/check.hpp"
#include "nn/network.hpp"
#include "nn/weights.hpp"
#include "tests/nn/torch_float32.hpp"
#include "tests/nn/unet.hpp"

#include <catch2/catch.hpp>

#include <iostream>

using namespace costate::nn;

namespace {

const std::filesystem::path models = std::filesystem::path(COSTATE_SHARED_DIR) / "data/models";

bool absent() {
    if (std::filesystem::exists(models / "moons.safetensors")) return false;
    std::cout << "SKIPPED: there is no " << (models / "moons.safetensors").string() << "\n";
    return true;
}

struct Expected {
    std::string model;
    std::size_t parameters, rows;
};

const std::vector<Expected> expected{{"moons", 8706, 20}, {"gmm2", 8706, 20}, {"digits", 107072, 10}, {"mnist_vp_eps", 1109024, 11},
                                     {"mnist_unet", 601121, 83},  {"mnist_classifier", 20490, 11}};

/// u and x̄ at four samples with times of their own.
std::vector<float> answers(const Network& network) {
    const auto program = costate::nn::program<float>(network, {.time = costate::autodiff::Sharing::per_sample});
    std::vector<float> t{0, 0.25F, 0.5F, 1}, x(4 * 784), v(4 * 784), both(2 * 4 * 784);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i)), v[i] = std::cos(static_cast<float>(3 * i));
    costate::autodiff::Record<float> record;
    costate::autodiff::Workspace<float> workspace;
    const std::array<std::span<const float>, 2> inputs{t, x};
    const std::array<std::span<const float>, 1> out_bar{v};
    const std::array<std::span<float>, 1> outputs{std::span(both).first(x.size())};
    const std::array<std::span<float>, 2> in_bar{std::span<float>{}, std::span(both).last(x.size())};
    program.forward(inputs, outputs, 4, record, workspace);
    program.pullback(record, out_bar, in_bar, {}, workspace);
    return both;
}

}  // namespace

TEST_CASE("the U-Net written in C++ with the file's weights is the file's, to the bit") {
    if (absent()) return;
    const Network file = load_network(models / "mnist_unet.safetensors");
    Network built = unet();
    CHECK(built.parameter_count() == 601121);
    CHECK(built.description.layers.size() == file.description.layers.size());
    const auto expected = answers(file);
    CHECK_FALSE(answers(built) == expected);
    load_weights(built, models / "mnist_unet.safetensors");
    CHECK(answers(built) == expected);
    CHECK_THROWS_AS(load_weights(built, models / "mnist_classifier.safetensors"), NetworkError);
}

TEST_CASE("networks of lists and of images agree with PyTorch to 1e-12, in single precision to four times PyTorch's own error") {
    if (absent()) return;
    for (const Expected& e : expected) {
        const Network network = load_network(models / (e.model + ".safetensors"));
        const Golden golden(network, models / (e.model + ".golden.safetensors"));
        CHECK(network.parameter_count() == e.parameters);
        const auto rows = check_network(network, golden);
        CHECK(rows.size() == 2 * e.rows);
        for (const CheckRow& row : rows) {
            INFO(e.model << " " << row.quantity << " " << row.precision << " " << row.max_error);
            CHECK(row.agrees);
            CHECK(row.max_error <= (row.precision == "f64" ? 1e-12 : 4 * torch_float32.at(e.model).at(row.quantity)));
        }
    }
}

TEST_CASE("the answers of one network are not those of another") {
    if (absent()) return;
    const Network moons = load_network(models / "moons.safetensors");
    const Golden other(load_network(models / "gmm2.safetensors"), models / "gmm2.golden.safetensors");
    // the gradient with respect to the last bias is the sum of v, whatever the weights
    for (const CheckRow& row : check_network(moons, other)) CHECK(row.agrees == (row.quantity == "theta_bar.6.bias"));
    CHECK_THROWS_AS(Golden(moons, models / "digits.golden.safetensors"), GoldenError);
}
