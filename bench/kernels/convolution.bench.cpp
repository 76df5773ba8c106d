// Convolutions beside the rate of a raw register tile, of the dense kernel, and of the matrix product of their own shape, ours and OpenBLAS's (where it is):
// forward, back to x, and W̄.
#include "bench/kernels/raw/tile.hpp"
#include "kernels/convolution.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/linear.hpp"

#include <benchmark/benchmark.h>

#ifdef COSTATE_BENCH_OPENBLAS
#include <cblas.h>
#endif

#include <chrono>
#include <type_traits>

using namespace costate::kernels;

namespace {

using Clock = std::chrono::steady_clock;

/// Seconds of one call, the best of some runs of about a millisecond.
template <class Work>
double best_seconds(const Work& work) {
    std::size_t calls = 1;
    double best = 1e300;
    for (int run = 0; run < 12; ++run) {
        const auto start = Clock::now();
        for (std::size_t i = 0; i < calls; ++i) work();
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        best = std::min(best, seconds / static_cast<double>(calls));
        if (seconds < 1e-3) calls *= 2;
    }
    return best;
}

/// Operations a second of a register tile that reads nothing but the first level cache.
template <class T>
double tile_rate() {
    const Isa isa = chosen_isa();
    costate::bench::RawTile<T> tile = costate::bench::raw_baseline;
    if (isa == Isa::avx2) tile = costate::bench::raw_avx2;
    if (isa == Isa::avx512) tile = costate::bench::raw_avx512;
    AlignedVector<T> a(costate::bench::raw_steps * 16, T(0.5)), b(costate::bench::raw_steps * 32, T(0.5)), y(16 * 32);
    const double flops = tile(a.data(), b.data(), y.data());
    return flops / best_seconds([&] { benchmark::DoNotOptimize(tile(a.data(), b.data(), y.data())); });
}

/// y = x Wᵀ, 256 × 256 on 168 rows.
template <class T>
double dense_rate() {
    constexpr std::size_t n = 256, rows = 168;
    const std::vector<T> w(n * n, T(1) / n), x(rows * n, T(1));
    std::vector<T> y(rows * n);
    const PackedMatrix<T> packed(std::span<const T>(w), n, n);
    return 2.0 * n * n * rows / best_seconds([&] { linear<T>(packed, {}, Function::identity, rows, x, y); });
}

#ifdef COSTATE_BENCH_OPENBLAS
constexpr bool has_library = true;

/// y (+)= a b, or a bᵀ, by OpenBLAS on one thread.
template <class T>
void library_product(bool turned, std::size_t m, std::size_t k, std::size_t n, const T* a, const T* b, bool add, T* y) {
    static const bool alone = (openblas_set_num_threads(1), true);
    benchmark::DoNotOptimize(alone);
    const auto gemm = [] {
        if constexpr (std::is_same_v<T, float>) return &cblas_sgemm;
        else return &cblas_dgemm;
    }();
    const auto size = [](std::size_t i) { return static_cast<blasint>(i); };
    gemm(CblasRowMajor, CblasNoTrans, turned ? CblasTrans : CblasNoTrans, size(m), size(n), size(k), T(1), a, size(k), b, size(turned ? k : n), T(add), y,
         size(n));
}
#else
constexpr bool has_library = false;

template <class T>
void library_product(bool, std::size_t, std::size_t, std::size_t, const T*, const T*, bool, T*) {}
#endif

/// `product` is the matrix product of the same shape on matrices that lie as it likes them, with the same factor before it or function at its end;
/// `library` the plain product by sgemm or dgemm, on matrices row by row.
template <class T>
void measure(benchmark::State& state, double flops, const auto& work, const auto& product, const auto& library) {
    work();
    double tile = tile_rate<T>(), dense = dense_rate<T>(), best = 1e300, beside = best_seconds(product), of_library = best_seconds(library);
    for (auto _ : state) {
        const auto start = Clock::now();
        work();
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        best = std::min(best, seconds);
        state.SetIterationTime(seconds);
    }
    best = std::min(best, best_seconds(work));
    tile = std::max(tile, tile_rate<T>());
    dense = std::max(dense, dense_rate<T>());
    beside = std::min(beside, best_seconds(product));
    of_library = std::min(of_library, best_seconds(library));
    state.counters["GFLOP/s"] = flops / best * 1e-9;
    state.counters["dense GFLOP/s"] = dense * 1e-9;
    state.counters["tile GFLOP/s"] = tile * 1e-9;
    state.counters["of dense"] = flops / best / dense;
    state.counters["of product"] = beside / best;
    if constexpr (has_library) state.counters["of OpenBLAS"] = of_library / best;
}

template <class T>
struct Image {
    ConvolutionShape s;
    std::size_t batch;
    AlignedVector<T> x, w, bias, y, slope;
    PackedConvolution<T> forward, transposed;

