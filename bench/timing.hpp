// What the benchmarks of whole solves time with and hold their figures against.
#pragma once

#include "bench/workloads.hpp"
#include "kernels/aligned.hpp"
#include "kernels/cache.hpp"
#include "kernels/linear.hpp"
#include "ode/gradient/tile_rows.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::bench {

using Clock = std::chrono::steady_clock;

template <class F>
double seconds(F&& call) {
    const auto begin = Clock::now();
    call();
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

inline double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

/// y = x Wᵀ, 256 × 256 on 168 rows.
template <class T>
struct Dense {
    static constexpr std::size_t n = 256, rows = 168;
    kernels::PackedMatrix<T> w{std::span<const T>(std::vector<T>(n * n, T(1) / n)), n, n};
    kernels::AlignedVector<T> x = kernels::AlignedVector<T>(rows * n, T(1)), y = kernels::AlignedVector<T>(rows * n);
    void operator()() { kernels::linear<T>(w, {}, kernels::Function::identity, rows, std::span<const T>(x), std::span<T>(y)); }
    static constexpr double flops = 2.0 * n * n * rows;
};

/// Rows of a tile for one solve of `batch` samples on `threads` threads; with ∇_θ its rows do not depend on these.
template <class T>
std::size_t rows_of(const autodiff::ProgramField<T>& f, const Perceptron& network, std::size_t batch, std::size_t threads, bool theta = false) {
    const auto summary = f.program().summary();
    const std::size_t sample = summary.workspace_bytes + summary.record_bytes + 6 * network.dim() * sizeof(T);
    const ode::TileBytes bytes{sample, static_cast<std::size_t>(2 * network.weights()) * sizeof(T), kernels::second_level_cache()};
    return theta ? ode::tile_rows_for_theta(bytes, batch) : ode::tile_rows(bytes, batch, threads);
}

}  // namespace costate::bench
