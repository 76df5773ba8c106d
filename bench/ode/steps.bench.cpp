// Scalar code: what a call costs that does next to nothing, and the orbit (W7) by whole steps: replayed, as machine code, over lanes.
// hand = ours per sample beside the solve alone, written by hand, timed in turn; ns/op counts the operations of the forward step.
#include "bench/workloads.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/whole_step.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

using namespace costate;
using namespace costate::bench;

namespace {

template <class F>
double seconds(F&& call) {
    const auto begin = std::chrono::steady_clock::now();
    call();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

// One step of Euler's method on ẋ = -x: the fixed cost of a gradient.
void fixed(benchmark::State& state) {
    autodiff::ProgramField<double> f(
        autodiff::record_field<double>(1, std::vector<double>{}, [](auto, auto x, auto, auto dx) { dx[0] = -x[0]; }));
    const ode::SquaredDistance<double> loss({0.0});
    ode::dto::SweepWorkspace<autodiff::ProgramField<double>, double> workspace(ode::find_tableau("euler"));
    ode::GradientResult<double> result;
    const std::vector<double> x0{0.5};
    for (auto _ : state) {
        ode::dto::StoreAll{}(f, loss, 0.0, 1.0, 1, x0, {false, false}, workspace, result);
        benchmark::DoNotOptimize(result.x_bar.data());
    }
    if (result.x_bar[0] != 0) state.SkipWithError("d/dx of (x - x)^2/2 is 0");
}
BENCHMARK(fixed);

std::size_t operations(const kernels::LinePlan& plan) {
    return static_cast<std::size_t>(std::count_if(plan.steps.begin(), plan.steps.end(), [](const kernels::LineStep& s) { return kernels::first_of(s.op) > kernels::LineOp::guard; }));
}

void orbit(benchmark::State& state, std::size_t lanes, bool compiled) {
    using Field = ode::SteppedField<double, autodiff::ProgramField<double>>;
    constexpr std::size_t steps = 1000;
    const ode::Tableau& tableau = ode::find_tableau("rk4");
    Field f(autodiff::ProgramField<double>(autodiff::record_field<double>(4, std::vector<double>{Orbit::mu}, Orbit{})), tableau);
    double compilation = 0;
    if (compiled) {
        bool done = false;
        compilation = seconds([&] { done = f.compile(); });
        if (!done) return state.SkipWithError("this build has no machine code");
    }
    std::vector<double> x0;
    for (std::size_t i = 0; i < lanes; ++i) x0.insert(x0.end(), {0.5, 0.1, 0.0, 1.0});
    const ode::SquaredDistance<double> loss(std::vector<double>(4, 0.0));
    ode::dto::SweepWorkspace<Field, double> workspace(tableau);
    ode::GradientResult<double> result;
    const ode::Coefficients<double> method(tableau);
    ode::StepWorkspace<double> scratch;
    std::vector<double> x1(x0.size()), hand, forward, back;
    std::array<double, 4> u{};
    for (auto _ : state) {
        hand.push_back(seconds([&] { orbit_by_hand(steps, u); }));
        forward.push_back(seconds([&] { ode::solve<double>(method, f, {0.0, Orbit::end, steps}, x0, x1, scratch); }));
        back.push_back(seconds([&] { ode::dto::StoreAll{}(f, loss, 0.0, Orbit::end, steps, x0, {true, false}, workspace, result); }));
        state.SetIterationTime(back.back());
    }
    for (std::size_t i = 0; i < 4; ++i)
        if (!(std::abs(x1[i] - u[i]) < 1e-12)) return state.SkipWithError("the end is not the one by hand");
    const double per_sample = median(back) / static_cast<double>(lanes), work = static_cast<double>(steps * operations(f.lines().value.plan()));
    state.counters["ns/step"] = 1e9 * per_sample / steps;
    state.counters["ns/op forward"] = 1e9 * median(forward) / static_cast<double>(lanes) / work;
    state.counters["ns/op"] = 1e9 * per_sample / work;
    state.counters["hand"] = per_sample / median(hand);
    if (compiled) state.counters["compile ms"] = 1e3 * compilation;
}
BENCHMARK_CAPTURE(orbit, replayed, 1, false)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(orbit, compiled, 1, true)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(orbit, lanes64_replayed, 64, false)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(orbit, lanes64_compiled, 64, true)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