    explicit Image(const benchmark::State& state) : batch(static_cast<std::size_t>(state.range(5))) {
        const auto arg = [&](int i) { return static_cast<std::uint32_t>(state.range(i)); };
        s = {.channels = arg(0), .height = arg(2), .width = arg(2), .outputs = arg(1), .kernel_height = arg(3), .kernel_width = arg(3),
             .stride_y = arg(4), .stride_x = arg(4)};
        s.top = s.left = s.bottom = s.right = (arg(3) - 1) / 2;
        x.assign(batch * s.in_size(), T(0.5)), w.assign(s.weight_size(), T(0.01)), bias.assign(s.outputs, T(0.1));
        y.assign(batch * s.out_size(), T(0.5)), slope = y;
        forward = PackedConvolution<T>(w, s, PackedConvolution<T>::Direction::forward);
        transposed = PackedConvolution<T>(w, s, PackedConvolution<T>::Direction::transposed);
    }
    [[nodiscard]] double flops() const { return 2.0 * static_cast<double>(batch * s.out_size() * s.group_channels() * s.taps()); }
};

/// y = a b, m × k by k × n, where b is packed and a is as large; by the library with b row by row.
template <class T>
struct Product {
    std::size_t m, k, n;
    AlignedVector<T> a, y, slope, plain;
    PackedMatrix<T> b;

    Product(std::size_t rows, std::size_t inner, std::size_t columns)
        : m(rows), k(inner), n(columns), a(m * k, T(0.5)), y(m * n), slope(m * n), plain(k * n, T(0.01)), b(std::span<const T>(plain), n, k) {}
    void operator()(Function act) { linear<T>(b, {}, act, m, a, y, act == Function::identity ? std::span<T>() : std::span<T>(slope)); }
    void by_library() { library_product<T>(false, m, k, n, a.data(), plain.data(), false, y.data()); }
};

template <class T, Function Activation>
void forward(benchmark::State& state) {
    Image<T> i(state);
    const auto slope = Activation == Function::identity ? std::span<T>() : std::span<T>(i.slope);
    Product<T> product(i.s.outputs, i.s.channels * i.s.taps(), i.batch * i.s.out_plane());
    measure<T>(state, i.flops(), [&] { convolution<T>(i.forward, i.bias, Activation, i.batch, i.x, i.y, slope); }, [&] { product(Activation); },
               [&] { product.by_library(); });
}
template <class T>
void pullback(benchmark::State& state) {
    Image<T> i(state);
    Product<T> product(i.s.channels, i.s.outputs * i.s.taps(), i.batch * i.s.out_plane());
    AlignedVector<T> z(i.y.size());
    const auto after_slope = [&] {
        mul<T>(i.y, i.slope, z);
        product(Function::identity);
    };
    measure<T>(state, i.flops(), [&] { convolution_pullback<T>(i.transposed, i.batch, i.y, i.slope, i.x, false); }, after_slope,
               [&] { product.by_library(); });
}
template <class T>
void weights(benchmark::State& state) {
    Image<T> i(state);
    const std::size_t pixels = i.batch * i.s.out_plane();
    const AlignedVector<T> z(pixels * i.s.outputs, T(0.5)), x(pixels * i.s.channels * i.s.taps(), T(0.5));
    AlignedVector<T> w(i.w);
    const std::size_t columns = i.s.channels * i.s.taps();
    measure<T>(state, i.flops(), [&] { convolution_weights_accumulate<T>(i.forward, i.batch, i.y, i.x, i.w); }, [&] { outer_accumulate<T>(pixels, z, x, w); },
               [&] { library_product<T>(true, i.s.outputs, pixels, columns, z.data(), x.data(), true, w.data()); });
}

void shapes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"in", "out", "side", "kernel", "stride", "batch"})->UseManualTime();
    b->Args({2, 32, 28, 3, 1, 1})->Args({32, 64, 28, 3, 2, 1})->Args({64, 64, 14, 3, 1, 1})->Args({96, 32, 28, 3, 1, 1})->Args({32, 1, 28, 3, 1, 1});
    b->Args({16, 16, 28, 3, 1, 1})->Args({48, 48, 14, 3, 1, 1})->Args({96, 96, 7, 3, 1, 1})->Args({96, 48, 14, 1, 1, 1})->Args({128, 128, 32, 3, 1, 1});
    b->Args({96, 96, 7, 3, 1, 16})->Args({96, 48, 14, 1, 1, 16})->Args({256, 64, 28, 1, 1, 1})->Args({256, 128, 7, 1, 1, 1});
}

BENCHMARK_TEMPLATE(forward, float, Function::identity)->Apply(shapes);
BENCHMARK_TEMPLATE(forward, float, Function::silu)->Apply(shapes);
BENCHMARK_TEMPLATE(pullback, float)->Apply(shapes);
BENCHMARK_TEMPLATE(weights, float)->Apply(shapes);
BENCHMARK_TEMPLATE(forward, double, Function::identity)->Apply(shapes);
BENCHMARK_TEMPLATE(forward, double, Function::silu)->Apply(shapes);
BENCHMARK_TEMPLATE(pullback, double)->Apply(shapes);
BENCHMARK_TEMPLATE(weights, double)->Apply(shapes);

}  // namespace
