// A batch of 1024 samples, some 1000 times as stiff as others, in four ways: samples in lanes that step by themselves (per-sample), one common grid,
// groups of as many lanes that do not take new samples (groups), and one by one. Rows are those of f: what the steps needed (rows), their share of
// what the calls had room for (occupancy), and the time of one row with all that a step costs beside f (ns_per_row).
#include "autodiff/array_functions.hpp"
#include "autodiff/sample_time_field.hpp"
#include "ode/adaptive/batch.hpp"
#include "ode/gradient/adaptive_batch.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <random>
#include <vector>

using namespace costate;
using namespace costate::ode;
using namespace costate::autodiff;

namespace {

constexpr std::size_t batch = 1024;
enum class Way { lanes, common, groups, one_by_one };

/// Van der Pol, driven; x₂ is its stiffness.
struct Driven {
    template <class V>
    void operator()(const V& t, std::span<const V> x, std::span<const V> p, std::span<V> dx) const {
        dx[0] = x[1];
        dx[1] = x[2] * (p[0] - x[0] * x[0]) * x[1] - x[0] + p[1] * sin(t);
        dx[2] = x[2] * (p[0] - p[0]);
    }
};

template <class T>
SampleTimeProgramField<T> driven() {
    FreezeOptions options;
    options.machine_code = true;
    return SampleTimeProgramField<T>(record_sample_time_field<T>(3, std::vector<T>{T(1), T(0.5)}, Driven{}, options));
}

/// 4 → 64 → 64 → 3, tanh, times x₂: samples differ in speed.
template <class T>
SampleTimeProgramField<T> network() {
    std::mt19937 random(5);
    std::normal_distribution<double> normal(0, 1);
    Tape<T> tape;
    const auto layer = [&](const Var<T>& x, std::size_t in, std::size_t out, const std::string& name) {
        std::vector<T> w(in * out);
        for (T& v : w) v = static_cast<T>(normal(random) / std::sqrt(static_cast<double>(in)));
        return linear(x, tape.parameter(w, Shape{out, in}, "w" + name), tape.parameter(std::vector<T>(out, T(0.1)), Shape{out}, "b" + name));
    };
    const Var<T> t = tape.input(1, Sharing::per_sample, "t"), x = tape.input(3, Sharing::per_sample, "x");
    const Var<T> h = tanh(layer(concat(x, t), 4, 64, "0"));
    const Var<T> u = layer(tanh(layer(h, 64, 64, "1")), 64, 3, "2");
    tape.output(u * elements(x)[2], "u");
    return SampleTimeProgramField<T>(freeze(tape));
}

template <class T>
std::vector<T> starts(double spread) {
    std::mt19937 random(11);
    std::uniform_real_distribution<double> uniform(-1, 1);
    std::vector<T> x;
    for (std::size_t b = 0; b < batch; ++b)
        for (const double v : {2 * uniform(random), uniform(random), std::pow(10, spread * uniform(random))}) x.push_back(static_cast<T>(v));
    return x;
}

template <class T, class F>
struct Work {
    F f;
    std::vector<T> x0;
    std::size_t lanes;
    PairCoefficients<T> pair{"dormand-prince"};
    AdaptiveOptions<T> options = {};
    BatchWorkspace<T> ws = {};
    BatchResult<T> result = {};

    BatchCounts part(std::size_t first, std::size_t count, BatchSteps steps, std::size_t width) {
        solve_batch<T>(pair, f, 0, 5, View<T>(x0).subspan(3 * first, 3 * count), options, {steps, width}, ws, result);
        return result.counts;
    }
    BatchCounts run(Way way) {
        if (way == Way::lanes || way == Way::common) return part(0, batch, way == Way::lanes ? BatchSteps::per_sample : BatchSteps::common, lanes);
        const std::size_t width = way == Way::groups ? lanes : 1;
        BatchCounts sum;
        for (std::size_t b = 0; b < batch; b += width) {
            const BatchCounts own = part(b, width, width == 1 ? BatchSteps::common : BatchSteps::per_sample, width);
            sum.calls += own.calls, sum.rows += own.rows, sum.room += own.room;
        }
        return sum;
    }
};

template <class T, class F>
void solve(benchmark::State& state, F f, double spread, double tolerance) {
    Work<T, F> work{std::move(f), starts<T>(spread), static_cast<std::size_t>(state.range(1))};
    work.options.tolerance.rtol = work.options.tolerance.atol = static_cast<T>(tolerance);
    const Way way = static_cast<Way>(state.range(0));
    BatchCounts counts;
    double seconds = 0;
    for (auto _ : state) {
        const auto begin = std::chrono::steady_clock::now();
        counts = work.run(way);
        seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    static constexpr const char* names[] = {"per-sample", "common", "groups", "one by one"};
    state.SetLabel(names[state.range(0)]);
    state.counters["rows"] = static_cast<double>(counts.rows);
    state.counters["occupancy"] = counts.occupancy();
    state.counters["ns_per_row"] = 1e9 * seconds / (static_cast<double>(state.iterations()) * static_cast<double>(counts.rows));
}

void ways(benchmark::internal::Benchmark* b) {
    b->Unit(benchmark::kMillisecond)->UseRealTime()->ArgNames({"way", "lanes"});
    for (const int lanes : {16, 64, 256}) b->Args({0, lanes})->Args({2, lanes});
    b->Args({1, 64})->Args({3, 1});
}

/// With the gradient, against one sample after the other.
template <class T, class F>
void gradient(benchmark::State& state, F f, double spread, double tolerance) {
    const auto lanes = static_cast<std::size_t>(state.range(0));
    const std::vector<T> x0 = starts<T>(spread);
    const SquaredDistance<T> loss(std::vector<T>(3, T(0)));
    AdaptiveOptions<T> options;
    options.tolerance.rtol = options.tolerance.atol = static_cast<T>(tolerance);
    dto::AdaptiveBatchWorkspace<T> ws(find_tableau("dormand-prince"));
    dto::BatchGradient<T> result;
    for (auto _ : state) {
        const std::size_t group = lanes == 1 ? 1 : batch;
        for (std::size_t b = 0; b < batch; b += group)
            dto::AdaptiveBatch{}(f, loss, T(0), T(5), View<T>(x0).subspan(3 * b, 3 * group), options, {BatchSteps::per_sample, lanes}, {}, ws, result);
    }
    state.counters["occupancy_back"] = result.reverse.occupancy();
}

void both(benchmark::internal::Benchmark* b) { b->Unit(benchmark::kMillisecond)->UseRealTime()->ArgName("lanes")->Arg(1)->Arg(64); }

}  // namespace

int main(int argc, char** argv) {
    const auto add = [](const char* name, auto run) { return benchmark::RegisterBenchmark(name, run); };
    ways(add("solve/scalar/double", [](benchmark::State& state) { solve<double>(state, driven<double>(), 1.5, 1e-6); }));
    ways(add("solve/scalar/float", [](benchmark::State& state) { solve<float>(state, driven<float>(), 1.5, 1e-4); }));
    ways(add("solve/network/double", [](benchmark::State& state) { solve<double>(state, network<double>(), 1.0, 1e-6); }));
    ways(add("solve/network/float", [](benchmark::State& state) { solve<float>(state, network<float>(), 1.0, 1e-4); }));
    both(add("gradient/scalar/double", [](benchmark::State& state) { gradient<double>(state, driven<double>(), 1.5, 1e-6); }));
    both(add("gradient/network/float", [](benchmark::State& state) { gradient<float>(state, network<float>(), 1.0, 1e-4); }));
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
