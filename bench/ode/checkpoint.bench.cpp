// Checkpoint schedules on a small network (1-10-1, tanh; midpoint, 1000 steps; all 31 parameters, as W4), by arrays and as
// whole steps in machine code, and on a 64-256-64 one.
// predicted = what the schedule's counts say: (plain steps) × (a plain step) + (recorded steps) × (a recorded one) + N × (a reverse),
// each measured in turn with the gradient, along the same states; ratio = measured / predicted, the fastest of each. Not bitwise store-all's: an
// error. plan/…: seconds to make every action of a schedule, none performed.
#include "bench/workloads.hpp"
#include "ode/checkpoint/counts.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/whole_step.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <utility>
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

/// Seconds of a plain step, a recorded one and a reverse, each over the whole solve: a step costs more where what it starts from has just
/// been computed.
template <class F>
struct StepCosts {
    std::vector<double> plain, recorded, reverse;
    ode::StepWorkspace<double> ws{};
    std::vector<ode::StepRecord<F, double>> records{};
    std::vector<double> states{}, lambda{}, theta{};

    void measure(F& f, const ode::Coefficients<double>& method, const ode::Grid<double>& grid, const std::vector<double>& x0) {
        const std::size_t size = x0.size(), steps = grid.steps;
        records.resize(steps);
        states.resize((steps + 1) * size);
        std::copy(x0.begin(), x0.end(), states.begin());
        lambda.assign(size, 1.0);
        theta.assign(f.parameter_count(), 0.0);
        ode::TimeBars<double> bars;
        const auto state = [&](std::size_t n) { return std::span<double>(states).subspan(n * size, size); };
        const auto a_step = [&](auto&& call) { return seconds(call) / static_cast<double>(steps); };
        plain.push_back(a_step([&] { for (std::size_t n = 0; n < steps; ++n) ode::step<double>(method, f, grid.at(n), grid.h, state(n), state(n + 1), ws); }));
        recorded.push_back(a_step([&] { for (std::size_t n = 0; n < steps; ++n) ode::step<double>(method, f, grid.at(n), grid.h, state(n), state(n + 1), records[n], ws); }));
        reverse.push_back(a_step([&] {
            for (std::size_t n = steps; n-- > 0;) ode::step_vjp<double>(method, f, grid.at(n), grid.h, state(n), records[n], lambda, lambda, theta, &bars, ws);
        }));
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
    StepCosts<F> costs;
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

/// All actions of a schedule.
void plan(benchmark::State& state, const Spec& spec, std::size_t steps) {
    std::uint64_t forward = 0;
    for (auto _ : state) {
        forward = 0;
        for (Plan actions(spec, steps); const Action* action = actions.next();)
            if (action->kind == Kind::advance) forward += action->to - action->from;
    }
    if (forward != forward_steps(spec, steps) && spec.rule != Rule::online) return state.SkipWithError("the schedule takes other steps than the formula says");
    state.counters["forward"] = static_cast<double>(forward);
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
    for (const auto& [spec, steps] : {std::pair{Spec{Rule::mixed, 20, 0}, std::size_t{10000}}, std::pair{Spec{Rule::mixed, 2, 0}, std::size_t{10000}},
                                      std::pair{Spec{Rule::mixed, 20, 0}, std::size_t{1000000}}, std::pair{Spec{Rule::binomial, 20, 0}, std::size_t{1000000}},
                                      std::pair{Spec{Rule::online, 20, 0}, std::size_t{1000000}}, std::pair{Spec{Rule::two_level, 20, 100}, std::size_t{1000000}}})
        benchmark::RegisterBenchmark(("plan/" + ode::dto::Checkpointed(spec).name + "/" + std::to_string(steps)).c_str(),
                                     [=](benchmark::State& state) { plan(state, spec, steps); })->Unit(benchmark::kMillisecond);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
