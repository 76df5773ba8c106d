// W6: the gradient ∇x₀ of ½‖x₁ - y‖² through a small U-Net on 1 × 28 × 28 (3 × 3 convolutions 2-32-64-64-up-96-32-1, SiLU), midpoint, 3 steps.
// The gradient in single precision is compared with that in double before it is timed; forward, gradient and the dense kernel are timed in turn.
#include "bench/timing.hpp"
#include "bench/workloads.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/tiled.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

using namespace costate;
using namespace costate::bench;

namespace {

constexpr std::size_t side = 28, pixels = side * side, steps = 3;

std::vector<double> normal(std::size_t n, double scale, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> draw(0, scale);
    std::vector<double> v(n);
    for (double& x : v) x = draw(random);
    return v;
}

struct ConvolutionLayer {
    std::uint32_t channels, outputs, side, stride;
    [[nodiscard]] autodiff::ConvolutionShape shape() const {
        return {.channels = channels, .height = side, .width = side, .outputs = outputs, .kernel_height = 3, .kernel_width = 3, .stride_y = stride,
                .stride_x = stride, .top = 1, .left = 1, .bottom = 1, .right = 1};
    }
    [[nodiscard]] double flops() const { return 2.0 * static_cast<double>(shape().out_size() * channels * 9); }
};
constexpr ConvolutionLayer layers[] = {{2, 32, 28, 1}, {32, 64, 28, 2}, {64, 64, 14, 1}, {96, 32, 28, 1}, {32, 1, 28, 1}};

/// Weights frozen, t common to the batch and a channel of its own.
template <class T>
autodiff::ProgramField<T> unet() {
    using namespace autodiff;
    Tape<T> tape;
    const Var<T> t = tape.input(1, Sharing::shared, "t"), x = tape.input(pixels, Sharing::per_sample, "x");
    const auto layer = [&](std::size_t l, const Var<T>& in) {
        const auto shape = layers[l].shape();
        const double scale = 1 / std::sqrt(9.0 * layers[l].channels);
        const auto w = in_scalar<T>(normal(shape.weight_size(), scale, l)), b = in_scalar<T>(normal(shape.outputs, scale, 10 + l));
        return conv2d(in, tape.constant(w), tape.constant(b), shape);
    };
    const Var<T> high = silu(layer(0, concat(x, broadcast(t, pixels))));
    const Var<T> low = silu(layer(2, silu(layer(1, high))));
    const Var<T> joined = concat(upsample_nearest(low, {64, side / 2, side / 2}, 2), high);
    tape.output(layer(4, silu(layer(3, joined))), "u");
    FreezeOptions options;
    options.frozen_inputs = {"t"};
    return ProgramField<T>(freeze(tape, options));
}

template <class T>
struct Solve {
    autodiff::ProgramField<T> field = unet<T>();
    std::vector<T> x0, x1;
    ode::SquaredDistance<T> loss;
    ode::TiledSolve<autodiff::ProgramField<T>, T> solve;
    ode::TiledGradient<ode::dto::StoreAll, autodiff::ProgramField<T>, T> gradient;
    ode::GradientResult<T> result;

    Solve(std::size_t batch, std::size_t rows)
        : x0(in_scalar<T>(normal(batch * pixels, 1, 20))), x1(x0.size()), loss(in_scalar<T>(normal(batch * pixels, 1, 21))),
          solve(field, ode::find_tableau("midpoint"), {rows, 1}), gradient(field, ode::find_tableau("midpoint"), {rows, 1}) {}
    void forward() { solve(T(0), T(1), steps, x0, x1); }
    void back() { gradient(loss, T(0), T(1), steps, x0, {false, false}, result); }
};

void run(benchmark::State& state) {
    const auto batch = static_cast<std::size_t>(state.range(0)), rows = static_cast<std::size_t>(state.range(1));
    Solve<float> single(batch, rows);
    Solve<double> precise(batch, rows);
    single.back(), precise.back();
    double far = 0, size = 0;
    for (std::size_t i = 0; i < single.result.x_bar.size(); ++i) {
        far += std::pow(static_cast<double>(single.result.x_bar[i]) - precise.result.x_bar[i], 2);
        size += std::pow(precise.result.x_bar[i], 2);
    }
    if (!(far < 1e-10 * size)) {
        state.SkipWithError("the gradient is not that of double precision");
        return;
    }
    Dense<float> dense;
    dense();
    double flops = 0;
    for (const ConvolutionLayer& layer : layers) flops += layer.flops();
    const double work = 2 * flops * static_cast<double>(batch * steps * 2);
    std::vector<double> ratio, roof, forward;
    for (auto _ : state) {
        const double f_seconds = seconds([&] { single.forward(); }), d_seconds = seconds(dense), g_seconds = seconds([&] { single.back(); });
        state.SetIterationTime(g_seconds);
        ratio.push_back(g_seconds / f_seconds);
        forward.push_back(f_seconds * 1e3);
        roof.push_back(work / g_seconds / (Dense<float>::flops / d_seconds));
    }
    state.counters["forward ms"] = median(forward);
    state.counters["ratio"] = median(ratio);
    state.counters["roof"] = median(roof);
    state.counters["error"] = std::sqrt(far / size);
}

BENCHMARK(run)->ArgNames({"batch", "rows"})->Args({1, 1})->Args({16, 1})->Args({16, 16})->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(15);

}  // namespace

BENCHMARK_MAIN();
