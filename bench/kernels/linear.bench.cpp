// Matrix kernels in GFLOP/s beside the plain triple loop; at batch 1 the weights' bytes in GB/s are the roofline.
#include "kernels/linear.hpp"

#include <benchmark/benchmark.h>

using namespace costate::kernels;

namespace {

template <class T>
struct Arrays {
    std::size_t outputs, inputs, batch;
    AlignedVector<T> w, bias, x, y, slope;

    explicit Arrays(const benchmark::State& state)
        : outputs(static_cast<std::size_t>(state.range(0))), inputs(static_cast<std::size_t>(state.range(1))),
          batch(static_cast<std::size_t>(state.range(2))), w(outputs * inputs, T(0.01)), bias(outputs, T(0.1)),
          x(batch * inputs, T(0.5)), y(batch * outputs), slope(batch * outputs) {}

    void count(benchmark::State& state) const {
        using benchmark::Counter;
        const double products = static_cast<double>(outputs * inputs * batch), bytes = static_cast<double>(w.size() * sizeof(T));
        state.counters["FLOP/s"] = Counter(2 * products, Counter::kIsIterationInvariantRate);
        state.counters["weights B/s"] = Counter(bytes, Counter::kIsIterationInvariantRate);
    }
};

template <class T>
void raw_loop(benchmark::State& state) {
    Arrays<T> a(state);
    for (auto _ : state) {
        for (std::size_t b = 0; b < a.batch; ++b)
            for (std::size_t o = 0; o < a.outputs; ++o) {
                T z = a.bias[o];
                for (std::size_t k = 0; k < a.inputs; ++k) z += a.x[b * a.inputs + k] * a.w[o * a.inputs + k];
                a.y[b * a.outputs + o] = z;
            }
        benchmark::ClobberMemory();
    }
    a.count(state);
}

template <class T, Function Activation>
void forward(benchmark::State& state) {
    Arrays<T> a(state);
    const PackedMatrix<T> packed(std::span<const T>(a.w), a.outputs, a.inputs);
    const auto slope = Activation == Function::identity ? std::span<T>() : std::span<T>(a.slope);
    for (auto _ : state) {
        linear<T>(packed, a.bias, Activation, a.batch, a.x, a.y, slope);
        benchmark::ClobberMemory();
    }
    a.count(state);
}

template <class T>
void pullback(benchmark::State& state) {
    Arrays<T> a(state);
    const auto packed = PackedMatrix<T>::transposed(std::span<const T>(a.w), a.outputs, a.inputs);
    AlignedVector<T> z_bar(a.y.size());
    for (auto _ : state) {
        linear_pullback<T>(packed, a.batch, a.y, a.slope, z_bar, a.x, false);
        benchmark::ClobberMemory();
    }
    a.count(state);
}

template <class T>
void weight_gradient(benchmark::State& state) {
    Arrays<T> a(state);
    for (auto _ : state) {
        outer_accumulate<T>(a.batch, a.y, a.x, a.w);
        benchmark::ClobberMemory();
    }
    a.count(state);
}

void shapes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"outputs", "inputs", "batch"});
    for (const auto& [outputs, inputs] : {std::pair{128, 3}, {128, 128}, {2, 128}, {512, 512}, {1024, 784}})
        for (const int batch : {1, 64, 1024}) b->Args({outputs, inputs, batch});
}

BENCHMARK_TEMPLATE(raw_loop, float)->ArgNames({"outputs", "inputs", "batch"})->Args({128, 128, 64});
BENCHMARK_TEMPLATE(raw_loop, double)->ArgNames({"outputs", "inputs", "batch"})->Args({128, 128, 64});
BENCHMARK_TEMPLATE(forward, float, Function::identity)->Apply(shapes);
BENCHMARK_TEMPLATE(forward, double, Function::identity)->Apply(shapes);
BENCHMARK_TEMPLATE(forward, float, Function::silu)->Apply(shapes);
BENCHMARK_TEMPLATE(forward, double, Function::silu)->Apply(shapes);
BENCHMARK_TEMPLATE(pullback, float)->Apply(shapes);
BENCHMARK_TEMPLATE(pullback, double)->Apply(shapes);
BENCHMARK_TEMPLATE(weight_gradient, float)->Apply(shapes);
BENCHMARK_TEMPLATE(weight_gradient, double)->Apply(shapes);

}  // namespace
