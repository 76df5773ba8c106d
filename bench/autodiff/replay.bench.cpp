// Scalar code replayed: ns per scalar operation and sample, forward and pullback, beside the same code in a plain C++ loop.
// At one sample the cost of the replay itself shows, at 64 the vector units. Compared before it is timed.
#include "bench/workloads.hpp"

#include <benchmark/benchmark.h>

#include <array>

using namespace costate;
using namespace costate::bench;

namespace {

constexpr double operations = 26;  // of Orbit, a square root counted as one

std::vector<double> states(std::size_t lanes) {
    Numbers numbers(7);
    return numbers.take(4 * lanes);
}

std::vector<double> raw(const std::vector<double>& x) {
    std::vector<double> dx(x.size());
    const std::array<double, 1> p{Orbit::mu};
    for (std::size_t i = 0; i < x.size(); i += 4) Orbit{}(0.0, x.data() + i, p, dx.data() + i);
    return dx;
}

autodiff::ProgramField<double> orbit_field() {
    return autodiff::ProgramField<double>(autodiff::record_field<double>(4, std::vector<double>{Orbit::mu}, Orbit{}));
}

void count(benchmark::State& state, std::size_t lanes) {
    state.counters["ns/op"] = benchmark::Counter(1e-9 * operations * static_cast<double>(lanes),
                                                 benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void raw_loop(benchmark::State& state) {
    const auto lanes = static_cast<std::size_t>(state.range(0));
    const auto x = states(lanes);
    std::vector<double> dx(x.size());
    const std::array<double, 1> p{Orbit::mu};
    for (auto _ : state) {
        for (std::size_t i = 0; i < x.size(); i += 4) Orbit{}(0.0, x.data() + i, p, dx.data() + i);
        benchmark::DoNotOptimize(dx.data());
        benchmark::ClobberMemory();
    }
    count(state, lanes);
}

void forward(benchmark::State& state) {
    const auto lanes = static_cast<std::size_t>(state.range(0));
    const auto x = states(lanes), expected = raw(x);
    auto f = orbit_field();
    std::vector<double> dx(x.size());
    f(0.0, x, dx);
    for (std::size_t i = 0; i < x.size(); ++i)
        if (!(std::abs(dx[i] - expected[i]) <= 1e-12 * (1 + std::abs(expected[i])))) return state.SkipWithError("the replay differs from the loop");
    for (auto _ : state) {
        f(0.0, x, dx);
        benchmark::ClobberMemory();
    }
    count(state, lanes);
}

void forward_and_pullback(benchmark::State& state) {
    const auto lanes = static_cast<std::size_t>(state.range(0));
    const auto x = states(lanes);
    auto f = orbit_field();
    auto record = f.make_record();
    std::vector<double> dx(x.size()), x_bar(x.size()), theta_bar(1);
    const std::vector<double> lambda(x.size(), 1.0);
    double t_bar = 0;
    // λᵀ∂f/∂x along x₀ against a central difference of the plain loop
    f.forward(0.0, x, dx, record);
    f.pullback(record, lambda, x_bar, theta_bar, t_bar);
    constexpr double h = 1e-6;
    for (std::size_t i = 0; i < std::min<std::size_t>(x.size(), 8); ++i) {
        auto up = x, down = x;
        up[i] += h;
        down[i] -= h;
        const auto high = raw(up), low = raw(down);
        double slope = 0;
        for (std::size_t k = 0; k < x.size(); ++k) slope += (high[k] - low[k]) / (2 * h);
        if (!(std::abs(slope - x_bar[i]) <= 1e-5 * (1 + std::abs(slope)))) return state.SkipWithError("the pullback is not the derivative");
    }
    for (auto _ : state) {
        f.forward(0.0, x, dx, record);
        f.pullback(record, lambda, x_bar, theta_bar, t_bar);
        benchmark::ClobberMemory();
    }
    count(state, lanes);
}

BENCHMARK(raw_loop)->ArgName("lanes")->Arg(1)->Arg(64)->Arg(1024);
BENCHMARK(forward)->ArgName("lanes")->Arg(1)->Arg(64)->Arg(1024);
BENCHMARK(forward_and_pullback)->ArgName("lanes")->Arg(1)->Arg(64)->Arg(1024);

}  // namespace

BENCHMARK_MAIN();
