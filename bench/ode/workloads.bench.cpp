// Gradients through whole solves: two large networks (W1, W2), a small one on a thousand steps (W4), an orbit in scalar code (W7).
// Every gradient is compared before it is timed: with the shared reference, else with double precision and the method without tiles.
// forward, gradient and the dense kernel are timed in turn: ratio = gradient / forward, roof = the gradient's FLOP/s beside the kernel's.
#include "bench/timing.hpp"
#include "bench/workloads.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/tiled.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>

using namespace costate;
using namespace costate::bench;

namespace {

struct Problem {
    Perceptron network;
    std::string tableau = "midpoint";
    std::size_t steps = 3, batch = 1, threads = 1;
    bool theta = false;
};

template <class A, class B>
double distance(const A& a, const B& b) {
    double far = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        far += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
        size += std::pow(static_cast<double>(b[i]), 2);
    }
    return std::sqrt(far / size);
}

template <class T>
std::vector<T> first(const std::vector<double>& values, std::size_t count) {
    return in_scalar<T>(std::span<const double>(values).first(count));
}

// The gradient that the timed one has to be.
std::vector<double> expected(const Problem& p) {
    const std::size_t size = p.batch * p.network.dim();
    for (const auto& [steps, values] : p.network.reference)
        if (steps == p.steps && p.theta == p.network.reference_is_theta) return p.theta ? values : first<double>(values, size);
    auto f = field<double>(p.network, !p.theta);
    const ode::SquaredDistance<double> loss(first<double>(p.network.y, size));
    const auto x0 = first<double>(p.network.x0, size);
    const auto result = ode::dto::StoreAll{}(f, loss, ode::find_tableau(p.tableau), 0.0, p.network.t1, p.steps, x0, {p.theta, false});
    return p.theta ? result.theta_bar : result.x_bar;
}

