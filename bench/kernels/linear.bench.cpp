// Matrix kernels beside their roofline, which is measured before and after each: the larger of FLOP / rate of a raw register tile
// and bytes of weights / rate of a plain loop that reads them. "of roof" is that time over the kernel's.
#include "bench/kernels/raw/tile.hpp"
#include "kernels/linear.hpp"

#include <benchmark/benchmark.h>

#include <chrono>

using namespace costate::kernels;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Seconds of one call, the best of some runs of about a millisecond.
template <class Work>
double best_seconds(const Work& work) {
    std::size_t calls = 1;
    double best = 1e300;
    for (int run = 0; run < 12; ++run) {
        const auto start = Clock::now();
        for (std::size_t i = 0; i < calls; ++i) work();
        const double seconds = seconds_since(start);
        best = std::min(best, seconds / static_cast<double>(calls));
        if (seconds < 1e-3) calls *= 2;
    }
    return best;
}

template <class T>
double gemm_rate() {
    const Isa isa = chosen_isa();
    costate::bench::RawTile<T> tile = costate::bench::raw_baseline;
    if (isa == Isa::avx2) tile = costate::bench::raw_avx2;
    if (isa == Isa::avx512) tile = costate::bench::raw_avx512;
    AlignedVector<T> a(costate::bench::raw_steps * 16, T(0.5)), b(costate::bench::raw_steps * 32, T(0.5)), y(16 * 32);
    const double flops = tile(a.data(), b.data(), y.data());
    return flops / best_seconds([&] { benchmark::DoNotOptimize(tile(a.data(), b.data(), y.data())); });
}

/// Bytes a second of the sum's loop over an array of that many elements.
template <class T>
double read_rate(std::size_t count) {
    const AlignedVector<T> w(count, T(0.01));
    const double seconds = best_seconds([&] { benchmark::DoNotOptimize(simd::table<T>().sum(count, w.data())); });
    return static_cast<double>(count * sizeof(T)) / seconds;
}

/// Times work and counts `flops` and the `weights` read, in elements.
template <class T, class Work>
void measure(benchmark::State& state, double flops, std::size_t weights, const Work& work) {
    using benchmark::Counter;
    work();
    const double bytes = static_cast<double>(weights * sizeof(T));
    double gemm = gemm_rate<T>(), read = read_rate<T>(weights), best = 1e300;
    for (auto _ : state) {
        const auto start = Clock::now();
        work();
        const double seconds = seconds_since(start);
        best = std::min(best, seconds);
        state.SetIterationTime(seconds);
    }
    best = std::min(best, best_seconds(work));
    gemm = std::max(gemm, gemm_rate<T>());
    read = std::max(read, read_rate<T>(weights));
    state.counters["GFLOP/s"] = flops / best * 1e-9;
    state.counters["tile GFLOP/s"] = gemm * 1e-9;
    state.counters["weights GB/s"] = bytes / best * 1e-9;
    state.counters["read GB/s"] = read * 1e-9;
    state.counters["of roof"] = std::max(flops / gemm, bytes / read) / best;
}

template <class T>
struct Layer {
    std::size_t outputs, inputs, batch;
    AlignedVector<T> w, bias, x, y, slope;
    PackedMatrix<T> forward, transposed;

    Layer(std::size_t o, std::size_t i, std::size_t b)
        : outputs(o), inputs(i), batch(b), w(o * i, T(0.01)), bias(o, T(0.1)), x(b * i, T(0.5)), y(b * o), slope(b * o, T(0.5)),
          forward(std::span<const T>(w), o, i), transposed(PackedMatrix<T>::transposed(std::span<const T>(w), o, i)) {}
    explicit Layer(const benchmark::State& state)
        : Layer(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)),
                static_cast<std::size_t>(state.range(2))) {}

    [[nodiscard]] double flops() const { return 2.0 * static_cast<double>(w.size() * batch); }
};

template <class T, Function Activation>
void forward(benchmark::State& state) {
    Layer<T> l(state);
    const auto slope = Activation == Function::identity ? std::span<T>() : std::span<T>(l.slope);
    measure<T>(state, l.flops(), l.w.size(), [&] { linear<T>(l.forward, l.bias, Activation, l.batch, l.x, l.y, slope); });
}

template <class T>
void pullback(benchmark::State& state) {
    Layer<T> l(state);
    measure<T>(state, l.flops(), l.w.size(), [&] { linear_pullback<T>(l.transposed, l.batch, l.y, l.slope, {}, l.x, false); });
}

template <class T>
void weight_gradient(benchmark::State& state) {
    Layer<T> l(state);
    measure<T>(state, l.flops(), l.w.size(), [&] { outer_accumulate<T>(l.batch, l.y, l.x, l.w); });
}

/// All layers forward with SiLU and its slope, and back: one evaluation of the field and its pullback to x.
template <class T>
void network(benchmark::State& state) {
    const bool large = state.range(0) == 2;
    const auto batch = static_cast<std::size_t>(state.range(1));
    std::vector<Layer<T>> layers;
    const auto widths = large ? std::vector<std::size_t>{785, 1024, 1024, 784} : std::vector<std::size_t>{3, 128, 128, 128, 2};
    for (std::size_t i = 1; i < widths.size(); ++i) layers.emplace_back(widths[i], widths[i - 1], batch);
    double flops = 0;
    std::size_t weights = 0;
    for (const auto& l : layers) flops += 2 * l.flops(), weights += 2 * l.w.size();
    measure<T>(state, flops, weights, [&] {
        for (std::size_t i = 0; i < layers.size(); ++i) {
            auto& l = layers[i];
            const bool last = i + 1 == layers.size();
            linear<T>(l.forward, l.bias, last ? Function::identity : Function::silu, batch, i ? layers[i - 1].y : l.x, l.y,
                      last ? std::span<T>() : std::span<T>(l.slope));
        }
        for (std::size_t i = layers.size(); i-- > 0;) {
            auto& l = layers[i];
            const auto slope = i + 1 == layers.size() ? std::span<const T>() : std::span<const T>(l.slope);
            linear_pullback<T>(l.transposed, batch, l.y, slope, {}, i ? layers[i - 1].y : l.x, false);
        }
    });
}

void shapes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"outputs", "inputs", "batch"})->UseManualTime();
    for (const auto& [outputs, inputs] : {std::pair{128, 3}, {128, 128}, {2, 128}, {10, 128}, {1024, 785}, {1024, 1024}, {784, 1024}})
        for (const int batch : {1, 64, 1024}) b->Args({outputs, inputs, batch});
}
void networks(benchmark::internal::Benchmark* b) {
    b->ArgNames({"W", "batch"})->UseManualTime();
    for (const int workload : {1, 2})
        for (const int batch : {1, 64, 1024}) b->Args({workload, batch});
}

BENCHMARK_TEMPLATE(network, float)->Apply(networks);
BENCHMARK_TEMPLATE(network, double)->Apply(networks);
BENCHMARK_TEMPLATE(forward, float, Function::identity)->Apply(shapes);
BENCHMARK_TEMPLATE(forward, double, Function::identity)->Apply(shapes);
BENCHMARK_TEMPLATE(forward, float, Function::silu)->Apply(shapes);
BENCHMARK_TEMPLATE(forward, double, Function::silu)->Apply(shapes);
BENCHMARK_TEMPLATE(pullback, float)->Apply(shapes);
BENCHMARK_TEMPLATE(pullback, double)->Apply(shapes);
BENCHMARK_TEMPLATE(weight_gradient, float)->Apply(shapes);
BENCHMARK_TEMPLATE(weight_gradient, double)->Apply(shapes);

}  // namespace
