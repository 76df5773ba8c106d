// Checkpoint schedules on a small network (1-10-1, tanh; midpoint, 1000 steps; all 31 parameters, as W4), by arrays and as
// whole steps in machine code, and on a 64-256-64 one.
// predicted = what the schedule's counts say: (plain steps) × (a plain step) + (recorded steps) × (a recorded one) + N × (a reverse),
// each measured in turn with the gradient; ratio = measured / predicted, the fastest of each. Not bitwise store-all's: an error.
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

double fastest(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }

/// A 1-10-1 perceptron as scalar code: p = (w₀, b₀, w₁, b₁).
struct Small {
    static constexpr std::size_t hidden = 10;
    template <class T, class U, class P, class D>
    void operator()(const T&, const U& u, const P& p, D&& du) const {
        using std::tanh;
        auto sum = p[3 * hidden] + p[2 * hidden] * tanh(p[0] * u[0] + p[hidden]);
        for (std::size_t i = 1; i < hidden; ++i) sum = sum + p[2 * hidden + i] * tanh(p[i] * u[0] + p[hidden + i]);
        du[0] = sum;
    }
};

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
        return static_cast<double>(counts.forward_steps - counts.recorded_steps) * fastest(plain) + static_cast<double>(counts.recorded_steps) * fastest(recorded) +
               static_cast<double>(counts.reverses) * fastest(reverse);
    }
};

template <class F>
void run(benchmark::State& state, F f, const Perceptron& network, std::size_t steps, const Spec& spec) {
    const ode::Tableau& tableau = ode::find_tableau("midpoint");
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
    state.counters["plain ns"] = 1e9 * fastest(costs.plain);
    state.counters["recorded ns"] = 1e9 * fastest(costs.recorded);
    state.counters["reverse ns"] = 1e9 * fastest(costs.reverse);
    state.counters["predicted us"] = 1e6 * predicted;
    state.counters["ratio"] = fastest(measured) / predicted;
    state.counters["bytes"] = static_cast<double>(result.cost.peak_bytes);
}

const std::vector<Spec> specs = {{Rule::binomial, 2, 0},  {Rule::binomial, 4, 0},  {Rule::binomial, 8, 0}, {Rule::binomial, 16, 0}, {Rule::binomial, 32, 0},
                                 {Rule::binomial, 44, 0}, {Rule::store_all, 0, 0}, {Rule::states_only, 0, 0}, {Rule::square_root, 0, 0}, {Rule::every, 10, 0},
                                 {Rule::mixed, 8, 0},     {Rule::mixed, 44, 0},    {Rule::online, 8, 0},   {Rule::online, 44, 0},   {Rule::two_level, 8, 8}};

Perceptron small() { return made("1-10-1", {1, 10, 1}, false, false, 10, 1); }

void arrays(benchmark::State& state, const Spec& spec) { run(state, field<double>(small(), false), small(), 1000, spec); }

void compiled(benchmark::State& state, const Spec& spec) {
    const Perceptron network = small();
    std::vector<double> p;
    for (const Layer& layer : network.layers) {
        p.insert(p.end(), layer.weight.begin(), layer.weight.end());
        p.insert(p.end(), layer.bias.begin(), layer.bias.end());
    }
    using Scalars = autodiff::ProgramField<double>;
    ode::SteppedField<double, Scalars> f(Scalars(autodiff::record_field<double>(1, p, Small{})), ode::find_tableau("midpoint"));
    if (!f.compile()) return state.SkipWithError("this build has no machine code");
    run(state, std::move(f), network, 1000, spec);
}

void large(benchmark::State& state, const Spec& spec) {
    const Perceptron network = made("64-256-64", {64, 256, 64}, true, true, 1, 16);
    run(state, field<double>(network, false), network, 100, spec);
}

template <class Run>
void add(const std::string& name, const Spec& spec, Run&& body) {
    benchmark::RegisterBenchmark((name + "/" + ode::dto::Checkpointed(spec).name).c_str(), [=](benchmark::State& state) { body(state, spec); })
        ->UseManualTime()->Unit(benchmark::kMicrosecond);
}

}  // namespace

int main(int argc, char** argv) {
    for (const Spec& spec : specs) {
        add("small", spec, arrays);
        add("small, machine code", spec, compiled);
        add("64-256-64", spec, large);
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