template <class T>
void run(benchmark::State& state, const Problem& p) {
    const auto f = field<T>(p.network, !p.theta);
    const std::size_t size = p.batch * p.network.dim();
    const auto x0 = first<T>(p.network.x0, size);
    const ode::SquaredDistance<T> loss(first<T>(p.network.y, size));
    const ode::Tableau& tableau = ode::find_tableau(p.tableau);
    const ode::Tiling tiling{rows_of(f, p.network, p.batch, p.threads, p.theta), p.threads};
    ode::TiledSolve<autodiff::ProgramField<T>, T> solve(f, tableau, tiling);
    ode::TiledGradient<ode::dto::StoreAll, autodiff::ProgramField<T>, T> gradient(f, tableau, tiling);
    ode::GradientResult<T> result;
    std::vector<T> x1(size);
    const T t1 = static_cast<T>(p.network.t1);
    const auto forward = [&] { solve(T(0), t1, p.steps, x0, x1); };
    const auto back = [&] { gradient(loss, T(0), t1, p.steps, x0, {p.theta, false}, result); };
    back();
    const double error = distance(p.theta ? result.theta_bar : result.x_bar, expected(p));
    if (!(error < (sizeof(T) == 4 ? 2e-5 : 1e-12))) {
        state.SkipWithError(("the gradient is off by " + std::to_string(error)).c_str());
        return;
    }
    Dense<T> dense;
    dense();
    std::vector<double> ratio, roof;
    const double flops = 2 * p.network.weights() * static_cast<double>(p.batch * p.steps * tableau.stages()), work = flops * (p.theta ? 3 : 2);
    for (auto _ : state) {
        const double f_seconds = seconds(forward), d_seconds = seconds(dense), g_seconds = seconds(back);
        state.SetIterationTime(g_seconds);
        ratio.push_back(g_seconds / f_seconds);
        roof.push_back(work / g_seconds / (Dense<T>::flops * static_cast<double>(p.threads) / d_seconds));
    }
    state.counters["GFLOP/s"] = benchmark::Counter(1e-9 * work, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["ratio"] = median(ratio);
    state.counters["roof"] = median(roof);
    state.counters["rows"] = static_cast<double>(tiling.rows);
}

template <class T>
void add(const std::string& workload, const Problem& p) {
    std::string name = workload + (sizeof(T) == 4 ? "/f32" : "/f64") + "/steps:" + std::to_string(p.steps) + "/batch:" + std::to_string(p.batch);
    if (p.threads > 1) name += "/threads:" + std::to_string(p.threads);
    if (p.theta) name += "/theta";
    auto* entry = benchmark::RegisterBenchmark(name.c_str(), [p](benchmark::State& state) { run<T>(state, p); });
    entry->UseManualTime()->Unit(benchmark::kMicrosecond);
    if (p.network.weights() * static_cast<double>(p.batch * p.steps) > 5e7) entry->Iterations(20);  // else the time decides, and they are more
}

template <class T>
void add_perceptrons(const Perceptron& w1, const Perceptron& w2) {
    for (const std::size_t steps : {3, 50})
        for (const std::size_t batch : {1, 64, 1024}) add<T>("W1", {.network = w1, .steps = steps, .batch = batch});
    for (const std::size_t batch : {64, 1024}) {
        add<T>("W1", {.network = w1, .steps = 3, .batch = batch, .threads = 2});
        for (const std::size_t steps : {3, 50}) add<T>("W1", {.network = w1, .steps = steps, .batch = batch, .theta = true});
    }
    for (const std::size_t batch : {1, 64}) add<T>("W2", {.network = w2, .batch = batch});
    add<T>("W2", {.network = w2, .batch = 64, .threads = 2});
    add<T>("W2", {.network = w2, .batch = 64, .theta = true});
}

// W7: RK4 on 1000 steps; counters in ns a step and sample.
void orbit(benchmark::State& state, const std::vector<double>& start, const std::vector<double>& reference, std::size_t lanes) {
    autodiff::ProgramField<double> f(autodiff::record_field<double>(4, std::vector<double>{start[4]}, Orbit{}));
    std::vector<double> x0;
    for (std::size_t i = 0; i < lanes; ++i) x0.insert(x0.end(), start.begin(), start.begin() + 4);
    const ode::SquaredDistance<double> loss(std::vector<double>(4, 0.0));
    constexpr std::size_t steps = 1000;
    const ode::Tableau& tableau = ode::find_tableau("rk4");
    ode::dto::SweepWorkspace<autodiff::ProgramField<double>, double> workspace(tableau);
    ode::GradientResult<double> result;
    const ode::Coefficients<double> method(tableau);
    ode::StepWorkspace<double> scratch;
    std::vector<double> x1(x0.size());
    const auto forward = [&] { ode::solve<double>(method, f, {0.0, Orbit::end, steps}, x0, x1, scratch); };
    const auto back = [&] { ode::dto::StoreAll{}(f, loss, 0.0, Orbit::end, steps, x0, {true, false}, workspace, result); };
    back();
    std::vector<double> computed(result.x_bar.begin(), result.x_bar.begin() + 4);
    computed.push_back(result.theta_bar[0] / static_cast<double>(lanes));
    if (!reference.empty() && !(distance(computed, reference) < 1e-10)) {
        state.SkipWithError("the gradient is not the reference");
        return;
    }
    std::vector<double> ratio, nanoseconds;
    for (auto _ : state) {
        const double f_seconds = seconds(forward), g_seconds = seconds(back);
        state.SetIterationTime(g_seconds);
        ratio.push_back(g_seconds / f_seconds);
        nanoseconds.push_back(1e9 * g_seconds / static_cast<double>(steps * lanes));
    }
    state.counters["ratio"] = median(ratio);
    state.counters["ns/step"] = median(nanoseconds);
}

void add_orbits() {
    std::vector<double> start{0.5, 0.1, 0.0, 1.0, Orbit::mu}, reference;
    const auto path = std::filesystem::path(COSTATE_SHARED_DIR) / "data" / "workloads" / "w7_f64.safetensors";
    if (std::filesystem::exists(path)) {
        const nn::SafetensorsFile in(path);
        start = values_of(in, "z0");
        reference = values_of(in, "gradient");
    }
    for (const std::size_t lanes : {1, 64})
        benchmark::RegisterBenchmark(("W7/f64/lanes:" + std::to_string(lanes)).c_str(), [=](benchmark::State& state) { orbit(state, start, reference, lanes); })
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond);
}

// All 31 gradients of the shared file in the order of the parameters.
Perceptron decay() {
    const auto found = shared("w4_f64.safetensors", false, false, 10, {});
    if (!found) return made("w4", {1, 10, 1}, false, false, 10, 1);
    Perceptron p = *found;
    const nn::SafetensorsFile in(std::filesystem::path(COSTATE_SHARED_DIR) / "data" / "workloads" / "w4_f64.safetensors");
    std::vector<double> gradient;
    for (const char* name : {"layer0.weight", "layer0.bias", "layer1.weight", "layer1.bias"})
        for (const double v : values_of(in, std::string("grad_") + name)) gradient.push_back(v);
    p.reference.emplace_back(1000, std::move(gradient));
    p.reference_is_theta = true;
    return p;
}

}  // namespace

int main(int argc, char** argv) {
    const auto w1 = shared("w1_f64.safetensors", true, true, 1, {3, 50}), w2 = shared("w2_f64.safetensors", true, true, 1, {3});
    const Perceptron first_network = w1 ? *w1 : made("w1", {2, 128, 128, 128, 2}, true, true, 1, 1024);
    const Perceptron second_network = w2 ? *w2 : made("w2", {784, 1024, 1024, 784}, true, true, 1, 64);
    add_perceptrons<float>(first_network, second_network);
    add_perceptrons<double>(first_network, second_network);
    add<double>("W4", {.network = decay(), .steps = 1000, .theta = true});
    add_orbits();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
