// Checkpoint schedules on a small network field (1-10-1, tanh; midpoint, 1000 steps; all 31 parameters, as W4) and on a 64-256-64 one.
// predicted = what the schedule's counts say: (plain steps) × (a plain step) + (recorded steps) × (a recorded one) + N × (a reverse),
// each measured in the same run; ratio = measured / predicted. A schedule that is not bitwise store-all's gradient is an error.
#include "bench/workloads.hpp"
#include "ode/checkpoint/counts.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/whole_step.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

using namespace costate;
using namespace costate::bench;
using namespace costate::ode::checkpoint;

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

/// The field of a network, whole steps where `stepped`.
template <bool stepped>
auto made_field(const Perceptron& network, const ode::Tableau& tableau) {
    if constexpr (stepped) return ode::SteppedField<double, autodiff::ProgramField<double>>(field<double>(network, false), tableau);
    else return field<double>(network, false);
}

/// Seconds of a plain step, a recorded one and a reverse.
struct StepCosts {
    std::vector<double> plain, recorded, reverse;

    template <class F>
    void measure(F& f, const ode::Coefficients<double>& method, const ode::Grid<double>& grid, const std::vector<double>& x0) {
        constexpr std::size_t block = 200;
        ode::StepWorkspace<double> ws;
        ode::StepRecord<F, double> record;
        std::vector<double> x = x0, x1 = x0, lambda(x0.size(), 1.0), theta(f.parameter_count());
        ode::TimeBars<double> bars;
        ode::step<double>(method, f, grid.t0, grid.h, x0, x1, record, ws);
        plain.push_back(seconds([&] { for (std::size_t n = 0; n < block; ++n) ode::step<double>(method, f, grid.at(n), grid.h, x, x, ws); }) / block);
        recorded.push_back(seconds([&] { for (std::size_t n = 0; n < block; ++n) ode::step<double>(method, f, grid.at(n), grid.h, x0, x1, record, ws); }) / block);
        reverse.push_back(seconds([&] {
            for (std::size_t n = 0; n < block; ++n) ode::step_vjp<double>(method, f, grid.at(n), grid.h, x0, record, lambda, lambda, theta, &bars, ws);
        }) / block);
    }

    [[nodiscard]] double predict(const Counts& counts) const {
        return static_cast<double>(counts.forward_steps - counts.recorded_steps) * median(plain) + static_cast<double>(counts.recorded_steps) * median(recorded) +
               static_cast<double>(counts.reverses) * median(reverse);
    }
};

template <bool stepped>
void run(benchmark::State& state, const Perceptron& network, std::size_t steps, Spec spec) {
    const ode::Tableau& tableau = ode::find_tableau("midpoint");
    auto f = made_field<stepped>(network, tableau);
    using F = decltype(f);
    const ode::SquaredDistance<double> loss(network.y);
    const ode::dto::Checkpointed method(spec);
    ode::dto::CheckpointWorkspace<F, double> workspace(tableau);
    ode::dto::SweepWorkspace<F, double> all(tableau);
    ode::GradientResult<double> result, expected;
    ode::dto::StoreAll{}(f, loss, 0.0, network.t1, steps, network.x0, {}, all, expected);
    const ode::Coefficients<double> coefficients(tableau);
    const ode::Grid<double> grid(0.0, network.t1, steps);
    const Counts counts = check(make(spec, steps));
    std::vector<double> measured;
    StepCosts costs;
    for (auto _ : state) {
        costs.measure(f, coefficients, grid, network.x0);
        measured.push_back(seconds([&] { method(f, loss, 0.0, network.t1, steps, network.x0, {}, workspace, result); }));
        state.SetIterationTime(measured.back());
    }
    if (result.x_bar != expected.x_bar || result.theta_bar != expected.theta_bar || result.t1_bar != expected.t1_bar)
        return state.SkipWithError("the gradient is not that of store-all");
    const double predicted = costs.predict(counts);
    state.counters["forward"] = static_cast<double>(counts.forward_steps);
    state.counters["plain ns"] = 1e9 * median(costs.plain);
    state.counters["recorded ns"] = 1e9 * median(costs.recorded);
    state.counters["reverse ns"] = 1e9 * median(costs.reverse);
    state.counters["predicted us"] = 1e6 * predicted;
    state.counters["ratio"] = median(measured) / predicted;
    state.counters["bytes"] = static_cast<double>(result.cost.peak_bytes);
}

const Spec binomials[] = {{Rule::binomial, 2, 0}, {Rule::binomial, 4, 0}, {Rule::binomial, 8, 0}, {Rule::binomial, 16, 0}, {Rule::binomial, 32, 0}, {Rule::binomial, 44, 0}};
const Spec others[] = {{Rule::store_all, 0, 0}, {Rule::states_only, 0, 0}, {Rule::square_root, 0, 0}, {Rule::every, 10, 0}, {Rule::mixed, 8, 0},
                       {Rule::mixed, 44, 0},    {Rule::online, 8, 0},      {Rule::online, 44, 0},     {Rule::two_level, 8, 8}};

Perceptron small() { return made("1-10-1", {1, 10, 1}, false, false, 10, 1); }

template <bool stepped>
void small_network(benchmark::State& state, const Spec& spec) { run<stepped>(state, small(), 1000, spec); }
void large_network(benchmark::State& state, const Spec& spec) { run<false>(state, made("64-256-64", {64, 256, 64}, true, true, 1, 16), 100, spec); }

template <class Run>
void add(const std::string& name, const Spec& spec, Run&& body) {
    benchmark::RegisterBenchmark((name + "/" + ode::dto::Checkpointed(spec).name).c_str(), [=](benchmark::State& state) { body(state, spec); })
        ->UseManualTime()->Unit(benchmark::kMicrosecond);
}

}  // namespace

int main(int argc, char** argv) {
    for (const auto& list : {std::vector<Spec>(std::begin(binomials), std::end(binomials)), std::vector<Spec>(std::begin(others), std::end(others))})
        for (const Spec& spec : list) {
            add("small", spec, small_network<false>);
            add("small whole steps", spec, small_network<true>);
            add("large", spec, large_network);
        }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
