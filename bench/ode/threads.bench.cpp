// Two threads beside one: gradients of W1 and W2, and the limit, a dense kernel on each of two cores that share nothing.
// One and two threads are timed in turn: gain = seconds on one / seconds on two; dense_gain the same of the kernels, register_gain of
// products and sums that touch no memory: below 2 where the machine's second core is not wholly there.
#include "bench/timing.hpp"
#include "kernels/parallel.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/tiled.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <memory>

using namespace costate;
using namespace costate::bench;

namespace {

// c = a c + b in eight vector registers: no memory at all.
template <class T>
void chains() {
    constexpr std::size_t lanes = 128 / sizeof(T);
    std::array<T, lanes> c{};
    for (std::size_t k = 0; k < 200000; ++k)
        for (T& value : c) value = value * T(0.5) + T(1);
    benchmark::DoNotOptimize(c);
}

// The same work twice: one after the other, and a core each.
template <class F>
double gain(const std::array<F, 2>& work) {
    const double one = seconds([&] { for (const F& half : work) half(); });
    const double two = seconds([&] { kernels::parallel_for(2, [&](std::size_t i) { work[i](); }, 2); });
    return one / two;
}

template <class T>
void run(benchmark::State& state, const Perceptron& network, std::size_t steps, std::size_t batch) {
    using Field = autodiff::ProgramField<T>;
    const Field f = field<T>(network, true);
    const auto& tableau = ode::find_tableau("midpoint");
    const auto size = static_cast<std::ptrdiff_t>(batch * network.dim());
    const auto x0 = in_scalar<T>({network.x0.begin(), network.x0.begin() + size});
    const ode::SquaredDistance<T> loss(in_scalar<T>({network.y.begin(), network.y.begin() + size}));
    using Gradient = ode::TiledGradient<ode::dto::StoreAll, Field, T>;
    std::array<std::unique_ptr<Gradient>, 2> gradient;
    std::array<ode::GradientResult<T>, 2> result;
    const auto call = [&](std::size_t i) { (*gradient[i])(loss, T(0), static_cast<T>(network.t1), steps, x0, {false, false}, result[i]); };
    for (std::size_t i = 0; i < 2; ++i) {
        gradient[i] = std::make_unique<Gradient>(f, tableau, ode::Tiling{rows_of(f, network, batch, i + 1), i + 1});
        call(i);
    }
    if (result[0].x_bar != result[1].x_bar) {
        state.SkipWithError("two threads give another gradient than one");
        return;
    }
    std::array<Dense<T>, 2> dense;
    const auto many = [](Dense<T>& kernel) { return [&kernel] { for (int k = 0; k < 100; ++k) kernel(); }; };
    const auto no_memory = [] { chains<T>(); };
    std::vector<double> gains, dense_gains, register_gains;
    for (auto _ : state) {
        const double one = seconds([&] { call(0); }), two = seconds([&] { call(1); });
        state.SetIterationTime(two);
        gains.push_back(one / two);
        dense_gains.push_back(gain(std::array{many(dense[0]), many(dense[1])}));
        register_gains.push_back(gain(std::array{no_memory, no_memory}));
    }
    state.counters["gain"] = median(gains);
    state.counters["dense_gain"] = median(dense_gains);
    state.counters["register_gain"] = median(register_gains);
}

template <class T>
void add(const std::string& workload, const Perceptron& network, std::size_t steps, std::size_t batch) {
    const std::string name = workload + (sizeof(T) == 4 ? "/f32" : "/f64") + "/steps:" + std::to_string(steps) + "/batch:" + std::to_string(batch);
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { run<T>(state, network, steps, batch); })
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond)
        ->Iterations(31);
}

}  // namespace

int main(int argc, char** argv) {
    const auto shared1 = shared("w1_f64.safetensors", true, true, 1, {3, 50}), shared2 = shared("w2_f64.safetensors", true, true, 1, {3});
    const Perceptron w1 = shared1 ? *shared1 : made("w1", {2, 128, 128, 128, 2}, true, true, 1, 1024);
    const Perceptron w2 = shared2 ? *shared2 : made("w2", {784, 1024, 1024, 784}, true, true, 1, 64);
    for (const std::size_t steps : {3, 50})
        for (const std::size_t batch : {64, 1024}) {
            add<float>("W1", w1, steps, batch);
            add<double>("W1", w1, steps, batch);
        }
    add<float>("W2", w2, 3, 64);
    add<double>("W2", w2, 3, 64);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
