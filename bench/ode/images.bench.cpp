// W6: the gradient ∇x₀ of ½‖x₁ - y‖² through a small U-Net on 1 × 28 × 28 (3 × 3 convolutions 2-32-64-64-up-96-32-1, SiLU), midpoint, 3 steps.
// The gradient in single precision is compared with that in double before it is timed; forward, gradient and the dense kernel are timed in turn.
#include "bench/images.hpp"
#include "bench/timing.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/tiled.hpp"

#include <benchmark/benchmark.h>

#include <cmath>

using namespace costate;
using namespace costate::bench;

namespace {

constexpr std::size_t steps = Unet::steps, pixels = Unet::pixels;

template <class T>
struct Solve {
    autodiff::ProgramField<T> field;
    std::vector<T> x0, x1;
    ode::SquaredDistance<T> loss;
    ode::TiledSolve<autodiff::ProgramField<T>, T> solve;
    ode::TiledGradient<ode::dto::StoreAll, autodiff::ProgramField<T>, T> gradient;
    ode::GradientResult<T> result;

    Solve(const Unet& network, std::size_t batch, std::size_t rows)
        : field(bench::field<T>(network)), x0(in_scalar<T>(std::span(network.x0).first(batch * pixels))), x1(x0.size()),
          loss(in_scalar<T>(std::span(network.y).first(batch * pixels))), solve(field, ode::find_tableau("midpoint"), {rows, 1}), gradient(field, ode::find_tableau("midpoint"), {rows, 1}) {}
    void forward() { solve(T(0), T(1), steps, x0, x1); }
    void back() { gradient(loss, T(0), T(1), steps, x0, {false, false}, result); }
};

void run(benchmark::State& state) {
    const auto batch = static_cast<std::size_t>(state.range(0)), rows = static_cast<std::size_t>(state.range(1));
    const Unet network = unet();
    Solve<float> single(network, batch, rows);
    Solve<double> precise(network, batch, rows);
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
    const double work = 2 * Unet::flops() * static_cast<double>(batch * steps * 2);
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
