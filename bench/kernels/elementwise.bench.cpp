// Elementwise functions, sums and the Runge–Kutta combination in elements/s and B/s, beside the C library in a plain loop.
#include "kernels/aligned.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/reduce.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>

using namespace costate::kernels;
using benchmark::Counter;

namespace {

constexpr std::size_t count = 4096;  // in L1

template <class T>
AlignedVector<T> grid() {
    AlignedVector<T> x(count);
    for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<T>(8.0 * static_cast<double>(i) / count - 4);
    return x;
}

template <class T>
void rates(benchmark::State& state, std::size_t arrays) {
    state.counters["elements/s"] = Counter(count, Counter::kIsIterationInvariantRate);
    state.counters["B/s"] = Counter(static_cast<double>(arrays * count * sizeof(T)), Counter::kIsIterationInvariantRate);
}

template <class T>
void function(benchmark::State& state) {
    const auto f = static_cast<Function>(state.range(0));
    state.SetLabel(std::string(name(f)));
    const auto x = grid<T>();
    AlignedVector<T> y(count);
    for (auto _ : state) {
        apply<T>(f, x, y);
        benchmark::ClobberMemory();
    }
    rates<T>(state, 2);
}

template <class T>
void function_with_slope(benchmark::State& state) {
    const auto f = static_cast<Function>(state.range(0));
    state.SetLabel(std::string(name(f)));
    const auto x = grid<T>();
    AlignedVector<T> y(count), slope(count);
    for (auto _ : state) {
        apply_with_slope<T>(f, x, y, slope);
        benchmark::ClobberMemory();
    }
    rates<T>(state, 3);
}

template <class T>
void raw_silu(benchmark::State& state) {
    const auto x = grid<T>();
    AlignedVector<T> y(count);
    for (auto _ : state) {
        for (std::size_t i = 0; i < count; ++i) y[i] = x[i] / (1 + std::exp(-x[i]));
        benchmark::ClobberMemory();
    }
    rates<T>(state, 2);
}

template <class T>
void combine(benchmark::State& state) {
    const auto terms = static_cast<std::size_t>(state.range(0));
    const auto x = grid<T>();
    const AlignedVector<T> c(terms, T(0.25));
    const std::vector<AlignedVector<T>> k(terms, x);
    std::vector<const T*> pointers;
    for (const auto& kj : k) pointers.push_back(kj.data());
    AlignedVector<T> y(count);
    for (auto _ : state) {
        rk_combine<T>(x, T(0.01), c, pointers, y);
        benchmark::ClobberMemory();
    }
    rates<T>(state, terms + 2);
}

template <class T>
void dot_product(benchmark::State& state) {
    const auto x = grid<T>(), y = grid<T>();
    for (auto _ : state) benchmark::DoNotOptimize(dot<T>(x, y));
    rates<T>(state, 2);
}

using simd::Pointwise;

// What compares and rounds, as a loop for the compiler.
template <Pointwise F, class T>
T looped(T a, T b, T c) {
    if constexpr (F == Pointwise::maximum) return !(b == b) ? b : a < b ? b : a;
    else if constexpr (F == Pointwise::where) return a == T(0) ? c : b;
    else if constexpr (F == Pointwise::larger_share) return b < a ? c : a < b ? T(0) : c / 2;
    else if constexpr (F == Pointwise::floor) return std::floor(a);
    else return a * a * a;
}
template <class T, Pointwise F>
void in_loop(benchmark::State& state) {
    const auto a = grid<T>(), b = AlignedVector<T>(a.rbegin(), a.rend()), c = a;
    AlignedVector<T> y(count);
    for (auto _ : state) {
        for (std::size_t i = 0; i < count; ++i) y[i] = looped<F, T>(a[i], b[i], c[i]);
        benchmark::ClobberMemory();
    }
    rates<T>(state, simd::operands_of(F) + 1);
}
template <class T, Pointwise F>
void in_vectors(benchmark::State& state) {
    const auto a = grid<T>(), b = AlignedVector<T>(a.rbegin(), a.rend()), c = a;
    AlignedVector<T> y(count);
    const T one(1);
    const simd::Operand<T> second = F == Pointwise::power ? simd::Operand<T>{&one, true} : simd::Operand<T>{b.data()};
    for (auto _ : state) {
        if constexpr (simd::operands_of(F) == 1) pointwise<T>(F, count, {{a.data()}}, y.data());
        else if constexpr (simd::operands_of(F) == 2) pointwise<T>(F, count, {{a.data()}, second}, y.data(), false, 3);
        else pointwise<T>(F, count, {{a.data()}, second, {c.data()}}, y.data());
        benchmark::ClobberMemory();
    }
    rates<T>(state, simd::operands_of(F) + 1);
}
#define COSTATE_BESIDE_ITS_LOOP(T, F)              \
    BENCHMARK_TEMPLATE(in_loop, T, Pointwise::F);  \
    BENCHMARK_TEMPLATE(in_vectors, T, Pointwise::F);
COSTATE_BESIDE_ITS_LOOP(float, maximum)
COSTATE_BESIDE_ITS_LOOP(float, where)
COSTATE_BESIDE_ITS_LOOP(float, larger_share)
COSTATE_BESIDE_ITS_LOOP(float, floor)
COSTATE_BESIDE_ITS_LOOP(float, power)
COSTATE_BESIDE_ITS_LOOP(double, maximum)
COSTATE_BESIDE_ITS_LOOP(double, where)
COSTATE_BESIDE_ITS_LOOP(double, larger_share)
COSTATE_BESIDE_ITS_LOOP(double, floor)
COSTATE_BESIDE_ITS_LOOP(double, power)

BENCHMARK_TEMPLATE(raw_silu, float);
BENCHMARK_TEMPLATE(raw_silu, double);
BENCHMARK_TEMPLATE(function, float)->DenseRange(0, function_count - 1);
BENCHMARK_TEMPLATE(function, double)->DenseRange(0, function_count - 1);
BENCHMARK_TEMPLATE(function_with_slope, float)->DenseRange(0, function_count - 1);
BENCHMARK_TEMPLATE(function_with_slope, double)->DenseRange(0, function_count - 1);
BENCHMARK_TEMPLATE(combine, float)->Arg(1)->Arg(4)->Arg(7);
BENCHMARK_TEMPLATE(combine, double)->Arg(1)->Arg(4)->Arg(7);
BENCHMARK_TEMPLATE(dot_product, float);
BENCHMARK_TEMPLATE(dot_product, double);

}  // namespace
