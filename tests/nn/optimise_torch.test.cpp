// SGD, AdamW, the moving average and the cosine against PyTorch.
#include "nn/optimise/adam.hpp"
#include "nn/optimise/average.hpp"
#include "nn/optimise/cosine.hpp"
#include "nn/optimise/sgd.hpp"
#include "nn/safetensors.hpp"
#include "tests/ode/allocations.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate::nn;
using Catch::Matchers::Message;

namespace {

/// L = 100 (y − x²)² + (1 − x)² and its gradient.
double rosenbrock(std::span<const double> p, std::span<double> g) {
    const double a = p[1] - p[0] * p[0], b = 1 - p[0];
    g[0] = -400 * p[0] * a - 2 * b;
    g[1] = 200 * a;
    return 100 * a * a + b * b;
}

/// PyTorch's steps, averages and rates by tools/optimise_goldens.py.
const SafetensorsFile& goldens() {
    static const SafetensorsFile file(std::filesystem::path(COSTATE_SOURCE_DIR) / "tests/nn/optimise.golden.safetensors");
    return file;
}

/// The largest distance of the optimiser's steps on Rosenbrock's function from those of the golden; θ after each goes to `each`.
template <class Optimiser>
double away(Optimiser optimiser, const char* golden, auto&& each) {
    const Array path = goldens().values(golden);
    std::vector<double> x{-1.2, 1}, g(2);
    double most = 0;
    for (std::size_t n = 0; n < path.shape()[0]; ++n) {
        const double loss = rosenbrock(x, g);
        const std::size_t before = allocations;
        optimiser.step(loss, g, x);
        CHECK(allocations == before);
        each(n, std::span<const double>(x));
        for (std::size_t i = 0; i < 2; ++i) most = std::max(most, std::abs(x[i] - path(n, i)));
    }
    CHECK(optimiser.steps() == 12);
    return most;
}
template <class Optimiser>
double away(const Optimiser& optimiser, const char* golden) {
    return away(optimiser, golden, [](std::size_t, std::span<const double>) {});
}

}  // namespace

TEST_CASE("SGD, momentum, Nesterov and AdamW take PyTorch's steps") {
    const auto sgd = [](const SgdOptions<double>& options) { return Sgd<double>(2, options); };
    CHECK(away(sgd({.rate = 1e-3}), "sgd") < 1e-14);
    CHECK(away(sgd({.rate = 1e-3, .weight_decay = 0.5}), "sgd-decay") < 1e-14);
    CHECK(away(sgd({.rate = 2e-4, .momentum = 0.9}), "momentum") < 1e-14);
    CHECK(away(sgd({.rate = 2e-4, .momentum = 0.8, .weight_decay = 0.5}), "momentum-decay") < 1e-14);
    const SgdOptions<double> nesterov{.rate = 2e-4, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true};
    CHECK(away(sgd(nesterov), "nesterov") < 1e-14);
    const AdamOptions<double> adamw{.rate = 0.05, .weight_decay = 0.3};
    CHECK(away(Adam<double>(2, adamw), "adamw") < 1e-14);
    CHECK(away(Adam<double>(2, {.rate = 0.2, .decay = 0.5, .decay_square = 0.75, .epsilon = 1e-2, .weight_decay = 0.01}), "adamw-fast") < 1e-14);
    // controls: each option by itself is noticed
    CHECK(away(sgd({.rate = 2e-4, .momentum = 0.9, .weight_decay = 0.1}), "nesterov") > 1e-3);
    CHECK(away(sgd({.rate = 2e-4, .momentum = 0.9, .nesterov = true}), "nesterov") > 1e-4);
    CHECK(away(sgd({.rate = 1e-3}), "sgd-decay") > 1e-4);
    CHECK(away(Adam<double>(2, {.rate = 0.05}), "adamw") > 1e-3);
    for (const SgdOptions<double>& bad : {SgdOptions<double>{.momentum = 1}, {.weight_decay = -1}, {.nesterov = true}})
        CHECK_THROWS_AS(Sgd<double>(2, bad), std::invalid_argument);
    CHECK_THROWS_AS(Adam<double>(2, {.weight_decay = -1}), std::invalid_argument);
}

TEST_CASE("SGD refuses what is not finite, or of another size, and stays as it was") {
    std::vector<double> x{1, 2};
    Sgd<double> sgd(2, {.rate = 1, .momentum = 0.5});
    CHECK_THROWS_MATCHES(sgd.step(1.0, std::vector<double>{0, std::nan("")}, x), std::domain_error,
                         Message("SGD, step 1: entry 1 of the gradient is not finite; lower the rate or begin elsewhere"));
    CHECK_THROWS_AS(sgd.step(1.0, std::vector<double>{0}, x), std::invalid_argument);
    CHECK(x == std::vector<double>{1, 2});
    sgd.step(1.0, std::vector<double>{1, 2}, x);
    CHECK(x == std::vector<double>{0, 0});
    sgd.step(1.0, std::vector<double>{1, 2}, x);
    CHECK(x == std::vector<double>{-1.5, -3});
}

TEST_CASE("the moving average is PyTorch's") {
    const Array means = goldens().values("average");
    MovingAverage<double> average(2, 0.8), other(2, 0.81);
    double most = 0, control = 0;
    away(Adam<double>(2, {.rate = 0.05, .weight_decay = 0.3}), "adamw", [&](std::size_t n, std::span<const double> x) {
        const std::size_t before = allocations;
        average.update(x);
        CHECK(allocations == before);
        other.update(x);
        for (std::size_t i = 0; i < 2; ++i) {
            most = std::max(most, std::abs(average.values()[i] - means(n, i)));
            control = std::max(control, std::abs(other.values()[i] - means(n, i)));
        }
    });
    CHECK(most < 1e-14);
    CHECK(control > 1e-4);
    CHECK_THROWS_AS(MovingAverage<double>(2, 1.0), std::invalid_argument);
    CHECK_THROWS_AS(average.update(std::vector<double>{1}), std::invalid_argument);
}

TEST_CASE("the cosine and its warm-up are PyTorch's rates") {
    const auto apart = [](const CosineRate& rate, const char* golden) {
        const Array rates = goldens().values(golden);
        double most = 0;
        for (std::size_t n = 0; n < rates.size(); ++n) most = std::max(most, std::abs(rate(n) - rates(n)));
        return most;
    };
    CHECK(apart({.peak = 0.3, .steps = 20}, "cosine-0-0") < 1e-15);
    CHECK(apart({.peak = 0.3, .steps = 20, .warm_up = 5, .floor = 0.01}, "cosine-5-0.01") < 1e-15);
    CHECK(apart({.peak = 0.3, .steps = 21}, "cosine-0-0") > 1e-4);
    CHECK(apart({.peak = 0.3, .steps = 20, .warm_up = 4, .floor = 0.01}, "cosine-5-0.01") > 1e-4);
    const CosineRate rate{.peak = 1, .steps = 10, .floor = 0.25};
    CHECK(rate(10) == 0.25);
    CHECK(rate(1000) == 0.25);
}
